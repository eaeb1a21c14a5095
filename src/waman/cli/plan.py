"""``waman plan``: where to put sensors against an adversary who sees the plan and reroutes."""

from __future__ import annotations

import csv
import io
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from waman.config import Area
    from waman.siting.candidates import Candidate
    from waman.siting.grid import Grid
    from waman.siting.plan import Point
    from waman.siting.problem import Problem


@click.command()
@click.argument("area_file", metavar="AREA", type=click.Path(path_type=Path))
@click.option(
    "--budget", type=click.FloatRange(min=0.0, min_open=True), required=True, help="In the unit of the costs."
)
@click.option("--candidates", type=click.Path(path_type=Path), help="candidates.geojson: points with id, cost, model.")
@click.option("--propose", type=click.IntRange(1, 5000), default=60, show_default=True, help="Propose so many summits.")
@click.option("--model", default="gap_filler", show_default=True, help="Catalogue model of proposed candidates.")
@click.option("--seconds", type=click.FloatRange(min=1.0), default=90.0, show_default=True, help="Time for the search.")
@click.option(
    "--gap", type=click.FloatRange(0.0, 1.0), default=0.01, show_default=True, help="Stop at this proved gap."
)
@click.option(
    "--curve/--no-curve", default=True, show_default=True, help="Solve every budget 1, 2, ... up to --budget."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("plan.json"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the plan without routes as JSON.")
def command(
    area_file: Path, budget: float, candidates: Path | None, propose: int, model: str, seconds: float, gap: float,
    curve: bool, output: Path, as_json: bool,
) -> None:  # fmt: skip
    """Choose sensors for AREA within a budget so that the least-seen route any pilot could answer with is seen most.

    The answer carries a proved bound and its gap, what the plan promises on today's routes, and what plans made
    for area or for known routes would leave after rerouting. Ctrl-C ends the search with the best plan so far.
    plan.json holds exact routes: it stays in the workspace. OUTPUT with .csv holds the budget curve.
    """
    from waman.config import load_area
    from waman.siting import plan as planning
    from waman.siting.grid import Grid
    from waman.store import write_file

    area = load_area(area_file)
    grid = Grid.of(area.bbox, cell_m=area.siting.grid_m)
    offers = _candidates(area, grid, candidates, propose, model)
    say = _silent if as_json else _tell
    problem = _problem(area, grid, offers, say)
    names = [c.id for c in offers]
    planning.check_problem(problem, budget, names)
    stop = _Stop()
    budgets = [float(b) for b in range(1, int(budget))] if curve else []
    affordable = [b for b in budgets if b >= float(problem.cost.min())]
    points = planning.make_curve(
        problem, [*affordable, budget], seconds=seconds, gap=gap, stop=stop, told=lambda p: say(_line(p))
    )
    made = planning.plan_json(problem, names, points, lambda cells: _coordinates(grid, cells))
    made["label"] = _labels(area)
    write_file(json.dumps(made, indent=1), output)
    write_file(_csv(points), output.with_suffix(".csv"))
    if as_json:
        click.echo(json.dumps({k: v for k, v in made.items() if k != "routes"}))
        return
    _say(made, output)


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _silent(line: str) -> None:
    """Say nothing: the machine reads the end."""


class _Stop:
    """Ends the search at Ctrl-C. State: whether it was pressed."""

    def __init__(self) -> None:
        self.pressed = False
        signal.signal(signal.SIGINT, self._press)

    def _press(self, *_: Any) -> None:
        self.pressed = True

    def __call__(self) -> bool:
        return self.pressed


def _candidates(area: Area, grid: Grid, file: Path | None, count: int, model: str) -> list[Candidate]:
    from waman.config import Sensor
    from waman.errors import InputError
    from waman.siting.candidates import parse_candidates, propose

    if file is not None:
        try:
            raw = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as why:
            raise InputError(f"{file} is no JSON: {why}", hint="write a GeoJSON FeatureCollection of points") from why
        found, problems = parse_candidates(raw, name=file.name)
        for problem in problems.kept[:3]:
            click.echo(f"{problem.where}: {problem.what} {problem.value}".rstrip(), err=True)
        return found
    ground = _ground(area, grid)
    if ground is None:
        raise InputError(
            "no terrain to propose candidates from",
            hint="give --candidates FILE, or [terrain] sources in the area file",
        )
    return propose(grid, ground, count, Sensor(id="x", kind="psr", model=model))


def _ground(area: Area, grid: Grid) -> NDArray[np.float64] | None:
    from waman.cli._given import ground
    from waman.errors import Problems

    height = ground(area, Problems())
    if height is None:
        return None
    lat, lon = grid.nodes()
    found: NDArray[np.float64] = height(lat, lon).reshape(grid.shape)
    return found


def _problem(area: Area, grid: Grid, offers: list[Candidate], say: Any) -> Problem:
    """Compute what every candidate and every existing sensor sees, and gather strips and exits."""
    import numpy as np

    from waman.coverage import build_field, resolve
    from waman.coverage.run import terrain_sources
    from waman.siting.candidates import Candidate, detection_at_nodes
    from waman.siting.problem import Problem

    sources = terrain_sources(area, say)
    height = area.siting.height_agl_m
    cell_m = max(90.0, min(area.siting.grid_m / 4.0, 250.0))

    def pd_of(sensor: Any, lat: Any, lon: Any) -> Any:
        field = build_field([resolve(sensor, folder=Path(area.folder))], sources, cell_m=cell_m)
        return field.detection_probability(lat, lon, height, sensor.id)

    def told(done: int, of: int) -> None:
        if done % 20 == 0 or done == of:
            say(f"coverage of {done} of {of} candidates")

    kept = [Candidate(s.id, s, 0.0, s.id) for s in area.sensor if s.surveyed and s.kind in ("psr", "psr_ssr")]
    lines, points = _geometry(area)
    sites = {c.site: k for k, c in enumerate(offers)}
    exits = grid.line_cells(lines) if area.siting.exits else grid.rim()
    return Problem(
        pd=detection_at_nodes(offers, grid, pd_of, told=told),
        kept=detection_at_nodes(kept, grid, pd_of),
        cost=np.array([c.cost for c in offers]),
        site=np.array([sites[c.site] for c in offers], np.int64),
        strips=grid.cells(lat_deg=[p[1] for p in points], lon_deg=[p[0] for p in points]),
        exits=exits,
        closed=np.zeros(grid.shape, bool),
        cell_km=grid.cell_m / 1000.0,
        looks_per_km=area.siting.looks_per_km,
        distance_weight_per_km=area.siting.distance_weight_per_km,
    )


def _geometry(area: Area) -> tuple[list[Any], list[tuple[float, float]]]:
    """Return exit lines and strip points (lon, lat) of the files an area names."""
    import shapely
    import shapely.geometry

    from waman.errors import InputError
    from waman.store import read_places

    points = []
    for file in area.files(area.places.files):
        for row in read_places(file)[0].to_pylist():
            if row["kind"] == "strip":
                points.append((row["lon_deg"], row["lat_deg"]))
    lines: list[Any] = []
    if area.siting.exits:
        path = area.path(area.siting.exits)
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            shapes = [shapely.geometry.shape(f["geometry"]) for f in raw["features"]]
        except (OSError, ValueError, KeyError, TypeError) as why:
            raise InputError(f"{path}: no exits: {why}", hint="write a GeoJSON FeatureCollection of lines") from why
        for shape in shapes:
            parts = shapely.get_parts(shape.boundary if shape.geom_type.endswith("Polygon") else shape)
            lines += [shapely.get_coordinates(part) for part in parts]
    return lines, points


def _coordinates(grid: Grid, cells: Any) -> list[list[float]]:
    lat, lon = grid.degrees(cells)
    return [[round(float(x), 5), round(float(y), 5)] for x, y in zip(lon, lat, strict=True)]


def _labels(area: Area) -> list[str]:
    out = [f"flight height {area.siting.height_agl_m:g} m above ground", "clear weather, sensors always on"]
    return out if area.terrain.sources else [*out, "smooth earth: no terrain was given"]


def _csv(points: list[Point]) -> str:
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(
        ["budget", "worst_pd", "upper_bound", "promised_pd", "gap", "mclp_area_worst_pd", "mclp_known_worst_pd",
         "greedy_worst_pd", "sensors"]
    )  # fmt: skip
    for p in points:
        beside = [p.baselines[k][0] for k in ("mclp_area", "mclp_known", "greedy")]
        row = [p.budget, p.worst_pd, p.upper_bound, p.promised_pd, p.solution.gap, *beside]
        out.writerow([*(f"{v:.4f}" for v in row), len(p.solution.chosen)])
    return text.getvalue()


def _line(p: Point) -> str:
    beside = ", ".join(f"{k} {w:.3f}" for k, (w, _) in p.baselines.items())
    return (
        f"budget {p.budget:g}: worst route seen with {p.worst_pd:.3f} (bound {p.upper_bound:.3f}, "
        f"gap {p.solution.gap:.1%}); after rerouting: {beside}"
    )


def _say(made: dict[str, Any], output: Path) -> None:
    if made["promised_pd"] - made["worst_pd"] > 0.2:
        left = f"once pilots reroute, {made['worst_pd']:.2f} is left"
        click.echo(f"This plan promises {made['promised_pd']:.2f} on today's routes; {left}.")
    click.echo(f"{len(made['chosen'])} sensors for {made['cost']:g}: {', '.join(made['chosen'])}")
    click.echo(
        f"worst route after rerouting: seen with {made['worst_pd']:.3f}, at most {made['upper_bound']:.3f} possible; "
        f"{made['worst_pd_block']:.3f} if misses within 5 km are one; gap {made['gap']:.1%} ({made['proof']})"
    )
    click.echo(f"{output} (exact routes: keep it in the workspace) and {output.with_suffix('.csv')}")
