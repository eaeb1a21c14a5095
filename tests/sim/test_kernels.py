"""Each kernel of the simulator against its twin, and against numbers worked by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from waman.sim.land.air import geometric_m, pressure_height_m
from waman.sim.land.ground import bilinear, bilinear_ref
from waman.sim.motion import (
    climb_envelope,
    climb_envelope_ref,
    ragged,
    sample_rows,
    sample_rows_ref,
    sum_rows,
    sum_rows_ref,
)

seeds = st.integers(0, 2**32 - 1)


def _rows(seed: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    offsets = ragged(rng.integers(2, 30, size=int(rng.integers(1, 6))))
    rising = np.concatenate([np.cumsum(rng.uniform(0.5, 800.0, b - a)) for a, b in pairwise(offsets)])
    return rng, offsets, rising


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seeds)
def test_the_climb_envelope_equals_one_cone_per_vertex(seed: int) -> None:
    rng, offsets, along = _rows(seed)
    height = rng.uniform(0.0, 4000.0, along.size)
    args = (height, along, offsets, 0.065, 0.075)
    assert np.allclose(climb_envelope(*args), climb_envelope_ref(*args), rtol=1e-12, atol=1e-9)


def test_an_aircraft_starts_to_climb_before_a_ridge() -> None:
    # a 650 m wall at 20 km and a climb of 6.5 %: the climb begins 10 km before it
    along = np.arange(0.0, 40_001.0, 1000.0)
    height = np.where(along == 20_000.0, 650.0, 0.0)
    flown = climb_envelope(height, along, ragged([along.size]), 0.065, 0.075)
    assert flown[10] == pytest.approx(0.0) and flown[11] == pytest.approx(65.0)
    assert flown[21] == pytest.approx(575.0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seeds)
def test_sampling_equals_numpy_interpolation(seed: int) -> None:
    rng, offsets, times = _rows(seed)
    values = rng.normal(0.0, 1e5, times.size)
    wanted_offsets = ragged(rng.integers(0, 40, size=offsets.size - 1))
    ends = [(times[a], times[b - 1]) for a, b in pairwise(offsets)]
    counts = np.diff(wanted_offsets)
    wanted = np.concatenate([np.sort(rng.uniform(a - 5, b + 5, n)) for (a, b), n in zip(ends, counts, strict=True)])
    args = (times, values, offsets, wanted, wanted_offsets)
    assert np.allclose(sample_rows(*args), sample_rows_ref(*args), rtol=1e-12, atol=1e-6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seeds)
def test_sums_by_row_equal_one_long_sum_less_its_start(seed: int) -> None:
    _, offsets, steps = _rows(seed)
    assert np.allclose(sum_rows(steps, offsets), sum_rows_ref(steps, offsets), rtol=1e-10, atol=1e-8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seeds)
def test_bilinear_equals_a_spline_of_order_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = rng.uniform(0, 5000, (int(rng.integers(2, 9)), int(rng.integers(2, 9)))).astype(np.float32)
    rows, columns = rng.uniform(-2, grid.shape[0] + 1, 50), rng.uniform(-2, grid.shape[1] + 1, 50)
    assert np.allclose(bilinear(grid, rows, columns), bilinear_ref(grid, rows, columns), rtol=1e-12, atol=1e-8)


def test_warm_air_lifts_the_pressure_surfaces_as_the_handbooks_say() -> None:
    # the pilots' rule: 4 % of height for each 10 degrees off standard (ICAO Doc 8168)
    lifted = geometric_m(np.array([3000.0]), isa_offset_c=10.0) - 3000.0
    assert lifted[0] == pytest.approx(0.04 * 3000.0, rel=0.15)


@pytest.mark.parametrize("offset", [-30.0, 0.0, 15.0, 30.0])
@pytest.mark.parametrize("qnh", [960.0, 1013.25, 1050.0])
def test_pressure_height_and_height_are_inverse(offset: float, qnh: float) -> None:
    height = np.linspace(-100.0, 9000.0, 92)
    there = pressure_height_m(height, isa_offset_c=offset, qnh_hpa=qnh)
    assert np.allclose(geometric_m(there, isa_offset_c=offset, qnh_hpa=qnh), height, rtol=0.0, atol=1e-6)
