"""When sensors were on, from every source there is: tables given, logs as CSV, and the plots themselves."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import tzinfo
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from waman import tables
from waman.coverage.availability import STATES, from_plots, from_rate
from waman.errors import InputError, Problems
from waman.geo.time import parse_utc_us

LOG_ROWS_MAX = 1_000_000
COLUMNS = ("sensor", "start", "end", "state")


def read_availability(path: Path, *, timezone: tzinfo | None, problems: Problems) -> pa.Table:
    """Read a log of sensor states: the contract table as Parquet, or CSV with ``sensor, start, end, state, evidence``.

    Times of a CSV are ISO 8601, without a zone in ``timezone``. Rows that cannot be understood
    become problems.

    Raises
    ------
    InputError
        where the file cannot be read at all
    """
    if path.suffix.lower() == ".parquet":
        try:
            return tables.check("availability", pq.read_table(path))
        except (OSError, pa.ArrowInvalid) as why:
            raise InputError(f"{path}: {why}", hint="the columns are sensor, start, end, state, evidence") from why
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if not set(COLUMNS) <= set(reader.fieldnames or ()):
                raise InputError(
                    f"{path}: the columns are {', '.join(reader.fieldnames or ())}",
                    hint="a log of sensor states has sensor, start, end, state (up, down, degraded, unknown), evidence",
                )
            return _table(reader, path, timezone, problems)
    except (OSError, UnicodeDecodeError, csv.Error) as why:
        raise InputError(f"{path}: {why}", hint="a log is a CSV file in UTF-8, or availability.parquet") from why


def _table(reader: csv.DictReader[str], path: Path, timezone: tzinfo | None, problems: Problems) -> pa.Table:
    columns: dict[str, list[object]] = {name: [] for name in (*COLUMNS, "evidence")}
    for number, row in enumerate(reader, 2):
        where = f"{path.name}:{number}"
        if number > LOG_ROWS_MAX:
            problems.add(where, "more rows than are read", LOG_ROWS_MAX)
            break
        try:
            start, end = (parse_utc_us(row[name] or "", timezone=timezone) for name in ("start", "end"))
        except InputError as why:
            problems.add(where, "a time cannot be read", why)
            continue
        state = (row["state"] or "").strip().lower()
        if state not in STATES or end <= start or not row["sensor"]:
            problems.add(where, "no stretch of a known state", f"{row['sensor']} {row['start']} {row['end']} {state}")
            continue
        values = (row["sensor"], start, end, state, row.get("evidence") or path.name)
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    return tables.table("availability", columns)


def combine(parts: Sequence[pa.Table], plots: pa.Table | None) -> pa.Table:
    """Join what is on record with what the plots themselves prove.

    Plots prove that their sensor was up while they came, also where a record says that nobody knows; where a record
    says worse, it holds. Of sensors that no record speaks of (a heartbeat, a log) the rate of identified traffic says
    when they were degraded; where all say nothing the state is unknown.

    >>> day = tables.table("availability", {"sensor": ["a"], "start": [0], "end": [10], "state": ["up"]})
    >>> combine([day, day], None).num_rows
    2
    """
    known = tables.concat("availability", [*parts, tables.empty("availability")])
    if plots is None or not plots.num_rows:
        return known
    spoken = set(known["sensor"].cast(pa.string()).to_pylist())
    names = np.asarray(plots["sensor"].cast(pa.string()).to_numpy(zero_copy_only=False))
    rest = sorted(set(names.tolist()) - spoken)
    silent = plots.filter(pa.array(np.isin(names, rest)))
    return tables.concat("availability", [known, from_plots(plots), from_rate(silent, sensors=rest)])
