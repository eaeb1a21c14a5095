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
    from waman.config import Area
    from waman.siting.place.grid import Grid
    from waman.siting.plan import Point


@click.command()
@click.argument("area_file", metavar="AREA", type=click.Path(path_type=Path))
@click.option(
    "--budget", type=click.FloatRange(min=0.0, min_open=True), required=True, help="In the unit of the costs."
)
@click.option("--candidates", type=click.Path(path_type=Path), help="candidates.geojson: points with id, cost, model.")
@click.option("--propose", type=click.IntRange(1, 5000), default=60, show_default=True, help="Propose so many summits.")
@click.option("--within", type=click.Path(path_type=Path), help="Propose only inside these polygons (GeoJSON).")
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
    area_file: Path, budget: float, candidates: Path | None, propose: int, within: Path | None, model: str,
    seconds: float, gap: float, curve: bool, output: Path, as_json: bool,
) -> None:  # fmt: skip
    """Choose sensors for AREA within a budget so that the least-seen route any pilot could answer with is seen most.

    The answer carries a proved bound and its gap, what the plan promises on today's routes, and what plans made
    for area or for known routes would leave after rerouting. Ctrl-C ends the search with the best plan so far.
    plan.json holds exact routes: it stays in the workspace. OUTPUT with .csv holds the budget curve.
    """
    from waman.cli import _siting
    from waman.config import load_area
    from waman.siting import plan as planning
    from waman.store import write_file

    area, say = load_area(area_file), _silent if as_json else _tell
    given = _siting.gather(area, candidates, propose, _siting.template(model), within, say)
    names, grid = given.names, given.grid

    def told(done: int, of: int) -> None:
        if done % 20 == 0 or done == of:
            say(f"coverage of {done} of {of} candidates")

    pd, kept = given.detection(given.offers, told=told), given.detection(given.kept)
    problem = given.problem(given.offers, pd, kept)
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
        beside = [p.baselines[k].worst_pd for k in ("mclp_area", "mclp_known", "greedy")]
        row = [p.budget, p.worst_pd, p.upper_bound, p.promised_pd, p.solution.gap, *beside]
        out.writerow([*(f"{v:.4f}" for v in row), len(p.solution.chosen)])
    return text.getvalue()


def _line(p: Point) -> str:
    beside = ", ".join(f"{k} {b.worst_pd:.3f}" for k, b in p.baselines.items())
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
