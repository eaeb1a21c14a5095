"""Listed aerodromes at the ends.

What it checks: whether the flight began and ended at listed aerodromes, or at one of them and
across the edge of the area that is watched.

Why it matters: at an aerodrome people see an aircraft, refuel it and write it down.

What it must not be used for: an end that is not named proves nothing. Aerodrome lists are thin:
11 stand in the VRAEM box, mission and community strips are missing. Unlisted is not unlawful. A listed
strip says nothing for a flight that came over a border without a plan.

Example: took off at one listed aerodrome, was last seen a mile from the runway of another.

Known false positives (flights wrongly thought ordinary): an aerodrome without a tower, used at night.
"""

from __future__ import annotations

from collections.abc import Sequence

from waman.flights.record import Flight, Found, Given
from waman.flights.rules.border import crossed_unplanned


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return what the ends of the flight say for an ordinary explanation."""
    names, listed = given.places.names, given.places.listed
    began, came = flight.origin, flight.destination
    at_start = began >= 0 and bool(listed[began])
    at_end = came >= 0 and bool(listed[came])
    if at_start and at_end:
        both = float(flight.departure.probability[flight.number] * flight.arrival.probability[flight.number])
        return [Found("aerodrome.both_ends", {"origin": names[began], "destination": names[came]}, strength=both)]
    if not (at_start or at_end):
        return []
    ends, at = (flight.departure, began) if at_start else (flight.arrival, came)
    probability = float(ends.probability[flight.number])
    if given.places.kinds[at] == "strip":
        # a listed strip is no aerodrome: nobody stands there, and unlisted ones lie in the same valley; nor is it where
        # a flight from abroad may land first
        if crossed_unplanned(flight, given):
            return []
        return [Found("aerodrome.listed_strip", {"place": names[at]}, strength=probability)]
    if flight.ended == "left_area" or (at_end and not at_start and _came_in(flight, given)):
        return [Found("aerodrome.one_end_and_edge", {"place": names[at]}, strength=probability)]
    return [Found("aerodrome.one_end", {"place": names[at]}, strength=probability)]


def _came_in(flight: Flight, given: Given) -> bool:
    """Return whether the first row lies within two minutes' flight of the edge of the area."""
    if given.bbox is None:
        return False
    row, reach = flight.span.start, max(flight.measure("speed_mps"), 30.0) * 120.0 / 111_195.0
    west, south, east, north = given.bbox
    lat, lon = float(flight.rows.lat_deg[row]), float(flight.rows.lon_deg[row])
    return not (south + reach < lat < north - reach and west + reach < lon < east - reach)
