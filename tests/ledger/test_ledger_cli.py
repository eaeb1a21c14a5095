"""``waman ledger`` and ``waman verify`` as a person uses them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from command import run


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    lines = [{"type": "note", "t": "2026-01-01T00:00:00-05:00", "text": f"aviso ñ {i}"} for i in range(9)]
    (tmp_path / "lines").write_text("\n".join(json.dumps(line) for line in lines) + "\nnot json\n")
    assert run(capsys, "ledger", "init", tmp_path / "l", "--origin", "a.example/log")[0] == 0
    code, out, err = run(capsys, "ledger", "append", tmp_path / "l", tmp_path / "lines", "--json", "--key", "k")
    assert code == 0 and "1 lines could not be recorded" in err
    row = json.loads(out)
    assert (row["recorded"], row["size"], row["problems"]) == (9, 9, 1)
    assert row["order"] == "order on this machine only"
    return tmp_path / "l"


def test_append_prove_export_verify(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "ledger", "append", folder, tmp_path / "lines", "--json", "--key", "k")
    assert code == 0 and json.loads(out)["size"] == 9, "the same key records once"
    code, out, _ = run(capsys, "ledger", "prove", folder, 3)
    assert code == 0 and out.startswith("c2sp.org/tlog-proof@v1\nindex 3\n")
    assert run(capsys, "ledger", "export", folder, "-o", tmp_path / "out", "--disclose", "text")[0] == 0
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "out")
    for target in (folder, tmp_path / "out", tmp_path / "packed.zip"):
        code, out, _ = run(capsys, "verify", target, "--json")
        row = json.loads(out)
        assert code == 0 and row["ok"] and row["size"] == 9
        assert row["disclosed"] == (0 if target == folder else 9)


def test_a_changed_bundle_exits_one_and_no_ledger_exits_two(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "tile/entries/000.p/9"
    path.write_bytes(path.read_bytes().replace(b"2026", b"2025"))
    code, out, err = run(capsys, "verify", folder)
    assert code == 1 and "FAILED tile/entries/000.p/9" in out and "Traceback" not in err
    for wrong in (tmp_path, tmp_path / "nowhere", tmp_path / "lines"):
        code, _, err = run(capsys, "verify", wrong)
        assert code == 2 and err.count("waman: error:") == err.count("waman: hint:") == 1
    assert run(capsys, "ledger", "prove", tmp_path / "nowhere", 0)[0] == 2
    (tmp_path / "empty").write_text("nothing\n")
    assert run(capsys, "ledger", "append", folder, tmp_path / "empty")[0] == 2


def test_a_key_given_on_paper_must_be_the_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = (folder / "policy").read_text().split()[1]
    assert run(capsys, "verify", folder, "--key", key)[0] == 0
    from waman.ledger.note import new_signer

    assert run(capsys, "verify", folder, "--key", new_signer("a.example/log").verifier().text())[0] == 1


def test_the_checkpoint_is_printed_as_text_and_qr(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "ledger", "checkpoint", folder)
    assert code == 0 and "a.example/log\n9\n" in out and "█▀" in out and "order on this machine only" in out


def test_sensitive_fields_are_not_exported_to_the_public(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, "ledger", "export", folder, "-o", tmp_path / "x", "--disclose", "callsign")
    assert code == 2 and "may not see" in err and not (tmp_path / "x").exists()
    assert run(capsys, "ledger", "export", folder, "-o", tmp_path / "x", "--disclose-all")[0] == 2


def test_erasing_is_recorded_and_the_audit_stays_clean(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "ledger", "erase", folder, 2, "text", "--reason", "court order 7")
    assert code == 0 and "recorded as entry 9" in out
    assert run(capsys, "verify", folder)[0] == 0


def test_noise_in_any_file_given_never_shows_a_traceback(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = tmp_path / "noise"
    noise.write_bytes(bytes(range(256)) * 9)
    cases = [
        ("verify", folder, "--held", noise),
        ("verify", folder, "--policy", noise),
        ("verify", folder, "--key", "x+y+z"),
        ("tip", "leak", noise),
        ("case", "tally", noise),
        ("ledger", "append", folder, noise),
        ("restore", noise, tmp_path / "r", "--identity", noise),
    ]
    for words in cases:
        code, _, err = run(capsys, *words)
        assert code in (1, 2) and "Traceback" not in err and "waman: error:" in err, words
    for name in ("checkpoint", "policy", "disclosures.jsonl"):
        (folder / name).write_bytes(noise.read_bytes())
        assert run(capsys, "verify", folder)[0] == 1
