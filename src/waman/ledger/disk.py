"""The three ways in which the ledger changes the world, kept in one small place so that tests can break each.

``commit`` makes rows durable, ``replace`` makes a file visible, ``post`` asks a witness. The rest of
the package writes nothing.
"""

from __future__ import annotations

import os
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ANSWER_BYTES_MAX = 100_000
WITNESS_TIMEOUT_S = 10.0
_SYNCS_AT_ONCE = 4


class Disk:
    """Durable writes. State: ``staging``, the folder for files not yet visible, and a few waiting threads."""

    def __init__(self, staging: Path) -> None:
        self.staging = staging
        self._pool = ThreadPoolExecutor(_SYNCS_AT_ONCE, thread_name_prefix="ledger-fsync")

    def commit(self, database: sqlite3.Connection) -> None:
        """Make the open transaction durable."""
        database.execute("COMMIT")

    def replace(self, staged: Path, path: Path) -> None:
        """Make one staged file visible under its name."""
        staged.replace(path)

    def post(self, url: str, body: bytes) -> tuple[int, str]:
        """Send a request to a witness; returns (status, text). Raises OSError where nobody answers."""
        request = urllib.request.Request(url, data=body, method="POST")  # noqa: S310 (scheme checked by the caller)
        try:
            with urllib.request.urlopen(request, timeout=WITNESS_TIMEOUT_S) as answer:  # noqa: S310
                return int(answer.status), answer.read(ANSWER_BYTES_MAX).decode(errors="replace")
        except urllib.error.HTTPError as why:
            with why:
                return int(why.code), why.read(ANSWER_BYTES_MAX).decode(errors="replace")

    def publish(self, files: Sequence[tuple[Path, bytes]]) -> None:
        """Write the files, wait until all are on the disk, then make them visible in the order given.

        The waits run side by side (one journal commit of the file system serves several), the
        renames one after the other: a reader that sees the last file finds all the others.
        """
        self.staging.mkdir(exist_ok=True)
        staged = [self.staging / f"{i}" for i in range(len(files))]
        list(self._pool.map(_write_durably, staged, (data for _, data in files)))
        for temporary, (path, _) in zip(staged, files, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            self.replace(temporary, path)

    def later(self, task: Callable[[], None]) -> None:
        """Do some housekeeping when there is time; it may be lost, opening does it again."""
        self._pool.submit(task)

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown()


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
