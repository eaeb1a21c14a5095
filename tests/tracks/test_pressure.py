"""What aircraft with both heights say of the air moves the pressure heights of the others, and says how far off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from waman.sim.land.air import geometric_m
from waman.tracks.core import columns as col
from waman.tracks.core.pressure import (
    ALTIMETER_VAR,
    VISITS_MAX,
    WARM_SD,
    altitude_of,
    fit_pressure,
    fit_pressure_ref,
    learn_pressure,
    settled,
)
from waman.tracks.core.update import update_height


def table(heights: list[float], *, offset_c: float, qnh_hpa: float, aircraft: int = 8) -> np.ndarray:
    """Return the bands after ``aircraft`` of perfect altimeters, each seen at all heights (the middle of its band)."""
    dz = np.zeros((col.BANDS + col.LINE_ROWS, 4))
    dz[col.BANDS, 2] = aircraft
    for h in heights:
        off = float(geometric_m(np.array(h), isa_offset_c=offset_c, qnh_hpa=qnh_hpa)) - h
        dz[int(h // 1000.0)] = off, min(aircraft, VISITS_MAX), h, 10.0 * aircraft
    fit_pressure(dz)
    return dz


def plot(fl_m: float, geo_m: float = np.nan) -> np.ndarray:
    f = np.full(64, np.nan)
    f[col.P_FL], f[col.P_GEO] = fl_m, geo_m
    return f


@given(arrays(float, (col.BANDS, 4), elements=st.floats(0.0, 400.0)), st.integers(1, 50))
def test_the_line_is_that_of_a_least_squares_by_singular_values(bands: np.ndarray, aircraft: int) -> None:
    dz = np.zeros((col.BANDS + col.LINE_ROWS, 4))
    dz[: col.BANDS] = np.floor(bands)
    dz[: col.BANDS, 2] *= 30.0
    dz[: col.BANDS, 3] += 1.0
    dz[col.BANDS, 2] = aircraft
    fit_pressure(dz)
    line, covariance = fit_pressure_ref(dz)
    assert dz[col.BANDS, :2] == pytest.approx(line, rel=1e-6, abs=1e-6)
    assert dz[col.BANDS + 1, :2] == pytest.approx(covariance[0], rel=1e-6)
    assert dz[col.BANDS + 2, 0] == pytest.approx(covariance[1, 1], rel=1e-6)


@pytest.mark.parametrize("offset_c", [-20.0, 0.0, 20.0])
def test_air_twenty_degrees_off_is_learned_from_two_heights_and_holds_at_a_third(offset_c: float) -> None:
    dz = table([500.0, 3500.0], offset_c=offset_c, qnh_hpa=1005.0)
    height, var, source = altitude_of(plot(2200.0), dz)
    true = float(geometric_m(np.array(2200.0), isa_offset_c=offset_c, qnh_hpa=1005.0))
    assert source == col.PRESSURE and abs(height - true) < 1.645 * np.sqrt(var) and np.sqrt(var) < 30.0


def test_without_anybody_who_says_both_the_interval_is_wide_and_grows_with_height() -> None:
    nothing = np.zeros((col.BANDS + col.LINE_ROWS, 4))
    low, high = (altitude_of(plot(h), nothing) for h in (500.0, 4000.0))
    assert low[0] == 500.0 and np.sqrt(low[1]) > 70.0 and np.sqrt(high[1]) > WARM_SD * 4000.0
    true = float(geometric_m(np.array(4000.0), isa_offset_c=20.0, qnh_hpa=1013.25))
    assert abs(true - 4000.0) < 1.645 * np.sqrt(high[1])


def test_far_from_what_was_heard_the_line_says_that_it_may_be_off() -> None:
    dz = table([500.0], offset_c=20.0, qnh_hpa=1013.25)
    near, far = (altitude_of(plot(h), dz)[1] for h in (500.0, 5000.0))
    assert far > 20.0 * near


def heard(dz: np.ndarray, plots: list[tuple[float, float]], *, met: bool = False) -> None:
    """Let one track say both heights (pressure, geometric), one plot after the other."""
    val = np.zeros(col.VAL_COLUMNS)
    val[col.BOTH_BAND] = -1.0 if met else 0.0
    for fl, geo in plots:
        learn_pressure(val, plot(fl, geo), dz)


def test_one_altimeter_is_one_however_many_plots_it_sends_and_bands_it_crosses() -> None:
    nothing = np.zeros((col.BANDS + col.LINE_ROWS, 4))
    few, many, several = nothing.copy(), nothing.copy(), nothing.copy()
    climb = [(h, h + 30.0) for h in np.linspace(500.0, 3500.0, 400).tolist()]
    heard(few, climb[::20])
    heard(many, climb)
    for _ in range(4):
        heard(several, climb)
    one, same, four = (altitude_of(plot(2000.0), dz)[1] - ALTIMETER_VAR for dz in (few, many, several))
    assert same == pytest.approx(one, rel=0.25) and same > 0.8 * ALTIMETER_VAR
    assert four < 0.45 * same


def test_an_address_met_before_is_no_new_altimeter_and_a_settled_table_learns_nothing() -> None:
    dz = np.zeros((col.BANDS + col.LINE_ROWS, 4))
    heard(dz, [(1500.0, 1530.0)] * 20)
    before = altitude_of(plot(1500.0), dz)[1]
    heard(dz, [(1500.0, 1530.0)] * 20, met=True)
    assert altitude_of(plot(1500.0), dz)[1] == pytest.approx(before, rel=0.05)
    fixed = settled(dz, True)
    heard(fixed, [(1500.0, 1700.0)])
    assert fixed[: col.BANDS] == pytest.approx(dz[: col.BANDS])
    assert settled(fixed, False) == pytest.approx(dz)


def test_a_geometric_height_is_never_averaged_with_the_pressure_heights_of_a_bad_altimeter() -> None:
    dz, val, tag = np.zeros((col.BANDS + col.LINE_ROWS, 4)), np.zeros(col.VAL_COLUMNS), np.zeros(12, np.int64)
    for _ in range(30):
        update_height(val, tag, plot(1560.0), dz)
    assert val[col.ALT] == pytest.approx(1560.0) and tag[col.ALT_FROM] == col.PRESSURE
    update_height(val, tag, plot(np.nan, 1500.0), dz)
    assert val[col.ALT] == 1500.0 and tag[col.ALT_FROM] == col.GEOMETRIC
    for _ in range(30):
        update_height(val, tag, plot(1560.0), dz)
    assert val[col.ALT] == 1500.0 and tag[col.ALT_FROM] == col.GEOMETRIC
    val[col.ALT_PP] = 2e5  # nobody has sent a geometric height for long
    update_height(val, tag, plot(1560.0), dz)
    assert val[col.ALT] == 1560.0 and tag[col.ALT_FROM] == col.PRESSURE
