"""One importer a kind of file: read, check, join with what the workspace holds, write whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from waman import plots, tables
from waman.cli import _decoding
from waman.errors import InputError, Problems
from waman.geo.positions import parse_position
from waman.geo.time import parse_utc_us, us_text, zone
from waman.plots.records.identity import callsign_word, icao24_word
from waman.store import Workspace, read_places, read_table, write_file, write_places
from waman.store.places import PLACES, parse_places
from waman.store.rows import read_rows

PLAN_COLUMNS = ("flight", "callsign", "registration", "icao24", "origin", "destination", "off_block", "route")


@dataclass(frozen=True)
class Added:
    """What an import did: rows read, rows now in the file, and what a person should know."""

    rows: int
    total: int
    path: Path
    problems: Problems
    notes: list[str] = field(default_factory=list)


def import_plots(files: Sequence[Path], space: Workspace, datum: str) -> Added:
    """Add recordings to ``plots.parquet`` (lineages are given anew) and what they say of sensors to availability."""
    found = _decoding.read_all(files, area=space.area)
    path = space.path("plots")
    whole = plots.assign_lineage(_with_old("plots", path, found.plots))
    space.write("plots", whole)
    notes = []
    if found.availability.num_rows:
        kept = tables.concat("availability", [*_old("availability", space.path("availability")), found.availability])
        notes.append(
            f"{found.availability.num_rows:,} intervals of sensor state in {space.write('availability', kept)}"
        )
    return Added(found.plots.num_rows, whole.num_rows, path, found.problems, notes)


def import_sightings(files: Sequence[Path], space: Workspace, datum: str) -> Added:
    """Add reports of people to ``reports.parquet``."""
    found = _decoding.read_all(files, area=space.area)
    if not found.reports.num_rows:
        raise InputError(f"{files[0]}: no reports in it", hint="columns: time_earliest, time_latest, event, ...")
    path = space.path("reports")
    whole = _with_old("reports", path, found.reports)
    space.write("reports", whole)
    notes = ["The files themselves say who reported: keep them in the sealed store, not here."]
    return Added(found.reports.num_rows, whole.num_rows, path, found.problems, notes)


def import_tracks(files: Sequence[Path], space: Workspace, datum: str) -> Added:
    """Add tracks of another system to ``tracks.parquet``; their numbers are moved above those already there."""
    path = space.path("tracks")
    parts = _old("tracks", path)
    added = 0
    for file in files:
        rows = read_table("tracks", file)
        parts = [_without(p, {file.name}) for p in parts]
        above = max((pc.max(p["track"]).as_py() for p in parts if p.num_rows), default=-1) + 1
        rows = rows.set_column(rows.schema.get_field_index("track"), "track", pc.add(rows["track"], above))
        named = pa.array([file.name] * rows.num_rows, pa.string()).dictionary_encode()
        parts.append(rows.set_column(rows.schema.get_field_index("source"), "source", named))
        added += rows.num_rows
    whole = tables.concat("tracks", parts)
    space.write("tracks", whole)
    return Added(added, whole.num_rows, path, Problems())


def import_strips(files: Sequence[Path], space: Workspace, datum: str) -> Added:
    """Add places to ``places.geojson``: GeoJSON as it is, CSV with positions as people write them."""
    path, problems = space.path("places"), Problems()
    places: dict[str, dict[str, Any]] = {}
    if path.is_file():
        old, _ = read_places(path)
        places = {r["id"]: r for r in old.to_pylist()}
    added = 0
    for file in files:
        table, found = _strips(file, datum)
        problems.extend(found)
        added += table.num_rows
        places |= {r["id"]: r for r in table.to_pylist()}
    write_places(pa.Table.from_pylist(list(places.values()), schema=PLACES), path)
    return Added(added, len(places), path, problems, _mention(space, "places", path.name, space.area.places.files))


def _strips(file: Path, datum: str) -> tuple[pa.Table, Problems]:
    with file.open("rb") as stream:
        head = stream.read(4096).lstrip()
    if head[:1] in (b"{", b"["):
        return read_places(file)
    rows, problems = read_rows(file, needs=("id",))
    features = []
    for number, row in enumerate(rows):
        where = f"{file.name}: row {number + 1}"
        text = row.get("position") or f"{row.get('lat_deg', '')}, {row.get('lon_deg', '')}"
        try:
            place = parse_position(text, datum=row.get("datum") or datum)
        except InputError as why:
            problems.add(where, str(why), text)
            continue
        properties = {"kind": "strip", "listed": False, "state": "unknown", "source": f"{file.name}: {text}"}
        properties |= {
            k: _cell(v) for k, v in row.items() if v and k in PLACES.names and k not in ("lat_deg", "lon_deg")
        }
        point = {"type": "Point", "coordinates": [place.lon_deg, place.lat_deg]}
        features.append({"type": "Feature", "geometry": point, "properties": properties})
    import json

    table, found = parse_places(
        json.dumps({"type": "FeatureCollection", "features": features}).encode(), name=file.name
    )
    problems.extend(found)
    return table, problems


def _cell(text: str) -> object:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        return text


def import_plans(files: Sequence[Path], space: Workspace, datum: str) -> Added:
    """Add flight plans to ``plans.csv``: texts normalised, times in UTC, rows without identity or time left out."""
    path, problems = space.folder / "plans.csv", Problems()
    old = read_rows(path, needs=PLAN_COLUMNS)[0] if path.is_file() else []
    plans = {_key(p): p for p in old}
    added = 0
    for file in files:
        rows, found = read_rows(file, needs=("off_block",))
        problems.extend(found)
        for number, row in enumerate(rows):
            plan = _plan(row, f"{file.name}: row {number + 1}", space, problems)
            if plan is not None:
                plans[_key(plan)] = plan
                added += 1
    if not added:
        raise InputError(f"{files[0]}: no flight plan in it", hint="columns: " + ", ".join(PLAN_COLUMNS))
    out = io.StringIO()
    writer = csv.DictWriter(out, PLAN_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(plans.values(), key=lambda p: (p["off_block"], p["callsign"])))
    write_file(out.getvalue(), path)
    return Added(
        added, len(plans), path, problems, _mention(space, "plans", path.name, [p.file for p in space.area.plans])
    )


def _key(plan: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(plan.get(n, "") for n in ("callsign", "registration", "icao24", "off_block"))


def _plan(row: Mapping[str, str], where: str, space: Workspace, problems: Problems) -> dict[str, str] | None:
    """Return one plan normalised, or None with a problem."""
    try:
        off_block = us_text(parse_utc_us(row["off_block"], timezone=zone(space.area.timezone)))
    except InputError as why:
        problems.add(where, str(why), row["off_block"])
        return None
    address = icao24_word(row.get("icao24", ""))
    if address is None:
        problems.add(where, "not a 24-bit address", row["icao24"])
    plan = {n: " ".join(row.get(n, "").upper().split()) for n in PLAN_COLUMNS}
    plan |= {"callsign": callsign_word(plan["callsign"]), "icao24": address or "", "off_block": off_block}
    if not (plan["callsign"] or plan["registration"] or plan["icao24"]):
        problems.add(where, "no callsign, registration or address: nothing to find the flight by")
        return None
    return plan


def _old(name: str, path: Path) -> list[pa.Table]:
    return [read_table(name, path)] if path.is_file() else []


def _with_old(name: str, path: Path, new: pa.Table) -> pa.Table:
    """Return new rows after the old ones, rows of the same sources replaced."""
    sources = set(new["source"].cast(pa.string()).unique().to_pylist())
    return tables.concat(name, [*(_without(t, sources) for t in _old(name, path)), new])


def _without(table: pa.Table, sources: set[str]) -> pa.Table:
    gone = pc.is_in(table["source"].cast(pa.string()), pa.array(sorted(sources), pa.string()))
    return table.filter(pc.invert(gone))


def _mention(space: Workspace, key: str, name: str, known: Sequence[str]) -> list[str]:
    if name in known:
        return []
    line = f'[[plans]] file = "{name}"' if key == "plans" else f'[places] files = ["{name}"]'
    return [f"area.toml does not name it yet: add {line}"]


IMPORTERS: Mapping[str, Callable[[Sequence[Path], Workspace, str], Added]] = {
    "sightings": import_sightings,
    "strips": import_strips,
    "plans": import_plans,
    "tracks": import_tracks,
    "plots": import_plots,
}
