"""Heartbeats to availability: when a sensor said it was alive, when it said otherwise, when it said nothing.

Silence is ``unknown``, never ``down`` and never ``up``: the recorder or the line may have failed, not the sensor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman import tables
from waman.config import Sensor
from waman.geo.time import NO_TIME_US
from waman.geo.units import SECOND_US
from waman.plots.asterix.columns import Records
from waman.plots.asterix.plots import sensor_name

UP, DOWN, DEGRADED, UNKNOWN = range(4)
STATES = ("up", "down", "degraded", "unknown")

STATUS: Mapping[int, tuple[int, ...]] = {
    2: (UP,),  # no status: a north mark or a sector crossing is the sign of life
    10: (UP, DEGRADED, DOWN, UNKNOWN),  # I010/550 NOGO
    19: (UP, DEGRADED, DOWN, UNKNOWN),  # I019/550 NOGO
    23: (UP, DOWN),  # I023/100 NOGO: data must not be used
    34: (UP, DOWN),  # I034/050 COM NOGO: data must not be used
    63: (UP, DEGRADED, DOWN, UNKNOWN),  # I063/060 CON: 2 initialising, 3 not connected (to the reporter)
    65: (UP, DEGRADED, UNKNOWN, UNKNOWN),  # I065/040 NOGO: 2 not connected, 3 unknown
}
"""State by the value of the status field; a record without one is a sign of life."""

SILENCE_FACTOR = 3.0
"""A gap of more than three times the usual interval is silence: one lost message is not, two may be."""

SILENCE_MIN_S = 2.0
INTERVAL_DEFAULT_S = 15.0
"""Interval believed when a sensor sent fewer than three heartbeats: the slowest en-route antennas turn in 12 s."""


@dataclass(frozen=True)
class Heartbeats:
    """Heartbeats of one category: (n,) data source, time [µs], state and north-mark period [s], NaN where none."""

    number: int
    source: NDArray[np.int32]
    time_us: NDArray[np.int64]
    state: NDArray[np.int8]


def heartbeats(records: Records, time_us: NDArray[np.int64]) -> Heartbeats:
    """Return the heartbeats among the records of a category."""
    c, number = records.columns, records.category.number
    alive = (c["source"] >= 0) & (time_us != NO_TIME_US)
    if number == 10:
        alive &= c["message"] > 1  # 1 is a target report
    by_status = np.array([*STATUS[number], UP], np.int8)  # the last answers -1: no status field
    status = c.get("status", np.full(len(records), -1, np.int8))
    status = np.where(status < len(STATUS[number]), status, -1)
    return Heartbeats(number, c["source"][alive], time_us[alive], by_status[status[alive]])


def availability(beats: list[Heartbeats], sensors: Mapping[int, Sensor]) -> pa.Table:
    """Return the contract table ``availability``: one row a stretch of one state of one sensor."""
    out: dict[str, list[Any]] = {"sensor": [], "start": [], "end": [], "state": [], "evidence": []}
    for source in sorted({int(s) for b in beats for s in np.unique(b.source)}):
        mine = [b for b in beats if (b.source == source).any()]
        when = np.concatenate([b.time_us[b.source == source] for b in mine])
        state = np.concatenate([b.state[b.source == source] for b in mine])
        said = " and ".join(f"CAT{b.number:03d}" for b in mine)
        for start, end, word, evidence in _stretches(when, state, said):
            for key, value in zip(out, (sensor_name(source, sensors), start, end, STATES[word], evidence), strict=True):
                out[key].append(value)
    out["start"] = [int(v) for v in out["start"]]
    out["end"] = [int(v) for v in out["end"]]
    return tables.table("availability", out) if out["sensor"] else tables.empty("availability")


def usual_interval_s(time_us: NDArray[np.int64]) -> float:
    """Return the median time between heartbeats [s]; INTERVAL_DEFAULT_S where fewer than three tell."""
    steps = np.diff(np.sort(time_us))
    steps = steps[steps > 0]
    return float(np.median(steps)) / SECOND_US if steps.size >= 2 else INTERVAL_DEFAULT_S


def _stretches(time_us: NDArray[np.int64], state: NDArray[np.int8], said: str) -> list[tuple[int, int, int, str]]:
    """Return (start, end, state, evidence) of one sensor; the last stretch reaches to its last heartbeat."""
    order = np.argsort(time_us, kind="stable")
    when, what = time_us[order], state[order]
    limit_us = int(max(SILENCE_FACTOR * usual_interval_s(when), SILENCE_MIN_S) * SECOND_US)
    gap = np.diff(when) > limit_us
    cuts = np.flatnonzero(gap | (np.diff(what) != 0)) + 1
    edges = [0, *cuts.tolist(), when.size]
    out: list[tuple[int, int, int, str]] = []
    for first, after in pairwise(edges):
        start, end = int(when[first]), int(when[after - 1])
        silent = after < when.size and bool(gap[after - 1])
        if after < when.size and not silent:
            end = int(when[after])  # the state held until the next heartbeat said otherwise
        out.append((start, end, int(what[first]), f"{after - first} heartbeats ({said})"))
        if silent:
            seconds = (int(when[after]) - end) / SECOND_US
            out.append((end, int(when[after]), UNKNOWN, f"no heartbeat for {seconds:.0f} s ({said})"))
    return out
