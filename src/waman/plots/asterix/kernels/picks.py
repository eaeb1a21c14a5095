"""The compiled loops over columns: pick a bit field out of every record, rank the distinct values of a column."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waman.jit import kernel
from waman.plots.asterix.kernels.walk import ONE, U64, Octets, Positions, Whole


@kernel
def _word(buffer: Octets, at: np.uint64, octets: int) -> Whole:
    """Return up to seven octets as one big-endian number."""
    word = np.int64(buffer[at])
    if octets >= 2:
        word = (word << 8) | np.int64(buffer[at + ONE])
    if octets >= 3:
        word = (word << 8) | np.int64(buffer[at + U64(2)])
        for k in range(3, octets):
            word = (word << 8) | np.int64(buffer[at + U64(k)])
    return word


@kernel
def pick_codes(
    buffer: Octets,
    record: NDArray[np.int64],
    positions: Positions,
    where: NDArray[np.int64],
    keep: bool,
    out: NDArray[np.int64],
) -> None:
    """Copy a bit field of up to 56 bits into ``out``; -1 where the item is absent or void.

    ``where``: slot, octet, octets, shift, width, void mask. ``keep`` leaves ``out`` as it is where the
    item is absent (the second profile of CAT001 fills what the first has not).
    """
    slots = U64(positions.size) // U64(max(record.size, 1))
    spot, octet, octets = U64(where[0]), U64(where[1]), where[2]
    shift, mask, void = where[3], (np.int64(1) << where[4]) - 1, where[5]
    for i in range(record.size):
        there = U64(positions[spot])
        spot += slots
        if there:
            word = _word(buffer, U64(record[i]) + there + octet, octets)
            out[i] = (word >> shift) & mask if word & void == 0 else -1
        elif not keep:
            out[i] = -1


@kernel
def pick_numbers(
    buffer: Octets,
    record: NDArray[np.int64],
    positions: Positions,
    where: NDArray[np.int64],
    sign: int,
    scale: float,
    keep: bool,
    out: NDArray[np.float64],
) -> None:
    """Scale a bit field into ``out``, NaN where absent or void; ``sign`` is the sign bit's value or 0."""
    slots = U64(positions.size) // U64(max(record.size, 1))
    spot, octet, octets = U64(where[0]), U64(where[1]), where[2]
    shift, mask, void = where[3], (np.int64(1) << where[4]) - 1, where[5]
    for i in range(record.size):
        there = U64(positions[spot])
        spot += slots
        if there:
            word = _word(buffer, U64(record[i]) + there + octet, octets)
            raw = (word >> shift) & mask
            out[i] = ((raw ^ sign) - sign) * scale if word & void == 0 else np.nan
        elif not keep:
            out[i] = np.nan


@kernel
def rank_words(
    values: NDArray[np.int64], keys: NDArray[np.int64], codes: NDArray[np.int32], out: NDArray[np.int32]
) -> int:
    """Rank the distinct values in order of first appearance into ``out``; -1 stays -1.

    ``keys`` (a power of two long, -1 where free) and ``codes`` are an open-addressing table. Returns the number
    of distinct values, or -1 where the table would be more than half full.
    """
    mask = U64(keys.size - 1)
    count = 0
    for i in range(values.size):
        value = values[i]
        if value < 0:
            out[i] = -1
            continue
        spot = ((U64(value) * U64(0x9E3779B97F4A7C15)) >> U64(32)) & mask
        while keys[spot] != value and keys[spot] >= 0:
            spot = (spot + ONE) & mask
        if keys[spot] < 0:
            if 2 * count >= keys.size:
                return -1
            keys[spot] = value
            codes[spot] = count
            count += 1
        out[i] = codes[spot]
    return count
