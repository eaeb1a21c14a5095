"""The folder in tlog-tiles form, made from the database: which files it lacks, in which order they appear.

Everything here follows from rows that are durable and signed already. So nothing waits for the disk
but :meth:`Publisher.close`; what a power cut tears is written again at the next opening.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from waman.errors import Finding
from waman.ledger.note import Verifier, open_note
from waman.ledger.storage import rows
from waman.ledger.storage.disk import Disk
from waman.ledger.tiles import TILE_WIDTH, Tiles, pack_entries, tile_path, tiles_of

Entries = Callable[[int, int], Sequence[bytes]]
"""Reads entries low..high-1."""

BLOCK_BYTES = 512
"""Smallest piece of a file that a disk writes at once."""


PUBLISH_AFTER_S = 0.05
"""Appends that did not ask to be visible at once are published together after this long."""


class Publisher:
    """Publishes one folder, in one thread of its own.

    State: its connection to the database and to the lock that orders publishers of several processes;
    ``_shown`` (the checkpoint last seen in the folder); ``settled`` (size up to which the whole files
    are known to be on the disk); the publication that waits its turn.
    """

    def __init__(self, folder: Path, disk: Disk, key: Verifier) -> None:
        self.folder, self.disk, self.key = folder, disk, key
        self.settled = 0
        self._shown = ("", 0)
        self._connections: tuple[sqlite3.Connection, sqlite3.Connection] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ledger-publisher")
        self._settler = ThreadPoolExecutor(1, thread_name_prefix="ledger-settler")
        self._waiting: Future[None] | None = None
        self._settling: Future[None] | None = None
        self._hurry = threading.Event()

    def soon(self) -> None:
        """Publish within PUBLISH_AFTER_S, together with what is appended until then."""
        if self._waiting is None or self._waiting.done():
            self._waiting = self._pool.submit(self._later)

    def now(self, since: int | None = None) -> None:
        """Publish and return when all is visible; ``since``: look at every file from this size on.

        Raises Finding where the folder contradicts the database, OSError where the disk refuses.
        """
        self._hurry.set()
        try:
            self._pool.submit(self._publish, since).result()
        finally:
            self._hurry.clear()

    def close(self) -> None:
        """Publish what is left and wait until all of it is on the disk."""
        try:
            self.now()
            self._settler.submit(self._settle)
            self._settler.submit(self._settle, False)
        finally:
            self._settler.shutdown()
            self._pool.submit(self._disconnect).result()
            self._pool.shutdown()

    def _later(self) -> None:
        self._hurry.wait(PUBLISH_AFTER_S)
        self._publish(None)

    def _publish(self, since: int | None) -> None:
        database, lock = self._connected()
        lock.execute("BEGIN EXCLUSIVE")
        try:
            size, note = rows.newest(database)
            shown = self._shown_size()
            if shown > size:
                raise Finding(
                    f"{shown} entries are published, the database holds only {size}: it was rolled back",
                    hint="restore the newest backup of private/log.db; do not append",
                )
            shown = shown if since is None else min(since, shown)
            read = missing_files(
                self.folder,
                lambda low, high: rows.entries(database, low, high),
                lambda level, n: rows.tile(database, level, n),
                shown,
                size,
            )
            for path, data in read:
                self.disk.write(path, data)
            if note != self._shown[0]:
                self.disk.replace(self.folder / "checkpoint", note.encode())
            self._shown = (note, size)
        finally:
            lock.execute("ROLLBACK")
        if shown // TILE_WIDTH < size // TILE_WIDTH:
            drop_partials(self.folder, shown, size)
            if self._settling is None or self._settling.done():
                self._settling = self._settler.submit(self._settle)

    def _settle(self, whole: bool = True) -> None:
        """Wait for whole files, or for the others; where the disk refuses, the next opening looks at them again."""
        size = self._shown[1]
        if whole:
            paths = whole_files(self.folder, self.settled, size)
        else:
            names = [tile_path(level, n, w) for level, n, w in tiles_of(size) if w < TILE_WIDTH]
            last, rest = divmod(size, TILE_WIDTH)
            names += [tile_path("entries", last, rest)] if rest else []
            paths = [self.folder / name for name in [*names, "checkpoint"]]
        try:
            self.disk.settle(paths)
        except OSError:
            return
        self.settled = size if whole else self.settled

    def _shown_size(self) -> int:
        """Return the size of the published checkpoint; its signature is checked unless this object wrote it."""
        path = self.folder / "checkpoint"
        note = path.read_text(encoding="utf-8") if path.is_file() else ""
        if not note.strip("\0"):  # torn by a power cut: it is written again
            self._shown = ("", 0)
        elif note != self._shown[0]:
            self._shown = (note, open_note(note, [self.key]).checkpoint.size)
        return self._shown[1]

    def _connected(self) -> tuple[sqlite3.Connection, sqlite3.Connection]:
        if self._connections is None:
            private = self.folder / "private"
            lock = sqlite3.connect(private / "publish.lock", timeout=10.0, isolation_level=None)
            self._connections = (rows.connect(private / "log.db"), lock)
        return self._connections

    def _disconnect(self) -> None:
        for connection in self._connections or ():
            connection.close()


def missing_files(folder: Path, entries: Entries, tile: Tiles, shown: int, size: int) -> list[tuple[Path, bytes]]:
    """Return (path, bytes) of the bundles and tiles that a tree of ``size`` needs beyond the tree of ``shown``.

    A file torn by a power cut (cut short, or zeros where its blocks never came) is among them. Raises
    Finding where a file stands with other bytes: a published tile never changes.
    """
    wanted: list[tuple[Path, bytes]] = []
    for n, width in _changed(shown, size):
        low = n * TILE_WIDTH
        wanted.append((folder / tile_path("entries", n, width), pack_entries(entries(low, low + width))))
    level = 0
    while size:
        for n, width in _changed(shown, size):
            wanted.append((folder / tile_path(level, n, width), b"".join(tile(level, n)[:width])))
        shown, size, level = shown // TILE_WIDTH, size // TILE_WIDTH, level + 1
    return [(path, data) for path, data in wanted if not _holds(path, data)]


def whole_files(folder: Path, low: int, high: int) -> list[Path]:
    """Return the bundles and tiles that became whole between two sizes; they are never written again."""
    found = [folder / tile_path("entries", n) for n in range(low // TILE_WIDTH, high // TILE_WIDTH)]
    level = 0
    while high := high // TILE_WIDTH:
        low //= TILE_WIDTH
        found += [folder / tile_path(level, n) for n in range(low, high)]
        level += 1
    return found


def drop_partials(folder: Path, shown: int, size: int) -> None:
    """Remove the partial files of tiles that are whole by now (tlog-tiles allows it only then)."""
    names: list[int | str] = ["entries", 0]
    while size:
        for n in range(shown // TILE_WIDTH, size // TILE_WIDTH):
            for name in names:
                partial = folder / (tile_path(name, n) + ".p")
                if partial.is_dir():
                    for file in partial.iterdir():
                        file.unlink()
                    partial.rmdir()
        shown, size, names = shown // TILE_WIDTH, size // TILE_WIDTH, [int(names[-1]) + 1]


def _changed(shown: int, size: int) -> list[tuple[int, int]]:
    """Return (tile, width) of one level that a tree of ``size`` has and the tree of ``shown`` has not.

    >>> _changed(3, 600)
    [(0, 256), (1, 256), (2, 88)]
    """
    if shown == size:
        return []
    return [(n, min(TILE_WIDTH, size - n * TILE_WIDTH)) for n in range(shown // TILE_WIDTH, -(-size // TILE_WIDTH))]


def _holds(path: Path, data: bytes) -> bool:
    if not path.is_file():
        return False
    held = path.read_bytes()
    if held != data and not _torn(held, data):
        raise Finding(
            f"{path} already stands with other bytes than the database gives",
            hint="one of the two was changed: run waman verify, keep both, and do not append",
        )
    return held == data


def _torn(held: bytes, data: bytes) -> bool:
    """Tell whether ``held`` is ``data`` of which some blocks did not reach the disk.

    >>> _torn(b"", b"ab"), _torn(b"ab", b"abc"), _torn(bytes(2), b"ab"), _torn(b"xb", b"ab")
    (True, True, True, False)
    """
    blocks = range(0, len(held), BLOCK_BYTES)
    return len(held) <= len(data) and all(
        held[i : i + BLOCK_BYTES] in (data[i : i + BLOCK_BYTES][: len(held) - i], bytes(len(held[i : i + BLOCK_BYTES])))
        for i in blocks
    )
