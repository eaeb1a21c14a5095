"""Small tables that people keep as CSV: flight plans and aircraft registers."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from waman.errors import InputError, Problems

ROWS_MAX = 2_000_000
FILE_BYTES_MAX = 1 << 30


def read_rows(path: Path | str, *, needs: tuple[str, ...]) -> tuple[list[dict[str, str]], Problems]:
    r"""Read a CSV with a header line; column names are lower-cased, cells stripped, blank lines skipped.

    ``needs`` are columns without which the file is no such table. Lines with too many cells become problems.

    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/register.csv"
    >>> _ = Path(path).write_text("Registration,icao24,status\nOB-1,e0c001,valid\n")
    >>> read_rows(path, needs=("icao24",))[0]
    [{'registration': 'OB-1', 'icao24': 'e0c001', 'status': 'valid'}]
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"{file}: no such file", hint=f"a CSV with the columns {', '.join(needs)}")
    if file.stat().st_size > FILE_BYTES_MAX:
        raise InputError(f"{file}: {file.stat().st_size} bytes are more than {FILE_BYTES_MAX}", hint="cut it by year")
    text = file.read_bytes().decode("utf-8-sig", errors="replace")
    lines = csv.reader(io.StringIO(text))
    problems = Problems()
    rows: list[dict[str, str]] = []
    try:
        names = [n.strip().lower() for n in next(lines, [])]
        missing = [n for n in needs if n not in names]
        if missing:
            raise InputError(f"{file}: no column {missing[0]!r}", hint=f"it has {', '.join(names) or 'no columns'}")
        for line in lines:
            if len(rows) >= ROWS_MAX:
                problems.add(str(file), f"more than {ROWS_MAX} rows; the rest is not read")
                break
            if len(line) > len(names):
                problems.add(f"{file}:{lines.line_num}", "more cells than columns", len(line))
            if any(cell.strip() for cell in line):
                rows.append({n: c.strip() for n, c in zip(names, line, strict=False)})
    except csv.Error as why:
        problems.add(f"{file}:{lines.line_num}", f"no CSV from here on: {why}")
    return rows, problems
