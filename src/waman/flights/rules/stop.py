"""A stop away from listed aerodromes.

What it checks: whether the aircraft was seen standing, or went down low and came up again at the
same place minutes later, where no listed aerodrome is near.

Why it matters: with a border crossing or a contradicted identity it is the second independent
thing seen. Loading takes 5 to 12 minutes.

What it must not be used for: alone, or with "no plan", "low" or "no transponder", it classifies
nothing: missions, doctors and communities use strips that no list has. An aircraft that passed
low over a strip has not stopped there.

Example: down to 60 m at an unlisted strip, up again at the same place after 7 minutes.

Known false positives: mission and medical flights to community strips; helicopters and gliders (not counted);
floatplanes; a circle flown behind a ridge at low height.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from waman.flights.cut.segment import DOWN_AND_UP
from waman.flights.record import Flight, Found, Given
from waman.geo.geodesy import distance_m

LISTED_NEAR_M = 5000.0
"""The farthest runway end from the reference point of a large aerodrome."""
COMMUNITY_M = 1500.0
HOVER_SHARE = 0.03
LOADING_S = 15.0 * 60.0
"""Loading takes 5 to 12 minutes; three more for the way down and up out of sight."""


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return the stops seen at either end of the flight."""
    i, legs = flight.number, flight.legs
    before = (bool(legs.took_off_seen[i]), int(legs.stop_before[i]))
    after = (bool(legs.landed_seen[i]), int(legs.stop_after[i]))
    found: list[Found] = []
    for (seen, inferred), ends, pause in (
        (before, flight.departure, float(legs.ground_before_s[i])),
        (after, flight.arrival, float(legs.ground_after_s[i])),
    ):
        if not (seen or inferred) or not len(given.places) or float(ends.distance_m[i]) < LISTED_NEAR_M:
            continue
        values = {
            "km": min(float(ends.distance_m[i]) / 1000.0, 9999.0),
            "minutes": round(pause / 60.0, 1) if math.isfinite(pause) else None,
        }
        ordinary = "stop.helicopter" if hovers(flight) else "stop.glider" if soars(flight) else None
        row = flight.span.start if ends is flight.departure else flight.span.stop - 1
        ordinary = ordinary or ("stop.community" if _at_community(flight, given, row) else None)
        rule = "stop.unlisted" if seen or inferred == DOWN_AND_UP else "stop.hidden"
        found.append(Found(ordinary or rule, values, strength=_as_loading(pause)))
    return sorted(found, key=lambda f: -f.strength)[:1]


def _at_community(flight: Flight, given: Given, row: int) -> bool:
    """Return whether a village or base that the user's places know is within walking distance of the stop."""
    places = given.places
    homes = np.array([i for i, kind in enumerate(places.kinds) if kind in ("village", "base")], np.int64)
    if not len(homes):
        return False
    lat, lon = float(flight.rows.lat_deg[row]), float(flight.rows.lon_deg[row])
    apart = distance_m(lat1_deg=lat, lon1_deg=lon, lat2_deg=places.lat_deg[homes], lon2_deg=places.lon_deg[homes])
    return bool(apart.min() < COMMUNITY_M)


def _as_loading(pause_s: float) -> float:
    """Return 1 for a stop as short as loading takes, little for one that was longer, between where unknown."""
    if not math.isfinite(pause_s):
        return 0.8
    return 1.0 if pause_s <= LOADING_S else 0.2


def hovers(flight: Flight) -> bool:
    """Return whether the aircraft flew slower in the air than an aeroplane can, as helicopters do."""
    return flight.measure("slow_share") > HOVER_SHARE and flight.measure("speed_top_mps") < 95.0


def soars(flight: Flight) -> bool:
    """Return whether the aircraft climbed and sank slowly for most of an hour or more, as gliders do."""
    hours = flight.measure("duration_s") / 3600.0
    climbs = flight.measure("climbs")
    return hours > 0.75 and climbs >= 5 and climbs / hours >= 1.2 and flight.measure("speed_mps") < 45.0
