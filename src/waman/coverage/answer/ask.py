"""What ``waman ask`` answers: could any sensor have seen an aircraft here then, and what is on record."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from waman.coverage import folder as folder_
from waman.coverage.answer.point import point_pd, read_point
from waman.coverage.availability import dark_stretches
from waman.coverage.detect.model import SensorModel
from waman.coverage.detect.observer import WEATHER, awake_share, weather_share
from waman.errors import InputError
from waman.geo.time import parse_utc_us, us_text

RCS_INTERVAL_M2 = (1.0, 5.0)
"""What single-engine aircraft are commonly taken for; no citable source was found, so both ends are carried."""

GATE_M = 20_000.0
ROWS_SHOWN = 5


@dataclass(frozen=True)
class Question:
    """A place [deg], a stretch of time [µs UTC] and a height [m above ground]."""

    lat_deg: float
    lon_deg: float
    start_us: int
    end_us: int
    height_agl_m: float
    weather: str | None = None


@dataclass(frozen=True)
class SensorAnswer:
    """One sensor: Pd a scan if it was on (low, high over the cross-sections), and how long it was in each state [s]."""

    sensor: str
    kind: str
    pd: tuple[float, float] | None
    lowest_visible_m: float | None
    on_s: float
    off_s: float
    unknown_s: float
    resolution_class: str
    why: str


@dataclass(frozen=True)
class Answer:
    """What was found; ``records`` counts plots, reports, plans and scenes near the place in the time."""

    question: Question
    sensors: list[SensorAnswer]
    records: dict[str, int | None]
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def sentences(self) -> str:
        """The answer in two sentences."""
        surely = [s for s in self.sensors if s.pd is not None and s.pd[0] >= 0.5 and s.on_s > 0.0]
        perhaps = [s for s in self.sensors if s not in surely and self._open(s)]
        if surely:
            first = f"Yes: {_names(surely)} would more likely than not have seen an aircraft here at each scan."
        elif perhaps:
            first = f"Perhaps: {_names(perhaps)} might have, but state, ground or chance leave it open."
        else:
            first = "No: no sensor could have seen an aircraft here then."
        found = [f"{n} {name}" for name, n in self.records.items() if n]
        unread = [name for name, n in self.records.items() if n is None]
        second = f"On record within {GATE_M / 1000:.0f} km: {', '.join(found) if found else 'nothing'}"
        second += f"; not searched, because there is no file: {', '.join(unread)}." if unread else "."
        return f"{first} {second}"

    def _open(self, s: SensorAnswer) -> bool:
        """Tell whether a sensor may have seen it: by chance, or because state or ground are unknown."""
        length_s = (self.question.end_us - self.question.start_us) / 1e6
        return s.off_s < length_s and (s.pd is None or s.pd[1] >= 0.1)


def ask(root: Path, workspace: Path, question: Question) -> Answer:
    """Answer a question from a field folder and the tables of a workspace.

    Raises InputError where the folder is no field or the question is empty.
    """
    if question.end_us <= question.start_us:
        raise InputError("the stretch of time is empty", hint="--to must lie after --from")
    models = folder_.read_sensors(root)
    available = folder_.read_availability(root)
    answers = [_sensor(root, m, available, question) for m in models]
    records, examples = _records(workspace, question)
    return Answer(question, answers, records, examples)


def _sensor(root: Path, model: SensorModel, available: pa.Table, q: Question) -> SensorAnswer:
    dark = dark_stretches(available, [model.id], q.start_us, q.end_us)
    off = sum(d.end_us - d.start_us for d in dark if d.state == "down") / 1e6
    unknown = sum(d.end_us - d.start_us for d in dark if d.state != "down") / 1e6
    on = (q.end_us - q.start_us) / 1e6 - off - unknown
    pd, lowest, why = _pd(root, model, q)
    return SensorAnswer(model.id, model.kind, pd, lowest, on, off, unknown, model.resolution_class, why)


def _pd(root: Path, model: SensorModel, q: Question) -> tuple[tuple[float, float] | None, float | None, str]:
    if model.method == "learned":
        learned = folder_.read_reception(root).get(model.id)
        if learned is None:
            return None, None, "reception was not learned"
        level = q.height_agl_m + _ground_msl_m(root, q)
        where = (np.array([q.lat_deg]), np.array([q.lon_deg]), np.array([level]))
        _, low, high = learned.interval(*where, np.array([q.start_us]))
        if np.isnan(low[0]):
            return None, None, "no traffic ever proved reception here"
        return (float(low[0]), float(high[0])), None, "if its transponder was on"
    path = root / folder_.plain(model.raster)
    east, north, lowest, ground = read_point(path, model, lat_deg=q.lat_deg, lon_deg=q.lon_deg)
    if np.hypot(east, north) > model.range_max_m:
        return (0.0, 0.0), None, f"beyond its range of {model.range_max_m / 1000:.0f} km"
    if np.isnan(lowest) or np.isnan(ground):
        return None, None, "the ground between is unknown"
    points = {"east_m": np.array([east]), "north_m": np.array([north])}
    layers = {"lowest_m": np.array([lowest]), "ground_m": np.array([ground])}
    pds = [
        float(point_pd(model, **points, **layers, height_agl_m=np.array([q.height_agl_m]), rcs_m2=rcs)[0])
        for rcs in RCS_INTERVAL_M2
    ]
    why = "" if model.sees_silent_aircraft else "if its transponder was on"
    if model.method == "observer":
        shares = _heard_shares(model, q)
        pds, why = [p * s for p in pds for s in shares], f"by hour and weather ({q.weather or 'unknown'})"
    if q.height_agl_m < lowest and model.method != "observer":
        why = f"the ground hides everything below {lowest:.0f} m"
    elif max(pds) == 0.0:
        why = "outside its beam"
    return (min(pds), max(pds)), lowest, why


def _heard_shares(model: SensorModel, q: Question) -> tuple[float, float]:
    """Return the least and the greatest share that hour and weather leave an observer during the question."""
    times = np.linspace(q.start_us, q.end_us, 97).astype(np.int64)
    awake = awake_share(times, model.lon_deg, model.night_share)
    weathers = [weather_share(w) for w in (WEATHER if q.weather is None else (q.weather,))]
    return float(awake.min()) * min(weathers), float(awake.max()) * max(weathers)


def _ground_msl_m(root: Path, q: Question) -> float:
    """Return the ground height at the place from the first raster that knows it; sea level where none does."""
    for model in folder_.read_sensors(root):
        if model.method != "learned":
            path = root / folder_.plain(model.raster)
            ground = read_point(path, model, lat_deg=q.lat_deg, lon_deg=q.lon_deg)[3]
            if np.isfinite(ground):
                return ground
    return 0.0


def _records(workspace: Path, q: Question) -> tuple[dict[str, int | None], dict[str, list[str]]]:
    counts: dict[str, int | None] = {}
    examples: dict[str, list[str]] = {}
    counts["plots"], examples["plots"] = _plots(workspace / "plots.parquet", q)
    counts["reports"], examples["reports"] = _reports(workspace / "reports.csv", q)
    counts["plans"], examples["plans"] = _plans(workspace / "plans.csv", q)
    counts["scenes"], examples["scenes"] = _scenes(workspace / "searched.parquet", q)
    return counts, examples


def _plots(path: Path, q: Question) -> tuple[int | None, list[str]]:
    if not path.exists():
        return None, []
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    start, end = (pa.scalar(v, pa.timestamp("us", "UTC")) for v in (q.start_us, q.end_us))
    reach = GATE_M / 111_195.0
    wide = reach / max(np.cos(np.radians(q.lat_deg)), 0.01)
    at = ds.field("time")
    near = (at >= start) & (at <= end)
    near &= (ds.field("lat_deg") >= q.lat_deg - reach) & (ds.field("lat_deg") <= q.lat_deg + reach)
    near &= (ds.field("lon_deg") >= q.lon_deg - wide) & (ds.field("lon_deg") <= q.lon_deg + wide)
    try:
        rows = pq.read_table(path, filters=near, columns=["time", "sensor", "source", "offset"])
    except (pa.ArrowInvalid, OSError) as why:
        raise InputError(f"{path}: {why}", hint="make it again with waman decode") from why
    few = rows.slice(0, ROWS_SHOWN)
    times = few["time"].cast(pa.int64()).to_pylist()
    shown = [
        f"{us_text(t)} {r['sensor']} ({r['source']} at byte {r['offset']})"
        for t, r in zip(times, few.to_pylist(), strict=True)
    ]
    return rows.num_rows, shown


def _reports(path: Path, q: Question) -> tuple[int | None, list[str]]:
    if not path.exists():
        return None, []
    shown = []
    for row in read_rows(path):
        start, end = time_us(row.get("time_earliest")), time_us(row.get("time_latest"))
        if start is not None and end is not None and start <= q.end_us and end >= q.start_us and _near(row, q):
            shown.append(f"{row.get('time_earliest')} {row.get('event', '')}")
    return len(shown), shown[:ROWS_SHOWN]


def _plans(path: Path, q: Question) -> tuple[int | None, list[str]]:
    if not path.exists():
        return None, []
    # a plan names no path: what left its blocks in the twelve hours before counts
    shown = []
    for row in read_rows(path):
        off = time_us(row.get("off_block"))
        if off is not None and q.start_us - 12 * 3_600_000_000 <= off <= q.end_us:
            shown.append(f"{row.get('off_block')} {row.get('origin', '')}-{row.get('destination', '')}")
    return len(shown), shown[:ROWS_SHOWN]


def _scenes(path: Path, q: Question) -> tuple[int | None, list[str]]:
    if not path.exists():
        return None, []
    import pyarrow.parquet as pq
    import shapely

    rows = pq.read_table(path, columns=["scene", "time", "geometry"]).to_pylist()
    here = shapely.Point(q.lon_deg, q.lat_deg)
    day = 86_400_000_000
    shown = []
    for row in rows:
        when = int(row["time"].timestamp() * 1e6)
        if q.start_us - 5 * day <= when <= q.end_us + 5 * day and shapely.from_wkb(row["geometry"]).covers(here):
            shown.append(f"{us_text(when)} {row['scene']}")
    return len(shown), shown[:ROWS_SHOWN]


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def time_us(text: str | None) -> int | None:
    """Return a time of a CSV cell [µs UTC]; None where it is no time."""
    try:
        return parse_utc_us(text) if text else None
    except InputError:
        return None


def _near(row: dict[str, str], q: Question) -> bool:
    """Tell whether an observer stood within the gate; one whose place is only a cell may have."""
    try:
        north = (float(row["observer_lat"]) - q.lat_deg) * 111_195.0
        east = (float(row["observer_lon"]) - q.lon_deg) * 111_195.0 * float(np.cos(np.radians(q.lat_deg)))
    except (KeyError, ValueError, TypeError):
        return True
    return bool(np.hypot(north, east) <= GATE_M)


def _names(sensors: list[SensorAnswer]) -> str:
    return ", ".join(s.sensor for s in sensors[:5]) + (f" and {len(sensors) - 5} more" if len(sensors) > 5 else "")
