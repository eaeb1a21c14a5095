"""What people on the ground reported.

What it checks: whether somebody saw or heard an aircraft land or take off beside the path, at the time when this one
was out of sight or on the ground there, and whether a registration was read that the register lists as valid.

Why it matters: radar ends above the trees. A person at the strip sees what no sensor can.

What it must not be used for: knowing who reported. A report is a region around an observer and a span of time, never a
position. Where two flights fit one report it speaks for neither. One report is never two findings: a landing that was
also seen by radar stays one.

Example: "landed", 07:10 to 07:25, cell 12.30 S 74.25 W; the track ended 4 km from there at 07:12: a stop was seen.

Known false positives: a wrong hour; an echo heard from the wrong side of a valley; a report made up or repeated;
a registration misread by one figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from waman.flights.record import Flight, Found, Given, Report
from waman.flights.rules.stop import AERODROMES, COMMUNITY_M, HOMES, LISTED_NEAR_M, STRIPS, hovers
from waman.geo.geodesy import distance_m

LATE_US = 180 * 1_000_000
"""People round to minutes: the span told is widened by three on either side."""
END_NEAR_M, PASS_NEAR_M = 9000.0, 6000.0
"""How far a light aircraft is heard by day, and what a cell of 0.05 degrees adds to an observer's place."""
UNSEEN_US = 1200 * 1_000_000
"""A track lost from cover may have landed up to this long after (taken off before) its last (first) row."""
TRUSTED = frozenset("ABC")
DOWN = frozenset({"landed", "took_off"})


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return what reports say of this flight: each finding once, however many people told it."""
    times = given.report_times_us
    during = (times[:, 1] >= flight.start_us - UNSEEN_US) & (times[:, 0] <= flight.end_us + UNSEEN_US)
    told = [given.reports[k] for k in np.flatnonzero(during).tolist()]
    found = {f.rule: f for report in told for f in _of(report, flight, given)}
    return [found[rule] for rule in sorted(found)]


def _of(report: Report, flight: Flight, given: Given) -> list[Found]:
    if not _near(report, flight) or _others(report, flight):
        return []
    found = _read(report, given)
    if report.event in DOWN and report.reliability in TRUSTED:
        found += _landing(report, flight, given)
    return found


def _read(report: Report, given: Given) -> list[Found]:
    """Return a registration read that the register lists as valid; any other reading may be a misreading."""
    rows = (given.register or {}).values()
    name = report.registration.upper().replace("-", "")
    valid = name and any(r.registration.upper().replace("-", "") == name and r.status == "valid" for r in rows)
    return [Found("report.read")] if valid else []


def _landing(report: Report, flight: Flight, given: Given) -> list[Found]:
    """Return a landing (take-off) reported where this flight ended (began) out of sight, away from known places."""
    landed = report.event == "landed"
    row = flight.span.stop - 1 if landed else flight.span.start
    if hovers(flight) or (landed and flight.ended == "left_area") or not _fits(report, flight, row, late=landed):
        return []
    near = partial(given.places.nearest_m, lat_deg=report.lat_deg, lon_deg=report.lon_deg)
    known = near(kinds=AERODROMES, listed=True) < LISTED_NEAR_M + PASS_NEAR_M
    known |= near(kinds=HOMES, listed=False) < COMMUNITY_M or near(kinds=STRIPS, listed=True) < LISTED_NEAR_M
    return [] if known else [Found("report.landing")]


def _near(report: Report, flight: Flight) -> bool:
    """Return whether the path passes within hearing of the observer at all."""
    rows, span = flight.rows, flight.span
    apart = distance_m(
        lat1_deg=report.lat_deg, lon1_deg=report.lon_deg, lat2_deg=rows.lat_deg[span], lon2_deg=rows.lon_deg[span]
    )
    in_time = rows.time_s[span] + rows.start_us / 1e6
    first, last = (report.earliest_us - UNSEEN_US) / 1e6, (report.latest_us + UNSEEN_US) / 1e6
    return bool(np.any((apart < END_NEAR_M) & (in_time >= first) & (in_time <= last)))


def _fits(report: Report, flight: Flight, row: int, *, late: bool) -> bool:
    """Return whether the row lies near the observer, and the time told follows (comes before) it within minutes."""
    rows = flight.rows
    apart = distance_m(
        lat1_deg=report.lat_deg, lon1_deg=report.lon_deg, lat2_deg=rows.lat_deg[row], lon2_deg=rows.lon_deg[row]
    )
    at = rows.start_us + round(float(rows.time_s[row]) * 1e6)
    first, last = report.earliest_us - LATE_US, report.latest_us + LATE_US
    in_time = (at <= last and first <= at + UNSEEN_US) if late else (first <= at and at - UNSEEN_US <= last)
    return bool(apart < END_NEAR_M) and in_time


def _others(report: Report, flight: Flight) -> bool:
    """Return whether another aircraft was near the observer at the time told: then nobody knows which was meant."""
    rows = flight.rows
    first = (report.earliest_us - LATE_US - UNSEEN_US // 2 - rows.start_us) / 1e6
    last = (report.latest_us + LATE_US + UNSEEN_US // 2 - rows.start_us) / 1e6
    during = np.flatnonzero((rows.time_s >= first) & (rows.time_s <= last))
    apart = distance_m(
        lat1_deg=report.lat_deg, lon1_deg=report.lon_deg, lat2_deg=rows.lat_deg[during], lon2_deg=rows.lon_deg[during]
    )
    return bool(np.any(rows.chain[during[apart < PASS_NEAR_M]] != rows.chain[flight.span.start]))
