"""``places.geojson``: aerodromes, strips, villages, bases and borders, as a table of plain columns."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import shapely
import shapely.geometry

from waman.errors import InputError, Problems
from waman.store.files import write_file
from waman.tables import TIME

PLACES = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        ("name", pa.string()),
        ("listed", pa.bool_()),
        ("lat_deg", pa.float64()),
        ("lon_deg", pa.float64()),
        ("length_m", pa.float32()),
        ("width_m", pa.float32()),
        ("heading_deg", pa.float32()),
        ("elevation_msl_m", pa.float32()),
        ("first_seen", TIME),
        ("last_seen", TIME),
        ("state", pa.string()),
        ("source", pa.string()),
        pa.field("geometry", pa.binary(), nullable=False),
    ]
)
"""The contract of places; ``lat_deg, lon_deg`` is a point on the geometry (WKB)."""

KINDS = frozenset({"aerodrome", "heliport", "strip", "village", "base", "border"})
STATES = frozenset({"candidate", "active", "damaged", "overgrown", "unknown"})
PLACES_MAX = 1_000_000
FILE_BYTES_MAX = 1 << 30


def read_places(path: Path | str) -> tuple[pa.Table, Problems]:
    """Read a ``places.geojson``: the rows that are right, and a problem for each that is not.

    Raises InputError where the file is missing or is no GeoJSON at all.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"{file}: no such file", hint="list places as a GeoJSON FeatureCollection")
    if file.stat().st_size > FILE_BYTES_MAX:
        raise InputError(f"{file}: {file.stat().st_size} bytes are more than {FILE_BYTES_MAX}", hint="cut it by region")
    return parse_places(file.read_bytes(), name=str(file))


def parse_places(content: bytes, *, name: str = "places.geojson") -> tuple[pa.Table, Problems]:
    """Parse the bytes of a ``places.geojson``.

    >>> rows, problems = parse_places(b'''{"type": "FeatureCollection", "features": [{"type": "Feature",
    ...   "geometry": {"type": "Point", "coordinates": [-74.5, -12]}, "properties": {"id": "a", "kind": "strip"}}]}''')
    >>> rows["lat_deg"][0].as_py(), problems.count
    (-12.0, 0)
    """
    try:
        whole = json.loads(content)
        features = whole["features"]
        if not isinstance(features, list):
            raise TypeError("features is not a list")
    except (ValueError, KeyError, TypeError, RecursionError) as why:
        raise InputError(f"{name}: no GeoJSON FeatureCollection: {why}", hint="see places in the contracts") from why
    problems, rows, seen = Problems(), [], set[str]()
    for number, feature in enumerate(features[:PLACES_MAX]):
        where = f"{name}: feature {number}"
        row = _place(feature, where, problems)
        if row is not None and row["id"] in seen:
            problems.add(where, "an earlier place has the same id", row["id"])
        elif row is not None:
            seen.add(row["id"])
            rows.append(row)
    if len(features) > PLACES_MAX:
        problems.add(name, f"more than {PLACES_MAX} places; the rest is not read", len(features))
    return pa.Table.from_pylist(rows, schema=PLACES), problems


def write_places(rows: pa.Table, path: Path | str) -> Path:
    """Write a table of places as GeoJSON; nulls are left out."""
    features = []
    for row in rows.to_pylist():
        shape = shapely.from_wkb(row.pop("geometry"))
        for derived in ("lat_deg", "lon_deg"):
            row.pop(derived, None)
        properties = {k: _plain(v) for k, v in row.items() if v is not None}
        geometry = shapely.geometry.mapping(shape)
        features.append({"type": "Feature", "id": row["id"], "geometry": geometry, "properties": properties})
    whole = {"type": "FeatureCollection", "features": features}
    return write_file(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", path)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return float(f"{value:.7g}") if isinstance(value, float) else value


def _place(feature: Any, where: str, problems: Problems) -> dict[str, Any] | None:
    if not isinstance(feature, Mapping) or not isinstance(feature.get("properties"), Mapping):
        problems.add(where, "no feature with properties", feature)
        return None
    given = feature["properties"]
    try:
        shape = shapely.geometry.shape(feature["geometry"])
        west, south, east, north = shape.bounds
    except Exception as why:  # a geometry can be wrong in more ways than shapely has names for
        problems.add(where, f"the geometry cannot be read: {why}", feature.get("geometry"))
        return None
    if shape.is_empty or not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        problems.add(where, "the geometry is empty or outside the earth", list(shape.bounds))
        return None
    key, kind = given.get("id", feature.get("id")), given.get("kind")
    if key in (None, "") or kind not in KINDS:
        problems.add(
            where, f"a place needs an id and a kind of {', '.join(sorted(KINDS))}", f"id={key!r} kind={kind!r}"
        )
        return None
    half = shape.interpolate(0.5, normalized=True) if shape.geom_type == "LineString" else shape.representative_point()
    point = shapely.get_coordinates(half)[0]
    row = {"id": str(key), "kind": kind, "geometry": shapely.to_wkb(shape), "lat_deg": point[1], "lon_deg": point[0]}
    for field in PLACES:
        if field.name not in row and given.get(field.name) is not None:
            row[field.name] = _value(given[field.name], field, where, problems)
    return row


def _value(value: Any, field: pa.Field, where: str, problems: Problems) -> Any:
    """Return one property as its column wants it, or None and a problem."""
    if field.name == "state" and value not in STATES:
        problems.add(where, f"state is none of {', '.join(sorted(STATES))}", value)
    elif pa.types.is_string(field.type):
        return str(value)
    elif pa.types.is_boolean(field.type) and isinstance(value, bool):
        return value
    elif pa.types.is_floating(field.type) and isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    elif field.type == TIME and isinstance(value, str) and (when := _time(value)):
        return when
    else:
        problems.add(where, f"{field.name} cannot be read as {field.type}", value)
    return None


def _time(text: str) -> datetime | None:
    """Return a time with its zone, or the start (UTC) of a date; None where it is neither."""
    try:
        if len(text) == len("2015-10-14"):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo else None
