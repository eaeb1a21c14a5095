"""A plan with everything a planner must see beside it: bound, promise, baselines and the whole budget curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waman.errors import InputError
from waman.siting.baselines import greedy_known, mclp_area, mclp_known
from waman.siting.problem import Problem, Route
from waman.siting.solve import Pool, Search, Solution

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """One budget of the curve: the plan and what each baseline leaves after rerouting."""

    budget: float
    solution: Solution
    worst_pd: float
    upper_bound: float
    promised_pd: float
    baselines: dict[str, tuple[float, float]]  # name -> (worst after rerouting, promised)


def check_problem(problem: Problem, budget: float, names: Sequence[str]) -> None:
    """Raise InputError with a sentence where no plan can mean anything."""
    if not problem.candidates:
        raise InputError("there is no candidate", hint="give candidates.geojson, or let them be proposed from terrain")
    if float(problem.cost.min()) > budget + 1e-9:
        cheapest = int(problem.cost.argmin())
        price = f"the cheapest candidate {names[cheapest]!r} costs {problem.cost[cheapest]:g}"
        raise InputError(
            f"budget {budget:g} buys nothing: {price}",
            hint="raise --budget, or check the unit of the costs",
        )
    if not len(problem.strips):
        raise InputError("no strip lies inside the area", hint="add places of kind strip, or widen bbox")
    if not len(problem.exits):
        raise InputError("no exit lies inside the area", hint="give [siting] exits, or leave it out for the bbox edges")
    theta, routes = problem.best_routes(np.zeros(problem.candidates))
    if not np.isfinite(theta):
        raise InputError(
            "no strip can reach an exit: every route is closed by terrain or nodata",
            hint="raise height_agl_m, fill the terrain, or check the exits",
        )
    if not any(r.exposure.any() for r in routes) and not (problem.pd > 0).any():
        raise InputError(
            "no candidate sees the flight height anywhere in the area",
            hint="raise [siting] height_agl_m, or propose higher sites",
        )


def known_routes(problem: Problem) -> list[Route]:
    """Return today's routes: the best one from every strip before anything new is built."""
    return problem.best_routes(np.zeros(problem.candidates))[1]


def promised(problem: Problem, routes: list[Route], x: F64) -> float:
    """Return the worst detection of a plan on today's routes: what it promises before anyone reroutes."""
    return min(problem.detection(r, x) for r in routes)


def point(problem: Problem, budget: float, solution: Solution, routes: list[Route]) -> Point:
    """Return one budget of the curve, baselines judged by the same adversary."""
    distance = problem.distance_weight_per_km * problem.length_min_km
    upper = 1.0 - float(np.exp(-max(solution.theta_upper - distance, 0.0)))
    beside: dict[str, tuple[float, float]] = {}
    for name, x in (
        ("mclp_area", mclp_area(problem, budget)),
        ("mclp_known", mclp_known(problem, budget, routes)),
        ("greedy", greedy_known(problem, budget, routes)),
    ):
        beside[name] = (problem.detection(problem.worst(x)[1], x), promised(problem, routes, x))
    worst = problem.detection(solution.worst, solution.x)
    return Point(budget, solution, worst, upper, promised(problem, routes, solution.x), beside)


def make_curve(
    problem: Problem,
    budgets: Sequence[float],
    *,
    seconds: float,
    gap: float = 0.01,
    stop: Callable[[], bool] = lambda: False,
    told: Callable[[Point], None] = lambda p: None,
) -> list[Point]:
    """Solve budget after budget, each starting from the routes and the plan of the one before.

    ``seconds`` is for all; the last budget gets half of it. Anytime: ``stop`` ends the running search,
    and what is finished stays.
    """
    routes, pool = known_routes(problem), Pool(problem)
    share = [seconds * 0.5 / max(len(budgets) - 1, 1)] * (len(budgets) - 1) + [
        seconds * (0.5 if len(budgets) > 1 else 1.0)
    ]
    out: list[Point] = []
    start: F64 | None = None
    for budget, time_s in zip(budgets, share, strict=True):
        search = Search(problem, budget, seconds=time_s, gap=gap, stop=stop, pool=pool, start=start)
        solution = search.run()
        start = solution.x
        out.append(point(problem, budget, solution, routes))
        told(out[-1])
        if stop():
            break
    return out


def plan_json(
    problem: Problem, names: Sequence[str], curve: Sequence[Point], to_degrees: Callable[[NDArray[np.int64]], Any]
) -> dict[str, Any]:
    """Return ``plan.json`` for the last point of a curve; ``to_degrees`` turns cells into [lon, lat] pairs."""
    last = curve[-1]
    s = last.solution
    _, routes = problem.best_routes(s.x)
    return {
        "chosen": [names[i] for i in s.chosen],
        "cost": float(problem.cost @ s.x),
        "theta": s.theta,
        "theta_upper": s.theta_upper,
        "gap": s.gap,
        "worst_pd": last.worst_pd,
        "upper_bound": last.upper_bound,
        "promised_pd": last.promised_pd,
        "worst_pd_block": problem.detection_block(s.worst, s.x),
        "proof": s.finished,
        "seconds": round(s.seconds, 1),
        "baselines": {k: {"worst_pd": w, "promised_pd": p} for k, (w, p) in last.baselines.items()},
        "routes": {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"pd": problem.detection(r, s.x), "length_km": r.length_km, "worst": k == 0},
                    "geometry": {"type": "LineString", "coordinates": to_degrees(r.cells)},
                }
                for k, r in enumerate(routes)
            ],
        },
        "curve": [
            {
                "budget": p.budget,
                "chosen": [names[i] for i in p.solution.chosen],
                "worst_pd": p.worst_pd,
                "upper_bound": p.upper_bound,
                "promised_pd": p.promised_pd,
                "gap": p.solution.gap,
                "mclp_area_worst_pd": p.baselines["mclp_area"][0],
                "mclp_known_worst_pd": p.baselines["mclp_known"][0],
                "greedy_worst_pd": p.baselines["greedy"][0],
            }
            for p in curve
        ],
    }
