"""The kernels of the sweep: eight octants advanced side by side, one slice of tangents at a time.

The square about the sensor has eight octants that are mirror images of each other: what a ray
of tangent k/n meets j rows north it meets j columns east as well, and left as right. So the
place and the weight of an interpolation are computed once for eight rays, and eight heights lie
side by side in memory::

    lane        0   1   2   3   4   5   6   7
    goes        N   N   S   S   E   E   W   W
    leaning to  E   W   E   W   S   N   S   N        y[b, 8 (i - i0) + lane]

    row j+1   . . a . b . .     heights interpolated between the two cells a and b
    row j     . . . c . . .     ray k at cell k j/n; M of a cell interpolated between two rays

Heights are kept as y = z - h0 - along j² - across i², above the antenna's plane with the
curvature of the earth taken off. Then M is the greatest y/j so far, and the lowest visible
height of a cell is max(0, j M - y): the inner loops hold no root and no division. A cell is
emitted before its own row raises the maxima: no cell hides itself.

Columns east and west are read a block at a time, so that whole cache lines are used and no
second copy of the ground is needed. Index variables are unsigned: signed ones cost a
wrap-around branch each. Each slice of tangents is independent of the others.

Close to the sensor an error of height is magnified by the ratio of distances, so the first rows
are sampled up to SUBROWS_MAX times between two rows, as often as NEAR_ROWS / j.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waman.jit import kernel

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

LANES = 8
BLOCK = 32  # rows or columns held at a time: two cache lines of each row crossed by a block of columns
NEAR_ROWS = 256
SUBROWS_MAX = 16
RAY_MARGIN = 2  # rays beside a slice that the interpolation between rays reaches
MARGIN = RAY_MARGIN + 1  # cells that those rays reach


@kernel
def sweep_slice(
    ground: F32, screen: F32, lowest: F32, canopy: bool, low_tan: float, high_tan: float, reach: int,
    h0: np.float32, along: np.float32, across: np.float32,
) -> None:  # fmt: skip
    """Fill the cells of all octants whose tangent is above ``low_tan`` (or 0) up to ``high_tan``.

    ``along`` and ``across`` are cell² / (2 k R) [m] going north-south and east-west.
    """
    centre = ground.shape[0] // 2
    k0, k1 = max(0, int(low_tan * reach) - RAY_MARGIN), min(reach, int(high_tan * reach) + RAY_MARGIN)
    peak = np.full((k1 - k0 + 2) * LANES, np.float32(-1e30), np.float32)
    size = (int((high_tan - low_tan) * reach) + BLOCK + 3 * MARGIN) * LANES
    low = np.empty((BLOCK + 1, size), np.float32)
    high = np.empty((BLOCK + 1, size), np.float32) if canopy else low
    out, between = np.empty((BLOCK + 1, size), np.float32), np.empty(size, np.float32)
    first, last = np.zeros(BLOCK + 1, np.int64), np.zeros(BLOCK + 1, np.int64)
    for start in range(1, reach + 1, BLOCK):
        stop = min(start + BLOCK, reach + 1)
        side = int(np.sqrt(np.float64(reach * reach - start * start)))
        i0 = max(0, int(low_tan * (start - 1)) - MARGIN)
        i1 = min(int(high_tan * (stop - 1)) + MARGIN, side + MARGIN, centre)
        if i0 > side:
            break  # what is left of the slice lies outside the circle
        _fill(ground, low, centre, start, stop, i0, i1, h0, along, across)
        if canopy:
            _fill(screen, high, centre, start, stop, i0, i1, h0, along, across)
        for j in range(start, stop):
            b = j - start + 1
            side = int(np.sqrt(np.float64(reach * reach - j * j)))
            first[b] = int(low_tan * j) + 1 if low_tan > 0.0 else 0
            last[b] = min(int(high_tan * j), side)
            rays = min(k1, (side + 1) * reach // j + 1)
            if 2 * j <= NEAR_ROWS:
                _advance_near(peak, high[b - 1], high[b], between, j, reach, i0, i1, k0, rays)
            _emit(peak, low[b], out[b], j, reach, i0, k0, first[b], last[b])
            _advance(peak, high[b], np.float32(j), reach, i0, k0, rays)
        _back_rows(out, lowest, centre, start, stop, i0, first, last)
        _back_columns(out, lowest, centre, start, stop, i0, i1, first, last)


@kernel
def _advance(peak: F32, y: F32, distance: np.float32, n: int, i0: int, k0: int, k1: int) -> None:
    """Raise the maxima of rays k0..k1 of all octants by a row so many rows away."""
    inverse, step, offset = np.float32(1.0) / distance, distance / np.float32(n), np.float32(i0)
    for k in range(np.uint64(k0), np.uint64(k1 + 1)):
        x = np.float32(np.int64(k)) * step - offset
        t = np.int32(x)
        w = x - np.float32(t)
        i, q = np.uint64(t) * np.uint64(LANES), (k - np.uint64(k0)) * np.uint64(LANES)
        for lane in range(np.uint64(LANES)):
            a = y[i + lane]
            peak[q + lane] = max(peak[q + lane], inverse * (a + w * (y[i + lane + np.uint64(LANES)] - a)))


@kernel
def _advance_near(
    peak: F32, before: F32, row: F32, between: F32, j: int, n: int, i0: int, i1: int, k0: int, k1: int
) -> None:
    """Raise the maxima by rows interpolated between j - 1 and j, as many as the distance asks."""
    parts = min(NEAR_ROWS // j, SUBROWS_MAX)
    for part in range(1, parts):
        share = np.float32(part) / np.float32(parts)
        for q in range(np.uint64((i1 - i0 + 1) * LANES)):
            between[q] = before[q] + share * (row[q] - before[q])
        _advance(peak, between, np.float32(j - 1) + share, n, i0, k0, k1)


@kernel
def _emit(peak: F32, y: F32, out: F32, j: int, n: int, i0: int, k0: int, first: int, last: int) -> None:
    """Write the lowest visible height of cells first..last of row j."""
    distance, offset = np.float32(j), np.float32(k0)
    step = np.float32(n) / distance
    for c in range(np.uint64(first), np.uint64(last + 1)):
        x = np.float32(np.int64(c)) * step - offset
        t = np.int32(x)
        w = x - np.float32(t)
        i, q = np.uint64(t) * np.uint64(LANES), (c - np.uint64(i0)) * np.uint64(LANES)
        for lane in range(np.uint64(LANES)):
            a = peak[i + lane]
            top = a + w * (peak[i + lane + np.uint64(LANES)] - a)
            out[q + lane] = max(distance * top - y[q + lane], np.float32(0.0))


@kernel
def _fill(
    ground: F32, y: F32, centre: int, start: int, stop: int, i0: int, i1: int,
    h0: np.float32, along: np.float32, across: np.float32,
) -> None:  # fmt: skip
    """Fill rows 0.. of ``y`` with rows start - 1.. of all octants, cells i0..i1."""
    count, c = np.uint64(stop - start + 1), np.uint64(centre)
    for b in range(count):
        j = start - 1 + np.int64(b)
        north, south, line = ground[centre - j], ground[centre + j], y[b]
        base = h0 + along * np.float32(j) * np.float32(j)
        for i in range(np.uint64(i0), np.uint64(i1 + 1)):
            plane = base + across * np.float32(np.int64(i)) * np.float32(np.int64(i))
            q = (i - np.uint64(i0)) * np.uint64(LANES)
            line[q] = north[c + i] - plane
            line[q + np.uint64(1)] = north[c - i] - plane
            line[q + np.uint64(2)] = south[c + i] - plane
            line[q + np.uint64(3)] = south[c - i] - plane
    east, west = np.uint64(centre + start - 1), np.uint64(centre - start + 1)
    for i in range(i0, i1 + 1):
        down, up = ground[centre + i], ground[centre - i]
        base = h0 + along * np.float32(i) * np.float32(i)
        q = np.uint64(i - i0) * np.uint64(LANES)
        for b in range(count):
            j = start - 1 + np.int64(b)
            plane = base + across * np.float32(j) * np.float32(j)
            y[b, q + np.uint64(4)] = down[east + b] - plane
            y[b, q + np.uint64(5)] = up[east + b] - plane
            y[b, q + np.uint64(6)] = down[west - b] - plane
            y[b, q + np.uint64(7)] = up[west - b] - plane


@kernel
def _back_rows(out: F32, lowest: F32, centre: int, start: int, stop: int, i0: int, first: I64, last: I64) -> None:
    """Copy what was emitted going north and south to its place."""
    c = np.uint64(centre)
    for j in range(start, stop):
        b = j - start + 1
        north, south, line = lowest[centre - j], lowest[centre + j], out[b]
        for i in range(np.uint64(first[b]), np.uint64(max(last[b] + 1, first[b]))):
            q = (i - np.uint64(i0)) * np.uint64(LANES)
            north[c + i] = line[q]
            north[c - i] = line[q + np.uint64(1)]
            south[c + i] = line[q + np.uint64(2)]
            south[c - i] = line[q + np.uint64(3)]


@kernel
def _back_columns(
    out: F32, lowest: F32, centre: int, start: int, stop: int, i0: int, i1: int, first: I64, last: I64
) -> None:
    """Copy what was emitted going east and west to its place, row by row."""
    east, west = np.uint64(centre + start - 1), np.uint64(centre - start + 1)
    for i in range(i0, i1 + 1):
        # the columns of this row that the slice owns
        low, high = 1, stop - start
        while low <= high and (i < first[low] or i > last[low]):
            low += 1
        while low <= high and (i < first[high] or i > last[high]):
            high -= 1
        down, up = lowest[centre + i], lowest[centre - i]
        q = np.uint64(i - i0) * np.uint64(LANES)
        for b in range(np.uint64(low), np.uint64(high + 1)):
            down[east + b] = out[b, q + np.uint64(4)]
            up[east + b] = out[b, q + np.uint64(5)]
            down[west - b] = out[b, q + np.uint64(6)]
            up[west - b] = out[b, q + np.uint64(7)]
