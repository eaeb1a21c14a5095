"""A stop away from listed aerodromes.

What it checks: whether the aircraft was seen standing, went down low and came up again at the same place, or was out
of sight for longer than its way and a landing take, where no listed aerodrome and no settlement is near; and how
long it can have stood there. Out of sight counts only where the sensors were on: had it circled where it was lost, it
would have been seen with the probability given as searchable; where nobody knows whether they were on, it is a note.
Where nobody measured its height it was as high as it takes to be seen there.

Why it matters: with a border crossing or a contradicted identity it is the second independent
thing seen. Loading takes 5 to 12 minutes.

What it must not be used for: alone, or with "no plan", "low" or "no transponder", it classifies
nothing: missions, doctors and communities use strips that no list has. An aircraft that passed
low over a strip has not stopped there. A longer stop is a circumstance, never one of the two findings.

Example: down to 60 m at an unlisted strip, up again at the same place after 7 minutes.

Known false positives: mission and medical flights to community strips that no map of settlements has; floatplanes;
a circle flown behind a ridge at low height. Helicopters and gliders are not counted. Nor is a strip beside a
settlement, so one that is used for loading is missed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from waman.flights.cut.segment import APPROACH_MPS, CRUISE_MPS, HIDDEN
from waman.flights.record import Flight, Found, Given
from waman.flights.rules.border import crossed_unplanned

LISTED_NEAR_M = 5000.0
"""The farthest runway end from the reference point of a large aerodrome."""
COMMUNITY_M = 3000.0
"""Within walking distance of a settlement; where it stood is not known better than that."""
HOVER_SHARE = 0.03
LOADING_S = 13.0 * 60.0
"""Loading takes 5 to 12 minutes, and a minute to roll out and turn."""
UNSEEN_S = 540.0
"""What was lost at cruise flew on: a strip lies up to this far beyond the edge of cover, 38 km at 70 m/s."""
STOOD_S = 300.0
WATCHED_MIN, LOOKS, SCAN_S = 0.5, 5, 10.0
ROWS_BESIDE = np.array([0, 3, 6])
ASSUMED_AGL_M = (100.0, 300.0, 1000.0)
"""Heights that an aircraft may have where none was measured: those a sensor assumes unless the area says others [m]."""
BY_CHANCE = 0.05
"""A detection where the field sees nothing: the field may be wrong there, or the plot false."""
AHEAD_COS = math.cos(math.radians(8.0))
AERODROMES, STRIPS, HOMES = ("aerodrome", "heliport"), ("strip",), ("village", "base")


@dataclass(frozen=True)
class _Stop:
    """One end of a leg at which it stopped: rows beside it, how it was known, and how long at least and at most."""

    rows: tuple[int, ...]
    seen: bool
    low_s: float
    high_s: float  # NaN where its coming or its leaving was not seen


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return the stops at either end of the flight, the briefest first, at most one."""
    found = [f for stop in _stops(flight) for f in _weighed(stop, flight, given)]
    return sorted(found, key=lambda f: (ORDER.index(f.rule), -f.strength))[:1]


ORDER = (
    "stop.unlisted",
    "stop.hidden",
    "stop.not_of_entry",
    "stop.long",
    "stop.unwatched",
    "stop.community",
    "stop.helicopter",
    "stop.glider",
)


def _stops(flight: Flight) -> list[_Stop]:
    legs, i, out = flight.legs, flight.number, []
    for seen, inferred, own, step, pause in (
        (legs.took_off_seen[i], legs.stop_before[i], legs.first[i], -1, float(legs.ground_before_s[i])),
        (legs.landed_seen[i], legs.stop_after[i], legs.last[i], 1, float(legs.ground_after_s[i])),
    ):
        if not (seen or inferred):
            continue
        rows = [int(own), int(own) + step] if math.isfinite(pause) else [int(own)]
        hidden = inferred == HIDDEN and not seen
        flown = UNSEEN_S * sum(_at_cruise(float(flight.rows.speed_mps[row])) for row in rows) if hidden else 0.0
        out.append(_Stop(tuple(rows), not hidden, max(pause - flown, 0.0), pause))
    return out


def _at_cruise(speed_mps: float) -> float:
    return min(max((speed_mps - APPROACH_MPS) / (CRUISE_MPS - APPROACH_MPS), 0.0), 1.0)


def _weighed(stop: _Stop, flight: Flight, given: Given) -> list[Found]:
    """Return what one stop says: nothing at a listed aerodrome, a note where it is ordinary, else a finding."""
    at = list(stop.rows)
    near = partial(given.places.nearest_m, lat_deg=flight.rows.lat_deg[at], lon_deg=flight.rows.lon_deg[at])
    aerodrome = near(kinds=AERODROMES, listed=True)
    could = partial(_could_be, stop, flight, given)
    if not len(given.places) or aerodrome < LISTED_NEAR_M or could(AERODROMES, listed=True):
        return []
    values = {
        "km": min(aerodrome / 1000.0, 9999.0),
        "minutes": round(stop.high_s / 60.0, 1) if math.isfinite(stop.high_s) else None,
    }
    if hovers(flight):
        return [Found("stop.helicopter", values)]
    if soars(flight):
        return [Found("stop.glider", values)]
    if near(kinds=HOMES, listed=False) < COMMUNITY_M or could(HOMES, listed=False):
        return [Found("stop.community", values)]
    if stop.low_s > LOADING_S:
        return [Found("stop.long", values)]
    watched = None if stop.seen else _watched(stop, flight, given)
    if not stop.seen and (watched is None or watched < WATCHED_MIN):
        # nobody looked, or nobody knows whether anybody did: it may have circled in plain view
        return [Found("stop.unwatched", values, searchable=watched)]
    # how long it stood is not known where its leaving (coming) was not seen, or it was lost at cruise
    strength = 1.0 if stop.high_s <= LOADING_S else 0.8
    if near(kinds=STRIPS, listed=True) < LISTED_NEAR_M or could(STRIPS, listed=True):
        return [Found("stop.not_of_entry", values, strength, watched)] if crossed_unplanned(flight, given) else []
    return [Found("stop.unlisted" if stop.seen else "stop.hidden", values, strength, watched)]


def _could_be(stop: _Stop, flight: Flight, given: Given, kinds: tuple[str, ...], *, listed: bool) -> bool:
    """Return whether a stop that nobody saw may have been at a place of these kinds: ahead, behind, and in reach.

    Ahead of where it was lost and behind where it was found again, to 8 degrees, and near enough to fly there, stand
    for five minutes and come back in the time it was out of sight.
    """
    places, rows = given.places, flight.rows
    index = places.of_kind(kinds, listed=listed)
    if stop.seen or len(stop.rows) < 2 or not len(index):
        return False
    a, b = sorted(stop.rows)
    speed = max(float(np.fmax(rows.speed_mps[a], rows.speed_mps[b])), APPROACH_MPS)
    reach, near = speed * (float(rows.time_s[b] - rows.time_s[a]) - STOOD_S), np.zeros(len(index))
    fits = np.ones(len(index), bool)
    for row, sign in ((a, 1.0), (b, -1.0)):
        lat, lon = float(rows.lat_deg[row]), float(rows.lon_deg[row])
        north = (places.lat_deg[index] - lat) * 111_195.0
        east = (places.lon_deg[index] - lon) * 111_195.0 * math.cos(math.radians(lat))
        away = np.hypot(north, east)
        ahead = sign * (north * rows.vn_mps[row] + east * rows.ve_mps[row])
        fits &= (away < COMMUNITY_M) | (ahead >= AHEAD_COS * away * rows.speed_mps[row])
        near += away
    return bool(np.any(fits & (near <= reach)))


def _watched(stop: _Stop, flight: Flight, given: Given) -> float | None:
    """Return the probability that it would have been seen once, had it circled where it was lost; None where unknown.

    Where it was lost: about its last and its next rows. A sensor of unknown state is left out, never taken as on.
    An aircraft without a height flew as high as the detections beside the gap say: what was seen was in view.
    """
    sensors = given.radar_sensors + (given.transponder_sensors if flight.icao24 or flight.code_heard else ())
    if given.detection is None or not sensors or len(stop.rows) < 2:
        return None
    rows, (a, b) = flight.rows, sorted(stop.rows)
    beside = np.clip(np.concatenate([a - ROWS_BESIDE, b + ROWS_BESIDE]), 0, len(rows) - 1)
    beside = beside[rows.chain[beside] == rows.chain[a]]
    at = np.repeat(beside, LOOKS)
    time_s = np.tile(np.linspace(float(rows.time_s[a]), float(rows.time_s[b]), LOOKS + 2)[1:-1], len(beside))
    scans = float(rows.time_s[b] - rows.time_s[a]) / SCAN_S / LOOKS
    heights = (math.nan,) if _has_height(flight, beside, given) else ASSUMED_AGL_M
    missed, likely = np.ones(len(heights)), np.ones(len(heights))
    seen = beside[rows.detected[beside]]
    for k, height in enumerate(heights):
        pd = np.array([_pd(flight, given, s, at, time_s, height).reshape(-1, LOOKS) for s in sensors])
        if k == 0 and not np.isfinite(pd).any():
            return None
        missed[k] = np.prod((1.0 - np.nan_to_num(pd).mean(axis=1)) ** scans)
        if len(heights) > 1:
            then = np.array([_pd(flight, given, s, seen, rows.time_s[seen], height) for s in sensors])
            likely[k] = np.prod(np.maximum(1.0 - np.prod(1.0 - np.nan_to_num(then), axis=0), BY_CHANCE))
    return float(1.0 - likely @ missed / likely.sum())


def _has_height(flight: Flight, at: NDArray[np.int64], given: Given) -> bool:
    """Return whether a height above ground is known at all of these rows, or cannot be had for want of terrain."""
    return given.terrain is None or bool(np.isfinite(flight.rows.altitude_m[at]).all())


def _pd(
    flight: Flight,
    given: Given,
    sensor: str,
    at: NDArray[np.int64],
    time_s: NDArray[np.float64],
    height_agl_m: float,
) -> NDArray[np.float64]:
    """Return the probability that a sensor sees it in a scan at these rows' places, NaN where its state is unknown.

    ``height_agl_m`` stands where a row has no height of its own; NaN leaves it to the field.
    """
    assert given.detection is not None
    rows = flight.rows
    lat, lon = rows.lat_deg[at], rows.lon_deg[at]
    ground = given.terrain(lat, lon) if given.terrain is not None else np.full(len(at), np.nan)
    height, when = rows.altitude_m[at] - ground, (rows.start_us + time_s * 1e6).astype(np.int64)
    height = np.where(np.isfinite(height), height, height_agl_m)
    pd = given.detection.detection_probability(lat, lon, height, sensor=sensor, time=when)
    return np.asarray(pd, np.float64).reshape(len(at))


def hovers(flight: Flight) -> bool:
    """Return whether the aircraft flew slower in the air than an aeroplane can, as helicopters do."""
    return flight.measure("slow_share") > HOVER_SHARE and flight.measure("speed_top_mps") < 95.0


def soars(flight: Flight) -> bool:
    """Return whether the aircraft climbed and sank slowly for most of an hour or more, as gliders do."""
    hours = flight.measure("duration_s") / 3600.0
    climbs = flight.measure("climbs")
    return hours > 0.75 and climbs >= 5 and climbs / hours >= 1.2 and flight.measure("speed_mps") < 45.0
