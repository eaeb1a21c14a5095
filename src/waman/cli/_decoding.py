"""What ``waman decode`` and ``waman import`` share: reading many files, counting, writing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from waman import plots, tables
from waman.config import Area
from waman.errors import InputError, Problems
from waman.plots import Decoded


@dataclass(frozen=True)
class Found:
    """What several files held together. ``files`` pairs each path with what it was."""

    files: list[tuple[Path, Decoded]]
    plots: pa.Table
    availability: pa.Table
    reports: pa.Table
    problems: Problems


def parse_editions(texts: Sequence[str]) -> dict[int, str]:
    """Return editions by category of texts such as ``62=1.16``; InputError for any other form.

    >>> parse_editions(["062=1.16"])
    {62: '1.16'}
    """
    found = {}
    for text in texts:
        category, mark, edition = text.partition("=")
        if not mark or not category.strip().isdigit() or not edition.strip():
            raise InputError(f"--edition {text!r} is not of the form CAT=ED", hint="write --edition 62=1.16")
        found[int(category)] = edition.strip()
    return found


def read_all(
    files: Sequence[Path],
    *,
    area: Area | None = None,
    date: Date | None = None,
    editions: Mapping[int, str] | None = None,
    sensor: str | None = None,
    timezone: str | None = None,
) -> Found:
    """Read every file; one that holds nothing readable is a problem unless all are so (then InputError)."""
    done: list[tuple[Path, Decoded]] = []
    problems = Problems()
    failures: list[InputError] = []
    for path in files:
        try:
            one = plots.read(path, area=area, date=date, editions=editions, sensor=sensor, timezone=timezone)
        except InputError as why:
            failures.append(why)
            problems.add(str(path), str(why).removeprefix(f"{path}: "))
            continue
        done.append((path, one))
        problems.extend(one.problems)
    if not done:
        raise failures[0]
    return Found(
        files=done,
        plots=plots.assign_lineage(tables.concat("plots", [d.plots for _, d in done])),
        availability=tables.concat("availability", [d.availability for _, d in done]),
        reports=tables.concat("reports", [d.reports for _, d in done]),
        problems=problems,
    )


def write(found: Found, output: Path) -> list[Path]:
    """Write the plots to ``output`` and, beside it, what else there is; return the paths."""
    from waman.store import write_problems, write_table

    written = [write_table("plots", found.plots, output)]
    for name in ("availability", "reports"):
        table = getattr(found, name)
        if table.num_rows:
            written.append(write_table(name, table, output.parent / f"{name}.parquet"))
    written.append(write_problems(found.problems, output.parent / "problems.jsonl"))
    return written


def span_us(times: pa.ChunkedArray) -> tuple[int, int] | None:
    """Return the first and last time as UTC microseconds, or None for no rows."""
    if not len(times):
        return None
    ends = pc.min_max(times.cast(pa.int64())).as_py()
    return int(ends["min"]), int(ends["max"])


def span(times: pa.ChunkedArray) -> tuple[str, str] | None:
    """Return the first and last time as texts, or None for no rows."""
    from waman.geo.time import us_text

    ends = span_us(times)
    return None if ends is None else (us_text(ends[0]), us_text(ends[1]))


def counts(column: pa.ChunkedArray) -> dict[str, int]:
    """Return how often each word of a column occurs, most frequent first."""
    pairs = [(str(v["values"]), int(v["counts"])) for v in pc.value_counts(column.cast(pa.string())).to_pylist()]
    return dict(sorted(pairs, key=lambda p: -p[1]))


def observations(table: pa.Table) -> int:
    """Return how many different observations the plots are: rows of one lineage count once."""
    return int(pc.count_distinct(table["lineage"]).as_py()) if table.num_rows else 0


def as_json(found: Found, written: Sequence[Path]) -> dict[str, Any]:
    """Return what was found as one object."""
    times = span(found.plots["time"])
    return {
        "files": [
            {"file": str(path), "format": one.format, "plots": one.plots.num_rows, "summary": one.summary}
            for path, one in found.files
        ],
        "plots": found.plots.num_rows,
        "observations": observations(found.plots),
        "kinds": counts(found.plots["kind"]),
        "sensors": counts(found.plots["sensor"]),
        "aircraft": int(pc.count_distinct(found.plots["icao24"].cast(pa.string())).as_py()),
        "start": times[0] if times else None,
        "end": times[1] if times else None,
        "reports": found.reports.num_rows,
        "availability": found.availability.num_rows,
        "problems": found.problems.count,
        "first_problems": [p.as_dict() for p in found.problems.kept[:20]],
        "written": [str(p) for p in written],
    }


def lines(found: Found, written: Sequence[Path], *, shown: int) -> Iterator[str]:
    """Yield what a person reads on the terminal. Identities are counted, not shown."""
    for path, one in found.files:
        yield f"{path}: {one.format}"
        for what, value in one.summary.items():
            yield f"  {what}: {f'{value:,}' if isinstance(value, int) else value}"
    total = as_json(found, written)
    if total["plots"]:
        kinds = ", ".join(f"{n:,} {k}" for k, n in total["kinds"].items())
        yield f"{total['plots']:,} plots ({kinds}), {total['observations']:,} different observations"
        sensors = list(total["sensors"].items())
        more = f" and {len(sensors) - 8} more" if len(sensors) > 8 else ""
        yield f"{len(sensors)} sensors: " + ", ".join(f"{s} ({n:,})" for s, n in sensors[:8]) + more
        yield f"{total['aircraft']:,} aircraft with an address, {total['start']} to {total['end']}"
    if total["reports"]:
        yield f"{total['reports']:,} reports"
    if total["availability"]:
        yield f"{total['availability']:,} intervals of sensor state"
    yield f"{total['problems']:,} problems" + (":" if total["problems"] else "")
    for problem in found.problems.kept[:shown]:
        yield f"  {problem.where}: {problem.what}" + (f" ({problem.value})" if problem.value else "")
    if total["problems"] > shown:
        yield f"  ... {total['problems'] - min(shown, len(found.problems.kept)):,} more"
    for file in written:
        yield f"wrote {file}"
