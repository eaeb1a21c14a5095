"""What flights are weighed against, gathered from the files an area names: one place for run and explain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from waman.cli._decoding import read_all
from waman.config import Area
from waman.errors import Problems
from waman.flights import Given, given_of
from waman.store import read_borders, read_places
from waman.store.rows import read_rows

HEARING_KINDS = frozenset({"ssr", "psr_ssr", "mode_s", "ads_b", "mlat", "network"})


def gather(
    area: Area | None,
    *,
    field: Any = None,
    reports: pa.Table | None = None,
    recording_end_us: int | None = None,
    live: bool = False,
    problems: Problems,
) -> Given:
    """Read places, borders, plans, registers, reports and terrain of an area; what it does not name stays unknown.

    ``reports`` are those that were read already.
    """
    if area is None:
        return given_of(field=field, recording_end_us=recording_end_us, live=live, problems=problems)
    places, plans, register = [], [], []
    for file in area.files(area.places.files):
        table, found = read_places(file)
        problems.extend(found)
        places += table.to_pylist()
    for source in area.plans:
        rows, found = read_rows(area.path(source.file), needs=("callsign", "off_block"))
        problems.extend(found)
        plans += rows
    for name in (n for r in area.registers for n in r.aircraft):
        rows, found = read_rows(area.path(name), needs=("icao24", "status"))
        problems.extend(found)
        register += rows
    if reports is None and area.files(area.reports.files):
        said = read_all(area.files(area.reports.files), area=area, date=None, editions={}, sensor=None)
        problems.extend(said.problems)
        reports = said.reports
    shares = [p.completeness for p in area.plans]
    known = [s for s in shares if s is not None]
    return given_of(
        bbox=area.bbox,
        places=places,
        borders=read_borders(area.bbox),
        aerodromes=area.places.aerodromes,
        plans=plans if area.plans else None,
        # several sources: a flight may file at any, so the least complete one counts
        completeness=min(known) if known and len(known) == len(shares) else None,
        register=register if area.registers else None,
        reports=reports.to_pylist() if reports is not None else (),
        field=field,
        transponder_sensors=[s.id for s in area.sensor if s.kind in HEARING_KINDS],
        radar_sensors=[s.id for s in area.sensor if s.kind in ("psr", "psr_ssr")],
        terrain=ground(area, problems),
        recording_end_us=recording_end_us,
        live=live,
        problems=problems,
    )


def load_field(folder: Path | None) -> Any:
    """Open a field folder where one is named."""
    if folder is None:
        return None
    from waman.coverage import DetectionField

    return DetectionField.load(folder)


def ground(area: Area, problems: Problems) -> Callable[[Any, Any], Any] | None:
    """Return a function from degrees to ground height [m], or None where the area names no terrain."""
    paths = area.files(area.terrain.sources)
    if not paths:
        return None
    from waman.terrain import ground_msl_m, open_sources

    sources, found = open_sources(paths)
    problems.extend(found)
    return lambda lat, lon: ground_msl_m(sources, lat_deg=lat, lon_deg=lon)
