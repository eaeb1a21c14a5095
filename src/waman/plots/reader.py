"""``waman.plots.read``: a file of any known format becomes plots, reports and problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import tzinfo
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from waman import tables
from waman.config import Area
from waman.errors import InputError, Problems
from waman.geo.time import zone
from waman.plots import radar
from waman.plots.mode_s import messages
from waman.plots.mode_s.frames import looks_like_beast, read_avr, read_beast, read_frames_csv, read_frames_json
from waman.plots.mode_s.messages import Frames
from waman.plots.network import readsb, sbs, states
from waman.plots.recognise import recognise
from waman.plots.records.columns import Offsets
from waman.plots.records.csv_records import read_csv
from waman.plots.records.envelope import Content, open_file
from waman.plots.records.identity import Source
from waman.plots.records.json_records import collect, column_wise
from waman.plots.reports import read_csv_reports, read_geojson_reports
from waman.plots.result import Decoded


@dataclass(frozen=True)
class Context:
    """What the caller knows about a recording beyond its bytes."""

    area: Area | None = None
    date: Date | None = None
    editions: Mapping[int, str] = field(default_factory=dict)
    sensor: str | None = None
    zone_name: str | None = None
    exact_observers: bool = False
    file_us: int | None = None

    @property
    def timezone(self) -> tzinfo | None:
        """The zone of times written without one, where the area names it."""
        name = self.zone_name or (self.area.timezone if self.area is not None else None)
        return zone(name) if name else None

    def network(self, fallback: str) -> str:
        """Return the id of the sensor that rows of a receiver network belong to."""
        if self.sensor:
            return self.sensor
        fitting = [s.id for s in self.area.sensor if s.kind in ("network", "ads_b", "mode_s")] if self.area else []
        return fitting[0] if len(fitting) == 1 else fallback

    def reference(self) -> tuple[float, float] | None:
        """Return the position of the one surveyed receiver of the area: it resolves surface positions."""
        known = [s for s in self.area.sensor if s.kind in ("ads_b", "mode_s")] if self.area else []
        if len(known) == 1 and known[0].lat_deg is not None and known[0].lon_deg is not None:
            return known[0].lat_deg, known[0].lon_deg
        return None


Reader = Callable[[Content, Context, Problems], Decoded]


def read(
    path: Path | str,
    *,
    area: Area | None = None,
    date: Date | None = None,
    editions: Mapping[int, str] | None = None,
    sensor: str | None = None,
    timezone: str | None = None,
    exact_observers: bool = False,
) -> Decoded:
    """Read one recording, whatever its format, and say what was found and what was wrong.

    The format is recognised by content; gzip and zip are unwrapped. Each row names its file and
    byte offset (in the unwrapped bytes). ``sensor`` names the sensor of formats that do not
    carry one, ``timezone`` the zone of times written without one (else the area's).
    ``exact_observers`` keeps the exact positions of those who report: for the sealed store only.

    Raises InputError if nothing at all is readable.
    """
    problems = Problems()
    file = Path(path)
    file_us = file.stat().st_mtime_ns // 1000 if file.exists() else None
    context = Context(area, date, editions or {}, sensor, timezone, exact_observers, file_us)
    parts = [_read_one(content, context, problems) for content in open_file(Path(path), problems)]
    found = _join([p for p in parts if p is not None], problems)
    if not (found.plots.num_rows or found.reports.num_rows or found.availability.num_rows):
        raise _nothing(path, problems)
    return found


def _nothing(path: Path | str, problems: Problems) -> InputError:
    """Return the error for a file without a single row; a missing zone is the commonest cause and has its own hint."""
    zoneless = [p for p in problems.kept if "without a zone" in p.what]
    why = zoneless or problems.kept
    hint = "known formats: ASTERIX, pcap, Beast, AVR, SBS, readsb JSON, state vectors, reports, plots.parquet"
    if zoneless:
        hint = "name the zone of its times: --timezone America/Lima, or timezone in the area file"
    elif any("edition" in p.what for p in why):
        hint = "name the edition the recording was made with, as in --edition 62=1.16, and see waman decode --help"
    return InputError(f"{path}: nothing readable in it" + (f": {why[0].what}" if why else ""), hint=hint)


def _read_one(content: Content, context: Context, problems: Problems) -> Decoded | None:
    name = recognise(content.data)
    if not name and radar.looks_like(content.data):
        name = "radar"
    if not name and looks_like_beast(content.data):
        name = "beast"
    reader = READERS.get(name)
    if reader is None:
        problems.add(content.name, "no known format", content.data[:16].hex(" "))
        return None
    return reader(content, context, problems)


def _join(kept: list[Decoded], problems: Problems) -> Decoded:
    summary: dict[str, object] = {}
    for part in kept:
        for key, value in part.summary.items():
            old = summary.get(key)
            summary[key] = old + value if isinstance(old, int) and isinstance(value, int) else value
    return Decoded(
        format=", ".join(dict.fromkeys(p.format for p in kept)),
        plots=tables.concat("plots", [p.plots for p in kept]),
        availability=tables.concat("availability", [p.availability for p in kept]),
        reports=tables.concat("reports", [p.reports for p in kept]),
        problems=problems,
        summary=summary,
    )


def _states_json(content: Content, context: Context, problems: Problems) -> Decoded:
    found, offsets = collect(content, states.State, problems)
    return _states("JSON", found, offsets, content, context, problems)


def _states_columns(content: Content, context: Context, problems: Problems) -> Decoded:
    found = column_wise(content, problems)
    rows = len(next(iter(found.values()), ()))
    return _states("JSON by column", found, np.zeros(rows, np.int64), content, context, problems)


def _states_csv(content: Content, context: Context, problems: Problems) -> Decoded:
    found, offsets = read_csv(content, problems)
    return _states("CSV", found, offsets, content, context, problems)


def _states(
    form: str, found: Mapping[str, pa.Array], offsets: Offsets, content: Content, context: Context, problems: Problems
) -> Decoded:
    """Return the result of a reader of state vectors."""
    source = Source(content, offsets, context.network("network"), context.timezone)
    plots, repeats = states.to_plots(found, source, problems)
    summary: dict[str, object] = {"records": len(offsets), "repeated records left out": repeats}
    form = form if form[:1].islower() or form.startswith("Open") else f"state vectors ({form})"
    return Decoded(format=form, plots=plots, problems=problems, summary=summary)


def _readsb(content: Content, context: Context, problems: Problems) -> Decoded:
    found, offsets = readsb.read_aircraft(content, problems)
    return _states("readsb snapshot", found, offsets, content, context, problems)


def _trace(content: Content, context: Context, problems: Problems) -> Decoded:
    found, offsets = readsb.read_trace(content, problems)
    return _states("readsb trace", found, offsets, content, context, problems)


def _api(content: Content, context: Context, problems: Problems) -> Decoded:
    found, offsets = readsb.read_api(content, problems)
    return _states("OpenSky API", found, offsets, content, context, problems)


def _sbs(content: Content, context: Context, problems: Problems) -> Decoded:
    plots, counted = sbs.read_sbs(content, _receiver(content, context), problems)
    return Decoded(format="SBS", plots=plots, problems=problems, summary=counted)


def _mode_s(form: str, frames: Frames, source: Source, context: Context, problems: Problems) -> Decoded:
    plots, counted = messages.to_plots(frames, source, problems, reference=context.reference())
    return Decoded(format=form, plots=plots, problems=problems, summary=counted)


def _receiver(content: Content, context: Context) -> Source:
    return Source(content, np.zeros(0, np.int64), context.network("receiver"), context.timezone)


def _beast(content: Content, context: Context, problems: Problems) -> Decoded:
    frames = read_beast(content, problems, date=context.date)
    return _mode_s("Beast", frames, _receiver(content, context), context, problems)


def _avr(content: Content, context: Context, problems: Problems) -> Decoded:
    frames = read_avr(content, problems, date=context.date)
    return _mode_s("AVR", frames, _receiver(content, context), context, problems)


def _frames_json(content: Content, context: Context, problems: Problems) -> Decoded:
    source = _receiver(content, context)
    return _mode_s("Mode S frames (JSON)", read_frames_json(content, problems, source), source, context, problems)


def _frames_csv(content: Content, context: Context, problems: Problems) -> Decoded:
    source = _receiver(content, context)
    return _mode_s("Mode S frames (CSV)", read_frames_csv(content, problems, source), source, context, problems)


def _reports_csv(content: Content, context: Context, problems: Problems) -> Decoded:
    source = Source(content, np.zeros(0, np.int64), "observer", context.timezone)
    reports, counted = read_csv_reports(content, source, problems, exact_observers=context.exact_observers)
    return Decoded(format="reports (CSV)", reports=reports, problems=problems, summary=counted)


def _reports_geojson(content: Content, context: Context, problems: Problems) -> Decoded:
    source = Source(content, np.zeros(0, np.int64), "observer", context.timezone)
    reports, counted = read_geojson_reports(content, source, problems, exact_observers=context.exact_observers)
    return Decoded(format="reports (GeoJSON)", reports=reports, problems=problems, summary=counted)


def _parquet(content: Content, context: Context, problems: Problems) -> Decoded:
    try:
        table = pq.read_table(pa.BufferReader(content.data), page_checksum_verification=True, use_threads=False)
        # a flipped byte can leave codes beyond their dictionary, and Arrow would read behind it
        table.validate(full=True)
        names = set(table.column_names)
    except (pa.ArrowException, OSError, ValueError) as why:
        raise InputError(
            f"{content.name}: not a readable Parquet file: {why}", hint="was the transfer complete?"
        ) from why
    if {"time", "sensor", "kind", "source", "offset"} <= names:
        plots = tables.check("plots", table)
        return Decoded(format="plots.parquet", plots=plots, problems=problems, summary={"records": plots.num_rows})
    lower = {n: table[n] for n in table.column_names}
    if not states.looks_like_states(names):
        raise InputError(
            f"{content.name}: a Parquet table of neither plots nor state vectors",
            hint=f"it has {', '.join(sorted(names)[:12])}",
        )
    return _states("Parquet", lower, np.arange(table.num_rows), content, context, problems)


READERS: dict[str, Reader] = {
    "radar": radar.read,
    "states_json": _states_json,
    "states_columns": _states_columns,
    "states_csv": _states_csv,
    "parquet": _parquet,
    "reports_csv": _reports_csv,
    "reports_geojson": _reports_geojson,
    "readsb_aircraft": _readsb,
    "readsb_trace": _trace,
    "opensky_api": _api,
    "sbs": _sbs,
    "frames_json": _frames_json,
    "frames_csv": _frames_csv,
    "avr": _avr,
    "beast": _beast,
}
