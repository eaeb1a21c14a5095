"""The compiled loop over data blocks: category, length, records; what is no block ends its payload."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waman.jit import kernel
from waman.plots.asterix.kernels.walk import ONE, U64, Octets, Whole


@kernel
def count_blocks(
    buffer: Octets,
    start: NDArray[np.int64],
    length: NDArray[np.int64],
    cut: NDArray[np.bool_],
    counts: NDArray[np.int64],
) -> Whole:
    """Count the blocks (CAT, LEN) by category into ``counts`` (256); return the number of tails.

    Walks as :func:`fill_blocks` does, which says when a payload ends.
    """
    tails: Whole = 0
    for payload in range(start.size):
        at = U64(start[payload])
        end = at + U64(length[payload])
        while end - at >= U64(3):
            size = (U64(buffer[at + ONE]) << U64(8)) | U64(buffer[at + U64(2)])
            if size < U64(3) or (at + size > end and not cut[payload]):
                break
            counts[buffer[at]] += 1
            at = min(at + size, end)
        tails += at < end
    return tails


@kernel
def fill_blocks(
    buffer: Octets,
    start: NDArray[np.int64],
    length: NDArray[np.int64],
    cut: NDArray[np.bool_],
    place: NDArray[np.int64],
    blocks: NDArray[np.int64],
    tails: NDArray[np.int64],
) -> None:
    """Write the blocks sorted by category: ``place`` (256) is where the next block of a category goes.

    ``blocks`` rows: payload, first octet after the header, end, promised end. ``tails`` rows: payload,
    offset and number of octets that are no block. A block longer than a payload known to be ``cut``
    keeps what is there of it; in a whole payload it is a tail, as link padding and recorder trailers are.
    """
    tail = 0
    for payload in range(start.size):
        at = U64(start[payload])
        end = at + U64(length[payload])
        while end - at >= U64(3):
            size = (U64(buffer[at + ONE]) << U64(8)) | U64(buffer[at + U64(2)])
            if size < U64(3) or (at + size > end and not cut[payload]):
                break
            row = place[buffer[at]]
            place[buffer[at]] += 1
            blocks[row, 0] = payload
            blocks[row, 1] = at + U64(3)
            blocks[row, 2] = min(at + size, end)
            blocks[row, 3] = at + size
            at = min(at + size, end)
        if at < end:
            tails[tail, 0] = payload
            tails[tail, 1] = at
            tails[tail, 2] = end - at
            tail += 1
