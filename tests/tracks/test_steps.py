"""What the live tracker keeps to take back: late plots cost the frames after them, and memory has a limit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tracks.test_live import HILL, T0_US, recording, same
from waman import tables
from waman.tracks import Tracker
from waman.tracks.core.state import Params, copied, empty_state
from waman.tracks.tracker import LATE_S, STEP_S

STEPS_MAX = round(LATE_S / STEP_S) + 2


class Counting(Tracker):
    """A tracker that counts the frames it runs."""

    ran = 0

    def _run(self, batch: Any, state: Any, first: int = 0, last: int | None = None) -> Any:
        self.ran += (len(batch.time) if last is None else last) - first
        return super()._run(batch, state, first, last)


def cut(plots: pa.Table, size: int) -> Iterable[pa.Table]:
    return (plots.slice(k, size) for k in range(0, plots.num_rows, size))


def network(seed: int, *, seconds: int = 90) -> pa.Table:
    """Plots of two networks that hear six aircraft, some told twice under one lineage, in the order of their times."""
    rng = np.random.default_rng(seed)
    n = 12 * seconds
    who, time_s = rng.integers(0, 6, n), np.sort(rng.uniform(0.0, seconds, n))
    lineage = np.arange(n)
    again = rng.choice(np.arange(40, n), 30, replace=False)
    lineage[again] = lineage[again - 39]
    return tables.table(
        "plots",
        {
            "time": T0_US + np.round(time_s * 1e6).astype(np.int64),
            "sensor": [("west", "east")[w % 2] for w in who], "kind": ["ads_b"] * n, "lineage": lineage,
            "lat_deg": -12.0 + 0.05 * who + 1e-3 * time_s, "lon_deg": -75.0 + 0.03 * who,
            "icao24": [f"e4940{w}" for w in who],
            "callsign": [f"OB{w}{k % 3}" if k % 4 else None for k, w in enumerate(who)],
            "source": ["made"] * n, "offset": np.arange(n),
        },
    )  # fmt: skip


def test_plots_in_order_run_every_frame_once_and_a_late_one_only_those_after_it() -> None:
    plots = recording(21)
    tracker = Counting(sensors=[HILL])
    for part in cut(plots, 13):
        tracker.update(part)
    tracker.finish()
    assert tracker.ran == 40

    late = plots.num_rows // 2  # in the middle of the record, told about ten seconds later
    order = np.insert(np.delete(np.arange(plots.num_rows), late), late + 32, late)
    tracker = Counting(sensors=[HILL])
    rows = [tracker.update(part)[0] for part in cut(plots.take(pa.array(order)), 13)]
    assert same(tables.concat("tracks", [*rows, tracker.finish()]), Tracker(sensors=[HILL]).batch(plots))
    assert 40 < tracker.ran <= 45


@pytest.mark.parametrize("size", [3, 12, 700])
def test_steps_kept_have_a_limit_and_none_holds_more_than_the_plots_still_awaited(size: int) -> None:
    tracker = Tracker()
    for part in cut(network(22), size):
        tracker.update(part)
        assert len(tracker._steps) <= STEPS_MAX
        held = sum(step.plots.num_rows for step in tracker._steps) + tracker._open.num_rows
        assert held <= 12 * 1.5 * (LATE_S + STEP_S) + size


def test_a_snapshot_holds_the_same_bytes_whatever_was_run_and_taken_back_before() -> None:
    plots = network(23)
    rng = np.random.default_rng(23)
    lag = np.where(rng.random(plots.num_rows) < 0.1, rng.uniform(0.0, 25.0, plots.num_rows), 0.0)
    arrival = plots["time"].cast(pa.int64()).to_numpy() / 1e6 + lag
    plots = plots.take(pa.array(np.argsort(arrival)))
    straight, stopped = Tracker(), Tracker()
    for part in cut(plots, 50):
        a, _ = straight.update(part)
        stopped = Tracker.resume(stopped.snapshot())
        b, _ = stopped.update(part)
        assert a.to_pylist() == b.to_pylist()
        assert straight.snapshot() == stopped.snapshot()


def test_an_observation_told_again_under_its_lineage_is_left_out_though_its_frame_has_run() -> None:
    plots = network(24)
    tracker, whole = Tracker(), Tracker()
    for part in cut(plots, 5):
        tracker.update(part)
    whole.batch(plots)
    assert tracker.problems.count == whole.problems.count == 30


def test_a_copy_of_a_state_has_room_for_its_tracks_alone_and_no_memory_in_common() -> None:
    state = empty_state(Params(), capacity=50)
    state.counters[0], state.x[1] = 2, 7.0
    copy = copied(state)
    state.x[1] = 0.0
    assert copy.x.shape[0] == 2
    assert (copy.x[1] == 7.0).all()
    assert len(copy.ident_i) == len(state.ident_i)
