"""Every finding has a weight and a sentence in both languages, and says what it needs."""

from __future__ import annotations

import string

import pytest

from waman.flights.checks import CHECKS, CHECKS_ES
from waman.flights.sentences import ENGLISH, SPANISH
from waman.flights.weights import ALTERNATIVES, HAND, WEIGHTS


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_and_the_weights_have_the_same_keys() -> None:
    assert set(ENGLISH) == set(SPANISH) == set(WEIGHTS)
    assert list(CHECKS) == list(CHECKS_ES)


@pytest.mark.parametrize("rule", sorted(ENGLISH))
def test_both_languages_tell_the_same_figures(rule: str) -> None:
    assert fields(ENGLISH[rule]) == fields(SPANISH[rule])
    assert ENGLISH[rule] != SPANISH[rule]


@pytest.mark.parametrize("rule", sorted(WEIGHTS))
def test_a_weight_has_the_sign_of_its_kind(rule: str) -> None:
    weight = HAND[rule]
    if weight.kind in ("declared", "observed", "checked"):
        assert weight.db > 0
    elif weight.kind in ("note", "dispute"):
        assert weight.db == 0
    else:
        assert weight.db < 0
    assert bool(weight.source) == (weight.kind in ("positive", "declared"))


@pytest.mark.parametrize("rule", sorted(WEIGHTS))
def test_a_fitted_weight_keeps_its_sign_and_no_absence_grows_heavier(rule: str) -> None:
    hand = HAND[rule]
    for db in [WEIGHTS[rule].db, *(table[rule] for table in ALTERNATIVES)]:
        assert db * hand.db >= 0.0
        assert hand.kind not in ("absence", "circumstance") or abs(db) <= abs(hand.db)
    assert len(ALTERNATIVES) >= 10
