"""Whatever arrives, in whatever order, the tracker gives the tracks of the clean order and goes on."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tracks.test_live import HILL, T0_US, recording, same
from waman import tables
from waman.tracks import Tracker
from waman.tracks.tracker import LATE_S


def arrivals(plots: pa.Table, seed: int, *, late_s: float, doubled: int) -> pa.Table:
    """Return the plots in the order they arrive: each late by up to ``late_s``, some twice."""
    rng = np.random.default_rng(seed)
    twice = np.concatenate([np.arange(plots.num_rows), rng.integers(0, plots.num_rows, doubled)])
    time_s = plots["time"].cast(pa.int64()).to_numpy() / 1e6
    order = twice[np.argsort(time_s[twice] + rng.uniform(0, late_s, len(twice)))]
    return plots.take(pa.array(np.concatenate([[int(np.argmin(time_s))], order])))


def settled(parts: list[pa.Table]) -> pa.Table:
    tracker = Tracker(sensors=[HILL])
    return tables.concat("tracks", [*(tracker.update(p)[0] for p in parts), tracker.finish()])


def cut(plots: pa.Table, size: int) -> list[pa.Table]:
    return [plots.slice(k, size) for k in range(0, plots.num_rows, size)]


@pytest.mark.parametrize("seed", [11, 12])
def test_plots_late_by_up_to_thirty_seconds_shuffled_and_doubled_give_the_tracks_of_the_clean_order(seed: int) -> None:
    plots = recording(seed)
    clean = Tracker(sensors=[HILL]).batch(plots)
    assert same(settled(cut(arrivals(plots, seed, late_s=LATE_S, doubled=150), 20)), clean)


def test_a_plot_later_than_thirty_seconds_is_left_out_and_counted() -> None:
    plots = recording(13)
    tracker = Tracker(sensors=[HILL])
    for part in cut(plots.slice(5), 50):
        tracker.update(part)
    before = tracker.problems.count
    tracker.update(plots.slice(0, 5))
    assert tracker.problems.count == before + 5


@pytest.mark.parametrize("late_s", [0.0, 9.0])
def test_the_picture_of_now_is_the_one_that_running_all_recent_plots_again_would_give(late_s: float) -> None:
    plots = arrivals(recording(14, scans=25), 14, late_s=late_s, doubled=10 if late_s else 0)
    tracker = Tracker(sensors=[HILL])
    seen = 0
    for part in cut(plots, 23):
        _, recent = tracker.update(part)
        fresh = Tracker.resume(tracker.snapshot(), sensors=[HILL])
        _, again = fresh.update(tables.empty("plots"))
        assert recent.equals(again)
        seen += recent.num_rows
    assert seen > 500


def spoiled(plots: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Return plots with NaN positions, and stamps a year after and an hour before all others."""
    n = plots.num_rows
    time = plots["time"].cast(pa.int64()).to_numpy().copy()
    lat, lon = plots["lat_deg"].to_numpy().copy(), plots["lon_deg"].to_numpy().copy()
    bad = rng.permutation(n)[:40]
    lat[bad[:10]], lon[bad[10:20]] = np.nan, np.nan
    time[bad[20:30]] += 365 * 86_400_000_000
    time[bad[30:]] -= 3_600_000_000
    out = plots.set_column(0, plots.schema.field("time"), pa.array(time).cast(tables.TIME))
    for name, values in (("lat_deg", lat), ("lon_deg", lon)):
        out = out.set_column(plots.schema.get_field_index(name), name, pa.array(values))
    return out


def test_bad_numbers_and_wrong_clocks_cost_only_themselves() -> None:
    plots = recording(15, scans=50)
    tracker = Tracker(sensors=[HILL])
    rows = [tracker.update(p)[0] for p in cut(spoiled(plots, np.random.default_rng(15)), 40)]
    rows.append(tracker.finish())
    whole = tables.concat("tracks", rows)
    assert tracker.problems.count >= 35  # a wrong clock among the very first plots cannot be told
    assert np.isfinite(whole["lat_deg"].to_numpy()).all() and np.isfinite(whole["lon_deg"].to_numpy()).all()
    strong = whole.filter(pa.array(whole["existence"].to_numpy() > 0.9))
    assert len(strong["track"].unique()) >= 5  # the five aircraft are still there


def test_a_sensor_that_falls_silent_and_comes_back_mad_is_survived() -> None:
    plots = recording(16, scans=60)
    time = plots["time"].cast(pa.int64()).to_numpy()
    with_gap = plots.filter(pa.array((time < T0_US + 80e6) | (time > T0_US + 140e6)))
    mad = recording(17, scans=70, targets=0, clutter=130)
    late = mad.filter(pa.array(mad["time"].cast(pa.int64()).to_numpy() > T0_US + 200e6))  # ten times the plots
    tracker = Tracker(sensors=[HILL])
    rows = [tracker.update(p)[0] for p in (*cut(with_gap, 60), *cut(late, 400))]
    rows.append(tracker.finish())
    whole = tables.concat("tracks", rows)
    assert np.isfinite(whole["existence"].to_numpy()).all()
    after = whole.filter(pa.array(whole["time"].cast(pa.int64()).to_numpy() > T0_US + 260e6))
    confirmed = after.filter(pa.array(after["reportable"].to_numpy() >= 0.5))
    scans = len(set(after["time"].to_pylist()))
    assert confirmed.num_rows < 30 * scans  # 130 false plots a scan do not become 130 aircraft


def test_a_minute_in_which_the_sensor_says_nothing_holds_no_missed_detection() -> None:
    plots = recording(16, scans=60, clutter=0)
    time = plots["time"].cast(pa.int64()).to_numpy()
    begin, end = T0_US + 80_000_000, T0_US + 140_000_000
    tracker = Tracker(sensors=[HILL])
    settled, _ = tracker.update(plots.filter(pa.array((time < begin) | (time > end))))
    rows = tables.concat("tracks", [settled, tracker.finish()])
    when = rows["time"].cast(pa.int64()).to_numpy()
    assert not ((when > begin + 4e6) & (when < end - 4e6)).any()
    existence = rows["existence"].to_numpy()
    track, low = rows["track"].to_numpy(), (when >= begin - 8e6) & (when < begin) & (existence > 0.9)
    for one in np.unique(track[low]):
        after = existence[(track == one) & (when > end)]
        assert not len(after) or after[0] > 0.5, "a track comes out of the silence as it went in"
    assert low.any()
