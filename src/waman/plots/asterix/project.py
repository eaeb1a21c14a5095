"""Range and azimuth to latitude and longitude, for sensors whose position is surveyed; no other is guessed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman.config import Sensor
from waman.geo.frames import Frame, polar_to_plane
from waman.geo.units import FLIGHT_LEVEL_M


def with_positions(plots: pa.Table, sensors: Mapping[int, Sensor]) -> pa.Table:
    """Return the plots with lat_deg, lon_deg and sigma_m where a surveyed sensor measured range and azimuth.

    Slant range is corrected with the flight level where there is one and the antenna's height is known; else the
    largest slant-range error of a target up to 12 km high is carried in sigma_m.
    """
    surveyed = {s.id: s for s in sensors.values() if s.surveyed}
    ids = plots["sensor"].combine_chunks()
    present = [w for w in ids.dictionary.to_pylist() if w in surveyed]
    if not present:
        return plots
    range_m, azimuth_deg, level = (_array(plots, k) for k in ("range_m", "azimuth_deg", "altitude_fl"))
    lat, lon, sigma = (_array(plots, k) for k in ("lat_deg", "lon_deg", "sigma_m"))
    names = ids.indices.to_numpy()
    for word in present:
        s = surveyed[word]
        mine = (
            (names == ids.dictionary.to_pylist().index(word)) & np.isfinite(range_m + azimuth_deg) & ~np.isfinite(lat)
        )
        rows = np.flatnonzero(mine)
        if s.lat_deg is None or s.lon_deg is None or not rows.size:
            continue
        antenna_m = s.altitude_msl_m
        height_m = level[rows] * FLIGHT_LEVEL_M if antenna_m is not None else np.full(rows.size, np.nan)
        east, north = polar_to_plane(
            range_m=range_m[rows], azimuth_deg=azimuth_deg[rows], height_m=height_m, antenna_m=antenna_m or 0.0
        )
        frame = Frame(lat0_deg=s.lat_deg, lon0_deg=s.lon_deg)
        lat[rows], lon[rows] = frame.to_degrees(east_m=east, north_m=north)
        sigma[rows] = position_sigma(range_m[rows], height_m, s)
    for column, values in (("lat_deg", lat), ("lon_deg", lon), ("sigma_m", sigma)):
        field = plots.schema.field(column)
        plots = plots.set_column(
            plots.schema.get_field_index(column), field, pa.array(values, from_pandas=True).cast(field.type)
        )
    return plots


SLANT_HEIGHT_M = 12_000.0


def position_sigma(range_m: NDArray[np.float64], height_m: NDArray[np.float64], sensor: Sensor) -> NDArray[np.float64]:
    """Return the 1-sigma position error per axis [m]: range, cross-range, and slant range where no height is known.

    A height anywhere in 0..12 km makes the slant-range error r - sqrt(r² - h²) at most; its spread is
    that of a uniform distribution, one third of the largest value.
    """
    cross = range_m * np.radians(sensor.sigma_azimuth_deg)
    worst = range_m - np.sqrt(np.maximum(range_m**2 - np.minimum(SLANT_HEIGHT_M, range_m) ** 2, 0.0))
    slant = np.where(np.isfinite(height_m), 0.0, worst / 3.0)
    return np.asarray(np.sqrt((sensor.sigma_range_m**2 + cross**2 + slant**2) / 2), np.float64)


def _array(plots: pa.Table, column: str) -> NDArray[np.float64]:
    return np.array(plots[column].to_numpy(), np.float64)
