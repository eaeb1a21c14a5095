"""The whole matrix role x action x field x situation x channel against a table written by hand; three known leaks."""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from waman.access import Subject, Thing, decide, require, shows, visible
from waman.access.decide import ACTIONS, policy, rules
from waman.errors import InputError

EXPECTED = tomllib.loads((Path(__file__).parent / "expected.toml").read_text(encoding="utf-8"))
ROLES = policy()["roles"]
CHANNELS = list(policy()["channel"])
FIELDS = sorted({name for _, name in rules()})
SITUATIONS = ["none", "own", "member", "released", "agreed"]
GRANTED_IN = {
    "none": set(SITUATIONS),
    "own": {"own"},
    "member": {"member", "released"},
    "released": {"released"},
    "agreed": {"agreed"},
}
AGREED = frozenset({("p1", "prosecution"), ("o1", "ombudsman")})


def situation(role: str, name: str, kind: str) -> tuple[Subject, Thing]:
    thing = Thing(kind, "T1", "pichari", owner="somebody", step=2)
    subject = Subject("me", role)
    if name == "own":
        thing = replace(thing, owner="me")
    if name in {"member", "released"}:
        subject = replace(subject, compartments=frozenset({"pichari"}))
    if name == "released":
        subject = replace(subject, released=frozenset({("T1", 2)}))
    if name == "agreed":
        thing = replace(thing, agreed=AGREED)
    return subject, thing


def test_every_cell_of_the_matrix_is_as_written_by_hand() -> None:
    cells = 0
    for action, field, role, name, channel in itertools.product(ACTIONS, FIELDS, ROLES, SITUATIONS, CHANNELS):
        kind, _, part = field.partition(".")
        subject, thing = situation(role, name, kind)
        needs = EXPECTED.get(action, {}).get(field, {}).get(role)
        expected = needs is not None and name in GRANTED_IN[needs]
        if channel == "error_text" or (channel == "notification" and field != "tip.existence"):
            expected = False
        assert decide(subject, action, thing, part, channel).permit == expected, (action, field, role, name, channel)
        cells += 1
    assert cells == len(ACTIONS) * len(FIELDS) * len(ROLES) * 5 * len(CHANNELS) > 20_000


def test_a_new_field_without_a_row_fails_here() -> None:
    for action, name in rules():
        assert name in EXPECTED[action], f"{action} {name}: write the expected row by hand"


@pytest.mark.parametrize("role", ["", "root", "Handler", "handler "])
def test_what_the_table_does_not_know_is_refused(role: str) -> None:
    assert not decide(Subject("x", role), "read", Thing("map"), "coverage").permit
    for bad in (("look", "map", "coverage"), ("read", "map", "everything"), ("read", "Map", "coverage")):
        assert not decide(Subject("x", "planner"), bad[0], Thing(bad[1]), bad[2]).permit
    assert not decide(Subject("x", "planner"), "read", Thing("map"), "coverage", "pigeon").permit


def test_an_administrator_reads_no_content_at_all() -> None:
    seen = {name for action, name in rules() if "administrator" in policy()[action][name]}
    assert seen == {"ledger.tree", "ledger.entry", "config.settings", "config.health", "config.people"}


def test_two_persons_means_two_people_of_two_institutions_and_not_the_reader() -> None:
    asked = Thing("case", agreed=AGREED)
    handler = Subject("h", "handler")
    assert decide(handler, "read", asked, "identity").permit
    for agreed in ([("p1", "a")], [("p1", "a"), ("p2", "a")], [("p1", "a"), ("p1", "b")], [("h", "a"), ("p2", "b")]):
        assert not decide(handler, "read", Thing("case", agreed=frozenset(agreed)), "identity").permit


def test_membership_of_no_compartment_never_matches_a_record_without_one() -> None:
    assert not decide(Subject("h", "handler", frozenset({""})), "read", Thing("tip"), "content").permit


@dataclass(frozen=True)
class Event:
    """A line of a tip's history."""

    tip: str
    compartment: str
    about: str


def _thing(event: Event) -> Thing:
    return Thing("tip", event.tip, event.compartment)


def test_the_history_does_not_tell_whom_a_tip_was_shared_with_as_in_opencti_8237() -> None:
    shared = [Event("T1", "a", "shared to org A"), Event("T1", "b", "shared to org B"), Event("T1", "b", "member edit")]
    org_a = Subject("a1", "handler", frozenset({"a"}))
    for channel in ("history", "diff", "export", "stream", "count", "facet"):
        seen = visible(org_a, shared, _thing, "history", channel)
        assert [e.about for e in seen] == ["shared to org A"], channel
    assert not visible(Subject("u", "unit", frozenset({"a"})), shared, _thing, "history")
    leaking = [e for e in shared if e.tip in {x.tip for x in visible(org_a, shared, _thing, "existence")}]
    assert len(leaking) == 3, "a build that checks the tip only, not each line, would show org B"


def test_a_readable_set_shows_only_its_readable_items_as_in_aleph_1429() -> None:
    members = [Event("T1", "a", "x"), Event("T2", "b", "y"), Event("T3", "a", "z")]
    reader = Subject("h", "handler", frozenset({"a"}))
    embedded = visible(reader, members, _thing, "content", "list")
    assert [e.tip for e in embedded] == ["T1", "T3"]
    assert len(visible(reader, members, _thing, "existence", "count")) == 2
    leaking = members if any(decide(reader, "read", _thing(e), "content").permit for e in members) else []
    assert len(leaking) == 3, "a build that asks for the set only would embed T2"


def test_every_sink_asks_at_the_last_write_as_in_cloudtak_1160() -> None:
    sink: list[Event] = []

    def send(event: Event, subject: Subject, channel: str) -> None:
        if decide(subject, "read", _thing(event), "existence", channel).permit:
            sink.append(event)

    outside = Subject("mission-x", "unit", frozenset({"mission-x"}), frozenset({("T1", 0)}))
    for channel in CHANNELS:
        send(Event("T1", "mission-y", "destination set, then written straight to the server"), outside, channel)
    assert sink == []
    send(Event("T1", "mission-x", "inside"), outside, "stream")
    assert [e.about for e in sink] == ["inside"]


def test_refused_and_absent_read_the_same() -> None:
    texts = set()
    for thing in (None, Thing("tip", "T1", "secret"), Thing("tip", "T2", "secret", owner="x")):
        with pytest.raises(InputError) as why:
            require(Subject("u", "unit"), "read", thing, "content")
        texts.add((str(why.value), why.value.hint))
    assert len(texts) == 1
    require(Subject("h", "handler", frozenset({"secret"})), "read", Thing("tip", "T1", "secret"), "content")


def test_audiences_stay_as_they_were() -> None:
    assert shows("unit", "identity") and not shows("planner", "identity")
    assert shows("workspace", "anything") and not shows("public", "anything")
