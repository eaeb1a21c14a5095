"""Pd of one sensor at single points with the exact formulas, reading only the cells needed. Needs no numba."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from waman.coverage.detect import beam, observer, radar
from waman.coverage.detect.model import SensorModel
from waman.errors import InputError
from waman.geo.frames import Frame

F64 = NDArray[np.float64]

EDGE_M = 10.0
"""Half width of the ramp from masked to visible: the 90 % height error of SRTM (Rodriguez et al. 2006: 5-9 m)."""

WGS84_A_M, WGS84_E2 = 6_378_137.0, 6.694_379_990_14e-3


def point_pd(
    model: SensorModel, *, east_m: F64, north_m: F64, lowest_m: F64, ground_m: F64, height_agl_m: F64, rcs_m2: float
) -> F64:
    """Return Pd a scan at points of the sensor's plane, given the two layers there; NaN where they are unknown.

    The same chain as the field's kernel, with exact formulas in place of tables.
    """
    assert model.antenna_msl_m is not None, f"{model.id}: the field was not built"
    w2 = 1.0 - WGS84_E2 * np.sin(np.radians(model.lat_deg)) ** 2
    across, along = WGS84_A_M / np.sqrt(w2), WGS84_A_M * (1.0 - WGS84_E2) / w2**1.5
    rise = ground_m + height_agl_m - model.antenna_msl_m
    flat = np.hypot(east_m, north_m)
    slant = np.hypot(flat, rise)
    inside = (slant >= model.range_min_m) & (slant <= model.range_max_m)
    if model.method == "observer":
        # by day and in calm weather; a ridge stops no sound
        pd = (model.detection_probability or 0.5) * observer.distance_share(slant, model.range_max_m)
        return np.where(inside, pd, 0.0)
    bend = (east_m**2 / across + north_m**2 / along) / (2.0 * model.refraction_k)
    table, first, step = beam.gain_table(model.pattern_db)
    elevation = np.degrees(np.arctan2(rise - bend, flat))
    gain = np.interp(elevation, first + step * np.arange(table.size), table)
    visible = np.where(lowest_m <= 0.0, 1.0, np.clip(0.5 + (height_agl_m - lowest_m) / (2.0 * EDGE_M), 0.0, 1.0))
    if model.method == "radar":
        clutter = model.clutter_loss_db * np.clip((100.0 - lowest_m) / 70.0, 0.0, 1.0)
        gain_db = np.maximum(gain, -100.0) - clutter / 2.0
        pd = radar.radar_pd(model, range_m=np.maximum(slant, 1.0), gain_db=gain_db, rcs_m2=rcs_m2)
    else:
        pd = np.full(slant.shape, model.detection_probability or 0.5)
    return np.where(inside & (gain > beam.OUTSIDE_DB / 3.0), visible * pd, 0.0)


def read_point(path: Path, model: SensorModel, *, lat_deg: float, lon_deg: float) -> tuple[float, float, float, float]:
    """Return east, north [m] and the two layers [m], bilinear, at one place; NaN beyond the raster or unknown."""
    east, north = (float(v) for v in Frame(model.lat_deg, model.lon_deg).to_plane(lat_deg=lat_deg, lon_deg=lon_deg))
    try:
        with rasterio.open(path) as data:
            col, row = (
                (east - data.transform.c) / data.transform.a - 0.5,
                (data.transform.f - north) / data.transform.a - 0.5,
            )
            i, j = int(np.floor(row)), int(np.floor(col))
            if not (0 <= i < data.height - 1 and 0 <= j < data.width - 1):
                return east, north, np.nan, np.nan
            cells = data.read([1, 2], window=((i, i + 2), (j, j + 2))).astype(np.float64)
    except RasterioError as why:
        raise InputError(f"sensor {model.id!r}: {path} cannot be read: {why}", hint="run waman cover again") from why
    u, v = row - i, col - j
    weight = np.array([[(1 - u) * (1 - v), (1 - u) * v], [u * (1 - v), u * v]])
    lowest, ground = ((band * weight).sum() for band in cells)
    if np.isnan(lowest):
        lowest = cells[0, round(u), round(v)]
    return east, north, float(lowest), float(ground)
