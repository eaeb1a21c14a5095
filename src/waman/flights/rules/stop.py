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

from waman.flights.record import Flight, Found, Given

LISTED_NEAR_M = 6000.0
HOVER_SHARE = 0.03


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return the stops seen at either end of the flight."""
    i, legs = flight.number, flight.legs
    before = bool(legs.took_off_seen[i] or legs.stop_before[i])
    after = bool(legs.landed_seen[i] or legs.stop_after[i])
    found: list[Found] = []
    for seen, ends, pause in (
        (before, flight.departure, float(legs.ground_before_s[i])),
        (after, flight.arrival, float(legs.ground_after_s[i])),
    ):
        if not seen or not len(given.places) or float(ends.distance_m[i]) < LISTED_NEAR_M:
            continue
        place = int(ends.place[i])
        if place >= 0 and bool(given.places.listed[place]):
            continue
        values = {
            "km": min(float(ends.distance_m[i]) / 1000.0, 9999.0),
            "minutes": round(pause / 60.0, 1) if math.isfinite(pause) else None,
        }
        ordinary = "stop.helicopter" if hovers(flight) else "stop.glider" if soars(flight) else None
        found.append(Found(ordinary or "stop.unlisted", values))
    return found[:1]


def hovers(flight: Flight) -> bool:
    """Return whether the aircraft flew slower in the air than an aeroplane can, as helicopters do."""
    return flight.measure("slow_share") > HOVER_SHARE and flight.measure("speed_top_mps") < 95.0


def soars(flight: Flight) -> bool:
    """Return whether the aircraft climbed and sank slowly for most of an hour or more, as gliders do."""
    hours = flight.measure("duration_s") / 3600.0
    climbs = flight.measure("climbs")
    return hours > 0.75 and climbs >= 5 and climbs / hours >= 1.2 and flight.measure("speed_mps") < 45.0
