"""The audit: what was tampered with is named, each kind with its own message."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from pathlib import Path

import pytest
import rfc8785

from waman.errors import Finding, InputError
from waman.ledger import Log, Record, audit, create_log, export_bundle, parse_record
from waman.ledger.audit import Audit, order_of
from waman.ledger.entry import disclosure, seal
from waman.ledger.fsck import check_database
from waman.ledger.merkle import leaf_hash
from waman.ledger.note import new_signer
from waman.ledger.tiles import pack_entries, unpack_entries

SIZE = 600


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("audit")
    create_log(base / "log", "fiscalia.example/waman")
    log = Log(base / "log")
    log.append([Record("note", "2026-03-01T12:00:00Z", {"text": f"heard {i}"}) for i in range(300)])
    (base / "held").write_text(log.note(), encoding="utf-8")
    log.append([Record("note", "2026-03-01T12:00:00Z", {"text": f"seen {i}"}) for i in range(300, SIZE)])
    export_bundle(log, base / "bundle", lambda field: field.name == "text", "order on this machine only")
    log.close()
    return base


@pytest.fixture
def bundle(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made / "bundle", tmp_path / "bundle")


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made / "log", tmp_path / "log")


def kinds(found: Audit) -> set[str]:
    return {f.kind for f in found.failures}


def test_an_untouched_bundle_holds_and_says_that_nobody_witnessed_it(bundle: Path, made: Path) -> None:
    found = audit(bundle, held=[(made / "held").read_text(encoding="utf-8")])
    assert not found.failures and found.size == SIZE and len(found.disclosed) == SIZE
    assert order_of(found) == "order on this machine only"


def test_any_single_flipped_byte_is_found(bundle: Path) -> None:
    chance = random.Random(3)
    files = [p for p in sorted(bundle.rglob("*")) if p.is_file() and p.name not in {"README.txt", "verify.html"}]
    for path in files:
        whole = path.read_bytes()
        for _ in range(4):
            at = chance.randrange(len(whole))
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            found = audit(bundle)
            name = str(path.relative_to(bundle))
            assert found.failures, f"byte {at} of {name}"
            if "tile" in name:
                assert any(name in f.where or name in f.what for f in found.failures), (name, found.failures)
        path.write_bytes(whole)


def test_a_truncated_tile_and_a_truncated_bundle_are_named(bundle: Path) -> None:
    tile = bundle / "tile/0/001"
    tile.write_bytes(tile.read_bytes()[:-32])
    assert "tile-truncated" in kinds(audit(bundle))
    pack = bundle / "tile/entries/000"
    pack.write_bytes(pack.read_bytes()[:-1])
    assert "bundle-truncated" in kinds(audit(bundle))
    pack.unlink()
    assert "bundle-missing" in kinds(audit(bundle))


def test_a_tile_swapped_off_the_proof_path_does_not_match_its_parent(bundle: Path) -> None:
    entries = [seal(Record("note", "2026-03-01T12:00:00Z", {"text": "other"}), i)[0] for i in range(256)]
    (bundle / "tile/entries/000").write_bytes(pack_entries(entries))
    (bundle / "tile/0/000").write_bytes(b"".join(map(leaf_hash, entries)))
    (bundle / "disclosures.jsonl").unlink()
    found = audit(bundle)
    assert kinds(found) == {"tile-parent"}
    assert found.failures[0].where == "tile/0/000"


def test_a_replayed_entry_is_named_by_its_number(tmp_path: Path) -> None:
    create_log(tmp_path / "log", "a.example/l")
    log = Log(tmp_path / "log")
    stale = seal(Record("note", "2026-03-01T12:00:00Z"), 0)
    log.append([Record("note", "2026-03-01T12:00:00Z")])
    import waman.ledger.log as module

    original, module.seal_all = module.seal_all, lambda records, first: [stale]
    try:
        log.append([Record("note", "2026-03-01T12:00:00Z")])
    finally:
        module.seal_all = original
    found = audit(tmp_path / "log")
    assert kinds(found) == {"replay"} and "calls itself number 0" in found.failures[0].what


def test_a_rollback_and_a_second_history_are_told_apart(made: Path, folder: Path, tmp_path: Path) -> None:
    create_log(tmp_path / "old", "x.example/x")
    shutil.rmtree(tmp_path / "old")
    newest = (folder / "checkpoint").read_text(encoding="utf-8")
    old = tmp_path / "rolled"
    create_log(old, "fiscalia.example/waman")
    shutil.copy(folder / "private" / "log.key", old / "private" / "log.key")
    shutil.copy(folder / "policy", old / "policy")
    (old / "checkpoint").unlink()
    database = sqlite3.connect(old / "private" / "log.db")
    database.execute("DELETE FROM checkpoints")
    from waman.ledger.merkle import EMPTY_ROOT
    from waman.ledger.note import Checkpoint, parse_signer, sign_checkpoint

    signer = parse_signer((old / "private" / "log.key").read_text())
    note = sign_checkpoint(Checkpoint(signer.name, 0, EMPTY_ROOT), signer)
    database.execute("INSERT INTO checkpoints VALUES(0, ?, ?)", (EMPTY_ROOT, note))
    database.commit()
    database.close()
    log = Log(old)
    log.append([Record("note", "2026-03-01T12:00:00Z", {"text": "another history"})] * 300)
    found = audit(old, held=[newest])
    assert kinds(found) == {"rollback"} and "rolled back" in found.failures[0].what
    log.append([Record("note", "2026-03-01T12:00:00Z", {"text": "another history"})] * 400)
    log.close()
    found = audit(old, held=[newest])
    assert kinds(found) == {"fork"} and "split view" in found.failures[0].what


def test_an_edited_a_lost_and_a_rolled_back_row_of_the_database_are_named(folder: Path) -> None:
    database = sqlite3.connect(folder / "private" / "log.db")
    entry = database.execute("SELECT entry FROM entries WHERE seq = 17").fetchone()[0]
    database.execute("UPDATE entries SET entry = ? WHERE seq = 17", (entry.replace(b"2026", b"2025"),))
    database.execute("DELETE FROM entries WHERE seq = 30")
    database.commit()
    found = audit(folder)
    assert not found.failures, "the published tree is whole"
    check_database(folder, found)
    assert [(f.kind, f.where) for f in found.failures] == [
        ("row-edited", "private/log.db row 17"),
        ("row-lost", "private/log.db row 30"),
        ("disclosure-orphan", "entry 30"),
    ]


def test_a_damaged_stored_field_is_named(folder: Path) -> None:
    database = sqlite3.connect(folder / "private" / "log.db")
    database.execute("UPDATE disclosures SET sealed = (SELECT sealed FROM disclosures WHERE seq = 5) WHERE seq = 6")
    database.commit()
    found = audit(folder)
    check_database(folder, found)
    assert kinds(found) == {"disclosure-lost"}


def test_opening_a_database_whose_tree_was_edited_is_refused(folder: Path) -> None:
    database = sqlite3.connect(folder / "private" / "log.db")
    database.execute("DELETE FROM entries WHERE seq = ?", (SIZE - 1,))
    database.commit()
    database.close()
    with pytest.raises(Finding, match="not the signed one"):
        Log(folder)


def test_a_forged_disclosure_is_refused(bundle: Path) -> None:
    path = bundle / "disclosures.jsonl"
    lines = path.read_text().splitlines()
    forged = disclosure(bytes(16), "text", "never said")
    lines[0] = json.dumps({"seq": 0, "disclosure": forged})
    lines[1] = json.dumps({"seq": 2, "disclosure": json.loads(lines[1])["disclosure"]})
    path.write_text("\n".join(lines))
    found = audit(bundle)
    assert kinds(found) == {"disclosure"} and len(found.failures) == 2
    assert "forged" in found.failures[0].what


def test_any_subset_of_fields_can_be_withheld(bundle: Path) -> None:
    path, chance = bundle / "disclosures.jsonl", random.Random(1)
    lines = path.read_text().splitlines()
    for count in (0, 1, 57, 299):
        path.write_text("\n".join(chance.sample(lines, count)))
        found = audit(bundle)
        assert not found.failures and len(found.disclosed) == count


def test_a_missing_or_strange_policy_fails_closed(bundle: Path) -> None:
    other = new_signer("fiscalia.example/waman").verifier().text()
    assert kinds(audit(bundle, policy=f"log {other}\nquorum none")) == {"signature"}
    assert kinds(audit(bundle, policy="")) == {"policy"}
    assert kinds(audit(bundle, policy=(bundle / "policy").read_text() + "\nmirror x")) == {"policy"}
    (bundle / "policy").unlink()
    assert kinds(audit(bundle)) == {"policy"}
    with pytest.raises(InputError, match="no checkpoint"):
        audit(bundle / "tile")


def test_entries_are_canonical_json_for_any_fields() -> None:
    odd = {
        "ñ": '\u007f\u0080é\n\t"\\',
        "\U0001f6e9": [1, 2.5, None, True, {"b": 1, "a": "x"}],
        "\ufb33": "z",
        "a/b": -0.0,
    }
    entry, texts = seal(Record("note", "2026-03-01T12:00:00Z", odd, odd, "ana"), 3)
    assert rfc8785.dumps(json.loads(entry)) == entry
    assert len(json.loads(entry)["_sd"]) == 8 and len(texts) == 5


def test_the_number_of_fields_does_not_show() -> None:
    lengths = {
        len(seal(Record("note", "2026-03-01T12:00:00Z", {f"f{i}": "x" * (i + 1) for i in range(n)}), 3)[0])
        for n in range(9)
    }
    assert len(lengths) == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "not JSON"),
        ("[1]", "a text 'type'"),
        ('{"t":"2026-01-01T00:00:00Z"}', "a text 'type'"),
        ('{"type":"note"}', "ISO 8601"),
        ('{"type":"note","t":"2026-01-01T00:00:00"}', "has no zone"),
        ('{"type":"note","t":"yesterday"}', "not a time"),
        ('{"type":"note","t":"2026-01-01T00:00:00Z","seq":4}', "belongs to the ledger"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_bad_lines_are_refused_with_a_reason(line: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse_record(line)


def test_the_order_of_disclosed_entries_is_judged(tmp_path: Path) -> None:
    create_log(tmp_path / "log", "a.example/l")
    log = Log(tmp_path / "log")
    steps = [
        {"kind": "tip.ack", "tip": "T1", "recipient": "R1", "step": 1},
        {"kind": "tip.wrap", "tip": "T1", "recipient": "R1", "step": 1},
        {"kind": "tip.draw.commit", "tip": "T1"},
        {"kind": "tip.draw.reveal", "tip": "T1"},
        {"kind": "erasure"},
    ]
    log.append([Record("tip", "2026-03-01T12:00:00Z", s) for s in steps])
    export_bundle(log, tmp_path / "out", lambda field: True, "")
    words = [f.what for f in audit(tmp_path / "out").failures]
    assert len(words) == 4
    for part, what in zip(
        ("never wrapped", "left before", "before its outcome", "without a reason"), words, strict=True
    ):
        assert part in what or "had left" in what


def test_bundles_of_the_folder_are_the_entries(bundle: Path) -> None:
    assert json.loads(unpack_entries((bundle / "tile/entries/002.p/88").read_bytes())[-1])["seq"] == SIZE - 1


def test_a_checkpoint_that_claims_a_trillion_entries_is_refused_soon(folder: Path) -> None:
    from waman.ledger.note import Checkpoint, parse_signer, sign_checkpoint

    signer = parse_signer((folder / "private" / "log.key").read_text())
    (folder / "checkpoint").write_text(sign_checkpoint(Checkpoint(signer.name, 2**62, bytes(32)), signer))
    found = audit(folder)
    check_database(folder, found)
    assert len(found.failures) == 100 and "bundle-missing" in kinds(found)
