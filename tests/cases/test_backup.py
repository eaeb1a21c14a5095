"""A backup is sealed, restores into a new folder only, and is audited when it comes back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from command import run
from waman.tips.sealed import new_identity, recipient_of


def test_a_backup_comes_back_whole_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    w, key = tmp_path / "w", new_identity()
    (tmp_path / "key").write_text(key + "\n")
    assert run(capsys, "ledger", "init", w / "ledger", "--origin", "a.example/l")[0] == 0
    assert run(capsys, "case", "new", "C1", "--title", "PLANTED", "-w", w)[0] == 0
    backup = ("backup", w, "--to", recipient_of(key), "-o", tmp_path / "b.age")
    assert run(capsys, *backup)[0] == 0
    assert b"PLANTED" not in (tmp_path / "b.age").read_bytes()
    restore = ("restore", tmp_path / "b.age", tmp_path / "again", "--identity", tmp_path / "key")
    code, out, err = run(capsys, *restore)
    assert code == 0 and "audit clean" in out, err
    assert run(capsys, *restore)[0] == 2, "nothing is overwritten"
    code, out, _ = run(capsys, "case", "read", "C1", "--purpose", "check", "-w", tmp_path / "again")
    assert code == 0 and "PLANTED" in out
    assert run(capsys, "verify", tmp_path / "again" / "ledger")[0] == 0
    assert (tmp_path / "again" / "ledger" / "private" / "log.key").stat().st_mode & 0o077 == 0
    shutil.rmtree(tmp_path / "again")
    (tmp_path / "key").write_text(new_identity() + "\n")
    code, _, err = run(capsys, *restore)
    assert code == 2 and "cannot be opened" in err
