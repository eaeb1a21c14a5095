"""Where an aircraft may be after a time out of sight: low behind a ridge, along the valley."""

from __future__ import annotations

import numpy as np
import pytest

from waman.tracks.core import columns as col
from waman.tracks.core.state import Params, Sensors
from waman.tracks.forensic.paths import LOW_AGL_M, RIDGE_M, draws, fly

CELL_M, CELLS = 1000.0, 60
LAYERS_M = np.array([np.nan, 100.0, 300.0, 1000.0, 2000.0, 4000.0, 8000.0])


def radar(pd_by_layer: list[float], ground: np.ndarray) -> Sensors:
    f = np.zeros((1, col.SENSOR_FLOATS))
    f[0, [col.S_GX, col.S_GY, col.S_CELL]] = -30_000.0, -30_000.0, CELL_M
    pd = np.broadcast_to(np.array(pd_by_layer, np.float32)[:, None, None], (7, CELLS, CELLS))[None].copy()
    return Sensors(f, pd, ground.astype(np.float32), LAYERS_M, pd[:, 0])


def flown(
    sensors: Sensors, *, height_m: float = np.nan, back: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ten looks in 80 s eastward at 70 m/s; the states at the end, weights, and heights drawn."""
    normal, uniform, agl = (r[0] for r in draws())
    out, weight = np.empty((len(agl), 4)), np.empty(len(agl))
    x, root, times = np.array([0.0, 0.0, 70.0, 0.0]), np.diag([50.0, 50.0, 3.0, 3.0]), 8.0 * np.arange(1, 11)
    fly(x, root, back, normal, uniform, agl, times, np.ones(10), Params(), height_m, sensors, 0, out, weight)
    return out, weight, agl


def test_a_minute_out_of_sight_says_low_not_gone() -> None:
    sensors = radar([0.6, 0.0, 0.0, 0.9, 0.9, 0.9, 0.9], np.zeros((CELLS, CELLS)))
    _, weight, agl = flown(sensors)
    low = agl < 500.0
    assert weight[low].min() == 1.0
    assert weight[~low].max() < 1e-9
    # the mean over heights, look by look, would have called it gone
    assert weight.mean() == pytest.approx(low.mean()) and 0.4 < low.mean() < 0.6
    assert weight.mean() > 1000.0 * (1.0 - 0.6) ** 10


def test_a_known_height_is_not_drawn() -> None:
    sensors = radar([0.6, 0.0, 0.0, 0.9, 0.9, 0.9, 0.9], np.zeros((CELLS, CELLS)))
    assert flown(sensors, height_m=200.0)[1].min() == 1.0
    assert flown(sensors, height_m=3000.0)[1].max() < 1e-9


def walled(height_m: float) -> np.ndarray:
    """A valley along the x axis, 4 km wide, between plateaus."""
    ground = np.full((CELLS, CELLS), height_m)
    ground[28:32] = 0.0
    return ground


def test_paths_stay_in_the_valley_where_its_walls_are_too_steep_to_climb() -> None:
    # 3,000 m up within one look of 8 s: 40 m could be climbed
    out, weight, _ = flown(radar([0.0] * 7, walled(3000.0)))
    outside = np.abs(out[:, 1]) > 2500.0
    assert outside.any() and weight[outside].max() < np.exp(-2900.0 / RIDGE_M)
    assert weight[np.abs(out[:, 1]) < 1500.0].max() == 1.0


def test_an_aircraft_above_the_ridges_passes_and_one_going_back_in_time_meets_the_same_walls() -> None:
    assert flown(radar([0.0] * 7, walled(3000.0)), height_m=3500.0)[1].min() == 1.0
    out, weight, _ = flown(radar([0.0] * 7, walled(3000.0)), back=-1.0)
    # back in time it left the plateau downward, which costs nothing
    assert weight.min() == 1.0 and (np.abs(out[:, 1]) > 2500.0).any()
    assert set(np.unique(draws()[2])) == set(LOW_AGL_M)
