"""Low flight away from the ends.

What it checks: whether the highest plausible value of the lowest height stays below 150 m above
ground, for a flight whose ends are not at listed aerodromes.

Why it matters: it is a circumstance a reader will ask about.

What it must not be used for: low is lawful and common: weather, tourism, spraying, helicopters,
gliders. It never counts as one of the two positive findings and weighs little.

Example: 40-120 m above ground (90 % interval) for part of the flight.

Known false positives: all low flying; and heights without local pressure, which are off by 100 m.
"""

from __future__ import annotations

from collections.abc import Sequence

from waman.flights.record import Flight, Found, Given

LOW_M = 150.0  # 500 ft, the lowest height the rules of the air allow over open country


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return whether the flight was surely low somewhere that is not its aerodrome."""
    if given.terrain is None or flight.origin >= 0 or flight.destination >= 0:
        return []
    low, high = flight.measure("min_agl_low_m"), flight.measure("min_agl_high_m")
    if high < LOW_M:
        return [Found("low.en_route", {"low_m": low, "high_m": high})]
    return []
