"""The lowest visible height above ground, by a radial sweep over four quadrants.

For a sensor at height h0 and a cell at distance d whose ground is z, with ground curvature
1/R along its azimuth and refraction factor k, the lowest visible height above ground is

    max(0, h0 + d M + d² / (2 k R) - z),   M = max over nearer ground of (z - h0)/d - d/(2 k R)

Each quadrant is swept row by row away from the sensor. Rays are numbered by tangent, so a ray
crosses row j at column j t and no arctangent is needed::

    row j+1   . . a . b . .      heights interpolated between the two columns a and b
    row j     . . . c . . .      ray t = q/n; M of a cell interpolated between two rays

With the ray's length per row L = cell sqrt(1 + t²), everything is kept times L: the running
maximum of (z - h0)/j - j L²/(2 k R), where L²/R = cell² (1/R_along + t²/R_across) by Euler's
formula. So the inner loops hold no square root and no division. A cell is emitted before its
own row updates the maxima: no cell hides itself. Index variables are unsigned: signed ones
cost a wrap-around branch each and with it the speed.

Close to the sensor a height error is magnified by the ratio of distances, so the first rows are
sampled up to SUBROWS_MAX times between two rows, as often as NEAR_ROWS / j.

The east and west quadrants are swept on blocks of columns transposed into a small scratch
array, so that they run as fast as the others and need no second copy of the ground.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from waman.jit import PARALLEL_THREADS_MAX, kernel
from waman.terrain.elevation import Elevation

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

WGS84_A_M = 6_378_137.0  # NIMA TR8350.2
WGS84_E2 = 6.694_379_990_14e-3
EFFECTIVE_EARTH = 4.0 / 3.0  # standard atmosphere, ITU-R P.310
BLOCK_COLUMNS = 64  # four cache lines of each row are read when a block is transposed
NEAR_ROWS = 256
SUBROWS_MAX = 16
WALL_M = 1e9  # stands for ground nobody knows: whatever lies behind it is unknown
UNKNOWN_ABOVE_M = 1e5


def lowest_visible_height(
    elevation: Elevation,
    *,
    antenna_msl_m: float,
    range_m: float,
    refraction_k: float = EFFECTIVE_EARTH,
    canopy_m: F32 | None = None,
) -> F32:
    """Return the lowest height above ground that the sensor at the centre sees in each cell.

    Parameters
    ----------
    elevation : ground about the sensor; NaN is unknown ground
    antenna_msl_m : height of the antenna above the geoid [m]
    range_m : radius of the result [m]; at most the window
    refraction_k : effective earth factor, 4/3 in the standard atmosphere, 1 for light without refraction
    canopy_m : (rows, cols) height of what stands on the ground and screens [m], optional

    Returns
    -------
    (rows, cols) float32 [m above ground]; NaN beyond ``range_m`` and where unknown ground lies
    in the cell or between it and the sensor

    Source: the definition above; effective earth radius after ITU-R P.310; Euler's formula for
    the curvature of the ellipsoid along an azimuth. Measured by ``bench/coverage.py``.

    >>> from waman.geo.frames import Frame
    >>> from waman.terrain.elevation import window
    >>> sea = window((), Frame(lat0_deg=-12.0, lon0_deg=-76.0), radius_m=60_000.0, cell_m=1_000.0)
    >>> h = lowest_visible_height(sea, antenna_msl_m=25.0, range_m=60_000.0)
    >>> round(float(h[60, 60 + 50]), 0)  # 20.6 km to the horizon, 29.4 km beyond it
    51.0
    """
    ground = elevation.ground_m
    reach = int(range_m // elevation.cell_m)
    assert 4 <= reach <= elevation.half, f"{range_m} m is not within a window of {elevation.half} cells"
    assert refraction_k > 0.0, f"refraction_k is {refraction_k}"
    screen = ground if canopy_m is None else (ground + canopy_m).astype(np.float32)
    unknown = elevation.missing_share > 0.0
    if unknown:
        screen = np.where(np.isnan(screen), np.float32(WALL_M), screen)
    along, across = curvature_rows(elevation, refraction_k)
    lowest = np.full(ground.shape, np.nan, np.float32)
    h0 = np.float32(antenna_msl_m)

    def quadrant(name: str) -> None:
        if name in "EW":
            _sweep_columns(ground, screen, lowest, screen is not ground, int(name == "E"), reach, h0, across, along)
        else:
            _sweep_rows(ground, screen, lowest, int(name == "S"), reach, h0, along, across)

    with ThreadPoolExecutor(PARALLEL_THREADS_MAX) as pool:
        list(pool.map(quadrant, "EWNS"))
    lowest[elevation.half, elevation.half] = 0.0
    if unknown:
        lowest[lowest > UNKNOWN_ABOVE_M] = np.nan
    return lowest


def curvature_rows(elevation: Elevation, refraction_k: float) -> tuple[np.float32, np.float32]:
    """Return cell² / (2 k R) [m] going north-south and east-west: the drop over one cell."""
    n_radius, m_radius = ellipsoid_radii_m(elevation.frame.lat0_deg)
    half_square = elevation.cell_m**2 / (2.0 * refraction_k)
    return np.float32(half_square / m_radius), np.float32(half_square / n_radius)


def ellipsoid_radii_m(lat_deg: float) -> tuple[float, float]:
    """Return the radii of curvature across and along the meridian (N, M) of WGS 84 [m].

    >>> [round(r) for r in ellipsoid_radii_m(0.0)]
    [6378137, 6335439]
    """
    w2 = 1.0 - WGS84_E2 * np.sin(np.radians(lat_deg)) ** 2
    return float(WGS84_A_M / np.sqrt(w2)), float(WGS84_A_M * (1.0 - WGS84_E2) / w2**1.5)


def lowest_visible_height_ref(
    elevation: Elevation, *, antenna_msl_m: float, range_m: float, refraction_k: float = EFFECTIVE_EARTH
) -> F64:
    """Do the same cell by cell: every nearer sample of every ray, heights bilinear at quarter-cell steps."""
    from scipy.ndimage import map_coordinates

    ground, half, cell = elevation.ground_m.astype(np.float64), elevation.half, elevation.cell_m
    n_radius, m_radius = ellipsoid_radii_m(elevation.frame.lat0_deg)
    lowest = np.full(ground.shape, np.nan)
    for row, col in zip(*np.nonzero(np.hypot(*(np.indices(ground.shape) - half)) <= range_m // cell), strict=True):
        dy, dx = (half - row) * cell, (col - half) * cell
        d = float(np.hypot(dx, dy))
        bend = (dy * dy / m_radius + dx * dx / n_radius) / max(d * d, 1e-9) / (2.0 * refraction_k)
        share = np.arange(1, 4 * int(max(abs(dx), abs(dy)) / cell) - 3) / max(4.0 * max(abs(dx), abs(dy)) / cell, 1.0)
        z = map_coordinates(ground, [half - share * dy / cell, half + share * dx / cell], order=1)
        peak = np.max((z - antenna_msl_m) / (share * d) - share * d * bend, initial=-np.inf) if share.size else -np.inf
        lowest[row, col] = max(0.0, antenna_msl_m + (d * peak if d else -np.inf) + d * d * bend - ground[row, col])
    return lowest


@kernel
def _advance(
    peak: F32, row: F32, centre: int, distance: np.float32, n: int, first: int, last: int, drop: F32, h0: np.float32
) -> None:
    """Raise the running maxima of rays first..last (numbered 0..2n) by the ground of a row so many rows away."""
    inverse = np.float32(1.0) / distance
    step = distance / np.float32(n)
    base = np.float32(centre) - distance
    for q in range(np.uint32(first), np.uint32(last + 1)):
        x = base + step * np.float32(q)
        i = np.uint32(np.int32(x))
        w = x - np.float32(np.int32(x))
        z = row[i] + w * (row[i + np.uint32(1)] - row[i])
        peak[q] = max(peak[q], (z - h0) * inverse - distance * drop[q])


@kernel
def _advance_near(
    peak: F32,
    before: F32,
    row: F32,
    between: F32,
    centre: int,
    j: int,
    n: int,
    first: int,
    last: int,
    drop: F32,
    h0: np.float32,
) -> None:
    """Raise the running maxima by rows interpolated between j - 1 and j, as many as the distance asks."""
    parts = min(NEAR_ROWS // j, SUBROWS_MAX)
    for part in range(1, parts):
        share = np.float32(part) / np.float32(parts)
        for c in range(np.uint32(centre - j - 1), np.uint32(centre + j + 2)):
            between[c] = before[c] + share * (row[c] - before[c])
        _advance(peak, between, centre, np.float32(j - 1) + share, n, first, last, drop, h0)


@kernel
def _emit(
    peak: F32,
    row: F32,
    out: F32,
    centre: int,
    j: int,
    n: int,
    reach: int,
    h0: np.float32,
    along: np.float32,
    across: np.float32,
) -> None:
    """Write the lowest visible height of the cells within ``reach`` columns of the axis in row j."""
    step = np.float32(n) / np.float32(j)
    middle = np.float32(n)
    distance = np.float32(j)
    base = h0 + along * distance * distance
    start = np.uint32(centre - reach)
    edge = np.float32(reach)
    for q in range(np.uint32(0), np.uint32(2 * reach + 1)):
        c = np.float32(np.int32(q)) - edge
        x = middle + c * step
        i = np.uint32(np.int32(x))
        w = x - np.float32(np.int32(x))
        top = peak[i] + w * (peak[i + np.uint32(1)] - peak[i])
        out[start + q] = max(base + distance * top + across * c * c - row[start + q], np.float32(0.0))


@kernel
def _rays(reach: int, along: np.float32, across: np.float32) -> tuple[F32, F32]:
    """Return the running maxima, still empty, and the drop per squared row of each ray."""
    peak = np.full(2 * reach + 2, np.float32(-1e30), np.float32)
    drop = np.empty(2 * reach + 2, np.float32)
    for q in range(2 * reach + 2):
        t = (q - reach) / reach
        drop[q] = np.float32(along + across * t * t)
    return peak, drop


@kernel
def _sweep_rows(
    ground: F32, screen: F32, lowest: F32, south: int, reach: int, h0: np.float32, along: np.float32, across: np.float32
) -> None:
    """Sweep the north or south quadrant, its diagonals included."""
    centre = ground.shape[0] // 2
    peak, drop = _rays(reach, along, across)
    between = np.empty(ground.shape[0], np.float32)
    for j in range(1, reach + 1):
        r = centre + j if south else centre - j
        side = np.sqrt(np.float64(reach * reach - j * j))
        rays = min(reach, int(side * reach / j) + 1)
        if 2 * j <= NEAR_ROWS:
            before = screen[r - 1 if south else r + 1]
            _advance_near(peak, before, screen[r], between, centre, j, reach, reach - rays, reach + rays, drop, h0)
        _emit(peak, ground[r], lowest[r], centre, j, reach, min(j, int(side)), h0, along, across)
        _advance(peak, screen[r], centre, np.float32(j), reach, reach - rays, reach + rays, drop, h0)


@kernel
def _sweep_columns(
    ground: F32, screen: F32, lowest: F32, canopy: bool, east: int, reach: int,
    h0: np.float32, along: np.float32, across: np.float32,
) -> None:  # fmt: skip
    """Sweep the east or west quadrant, without its diagonals, on blocks of transposed columns."""
    centre = ground.shape[0] // 2
    peak, drop = _rays(reach, along, across)
    between = np.empty(ground.shape[0], np.float32)
    width = 2 * (reach + 2) + 1
    # the first row of a block is the last of the block before it
    low = np.empty((BLOCK_COLUMNS + 1, width), np.float32)
    high = np.empty((BLOCK_COLUMNS + 1, width), np.float32) if canopy else low
    out = np.empty((BLOCK_COLUMNS + 1, width), np.float32)
    for start in range(1, reach + 1, BLOCK_COLUMNS):
        stop = min(start + BLOCK_COLUMNS, reach + 1)
        # rows needed by the widest row of the block, one more for interpolation
        tall = min(stop, int(np.sqrt(np.float64(reach * reach - start * start)))) + 2
        tall = min(tall, centre)
        first = centre + start if east else centre - stop + 1
        _transpose(ground, low, centre, tall, first, stop - start, east)
        if canopy:
            _transpose(screen, high, centre, tall, first, stop - start, east)
        for j in range(start, stop):
            b = j - start + 1
            side = np.sqrt(np.float64(reach * reach - j * j))
            rays = min(reach, int(side * reach / j) + 1)
            if 2 * j <= NEAR_ROWS:
                _advance_near(peak, high[b - 1], high[b], between, tall, j, reach, reach - rays, reach + rays, drop, h0)
            _emit(peak, low[b], out[b], tall, j, reach, min(j - 1, int(side)), h0, along, across)
            _advance(peak, high[b], tall, np.float32(j), reach, reach - rays, reach + rays, drop, h0)
        _back(out, lowest, centre, tall, first, start, stop, reach, east)


@kernel
def _transpose(source: F32, target: F32, centre: int, tall: int, first: int, count: int, east: int) -> None:
    """Copy ``count`` columns from ``first`` on, and the one nearer to the centre, into rows of ``target``."""
    for r in range(np.uint32(2 * tall + 1)):
        line = source[centre - tall + r]
        target[0, r] = line[np.uint32(first - 1 if east else first + count)]
        for b in range(np.uint32(count)):
            at = b + np.uint32(1) if east else np.uint32(count) - b
            target[at, r] = line[np.uint32(first) + b]


@kernel
def _back(
    block: F32, lowest: F32, centre: int, tall: int, first: int, start: int, stop: int, reach: int, east: int
) -> None:
    """Copy what a block of columns emitted (|row| < column, inside the circle) back to its place."""
    for r in range(2 * tall + 1):
        c = abs(r - tall)
        if c > reach:
            continue  # outside the circle; the root below would be that of a negative number
        # the columns of this row that the quadrant owns
        low = max(start, c + 1)
        high = min(stop - 1, int(np.sqrt(np.float64(reach * reach - c * c))))
        line = lowest[centre - tall + r]
        for j in range(low, high + 1):
            at = j - start + 1
            line[np.uint32(first + j - start if east else first + stop - 1 - j)] = block[np.uint32(at), np.uint32(r)]
