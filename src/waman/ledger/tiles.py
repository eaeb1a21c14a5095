"""Tiles and entry bundles of C2SP tlog-tiles: names, widths, packing. Opens no file.

A tile holds 256 hashes of one level; a bundle holds the 256 entries below a level-0 tile::

    tile/0/x001/234      the hashes of entries 315904..316159 (N = 1234)
    tile/entries/000.p/7 the first seven entries
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from waman.ledger.merkle import HASH_BYTES, Nodes, fold

Tiles = Callable[[int, int], Sequence[bytes]]
"""Reads the hashes of tile (level, n), whole or partial."""

TILE_WIDTH = 256
TILE_BYTES = TILE_WIDTH * HASH_BYTES
ENTRY_BYTES_MAX = 65_535
"""An entry's length is a 16-bit number (tlog-tiles, "Log entries")."""

LEVELS_MAX = 8
"""Tile levels of a tree of 2**64 entries."""


def tile_path(level: int | str, n: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile, or of a bundle for level ``"entries"``.

    >>> tile_path(0, 1234067), tile_path("entries", 5, 70)
    ('tile/0/x001/x234/067', 'tile/entries/005.p/70')
    """
    assert n >= 0, f"tile number {n}"
    assert 1 <= width <= TILE_WIDTH, f"tile width {width}"
    parts = [f"{n % 1000:03d}"]
    while n := n // 1000:
        parts.append(f"x{n % 1000:03d}")
    name = f"tile/{level}/" + "/".join(reversed(parts))
    return name if width == TILE_WIDTH else f"{name}.p/{width}"


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """Yield (level, n, width) of every tile a tree of ``size`` entries consists of.

    >>> [t for t in tiles_of(70_000) if t[2] < 256]
    [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    """
    level = 0
    while size:
        full, rest = divmod(size, TILE_WIDTH)
        yield from ((level, n, TILE_WIDTH) for n in range(full))
        if rest:
            yield level, full, rest
        size, level = full, level + 1


def pack_entries(entries: Sequence[bytes]) -> bytes:
    r"""Return a bundle: each entry after its length in two bytes, big-endian.

    >>> pack_entries([b"ab", b""])
    b'\x00\x02ab\x00\x00'
    """
    return b"".join(len(e).to_bytes(2, "big") + e for e in entries)


def unpack_entries(bundle: bytes) -> list[bytes]:
    r"""Return the entries of a bundle; raises ValueError with the byte where it is cut short.

    >>> unpack_entries(b"\x00\x02ab\x00\x00")
    [b'ab', b'']
    """
    entries: list[bytes] = []
    at = 0
    while at < len(bundle):
        end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
        if at + 2 > len(bundle) or end > len(bundle):
            raise ValueError(f"entry {len(entries)} of the bundle is cut short at byte {at}")
        entries.append(bundle[at + 2 : end])
        at = end
    return entries


def split_hashes(tile: bytes) -> list[bytes]:
    """Return the hashes of a tile; raises ValueError where the length is no multiple of 32."""
    if len(tile) % HASH_BYTES:
        raise ValueError(f"{len(tile)} bytes are not a whole number of hashes")
    return [tile[i : i + HASH_BYTES] for i in range(0, len(tile), HASH_BYTES)]


def nodes_from(read: Tiles) -> Nodes:
    """Return ``nodes(level, index)`` over a reader of tiles; it keeps what it read, so use it for one proof."""
    seen: dict[tuple[int, int], Sequence[bytes]] = {}

    def nodes(level: int, index: int) -> bytes:
        tile_level, rest = divmod(level, 8)
        first = index << rest
        n, at = divmod(first, TILE_WIDTH)
        if (tile_level, n) not in seen:
            seen[tile_level, n] = read(tile_level, n)
        return fold(seen[tile_level, n][at : at + (1 << rest)])

    return nodes
