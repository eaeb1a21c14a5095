"""Three workspaces without a network: bundles in any order converge, compartments hold, forgeries stay out."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from command import run
from waman.access import Subject
from waman.cases import add_event, open_case, read_case
from waman.cases.exchange import (
    Packed,
    merge,
    outgoing,
    own_records,
    pack,
    peer_records,
    read_bundle,
    take_in,
    write_bundle,
)
from waman.cases.file import compartments_of, foreign_events
from waman.errors import InputError
from waman.ledger import Log, audit, create_log
from waman.ledger.note import new_signer
from waman.tips import Desk, Tip, register
from waman.tips.sealed import new_identity

KEYS = [new_signer(f"w{i}.example/waman") for i in range(3)]
ORIGINS = {key.verifier().text(): {"a", "b"} for key in KEYS}
BOTH = Subject("p", "handler", frozenset({"a", "b"}))
RECORDS = [pack(KEYS[n % 3], f"C{n}.000000.event", "ab"[n % 2], f"record {n}".encode()) for n in range(12)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=12), st.randoms(use_true_random=False))
def test_any_order_of_bundles_converges(pairs: list[tuple[int, int]], chance: random.Random) -> None:
    held = [{r.id: r for r in RECORDS if r.origin == key.verifier().text()} for key in KEYS]
    rounds = list(itertools.permutations(range(3), 2)) * 2
    for giver, taker in [*pairs, *rounds]:
        coming = outgoing(held[giver].values(), BOTH, ())
        chance.shuffle(coming)
        found = merge(held[taker].values(), [*coming, *coming[:2]], ORIGINS, {"a", "b"})
        held[taker].update({r.id: r for r in found.fresh})
        assert not found.refused.count and not found.conflicts
    assert set(held[0]) == set(held[1]) == set(held[2]) == {r.id for r in RECORDS}


def test_compartments_are_asked_when_leaving_and_when_arriving() -> None:
    assert {r.compartment for r in outgoing(RECORDS, Subject("p", "handler", frozenset({"a"})), ())} == {"a"}
    assert not outgoing(RECORDS, Subject("p", "unit", frozenset({"a", "b"})), ()), "only handlers may read cases"
    found = merge([], RECORDS, ORIGINS, {"a"})
    assert {r.compartment for r in found.fresh} == {"a"} and found.refused.count == 6
    found = merge([], RECORDS, {key: {"b"} for key in ORIGINS}, {"a", "b"})
    assert {r.compartment for r in found.fresh} == {"b"}


def test_only_what_was_not_sent_goes_out() -> None:
    first = outgoing(RECORDS[:5], BOTH, ())
    assert outgoing(RECORDS, BOTH, {r.id for r in first}) == sorted(RECORDS[5:], key=lambda r: (r.origin, r.name, r.id))


def test_a_conflict_keeps_both_versions() -> None:
    other = pack(KEYS[0], RECORDS[0].name, "a", b"another content")
    found = merge(RECORDS[:1], [other], ORIGINS, {"a", "b"})
    assert found.fresh == (other,) and found.conflicts == (other.name,)


@pytest.mark.parametrize("part", ["origin", "name", "compartment", "data", "signature"])
def test_a_record_changed_anywhere_is_refused(part: str) -> None:
    record = RECORDS[0]
    changes = {"origin": KEYS[1].verifier().text(), "name": "C99.000000.event", "compartment": "b", "data": "eHg="}
    changed = {**{f: getattr(record, f) for f in ("origin", "name", "compartment", "data", "signature")}}
    changed[part] = changes.get(part, RECORDS[3].signature)
    assert merge([], [Packed(**changed)], ORIGINS, {"a", "b"}).refused.count == 1
    stranger = pack(new_signer("x.example/y"), "C1.000000.event", "a", b"x")
    assert "not a known peer" in merge([], [stranger], ORIGINS, {"a"}).refused.kept[0].what


def test_bundles_round_trip_and_bad_lines_are_told() -> None:
    records, problems = read_bundle(write_bundle(RECORDS))
    assert records == RECORDS and not problems.count
    _, problems = read_bundle(write_bundle(RECORDS[:1]) + b'{"origin": 3}\nnot json\n')
    assert problems.count == 2
    for bad in (b"", b"[]", b'{"format": "other"}'):
        with pytest.raises(InputError):
            read_bundle(bad)


def test_three_workspaces_exchange_files_and_end_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = [tmp_path / f"w{i}" for i in range(3)]
    mine = []
    for i, place in enumerate(places):
        assert run(capsys, "ledger", "init", place / "ledger", "--origin", f"w{i}.example/waman")[0] == 0
        mine.append(run(capsys, "bundle", "me", "-w", place)[1].split())
        new = ("case", "new", f"C{i}", "--title", f"PLANTED {i}", "--compartment", "joint", "-w", place)
        assert run(capsys, *new)[0] == 0
        secret = ("case", "new", f"S{i}", "--title", "own", "--compartment", "own", "-w", place)
        assert run(capsys, *secret)[0] == 0
    for i, j in itertools.permutations(range(3), 2):
        assert run(capsys, "bundle", "peer", f"p{j}", *mine[j], "--compartment", "joint", "-w", places[i])[0] == 0
    for n, (i, j) in enumerate([(0, 1), (1, 2), (2, 0), (2, 1), (0, 1), (1, 0)]):
        file = tmp_path / f"b{n}.age"
        assert run(capsys, "bundle", "out", f"p{j}", "-o", file, "-w", places[i])[0] == 0
        assert b"PLANTED" not in file.read_bytes()
        assert run(capsys, "bundle", "in", file, "-w", places[j])[0] == 0
        code, out, _ = run(capsys, "bundle", "in", file, "-w", places[j])
        assert code == 0 and out.startswith("0 new"), "a second time changes nothing"
    lists = [run(capsys, "bundle", "list", "-w", place)[1].splitlines() for place in places]
    joint = [{line for line in lines if " C" in line} for lines in lists]
    assert joint[0] == joint[1] == joint[2] and len(joint[0]) == 3
    assert [sum(" S" in line for line in lines) for lines in lists] == [1, 1, 1], "the own compartment stayed at home"
    code, _, err = run(capsys, "bundle", "in", tmp_path / "b0.age", "-w", places[2])
    assert code == 2 and "cannot be opened" in err
    assert not list((places[0] / "tips").glob("*peer*")), "whom one exchanges with is sealed too"


class Memory:
    """A store in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> None:
        self.kept[name] = data

    def get(self, name: str) -> bytes:
        return self.kept[name]

    def names(self) -> list[str]:
        return sorted(self.kept)


TIP = Tip(
    "T", "joint", "B2", "2026-03-02T05:00:00Z", "2026-03-02T10:00:00Z", "18LXK12", "ridge", 0.8, ("north",), ("p",)
)


def three_desks(base: Path) -> list[Desk]:
    desks = []
    for i in range(3):
        create_log(base / f"w{i}", f"w{i}.example/waman")
        desks.append(Desk(Log(base / f"w{i}"), Memory(), new_identity(), f"officer-{i}"))
    return desks


def work(desk: Desk, i: int, n: int) -> None:
    """One piece of work in one workspace: its own case, then a common one with statements and a correction; tips."""
    t = f"2026-03-0{1 + n % 5}T12:00:00Z"
    says = {"text": f"heard {n}", "attribution": "guard", "basis": "witness"}
    if "COMMON" not in compartments_of(desk):
        register(desk, replace(TIP, tip=f"T{i}-{n}"), t)
        return
    event = add_event(desk, "COMMON", "case.statement", says, t)
    add_event(desk, "COMMON", "case.correct", {"of": event.name, "text": "it was louder"}, t)
    others = foreign_events(desk, "COMMON")
    if others:
        add_event(desk, "COMMON", "case.contradict", {"of": others[0].name, "by": event.name}, t)


def exchange(giver: Desk, taker: Desk, keys: dict[str, set[str]]) -> None:
    peer = Subject("peer", "handler", frozenset({"joint"}))
    records = outgoing([*own_records(giver), *peer_records(giver)], peer, ())
    found = take_in(taker, write_bundle(records), keys, "2026-03-09T12:00:00Z")
    assert not found.refused.count and not found.conflicts


def seen(desk: Desk) -> tuple[object, ...]:
    """What a workspace shows of the common case, and every record it holds."""
    case = read_case(desk, "COMMON", "check", "2026-03-10T12:00:00Z")
    rows = tuple((e.name, e.kind, e.t, e.by, e.entry, json.dumps(e.fields, sort_keys=True)) for e in case.events)
    return (case.title, rows, frozenset(r.id for r in [*own_records(desk), *peer_records(desk)]))


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.booleans()), max_size=8), st.permutations(range(6)))
def test_three_workspaces_that_work_and_exchange_in_any_order_end_with_the_same_case(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, bool]], last: list[int]
) -> None:
    desks = three_desks(tmp_path_factory.mktemp("three"))
    keys = {d.log.signer.verifier().text(): {"joint"} for d in desks}
    open_case(desks[0], "COMMON", "The strip", "2026-03-01T00:00:00Z", "joint")
    open_case(desks[1], "OWN", "PLANTED own", "2026-03-01T00:00:00Z", "own")
    for n, (i, j, works) in enumerate(steps):
        if works:
            work(desks[i], i, n)
        elif i != j:
            exchange(desks[i], desks[j], keys)
    pairs = list(itertools.permutations(range(3), 2))
    for turn in (*last, *last):
        exchange(desks[pairs[turn][0]], desks[pairs[turn][1]], keys)
    shown = [seen(d) for d in desks]
    held = [{i for i in s[2]} for s in shown]
    own = {r.id for r in own_records(desks[1]) if r.compartment == "own"}
    assert held[0] == held[2] == held[1] - own and len(own) == 1
    assert shown[0][:2] == shown[1][:2] == shown[2][:2]
    assert all(not audit(d.log.folder).failures for d in desks)
    for d in desks:
        d.log.close()
