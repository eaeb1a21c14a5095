"""Gather what a flight is weighed against from rows that others have read (plans, registers, places)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from numpy.typing import ArrayLike

from waman.errors import InputError, Problems
from waman.flights.cut.segment import Ground
from waman.flights.places import listed_aerodromes, place_rows, places_of
from waman.flights.record import Aircraft, Field, Given, Plan, Report
from waman.geo.time import datetime_us, parse_utc_us
from waman.plots.reports.cells import cell_centre

STATUSES = frozenset({"valid", "cancelled", "destroyed", "seized"})
OWN_BORDER_M = 300.0
COARSE_BORDER_M = 5000.0
"""The border lines shipped with Waman are good to 3 km, and a river border wanders."""
TRANSPONDER_KINDS = frozenset({"ssr", "psr_ssr", "mode_s", "ads_b", "mlat", "network"})


def given_of(
    *,
    bbox: tuple[float, float, float, float] | None = None,
    places: Iterable[Mapping[str, Any]] = (),
    borders: Iterable[ArrayLike] = (),
    aerodromes: bool = True,
    plans: Sequence[Mapping[str, Any]] | None = None,
    completeness: tuple[float, float] | None = None,
    register: Sequence[Mapping[str, Any]] | None = None,
    reports: Iterable[Mapping[str, Any]] = (),
    field: Field | None = None,
    transponder_sensors: Sequence[str] = (),
    radar_sensors: Sequence[str] = (),
    terrain: Ground | None = None,
    recording_end_us: int | None = None,
    live: bool = False,
    problems: Problems | None = None,
) -> Given:
    """Return what flights are weighed against. Bad rows become problems, never errors.

    ``plans`` and ``register`` are rows with the columns of the contract, or None where there is no such source
    (then a missing plan is not even a finding); ``reports`` and ``places`` are rows of theirs. ``borders`` are further
    lines as (n, 2) longitude and latitude [deg], used where the places hold none.
    """
    problems = problems if problems is not None else Problems()
    listed = listed_aerodromes(_wider(bbox)) if aerodromes else []
    own, lines = place_rows(places)
    by_word = None if plans is None else _plans(plans, problems)
    return Given(
        places=places_of([*listed, *own], lines or borders),
        terrain=terrain,
        detection=field,
        transponder_sensors=tuple(transponder_sensors),
        radar_sensors=tuple(radar_sensors),
        plans_by_word=by_word,
        plans_by_time=_timed(by_word),
        completeness=completeness,
        register=None if register is None else _register(register, problems),
        reports=_reports(reports, problems),
        bbox=bbox,
        border_accuracy_m=OWN_BORDER_M if lines else COARSE_BORDER_M,
        recording_end_us=recording_end_us,
        live=live,
    )


def _wider(bbox: tuple[float, float, float, float] | None) -> tuple[float, float, float, float] | None:
    """Return the box with a margin of 0.3 degrees: an aerodrome just outside still explains a low end at the edge."""
    if bbox is None:
        return None
    west, south, east, north = bbox
    return west - 0.3, south - 0.3, east + 0.3, north + 0.3


def _plans(rows: Sequence[Mapping[str, Any]], problems: Problems) -> dict[str, list[Plan]]:
    by_word: dict[str, list[Plan]] = {}
    for number, row in enumerate(rows):
        try:
            off = _time_us(row.get("off_block"))
        except InputError as why:
            problems.add(f"plans row {number + 1}", str(why), row.get("off_block"))
            off = None
        words = {n: str(row.get(n) or "").strip() for n in Plan._fields if n != "off_block_us"}
        plan = Plan(off_block_us=off, **words)
        for word in {plan.callsign.upper(), plan.registration.upper().replace("-", ""), plan.icao24.upper()} - {""}:
            by_word.setdefault(word, []).append(plan)
    return by_word


def _timed(by_word: Mapping[str, Sequence[Plan]] | None) -> list[Plan]:
    """Return each plan that has a time once, in order of time."""
    every = {plan for plans in (by_word or {}).values() for plan in plans if plan.off_block_us is not None}
    return sorted(every, key=lambda p: (p.off_block_us or 0, p))


def _time_us(value: Any) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InputError("a plan's time names no time zone", hint="write UTC with Z")
        return datetime_us(value)
    return parse_utc_us(str(value))


def _register(rows: Sequence[Mapping[str, Any]], problems: Problems) -> dict[str, Aircraft]:
    """Return aircraft by address; a register's owner column is never read."""
    out = {}
    for number, row in enumerate(rows):
        words = {n: str(row.get(n) or "").strip() for n in Aircraft._fields}
        words["icao24"], words["status"] = words["icao24"].lower(), words["status"].lower() or "valid"
        if words["status"] not in STATUSES:
            problems.add(
                f"register row {number + 1}", "status is none of " + ", ".join(sorted(STATUSES)), words["status"]
            )
        elif words["icao24"]:
            out[words["icao24"]] = Aircraft(**words)
    return out


def _reports(rows: Iterable[Mapping[str, Any]], problems: Problems) -> tuple[Report, ...]:
    """Return reports with a time and a place, each told once: what came again, or from nowhere, speaks for nothing."""
    out: dict[tuple[Any, ...], Report] = {}
    for number, row in enumerate(rows):
        try:
            first, last = _time_us(row.get("time_earliest")), _time_us(row.get("time_latest"))
            at = _observer(row)
            if first is None or last is None or at is None:
                continue
            event, grade = str(row.get("event") or ""), str(row.get("reliability") or "")
            read = str(row.get("registration_read") or "")
            report = Report(first, last, event, *at, grade, read)
        except (InputError, ValueError) as why:
            problems.add(f"reports row {number + 1}", str(why), row.get("time_earliest"))
            continue
        out.setdefault(report[:5], report)
    return tuple(sorted(out.values()))


def _observer(row: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return where an observer stood: the position where it is kept, else the middle of the cell."""
    lat, lon = row.get("observer_lat"), row.get("observer_lon")
    if lat in (None, "") or lon in (None, ""):
        return cell_centre(str(row.get("observer_cell") or ""))
    return float(str(lat)), float(str(lon))
