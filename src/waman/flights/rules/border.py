"""A border crossed.

What it checks: whether the path crosses a border line of the user's places, or was first (last) seen
at cruising speed so near to it, flying away from it (towards it), that it must have crossed; and
whether a matched plan says so.

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
from dataclasses import replace

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
METRES = 111_195.0


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return whether the path crosses a border; high overflights under control are not counted."""
    if not given.places.borders or flight.measure("altitude_low_m") > AIRLINE_HEIGHT_M:
        return []
    if not _crossed(flight, given):
        return _other_leg(flight, given)
    plan = matching_plan(flight, given) or fitting_plan(flight, given)
    return [Found("border.as_planned" if plan is not None else "border.crossed")]


def _crossed(flight: Flight, given: Given) -> bool:
    path = _path(flight, given)
    return any(_crosses(path, line, given.border_accuracy_m) for line in given.places.borders if len(line) > 1)


def _other_leg(flight: Flight, given: Given) -> list[Found]:
    """Return whether the same aircraft crossed on the leg before or after a stop that joins both legs."""
    legs, i = flight.legs, flight.number
    joined = [i - 1] if np.isfinite(legs.ground_before_s[i]) else []
    joined += [i + 1] if np.isfinite(legs.ground_after_s[i]) else []
    for k in joined:
        other = replace(flight, number=k)
        if _crossed(other, given) and matching_plan(other, given) is None and fitting_plan(other, given) is None:
            return [Found("border.crossed_on_other_leg")]
    return []


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
    steep = abs(float(np.nan_to_num(ends.climb_mps[i]))) > 2.5
    lat, lon = float(rows.lat_deg[row]), float(rows.lon_deg[row])
    near = given.places.near(lat_deg=lat, lon_deg=lon, count=1)[1][0, 0]
    if not np.hypot(vn, ve) > CRUISE_MPS or steep or near < PLACE_NEAR_M:
        return np.zeros((0, 2))
    east = seconds * ve / (METRES * np.cos(np.radians(lat)))
    return np.array([[lon + east, lat + seconds * vn / METRES]])


def _crosses(points: NDArray[np.float64], line: NDArray[np.float64], accuracy_m: float) -> bool:
    """Return whether the path begins surely on one side of the line and ends surely on the other.

    Only points farther than the line's accuracy from it count. A flight that goes over and comes back, as
    patrols along a border do, has not crossed.
    """
    border = shapely.LineString(line)
    if len(points) < 2 or not shapely.LineString(points).intersects(border):
        return False
    sure = np.flatnonzero(shapely.distance(shapely.points(points), border) * METRES > accuracy_m)
    if len(sure) < 2:
        return False
    crossings = shapely.LineString(points[sure[0] : sure[-1] + 1]).intersection(border)
    return not crossings.is_empty and int(shapely.get_num_geometries(crossings)) % 2 == 1
