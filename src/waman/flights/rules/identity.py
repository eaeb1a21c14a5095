"""Identity heard and consistent.

What it checks: whether a transponder gave one address through the flight, and one callsign.

Why it matters: most lawful flights say who they are; a flight that says it all along can be
asked, looked up in a register and compared with a plan.

What it must not be used for: an address is a declaration, not a proof. Addresses are copied
from other aircraft and registrations painted over; identity alone explains nothing. Silence is
weighed only by how surely a transponder would have been heard there, and never decides.

Example: one address in 98 % of the rows and one callsign: "declared", +6 decibans.

Known false positives: old aircraft, gliders and microlights carry no transponder; aircraft of
the state may fly with it off; a receiver hears nothing behind a ridge or when it is down.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from waman.flights.record import Flight, Found, Given

CONSISTENT_SHARE = 0.8


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return whether the flight said who it is, and whether that could have been heard."""
    share = flight.measure("identity_share")
    if flight.icao24 is None:
        if flight.code_heard:
            return [Found("identity.code")]
        heard = _hearable(flight, given)
        if heard is None:
            return [Found("identity.none")]
        return [Found("identity.silent", {"hearable": heard}, searchable=heard)]
    if share >= CONSISTENT_SHARE and flight.measure("addresses") == 1:
        return [Found("identity.consistent", {"share": share})]
    return [Found("identity.part", {"share": share}, strength=min(1.0, share / CONSISTENT_SHARE))]


def _hearable(flight: Flight, given: Given) -> float | None:
    """Return the mean probability along the flight that a transponder would have been heard in a scan."""
    if given.detection is None or not given.transponder_sensors:
        return None
    rows, span = flight.rows, flight.span
    at = np.linspace(span.start, span.stop - 1, num=min(60, span.stop - span.start)).astype(np.int64)
    ground = (
        given.terrain(rows.lat_deg[at], rows.lon_deg[at]) if given.terrain is not None else np.full(len(at), np.nan)
    )
    when = (rows.start_us + (rows.time_s[at] * 1e6)).astype(np.int64)
    missed = np.ones(len(at))
    for sensor in given.transponder_sensors:
        seen = given.detection.detection_probability(
            rows.lat_deg[at], rows.lon_deg[at], rows.altitude_m[at] - ground, sensor=sensor, time=when
        )
        # a sensor whose state is unknown counts as unknown, never as on
        missed *= 1.0 - np.nan_to_num(np.asarray(seen, np.float64).reshape(len(at)), nan=0.0)
    return float(np.mean(1.0 - missed))
