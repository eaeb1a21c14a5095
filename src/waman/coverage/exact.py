"""The lowest visible height of single points, computed exactly: the judge of the sweep.

Nothing is shared with :mod:`waman.coverage.sweep`: the ground is the raster's own posts, joined
to triangles (not a warped grid interpolated along rows), the path is the geodesic on the
ellipsoid (not a straight line of the plane), the earth is a sphere of the effective radius
along the azimuth treated by trigonometry (not a parabola), and every step is float64.
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
