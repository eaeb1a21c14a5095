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
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from waman.flights.record import Flight, Found, Given
from waman.flights.rules.plan import matching_plan

POINTS_MAX = 400
SURE_DEG = 0.045
"""5 km: the border lines shipped with Waman are good to 3 km, and a river border wanders."""
AIRLINE_HEIGHT_M = 6000.0


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return whether the path crosses a border; high overflights under control are not counted."""
    if not given.places.borders or flight.measure("altitude_low_m") > AIRLINE_HEIGHT_M:
        return []
    if not any(_crosses(flight, line) for line in given.places.borders if len(line) > 1):
        return []
    if matching_plan(flight, given) is not None:
        return [Found("border.as_planned")]
    return [Found("border.crossed")]


def _crosses(flight: Flight, line: NDArray[np.float64]) -> bool:
    """Return whether the path passes from surely one side of the line to surely the other.

    Only points farther than the line's accuracy from it count; between two such points in a row an odd
    number of crossings means the other side.
    """
    span, rows = flight.span, flight.rows
    at = np.unique(np.linspace(span.start, span.stop - 1, POINTS_MAX).astype(np.int64))
    points = np.stack([rows.lon_deg[at], rows.lat_deg[at]], axis=1)
    border = shapely.LineString(line)
    if len(at) < 2 or not shapely.LineString(points).intersects(border):
        return False
    sure = np.flatnonzero(shapely.distance(shapely.points(points), border) > SURE_DEG)
    for a, b in pairwise(sure):
        crossings = shapely.LineString(points[a : b + 1]).intersection(border)
        if not crossings.is_empty and int(shapely.get_num_geometries(crossings)) % 2 == 1:
            return True
    return False
