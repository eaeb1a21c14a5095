"""Cases: sealed, recorded, read with a purpose, printed, and published only with the other side's answer."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from command import run
from waman.access import Subject
from waman.cases import add_event, follow_the_money, open_case, public_case, read_case
from waman.cases.evidence import bare_jpeg, describe, sun_at
from waman.cases.file import agree, open_identity
from waman.cases.printed import Standing, print_case, words
from waman.cli._desk import open_desk
from waman.errors import Finding, InputError
from waman.ledger import audit
from waman.ledger.fsck import private_disclosures
from waman.ledger.merkle import leaf_hash, verify_inclusion
from waman.ledger.note import open_note, parse_signer

T = "2026-03-01T12:00:00Z"
STANDING = Standing("a.example/l", 9, "ab" * 32, "SIGNED-NOTE", (), {3: "ENTRY-JSON"})
ROOT = Path(__file__).parents[2]


@pytest.fixture
def workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert run(capsys, "ledger", "init", tmp_path / "ledger", "--origin", "fiscalia.example/waman")[0] == 0
    with open_desk(tmp_path, "desk") as desk:
        open_case(desk, "C1", "The strip at kilometre 40", T)
        says = {"text": "Maps were kept back.", "attribution": "PLANTED-OFFICE", "basis": "witness"}
        add_event(desk, "C1", "case.statement", {**says, "institution": "Joint Command"}, T, identity="PLANTED-NAME")
        add_event(desk, "C1", "case.evidence", {"sha256": "ab" * 32, "bytes": 7, "media_type": "image/jpeg"}, T)
        add_event(desk, "C1", "case.corroborate", {"of": "e1", "by": "e2"}, T)
        add_event(desk, "C1", "case.custody", {"evidence": "e2", "giver": "u1", "taker": "u2", "place": "Pichari"}, T)
        taken = {"operation": "x", "aircraft": True, "pilot": True, "drug_kg": 357, "cash_usd": 5500}
        add_event(desk, "C1", "case.taken", taken, T)
    return tmp_path


def test_an_institution_that_was_never_asked_cannot_be_named_in_public(workspace: Path) -> None:
    with open_desk(workspace, "desk") as desk:
        with pytest.raises(Finding, match="Joint Command was never asked"):
            public_case(read_case(desk, "C1", "publication", T))
        add_event(desk, "C1", "case.ask", {"institution": "Joint Command", "question": "Why?"}, T)
        assert "no reply so far" in public_case(read_case(desk, "C1", "publication", T))["sides"][0]["says"]
        add_event(desk, "C1", "case.reply", {"institution": "Joint Command", "text": "We know of no case."}, T)
        public = public_case(read_case(desk, "C1", "publication", T))
        assert public["sides"][0]["says"] == "We know of no case."
        text = json.dumps([public, follow_the_money(read_case(desk, "C1", "publication", T))])
        assert "PLANTED" not in text and "withheld" in text


def test_every_reading_is_recorded_before_it_is_opened(workspace: Path) -> None:
    with open_desk(workspace, "reader-7") as desk:
        before = desk.log.head.size
        read_case(desk, "C1", "hearing", T)
        assert desk.log.head.size == before + 1
        with pytest.raises(InputError, match="purpose"):
            read_case(desk, "C1", "", T)
        with pytest.raises(InputError, match="no such record"):
            read_case(desk, "C9", "hearing", T)
    fields = audit(workspace / "ledger", disclosures=private_disclosures(workspace / "ledger")).disclosed
    last = {d.name: d.value for d in fields if d.seq == before}
    assert (last["kind"], last["purpose"], last["actor"]) == ("case.read", "hearing", "reader-7")


def test_an_identity_opens_only_by_two_people_of_two_institutions(workspace: Path) -> None:
    with open_desk(workspace, "desk") as desk:
        reader = replace(desk, subject=Subject("h1", "handler", frozenset({"default"}), institution="x"), officer="h1")
        people = [("h1", "x"), ("p1", "prosecution"), ("p2", "prosecution"), ("o1", "ombudsman")]
        agreeing = [replace(desk, subject=Subject(u, "auditor", institution=i), officer=u) for u, i in people]
        for one in agreeing:
            with pytest.raises(InputError, match="no such record"):
                open_identity(reader, "C1", 1, "hearing", T)
            agree(one, "C1", 1, "hearing", T)
        with pytest.raises(InputError, match="no such record"):
            open_identity(reader, "C1", 2, "hearing", T)
        with pytest.raises(InputError, match="no such record"):
            open_identity(replace(desk, subject=Subject("a1", "administrator")), "C1", 1, "hearing", T)
        with pytest.raises(InputError, match="signed-in"):
            agree(desk, "C1", 1, "hearing", T)
        before = desk.log.head.size
        assert open_identity(reader, "C1", 1, "hearing", T) == "PLANTED-NAME"
        assert desk.log.head.size == before + 1


def test_a_changed_or_moved_event_is_found(workspace: Path) -> None:
    from waman.tips.sealed import open_with, seal_to

    with open_desk(workspace, "desk") as desk:
        name = "C1.000001.event"
        raw = json.loads(open_with(desk.store.get(name), desk.identity))
        raw["fields"]["text"] = "Maps were handed over."
        kept = desk.store.get(name)
        desk.store.put(name, seal_to(json.dumps(raw).encode(), [desk.identity]))
        with pytest.raises(Finding, match="e1 is not the one recorded"):
            read_case(desk, "C1", "hearing", T)
        desk.store.put(name, kept)
        desk.store.put("C1.000002.event", kept)
        with pytest.raises(Finding, match="moved or lost"):
            read_case(desk, "C1", "hearing", T)


def test_nothing_planted_lies_in_the_clear_on_the_disk(workspace: Path) -> None:
    for path in workspace.rglob("*"):
        assert not path.is_file() or b"PLANTED" not in path.read_bytes(), path


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_printed_file_is_foliated_and_comes_out_the_same(workspace: Path, language: str) -> None:
    with open_desk(workspace, "desk") as desk:
        add_event(desk, "C1", "case.ask", {"institution": "Joint Command", "question": "Why?"}, T)
        for n in range(60):
            add_event(desk, "C1", "case.link", {"to": f"flight F{n}"}, T)
        case = read_case(desk, "C1", "hearing", T)
    first = print_case(case, language, STANDING, "waman case print C1")
    assert first == print_case(case, language, STANDING, "waman case print C1")
    pages = len(re.findall(rb"/Type /Page\b", first))
    text = _text_of(first)
    assert pages >= 3
    t = words(language)
    for number in range(1, pages + 1):
        assert f"{t['folio']} {number} {t['of']} {pages}" in text
    assert text.count(t["alone"][:14]) >= pages, "without a witness every page says so"
    assert "SIGNED-NOTE" in text and "ENTRY-JSON" in text and t["case.ask"][:9] in text
    assert set(words("es")) == set(words("en"))


def test_a_newsroom_pack_draws_cells_with_the_caveat_in_the_picture_and_proves_its_entries(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    w = ("-w", workspace)
    place = ("lat_deg=-12.58213", "lon_deg=-74.19377")
    taken = ("case", "add", "C1", "taken", "operation=y", "date=2014-05-02", "aircraft=true", "pilot=false", *place)
    assert run(capsys, *taken, *w)[0] == 0
    assert run(capsys, "case", "add", "C1", "ask", "institution=Joint Command", "question=Why?", *w)[0] == 0
    out = tmp_path / "pack"
    assert run(capsys, "case", "export", "C1", "--purpose", "print", "-o", out, "--language", "es", *w)[0] == 0
    svg = (out / "map.svg").read_text()
    assert "celdas" in svg and "no prueba nada" in svg and "orden" in svg and (out / "map.png").stat().st_size > 10_000
    whole = b"".join(p.read_bytes() for p in out.rglob("*") if p.is_file())
    assert b"12.58213" not in whole and b"74.19377" not in whole and b"-12.575" in whole and b"PLANTED" not in whole
    note = (out / "METHOD.txt").read_text().split("control:\n")[1]
    key = parse_signer((workspace / "ledger" / "private" / "log.key").read_text()).verifier()
    head = open_note(note, [key]).checkpoint
    proofs = list((out / "proofs").glob("*.tlog-proof"))
    assert len(proofs) >= 5
    for proof in proofs:
        lines, _, _ = proof.read_text().partition("\n\n")
        path = [base64.b64decode(x) for x in lines.split("\n")[2:]]
        leaf = leaf_hash(proof.with_suffix(".json").read_bytes())
        assert verify_inclusion(leaf, int(proof.stem), head.size, path, head.root), proof.name


def _text_of(pdf: bytes) -> str:
    out = []
    for body in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S):
        try:
            out.append(
                zlib.decompress(
                    base64.a85decode(body.strip(), adobe=False)
                    if not body.strip().endswith(b"~>")
                    else base64.a85decode(b"<~" + body.strip(), adobe=True)
                )
            )
        except (ValueError, zlib.error):
            continue
    return b" ".join(re.findall(rb"\((.*?)\) Tj", b"".join(out))).decode("latin-1")


def test_the_articles_own_tally_comes_out(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "case", "tally", ROOT / "examples" / "article_takings.jsonl", "--json")
    sums = json.loads(out)
    assert code == 0 and sums["at_least"] is True
    assert sums["aircraft"] > 24 and sums["pilots"] == 5 and sums["all_four"] == 1
    assert (sums["drug_kg"], sums["cash_usd"]) == (357, 5500)


def test_the_commands_work_together(workspace: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    w = ("-w", workspace)
    photo = tmp_path / "photo.bin"
    photo.write_bytes(b"original")
    assert run(capsys, "case", "add", "C1", "evidence", "--file", photo, *w)[0] == 0
    assert run(capsys, "case", "add", "C1", "ask", "institution=Joint Command", "question=Why?", *w)[0] == 0
    assert run(capsys, "case", "list", *w)[1] == "C1\n"
    code, out, _ = run(capsys, "case", "tally", "--case", "C1", *w)
    assert code == 0 and "1 aircraft taken" in out
    assert run(capsys, "case", "print", "C1", "--purpose", "hearing", "-o", tmp_path / "c.pdf", *w)[0] == 0
    assert (tmp_path / "c.pdf").read_bytes().startswith(b"%PDF-")
    code, out, err = run(capsys, "case", "export", "C1", "--purpose", "print", "-o", tmp_path / "out", *w)
    assert code == 0, err
    for path in (p for p in (tmp_path / "out").rglob("*") if p.is_file()):
        assert b"PLANTED" not in path.read_bytes()
    assert photo.read_bytes() == b"original"
    code, _, err = run(capsys, "case", "add", "C1", "statement", "text=x", "attribution=y", "basis=rumour", *w)
    assert code == 2 and "document, witness, anonymous" in err
    assert run(capsys, "verify", workspace / "ledger")[0] == 0


def test_a_copy_that_leaves_has_no_metadata_and_the_same_picture() -> None:
    plain = (
        b"\xff\xdb\x00\x04\x01\x02"
        + b"\xff\xc0\x00\x05abc"
        + b"\xff\xda\x00\x03x"
        + b"\x12\xff\x00\x34\xff\xd0\x56"
        + b"\xff\xd9"
    )
    exif = b"\xff\xe1\x00\x15Exif\x00\x00GPS-PLANTED-X"
    data = b"\xff\xd8" + exif + b"\xff\xfe\x00\x09PLANTED" + plain + b"PLANTED second file"
    assert bare_jpeg(data) == b"\xff\xd8" + plain
    hidden = b"\xff\xd8" + plain[:-2] + exif + b"\xff\xd9"
    for bad in (b"", b"\xff\xd8", data[:20], b"\x89PNG", hidden):
        with pytest.raises(InputError):
            bare_jpeg(bad)


def test_a_container_says_when_it_was_made() -> None:
    import struct

    made = int((datetime(2015, 3, 1, 11, 43, tzinfo=UTC) - datetime(1904, 1, 1, tzinfo=UTC)).total_seconds())
    mvhd = struct.pack(">I4sIIIII", 108, b"mvhd", 0, made, made, 1000, 360_000) + bytes(80)
    data = struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + struct.pack(">I4s", 8 + len(mvhd), b"moov") + mvhd
    found = describe(data)
    assert found["container"]["created"] == "2015-03-01T11:43:00Z" and found["container"]["duration_s"] == 360
    assert describe(data[:30])["container"]["created"] is None


def test_the_sun_stands_where_the_published_example_puts_it() -> None:
    # Reda and Andreas (NREL/TP-560-34302, A.5): zenith 50.11162, azimuth 194.34024 with refraction at 1830 m
    sun = sun_at(39.742476, -105.1786, datetime(2003, 10, 17, 19, 30, 30, tzinfo=UTC))
    assert sun.azimuth_deg == pytest.approx(194.34, abs=0.05)
    assert 90 - sun.elevation_deg == pytest.approx(50.11, abs=0.06)


def test_age_can_open_what_the_desk_seals(workspace: Path, tmp_path: Path) -> None:
    import shutil

    if shutil.which("age") is None:
        pytest.skip("age is not installed (Debian: age)")
    key = workspace / "tips" / "desk.key"
    with open_desk(workspace, "desk") as desk:
        event = desk.store._path("C1.000000.event")
    assert "C1" not in event.name
    out = subprocess.run(["age", "-d", "-i", key, event], capture_output=True, check=True).stdout
    assert b"The strip at kilometre 40" in out
