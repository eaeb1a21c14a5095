"""Contract tables as GeoParquet 1.1: checked before writing and after reading.

A file carries the name of its contract and the version of its schema in its metadata, and,
where the table has a geometry, the ``geo`` key that other programs read (WKB, OGC:CRS84).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from waman import tables
from waman.errors import InputError
from waman.store.files import replacing

SCHEMA_VERSION = "1"
"""Version of the contracts in ``waman.tables``; a file of a later major version is refused."""

ROW_GROUP_ROWS = 100_000
ROWS_MAX = 500_000_000
"""Largest table that is read whole; a larger one is cut by day first."""

COMPANIONS: dict[str, tuple[str, ...]] = {"flights": ("values",)}
"""Columns beyond the contract that our own stages need back: the values from which findings are said in Spanish."""

MADE_BY = {
    "plots": "waman decode FILE... -o plots.parquet",
    "availability": "waman decode FILE... -o plots.parquet",
    "tracks": "waman track PLOTS -o tracks.parquet",
    "flights": "waman explain TRACKS -o flights.parquet",
    "truth": "waman simulate SCENARIO -o DIR",
    "reports": "waman import FILE --as sightings",
    "searched": "waman strips scan SCENE -o candidates.geojson",
}


def write_table(name: str, rows: pa.Table, path: Path | str) -> Path:
    """Write the contract table ``name`` whole (zstd), and return the path.

    Extra columns are kept. Raises TableError naming the column and row that break the contract.

    >>> import tempfile
    >>> path = write_table("truth", tables.empty("truth"), tempfile.mkdtemp() + "/truth.parquet")
    >>> read_table("truth", path).num_rows
    0
    """
    checked = tables.check(name, rows, extra=True)
    metadata = {b"waman_table": name.encode(), b"waman_schema_version": SCHEMA_VERSION.encode()}
    if "geometry" in checked.schema.names:
        metadata[b"geo"] = json.dumps(_geo(checked["geometry"])).encode()
    checked = checked.replace_schema_metadata(metadata)
    with replacing(path) as out:
        pq.write_table(checked, out, compression="zstd", row_group_size=ROW_GROUP_ROWS, write_page_checksum=True)
    return Path(path)


def read_table(name: str, path: Path | str, *, extra: bool = False) -> pa.Table:
    """Read the contract table ``name``; columns the contract does not know are left out unless ``extra``.

    Those in COMPANIONS stay in any case. Raises InputError where there is no such file, it is no
    Parquet or a page does not have its checksum, TableError where it breaks the contract.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"{file}: no such file", hint=f"make it with: {MADE_BY.get(name, 'waman run WORKSPACE')}")
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as opened:
            _refuse(name, file, opened.metadata)
            rows = opened.read()
        # a flipped byte can leave codes beyond their dictionary, and Arrow would read behind it
        rows.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as why:
        reason = str(why).splitlines()[0]
        raise InputError(
            f"{file}: cannot be read as Parquet: {reason}", hint="the file may be cut short; make it again"
        ) from why
    if not extra:
        known = {*tables.SCHEMAS[name].names, *COMPANIONS.get(name, ())}
        rows = rows.select([n for n in rows.schema.names if n in known])
    return tables.check(name, rows, extra=True)


def _refuse(name: str, file: Path, metadata: pq.FileMetaData) -> None:
    keys: dict[bytes, bytes] = metadata.metadata or {}
    held = keys.get(b"waman_table", name.encode()).decode()
    if held != name:
        raise InputError(f"{file}: holds the table {held!r}, not {name!r}", hint="check the order of the arguments")
    version = keys.get(b"waman_schema_version", SCHEMA_VERSION.encode()).decode()
    if version.split(".")[0] != SCHEMA_VERSION:
        raise InputError(
            f"{file}: written by a later Waman (schema {version}, this one reads {SCHEMA_VERSION})",
            hint="install the newer Waman",
        )
    if metadata.num_rows > ROWS_MAX:
        raise InputError(f"{file}: {metadata.num_rows} rows are more than {ROWS_MAX}", hint="cut the table by day")


def _geo(column: pa.ChunkedArray) -> dict[str, object]:
    """Return the GeoParquet 1.1 metadata of a WKB column."""
    shapes = shapely.from_wkb(np.asarray(column.drop_null().to_pylist(), dtype=object))
    shapes = shapes[~shapely.is_empty(shapes)] if shapes.size else shapes
    types = sorted({shape.geom_type + (" Z" if shape.has_z else "") for shape in shapes.tolist()})
    about: dict[str, object] = {"encoding": "WKB", "geometry_types": types}
    if shapes.size:
        about["bbox"] = [float(v) for v in shapely.total_bounds(shapes)]
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": about}}
