"""The desk of a workspace: its ledger, its folder of sealed tips, and the key that opens them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from waman.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waman.tips import Desk

PASSPHRASE_VARIABLE = "WAMAN_PASSPHRASE"  # noqa: S105 (the name of a variable)


class FolderStore:
    """Sealed bytes as files of one folder. State: the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, data: bytes) -> None:
        """Write one file, whole or not at all."""
        part = self.folder / (name + ".part")
        part.write_bytes(data)
        part.replace(self.folder / name)

    def get(self, name: str) -> bytes:
        """Read one file."""
        path = self.folder / name
        if not path.is_file():
            raise InputError(
                f"no {name.rpartition('.')[2]} {name.partition('.')[0]!r} here", hint="waman tip new first"
            )
        return path.read_bytes()

    def names(self) -> list[str]:
        """Return the names of all files."""
        return sorted(p.name for p in self.folder.iterdir() if p.suffix != ".part")


@contextmanager
def open_desk(workspace: Path, officer: str) -> Iterator[Desk]:
    """Open the ledger, the tips and the desk key of a workspace; makes the key at first use."""
    from waman.ledger import Log
    from waman.tips import Desk

    folder = workspace / "tips"
    log = Log(workspace / "ledger")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        yield Desk(log, FolderStore(folder), desk_identity(folder), officer)
    finally:
        log.close()


def desk_identity(folder: Path) -> str:
    """Return the desk's age identity; asks the environment for the passphrase of a locked one."""
    import pyrage

    from waman.tips.sealed import new_identity

    locked, plain = folder / "desk.key.age", folder / "desk.key"
    if locked.is_file():
        phrase = os.environ.get(PASSPHRASE_VARIABLE, "")
        try:
            return bytes(pyrage.passphrase.decrypt(locked.read_bytes(), phrase)).decode()
        except pyrage.DecryptError as why:
            raise InputError("the store is locked", hint=f"set {PASSPHRASE_VARIABLE}, or: waman lock --open") from why
    if not plain.is_file():
        with os.fdopen(os.open(plain, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(new_identity())
    return plain.read_text(encoding="utf-8")


def now() -> str:
    """Return the time, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
