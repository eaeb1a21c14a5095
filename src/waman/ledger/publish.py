"""Which files a folder in tlog-tiles form lacks, and which partial ones it no longer needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from waman.errors import Finding
from waman.ledger.tiles import TILE_WIDTH, Tiles, pack_entries, tile_path

Entries = Callable[[int, int], Sequence[bytes]]
"""Reads entries low..high-1."""


def missing_files(folder: Path, entries: Entries, tile: Tiles, shown: int, size: int) -> list[tuple[Path, bytes]]:
    """Return (path, bytes) of the bundles and tiles that a tree of ``size`` needs beyond the tree of ``shown``.

    Raises Finding where a file already stands with other bytes: a published tile never changes.
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
    if path.read_bytes() != data:
        raise Finding(
            f"{path} already stands with other bytes than the database gives",
            hint="one of the two was changed: run waman verify, keep both, and do not append",
        )
    return True
