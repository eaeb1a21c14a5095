"""The EGM96 geoid: how far mean sea level lies above the WGS 84 ellipsoid.

GNSS receivers, and so ADS-B's geometric altitude, measure height above the ellipsoid; maps and
terrain give height above the geoid. Over the Andes the two differ by 20 to 45 m, the height of the
trees a low flight hides behind, so they are never mixed.

The table is the public 15-minute grid of the EGM96 model (NIMA and NASA, 1996), rounded to
half a metre, a quarter of an ADS-B geometric altitude step; ``tools/build_geoid.py`` builds it.
"""

from __future__ import annotations

import lzma
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray

STEP_DEG = 0.25  # spacing of the grid, from 90 N to 90 S and from 0 E eastward
QUANTUM_M = 0.5  # rounding of the grid; bilinear interpolation stays within this of the model's own
ROWS, COLUMNS = 721, 1440
TABLE = "egm96_15min.xz"


@cache
def _grid_m() -> NDArray[np.float32]:
    """Return the (721, 1441) undulations [m]; the last column repeats the first."""
    packed = np.frombuffer(lzma.decompress(files("waman.geo").joinpath(TABLE).read_bytes()), np.uint8)
    high, low = packed.reshape(2, ROWS, COLUMNS)
    steps = (high.view(np.int8).astype(np.int16) << 8) | low
    grid = np.cumsum(np.cumsum(steps, axis=1, dtype=np.int16), axis=0, dtype=np.int16)
    return np.concatenate([grid, grid[:, :1]], axis=1).astype(np.float32) * np.float32(QUANTUM_M)


def undulation_m(*, lat_deg: ArrayLike, lon_deg: ArrayLike) -> NDArray[np.float64]:
    """Return the height of the EGM96 geoid above the WGS 84 ellipsoid [m]; NaN for an unknown position.

    Height above mean sea level = height above the ellipsoid - undulation. Bilinear in the
    15-minute grid; within 0.6 m of the model's published sample values.

    Parameters
    ----------
    lat_deg, lon_deg : (n,) float64, WGS 84 [deg], longitude of either convention

    >>> round(float(undulation_m(lat_deg=-14.621217, lon_deg=305.021114)))  # published: -2.969
    -3
    """
    lat, lon = np.broadcast_arrays(np.asarray(lat_deg, np.float64), np.asarray(lon_deg, np.float64))
    known = np.isfinite(lat) & np.isfinite(lon) & (np.abs(lat) <= 90.0)
    row = (90.0 - np.where(known, lat, 0.0)) / STEP_DEG
    column = (np.where(known, lon, 0.0) % 360.0) / STEP_DEG
    i = np.minimum(row.astype(np.int64), ROWS - 2)
    j = np.minimum(column.astype(np.int64), COLUMNS - 1)
    down, right = row - i, column - j
    g = _grid_m()
    north = g[i, j] * (1.0 - right) + g[i, j + 1] * right
    south = g[i + 1, j] * (1.0 - right) + g[i + 1, j + 1] * right
    return np.where(known, north * (1.0 - down) + south * down, np.nan)


def msl_from_ellipsoid_m(*, height_m: ArrayLike, lat_deg: ArrayLike, lon_deg: ArrayLike) -> NDArray[np.float64]:
    """Return heights above mean sea level [m] of heights above the WGS 84 ellipsoid; NaN where either is unknown.

    >>> float(msl_from_ellipsoid_m(height_m=[1000.0], lat_deg=[-12.0], lon_deg=[-75.0])[0]) < 1000.0
    True
    """
    return np.asarray(height_m, np.float64) - undulation_m(lat_deg=lat_deg, lon_deg=lon_deg)
