"""Cut chains of rows into flights: long gaps, time on the ground, stops that no sensor saw whole.

A flight is one leg in the air. Rows on the ground belong to no flight; the time between two
legs at one place is the ground time after the first. Nothing is guessed: a landing that no row
shows stays unobserved, unless the aircraft went down low, and came up again at the same place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from waman.flights.cut.rows import F, I, Rows
from waman.flights.places import Places
from waman.geo.geodesy import distance_m

Ground = Callable[[F, F], F]
"""Elevation [m above the geoid] at latitude and longitude [deg]; NaN where unknown."""

GAP_ALWAYS_S = 7200.0
"""After two hours unseen nobody can say that it is the same flight."""
GAP_LOW_S = 600.0
"""Ten minutes unseen between two low rows: long enough to have landed anywhere nearby."""
GAP_UNKNOWN_HEIGHT_S = 1800.0
LOW_M = 450.0
"""Below this height above ground an aircraft may be about to land (1,500 ft: a circuit and a half)."""
TAXI_MPS = 12.0
"""Slower than any light aeroplane flies; helicopters are told apart by their height."""
GROUND_HEIGHT_M = 110.0
"""Pressure heights are off by up to 100 m where nobody corrected them (12 hPa)."""
GROUND_TIME_S = 60.0
STOP_GAP_S = (120.0, 5400.0)
STOP_APART_M = 5000.0
ELEVATION_REACH_M = 15_000.0
"""An aerodrome's elevation stands for the ground within this distance, where there is no terrain."""
ROWS_MIN = 3
DOWN_AND_UP, HIDDEN = 2, 1
"""A stop nobody saw: sinking before and climbing after; or, without heights, only slower than anything flies."""
HIDDEN_MADE_GOOD_MPS = 15.0
HIDDEN_APART_M = 15_000.0
"""It went out of sight behind one ridge and came back over another: both ends of a valley."""
TURNED_APART_M, TURNED_MADE_GOOD_MPS = 60_000.0, 35.0
"""It went in by one valley and out by another, the other way: it turned round somewhere, and took its time."""
HIDDEN_TIME_S = 240.0
"""Less time than this unaccounted for is a circle or a detour, not a stop."""
HIDDEN_HEIGHT_M = 1000.0
"""Where heights are known, higher than this above ground at either end is not going down to land."""
APPROACH_S, CRUISE_MPS, APPROACH_MPS = 150.0, 70.0, 30.0
"""Lost (found again) at cruise, a light aircraft needs this much time to slow and land (to climb out)."""
AERODROME_REACH_M = 5000.0
"""The farthest runway end from the reference point of a large aerodrome."""
FLYING_MPS = 30.0
ROLLED_S = 60.0
"""An aeroplane is on the ground and slow within a minute of its approach."""


@dataclass(frozen=True)
class Legs:
    """Flights as inclusive row ranges, with what was seen of their ends. Ground times are NaN where unknown."""

    first: I
    last: I
    took_off_seen: NDArray[np.bool_]
    landed_seen: NDArray[np.bool_]
    stop_before: NDArray[np.int8]
    """It came up where the leg before went down, though nobody saw it stand: DOWN_AND_UP, HIDDEN or 0."""
    stop_after: NDArray[np.int8]
    ground_before_s: F
    ground_after_s: F

    def __len__(self) -> int:
        return len(self.first)


def ground_of(lat_deg: F, lon_deg: F, places: Places, terrain: Ground | None) -> F:
    """Return the ground elevation [m]: terrain where given, else the nearest aerodrome's within 15 km, else NaN."""
    if terrain is not None:
        return np.asarray(terrain(lat_deg, lon_deg), np.float64)
    index, distance = places.near(lat_deg=lat_deg, lon_deg=lon_deg, count=1)
    known = (distance[:, 0] <= ELEVATION_REACH_M) & (index[:, 0] >= 0)
    if not len(places):
        return np.full(len(lat_deg), np.nan)
    return np.where(known, places.elevation_m[np.where(known, index[:, 0], 0)], np.nan)


def legs_of(rows: Rows, places: Places, terrain: Ground | None) -> Legs:
    """Return the flights of all chains, in the order of the rows."""
    n = len(rows)
    if n == 0:
        none, no = np.zeros(0, np.int64), np.zeros(0, bool)
        return Legs(none, none, no, no, none.astype(np.int8), none.astype(np.int8), np.zeros(0), np.zeros(0))
    ground = _ground_runs(rows, places, terrain)
    cut, stop = _gaps(rows, places, terrain)
    # a leg is a maximal run of rows in the air without a cut; its ends touch the ground run beside it
    air = ~ground
    starts = air & np.append(True, cut | ground[:-1])
    ends = air & np.append(cut | ground[1:], True)
    first, last = np.flatnonzero(starts), np.flatnonzero(ends)
    same = np.append(False, np.diff(rows.chain) == 0)
    before = np.where(first > 0, first - 1, 0)
    after = np.where(last < n - 1, last + 1, n - 1)
    took_off = (first > 0) & ground[before] & same[first] & ~cut[before - (before == n - 1)]
    landed = (last < n - 1) & ground[after] & same[after]
    legs = Legs(
        first=first,
        last=last,
        took_off_seen=took_off,
        landed_seen=landed,
        stop_before=np.where(first > 0, stop[np.maximum(first - 1, 0)], 0).astype(np.int8),
        stop_after=np.where(last < n - 1, stop[np.minimum(last, n - 2)], 0).astype(np.int8),
        ground_before_s=np.full(len(first), np.nan),
        ground_after_s=np.full(len(first), np.nan),
    )
    return _long_enough(_ground_times(rows, legs), rows)


def _ground_times(rows: Rows, legs: Legs) -> Legs:
    if len(legs) < 2:
        return legs
    time = rows.time_s
    between = time[legs.first[1:]] - time[legs.last[:-1]]
    stood = (legs.landed_seen[:-1] & legs.took_off_seen[1:]) | (legs.stop_after[:-1] > 0)
    same = rows.chain[legs.first[1:]] == rows.chain[legs.last[:-1]]
    spent = np.where(legs.stop_after[:-1] == HIDDEN, flying_s(rows, legs.last[:-1], legs.first[1:]), 0.0)
    pause = np.where(stood & same, np.maximum(between - spent, 0.0), np.nan)
    legs.ground_after_s[:-1], legs.ground_before_s[1:] = pause, pause
    return legs


def flying_s(rows: Rows, a: I, b: I) -> F:
    """Return the least time [s] an aircraft needs to get from row ``a`` to row ``b``, landing between them.

    The straight way at the faster of the two speeds, and what an approach and a climb-out take from the speeds
    at which it was lost and found again.
    """
    apart = distance_m(
        lat1_deg=rows.lat_deg[a], lon1_deg=rows.lon_deg[a], lat2_deg=rows.lat_deg[b], lon2_deg=rows.lon_deg[b]
    )
    speed = np.stack([rows.speed_mps[a], rows.speed_mps[b]])
    fast = np.fmax(np.fmax(speed[0], speed[1]), APPROACH_MPS)
    share = np.clip((np.nan_to_num(speed) - APPROACH_MPS) / (CRUISE_MPS - APPROACH_MPS), 0.0, 1.0)
    return np.asarray(apart / fast + APPROACH_S * share.sum(axis=0), np.float64)


def _long_enough(legs: Legs, rows: Rows) -> Legs:
    keep = (legs.last - legs.first + 1 >= ROWS_MIN) & (rows.time_s[legs.last] - rows.time_s[legs.first] >= 20.0)
    return Legs(
        **{name: getattr(legs, name)[keep] for name in Legs.__dataclass_fields__},
    )


def _ground_runs(rows: Rows, places: Places, terrain: Ground | None) -> NDArray[np.bool_]:
    """Return for each row whether it lies in a run of at least a minute, slow and at ground height."""
    slow = np.flatnonzero(rows.speed_mps < TAXI_MPS)
    flag = np.zeros(len(rows), bool)
    if not len(slow):
        return flag
    height = rows.altitude_m[slow] - ground_of(rows.lat_deg[slow], rows.lon_deg[slow], places, terrain)
    # without any height only standing still counts (a helicopter hovers, an aeroplane in a gale drifts),
    # or rolling at an aerodrome: a transponder on the ground sends no height
    _, near = places.near(lat_deg=rows.lat_deg[slow], lon_deg=rows.lon_deg[slow], count=1)
    rolling = (rows.speed_mps[slow] < 2.0) | (near[:, 0] < AERODROME_REACH_M)
    flag[slow] = np.where(np.isfinite(height), height < GROUND_HEIGHT_M, rolling)
    edge = np.flatnonzero(np.diff(np.concatenate([[0], flag.view(np.int8), [0]])))
    split = np.diff(rows.chain) != 0
    for start, stop in zip(edge[::2], edge[1::2], strict=True):
        for a, b in _split_run(start, stop, split):
            span = rows.time_s[b - 1] - rows.time_s[a]
            if span < GROUND_TIME_S and not (_at_chain_end(rows, a, b) and b - a >= 3):
                flag[a:b] = False
    return _with_taxi(rows, flag)


def _with_taxi(rows: Rows, ground: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Add runs beside a ground run that never reach flying speed and never climb 60 m: taxiing."""
    n = len(rows)
    new = np.append(True, (np.diff(ground.view(np.int8)) != 0) | (np.diff(rows.chain) != 0))
    first = np.flatnonzero(new)
    last = np.append(first[1:], n) - 1
    # a share, not a maximum: one displaced position gives one absurd speed
    fast = np.add.reduceat((rows.speed_mps > FLYING_MPS).astype(np.int64), first) > 0.3 * (last - first + 1)
    top = np.maximum.reduceat(np.nan_to_num(rows.altitude_m, nan=-np.inf), first)
    bottom = np.minimum.reduceat(np.nan_to_num(rows.altitude_m, nan=np.inf), first)
    beside = np.zeros(len(first), bool)
    joined = (rows.chain[first[1:]] == rows.chain[first[:-1]]) & (rows.time_s[first[1:]] - rows.time_s[last[:-1]] < 300)
    beside[1:] |= joined & ground[first[:-1]]
    beside[:-1] |= joined & ground[first[1:]]
    climbed = top - bottom
    taxi = beside & ~(climbed > 60.0) & (~fast | (climbed >= 0.0))
    return ground | np.repeat(taxi, last - first + 1)


def _split_run(start: int, stop: int, split: NDArray[np.bool_]) -> list[tuple[int, int]]:
    inner = np.flatnonzero(split[start : stop - 1]) + start + 1
    bounds = [start, *inner.tolist(), stop]
    return list(pairwise(bounds))


def _at_chain_end(rows: Rows, a: int, b: int) -> bool:
    begins = a == 0 or rows.chain[a - 1] != rows.chain[a]
    finishes = b == len(rows) or rows.chain[b] != rows.chain[b - 1]
    return bool(begins or finishes)


def _gaps(rows: Rows, places: Places, terrain: Ground | None) -> tuple[NDArray[np.bool_], NDArray[np.int8]]:
    """Return for each pair of neighbouring rows whether a flight is cut there, and whether it stopped there unseen."""
    dt = np.diff(rows.time_s)
    chain_ends = np.diff(rows.chain) != 0
    cut = chain_ends | (dt > GAP_ALWAYS_S)
    stop = np.zeros(len(dt), np.int8)
    long = np.flatnonzero(~cut & (dt > STOP_GAP_S[0]))
    if len(long):
        a, b = long, long + 1
        ends = np.concatenate([a, b])
        ground = ground_of(rows.lat_deg[ends], rows.lon_deg[ends], places, terrain)
        height = rows.altitude_m[ends] - ground
        low = height < LOW_M
        low_a, low_b = low[: len(long)], low[len(long) :]
        unknown = ~np.isfinite(height[: len(long)]) | ~np.isfinite(height[len(long) :])
        apart = distance_m(
            lat1_deg=rows.lat_deg[a], lon1_deg=rows.lon_deg[a], lat2_deg=rows.lat_deg[b], lon2_deg=rows.lon_deg[b]
        )
        stood = low_a & low_b & (apart < STOP_APART_M) & (dt[long] <= STOP_GAP_S[1])
        stood &= (climb_mps(rows, a, before=True) < -0.5) & (climb_mps(rows, b, before=False) > 0.5)
        # it made good less than anything flies, for longer than a landing takes: it stood or circled out of sight
        blind = ~np.isfinite(rows.altitude_m[a]) & ~np.isfinite(rows.altitude_m[b])
        down = np.nan_to_num(height, nan=np.inf) < HIDDEN_HEIGHT_M
        hid = (blind | (down[: len(long)] & down[len(long) :])) & (apart < HIDDEN_APART_M)
        hid &= apart / dt[long] < HIDDEN_MADE_GOOD_MPS
        hid |= (blind | (down[: len(long)] & down[len(long) :])) & _turned(rows, a, b, apart / dt[long], apart)
        hid &= dt[long] <= STOP_GAP_S[1]
        hid &= dt[long] - flying_s(rows, a, b) > HIDDEN_TIME_S
        # lost while it rolled, it flew a minute before; what only ever taxied or drifted did not stop here
        flew = np.stack([rows.speed_mps[k] for k in (a, b, row_at(rows, a, -ROLLED_S), row_at(rows, b, ROLLED_S))])
        hid &= np.fmax.reduce(flew) > np.where(np.fmax(flew[0], flew[1]) > TAXI_MPS, TAXI_MPS, FLYING_MPS)
        cut[long] = (low_a & low_b & (dt[long] > GAP_LOW_S)) | (unknown & (dt[long] > GAP_UNKNOWN_HEIGHT_S))
        # more than half an hour unaccounted for: nobody can say that it is the same flight
        cut[long] |= stood | hid | (dt[long] - flying_s(rows, a, b) > GAP_UNKNOWN_HEIGHT_S)
        stop[long] = np.where(stood, DOWN_AND_UP, np.where(hid, HIDDEN, 0))
    return np.append(cut, True)[: len(dt)], stop


def _turned(rows: Rows, a: I, b: I, made_good_mps: F, apart_m: F) -> NDArray[np.bool_]:
    """Return whether it came out of sight flying the other way, slower made good than it flew, some valleys on."""
    dot = rows.vn_mps[a] * rows.vn_mps[b] + rows.ve_mps[a] * rows.ve_mps[b]
    back = dot < 0.0
    return back & (made_good_mps < TURNED_MADE_GOOD_MPS) & (apart_m < TURNED_APART_M)


def climb_mps(rows: Rows, at: I, *, before: bool, window_s: float = 60.0) -> F:
    """Return the mean climb rate [m/s] over the minute before (or after) rows ``at``; NaN where unknown."""
    other = row_at(rows, at, -window_s if before else window_s)
    dt = rows.time_s[at] - rows.time_s[other]
    rise = rows.altitude_m[at] - rows.altitude_m[other]
    return np.where(np.abs(dt) > 1.0, rise / np.where(dt == 0.0, np.nan, dt), np.nan)


def row_at(rows: Rows, at: I, shift_s: float) -> I:
    """Return the row of the same chain nearest to ``shift_s`` from rows ``at``, not farther than that."""
    stride = float(rows.time_s.max() + 1.0) + 2.0 * abs(shift_s)
    key = rows.chain * stride + rows.time_s
    wanted = key[at] + shift_s
    found = np.searchsorted(key, wanted, side="left") if shift_s < 0 else np.searchsorted(key, wanted, "right") - 1
    found = np.clip(found, 0, len(rows) - 1)
    return np.where(rows.chain[found] == rows.chain[at], found, at)


def height_row(rows: Rows, at: I, *, forward: bool, within_s: float = 120.0) -> I:
    """Return the nearest later (or earlier) row of the chain with a known altitude; ``at`` where none is near."""
    known = np.isfinite(rows.altitude_m)
    index = np.arange(len(rows))
    if forward:
        found = np.minimum.accumulate(np.where(known, index, len(rows) - 1)[::-1])[::-1][at]
    else:
        found = np.maximum.accumulate(np.where(known, index, 0))[at]
    near = (rows.chain[found] == rows.chain[at]) & (np.abs(rows.time_s[found] - rows.time_s[at]) <= within_s)
    return np.where(near & known[found], found, at)
