"""The Arrow schemas other programs rely on, and the checks that keep them.

Each contract table is a ``pyarrow.Schema`` in :data:`SCHEMAS`. Readers of a table
ignore columns they do not know; a column that is missing is added as all null
(null means "not measured", never 0); a column that must not be null says so by
``nullable=False``, and :func:`check` names the column and the row that break it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waman.errors import TableError

TIME = pa.timestamp("us", "UTC")
WORD = pa.dictionary(pa.int32(), pa.string())
F64 = pa.float64()
F32 = pa.float32()


def _schema(*fields: tuple[str, pa.DataType] | tuple[str, pa.DataType, bool]) -> pa.Schema:
    return pa.schema([pa.field(f[0], f[1], nullable=len(f) == 2) for f in fields])


REQUIRED = False  # the third entry of a field: nullable=False

PLOTS = _schema(
    ("time", TIME, REQUIRED),
    ("received", TIME),
    ("sensor", WORD, REQUIRED),
    ("kind", WORD, REQUIRED),
    ("lineage", pa.int64()),
    ("range_m", F32),
    ("azimuth_deg", F32),
    ("lat_deg", F64),
    ("lon_deg", F64),
    ("altitude_fl", F32),
    ("altitude_msl_m", F32),
    ("range_rate_mps", F32),
    ("snr_db", F32),
    ("mode_3a", pa.uint16()),
    ("icao24", WORD),
    ("callsign", WORD),
    ("track_number", pa.int32()),
    ("ground_speed_mps", F32),
    ("heading_deg", F32),
    ("sigma_m", F32),
    ("event", WORD),
    ("source", WORD, REQUIRED),
    ("offset", pa.int64(), REQUIRED),
)

AVAILABILITY = _schema(
    ("sensor", WORD, REQUIRED),
    ("start", TIME, REQUIRED),
    ("end", TIME, REQUIRED),
    ("state", WORD, REQUIRED),
    ("evidence", WORD),
)

TRACKS = _schema(
    ("track", pa.int64(), REQUIRED),
    ("time", TIME, REQUIRED),
    ("lat_deg", F64, REQUIRED),
    ("lon_deg", F64, REQUIRED),
    ("altitude_msl_m", F32),
    ("altitude_sigma_m", F32),
    ("altitude_source", WORD),
    ("vn_mps", F32),
    ("ve_mps", F32),
    ("sigma_major_m", F32),
    ("sigma_minor_m", F32),
    ("sigma_azimuth_deg", F32),
    ("existence", F32),
    ("reportable", F32),
    ("state", WORD, REQUIRED),
    ("detected", pa.bool_(), REQUIRED),
    ("pd", F32),
    ("sensor", WORD),
    ("icao24", WORD),
    ("callsign", WORD),
    ("mode_3a", pa.uint16()),
    ("source", WORD),
    ("offset", pa.int64()),
)

FINDING = pa.struct(
    [
        ("rule", pa.string()),
        ("stance", pa.string()),
        ("weight_db", F32),
        ("text", pa.string()),
        ("searchable", F32),
    ]
)
CHECK = pa.struct(
    [
        ("check", pa.string()),
        ("done", pa.bool_()),
        ("by", pa.string()),
        ("time", TIME),
        ("answer", pa.string()),
    ]
)

FLIGHTS = _schema(
    ("flight", pa.string(), REQUIRED),
    ("tracks", pa.list_(pa.int64()), REQUIRED),
    ("start", TIME, REQUIRED),
    ("end", TIME, REQUIRED),
    ("ended", WORD, REQUIRED),
    ("origin", pa.string()),
    ("destination", pa.string()),
    ("origin_probability", F32),
    ("destination_probability", F32),
    ("verdict", WORD, REQUIRED),
    ("basis", WORD),
    ("weight_db", F32),
    ("findings", pa.list_(FINDING), REQUIRED),
    ("checks", pa.list_(CHECK), REQUIRED),
    ("min_agl_low_m", F32),
    ("min_agl_high_m", F32),
    ("landed", pa.bool_()),
    ("ground_time_s", F32),
    ("seen_fraction", F32),
    ("revision", pa.int32(), REQUIRED),
    ("geometry", pa.binary()),
)

TRUTH = _schema(
    ("target", pa.int64(), REQUIRED),
    ("time", TIME, REQUIRED),
    ("lat_deg", F64, REQUIRED),
    ("lon_deg", F64, REQUIRED),
    ("altitude_msl_m", F32),
    ("lawful", pa.bool_()),
    ("category", WORD),
    ("flight", pa.string()),
)

SEARCHED = _schema(
    ("scene", WORD, REQUIRED),
    ("time", TIME, REQUIRED),
    ("geometry", pa.binary(), REQUIRED),
    ("width_m", F32),
    ("probability", F32),
)

REPORTS = _schema(
    ("time_earliest", TIME, REQUIRED),
    ("time_latest", TIME, REQUIRED),
    ("received", TIME),
    ("event", WORD, REQUIRED),
    ("observer_cell", WORD),
    ("observer_lat", F64),
    ("observer_lon", F64),
    ("bearing_deg", F32),
    ("bearing_sigma_deg", F32),
    ("distance_m", F32),
    ("registration_read", pa.string()),
    ("heading_deg", F32),
    ("count", pa.int32()),
    ("reliability", WORD),
    ("credibility", pa.int32()),
    ("consent", WORD),
    ("audience", WORD),
    ("source", WORD, REQUIRED),
    ("offset", pa.int64(), REQUIRED),
)

SCHEMAS: Mapping[str, pa.Schema] = {
    "plots": PLOTS,
    "availability": AVAILABILITY,
    "tracks": TRACKS,
    "flights": FLIGHTS,
    "truth": TRUTH,
    "searched": SEARCHED,
    "reports": REPORTS,
}

WORDS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "plots": {
        "kind": frozenset({"psr", "ssr", "psr_ssr", "mode_s", "ads_b", "mlat", "track", "report"}),
        "event": frozenset({"heard", "seen", "landed", "took_off", "destroyed", "rebuilt"}),
    },
    "reports": {"event": frozenset({"heard", "seen", "landed", "took_off", "destroyed", "rebuilt"})},
    "availability": {"state": frozenset({"up", "down", "degraded", "unknown"})},
    "tracks": {
        "state": frozenset({"tentative", "confirmed", "coasting", "stitched"}),
        "altitude_source": frozenset({"pressure", "geometric", "3d", "assumed", "none"}),
    },
    "flights": {
        "ended": frozenset({"landed", "lost_from_cover", "possible_impact", "left_area", "unknown"}),
        "verdict": frozenset({"explained", "unexplained", "insufficient"}),
        "basis": frozenset({"declared", "corroborated", "checked"}),
    },
}
"""The words a column may hold; any other is an error that names column, row and value."""

RANGES: Mapping[str, tuple[float, float]] = {
    "lat_deg": (-90.0, 90.0),
    "lon_deg": (-180.0, 180.0),
    "existence": (0.0, 1.0),
    "reportable": (0.0, 1.0),
    "pd": (0.0, 1.0),
    "probability": (0.0, 1.0),
    "seen_fraction": (0.0, 1.0),
    "origin_probability": (0.0, 1.0),
    "destination_probability": (0.0, 1.0),
}
"""Closed intervals that hold for a column of this name in every table."""

RANGE_SLACK = 1e-6  # float32 may round 1 up by one unit in the last place


def empty(name: str) -> pa.Table:
    """Return the contract table ``name`` with no rows.

    >>> empty("plots").num_rows
    0
    """
    return SCHEMAS[name].empty_table()


def table(name: str, columns: Mapping[str, Any]) -> pa.Table:
    """Build the contract table ``name`` from columns (NumPy arrays, lists or Arrow arrays).

    NaN in a float column and None anywhere become null; ``int64`` microseconds (or
    ``datetime64``) serve for a time; lists of words are dictionary-encoded. Columns that are
    not given become null. The result is checked (see :func:`check`).

    >>> t = table("truth", {"target": [1], "time": [0], "lat_deg": [-12.0], "lon_deg": [-75.0]})
    >>> t.num_rows, t["altitude_msl_m"][0].as_py() is None
    (1, True)
    """
    schema = SCHEMAS[name]
    unknown = sorted(set(columns) - set(schema.names))
    if unknown:
        raise TableError(f"{name}: no column {unknown[0]!r}", hint="columns: " + ", ".join(schema.names))
    rows = max((len(c) for c in columns.values()), default=0)
    arrays = [_column(columns.get(f.name), f, rows) for f in schema]
    return check(name, pa.table(arrays, schema=schema))


def check(name: str, rows: pa.Table, *, extra: bool = False) -> pa.Table:
    """Return ``rows`` cast to the contract ``name``, or raise TableError naming column and row.

    Missing nullable columns become null; unknown columns are dropped unless ``extra``.
    """
    schema = SCHEMAS[name]
    arrays = []
    for field in schema:
        if field.name in rows.schema.names:
            arrays.append(_cast(name, rows[field.name], field))
        elif field.nullable:
            arrays.append(pa.nulls(rows.num_rows, field.type))
        else:
            raise TableError(
                f"{name}: column {field.name!r} is missing",
                hint=f"the table has {', '.join(rows.schema.names) or 'no columns'}",
            )
    out = pa.table(arrays, schema=schema)
    _check_values(name, out)
    if extra:
        for column in rows.schema.names:
            if column not in schema.names:
                out = out.append_column(rows.schema.field(column), rows[column])
    return out


def concat(name: str, parts: Sequence[pa.Table]) -> pa.Table:
    """Join tables of the contract ``name``; dictionaries are unified. No parts give an empty table."""
    if not parts:
        return empty(name)
    return pa.concat_tables([check(name, p) for p in parts]).unify_dictionaries().combine_chunks()


def _column(values: Any, field: pa.Field, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, field.type)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array):
        return values.cast(field.type) if values.type != field.type else values
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        if field.type == TIME:
            return pa.array(values.astype(np.int64), pa.int64()).cast(TIME)
        if values.dtype.kind == "f":
            mask = np.isnan(values)
            return pa.array(values, mask=mask if mask.any() else None).cast(field.type)
        return pa.array(values).cast(field.type)
    if pa.types.is_dictionary(field.type):
        return pa.array(values, pa.string(), from_pandas=True).dictionary_encode().cast(field.type)
    if field.type == TIME and len(values) and isinstance(values[0], int):
        return pa.array(values, pa.int64()).cast(TIME)
    return pa.array(values, field.type, from_pandas=True)


def _cast(name: str, column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    if column.type == field.type:
        return column
    if field.type == TIME and pa.types.is_timestamp(column.type) and column.type.tz is None:
        raise TableError(
            f"{name}: column {field.name!r} has times without a zone",
            hint="write UTC times (timestamp[us, UTC]), or name the area's timezone",
        )
    try:
        if pa.types.is_dictionary(field.type) and not pa.types.is_dictionary(column.type):
            return column.cast(pa.string()).dictionary_encode().cast(field.type)
        return column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as why:
        raise TableError(
            f"{name}: column {field.name!r} is {column.type} and cannot be read as {field.type}: {why}",
            hint="convert the column, or leave it out if it was not measured",
        ) from why


def _check_values(name: str, rows: pa.Table) -> None:
    for field in rows.schema:
        column = rows[field.name]
        if not field.nullable and column.null_count:
            row = _first(pc.is_null(column))
            raise TableError(f"{name}: column {field.name!r} is null in row {row}", hint="this column must be measured")
        if field.name in RANGES:
            low, high = RANGES[field.name]
            bad = pc.or_(pc.less(column, low - RANGE_SLACK), pc.greater(column, high + RANGE_SLACK))
            _raise_first(name, field.name, column, bad, f"is outside {low:g}..{high:g}")
    for word, allowed in WORDS.get(name, {}).items():
        column = rows[word]
        used = set().union(*(set(c.dictionary.to_pylist()) for c in column.chunks))
        if used - allowed:
            values = column.cast(pa.string())
            bad = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, pa.array(sorted(allowed)))))
            _raise_first(name, word, column, bad, "is none of " + ", ".join(sorted(allowed)))


def _raise_first(name: str, field: str, column: pa.ChunkedArray, bad: pa.ChunkedArray, what: str) -> None:
    row = _first(bad)
    if row >= 0:
        raise TableError(
            f"{name}: column {field!r} {what} in row {row} ({column[row].as_py()!r})",
            hint="see the contracts page in docs/reference for what this column holds",
        )


def _first(flags: pa.ChunkedArray) -> int:
    return int(pc.index(pc.fill_null(flags, False), True).as_py())
