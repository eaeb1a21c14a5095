"""The indexed binary heap under every shortest path here, and the one relaxation they share.

``place`` says of each node: -1 never met, -2 finished, else its position in the heap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waman.jit import kernel

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

NEVER, DONE = -1, -2


@kernel
def sift_up(heap: I32, place: I32, key: F64, at: int) -> None:
    """Move the entry at ``at`` towards the root of a binary heap on ``key``."""
    item = heap[at]
    value = key[item]
    while at > 0:
        parent = (at - 1) >> 1
        if key[heap[parent]] <= value:
            break
        heap[at] = heap[parent]
        place[heap[at]] = at
        at = parent
    heap[at] = item
    place[item] = at


@kernel
def pop(heap: I32, place: I32, key: F64, size: int) -> int:
    """Take the root out of a heap of ``size`` entries, close the gap and mark the root finished."""
    root = heap[0]
    last = heap[size - 1]
    value = key[last]
    at, child = 0, 1
    while child < size - 1:
        if child + 1 < size - 1 and key[heap[child + 1]] < key[heap[child]]:
            child += 1
        if value <= key[heap[child]]:
            break
        heap[at] = heap[child]
        place[heap[at]] = at
        at = child
        child = 2 * at + 1
    heap[at] = last
    place[last] = at
    place[root] = -2
    return int(root)


@kernel
def reach(heap: I32, place: I32, key: F64, node: int, value: float, size: int) -> int:
    """Relax: give ``node`` the lower key ``value``, put it in the heap or move it up; return the heap's new size."""
    key[node] = value
    if place[node] < 0:
        place[node] = size
        heap[size] = node
        size += 1
    sift_up(heap, place, key, place[node])
    return size
