"""The lowest visible height."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waman.coverage.sight.exact import exact_on_surface
from waman.coverage.sight.sweep import EFFECTIVE_EARTH, lowest_visible_height, lowest_visible_height_ref
from waman.geo.frames import Frame
from waman.terrain.elevation import Elevation, window

FRAME = Frame(-12.0, -76.0)
EARTH_M = 6_371_008.8


def ground(heights: np.ndarray, cell_m: float = 90.0) -> Elevation:
    missing = float(np.isnan(heights).mean())
    return Elevation(heights.astype(np.float32), FRAME, cell_m, cell_m, 0.0, missing)


def hills(seed: int, half: int, relief_m: float = 400.0) -> np.ndarray:
    """Return ground whose roughness falls with wavelength, as mountains do."""
    rng = np.random.default_rng(seed)
    size = 2 * half + 1
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None, :])
    frequency[0, 0] = np.inf
    z = np.fft.ifft2(np.fft.fft2(rng.normal(size=(size, size))) / frequency**1.8).real
    return z / z.std() * relief_m


def see(e: Elevation, antenna_m: float = 15.0, **options: object) -> np.ndarray:
    site = float(e.ground_m[e.half, e.half])
    return lowest_visible_height(e, antenna_msl_m=site + antenna_m, range_m=e.half * e.cell_m, **options)  # type: ignore[arg-type]


def test_over_smooth_earth_the_horizon_lies_where_the_formula_puts_it() -> None:
    sea = window((), FRAME, radius_m=150_000.0, cell_m=500.0)
    low = lowest_visible_height(sea, antenna_msl_m=100.0, range_m=150_000.0)
    row = low[sea.half, sea.half :]
    distance = np.arange(row.size) * 500.0
    horizon = 4.12e3 * np.sqrt(100.0)
    assert (row[distance < horizon - 500.0] == 0.0).all()
    # ITU-R P.310, 4/3 earth: d = 4.12 (sqrt h1 + sqrt h2) km
    for km in (60, 100, 140):
        expected = ((km - horizon / 1e3) / 4.12) ** 2
        assert row[km * 2] == pytest.approx(expected, rel=0.02, abs=0.5)


def test_one_knife_edge_casts_the_shadow_of_similar_triangles() -> None:
    z = np.zeros((401, 401))
    z[:, 250] = 300.0  # a wall running north, 50 cells east
    low = see(ground(z), 100.0, refraction_k=1e9)
    for col in (300, 350, 400):
        assert low[200, col] == pytest.approx(100.0 + 200.0 * (col - 200) / 50.0, abs=0.1)
    assert low[200, 240] == 0.0


@pytest.mark.parametrize("seed", [1, 2])
def test_every_cell_agrees_with_the_line_of_sight_computed_for_it_alone(seed: int) -> None:
    e = ground(hills(seed, 30, 120.0))
    low = see(e, 15.0)
    exact = lowest_visible_height_ref(e, antenna_msl_m=float(e.ground_m[30, 30]) + 15.0, range_m=30 * 90.0)
    assert (np.isnan(low) == np.isnan(exact)).all()
    error = np.abs(low - exact)[np.isfinite(exact)]
    assert error.mean() < 1.5 and np.percentile(error, 99) < 25.0


def test_far_cells_agree_with_the_surface_followed_square_by_square() -> None:
    e = ground(hills(7, 400, 600.0))
    low = see(e, 15.0)
    rng = np.random.default_rng(7)
    at = rng.integers(0, e.ground_m.shape[0], (600, 2))
    rows, cols = at[np.isfinite(low[at[:, 0], at[:, 1]]) & (at != 400).any(axis=1)].T
    exact = exact_on_surface(
        e.ground_m, cell_m=90.0, lat_deg=-12.0, antenna_msl_m=float(e.ground_m[400, 400]) + 15.0, rows=rows, cols=cols
    )
    found, below = low[rows, cols], exact < 1500.0
    assert below.sum() > 150
    assert np.abs(found - exact)[below].mean() < 1.0
    assert ((found <= 300.0) == (exact <= 300.0)).mean() > 0.99


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), row=st.integers(0, 80), col=st.integers(0, 80), rise_m=st.floats(1.0, 500.0))
def test_raising_ground_uncovers_nothing_behind_it(seed: int, row: int, col: int, rise_m: float) -> None:
    z = hills(seed, 40)
    raised = z.copy()
    raised[row, col] += rise_m
    if (row, col) == (40, 40):
        return
    before, after = see(ground(z), 15.0), see(ground(raised), 15.0)
    other = np.isfinite(before)
    other[row, col] = False  # the raised cell itself may stand out and be seen
    assert (after[other] >= before[other] - 1e-2).all()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), low_m=st.floats(0.0, 100.0), more_m=st.floats(0.0, 500.0))
def test_raising_the_antenna_hides_nothing(seed: int, low_m: float, more_m: float) -> None:
    e = ground(hills(seed, 40))
    a, b = see(e, low_m), see(e, low_m + more_m)
    seen = np.isfinite(a)
    assert (b[seen] <= a[seen] + 2e-2).all()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turning_the_world_by_a_quarter_turns_the_result(turns: int) -> None:
    z = hills(3, 60)
    # a sphere's curvature is the same in all azimuths; the ellipsoid's differs by 0.6 %
    flat = see(ground(z), 15.0, refraction_k=1e9)
    turned = see(ground(np.rot90(z, turns).copy()), 15.0, refraction_k=1e9)
    np.testing.assert_allclose(np.rot90(flat, turns), turned, atol=2e-2)


def test_a_canopy_screens_and_an_unknown_ground_leaves_the_unknown_behind_it() -> None:
    z = np.zeros((81, 81))
    forest = np.zeros_like(z, dtype=np.float32)
    forest[:, 50:55] = 30.0
    bare, wooded = see(ground(z), 15.0), see(ground(z), 15.0, canopy_m=forest)
    seen = np.isfinite(bare)
    assert (wooded[seen] >= bare[seen]).all() and wooded[40, 70] > bare[40, 70] + 20.0
    z[40, 50:52] = np.nan
    hidden = see(ground(z), 15.0)
    assert np.isnan(hidden[40, 50:80]).all(), "nobody knows what stands in the hole"
    assert np.isfinite(hidden[40, 10]) and np.isfinite(hidden[10, 60])


def test_more_refraction_sees_farther() -> None:
    e = ground(hills(5, 100, 50.0), 500.0)
    a, b = see(e, refraction_k=1.0), see(e, refraction_k=EFFECTIVE_EARTH)
    assert np.nanmean(b) < np.nanmean(a)
