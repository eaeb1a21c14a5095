"""Patterns that lawful work draws in the sky.

What it checks: whether the path is that of an airliner en route, a survey grid, a glider, a
training circuit, a patrol, a shuttle from one aerodrome, or a helicopter on a medical call.

Why it matters: each was watched long enough to be seen doing its work, which is evidence for an
ordinary explanation that no declaration gives.

What it must not be used for: a flight without a pattern is not less lawful. A pattern without an
identity explains nothing by itself.

Example: 40 parallel lines over 25 km, turning at the ends: "survey grid", +7 decibans.

Known false positives (flights wrongly thought ordinary): waiting in the air for a radio call looks
like a patrol; so the pattern weighs less than two listed aerodromes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from waman.flights.record import Flight, Found, Given
from waman.flights.rules.stop import hovers, soars

MEDICAL_WORDS = ("REGA", "SAMU", "MEDEVAC", "LIFE", "HELIMED", "MEDIC", "AMB", "CHX", "LIFEGUARD", "HOSP", "RESCUE")
"""Radiotelephony names of medical flights (ICAO Doc 8585 and common national ones)."""
HELICOPTER_TOP_MPS = 85.0


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return the first pattern that the flight shows, most specific first."""
    if flight.measure("duration_s") < 180.0:
        return []
    for look in (_en_route, _medical, _soaring, _survey, _circuit, _shuttle, _loiter):
        found = look(flight, given)
        if found is not None:
            return [found]
    return []


def _turns(flight: Flight) -> float:
    """Return path over extent: 1 is a straight line, a patrol or a grid has 4 and more."""
    return flight.measure("path_m") / max(flight.measure("extent_m"), 1000.0)


def _en_route(flight: Flight, given: Given) -> Found | None:
    """Higher than flight level 195 (controlled airspace, SERA.6001) and faster than any light aircraft."""
    del given
    high, speed = flight.measure("altitude_high_m"), flight.measure("speed_top_mps")
    if flight.icao24 is not None and high > 5950.0 and speed > 150.0 and _turns(flight) < 3.0:
        return Found("pattern.en_route", {"level": high / 30.48, "speed_kt": speed / 0.514444})
    return None


def _medical(flight: Flight, given: Given) -> Found | None:
    """Look for a medical callsign flown as a helicopter flies: that fast at most, low, briefly, and able to hover."""
    del given
    word = (flight.callsign or "").upper()
    rotor = flight.measure("speed_top_mps") < HELICOPTER_TOP_MPS and flight.measure("altitude_high_m") < 4000.0
    if word.startswith(MEDICAL_WORDS) and rotor and flight.measure("duration_s") < 3 * 3600.0:
        return Found(
            "pattern.medical", {"minutes": flight.measure("duration_s") / 60.0}, 1.0 if hovers(flight) else 0.8
        )
    return None


def _soaring(flight: Flight, given: Given) -> Found | None:
    """Only a glider climbs and sinks without end, slowly, for hours."""
    del given
    if soars(flight):
        hours = flight.measure("duration_s") / 3600.0
        return Found("pattern.soaring", {"climbs": flight.measure("climbs"), "hours": hours})
    return None


def _survey(flight: Flight, given: Given) -> Found | None:
    """Lines flown both ways at one height: axial directions agree, directions cancel."""
    del given
    level = flight.measure("altitude_high_m") - flight.measure("altitude_low_m")
    if flight.measure("reversal") > 0.35 and _turns(flight) > 4.0 and level < 6000.0:
        return Found("pattern.survey", {"km": flight.measure("path_m") / 1000.0, "lines": _turns(flight)})
    return None


def _circuit(flight: Flight, given: Given) -> Found | None:
    """Round and round one listed aerodrome, never more than 6 km away from it."""
    rows, span = flight.rows, flight.span
    at = np.linspace(span.start, span.stop - 1, 40).astype(np.int64)
    home = flight.origin if flight.origin >= 0 else flight.destination
    if home < 0 or not given.places.listed[home] or flight.measure("path_m") < 20_000.0:
        return None
    north = (rows.lat_deg[at] - given.places.lat_deg[home]) * 111_195.0
    east = (rows.lon_deg[at] - given.places.lon_deg[home]) * 111_195.0 * np.cos(np.radians(given.places.lat_deg[home]))
    if float(np.max(np.hypot(north, east))) < 8000.0:
        return Found("pattern.circuit", {"place": given.places.names[home]})
    return None


def _shuttle(flight: Flight, given: Given) -> Found | None:
    """Out and back to the listed aerodrome it left, low and without a stop, as tankers and tours fly."""
    home = flight.origin
    if home >= 0 and home == flight.destination and given.places.listed[home]:
        return Found("pattern.shuttle", {"place": given.places.names[home]})
    return None


def _loiter(flight: Flight, given: Given) -> Found | None:
    """In view for at least 20 minutes over a small area: four times farther flown than the area is wide."""
    del given
    seen = flight.measure("seen_fraction")
    if flight.measure("duration_s") > 1200.0 and _turns(flight) > 4.0 and seen > 0.3:
        return Found("pattern.loiter", {"minutes": flight.measure("duration_s") / 60.0, "turns": _turns(flight)})
    return None
