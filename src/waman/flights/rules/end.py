"""How the flight ended, as far as anybody saw.

What it checks: the last rows: standing on the ground, across the edge of the area, out of cover,
or falling fast close to the ground.

Why it matters: "landed" may be written only where it was observed. A possible impact is first of
all a matter for search and rescue.

What it must not be used for: disappearing is no evidence of landing; "low and away from listed
aerodromes" is a circumstance, because cover ends low.

Example: last seen 05:52 UTC, 40 km from the nearest listed aerodrome, 180 km/h; landing not observed.

Known false positives: a receiver or radar that went down looks like a flight that ended.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from waman.flights.record import Flight, Found, Given
from waman.geo.time import us_text

LOW_M = 450.0
AWAY_M = 10_000.0


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return how the flight ended, and what was not observed of it."""
    i = flight.number
    values = _last_seen(flight, given)
    if flight.ended == "possible_impact":
        return [Found("end.impact", values)]
    if flight.landed:
        return [Found("end.landed", values)]
    if flight.ended == "left_area":
        return [Found("end.left_area", values)]
    found = [Found("end.live" if given.live else "end.not_observed", values)]
    height, away = float(flight.arrival.height_m[i]), float(flight.arrival.distance_m[i])
    sinking = float(flight.arrival.climb_mps[i]) < -1.0
    if flight.destination < 0 and height < LOW_M and sinking and AWAY_M < away < math.inf:
        found.append(Found("end.low_away", {"km": away / 1000.0}))
    return found


def _last_seen(flight: Flight, given: Given) -> dict[str, object]:
    """Return when, roughly where and how fast; positions to 0.05 degrees, the cell that may be published.

    The last row that rests on a detection: after it the track only coasts, and a guess is not a sighting.
    """
    i, seen = flight.number, np.flatnonzero(flight.rows.detected[flight.span])
    row = flight.span.start + int(seen[-1]) if len(seen) else flight.span.stop - 1
    speed = float(flight.arrival.speed_mps[i])
    near = int(given.places.near(lat_deg=flight.rows.lat_deg[row], lon_deg=flight.rows.lon_deg[row], count=1)[0][0, 0])
    named = near >= 0 and bool(given.places.listed[near])
    return {
        "time": us_text(flight.rows.start_us + round(float(flight.rows.time_s[row]) * 1e6)),
        "lat": round(float(flight.rows.lat_deg[row]) / 0.05) * 0.05,
        "lon": round(float(flight.rows.lon_deg[row]) / 0.05) * 0.05,
        "speed_kmh": speed * 3.6 if math.isfinite(speed) else None,
        "near": given.places.names[near] if named else None,
    }
