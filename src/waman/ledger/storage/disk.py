"""The ways in which the ledger changes the world, kept in one small place so that tests can break each.

``commit`` makes rows durable; ``write`` and ``replace`` make files that follow from them; ``settle`` makes
those durable too; ``post`` asks a witness. The rest of the package writes nothing.
"""

from __future__ import annotations

import os
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

ANSWER_BYTES_MAX = 100_000
WITNESS_TIMEOUT_S = 10.0


class Disk:
    """Every write. State: ``staging``, the folder for the file that is not yet visible."""

    def __init__(self, staging: Path) -> None:
        self.staging = staging

    def commit(self, database: sqlite3.Connection) -> None:
        """Make the open transaction durable."""
        database.execute("COMMIT")

    def write(self, path: Path, data: bytes) -> None:
        """Write a bundle or tile; nobody looks for it before the checkpoint that needs it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def replace(self, path: Path, data: bytes) -> None:
        """Make the checkpoint visible, the whole of it at once."""
        self.staging.mkdir(exist_ok=True)
        staged = self.staging / path.name
        staged.write_bytes(data)
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

    def settle(self, paths: Sequence[Path]) -> None:
        """Wait until published files and their folders are on the disk. Raises OSError where one is not."""
        for path in [*paths, *{p.parent for p in paths}]:
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
