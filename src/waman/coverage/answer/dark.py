"""When it was dark: the hours each sensor was off or of unknown state, and what fell inside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from waman.coverage import folder as folder_
from waman.coverage.answer.ask import read_rows, time_us
from waman.coverage.availability import Dark, dark_stretches, fell_inside
from waman.errors import InputError

EVENTS_MAX = 100_000
Event = tuple[str, int, int]


@dataclass(frozen=True)
class DarkHours:
    """The span asked about [µs UTC], the dark stretches by sensor, and per event the sensors that were dark then."""

    start_us: int
    end_us: int
    stretches: list[Dark]
    events: dict[str, list[str]]
    sensors: tuple[str, ...]

    def hours(self, sensor: str, state: str) -> float:
        """Return how long a sensor was in a state [h]."""
        own = (d.end_us - d.start_us for d in self.stretches if d.sensor == sensor and d.state == state)
        return sum(own) / 3.6e9

    @property
    def sentences(self) -> str:
        """The answer in two sentences."""
        length = (self.end_us - self.start_us) / 3.6e9
        lit = [s for s in self.sensors if not any(d.sensor == s for d in self.stretches)]
        first = f"Of {len(self.sensors)} sensors, {len(lit)} were surely on all of the {length:.1f} h."
        blind = [e for e, dark in self.events.items() if set(dark) == set(self.sensors)]
        second = f"{len(self.events)} reports and flights fell into dark hours of some sensor, {len(blind)} of all"
        return f"{first} {second}."


def dark_hours(root: Path, workspace: Path, start_us: int | None, end_us: int | None) -> DarkHours:
    """Return when the sensors of a field folder were down, degraded or unknown, and which events met that.

    Without a start or end the span of the workspace's plots.parquet counts. Events are the rows
    of reports.csv and flights.parquet, where there are such files.

    Raises
    ------
    InputError
        where the folder is no field, or nothing says which span is meant
    """
    if start_us is None or end_us is None:
        first, last = _span(workspace / "plots.parquet")
        start_us, end_us = first if start_us is None else start_us, last if end_us is None else end_us
    if end_us <= start_us:
        raise InputError("the stretch of time is empty", hint="--to must lie after --from")
    names = tuple(m.id for m in folder_.read_sensors(root))
    dark = dark_stretches(folder_.read_availability(root), names, start_us, end_us)
    events = [e for e in (*_reports(workspace), *_flights(workspace)) if e[1] <= end_us and e[2] >= start_us]
    return DarkHours(start_us, end_us, dark, fell_inside(dark, events), names)


def _span(path: Path) -> tuple[int, int]:
    if not path.exists():
        raise InputError(f"there is no {path} to take the span from", hint="give --from and --to")
    time = pq.read_table(path, columns=["time"])["time"].cast(pa.int64())
    if not len(time):
        raise InputError(f"{path} is empty", hint="give --from and --to")
    ends = pc.min_max(time).as_py()
    return int(ends["min"]), int(ends["max"]) + 1


def _reports(workspace: Path) -> list[Event]:
    path, found = workspace / "reports.csv", []
    if path.exists():
        for number, row in enumerate(read_rows(path)[:EVENTS_MAX], 1):
            start, end = time_us(row.get("time_earliest")), time_us(row.get("time_latest"))
            if start is not None and end is not None:
                found.append((f"report {number} ({row.get('event') or 'no event'})", start, end))
    return found


def _flights(workspace: Path) -> list[Event]:
    path = workspace / "flights.parquet"
    if not path.exists():
        return []
    try:
        rows = pq.read_table(path, columns=["flight", "start", "end"]).slice(0, EVENTS_MAX)
    except (pa.ArrowInvalid, OSError) as why:
        raise InputError(f"{path}: {why}", hint="make it again with waman explain") from why
    start, end = (rows[name].cast(pa.int64()).to_pylist() for name in ("start", "end"))
    names = rows["flight"].cast(pa.string()).to_pylist()
    return [(f"flight {n}", a, b) for n, a, b in zip(names, start, end, strict=True) if a is not None and b is not None]
