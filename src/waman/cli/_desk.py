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

    from waman.store.sealed import SealedFolder
    from waman.tips import Desk

PASSPHRASE_VARIABLE = "WAMAN_PASSPHRASE"  # noqa: S105 (the name of a variable)


@contextmanager
def open_desk(workspace: Path, officer: str) -> Iterator[Desk]:
    """Open the ledger, the tips and the desk key of a workspace, for whoever is signed in; makes the key at first use.

    ``officer`` is the pseudonym under which the keeper acts as long as nobody was added.
    """
    from waman.cli._people import whoever_asks
    from waman.ledger import Log
    from waman.tips import Desk

    log = Log(workspace / "ledger")
    try:
        store, identity = open_store(workspace)
        subject = whoever_asks(workspace, store, identity, officer)
        yield Desk(log, store, identity, subject.user, subject)
    finally:
        log.close()


def open_store(workspace: Path) -> tuple[SealedFolder, str]:
    """Open the sealed store of a workspace and the key that opens what is in it."""
    from waman.store.sealed import SealedFolder

    folder = workspace / "tips"
    if not (workspace / "ledger").is_dir():
        raise InputError(f"{workspace} has no ledger", hint=f"waman ledger init {workspace / 'ledger'} --origin NAME")
    folder.mkdir(mode=0o700, exist_ok=True)
    identity = desk_identity(folder)
    return SealedFolder(folder, identity), identity


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
