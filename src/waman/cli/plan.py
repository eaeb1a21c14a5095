"""``waman plan``: where to put sensors against an adversary who sees the plan and reroutes."""

from __future__ import annotations

import csv
import io
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from waman.cli._siting import Given
    from waman.config import Area
    from waman.siting.plan import Point
    from waman.siting.problem import Problem


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
@click.option(
    "--flow", type=click.Path(path_type=Path), help="flow.json or CSV (strip, q05, q50, q95): plan for it too."
)
@click.option("--hidden", is_flag=True, help="Also the odds for mobile sensors whose place is hidden.")
@click.option(
    "--meant", type=click.IntRange(0, 2000), default=24, show_default=True, help="Flights drawn past each plan."
)
@click.option(
    "--flights", type=click.Path(path_type=Path), help="Recorded tracks or truth to fly past each plan instead."
)
@click.option("--sensitivity/--no-sensitivity", "vary", default=True, show_default=True, help="Vary what is not known.")
@click.option("--public", is_flag=True, help="Also a page and a JSON without sites and routes, to be given away.")
@click.option("--fresh", is_flag=True, help="Do not start from what an earlier run left beside OUTPUT.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("plan.json"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the plan without routes as JSON.")
def command(area_file: Path, output: Path, as_json: bool, **asked: Any) -> None:
    """Choose sensors for AREA within a budget so that the least-seen route any pilot could answer with is seen most.

    The answer carries a proved bound and its gap, what the plan promises on today's routes, and what plans made
    for area or for known routes would leave after rerouting; what all of them would have shown of flights; where the
    flow would go; and how much hangs on what is not known. Ctrl-C ends the search with the best plan so far; the next
    run goes on from there (OUTPUT with .state). plan.json and its pages hold exact routes: they stay in the workspace;
    --public writes what may leave. OUTPUT with .csv holds the budget curve, -sites.csv the chosen sensors.
    """
    from waman.cli import _siting
    from waman.config import load_area
    from waman.siting import plan as planning

    area, say, stop = load_area(area_file), _silent if as_json else _tell, _Stop()
    given = _siting.gather(
        area, asked["candidates"], asked["propose"], _siting.template(asked["model"]), asked["within"], say
    )

    def told(done: int, of: int) -> None:
        if done % 20 == 0 or done == of:
            say(f"coverage of {done} of {of} candidates")

    pd, kept = given.detection(given.offers, told=told), given.detection(given.kept)
    problem = given.problem(given.offers, pd, kept)
    planning.check_problem(problem, asked["budget"], given.names)
    points = _searched(problem, asked, output, stop, say)
    made = _document(given, problem, points, kept, asked, stop, say)
    _written(made, points, output, public=asked["public"], languages=area.output.languages)
    if as_json:
        click.echo(json.dumps({k: v for k, v in made.items() if k not in ("routes", "today", "sites", "strips")}))
        return
    _say(made, output)


def _searched(problem: Problem, asked: dict[str, Any], output: Path, stop: _Stop, say: Any) -> list[Point]:
    """Solve every budget asked for, from what an earlier run left and leaving what a later one can use."""
    from waman.siting.plan import make_curve
    from waman.siting.resume import Left, state_bytes, state_from
    from waman.store import write_file

    budget, kept_at = asked["budget"], output.with_suffix(".state")
    left = state_from(problem, kept_at.read_bytes()) if kept_at.is_file() and not asked["fresh"] else None
    if left is not None:
        say(f"going on from {kept_at.name}: {len(left.pool)} routes, {len(left.plans)} budgets")

    def told(point: Point, now: Left) -> None:
        say(_line(point))
        write_file(state_bytes(problem, now), kept_at)

    budgets = [float(b) for b in range(1, int(budget) + 1) if float(problem.cost.min()) <= b < budget]
    wanted = [*(budgets if asked["curve"] else []), budget]
    return make_curve(problem, wanted, seconds=asked["seconds"], gap=asked["gap"], stop=stop, told=told, left=left)


def _document(
    given: Given, problem: Problem, points: list[Point], kept: Any, asked: dict[str, Any], stop: _Stop, say: Any
) -> dict[str, Any]:
    """Return plan.json: the plan, the curve, and everything beside it that was asked for and not interrupted."""
    from waman.cli import _siting_beside as beside
    from waman.siting.plan import known_routes, plan_json

    last, x = points[-1], points[-1].solution.x
    made = plan_json(problem, given.names, points, lambda cells: beside.coordinates(given, cells))
    made["resolution_class"] = _resolution(given)
    made["label"] = _labels(given.area, made["resolution_class"])
    made["area"] = {"name": given.area.name, "bbox": list(given.area.bbox)}
    made["heights_agl_m"] = list(given.adversary.heights_agl_m)
    made["budget"], made["sites"] = last.budget, beside.sites(given)
    made["kept"] = [c.id for c in given.kept]
    made["strips"] = [
        {"id": n, "at": p} for n, p in zip(given.strip_ids, beside.coordinates(given, given.strips), strict=True)
    ]
    made["today"] = [beside.coordinates(given, problem.cells(r)) for r in known_routes(problem)]
    draws = beside.flow_shares(given, problem, asked["flow"]) if asked["flow"] else None
    shares = None if draws is None else draws.mean(axis=0)
    made["balloon"] = beside.balloon(given, problem, x, shares)
    steps: list[tuple[str, bool, Callable[[], Any]]] = [
        ("expected", draws is not None,
         lambda: beside.expected(given, problem, last.budget, draws, x, asked["seconds"], stop)),
        ("hidden", asked["hidden"], lambda: beside.hidden(given, problem, last, asked["seconds"], stop)),
        ("sensitivity", asked["vary"], lambda: beside.sensitivity(given, kept, x, say)),
        ("meant", asked["meant"] > 0 or asked["flights"] is not None,
         lambda: beside.meant(given, problem, last, shares, asked["meant"] or 1, asked["flights"], say)),
    ]  # fmt: skip
    for name, wanted, work in steps:
        if wanted and not stop():
            made[name] = work()
        elif wanted:
            made["label"].append(f"interrupted before: {name}")
    return made


def _written(made: dict[str, Any], points: list[Point], output: Path, *, public: bool, languages: Any) -> None:
    """Write plan.json, its pages and tables; with ``public`` also what may leave the workspace."""
    from waman.report.plan_page import public_plan, write_plan
    from waman.store import write_file

    write_file(json.dumps(made, indent=1), output)
    write_file(_csv(points), output.with_suffix(".csv"))
    write_file(_sites_csv(made), output.with_name(output.stem + "-sites.csv"))
    pages = [x for x in languages if x in ("en", "es")] or ["en"]
    for language in pages:
        write_file(write_plan(made, language=language), output.with_name(f"{output.stem}.{language}.html"))
    if public:
        less = public_plan(made)
        write_file(json.dumps(less, indent=1), output.with_name(output.stem + "-public.json"))
        for language in pages:
            write_file(write_plan(less, language=language), output.with_name(f"{output.stem}-public.{language}.html"))


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


def _resolution(given: Given) -> str:
    """Return how far the ground under a plan may be trusted: its own resolution, or that it was sampled at."""
    from waman.terrain import resolution_class

    native_m = max((s.native_m for s in given.sources), default=float("nan"))
    return resolution_class(max(native_m, given.cell_m) if native_m > 0 else native_m)


def _labels(area: Area, resolution: str) -> list[str]:
    out = ["clear weather, sensors always on"]
    if not area.terrain.sources:
        return [*out, "smooth earth: no terrain was given"]
    return [*out, f"terrain {resolution}"] if "bound" in resolution else out


def _csv(points: list[Point]) -> str:
    text = io.StringIO("\ufeff")  # spreadsheets take the mark as "this is UTF-8"
    text.seek(0, io.SEEK_END)
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow(
        ["budget", "worst_pd", "upper_bound", "promised_pd", "gap", "mclp_area_worst_pd", "mclp_known_worst_pd",
         "greedy_worst_pd", "sensors"]
    )  # fmt: skip
    for p in points:
        beside = [p.baselines[k].worst_pd for k in ("mclp_area", "mclp_known", "greedy")]
        row = [p.budget, p.worst_pd, p.upper_bound, p.promised_pd, p.solution.gap, *beside]
        out.writerow([*(f"{v:.4f}" for v in row), len(p.solution.chosen)])
    return text.getvalue()


def _sites_csv(made: dict[str, Any]) -> str:
    text = io.StringIO("\ufeff")
    text.seek(0, io.SEEK_END)
    columns = [
        "id",
        "lat_deg",
        "lon_deg",
        "model",
        "cost",
        "nearest_known_place_km",
        "nearest_road_km",
        "rise_from_road",
    ]
    out = csv.DictWriter(text, columns, lineterminator="\r\n", extrasaction="ignore")
    out.writeheader()
    out.writerows(s for s in made["sites"] if s["id"] in set(made["chosen"]))
    return text.getvalue()


def _line(p: Point) -> str:
    beside = ", ".join(f"{k} {b.worst_pd:.3f}" for k, b in p.baselines.items())
    return (
        f"budget {p.budget:g}: worst route seen with {p.worst_pd:.3f} (bound {p.upper_bound:.3f}, "
        f"gap {p.solution.gap:.1%}); after rerouting: {beside}"
    )


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1%}"


def _say(made: dict[str, Any], output: Path) -> None:
    if made["promised_pd"] - made["worst_pd"] > 0.2:
        left = f"once pilots reroute, {made['worst_pd']:.2f} is left"
        click.echo(f"This plan promises {made['promised_pd']:.2f} on today's routes; {left}.")
    click.echo(f"{len(made['chosen'])} sensors for {made['cost']:g}: {', '.join(made['chosen'])}")
    click.echo(
        f"worst route after rerouting: seen with {made['worst_pd']:.3f}, at most {made['upper_bound']:.3f} possible; "
        f"{made['worst_pd_block']:.3f} if misses within 5 km are one; gap {_share(made['gap'])} ({made['proof']})"
    )
    moved = made["balloon"]["summary"]
    click.echo(f"flights would fly {moved['extra_km']:.0f} km more, {moved['payload_lost_kg']:.0f} kg of load each")
    for name, row in made.get("meant", {}).get("plans", {}).items():
        late = "no warning" if row["warning_min"] is None else f"{row['warning_min']:.0f} min before touchdown"
        click.echo(
            f"{name}: {row['shown']} of {row['flights']} flights shown, {row['minutes_tracked']:.0f} min each, {late}"
        )
    if "hidden" in made:
        h = made["hidden"]
        click.echo(f"hidden placement: worst route {h['pd_met']:.3f} (proved {h['pd_low']:.3f} to {h['pd_upper']:.3f})")
    if "expected" in made:
        e = made["expected"]
        click.echo(
            f"for the flow: {e['expected_pd']:.3f} of flights seen "
            f"({e['expected_pd_q05']:.3f}-{e['expected_pd_q95']:.3f})"
        )
    click.echo(f"{output} (exact routes: keep it in the workspace) and {output.with_suffix('.csv')}")
