"""A border crossed.

What it checks: whether the path crosses a border line of the user's places, or was first (last) seen
at cruising speed so near to it, flying away from it (towards it), that it must have crossed; and
whether a plan is found for this leg, or for the leg that a stop joins to it.

Why it matters: a crossing away from the points of entry is one of two things seen together when a
flight stays unexplained.

What it must not be used for: charters, overflights and medical flights cross borders every day,
and a border drawn at 1:10,000,000 is off by kilometres. Alone it classifies nothing.

Example: the path crosses the line from east to west at 05:40 local; no plan names the flight.

Known false positives: border lines of coarse maps; rivers that are the border and also the route;
a flight that took off from a strip nobody knows within a minute's flight of the border.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from waman.flights.record import Flight, Found, Given
from waman.flights.rules.plan import fitting_plan, matching_plan

POINTS_MAX = 400
AIRLINE_HEIGHT_M = 6000.0
BEYOND_S = 150.0
CRUISE_MPS = 50.0
OWN_LINE_M = 1000.0
PLACE_NEAR_M = 8000.0
AERODROME_M = 10_000.0
METRES = 111_195.0
DEEP_M = 25_000.0
"""Over the line and back again counts from this depth: patrols and circuits beside a border stay nearer."""


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return whether the path crosses a border; high overflights under control are not counted."""
    if not given.places.borders or flight.measure("altitude_low_m") > AIRLINE_HEIGHT_M:
        return []
    others = _others(flight, given)
    here = _crossed(flight, given)
    if not here and not any(_crossed(leg, given) for leg in others):
        return []
    if any(matching_plan(leg, given) or fitting_plan(leg, given) for leg in (flight, *others)):
        return [Found("border.as_planned")] if here else []
    return [Found("border.crossed" if here else "border.crossed_on_other_leg")]


def crossed_unplanned(flight: Flight, given: Given) -> bool:
    """Return whether this leg, or one that a stop joins to it, crossed a border that no plan names."""
    return any(f.rule != "border.as_planned" for f in find(flight, given))


def _crossed(flight: Flight, given: Given) -> bool:
    lines = [line for line in given.places.borders if len(line) > 1]
    path = _path(flight, given) if lines else np.zeros((0, 2))
    return any(_crosses(path, line, given.border_accuracy_m) for line in lines)


def _others(flight: Flight, given: Given) -> list[Flight]:
    """Return the legs of the same aircraft before and after the stops that join them.

    At a listed aerodrome many come and go: a leg without a name is not carried over from there.
    """
    legs, rows, i = flight.legs, flight.rows, flight.number
    chain, out = rows.chain[legs.first], []
    for k, pause, row in (
        (i - 1, legs.ground_before_s[i], legs.first[i]),
        (i + 1, legs.ground_after_s[i], legs.last[i]),
    ):
        # a leg too short to judge may have lain between
        if not np.isfinite(pause) or not 0 <= k < len(legs) or chain[k] != chain[i]:
            continue
        lat, lon = rows.lat_deg[row], rows.lon_deg[row]
        if (
            flight.icao24 is None
            and given.places.nearest_m(lat_deg=lat, lon_deg=lon, kinds=("aerodrome", "heliport"), listed=True)
            < AERODROME_M
        ):
            continue
        out.append(flight.leg(k))
    return out


def _path(flight: Flight, given: Given) -> NDArray[np.float64]:
    """Return longitude and latitude along the path; over exact lines with what it must have flown before and after."""
    span, rows = flight.span, flight.rows
    at = np.unique(np.linspace(span.start, span.stop - 1, POINTS_MAX).astype(np.int64))
    points = np.stack([rows.lon_deg[at], rows.lat_deg[at]], axis=1)
    if given.border_accuracy_m > OWN_LINE_M:
        return points
    before = _beyond(flight, given, span.start, -BEYOND_S)
    after = _beyond(flight, given, span.stop - 1, BEYOND_S)
    return np.concatenate([before, points, after])


def _beyond(flight: Flight, given: Given, row: int, seconds: float) -> NDArray[np.float64]:
    """Return where it was (will be) after ``seconds`` at the velocity of ``row``; nothing where it may have landed."""
    rows, ends = flight.rows, flight.departure if seconds < 0 else flight.arrival
    vn, ve, i = float(rows.vn_mps[row]), float(rows.ve_mps[row]), flight.number
    stood = bool((flight.legs.stop_before if seconds < 0 else flight.legs.stop_after)[i])
    steep = abs(float(np.nan_to_num(ends.climb_mps[i]))) > 2.5
    lat, lon = float(rows.lat_deg[row]), float(rows.lon_deg[row])
    near = given.places.near(lat_deg=lat, lon_deg=lon, count=1)[1][0, 0]
    if not np.hypot(vn, ve) > CRUISE_MPS or steep or stood or near < PLACE_NEAR_M:
        return np.zeros((0, 2))
    east = seconds * ve / (METRES * np.cos(np.radians(lat)))
    return np.array([[lon + east, lat + seconds * vn / METRES]])


def _crosses(points: NDArray[np.float64], line: NDArray[np.float64], accuracy_m: float) -> bool:
    """Return whether the path begins surely on one side of the line and ends surely on the other.

    Only points farther than the line's accuracy from it count. A flight that goes over and comes back, as patrols
    along a border do, has crossed only where it went deep beyond it.
    """
    border = shapely.LineString(line)
    if len(points) < 2 or not shapely.LineString(points).intersects(border):
        return False
    away = np.asarray(shapely.distance(shapely.points(points), border), np.float64) * METRES
    sure = np.flatnonzero(away > accuracy_m)
    if len(sure) < 2:
        return False
    path, away = points[sure[0] : sure[-1] + 1], away[sure[0] : sure[-1] + 1]
    steps = shapely.linestrings(np.stack([path[:-1], path[1:]], axis=1))
    over = shapely.get_num_geometries(shapely.intersection(steps, border)) * shapely.intersects(steps, border)
    beyond = np.append(0, np.cumsum(over)) % 2 == 1
    return bool(beyond[-1]) or bool(beyond.any() and float(away[beyond].max()) > DEEP_M)
