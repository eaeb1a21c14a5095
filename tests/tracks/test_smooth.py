"""The smoother against one big least squares, and stitching across silence."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from waman import tables
from waman.config import Sensor
from waman.geo.frames import Frame
from waman.tracks import track
from waman.tracks.core import columns as col
from waman.tracks.core.motion import full
from waman.tracks.core.state import Params
from waman.tracks.forensic.hindsight import smooth_existence
from waman.tracks.forensic.paths import meet, meet_ref
from waman.tracks.forensic.smooth import smooth_chain, smooth_ref

FRAME = Frame(lat0_deg=-12.0, lon0_deg=-75.0)
T0_US = 1_700_000_000_000_000
HILL = Sensor(
    id="hill", kind="psr", lat_deg=-12.0, lon_deg=-75.0, range_max_m=60_000.0, scan_period_s=4.0,
    false_plots_per_scan=10.0, assumed_height_agl_m=(0.0,),
)  # fmt: skip
ONE = Params()._replace(omega=np.array([0.0]), q=np.array([4.0]), stationary=np.array([1.0]))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 25))
def test_one_model_smoothing_equals_least_squares_over_all_states(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.uniform(1.0, 9.0, n))
    z = np.column_stack([50.0 * time, -20.0 * time]) + rng.normal(0, 60, (n, 2))
    r = np.diag([60.0**2, 90.0**2])
    plots = np.full((n, col.PLOT_FLOATS), np.nan)
    plots[:, col.P_T], plots[:, col.P_X], plots[:, col.P_Y] = time, z[:, 0], z[:, 1]
    plots[:, col.P_RXX], plots[:, col.P_RXY], plots[:, col.P_RYY] = r[0, 0], 0.0, r[1, 1]
    plot = np.where(rng.random(n) < 0.7, np.arange(n), -1)
    plot[0] = 0
    want_x, want_p = smooth_ref(time, np.where(plot[:, None] >= 0, z, np.nan), np.stack([r] * n), 4.0, 65.0)
    x, p = smooth_chain(time, plot, np.ones(n), plots, ONE, 65.0)
    np.testing.assert_allclose(x, want_x, atol=1e-2)
    np.testing.assert_allclose(full(p), want_p, rtol=1e-3, atol=1e-1)


def test_existence_with_hindsight_forgives_flying_out_of_sight_but_not_a_false_start() -> None:
    time = 4.0 * np.arange(6)
    false = np.array([0.3, 0.65, 0.3, 0.1, 0.02, 0.003])
    true = np.array([0.3, 0.65, 0.9, 0.98, 0.97, 0.9])
    both = smooth_existence(np.concatenate([false, true]), np.concatenate([time, time]), np.array([0, 6, 12]), 8000.0)
    assert both[1] < 0.05
    assert both[7] > 0.85


def made(east: np.ndarray, north: np.ndarray, when: np.ndarray) -> pa.Table:
    """Return a plots table of the radar HILL."""
    lat, lon = FRAME.to_degrees(east_m=east, north_m=north)
    n = len(east)
    return tables.table(
        "plots",
        {
            "time": T0_US + (when * 1e6).astype(np.int64), "sensor": ["hill"] * n, "kind": ["psr"] * n,
            "lat_deg": lat, "lon_deg": lon, "azimuth_deg": np.degrees(np.arctan2(east, north)) % 360.0,
            "source": ["made"] * n, "offset": np.arange(n),
        },
    )  # fmt: skip


def test_a_track_across_a_masked_stretch_is_stitched_and_says_so() -> None:
    rng = np.random.default_rng(8)
    t = 4.0 * np.arange(110)
    x, y = -20_000 + 70.0 * t, 5_000 + 0.0 * t
    seen = (x < -8_000) | (x > 0)  # 28 looks behind a ridge
    keep = np.flatnonzero(seen)
    east, north = x[keep] + rng.normal(0, 60, len(keep)), y[keep] + rng.normal(0, 60, len(keep))
    false = rng.uniform(-50e3, 50e3, (8 * 110, 2))
    east, north = np.concatenate([east, false[:, 0]]), np.concatenate([north, false[:, 1]])
    when = np.concatenate([t[keep], np.repeat(t, 8)])
    plots = made(east, north, when)

    def ridge(lat: np.ndarray, lon: np.ndarray, *_: object) -> np.ndarray:
        e, _n = FRAME.to_plane(lat_deg=lat, lon_deg=lon)
        return np.where((e > -8_000) & (e < 0), 0.02, 0.95)

    rows = track(plots, detection_probability=ridge, sensors=[HILL])
    e, nn = FRAME.to_plane(lat_deg=rows["lat_deg"].to_numpy(), lon_deg=rows["lon_deg"].to_numpy())
    ours = np.abs(nn - 5_000) < 600
    state = np.asarray(rows["state"].cast(pa.string()).to_pylist())
    ids = rows["track"].to_numpy()
    before, after = set(ids[ours & (e < -9_000)]), set(ids[ours & (e > 1_000)])
    assert before & after
    assert np.isin(state[ours & (e > -7_000) & (e < -1_000)], ["coasting", "stitched"]).sum() >= 15


def test_with_hindsight_a_track_has_a_row_at_every_look_since_its_first_plot() -> None:
    rng = np.random.default_rng(7)
    t = 4.0 * np.array([0, 3, 6, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24])
    false_t = 4.0 * np.repeat(np.arange(25), 10)
    x = np.concatenate([65.0 * t + rng.normal(0, 60, len(t)), rng.uniform(-50e3, 50e3, len(false_t))])
    y = np.concatenate([5000.0 + rng.normal(0, 60, len(t)), rng.uniform(-50e3, 50e3, len(false_t))])
    rows = track(made(x, y, np.concatenate([t, false_t])), sensors=[HILL], detection_probability=0.5)
    ours = rows.filter(pa.compute.equal(rows["track"], pa.compute.mode(rows["track"])[0].as_py()["mode"]))
    times = (ours["time"].cast("int64").to_numpy() - T0_US) / 1e6
    assert np.array_equal(np.diff(times), np.full(len(times) - 1, 4.0))
    seen = ours["detected"].to_numpy(zero_copy_only=False)
    assert times[0] == 0.0
    assert set(times[seen]) >= {0.0, 12.0, 24.0}
    assert np.isfinite(ours["pd"].to_numpy()).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 12), m=st.integers(1, 12))
def test_two_bundles_of_paths_meet_as_whole_arrays_say(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = (rng.normal(0, [600.0, 600.0, 9.0, 9.0], (k, 4)) for k in (n, m))
    wa, wb = rng.uniform(0.1, 1.0, n), rng.uniform(0.1, 1.0, m)
    want = meet_ref(a, wa, b, wb)
    assert abs(meet(a, wa, b, wb) - want) <= 1e-9 * want + 2e-16  # the kernel leaves out what is six widths away


def test_a_track_that_turned_back_behind_the_ridge_is_stitched_most_times() -> None:
    assert sum(turned_back_is_one(seed) for seed in range(10)) >= 7


def turned_back_is_one(seed: int) -> bool:
    rng = np.random.default_rng(seed)
    angle = np.clip((4.0 * np.arange(1, 120) - 40.0) * 0.035, 0.0, np.pi)  # half a turn at 2 deg/s
    course = np.concatenate([np.zeros(40), angle])
    t = 4.0 * np.arange(len(course))
    x = -20_000.0 + 70.0 * 4.0 * np.cumsum(np.cos(course))
    y = 5_000.0 + 70.0 * 4.0 * np.cumsum(np.sin(course))
    keep = np.flatnonzero((x < -8_000.0) & (t < 600.0))
    false = rng.uniform(-50e3, 50e3, (8 * 150, 2))
    east = np.concatenate([x[keep] + rng.normal(0, 60, len(keep)), false[:, 0]])
    north = np.concatenate([y[keep] + rng.normal(0, 60, len(keep)), false[:, 1]])
    plots = made(east, north, np.concatenate([t[keep], np.repeat(4.0 * np.arange(150), 8)]))

    def ridge(lat: np.ndarray, lon: np.ndarray, *_: object) -> np.ndarray:
        e, _n = FRAME.to_plane(lat_deg=lat, lon_deg=lon)
        return np.where((e > -8_000) & (e < 12_000), 0.02, 0.95)

    rows = track(plots, detection_probability=ridge, sensors=[HILL])
    e, nn = FRAME.to_plane(lat_deg=rows["lat_deg"].to_numpy(), lon_deg=rows["lon_deg"].to_numpy())
    seen, ids = rows["detected"].to_numpy(zero_copy_only=False), rows["track"].to_numpy()
    out = set(ids[seen & (np.abs(nn - 5_000) < 600) & (np.abs(e + 12_000) < 2_000)])
    home = set(ids[seen & (np.abs(nn - y[-1]) < 600) & (np.abs(e + 12_000) < 2_000)])
    return bool(out & home)
