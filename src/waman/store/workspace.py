"""The workspace: a folder with an ``area.toml`` into which the stages write.

Flights are revised, never overwritten: what an earlier run said stays in ``revisions/``, and a
flight whose row changed carries a higher ``revision``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from waman import tables
from waman.config import Area, load_area
from waman.errors import InputError
from waman.store.parquet import read_table, write_table

FILES: Mapping[str, str] = {
    "area": "area.toml",
    "plots": "plots.parquet",
    "availability": "availability.parquet",
    "reports": "reports.parquet",
    "field": "field",
    "tracks": "tracks.parquet",
    "flights": "flights.parquet",
    "checks": "checks.jsonl",
    "corrections": "corrections.jsonl",
    "truth": "truth.parquet",
    "searched": "searched.parquet",
    "places": "places.geojson",
    "problems": "problems.jsonl",
    "report_html": "report.html",
    "report_json": "report.json",
    "flow": "flow.json",
    "plan": "plan.json",
    "leak": "leak.json",
    "tips": "tips.jsonl",
    "ledger": "ledger",
    "revisions": "revisions",
}
"""What each stage writes, by name, relative to the workspace."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder and its area. State: none; it only knows where things are.

    >>> Workspace(Path("demo"), Area(name="A", bbox=(-78, -13, -76, -11))).path("tracks").name
    'tracks.parquet'
    """

    folder: Path
    area: Area

    def path(self, name: str) -> Path:
        """Return where the output called ``name`` lies, or raise InputError listing the names."""
        if name not in FILES:
            raise InputError(f"a workspace has no {name!r}", hint="it has " + ", ".join(FILES))
        return self.folder / FILES[name]

    def read(self, name: str) -> pa.Table:
        """Read one contract table of the workspace, with the extra columns its stage added."""
        return read_table(name, self.path(name), extra=True)

    def write(self, name: str, rows: pa.Table) -> Path:
        """Write one contract table; flights go through :func:`write_flights`, which keeps revisions."""
        if name == "flights":
            return write_flights(rows, self.path(name), self.path("revisions"))
        return write_table(name, rows, self.path(name))

    def revisions(self) -> list[Path]:
        """Return the files of superseded flights, oldest first."""
        return _superseded(self.path("revisions"))


def open_workspace(folder: Path | str) -> Workspace:
    """Open a workspace folder; raises ConfigError where it has no right area file."""
    return Workspace(Path(folder), load_area(Path(folder)))


def write_flights(rows: pa.Table, path: Path, revisions: Path) -> Path:
    """Write flights; a table that says something else than before first moves the old one to ``revisions``.

    Writing the same flights again changes nothing, so a second run of the same input is silent.
    """
    if not path.is_file():
        return write_table("flights", rows, path)
    old = read_table("flights", path, extra=True)
    new, changed, gone = revise(old, rows)
    if not changed and not gone:
        return path
    number = len(_superseded(revisions)) + 1
    write_table("flights", old, revisions / f"flights-{number:06d}.parquet")
    return write_table("flights", new, path)


def revise(old: pa.Table, new: pa.Table) -> tuple[pa.Table, list[str], list[str]]:
    """Return the new flights with their revision numbers, the ids that changed and the ids that are gone.

    A flight met before keeps its revision when nothing else in its row changed and gets the next
    number when something did. A flight that is gone stays in the superseded file.
    """
    checked = tables.check("flights", new, extra=True)
    before = {row["flight"]: row for row in old.to_pylist()}
    revision: list[int] = []
    changed: list[str] = []
    for row in checked.to_pylist():
        was = before.pop(row["flight"], None)
        same = was is not None and _same(was, row)
        revision.append(max(row["revision"], (was["revision"] + (not same)) if was else 0))
        if not same:
            changed.append(row["flight"])
    column = checked.schema.get_field_index("revision")
    out = checked.set_column(column, checked.schema.field(column), pa.array(revision, pa.int32()))
    return out, changed, list(before)


def _same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return all(a[k] == b.get(k) for k in a if k != "revision")


def _superseded(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("flights-*.parquet") if re.fullmatch(r"flights-\d{6}\.parquet", p.name))
