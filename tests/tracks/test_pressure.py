"""What aircraft with both heights say of the air moves the pressure heights of the others, and says how far off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from waman.sim.land.air import geometric_m
from waman.tracks.core import columns as col
from waman.tracks.core.look import WARM_SD, altitude_of, fit_pressure, fit_pressure_ref


def table(heights: list[float], *, offset_c: float, qnh_hpa: float, plots: int = 50) -> np.ndarray:
    """Return the bands after ``plots`` plots at each height (the middle of its band)."""
    dz = np.zeros((col.BANDS + col.LINE_ROWS, 3))
    for h in heights:
        band = int(h // 1000.0)
        dz[band] = float(geometric_m(np.array(h), isa_offset_c=offset_c, qnh_hpa=qnh_hpa)) - h, plots, h
    fit_pressure(dz)
    return dz


def plot(fl_m: float) -> np.ndarray:
    f = np.full(64, np.nan)
    f[col.P_FL] = fl_m
    return f


@given(arrays(float, (col.BANDS, 3), elements=st.floats(0.0, 400.0)))
def test_the_line_is_that_of_a_least_squares_by_singular_values(bands: np.ndarray) -> None:
    dz = np.zeros((col.BANDS + col.LINE_ROWS, 3))
    dz[: col.BANDS] = np.floor(bands)
    dz[: col.BANDS, 2] *= 30.0
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
    nothing = np.zeros((col.BANDS + col.LINE_ROWS, 3))
    low, high = (altitude_of(plot(h), nothing) for h in (500.0, 4000.0))
    assert low[0] == 500.0 and np.sqrt(low[1]) > 70.0 and np.sqrt(high[1]) > WARM_SD * 4000.0
    true = float(geometric_m(np.array(4000.0), isa_offset_c=20.0, qnh_hpa=1013.25))
    assert abs(true - 4000.0) < 1.645 * np.sqrt(high[1])


def test_far_from_what_was_heard_the_line_says_that_it_may_be_off() -> None:
    dz = table([500.0], offset_c=20.0, qnh_hpa=1013.25)
    near, far = (altitude_of(plot(h), dz)[1] for h in (500.0, 5000.0))
    assert far > 20.0 * near
