"""Proven coins: the whole way through a real ledger, and each way of cheating with its own message."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from waman.errors import Finding, InputError
from waman.ledger import Disclosed, Log, audit, create_log, export_bundle
from waman.ledger.disclose import disclosed
from waman.tips.desk import (
    Desk,
    Tip,
    acknowledge,
    draw,
    draw_variants,
    load_tip,
    recipients,
    record_outcome,
    register,
    release,
    reveal,
    root_hex,
)
from waman.tips.leak import leak_test
from waman.tips.proof import prove_tips
from waman.tips.sealed import new_identity, open_with, open_with_shares, recipient_of, seal_for_custodians, seal_to

T = "2026-03-01T12:00:00Z"
LATER = "2026-04-01T00:00:00Z"
UNITS = ("unit-1", "unit-2", "unit-3")
TIP = Tip(
    "T1",
    "pichari",
    "B2",
    "2026-03-02T05:00:00Z",
    "2026-03-02T10:00:00Z",
    "18LXK1234",
    "one watcher on the ridge",
    0.8,
    ("Sector north, on Monday", "PLANTED strip 17, 05:00 to 10:00"),
    ("prosecutor",),
    dict.fromkeys(UNITS, 0.5),
)


class Memory:
    """A store in memory: what it is given is sealed already."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> None:
        self.kept[name] = data

    def get(self, name: str) -> bytes:
        return self.kept[name]

    def names(self) -> list[str]:
        return sorted(self.kept)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    create_log(tmp_path / "log", "fiscalia.example/waman")
    return Desk(Log(tmp_path / "log"), Memory(), new_identity(), "desk-1")


KEYS = {unit: new_identity() for unit in (*UNITS, "prosecutor")}
PUBLIC = {unit: recipient_of(key) for unit, key in KEYS.items()}


def run(desk: Desk, tip: Tip, outcome: str = "no_show") -> None:
    register(desk, tip, T)
    draw(desk, tip.tip, T)
    release(desk, tip.tip, 1, PUBLIC, T)
    record_outcome(desk, tip.tip, outcome, "recorder-9", LATER)
    reveal(desk, tip.tip, LATER)


def said(desk: Desk) -> list[Disclosed]:
    return [disclosed(seq, text) for seq, texts in desk.log.disclosures() for text in texts]


def proven(desk: Desk, **given):
    return prove_tips(said(desk), lambda size: root_hex(desk.log, size), LATER, **given)


def changed(desk: Desk, kind: str, **fields: object) -> list[Disclosed]:
    """The record with the fields of one kind of entry changed (None removes the entry)."""
    rows = said(desk)
    seqs = {d.seq for d in rows if d.name == "kind" and d.value == kind}
    if fields.get("drop"):
        return [d for d in rows if d.seq not in seqs]
    return [replace(d, value=fields[d.name]) if d.seq in seqs and d.name in fields else d for d in rows]


def refused(desk: Desk, rows: list[Disclosed], why: str) -> None:
    with pytest.raises(Finding, match=why):
        prove_tips(rows, lambda size: root_hex(desk.log, size), LATER)


def test_a_tip_goes_the_whole_way_and_its_coins_are_proven(desk: Desk) -> None:
    run(desk, TIP)
    found = proven(desk)
    (row,) = found.rows
    assert row.shared_with | {"prosecutor"} == set(recipients(desk, "T1"))
    assert (row.outcome, row.pd, row.randomised) == ("no_show", 0.8, True)
    again = proven(desk, given=found.rows)
    assert again.rows == found.rows
    result = leak_test(found.rows, "proven")
    assert result.randomised == "proven" and result.tips_counted == 1


def test_the_result_comes_out_the_same_from_a_redacted_export(desk: Desk, tmp_path: Path) -> None:
    for n in range(6):
        run(desk, replace(TIP, tip=f"T{n}"), "show" if n % 2 else "no_show")
    hidden = {"plan", "cell", "grade", "text_digest", "evidence", "compartment", "actor"}
    export_bundle(desk.log, tmp_path / "out", lambda d: d.name not in hidden, "")
    outside = audit(tmp_path / "out")
    assert not outside.failures
    theirs = prove_tips(outside.disclosed, lambda size: root_hex(desk.log, size), LATER)
    ours = proven(desk)
    assert theirs.rows == ours.rows
    for a, b in zip(leak_test(theirs.rows, "proven").units, leak_test(ours.rows, "proven").units, strict=True):
        assert a.e_value == pytest.approx(b.e_value, abs=1e-9)


def test_the_wrap_is_recorded_before_the_ciphertext_leaves_and_acks_after(desk: Desk) -> None:
    register(desk, TIP, T)
    draw(desk, "T1", T)
    files = release(desk, "T1", 2, PUBLIC, T)
    assert set(files) == set(recipients(desk, "T1"))
    for unit, data in files.items():
        assert open_with(data, KEYS[unit]) == b"PLANTED strip 17, 05:00 to 10:00"
        assert acknowledge(desk, "T1", 2, unit, T) > 0
    with pytest.raises(InputError, match="cannot be opened"):
        open_with(files["prosecutor"], new_identity())
    with pytest.raises(InputError, match="never wrapped"):
        acknowledge(desk, "T1", 1, "prosecutor", T)


def test_the_number_of_entries_and_the_size_of_files_do_not_tell_who_hears(desk: Desk) -> None:
    sizes, lengths = set(), set()
    for n in range(8):
        register(desk, replace(TIP, tip=f"T{n}", steps=("x" * (1 + 200 * n),)), T)
        draw(desk, f"T{n}", T)
        before = desk.log.head.size
        files = release(desk, f"T{n}", 1, PUBLIC, T)
        sizes.add(desk.log.head.size - before)
        lengths |= {len(data.partition(b"\n--- ")[2]) for data in files.values()}  # the header holds random grease
    assert len({len(recipients(desk, f"T{n}")) for n in range(8)}) > 1
    assert sizes == {8} and len(lengths) == 1


def test_nothing_planted_stands_in_the_clear_in_store_or_ledger(desk: Desk) -> None:
    run(desk, TIP)
    assert isinstance(desk.store, Memory)
    assert not any(b"PLANTED" in data for data in desk.store.kept.values())
    for path in desk.log.folder.rglob("*"):
        assert not path.is_file() or (b"PLANTED" not in path.read_bytes() and b"18LXK1234" not in path.read_bytes())


def test_a_tip_that_touches_safety_is_never_randomised(desk: Desk) -> None:
    register(desk, replace(TIP, safety=True), T)
    with pytest.raises(InputError, match="never randomised"):
        draw(desk, "T1", T)
    assert recipients(desk, "T1") == sorted([*UNITS, "prosecutor"])
    found = proven(desk)
    assert not found.rows and "safety" in found.excluded[0][1]


def test_the_recorder_must_be_blind(desk: Desk) -> None:
    register(desk, TIP, T)
    draw(desk, "T1", T)
    with pytest.raises(InputError, match="was told"):
        record_outcome(desk, "T1", "show", "prosecutor", LATER)
    release(desk, "T1", 1, PUBLIC, T)
    record_outcome(desk, "T1", "show", "recorder-9", LATER)
    reveal(desk, "T1", LATER)
    refused(desk, changed(desk, "tip.outcome", recorder="prosecutor"), "who was among the told")


def _of(rows: list[Disclosed], seq: int, tip: str) -> bool:
    return any(d.seq == seq and d.name == "tip" and d.value == tip for d in rows)


def test_an_omitted_tip_is_refused(desk: Desk) -> None:
    run(desk, TIP)
    run(desk, replace(TIP, tip="T2"))
    both = proven(desk).rows
    with pytest.raises(Finding, match="T2: drawn according to the ledger, missing from the file"):
        proven(desk, given=both[:1])
    refused(desk, changed(desk, "tip.outcome", drop=True), "revealed .* before its outcome")
    refused(desk, changed(desk, "tip.draw.reveal", drop=True), "was not revealed; leaving a drawn tip out voids")


def test_a_tip_hidden_from_an_export_leaves_a_gap_in_the_numbers(desk: Desk) -> None:
    for n in range(3):
        run(desk, replace(TIP, tip=f"T{n}"))
    rows = said(desk)
    refused(
        desk, [d for d in rows if not _of(rows, d.seq, "T1")], "draw number 3 where 2 belongs: a drawn tip is hidden"
    )


def test_a_drawn_tip_without_outcome_is_refused_once_its_window_is_over(desk: Desk) -> None:
    register(desk, TIP, T)
    draw(desk, "T1", T)
    refused(desk, said(desk), "has no outcome; leaving a drawn tip out voids the run")
    early = prove_tips(said(desk), lambda size: root_hex(desk.log, size), "2026-03-02T06:00:00Z")
    assert early.excluded == (("T1", "its window is still open"),)


def test_a_redated_tip_is_refused(desk: Desk) -> None:
    run(desk, TIP)
    rows = said(desk)
    first = next(d.seq for d in rows if d.value == "tip.register")
    again = [replace(d, seq=999) for d in rows if d.seq == first]
    moved = [replace(d, value="2026-03-09T10:00:00Z") if d.name == "window_end" else d for d in again]
    refused(desk, rows + moved, "re-dated in entry 999")
    (row,) = proven(desk).rows
    with pytest.raises(Finding, match="the file dates it 2026-03-05"):
        proven(desk, given=[replace(row, time="2026-03-05T00:00:00Z")])


def test_a_draw_revealed_early_is_refused(desk: Desk) -> None:
    register(desk, TIP, T)
    draw(desk, "T1", T)
    reveal(desk, "T1", T)
    record_outcome(desk, "T1", "no_show", "recorder-9", LATER)
    refused(desk, said(desk), "was revealed .* before its outcome was recorded")


def test_a_pd_changed_after_the_draw_is_refused(desk: Desk) -> None:
    run(desk, TIP)
    refused(desk, changed(desk, "tip.outcome", pd=0.2), r"pd\) was changed after the draw")
    (row,) = proven(desk).rows
    with pytest.raises(Finding, match=r"the file says pd 0[.]3"):
        proven(desk, given=[replace(row, pd=0.3)])


def test_coins_that_are_not_those_of_the_seed_are_refused(desk: Desk) -> None:
    run(desk, TIP)
    refused(desk, changed(desk, "tip.draw.reveal", seed="00" * 32), "not the committed one")
    refused(desk, changed(desk, "tip.draw", head_root="00" * 32), "does not use the ledger's head")
    told = sorted(set(recipients(desk, "T1")) & set(UNITS))
    rows = said(desk)
    if told:
        wraps = {d.seq for d in rows if d.name == "recipient" and d.value == told[0]}
        refused(desk, [d for d in rows if d.seq not in wraps], "the coin of unit")
    refused(desk, changed(desk, "tip.register", drop=True), "without being registered first")
    refused(desk, changed(desk, "tip.draw", drop=True), "without a draw")
    with pytest.raises(InputError, match="drawn already"):
        draw(desk, "T1", T)


def test_variants_are_proven_to_be_the_drawn_ones_and_a_reaction_counts(desk: Desk) -> None:
    tip = replace(TIP, steps=("strip 17 from 05:00",))
    register(desk, tip, T)
    draw(desk, "T1", T)
    texts = draw_variants(desk, "T1", 1, ["strip 17 from 05:00", "from 05:00 at strip 17"], "order 4", T)
    release(desk, "T1", 1, PUBLIC, T, texts)
    with pytest.raises(InputError, match="variant 3 of 2"):
        record_outcome(desk, "T1", "no_show", "recorder-9", LATER, reaction=3)
    record_outcome(desk, "T1", "no_show", "recorder-9", LATER, reaction=1)
    reveal(desk, "T1", LATER)
    (row,) = proven(desk).rows
    assert row.variant_count == 2 and row.reaction == 0 and set(row.variants) == set(recipients(desk, "T1"))
    for unit in leak_test([row], "proven").units:
        if unit.unit in row.variants:
            assert unit.e_variants == pytest.approx(1.5 if row.variants[unit.unit] == 0 else 0.5)
    wrong = {unit: 1 - number for unit, number in row.variants.items()}
    refused(desk, changed(desk, "tip.canary", assignment=wrong), "is not the drawn one")
    late = [replace(d, seq=d.seq + 1000) if _kind(said(desk), d.seq) == "tip.canary" else d for d in said(desk)]
    refused(desk, late, "only after the step had left")
    refused(desk, changed(desk, "tip.outcome", reaction=7), "names variant 7 of 2")


def _kind(rows: list[Disclosed], seq: int) -> object:
    return next((d.value for d in rows if d.seq == seq and d.name == "kind"), None)


def test_records_that_lack_fields_are_refused_without_a_traceback(desk: Desk) -> None:
    run(desk, TIP)
    for name in ("window_end", "share_probability", "head_size", "outcome", "seed"):
        rows = [d for d in said(desk) if d.name != name]
        with pytest.raises(Finding):
            prove_tips(rows, lambda size: root_hex(desk.log, size), LATER)


def test_shares_open_a_step_only_together() -> None:
    sealed, shares = seal_for_custodians(b"exact place", 2, 3)
    assert open_with_shares(sealed, [shares[0], shares[2]]) == b"exact place"
    for wrong in ([shares[1]], [shares[0], shares[0]], ["not a share", "at all"]):
        with pytest.raises(InputError, match="do not open"):
            open_with_shares(sealed, wrong)
    with pytest.raises(InputError):
        seal_for_custodians(b"x", 1, 3)


def test_a_store_opened_with_another_key_stays_shut(desk: Desk) -> None:
    register(desk, TIP, T)
    with pytest.raises(InputError, match="cannot be opened"):
        load_tip(replace(desk, identity=new_identity()), "T1")


@pytest.mark.interop
def test_age_opens_our_files_and_we_open_theirs(tmp_path: Path) -> None:
    import shutil

    if shutil.which("age") is None:
        pytest.skip("age is not installed (Debian: age)")
    identity = new_identity()
    (tmp_path / "key").write_text(identity + "\n")
    (tmp_path / "ours.age").write_bytes(seal_to(b"strip 17", [recipient_of(identity), recipient_of(new_identity())]))
    theirs = subprocess.run(
        ["age", "-d", "-i", tmp_path / "key", tmp_path / "ours.age"], capture_output=True, check=True
    )
    assert theirs.stdout.startswith(b"strip 17\x00") and len(theirs.stdout) == 4096
    made = subprocess.run(["age", "-r", recipient_of(identity)], input=b"from age", capture_output=True, check=True)
    assert open_with(made.stdout, identity) == b"from age"
