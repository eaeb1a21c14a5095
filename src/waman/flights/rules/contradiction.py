"""Identity contradicted by what was seen.

What it checks: whether one address was heard in two places that one aircraft cannot have been in,
and whether the aircraft flew as nothing that carries such an identity can.

Why it matters: copied addresses are the corridor's disguise. The contradiction is between two
observations, so it needs no register.

What it must not be used for: it does not say which of the two is the aircraft the address belongs
to. The lawful twin has the same finding; it must never become unexplained by it.

Example: the same address 180 km apart at 11:02; both flights say "identity disputed".

Known false positives: two aircraft programmed with one address by mistake; false positions from
jammed satellite navigation; a ground vehicle's transponder.
"""

from __future__ import annotations

from collections.abc import Sequence

from waman.flights.record import Flight, Found, Given

SPEED_MAX_MPS = 360.0
CEILING_M = 16_000.0


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return contradictions between observations of this flight."""
    del given
    found = []
    if flight.conflict:
        found.append(Found("contradiction.two_places"))
    if flight.icao24 is not None and (
        flight.measure("speed_top_mps") > SPEED_MAX_MPS or flight.measure("altitude_low_m") > CEILING_M
    ):
        found.append(Found("contradiction.performance", {"speed_kt": flight.measure("speed_top_mps") / 0.514444}))
    return found
