"""The verdict keeps its promises for every combination of findings, not only for those we thought of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from waman.flights.record import Found
from waman.flights.weigh import weigh
from waman.flights.weights import WEIGHTS

RULES = sorted(WEIGHTS)
UNIT = st.floats(0.0, 1.0)
ANY = st.builds(Found, st.sampled_from(RULES), st.just({}), UNIT, st.none() | UNIT)
ORDER = {"unexplained": 0, "insufficient": 1, "explained": 2}


def of_kind(*kinds: str) -> st.SearchStrategy[Found]:
    rules = [r for r in RULES if WEIGHTS[r].kind in kinds]
    return st.builds(Found, st.sampled_from(rules), st.just({}), UNIT, st.none() | UNIT)


def tables_of_weights() -> st.SearchStrategy[list[dict[str, float]]]:
    return st.lists(st.dictionaries(st.sampled_from(RULES), st.floats(-40.0, 40.0)), max_size=3)


@given(st.lists(of_kind("absence", "circumstance", "note"), max_size=60), tables_of_weights())
def test_absences_and_circumstances_alone_are_insufficient_however_many(
    found: list[Found], others: list[dict[str, float]]
) -> None:
    assert weigh(found, alternatives=others).verdict == "insufficient"


@given(st.lists(ANY, max_size=12), tables_of_weights())
def test_unexplained_needs_two_independent_things_that_were_seen(
    found: list[Found], others: list[dict[str, float]]
) -> None:
    out = weigh(found, alternatives=others)
    sources = {WEIGHTS[f.rule].source for f in found if WEIGHTS[f.rule].kind == "positive" and f.strength > 0}
    assert out.verdict != "unexplained" or len(sources) >= 2


@given(st.lists(ANY, max_size=12), of_kind("declared", "observed", "checked"))
def test_one_more_lawful_finding_never_moves_towards_unexplained(found: list[Found], more: Found) -> None:
    assert ORDER[weigh([*found, more]).verdict] >= ORDER[weigh(found).verdict]


@given(st.lists(ANY, max_size=12), of_kind("positive", "absence", "circumstance"))
def test_one_more_finding_against_never_moves_towards_explained(found: list[Found], more: Found) -> None:
    assert ORDER[weigh([*found, more]).verdict] <= ORDER[weigh(found).verdict]


@given(st.lists(ANY, max_size=12), tables_of_weights())
def test_another_simulator_may_only_make_the_verdict_weaker(found: list[Found], others: list[dict[str, float]]) -> None:
    alone, all_of_them = weigh(found).verdict, weigh(found, alternatives=others).verdict
    assert all_of_them in (alone, "insufficient")


@given(st.lists(ANY, max_size=12))
def test_a_flight_in_the_air_is_never_called_unexplained(found: list[Found]) -> None:
    assert weigh(found, live=True).verdict != "unexplained"


@given(st.lists(ANY, max_size=12))
def test_only_an_explained_flight_has_a_basis(found: list[Found]) -> None:
    out = weigh(found)
    assert (out.basis is None) == (out.verdict != "explained")


@given(st.lists(of_kind("absence"), min_size=1, max_size=20))
def test_an_absence_that_could_not_have_been_seen_weighs_nothing(found: list[Found]) -> None:
    blind = [Found(f.rule, strength=f.strength, searchable=None) for f in found]
    assert weigh(blind).weight_db == 0.0


def test_a_transponder_alone_and_a_plan_alone_do_not_explain() -> None:
    assert weigh([Found("identity.consistent")]).verdict == "insufficient"
    assert weigh([Found("plan.matched")]).verdict == "insufficient"


def test_two_declarations_that_agree_explain_and_say_that_they_are_declarations() -> None:
    out = weigh([Found("identity.consistent"), Found("plan.matched")])
    assert (out.verdict, out.basis) == ("explained", "declared")


def test_something_seen_beside_a_declaration_corroborates_it() -> None:
    out = weigh([Found("identity.consistent"), Found("aerodrome.both_ends")])
    assert (out.verdict, out.basis) == ("explained", "corroborated")


def test_a_contradicted_identity_is_explained_by_nothing_but_a_persons_check() -> None:
    found = [Found("identity.consistent"), Found("plan.matched"), Found("plan.flown"), Found("aerodrome.both_ends")]
    doubted = [*found, Found("contradiction.two_places")]
    assert weigh(found).verdict == "explained"
    assert weigh(doubted).verdict == "insufficient"
    assert weigh([*doubted, Found("check.confirmed")]).basis == "checked"


def test_low_unlisted_unplanned_and_silent_together_are_insufficient() -> None:
    found = [Found("low.en_route"), Found("stop.unlisted"), Found("identity.silent", searchable=1.0)]
    assert weigh([*found, Found("plan.none", searchable=1.0), Found("end.low_away")]).verdict == "insufficient"


def test_a_border_entry_and_a_stop_at_an_unlisted_strip_are_unexplained() -> None:
    assert weigh([Found("border.crossed"), Found("stop.unlisted")]).verdict == "unexplained"


def test_a_flight_that_somebody_who_was_asked_knows_is_not_unexplained_whatever_was_seen() -> None:
    assert weigh([Found("border.crossed"), Found("stop.unlisted"), Found("check.confirmed")]).verdict == "insufficient"


def test_being_in_two_places_at_once_is_not_one_of_the_two_positive_findings() -> None:
    assert weigh([Found("border.crossed"), Found("contradiction.two_places")]).verdict == "insufficient"
    assert weigh([Found("stop.hidden"), Found("contradiction.two_places")]).verdict == "insufficient"
    assert weigh([Found("stop.hidden"), Found("border.crossed")]).verdict == "unexplained"


def test_a_flight_whose_address_is_listed_as_valid_can_be_asked_about_and_is_not_unexplained_before() -> None:
    seen = [Found("border.crossed"), Found("stop.hidden"), Found("identity.consistent"), Found("register.valid")]
    assert weigh(seen).verdict == "insufficient"
    # nor is the lawful twin of a copied address; a speed that its type cannot fly is this flight's own contradiction
    assert weigh([*seen, Found("contradiction.two_places")]).verdict == "insufficient"
    assert weigh([*seen, Found("register.type")]).verdict == "unexplained"
