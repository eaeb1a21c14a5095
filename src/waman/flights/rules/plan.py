"""Plan matched, flown, left or not found.

What it checks: whether a filed plan names this callsign, registration or address at this time,
and whether the flight then began and ended where the plan says.

Why it matters: a plan that is also flown is said once and seen once; a plan filed and then left
is one of the corridor's disguises (July 2018: a plan on file, the load found far from its route).
A plan that was left on the way in says nothing for the way out of the same aircraft either.

What it must not be used for: "no plan on file" shot down missionaries in 2001. A missing plan
weighs only by the share of flights that file at this source, is never positive evidence, and
weighs nothing where that share is unknown.

Example: callsign and time match, departure and destination were both seen: declared and observed.

Known false positives: plans filed by radio or telephone, with another country, or under another
callsign; diversions for weather, which look like leaving the plan.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from waman.flights.record import Flight, Found, Given, Plan
from waman.geo.geodesy import distance_m

WINDOW_US = (-3 * 3600 * 1_000_000, 12 * 3600 * 1_000_000)
"""From three hours before off-block (aircraft leave early from strips) to twelve after."""
FITS_S = (-1200.0, 1800.0)
LATE_S = 2 * 3600.0
LEFT_M = 40_000.0
"""Farther from the planned destination than any diversion aerodrome of the circuit there [m]."""


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return what the plans say about the flight."""
    if given.plans_by_word is None:
        return []
    plan = matching_plan(flight, given)
    if plan is None and flight.icao24 is None and fitting_plan(flight, given) is not None:
        return [Found("plan.fits")]
    if plan is None:
        if given.completeness is None:
            return [Found("plan.unknown")]
        share = given.completeness[0]
        return [Found("plan.none", {"share": share}, searchable=share)]
    found = [Found("plan.matched", {"origin": plan.origin or "?", "destination": plan.destination or "?"})]
    ids = given.places.ids
    began = ids[flight.origin] if flight.origin >= 0 else None
    came = ids[flight.destination] if flight.destination >= 0 else None
    agree = sum([began is not None and began == plan.origin, came is not None and came == plan.destination])
    if _left(flight, plan, given):
        found.append(Found("plan.left", {"destination": plan.destination, "km": _off_km(flight, plan, given)}))
    elif any(matching_plan(leg, given) is plan and _left(leg, plan, given) for leg in flight.others):
        found.append(Found("plan.left_on_other_leg", {"destination": plan.destination}))
    elif agree:
        found.append(Found("plan.flown", {"ends": agree}, strength=1.0 if agree == 2 else 0.6))
    return found


def matching_plan(flight: Flight, given: Given) -> Plan | None:
    """Return the plan that names this flight and lies nearest in time, or None."""
    best, best_off = None, float("inf")
    for word in (flight.callsign, flight.icao24):
        for plan in (given.plans_by_word or {}).get((word or "").upper(), ()):
            off = 0 if plan.off_block_us is None else flight.start_us - plan.off_block_us
            if WINDOW_US[0] <= off <= WINDOW_US[1] and abs(off) < best_off:
                best, best_off = plan, abs(off)
    return best


def fitting_plan(flight: Flight, given: Given) -> Plan | None:
    """Return a plan between the places where a nameless flight was seen to begin and end, at its time, or None.

    Both named ends must agree, or one end where the other was not observed; the time must be that of the plan
    to 20 minutes at the start. A plan that names the flight is looked for first.
    """
    ids = given.places.ids
    began = ids[flight.origin] if flight.origin >= 0 else None
    came = ids[flight.destination] if flight.destination >= 0 else None
    if began is None and came is None:
        return None
    late_s = FITS_S[1] if began is not None else LATE_S
    plans = given.plans_by_time
    first = bisect_left(plans, flight.start_us - round(late_s * 1e6), key=lambda p: p.off_block_us or 0)
    last = bisect_right(plans, flight.start_us - round(FITS_S[0] * 1e6), key=lambda p: p.off_block_us or 0)
    for plan in plans[first:last]:
        if (began is None or began == plan.origin) and (came is None or came == plan.destination):
            return plan
    return None


def _off_km(flight: Flight, plan: Plan, given: Given) -> float:
    if plan.destination not in given.places.ids:
        return float("nan")
    at = given.places.ids.index(plan.destination)
    row = flight.span.stop - 1
    return float(
        distance_m(
            lat1_deg=given.places.lat_deg[at],
            lon1_deg=given.places.lon_deg[at],
            lat2_deg=flight.rows.lat_deg[row],
            lon2_deg=flight.rows.lon_deg[row],
        )
        / 1000.0
    )


def _left(flight: Flight, plan: Plan, given: Given) -> bool:
    """Return whether the flight was seen to end elsewhere: landed, or went down low, far from where it was planned."""
    if flight.destination >= 0 and given.places.ids[flight.destination] == plan.destination:
        return False
    low = float(flight.arrival.height_m[flight.number]) < 300.0
    ended = bool(flight.landed) or (flight.ended == "lost_from_cover" and low)
    return ended and _off_km(flight, plan, given) > LEFT_M / 1000.0
