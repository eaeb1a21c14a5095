"""The whole program on one page: the stages called in order, each a function from tables to a table.

Nothing is computed here. Each step reads what the step before wrote, says in one line what it
did, and goes on where a source is damaged: problems are counted and written, never hidden.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from waman import tables
from waman.access.audience import Audience
from waman.config import Sensor
from waman.errors import InputError, Problems
from waman.store import Workspace, write_file, write_problems

Say = Callable[[str], None]


@dataclass
class Run:
    """One run of a workspace. State: the tables so far, the problems met, and what each stage took."""

    workspace: Workspace
    say: Say
    problems: Problems = field(default_factory=Problems)
    seconds: dict[str, float] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    plots: pa.Table = field(default_factory=lambda: tables.empty("plots"))
    availability: pa.Table = field(default_factory=lambda: tables.empty("availability"))
    reports: pa.Table = field(default_factory=lambda: tables.empty("reports"))
    tracks: pa.Table = field(default_factory=lambda: tables.empty("tracks"))
    flights: pa.Table = field(default_factory=lambda: tables.empty("flights"))
    detection: Any = None  # a DetectionField, where the area describes sensors well enough to make one

    def stage(self, name: str, work: Callable[[], str]) -> None:
        """Do one stage and say what it did and how long it took."""
        start = time.perf_counter()
        done = work()
        self.seconds[name] = time.perf_counter() - start
        self.say(f"  {name:8s} {done} ({self.seconds[name]:.1f} s)")


def run_workspace(
    workspace: Workspace,
    *,
    say: Say,
    audience: Audience = "public",
    causal: bool = False,
    title: str = "",
    notes: Sequence[Mapping[str, str]] = (),
) -> Run:
    """Decode, cover, track, explain and report one workspace; return what came out.

    ``title`` and ``notes`` (by language) stand on the report page. Raises InputError where no recording
    can be read at all.
    """
    run = Run(workspace, say)
    run.stage("decode", lambda: decode(run))
    run.stage("cover", lambda: cover(run))
    run.stage("track", lambda: track(run, causal=causal))
    run.stage("explain", lambda: explain(run))
    run.stage("report", lambda: report(run, audience, title=title, notes=notes))
    write_problems(run.problems, workspace.path("problems"))
    return run


def decode(run: Run) -> str:
    """Turn recordings and reports into plots, availability and reports.

    A workspace without recordings that holds a plots.parquet (a simulated one, or one decoded before) starts from that.
    """
    from waman.cli._decoding import read_all

    workspace, area = run.workspace, run.workspace.area
    files = area.files((*area.recordings.files, *area.reports.files))
    given = not area.files(area.recordings.files) and workspace.path("plots").exists()
    if not files and not given:
        raise InputError(
            f"{area.name}: no recording matches {list(area.recordings.files)}",
            hint=f"put recordings into {workspace.folder / 'recordings'}, or name them in [recordings] files",
        )
    formats: list[str] = []
    if files:
        found = read_all(files, area=area, date=None, editions={}, sensor=None)
        run.plots, run.availability, run.reports = found.plots, found.availability, found.reports
        run.problems.extend(found.problems)
        run.sources = [f"{path.name}: {one.format}, {one.plots.num_rows:,} plots" for path, one in found.files]
        formats = list(dict.fromkeys(one.format for _, one in found.files))
    if given:
        run.plots = workspace.read("plots")
        run.sources.append(f"{workspace.path('plots').name}: {run.plots.num_rows:,} plots")
        formats.append("plots.parquet")
        if workspace.path("availability").exists():
            run.availability = workspace.read("availability")
    for name in ("availability", "reports") if given else ("plots", "availability", "reports"):
        rows = getattr(run, name)
        if rows.num_rows or workspace.path(name).exists():
            workspace.write(name, rows)
    told = f"{run.plots.num_rows:,} plots and {run.reports.num_rows:,} reports from {len(files) + given} files"
    return f"{told} ({', '.join(formats)}), {run.problems.count} problems"


def cover(run: Run) -> str:
    """Make the DetectionField of terrain, sensors and availability, where the area describes any sensor."""
    area = run.workspace.area
    if not any(_described(s) for s in area.sensor):
        return "no sensor is described: what could have been seen is unknown, so no absence weighs anything"
    from waman.coverage import run as coverage

    plots, availability = run.workspace.path("plots"), run.workspace.path("availability")
    learned = any(s.kind == "network" for s in area.sensor)
    made = coverage.cover(
        area,
        run.workspace.path("field"),
        from_traffic=plots if learned else None,
        availability=availability if run.availability.num_rows else None,
        plots=plots if run.plots.num_rows else None,
        maps=False,
    )
    run.detection = made.field
    return f"{len(made.field.sensors)} sensors in {run.workspace.path('field').name}/"


def _described(sensor: Sensor) -> bool:
    """Return whether the area says enough of a sensor to know what it could see."""
    if sensor.kind == "network":
        return True
    model = sensor.r90_m is not None or sensor.model is not None or sensor.detection_probability is not None
    return sensor.surveyed and (model or sensor.kind == "observer")


def track(run: Run, *, causal: bool) -> str:
    """Turn plots and a field into tracks."""
    from waman.store.corrections import read_corrections
    from waman.tracks import track as track_stage
    from waman.tracks.corrections import lost, revised, withheld

    made = read_corrections(run.workspace.path("corrections"), run.problems)
    plots, left_out = withheld(run.plots, made)
    rows = track_stage(
        plots,
        detection_probability=run.detection,
        causal=causal,
        sensors=run.workspace.area.sensor,
        problems=run.problems,
    )
    run.tracks, changed = revised(rows, made)
    lost([*left_out, *changed], run.workspace.path("corrections").name, run.problems)
    run.workspace.write("tracks", run.tracks)
    held = sum(o.holds for o in [*left_out, *changed])
    told = f", {held} of {len(left_out) + len(changed)} corrections of analysts applied" if made else ""
    return f"{len(run.tracks['track'].unique()):,} tracks, {run.tracks.num_rows:,} rows{told}"


def explain(run: Run) -> str:
    """Explain the flights among the tracks by places, plans, registers and field."""
    from waman.cli._given import gather
    from waman.flights import explain as explain_stage

    end = pc.max(run.plots["time"].cast(pa.int64())).as_py()
    area, reports = run.workspace.area, run.reports
    given = gather(area, field=run.detection, reports=reports, recording_end_us=end, problems=run.problems)
    run.flights = with_answers(explain_stage(run.tracks, given), run.workspace, run.problems)
    run.workspace.write("flights", run.flights)
    return verdict_line(run.flights)


def with_answers(flights: pa.Table, workspace: Workspace, problems: Problems) -> pa.Table:
    """Put back what people ever answered: a new run must not lose a doubt. What finds no flight is a problem."""
    from waman.flights.checks import carried
    from waman.flights.confirm import confirmed
    from waman.store.answers import read_answers

    found, lost = carried(flights, read_answers(workspace.path("checks"), problems))
    for answer in lost:
        problems.add(workspace.path("checks").name, f"an answer ({answer.check}) has no flight any more", answer.flight)
    return confirmed(found)


def report(run: Run, audience: Audience, *, title: str, notes: Sequence[Mapping[str, str]]) -> str:
    """Write all of it as one page that works without a network, and its machine twin."""
    from waman.access import shows
    from waman.cli.export import shown_of
    from waman.report import coverage_layers, document, write_html, write_json

    workspace, area = run.workspace, run.workspace.area
    shown = shown_of(workspace, audience, made_us=_now_us())
    exact = run.detection is not None and shows(audience, "field_exact")
    made = document(
        shown,
        area,
        title=title,
        sources=run.sources,
        notes=[*notes, *_unknowns(run)],
        problems=run.problems,
        layers=coverage_layers(run.detection, area.bbox) if exact else (),
    )
    page = write_html(made)
    write_file(page, workspace.path("report_html"))
    write_file(write_json(made), workspace.path("report_json"))
    return f"{workspace.path('report_html')} ({len(page) / 1e6:.1f} MB, for the audience {audience!r})"


def _unknowns(run: Run) -> list[Mapping[str, str]]:
    """Return the sentences that every page must carry about what could not be known."""
    notes: list[Mapping[str, str]] = []
    if run.detection is None:
        notes.append(
            {
                "en": "No sensor is described here: what could have been seen is unknown, and no absence was weighed.",
                "es": "No se describió ningún sensor: no se sabe qué se habría podido ver, y ninguna ausencia pesó.",
            }
        )
    if not run.workspace.area.terrain.sources:
        notes.append(
            {
                "en": "No terrain was given: heights above ground are known only near listed aerodromes.",
                "es": "No se dio el relieve: la altura sobre el suelo se conoce solo cerca de aeródromos listados.",
            }
        )
    return notes


def _now_us() -> int:
    """Return the time the product is made; clocks are read only here, at the rim."""
    return time.time_ns() // 1000


def verdict_line(flights: pa.Table) -> str:
    """Return the verdicts in one line.

    >>> verdict_line(tables.empty("flights"))
    '0 flights: 0 explained, 0 insufficient, 0 unexplained'
    """
    words: Sequence[str] = flights["verdict"].cast(pa.string()).to_pylist()
    told = ", ".join(f"{words.count(v)} {v}" for v in ("explained", "insufficient", "unexplained"))
    return f"{len(words)} flights: {told}"
