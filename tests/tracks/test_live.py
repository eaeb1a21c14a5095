"""The live tracker gives what the batch gives, whatever order plots come in, and never stops."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from waman import tables
from waman.config import Sensor
from waman.errors import InputError
from waman.geo.frames import Frame
from waman.tracks import Params, Tracker
from waman.tracks.core.state import empty_state

FRAME = Frame(lat0_deg=-12.0, lon0_deg=-75.0)
T0_US = 1_700_000_000_000_000
HILL = Sensor(
    id="hill", kind="psr", lat_deg=-12.0, lon_deg=-75.0, range_max_m=60_000.0, scan_period_s=4.0,
    false_plots_per_scan=10.0, assumed_height_agl_m=(0.0,),
)  # fmt: skip


def recording(seed: int, *, scans: int = 40, targets: int = 5, clutter: int = 8) -> pa.Table:
    """Plots of a rotating radar, each at the time its beam passed."""
    rng = np.random.default_rng(seed)
    start, speed = rng.uniform(-40e3, 40e3, (targets, 2)), rng.uniform(-80, 80, (targets, 2))
    rows = []
    for k in range(scans):
        at = start + speed * 4.0 * k + rng.normal(0, 60, (targets, 2))
        at = np.concatenate([at[rng.random(targets) < 0.85], rng.uniform(-50e3, 50e3, (clutter, 2))])
        azimuth = np.degrees(np.arctan2(at[:, 0], at[:, 1])) % 360.0
        rows.append(np.column_stack([at, 4.0 * k + azimuth / 90.0]))
    z = np.concatenate(rows)
    lat, lon = FRAME.to_degrees(east_m=z[:, 0], north_m=z[:, 1])
    n = len(z)
    return tables.table(
        "plots",
        {
            "time": T0_US + np.round(z[:, 2] * 1e6).astype(np.int64),
            "sensor": ["hill"] * n, "kind": ["psr"] * n, "lat_deg": lat, "lon_deg": lon,
            "azimuth_deg": np.degrees(np.arctan2(z[:, 0], z[:, 1])) % 360.0,
            "source": ["made"] * n, "offset": np.arange(n),
        },
    )  # fmt: skip


def batch(plots: pa.Table) -> pa.Table:
    return Tracker(sensors=[HILL]).batch(plots)


def live(plots: pa.Table, order: np.ndarray, size: int) -> pa.Table:
    tracker, parts = Tracker(sensors=[HILL]), []
    for k in range(0, len(order), size):
        settled, _ = tracker.update(plots.take(pa.array(order[k : k + size])))
        parts.append(settled)
    return tables.concat("tracks", [*parts, tracker.finish()])


def same(a: pa.Table, b: pa.Table) -> bool:
    return a.num_rows > 0 and tables.concat("tracks", [a]).equals(tables.concat("tracks", [b]))


def test_live_updates_settle_to_the_rows_of_the_batch() -> None:
    plots = recording(1)
    assert same(live(plots, np.arange(plots.num_rows), 37), batch(plots))


@pytest.mark.parametrize("seed", [2, 3])
def test_plots_shuffled_doubled_and_late_by_up_to_twenty_seconds_give_the_same_rows(seed: int) -> None:
    plots = recording(seed)
    rng = np.random.default_rng(seed)
    time_s = plots["time"].cast(pa.int64()).to_numpy() / 1e6
    twice = np.concatenate([np.arange(plots.num_rows), rng.integers(0, plots.num_rows, 100)])
    arrival = time_s[twice] + rng.uniform(0, 20, len(twice))
    first = np.argmin(time_s)
    order = np.concatenate([[first], twice[np.argsort(arrival)]])
    assert same(live(plots, order, 25), batch(plots))


def test_a_frame_that_found_too_little_room_gives_the_same_rows_when_run_anew() -> None:
    plots = recording(8, clutter=60)
    tight, ample = Tracker(sensors=[HILL]), Tracker(sensors=[HILL])
    tight._state, ample._state = empty_state(Params(), capacity=8), empty_state(Params(), capacity=20_000)
    assert same(tight.batch(plots), ample.batch(plots))
    assert len(tight._state.x) < 20_000


def test_a_snapshot_resumes_to_the_same_rows_and_the_same_bytes() -> None:
    plots = recording(4)
    parts = [plots.slice(k, 40) for k in range(0, plots.num_rows, 40)]
    straight, stopped = Tracker(sensors=[HILL]), Tracker(sensors=[HILL])
    a, b = [], []
    for part in parts:
        a.append(straight.update(part)[0])
        stopped = Tracker.resume(stopped.snapshot(), sensors=[HILL])
        b.append(stopped.update(part)[0])
    assert same(tables.concat("tracks", a), tables.concat("tracks", b))
    assert straight.snapshot() == stopped.snapshot()


def test_a_damaged_snapshot_is_refused_with_a_hint() -> None:
    with pytest.raises(InputError, match="snapshot"):
        Tracker.resume(b"not a snapshot")


def test_recent_rows_show_the_picture_up_to_the_last_closed_look() -> None:
    plots = recording(5)
    tracker = Tracker(sensors=[HILL])
    _, recent = tracker.update(plots)
    newest = plots["time"].cast(pa.int64()).to_numpy().max()
    assert newest - recent["time"].cast(pa.int64()).to_numpy().max() <= 8_000_000


def test_clock_jumps_bad_numbers_silence_and_a_mad_sensor_never_stop_it() -> None:
    plots = recording(6, scans=60)
    time = plots["time"].cast(pa.int64()).to_numpy().copy()
    lat = plots["lat_deg"].to_numpy().copy()
    time[50] += 365 * 86_400_000_000  # one plot a year ahead
    lat[60:70] = np.nan
    bad = plots.set_column(0, plots.schema.field("time"), pa.array(time).cast(tables.TIME))
    bad = bad.set_column(plots.schema.get_field_index("lat_deg"), "lat_deg", pa.array(lat, from_pandas=True))
    mad = recording(7, scans=60, targets=0, clutter=130).slice(1000, 2000)
    quiet = bad.filter(pa.array((time < T0_US + 100e6) | (time > T0_US + 160e6)))
    tracker = Tracker(sensors=[HILL])
    for k in range(0, quiet.num_rows, 50):
        tracker.update(quiet.slice(k, 50))
    settled = [tracker.update(mad)[0], tracker.finish()]
    assert tracker.problems.count >= 11
    assert all(np.isfinite(s["lat_deg"].to_numpy()).all() for s in settled)
