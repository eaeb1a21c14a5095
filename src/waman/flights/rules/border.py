"""A border crossed.

What it checks: whether the path crosses a border line of the user's places, and whether a matched
plan says that it goes there.

Why it matters: a crossing away from the points of entry is one of two things seen together when a
flight stays unexplained.

What it must not be used for: charters, overflights and medical flights cross borders every day,
and a border drawn at 1:10,000,000 is off by kilometres. Alone it classifies nothing.

Example: the path crosses the line from east to west at 05:40 local; no plan names the flight.

Known false positives: border lines of coarse maps; rivers that are the border and also the route.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from waman.flights.record import Flight, Found, Given
from waman.flights.rules.plan import matching_plan

POINTS_MAX = 400
AIRLINE_HEIGHT_M = 6000.0


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return whether the path crosses a border; high overflights under control are not counted."""
    if not given.places.borders or flight.measure("altitude_low_m") > AIRLINE_HEIGHT_M:
        return []
    span = flight.span
    at = np.unique(np.linspace(span.start, span.stop - 1, POINTS_MAX).astype(np.int64))
    if len(at) < 2:
        return []
    path = shapely.linestrings(np.stack([flight.rows.lon_deg[at], flight.rows.lat_deg[at]], axis=1))
    if not any(path.intersects(shapely.linestrings(line)) for line in given.places.borders if len(line) > 1):
        return []
    if matching_plan(flight, given) is not None:
        return [Found("border.as_planned")]
    return [Found("border.crossed")]
