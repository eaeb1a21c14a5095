"""What the tracker learns of places: aircraft not yet seen, and false plots."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from waman import tables
from waman.config import Sensor
from waman.geo.frames import Frame
from waman.tracks import Params, Tracker, track
from waman.tracks.core.maps import drift, drift_ref
from waman.tracks.core.state import empty_state, mapped
from waman.tracks.metrics.picture import shown

FRAME = Frame(lat0_deg=-12.0, lon0_deg=-75.0)
T0_US = 1_700_000_000_000_000
HILL = Sensor(
    id="hill", kind="psr", lat_deg=-12.0, lon_deg=-75.0, range_max_m=60_000.0, scan_period_s=4.0,
    false_plots_per_scan=10.0, assumed_height_agl_m=(0.0,),
)  # fmt: skip


def plots_at(east_m: np.ndarray, north_m: np.ndarray, time_s: np.ndarray) -> pa.Table:
    lat, lon = FRAME.to_degrees(east_m=east_m, north_m=north_m)
    n = len(lat)
    return tables.table(
        "plots",
        {
            "time": T0_US + np.round(np.asarray(time_s) * 1e6).astype(np.int64),
            "sensor": ["hill"] * n, "kind": ["psr"] * n, "lat_deg": lat, "lon_deg": lon,
            "azimuth_deg": np.degrees(np.arctan2(east_m, north_m)) % 360.0,
            "source": ["made"] * n, "offset": np.arange(n),
        },
    )  # fmt: skip


def ridge_night(seed: int, *, scans: int = 150) -> pa.Table:
    """One aircraft flies straight past a ridge that echoes at every other look; a few false plots elsewhere."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(scans):
        echo = [(20_000.0, 12_000.0)] if rng.random() < 0.5 else []
        spread = rng.uniform(-40e3, 40e3, (rng.poisson(4.0), 2))
        z = np.array([(-30e3 + 70.0 * 4.0 * k, -10e3), *echo, *spread]) + rng.normal(
            0, 150, (1 + len(echo) + len(spread), 2)
        )
        rows.append(np.column_stack([z, np.full(len(z), 4.0 * k)]))
    z = np.concatenate(rows)
    return plots_at(z[:, 0], z[:, 1], z[:, 2])


@given(arrays(np.float64, (5, 7), elements=st.floats(0.0, 10.0)), st.floats(0.0, 0.2))
def test_drift_keeps_the_number_of_aircraft_and_is_what_shifted_copies_give(u: np.ndarray, share: float) -> None:
    moved = u.copy()
    drift(moved, share, np.empty((2, 7)))
    np.testing.assert_allclose(moved, drift_ref(u, share), atol=1e-12)
    assert abs(moved.sum() - u.sum()) < 1e-9


def test_a_ridge_that_echoes_is_learned_and_makes_hardly_a_row() -> None:
    rows = shown(track(ridge_night(1), sensors=[HILL]))
    east, north = FRAME.to_plane(lat_deg=rows["lat_deg"].to_numpy(), lon_deg=rows["lon_deg"].to_numpy())
    assert (np.hypot(east - 20_000.0, north - 12_000.0) < 3000.0).sum() <= 5
    assert (np.abs(north + 10_000.0) < 1000.0).sum() >= 140


def test_live_false_plots_of_a_ridge_weigh_less_and_less() -> None:
    tracker = Tracker(sensors=[HILL])
    plots = ridge_night(2)
    time_s = (plots["time"].cast(pa.int64()).to_numpy() - T0_US) / 1e6
    counts = []
    for k in range(3):
        part = plots.filter(pa.array((time_s >= 200 * k) & (time_s < 200 * (k + 1))))
        tracker.update(part)
        counts.append(float((tracker._state.false_n / tracker._state.false_w[:, :1, None]).max()))
    assert counts[0] < counts[1] < counts[2]


def test_maps_move_to_a_wider_grid_without_losing_what_they_hold() -> None:
    state = mapped(empty_state(Params()), np.array([0.0, 0.0, 2000.0]), (1, 4, 5))
    state.clock[1] = 1.0
    state.unseen[2, 3], state.false_n[0, 1, 1] = 2.5, 7.0
    wider = mapped(state, np.array([-4000.0, -2000.0, 2000.0]), (2, 9, 9))
    assert wider.unseen[3, 5] == 2.5
    assert wider.false_n[0, 2, 3] == 7.0
    assert wider.unseen.sum() == 2.5
