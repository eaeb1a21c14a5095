"""When a sensor was on: intervals of known state, and everything outside them unknown.

A sensor whose state nobody recorded counts as unknown, never as on. States: ``up``, ``down``,
``degraded`` (on, but not as promised) and ``unknown``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from waman import tables

I8 = NDArray[np.int8]
I64 = NDArray[np.int64]

UNKNOWN, DOWN, DEGRADED, UP = -1, 0, 1, 2
STATES = {"unknown": UNKNOWN, "down": DOWN, "degraded": DEGRADED, "up": UP}
NAMES = {code: name for name, code in STATES.items()}
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
DAYS_MIN = 3


@dataclass(frozen=True)
class Dark:
    """A stretch in which a sensor was not surely on: ``state`` is down, degraded or unknown (times UTC [µs])."""

    sensor: str
    start_us: int
    end_us: int
    state: str


def state_at(availability: pa.Table, sensor: str, time_us: ArrayLike) -> I8:
    """Return the state of a sensor at times (UTC [µs]): 2 up, 1 degraded, 0 down, -1 unknown.

    Where intervals overlap the worse known state holds: a log that says "down" is not
    outvoted by one that says "up".

    >>> day = tables.table("availability", {"sensor": ["a"], "start": [0], "end": [10], "state": ["up"]})
    >>> state_at(day, "a", [5, 10]).tolist()
    [2, -1]
    """
    times = np.asarray(time_us, np.int64)
    state = np.full(times.shape, UNKNOWN, np.int8)
    start, end, code = _intervals(availability, sensor)
    for level in (UP, DEGRADED, DOWN):
        lows, highs = _union(start[code == level], end[code == level])
        at = np.searchsorted(lows, times, side="right") - 1
        inside = (at >= 0) & (times < highs[np.maximum(at, 0)]) if lows.size else np.zeros(times.shape, np.bool_)
        state[inside] = level
    return state


def dark_stretches(availability: pa.Table, sensors: Sequence[str], start_us: int, end_us: int) -> list[Dark]:
    """Return when each sensor was down, degraded or of unknown state between two times, in order.

    >>> day = tables.table("availability", {"sensor": ["a"], "start": [0], "end": [10], "state": ["up"]})
    >>> [(d.start_us, d.end_us, d.state) for d in dark_stretches(day, ["a"], 0, 30)]
    [(10, 30, 'unknown')]
    """
    out = []
    for sensor in sensors:
        start, end, _ = _intervals(availability, sensor)
        cuts = np.unique(np.clip(np.concatenate(([start_us, end_us], start, end)), start_us, end_us))
        state = state_at(availability, sensor, cuts[:-1])
        stretches: list[Dark] = []
        for a, b, code in zip(cuts[:-1].tolist(), cuts[1:].tolist(), state.tolist(), strict=True):
            if code == UP:
                continue
            if stretches and stretches[-1].end_us == a and stretches[-1].state == NAMES[code]:
                stretches[-1] = Dark(sensor, stretches[-1].start_us, b, NAMES[code])
            else:
                stretches.append(Dark(sensor, a, b, NAMES[code]))
        out += stretches
    return out


def from_plots(plots: pa.Table, *, gap_factor: float = 8.0, gap_floor_us: int = 60_000_000) -> pa.Table:
    """Infer availability from the plots of each sensor: up while plots come, unknown in gaps.

    A gap is longer than ``gap_factor`` times the sensor's own 99th percentile interval, and
    than ``gap_floor_us``. Silence never proves "down": an empty sky is silent too.
    """
    rows: dict[str, list[object]] = {"sensor": [], "start": [], "end": [], "state": [], "evidence": []}
    names = np.asarray(plots["sensor"].cast(pa.string()).to_numpy(zero_copy_only=False))
    times = plots["time"].cast(pa.int64()).to_numpy()
    for sensor in sorted(set(names.tolist())):
        own = np.sort(times[names == sensor])
        if own.size < 2:
            continue
        step = np.diff(own)
        limit = max(gap_floor_us, int(gap_factor * np.percentile(step, 99)))
        cut = np.nonzero(step > limit)[0]
        for a, b in zip(np.concatenate(([0], cut + 1)), np.concatenate((cut, [own.size - 1])), strict=True):
            if own[b] > own[a]:
                rows["sensor"].append(sensor)
                rows["start"].append(int(own[a]))
                rows["end"].append(int(own[b]) + 1)
                rows["state"].append("up")
                rows["evidence"].append("plots")
    return tables.table("availability", rows)


def from_rate(plots: pa.Table, *, sensors: Sequence[str], bin_us: int = HOUR_US, low_share: float = 0.2) -> pa.Table:
    """Infer degraded hours: bins whose count of identified traffic is below a share of what is usual.

    Only plots with an identity count, and only sensors with at least five bins of traffic:
    elsewhere nothing is inferred. Usual is the median of the same hour on other days where there
    are at least DAYS_MIN of them, because nights are quiet everywhere; else the median bin.
    """
    known = plots.filter(pa.compute.is_valid(plots["icao24"])) if plots.num_rows else plots
    rows: dict[str, list[object]] = {"sensor": [], "start": [], "end": [], "state": [], "evidence": []}
    names = np.asarray(known["sensor"].cast(pa.string()).to_numpy(zero_copy_only=False))
    bins = known["time"].cast(pa.int64()).to_numpy() // bin_us
    for sensor in sensors:
        own = bins[names == sensor]
        where, count = np.unique(own, return_counts=True)
        if where.size < 5:
            continue
        usual = _usual(where, count, max(1, DAY_US // bin_us))
        for b, c, u in zip(where.tolist(), count.tolist(), usual.tolist(), strict=True):
            if c < low_share * u:
                rows["sensor"].append(sensor)
                rows["start"].append(b * bin_us)
                rows["end"].append((b + 1) * bin_us)
                rows["state"].append("degraded")
                rows["evidence"].append("identified traffic rate")
    return tables.table("availability", rows)


def _usual(where: I64, count: I64, bins_a_day: int) -> NDArray[np.float64]:
    """Return the count that is usual for each bin."""
    usual = np.full(where.size, float(np.median(count)))
    for hour in np.unique(where % bins_a_day):
        same = where % bins_a_day == hour
        if same.sum() >= DAYS_MIN:
            usual[same] = np.median(count[same])
    return usual


def _intervals(availability: pa.Table, sensor: str) -> tuple[I64, I64, I8]:
    if availability.num_rows == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int8)
    mine = np.asarray(availability["sensor"].cast(pa.string()).to_numpy(zero_copy_only=False)) == sensor
    start = availability["start"].cast(pa.int64()).to_numpy()[mine]
    end = availability["end"].cast(pa.int64()).to_numpy()[mine]
    words = availability["state"].cast(pa.string()).to_pylist()
    code = np.array([STATES[w] for w, keep in zip(words, mine, strict=True) if keep], np.int8)
    return start, end, code


def _union(start: I64, end: I64) -> tuple[I64, I64]:
    """Return disjoint intervals, sorted, that cover the same times."""
    if start.size == 0:
        return start, end
    order = np.argsort(start, kind="stable")
    start, reach = start[order], np.maximum.accumulate(end[order])
    new = np.concatenate(([True], start[1:] > reach[:-1]))
    last = np.concatenate((np.nonzero(new)[0][1:] - 1, [start.size - 1]))
    return start[new], reach[last]


def fell_inside(dark: Sequence[Dark], events: Sequence[tuple[str, int, int]]) -> dict[str, list[str]]:
    """Return, for each event (name, start, end [µs]) that met a dark stretch, the sensors that were dark then.

    >>> fell_inside([Dark("a", 10, 20, "down")], [("report 1", 15, 15), ("report 2", 30, 40)])
    {'report 1': ['a']}
    """
    found: dict[str, list[str]] = {}
    for name, start, end in events:
        sensors = sorted({d.sensor for d in dark if d.start_us <= end and start < d.end_us})
        if sensors:
            found[name] = sensors
    return found
