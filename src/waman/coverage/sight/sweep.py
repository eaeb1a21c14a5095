"""The lowest visible height above ground, by a radial sweep over four quadrants.

For a sensor at height h0 and a cell at distance d whose ground is z, with ground curvature
1/R along its azimuth and refraction factor k, the lowest visible height above ground is

    max(0, h0 + d M + d² / (2 k R) - z),   M = max over nearer ground of (z - h0)/d - d/(2 k R)

The rays are swept outward row by row, numbered by tangent, eight octants at a time
(:mod:`waman.coverage.sight.octants`), in slices of tangents that share nothing and so run on all cores.
Curvature along an azimuth is that of the ellipsoid, L²/R = cell² (i²/R_across + j²/R_along), by
Euler's formula.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from waman.coverage.sight.octants import sweep_slice
from waman.jit import PARALLEL_THREADS_MAX
from waman.terrain.elevation import Elevation

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

WGS84_A_M = 6_378_137.0  # NIMA TR8350.2
WGS84_E2 = 6.694_379_990_14e-3
EFFECTIVE_EARTH = 4.0 / 3.0  # standard atmosphere, ITU-R P.310
SLICES = 4  # of tangents; small enough that the rows in work stay in second-level cache
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

    def sweep(number: int) -> None:
        low, high = (float(np.tan(np.pi / 4.0 * n / SLICES)) for n in (number, number + 1))
        last = number == SLICES - 1
        sweep_slice(ground, screen, lowest, screen is not ground, low, 1.0 if last else high, reach, h0, along, across)

    with ThreadPoolExecutor(PARALLEL_THREADS_MAX) as pool:
        list(pool.map(sweep, range(SLICES)))
    lowest[elevation.half, elevation.half] = 0.0
    if unknown:
        lowest[np.isnan(ground) | (lowest > UNKNOWN_ABOVE_M)] = np.nan
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
