"""From legs to 4-D motion: heights an aircraft can climb, speeds it can fly, times that follow.

A leg is a line in the plane with wanted levels. The batch of all legs of a simulation is one set
of flat arrays with offsets (ragged rows), so that a year of flights is three kernel calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from waman.jit import kernel
from waman.sim.land.plane import Plane

Array = NDArray[np.float64]
Offsets = NDArray[np.int64]
SPACING_M = 500.0
CLIMB = 0.065  # rise per metre: 900 ft/min at 140 kt (C206 handbook figures, facts 3)
DESCEND = 0.075
FINAL = 0.11  # steepest descent to a strip between hills (assumption)
CLEARANCE_M = 25.0
SLOW_WITHIN_M = 6000.0
TOUCHDOWN_MPS = 28.0  # 54 kt (facts 3, A)
SAMPLES_MAX = 60_000_000


@dataclass(frozen=True)
class Leg:
    """One flown line: vertices [m], wanted level [m] above ground or sea, cruise speed, and what follows."""

    east_m: Array
    north_m: Array
    level_m: Array
    above_sea: bool
    speed_mps: float
    from_ground: bool = True
    to_ground: bool = True
    wait_s: float = 0.0


@dataclass(frozen=True)
class Motion:
    """Sampled flight paths: rows ``offsets[i]:offsets[i+1]`` belong to trip i.

    ``time_s`` counts from the start of the scenario; ``height_m`` is above mean sea level.
    ``leg_start_s`` and ``leg_end_s`` are ragged by ``leg_offsets``.
    """

    offsets: Offsets
    time_s: Array
    east_m: Array
    north_m: Array
    height_m: Array
    leg_offsets: Offsets
    leg_start_s: Array
    leg_end_s: Array


@kernel
def climb_envelope(height: Array, distance: Array, offsets: Offsets, climb: float, descend: float) -> Array:
    """Return the lowest heights not below ``height`` that never climb or descend faster than the gradients."""
    out = height.copy()
    for k in range(offsets.size - 1):
        for i in range(offsets[k] + 1, offsets[k + 1]):
            out[i] = max(out[i], out[i - 1] - descend * (distance[i] - distance[i - 1]))
        for i in range(offsets[k + 1] - 2, offsets[k] - 1, -1):
            out[i] = max(out[i], out[i + 1] - climb * (distance[i + 1] - distance[i]))
    return out


def climb_envelope_ref(height: Array, distance: Array, offsets: Offsets, climb: float, descend: float) -> Array:
    """Twin of :func:`climb_envelope`: the upper envelope of one cone per vertex, all pairs at once."""
    parts = []
    for a, b in pairwise(offsets):
        gap = distance[a:b, None] - distance[None, a:b]  # rows: here, columns: the vertex that casts the cone
        cone = height[None, a:b] - np.where(gap > 0, descend * gap, -climb * gap)
        parts.append(cone.max(axis=1) if b > a else np.empty(0))
    return np.concatenate(parts) if parts else np.empty(0)


@kernel
def sum_rows(steps: Array, offsets: Offsets) -> Array:
    """Return running sums within each row, the first step left out: exact whatever other rows there are."""
    out = np.empty(steps.size)
    for k in range(offsets.size - 1):
        total = 0.0
        for i in range(offsets[k], offsets[k + 1]):
            total += steps[i] if i > offsets[k] else 0.0
            out[i] = total
    return out


def sum_rows_ref(steps: Array, offsets: Offsets) -> Array:
    """Twin of :func:`sum_rows`: one running sum over everything, less what it was at the start of the row."""
    total = np.cumsum(steps)
    return np.asarray(total - total[offsets[:-1]][within(offsets)], np.float64)


@kernel
def sample_rows(times: Array, values: Array, offsets: Offsets, wanted: Array, wanted_offsets: Offsets) -> Array:
    """Return ``values`` interpolated at ``wanted`` times, row by row; both times rise within a row."""
    out = np.empty(wanted.size)
    for k in range(offsets.size - 1):
        i, last = offsets[k], offsets[k + 1] - 1
        for j in range(wanted_offsets[k], wanted_offsets[k + 1]):
            while i < last - 1 and times[i + 1] < wanted[j]:
                i += 1
            span = times[min(i + 1, last)] - times[i]
            f = 0.0 if span <= 0.0 else min(max((wanted[j] - times[i]) / span, 0.0), 1.0)
            out[j] = values[i] + f * (values[min(i + 1, last)] - values[i])
    return out


def sample_rows_ref(times: Array, values: Array, offsets: Offsets, wanted: Array, wanted_offsets: Offsets) -> Array:
    """Twin of :func:`sample_rows` by NumPy's own interpolation, one row at a time."""
    rows = zip(offsets[:-1], offsets[1:], wanted_offsets[:-1], wanted_offsets[1:], strict=True)
    parts = [np.interp(wanted[c:d], times[a:b], values[a:b]) for a, b, c, d in rows]
    return np.concatenate(parts) if parts else np.empty(0)


def ragged(counts: Sequence[int] | NDArray[np.int64]) -> Offsets:
    """Return the offsets of rows with these lengths.

    >>> ragged([2, 3]).tolist()
    [0, 2, 5]
    """
    return np.concatenate([[0], np.cumsum(np.asarray(counts, np.int64))]).astype(np.int64)


def within(offsets: Offsets) -> NDArray[np.int64]:
    """Return the row number of each entry of a ragged array.

    >>> within(ragged([2, 3])).tolist()
    [0, 0, 1, 1, 1]
    """
    return np.repeat(np.arange(offsets.size - 1), np.diff(offsets))


def _resampled(leg: Leg) -> tuple[Array, Array, Array, Array]:
    step = np.hypot(np.diff(leg.east_m), np.diff(leg.north_m))
    along = np.concatenate([[0.0], np.cumsum(step)])
    s = np.linspace(0.0, along[-1], max(int(along[-1] / SPACING_M), 2) + 1)
    return s, np.interp(s, along, leg.east_m), np.interp(s, along, leg.north_m), np.interp(s, along, leg.level_m)


@dataclass(frozen=True)
class _Batch:
    offsets: Offsets
    along: Array
    east: Array
    north: Array
    height: Array
    times: Array  # seconds since the start of the leg


def _batch(plane: Plane, legs: Sequence[Leg]) -> _Batch:
    rows = [_resampled(leg) for leg in legs]
    offsets = ragged([r[0].size for r in rows])
    along, east, north, level = (np.concatenate([r[i] for r in rows]) for i in range(4))
    row = within(offsets)
    sea, start, end, speed = (
        np.array([getattr(leg, name) for leg in legs])[row]
        for name in ("above_sea", "from_ground", "to_ground", "speed_mps")
    )
    to_end = along[offsets[1:] - 1][row] - along
    ground = plane.elevation(east, north)
    wanted = np.maximum(np.where(sea, level, ground + level), ground + CLEARANCE_M)
    height = climb_envelope(wanted, along, offsets, CLIMB, DESCEND)
    for on_ground, distance, index in ((start, along, offsets[:-1]), (end, to_end, offsets[1:] - 1)):
        cone = ground[index][row] + FINAL * distance
        height = np.where(on_ground, np.minimum(height, cone), height)
    nearest = np.minimum(np.where(start, along, np.inf), np.where(end, to_end, np.inf))
    height = np.maximum(height, ground + CLEARANCE_M * np.minimum(nearest / 1000.0, 1.0))
    slow = np.minimum(TOUCHDOWN_MPS, 0.5 * speed)
    v = slow + (speed - slow) * np.minimum(nearest / SLOW_WITHIN_M, 1.0)
    # constant acceleration between vertices: time is distance over the mean of the two speeds
    step = np.diff(along, prepend=along[0]) / (0.5 * (v + np.concatenate([v[:1], v[:-1]])))
    return _Batch(offsets, along, east, north, height, sum_rows(step, offsets))


def fly(
    plane: Plane, trips: Sequence[Sequence[Leg]], *, anchor_leg: NDArray[np.int64], anchor_s: Array, step_s: float
) -> Motion:
    """Fly every trip and sample it each ``step_s`` seconds, first and last instant included.

    Trip i ends its leg ``anchor_leg[i]`` at ``anchor_s[i]``; where ``anchor_leg`` is -1 it starts then.
    Between legs it stands where it landed for ``wait_s``.
    """
    legs = [leg for trip in trips for leg in trip]
    if not legs:
        none = np.empty(0)
        return Motion(np.zeros(1, np.int64), none, none, none, none, np.zeros(1, np.int64), none, none)
    b = _batch(plane, legs)
    leg_offsets = ragged([len(t) for t in trips])
    trip_of_leg = within(leg_offsets)
    duration = b.times[b.offsets[1:] - 1]
    block = duration + np.array([leg.wait_s for leg in legs])
    # a leg starts when the one before has ended and its wait is over
    start = sum_rows(np.concatenate([[0.0], block[:-1]]), leg_offsets)
    anchored = leg_offsets[:-1] + np.maximum(anchor_leg, 0)
    shift = anchor_s - np.where(anchor_leg < 0, 0.0, start[anchored] + duration[anchored])
    start = start + shift[trip_of_leg]
    times = b.times + start[within(b.offsets)]
    vertex_offsets = b.offsets[leg_offsets]
    first, last = times[vertex_offsets[:-1]], times[vertex_offsets[1:] - 1]
    counts = np.floor((last - first) / step_s).astype(np.int64) + 2
    assert counts.sum() <= SAMPLES_MAX, f"{counts.sum()} samples: lengthen truth_step_s or shorten the run"
    offsets = ragged(counts)
    row = within(offsets)
    wanted = np.minimum(first[row] + step_s * (np.arange(row.size) - offsets[:-1][row]), last[row])
    east, north, height = (
        sample_rows(times, values, vertex_offsets, wanted, offsets) for values in (b.east, b.north, b.height)
    )
    return Motion(offsets, wanted, east, north, height, leg_offsets, start, start + duration)
