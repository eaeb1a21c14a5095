"""The detection field as the kernels see it: sampled once over the plane, one array for all sensors.

Asking the field for every track at every look would cost more than tracking; it is smooth over a
kilometre and does not change within a run, so it is read from this table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waman.geo.frames import Frame
from waman.tracks.core import columns as col
from waman.tracks.core.state import Sensors
from waman.tracks.prepare import IDENTIFIED_CLUTTER_PER_M2, SensorModel, clutter_per_m2

DetectionProbability = Callable[..., NDArray[np.float64]] | float

CELL_M = 1000.0
CELLS_MAX = 640
"""Most cells along a side; a larger area gets larger cells (a field of 640 x 640 x 7 heights is 11 MB a sensor)."""
LAYERS_AGL_M = (np.nan, 100.0, 300.0, 1000.0, 2000.0, 4000.0, 8000.0)
MARGIN_M = 20_000.0
MAP_CELL_M = 2000.0
"""Cells of the maps of :mod:`waman.tracks.core.maps`: a ridge's echoes or a mask's edge fill one or two."""
PD_MAX = 0.995


def sample_sensors(
    models: Sequence[SensorModel],
    frame: Frame,
    bounds_m: tuple[float, float, float, float],
    detection_probability: Any,
    *,
    cell_m: float = CELL_M,
    time_us: int | None = None,
    heights: bool = True,
) -> Sensors:
    """Return the sensor table of the kernels for plots within ``bounds_m`` (west, south, east, north in the plane).

    ``detection_probability`` is a number, a function ``(lat_deg, lon_deg, height_agl_m, sensor, time_us) -> (n,)``
    or an object with a method of that name; a sensor it does not know (KeyError, or NaN) gets its own
    constant. Heights are asked above ground, NaN meaning unknown; without ``heights`` (no plot tells one) only that.
    """
    west, south, east, north = bounds_m
    cell = max(cell_m, (east - west + 2 * MARGIN_M) / CELLS_MAX, (north - south + 2 * MARGIN_M) / CELLS_MAX)
    gx, gy = np.floor((west - MARGIN_M) / cell) * cell, np.floor((south - MARGIN_M) / cell) * cell
    f = np.zeros((len(models), col.SENSOR_FLOATS))
    for s, model in enumerate(models):
        config = model.config
        f[s, col.S_X], f[s, col.S_Y] = model.east_m, model.north_m
        f[s, col.S_COUNTED] = float(model.scanning)
        f[s, col.S_BIRTH] = 1.0 / model.area_m2 if model.scanning else IDENTIFIED_CLUTTER_PER_M2
        f[s, col.S_FALSE] = clutter_per_m2(model)
        f[s, col.S_RANGE] = (config.range_max_m or 0.0) if config is not None and np.isfinite(model.east_m) else 0.0
        f[s, col.S_VSIGMA] = 65.0 if model.kind == "psr" else 150.0
        f[s, col.S_GX], f[s, col.S_GY], f[s, col.S_CELL] = gx, gy, cell
    nx, ny = int(np.ceil((east + MARGIN_M - gx) / cell)), int(np.ceil((north + MARGIN_M - gy) / cell))
    constants = [_constant(m, detection_probability) for m in models]
    if not callable(detection_probability) and not hasattr(detection_probability, "detection_probability"):
        pd = np.array(constants, np.float32).reshape(-1, 1, 1, 1)
        seen = _seen(f, np.broadcast_to(pd[:, 0], (len(models), ny, nx)))
        return Sensors(f, pd, np.zeros((1, 1), np.float32), np.array([np.nan]), seen)
    xs, ys = gx + (np.arange(nx) + 0.5) * cell, gy + (np.arange(ny) + 0.5) * cell
    lat, lon = (a.ravel() for a in frame.to_degrees(east_m=np.tile(xs, (ny, 1)), north_m=np.tile(ys[:, None], (1, nx))))
    layers = LAYERS_AGL_M if heights else LAYERS_AGL_M[:1]
    grid = np.empty((len(models), len(layers), ny, nx), np.float32)
    for s, model in enumerate(models):
        for k, height in enumerate(layers):
            grid[s, k] = _ask(detection_probability, lat, lon, height, model.id, time_us, constants[s]).reshape(ny, nx)
    ground = _ground(detection_probability, lat, lon, ny, nx)
    return Sensors(f, grid, ground, np.array(layers), _seen(f, grid[:, 0]))


def map_grid(sensors: Sensors) -> NDArray[np.float64]:
    """Return west, south and cell size [m] of the maps that go with a sensor table."""
    f = sensors.f[0]
    return np.array([f[col.S_GX], f[col.S_GY], _block(f) * f[col.S_CELL]])


def _block(f: NDArray[np.float64]) -> float:
    """Return how many sampled cells make a side of one map cell."""
    return float(max(round(MAP_CELL_M / f[col.S_CELL]), 1))


def _seen(f: NDArray[np.float64], pd: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean detection probability by map cell, nothing beyond a sensor's range: (sensors, my, mx)."""
    sensors, ny, nx = pd.shape
    n = int(_block(f[0])) if sensors else 1
    my, mx = -(-ny // n), -(-nx // n)
    wide = np.pad(pd, ((0, 0), (0, my * n - ny), (0, mx * n - nx)), mode="edge")
    out = np.ascontiguousarray(wide.reshape(sensors, my, n, mx, n).mean(axis=(2, 4)), np.float32)
    for s in range(sensors):
        if f[s, col.S_RANGE] > 0.0:
            cell = n * f[s, col.S_CELL]
            x = f[s, col.S_GX] + (np.arange(mx) + 0.5) * cell - f[s, col.S_X]
            y = f[s, col.S_GY] + (np.arange(my) + 0.5) * cell - f[s, col.S_Y]
            out[s][x[None] ** 2 + y[:, None] ** 2 > f[s, col.S_RANGE] ** 2] = 0.0
    return out


def _constant(model: SensorModel, given: Any) -> float:
    if isinstance(given, int | float):
        return min(max(float(given), 0.0), PD_MAX)
    if model.config is not None and model.config.detection_probability is not None:
        return min(model.config.detection_probability, PD_MAX)
    return 0.8 if model.scanning else 0.9


def _ask(
    given: Any,
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    height_m: float,
    sensor: str,
    time_us: int | None,
    otherwise: float,
) -> NDArray[np.float64]:
    heights = np.full(len(lat), height_m)
    try:
        if hasattr(given, "detection_probability"):
            out = given.detection_probability(lat, lon, None if np.isnan(height_m) else heights, sensor=sensor)
        else:
            out = given(lat, lon, heights, sensor, time_us)
    except KeyError:  # the field does not know this sensor
        return np.full(len(lat), otherwise)
    flat = np.asarray(out, np.float64).reshape(len(lat))
    return np.clip(np.where(np.isfinite(flat), flat, otherwise), 0.0, PD_MAX)


def _ground(given: Any, lat: NDArray[np.float64], lon: NDArray[np.float64], ny: int, nx: int) -> NDArray[np.float32]:
    """Return ground height above sea level [m] where the field knows it, else a single zero."""
    if hasattr(given, "ground_msl_m"):
        ground = np.asarray(given.ground_msl_m(lat, lon), np.float64).reshape(ny, nx)
        return np.nan_to_num(ground).astype(np.float32)
    return np.zeros((1, 1), np.float32)
