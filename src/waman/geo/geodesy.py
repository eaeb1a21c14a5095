"""Distances, azimuths and destinations on the WGS 84 ellipsoid (Karney 2013, through PROJ)."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_M = 6_371_008.8  # IUGG mean radius R1


@cache
def _geod() -> pyproj.Geod:
    return pyproj.Geod(ellps="WGS84")


def inverse(
    *, lat1_deg: ArrayLike, lon1_deg: ArrayLike, lat2_deg: ArrayLike, lon2_deg: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return distance [m] and initial azimuth [deg, 0..360] from point 1 to point 2 on the ellipsoid.

    Source: Karney, Algorithms for geodesics, J. Geodesy 87 (2013), through PROJ. Arrays broadcast.

    >>> d, a = inverse(lat1_deg=0.0, lon1_deg=0.0, lat2_deg=0.0, lon2_deg=1.0)
    >>> round(float(d)), float(a)
    (111319, 90.0)
    """
    la1, lo1, la2, lo2 = np.broadcast_arrays(
        *(np.asarray(v, np.float64) for v in (lat1_deg, lon1_deg, lat2_deg, lon2_deg))
    )
    azimuth, _, distance = _geod().inv(lo1, la1, lo2, la2)
    return np.asarray(distance, np.float64), np.asarray(azimuth, np.float64) % 360.0


def distance_m(
    *, lat1_deg: ArrayLike, lon1_deg: ArrayLike, lat2_deg: ArrayLike, lon2_deg: ArrayLike
) -> NDArray[np.float64]:
    """Return the great-circle distance [m] on the mean sphere; within 0.6 % of the ellipsoid, and fast.

    Use :func:`inverse` where a per mille matters. Source: haversine formula, R1 of the IUGG.

    >>> round(float(distance_m(lat1_deg=0.0, lon1_deg=0.0, lat2_deg=0.0, lon2_deg=1.0)))
    111195
    """
    phi1, phi2 = np.radians(lat1_deg), np.radians(lat2_deg)
    half_dphi = (phi2 - phi1) / 2.0
    half_dlam = (np.radians(lon2_deg) - np.radians(lon1_deg)) / 2.0
    h = np.sin(half_dphi) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(half_dlam) ** 2
    return np.asarray(2.0 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(h, 1.0))), np.float64)


def destination(
    *, lat_deg: ArrayLike, lon_deg: ArrayLike, azimuth_deg: ArrayLike, distance_m: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return latitude and longitude [deg] reached from a point along an azimuth on the ellipsoid.

    >>> lat, lon = destination(lat_deg=0.0, lon_deg=0.0, azimuth_deg=90.0, distance_m=111_319.49)
    >>> round(float(lon), 4)
    1.0
    """
    la, lo, az, di = np.broadcast_arrays(
        *(np.asarray(v, np.float64) for v in (lat_deg, lon_deg, azimuth_deg, distance_m))
    )
    lon2, lat2, _ = _geod().fwd(lo, la, az, di)
    return np.asarray(lat2, np.float64), np.asarray(lon2, np.float64)
