"""Reports of people (``reports.csv`` or GeoJSON) as the contract's table, without what names them.

Whoever reports a flight can be killed for it. Here, at the first read: a position becomes a cell,
columns that could hold a name, number or address are left out, and no problem repeats what such
a column or a position said. Exact positions stay only if ``exact_observers`` is set, which the
sealed store alone may do; the file itself belongs there too, for offsets lead back to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waman import tables
from waman.access import AUDIENCES
from waman.errors import InputError, Problems
from waman.geo.positions import parse_position
from waman.geo.time import NO_TIME_US
from waman.plots.records.columns import Flags, Floats, Offsets, constant, numbers, times_us, words
from waman.plots.records.csv_records import read_csv
from waman.plots.records.envelope import Content
from waman.plots.records.identity import Source, tell
from waman.plots.records.json_records import arrow, blocks
from waman.plots.reports.cells import cell, cell_centre

PERSONAL = re.compile(
    r"name|nombre|apellido|phone|tel|m[oó]vil|celular|whatsapp|mail|correo|contact|dni|passport|document|address|"
    r"direcci|domicilio|witness|testigo|informant|reporter|denunciante|owner|photo|foto|media|video|audio|note|comment|"
    r"observa",
    re.I,
)
KEPT = frozenset(tables.REPORTS.names) | {"time", "observer_position", "datum", "lat", "lon"}
RANGES: Mapping[str, tuple[float, float]] = {
    "bearing_deg": (-360.0, 720.0),
    "heading_deg": (-360.0, 720.0),
    "bearing_sigma_deg": (0.0, 180.0),
    "distance_m": (0.0, 100_000.0),  # farther than a person can see or hear an aircraft
    "count": (1.0, 1000.0),
    "credibility": (1.0, 6.0),  # NATO AJP-2.1: 1 confirmed to 6 cannot be judged
}
RELIABILITIES = frozenset("ABCDEF")  # NATO AJP-2.1: A completely reliable to F cannot be judged


class _Feature(msgspec.Struct):
    properties: dict[str, Any] | None = None
    geometry: dict[str, Any] | None = None


def read_csv_reports(
    content: Content, source: Source, problems: Problems, *, exact_observers: bool = False
) -> tuple[pa.Table, dict[str, object]]:
    """Return the reports of a CSV and what was counted."""
    found, offsets = read_csv(content, problems)
    return to_reports(found, replace(source, offsets=offsets), problems, exact_observers=exact_observers)


def read_geojson_reports(
    content: Content, source: Source, problems: Problems, *, exact_observers: bool = False
) -> tuple[pa.Table, dict[str, object]]:
    """Return the reports of a GeoJSON FeatureCollection; the point of a feature is its observer."""
    opening = re.search(rb'"features"\s*:\s*\[', content.data)
    start = opening.end() - 1 if opening else 0
    inner = replace(content, data=re.sub(rb"\]\s*(?:,[^\[\]{}]*)?\}\s*$", b"", content.data[start:]))
    rows: list[dict[str, Any]] = []
    places = [np.zeros(0, np.int64)]
    for features, offsets in blocks(inner, _Feature, problems, quiet=True):
        rows += [_flat(f) for f in features]
        places.append(offsets + start)
    names = sorted({name.lower() for row in rows for name in row})
    found = {n: arrow([row.get(n) for row in rows]) for n in names}
    source = replace(source, offsets=np.concatenate(places))
    return to_reports(found, source, problems, exact_observers=exact_observers)


def _flat(feature: _Feature) -> dict[str, Any]:
    """Return the properties of a feature as plain cells, its point among them."""
    plain = (str, int, float, bool)
    row = {k.lower(): v if isinstance(v, plain) else None for k, v in (feature.properties or {}).items()}
    place = (feature.geometry or {}).get("coordinates")
    if isinstance(place, list) and len(place) >= 2 and all(isinstance(v, int | float) for v in place[:2]):
        row |= {"observer_lon": float(place[0]), "observer_lat": float(place[1])}
    return row


def to_reports(
    columns: Mapping[str, pa.Array], source: Source, problems: Problems, *, exact_observers: bool
) -> tuple[pa.Table, dict[str, object]]:
    """Return the reports table of columns. Rows without a time interval or a known event are left out."""
    rows = len(source.offsets)
    _leave_out_people(columns, source, problems)
    get = {n: columns.get(n, pa.nulls(rows, pa.string())) for n in KEPT}
    earliest, latest, timed = _interval(get, source, problems)
    received = times_us(get["received"], timezone=source.timezone)
    event, _ = words(get["event"], _event)
    known = np.asarray(pc.is_valid(event).to_numpy(zero_copy_only=False), np.bool_)
    _quietly(problems, source, ~known, "the event is none of " + ", ".join(sorted(EVENTS)))
    lat, lon = _observer(get, source, problems)
    cells = _cells(get["observer_cell"], lat, lon, source, problems)
    keep = timed & known
    mask = pa.array(keep)
    values = {n: _measured(get[n], n, source, problems) for n in RANGES}
    made = {
        "time_earliest": pa.array(earliest[keep]).cast(tables.TIME),
        "time_latest": pa.array(latest[keep]).cast(tables.TIME),
        "received": pa.array(received, mask=received == NO_TIME_US).cast(tables.TIME).filter(mask),
        "event": event.filter(mask),
        "observer_cell": cells.filter(mask),
        "bearing_deg": values["bearing_deg"][keep] % 360.0,
        "bearing_sigma_deg": values["bearing_sigma_deg"][keep],
        "distance_m": values["distance_m"][keep],
        "registration_read": _registrations(get["registration_read"]).filter(mask),
        "heading_deg": values["heading_deg"][keep] % 360.0,
        "count": _whole_numbers(values["count"])[0].filter(mask),
        "reliability": words(get["reliability"], _reliability)[0].filter(mask),
        "credibility": _whole_numbers(values["credibility"])[0].filter(mask),
        "consent": words(get["consent"], _consent)[0].filter(mask),
        "audience": words(get["audience"], _audience)[0].filter(mask),
        "source": constant(source.content.name, int(keep.sum())),
        "offset": source.offsets[keep],
    }
    if exact_observers:
        made |= {"observer_lat": lat[keep], "observer_lon": lon[keep]}
    counted: dict[str, object] = {"reports": int(keep.sum()), "rows left out": int((~keep).sum())}
    counted["observer positions made cells"] = 0 if exact_observers else int((np.isfinite(lat) & keep).sum())
    return tables.table("reports", made), counted


def _quietly(problems: Problems, source: Source, bad: Flags, what: str) -> None:
    """Write problems with the place but never the value: it could be a name, or a house."""
    tell(problems, source, bad, what, pa.nulls(len(bad), pa.string()))


def _leave_out_people(columns: Mapping[str, pa.Array], source: Source, problems: Problems) -> None:
    for name in sorted(set(columns) - KEPT):
        what = "column left out: it may say who reported" if PERSONAL.search(name) else "unknown column left out"
        problems.add(source.content.name, what, name)


def _interval(get: Mapping[str, pa.Array], source: Source, problems: Problems) -> tuple[Offsets, Offsets, Flags]:
    """Return the earliest and latest time of each report and whether they are an interval."""
    once = times_us(get["time"], timezone=source.timezone)
    earliest, latest = (times_us(get[n], timezone=source.timezone) for n in ("time_earliest", "time_latest"))
    earliest = np.where(earliest == NO_TIME_US, once, earliest)
    latest = np.where(latest == NO_TIME_US, once, latest)
    given = (earliest != NO_TIME_US) & (latest != NO_TIME_US)
    what = "no interval of time (time_earliest, time_latest), or one without a zone: the report is left out"
    _quietly(problems, source, ~given, what)
    _quietly(problems, source, given & (latest < earliest), "ends before it begins: the report is left out")
    return earliest, latest, given & (latest >= earliest)


EVENTS = tables.WORDS["reports"]["event"]


def _event(text: str) -> str:
    word = text.strip().lower().replace(" ", "_").replace("-", "_")
    return word if word in EVENTS else ""


def _consent(text: str) -> str:
    word = text.strip().lower()
    return word if word.isalpha() and len(word) <= 16 else ""


def _audience(text: str) -> str:
    word = text.strip().lower()
    return word if word in AUDIENCES else ""


def _reliability(text: str) -> str:
    letter = text.strip().upper()
    return letter if letter in RELIABILITIES else ""


def _registrations(column: pa.Array) -> pa.Array:
    named, _ = words(column, lambda w: w.strip().upper()[:12])
    return named.dictionary_decode()


def _measured(column: pa.Array, name: str, source: Source, problems: Problems) -> Floats:
    out, bad = numbers(column)
    low, high = RANGES[name]
    outside = (out < low) | (out > high)
    _quietly(problems, source, bad | outside, f"{name} is no number in {low:g}..{high:g}")
    return np.where(outside, np.nan, out)


def _whole_numbers(values: Floats) -> tuple[pa.Array, Flags]:
    unknown = np.isnan(values)
    return pa.array(np.nan_to_num(values).astype(np.int32), mask=unknown), unknown


def _observer(get: Mapping[str, pa.Array], source: Source, problems: Problems) -> tuple[Floats, Floats]:
    """Return exact positions of observers, which must not leave this module unless asked for."""
    lat, lon = numbers(get["observer_lat"])[0], numbers(get["observer_lon"])[0]
    written = [w or "" for w in get["observer_position"].cast(pa.string()).to_pylist()]
    datums = [w or "WGS84" for w in get["datum"].cast(pa.string()).to_pylist()]
    wrong = np.zeros(len(lat), np.bool_)
    for row in (i for i, text in enumerate(written) if text.strip()):  # positions as people write them: few
        try:
            place = parse_position(written[row], datum=datums[row].strip().upper())
            lat[row], lon[row] = place.lat_deg, place.lon_deg
        except InputError:
            wrong[row] = True
    outside = (np.abs(lat) > 90.0) | (np.abs(lon) > 180.0) | wrong
    _quietly(problems, source, outside, "the observer's position is none")
    good = np.isfinite(lat) & np.isfinite(lon) & ~outside
    return np.where(good, lat, np.nan), np.where(good, lon, np.nan)


def _cells(given: pa.Array, lat: Floats, lon: Floats, source: Source, problems: Problems) -> pa.Array:
    """Return the cell of each observer; a position written in the cell column is made coarse too."""
    named, refused = words(given, _given_cell)
    _quietly(problems, source, refused, "observer_cell is no cell")
    rows = np.flatnonzero(np.isfinite(lat))
    cells = np.array(named.dictionary_decode().to_pylist(), object)
    cells[rows] = [cell(lat_deg=float(a), lon_deg=float(b)) for a, b in zip(lat[rows], lon[rows], strict=True)]
    return pa.array(cells.tolist(), pa.string()).dictionary_encode()


def _given_cell(text: str) -> str | None:
    if not text.strip():
        return ""
    centre = cell_centre(text)
    return cell(lat_deg=centre[0], lon_deg=centre[1]) if centre else None
