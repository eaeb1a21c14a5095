"""One category into columns: walk a chunk of records, pick its kept fields, and go on.

Working memory is one chunk; what grows is the result. Missing values are NaN or -1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waman.plots.asterix.kernels import blocks as block_kernels
from waman.plots.asterix.kernels import picks, walk
from waman.plots.asterix.spec import Category, Field, Kept, compile_layout

CHUNK_RECORDS = 16_384
"""Records walked at a time: their position matrix stays in the second-level cache of one core."""

GROWTH = 1.05
"""Spare room for columns beyond what the records so far promise for the octets that remain."""

Array = NDArray[Any]


@dataclass(frozen=True)
class Blocks:
    """The data blocks of one category: (n,) payload, first octet of the records, end, and promised end."""

    payload: NDArray[np.int64]
    begin: NDArray[np.int64]
    stop: NDArray[np.int64]
    promised: NDArray[np.int64]


@dataclass(frozen=True)
class Records:
    """All records of one category as columns of equal length, and how each block ended.

    ``columns`` holds every kept field of the category by name; ``record`` is the first octet of each
    record, ``block`` the block it lies in; ``errors`` (blocks, 2) has the error code and octet, 0 where none.
    """

    category: Category
    columns: dict[str, Array]
    record: NDArray[np.int64]
    block: NDArray[np.int32]
    errors: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.record.size)


def find_blocks(
    buffer: NDArray[np.uint8], start: NDArray[np.int64], length: NDArray[np.int64], cut: NDArray[np.bool_]
) -> tuple[dict[int, Blocks], NDArray[np.int64]]:
    """Return the blocks by category and the tails (payload, offset, octets) that are no block.

    >>> raw = np.frombuffer(bytes([34, 0, 5, 0x80, 0x01, 34, 0]), np.uint8)
    >>> blocks, tails = find_blocks(raw, np.array([0]), np.array([7]), np.array([False]))
    >>> blocks[34].stop.tolist(), tails.tolist()
    ([5], [[0, 5, 2]])
    """
    counts = np.zeros(256, np.int64)
    tail_count = block_kernels.count_blocks(buffer, start, length, cut, counts)
    place = np.concatenate([[0], np.cumsum(counts)])
    blocks, tails = np.empty((int(place[-1]), 4), np.int64), np.empty((tail_count, 3), np.int64)
    block_kernels.fill_blocks(buffer, start, length, cut, place[:-1].copy(), blocks, tails)
    columns = np.ascontiguousarray(blocks.T)
    return {c: Blocks(*(columns[:, place[c] : place[c + 1]])) for c in np.flatnonzero(counts).tolist()}, tails


def read_records(buffer: NDArray[np.uint8], blocks: Blocks, category: Category) -> Records:
    """Read every record of the blocks into columns."""
    layout = compile_layout(category)
    errors = np.zeros((blocks.begin.size, 2), np.int64)
    positions = np.empty(CHUNK_RECORDS * layout.slots, np.uint16)
    keys = np.zeros(walk.PROGRAMS + 1, np.uint64)
    room_for_programs = np.zeros(walk.PROGRAMS * (layout.uap_rows + 2), np.uint64)
    store = np.concatenate([layout.items, room_for_programs])
    octets_left = int((blocks.stop - blocks.begin).sum())
    out = _Growing(category, octets_left)
    block, at = 0, 0
    while block < blocks.begin.size:
        room = out.room(CHUNK_RECORDS)
        rows, block, at = walk.walk_records(
            buffer, blocks.begin, blocks.stop, store, layout.uap_rows, layout.uaps,
            keys, block, at, positions, room["record"], room["block"], errors,
        )  # fmt: skip
        for kept in layout.kept:
            _pick(
                buffer, room["record"][:rows], positions[: rows * layout.slots], kept, room[kept[0].field.column][:rows]
            )
        out.took(rows)
    columns = out.columns()
    return Records(category, columns, columns.pop("record"), columns.pop("block"), errors)


def dtype_of(field: Field) -> np.dtype[Any]:
    """Return the column type of a kept field: the smallest that holds its values and "missing".

    >>> from waman.plots.asterix.spec import code
    >>> dtype_of(code("mode_3a", "MODE3A", 4, 12))
    dtype('int16')
    """
    if field.lsb:
        return np.dtype(np.float64 if field.width > 24 or field.unit == "s" else np.float32)
    return np.dtype(next(t for t, bits in _INTEGERS if field.width <= bits))


_INTEGERS = ((np.int8, 7), (np.int16, 15), (np.int32, 31), (np.int64, 63))


class _Growing:
    """Columns that grow. State: the arrays, rows taken, octets that were to be read in all."""

    def __init__(self, category: Category, octets: int) -> None:
        self._types = {name: dtype_of(f) for name, f in category.fields.items()}
        self._types |= {"record": np.dtype(np.int64), "block": np.dtype(np.int32)}
        self._octets = octets
        self._first = 0
        self.rows = 0
        self._arrays: dict[str, Array] = {name: np.empty(0, t) for name, t in self._types.items()}

    def room(self, rows: int) -> dict[str, Array]:
        """Return views of ``rows`` free rows."""
        need = self.rows + rows
        if need > self._arrays["record"].size:
            self._grow(need)
        return {name: a[self.rows : need] for name, a in self._arrays.items()}

    def took(self, rows: int) -> None:
        self.rows += rows

    def columns(self) -> dict[str, Array]:
        return {name: a[: self.rows] for name, a in self._arrays.items()}

    def _grow(self, need: int) -> None:
        capacity = need
        if self.rows:
            record = self._arrays["record"]
            octets_per_record = (int(record[self.rows - 1]) - int(record[0])) / max(self.rows - 1, 1)
            capacity = max(need, int(GROWTH * self._octets / max(octets_per_record, 2.0)) + 1)
            capacity = min(capacity, 2 * need if self.rows > 4 * CHUNK_RECORDS else capacity)
        for name, old in self._arrays.items():
            new = np.empty(capacity, old.dtype)
            new[: self.rows] = old[: self.rows]
            self._arrays[name] = new


def _pick(
    buffer: NDArray[np.uint8],
    record: NDArray[np.int64],
    positions: NDArray[np.uint16],
    kept: tuple[Kept, ...],
    out: Array,
) -> None:
    for again, k in enumerate(kept):
        f = k.field
        where = np.array([k.slot, k.octet, k.octets, k.shift, f.width, k.void_mask], np.int64)
        if f.lsb:
            sign = 1 << (f.width - 1) if f.signed else 0
            picks.pick_numbers(buffer, record, positions, where, sign, f.scale, again > 0, out)
        else:
            picks.pick_codes(buffer, record, positions, where, again > 0, out)
