"""The lowest visible height of single points, computed exactly: the judges of the sweep.

Two judges, both float64, sharing nothing with :mod:`waman.coverage.sight.sweep`: they treat one point at
a time, and the effective earth by the trigonometry of a sphere along the azimuth (not a parabola).

:func:`exact_lowest_height` judges everything from the raster's own posts on: they are joined to
triangles (no warp) and sampled along the geodesic of the ellipsoid.
:func:`exact_on_surface` judges the sweep alone, on the grid it was given: the surface through the
cells is followed square by square, and the point that blocks most is found in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Posts:
    """Heights [m] at posts of a latitude-longitude grid; ``lat0_deg``, ``lon0_deg`` is the north-west post."""

    height_m: NDArray[np.floating]
    lat0_deg: float
    lon0_deg: float
    step_deg: float

    def triangulated(self, lat_deg: F64, lon_deg: F64) -> F64:
        """Return the height on the triangles of the posts, each square cut from north-west to south-east."""
        y, x = (self.lat0_deg - lat_deg) / self.step_deg, (lon_deg - self.lon0_deg) / self.step_deg
        rows, cols = self.height_m.shape
        i, j = np.clip(np.floor(y).astype(int), 0, rows - 2), np.clip(np.floor(x).astype(int), 0, cols - 2)
        u, v = y - i, x - j
        z = self.height_m
        nw, ne, sw, se = (z[i + a, j + b].astype(np.float64) for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)))
        upper = nw + v * (ne - nw) + u * (se - ne)
        lower = nw + u * (sw - nw) + v * (se - sw)
        outside = (y < 0) | (x < 0) | (y > rows - 1) | (x > cols - 1)
        return np.where(outside, np.nan, np.where(v >= u, upper, lower))


def exact_lowest_height(
    posts: Posts,
    *,
    lat_deg: float,
    lon_deg: float,
    antenna_msl_m: float,
    target_lat_deg: F64,
    target_lon_deg: F64,
    refraction_k: float = 4.0 / 3.0,
    step_m: float = 20.0,
) -> F64:
    """Return the lowest height above ground [m] at which the antenna sees each target point.

    Parameters
    ----------
    posts : the ground
    antenna_msl_m : height of the antenna above the geoid [m]
    target_lat_deg, target_lon_deg : (n,) float64
    step_m : largest distance between the samples of a profile [m]; close to the antenna a fortieth of
        the distance, at least two metres

    Returns
    -------
    (n,) float64 [m]; NaN where the profile leaves the posts
    """
    geod = pyproj.Geod(ellps="WGS84")
    n = target_lat_deg.size
    azimuth, _, distance = geod.inv(np.full(n, lon_deg), np.full(n, lat_deg), target_lon_deg, target_lat_deg)
    radius = refraction_k * _radius_along(geod, lat_deg, np.radians(azimuth))
    ladder = _ladder(float(distance.max(initial=1.0)), step_m)
    out = np.empty(n)
    for i in range(n):
        along = ladder[: np.searchsorted(ladder, distance[i] - 1e-3)]
        lon, lat, _ = geod.fwd(
            np.full(along.size, lon_deg), np.full(along.size, lat_deg), np.full(along.size, azimuth[i]), along
        )
        r, r0 = radius[i], radius[i] + antenna_msl_m
        z = posts.triangulated(np.asarray(lat), np.asarray(lon))
        angle = along / r
        sight = np.arctan2((r + z) * np.cos(angle) - r0, (r + z) * np.sin(angle))
        peak = float(np.max(sight)) if sight.size else -np.pi / 2.0
        ground = float(posts.triangulated(target_lat_deg[i : i + 1], target_lon_deg[i : i + 1])[0])
        if peak <= -np.pi / 2.0:
            out[i] = 0.0
            continue
        ray = r0 * np.cos(peak) / np.cos(peak + distance[i] / r) - r
        out[i] = max(0.0, ray - ground) if np.isfinite(peak) and np.isfinite(ground) else np.nan
    return out


def exact_on_surface(
    ground_m: NDArray[np.floating],
    *,
    cell_m: float,
    lat_deg: float,
    antenna_msl_m: float,
    rows: NDArray[np.integer],
    cols: NDArray[np.integer],
    refraction_k: float = 4.0 / 3.0,
) -> F64:
    """Return the lowest height above ground [m] at which the antenna in the middle of a grid sees each cell.

    The ground is the bilinear surface through the centres of the cells. In the azimuthal
    equidistant plane a line from the centre is a geodesic and its length is true. Between two
    grid lines the profile is A + B s + C s², so the point that blocks most,
    (A - h0)/s + B + (C - bend) s, is known in closed form: nothing is sampled and nothing missed.

    Parameters
    ----------
    ground_m : (2 half + 1, 2 half + 1) [m above the geoid], without NaN
    rows, cols : (n,) the cells asked for, not the middle one

    Returns
    -------
    (n,) float64 [m]

    >>> wall = np.zeros((21, 21))
    >>> wall[:, 15] = 300.0  # five cells east of the antenna
    >>> at = {"rows": np.array([10]), "cols": np.array([20])}
    >>> exact_on_surface(wall, cell_m=90.0, lat_deg=0.0, antenna_msl_m=100.0, refraction_k=1e4, **at).round(1)
    array([500.])
    """
    half = ground_m.shape[0] // 2
    geod = pyproj.Geod(ellps="WGS84")
    out = np.empty(rows.size)
    for i, (row, col) in enumerate(zip(rows.tolist(), cols.tolist(), strict=True)):
        dy, dx = float(half - row), float(col - half)
        far = float(np.hypot(dy, dx))
        r = refraction_k * float(_radius_along(geod, lat_deg, np.array([np.arctan2(dx, dy)]))[0]) / cell_m
        s, z = _crests(ground_m, half, dy / far, dx / far, far, antenna_msl_m, cell_m / (2.0 * r))
        angle, r_m, r0_m = s / r, r * cell_m, r * cell_m + antenna_msl_m
        peak = float(np.max(np.arctan2((r_m + z) * np.cos(angle) - r0_m, (r_m + z) * np.sin(angle))))
        ray = r0_m * np.cos(peak) / np.cos(peak + far / r) - r_m
        out[i] = max(0.0, ray - float(ground_m[row, col]))
    return out


def _crests(
    ground_m: NDArray[np.floating], half: int, north: float, east: float, far: float, h0_m: float, bend_m: float
) -> tuple[F64, F64]:
    """Return where on the line [cells] the ground may block most, and its height there [m].

    Those are the grid lines crossed and, within a square, the point where the slope of sight is
    stationary. ``bend_m`` is the drop of the earth over one cell.
    """
    cuts = [np.arange(1.0, far * abs(step) + 1e-9) / abs(step) for step in (north, east) if abs(step) > 1e-12]
    s = np.unique(np.concatenate(([1e-3], *cuts, [far])))
    s = s[(s >= 1e-3) & (s <= far)]
    s = s[np.concatenate(([True], np.diff(s) > 1e-9))]
    middle = 0.5 * (s[1:] + s[:-1])
    y, x = half - north * middle, half + east * middle
    i, j = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
    # along a grid line the neighbour beyond the edge has no weight
    i1, j1 = np.minimum(i + 1, 2 * half), np.minimum(j + 1, 2 * half)
    nw, ne, sw, se = (ground_m[a, b].astype(np.float64) for a, b in ((i, j), (i, j1), (i1, j), (i1, j1)))
    # heights in a square: nw + u (sw - nw) + v (ne - nw) + u v twist, with u = u0 - north s, v = v0 + east s
    u0, v0, down, right, twist = half - i, half - j, sw - nw, ne - nw, nw - ne - sw + se
    a = nw + u0 * down + v0 * right + u0 * v0 * twist
    b = -north * down + east * right + twist * (u0 * east - v0 * north)
    c = -twist * north * east
    with np.errstate(divide="ignore", invalid="ignore"):
        best = np.sqrt((a - h0_m) / (c - bend_m))
    inside = (best > s[:-1]) & (best < s[1:])
    stationary = np.where(inside, best, middle)
    at = np.concatenate((s[:-1], stationary))
    z = np.concatenate((a + b * s[:-1] + c * s[:-1] ** 2, a + b * stationary + c * stationary**2))
    return at, z


def _ladder(far_m: float, step_m: float) -> F64:
    """Return distances from the antenna at which a profile is sampled."""
    rungs = [2.0]
    while rungs[-1] < far_m:
        rungs.append(rungs[-1] + min(max(rungs[-1] / 40.0, 2.0), step_m))
    return np.array(rungs)


def _radius_along(geod: pyproj.Geod, lat_deg: float, azimuth: F64) -> F64:
    """Return the radius of curvature of the ellipsoid along azimuths [rad], after Euler."""
    sine2 = geod.es * np.sin(np.radians(lat_deg)) ** 2
    across = geod.a / np.sqrt(1.0 - sine2)
    along = geod.a * (1.0 - geod.es) / (1.0 - sine2) ** 1.5
    return np.asarray(1.0 / (np.cos(azimuth) ** 2 / along + np.sin(azimuth) ** 2 / across), np.float64)
