"""The flat frame every stage computes in: azimuthal equidistant about a named centre.

Distances and azimuths from the centre are true (WGS 84 ellipsoid), which is what a radar
measures; within 200 km of the centre, distances between other points are stretched by less
than 0.02 % across the radius, which is below any sensor's accuracy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Frame:
    """An azimuthal equidistant frame: x is east and y is north of the centre [m].

    >>> frame = Frame(lat0_deg=-12.0, lon0_deg=-75.0)
    >>> east, north = frame.to_plane(lat_deg=-12.0, lon_deg=-75.0)
    >>> abs(float(east)) < 1e-6 and abs(float(north)) < 1e-6
    True
    """

    lat0_deg: float
    lon0_deg: float

    @property
    def crs(self) -> str:
        """The PROJ text of the frame, as written into rasters."""
        return f"+proj=aeqd +lat_0={self.lat0_deg!r} +lon_0={self.lon0_deg!r} +datum=WGS84 +units=m +no_defs"

    @cached_property
    def _proj(self) -> pyproj.Proj:
        return pyproj.Proj(self.crs)

    def to_plane(self, *, lat_deg: ArrayLike, lon_deg: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return east and north [m] of points given in degrees; NaN stays NaN."""
        lat, lon = np.asarray(lat_deg, np.float64), np.asarray(lon_deg, np.float64)
        known = np.isfinite(lat) & np.isfinite(lon)
        east, north = self._proj(np.where(known, lon, self.lon0_deg), np.where(known, lat, self.lat0_deg))
        return np.where(known, east, np.nan), np.where(known, north, np.nan)

    def to_degrees(self, *, east_m: ArrayLike, north_m: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return latitude and longitude [deg] of points of the plane; NaN stays NaN."""
        east, north = np.asarray(east_m, np.float64), np.asarray(north_m, np.float64)
        known = np.isfinite(east) & np.isfinite(north)
        lon, lat = self._proj(np.where(known, east, 0.0), np.where(known, north, 0.0), inverse=True)
        return np.where(known, lat, np.nan), np.where(known, lon, np.nan)


def polar_to_plane(
    *, range_m: ArrayLike, azimuth_deg: ArrayLike, height_m: ArrayLike = np.nan, antenna_m: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return east and north [m] of a radar plot about its radar, slant range corrected where the height is known.

    Ground range on a sphere of 4/3 radius is neglected: over 200 km the flat correction
    sqrt(range² - (height - antenna)²) is within the range accuracy of any surveillance radar
    (Doc 9871 and SPEC-147 accept it below 100 NM). Unknown height (NaN) leaves slant range as
    it is; the caller carries the bias as uncertainty.

    >>> e, n = polar_to_plane(range_m=1000.0, azimuth_deg=90.0)
    >>> round(float(e)), round(float(n))
    (1000, 0)
    """
    rho, theta = np.asarray(range_m, np.float64), np.radians(np.asarray(azimuth_deg, np.float64))
    rise = np.nan_to_num(np.asarray(height_m, np.float64) - antenna_m, nan=0.0)
    ground = np.sqrt(np.maximum(rho * rho - rise * rise, 0.0))
    return ground * np.sin(theta), ground * np.cos(theta)
