"""A plan with everything a planner must see beside it: bound, promise, baselines and the whole budget curve."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waman.errors import InputError
from waman.siting.beside.baselines import Demand, greedy_known, known_demand, mclp
from waman.siting.problem import Problem, Route
from waman.siting.resume import Left
from waman.siting.solve.pool import Pool
from waman.siting.solve.search import Search, Solution

F64 = NDArray[np.float64]

BASELINES = ("mclp_area", "mclp_known", "greedy")


@dataclass(frozen=True)
class Beside:
    """A baseline: its plan, what the worst route shows after rerouting, and what it promised."""

    x: F64
    worst_pd: float
    promised_pd: float


@dataclass(frozen=True)
class Point:
    """One budget of the curve: the plan and what each baseline leaves after rerouting."""

    budget: float
    solution: Solution
    worst_pd: float
    upper_bound: float
    promised_pd: float
    baselines: Mapping[str, Beside]


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
    _check_routes(problem)
    _check_sight(problem)


def _check_routes(problem: Problem) -> None:
    if problem.shape[1] * problem.shape[2] == 1:
        raise InputError(
            "the area is a single cell: there is no route to watch",
            hint="widen bbox, or make [siting] grid_m smaller",
        )
    if not len(problem.strips):
        raise InputError("no strip lies inside the area", hint="add places of kind strip, or widen bbox")
    if not len(problem.exits):
        raise InputError("no exit lies inside the area", hint="give [siting] exits, or leave it out for the bbox edges")
    if not np.isfinite(problem.length_min_km):
        degree = np.diff(problem.graph.first)
        alone = int((degree[problem.strips] == 0).sum())
        which = f"{alone} of {len(problem.strips)} strips are islands of a single cell" if alone else "all are shut in"
        raise InputError(
            f"no strip can reach an exit: every route is closed by terrain, slope, ceiling or nodata ({which})",
            hint="raise height_agl_m or ceiling_msl_m, relax slope_max, fill the terrain, or check the exits",
        )
    if problem.length_min_km > problem.range_max_km:
        raise InputError(
            f"no strip reaches an exit within range_max_km = {problem.range_max_km:g}: "
            f"the shortest route is {problem.length_min_km:.0f} km",
            hint="raise [siting] range_max_km: fuel for the way out alone",
        )
    if problem.length_min_km == 0.0:
        raise InputError(
            "a strip lies on an exit: its route has no length, and no sensor can see it",
            hint="move the exits away from the strips, widen bbox, or make [siting] grid_m smaller",
        )


def _check_sight(problem: Problem) -> None:
    if not problem.seen.weight.size:
        raise InputError(
            "no candidate sees the flight height anywhere in the area",
            hint="raise [siting] height_agl_m, or propose higher sites",
        )
    theta, routes = problem.best_routes(np.ones(problem.candidates))
    if np.isfinite(theta) and not routes[0].exposure.any():
        raise InputError(
            "no candidate sees any route the adversary would take: even with all of them built one way stays unseen",
            hint="propose more candidates (--propose), raise height_agl_m, or check the exits",
        )


def known_routes(problem: Problem) -> list[Route]:
    """Return today's routes: the best one from every strip before anything new is built."""
    return problem.best_routes(np.zeros(problem.candidates))[1]


def promised(problem: Problem, routes: Sequence[Route], x: F64) -> float:
    """Return the worst detection of a plan on today's routes: what it promises before anyone reroutes."""
    return min(problem.detection(r, x) for r in routes)


def judged(problem: Problem, routes: Sequence[Route], x: F64) -> Beside:
    """Return a plan with what it keeps after rerouting and what it promised."""
    return Beside(x, problem.detection(problem.worst(x)[1], x), promised(problem, routes, x))


@dataclass(frozen=True)
class Today:
    """What is known today: the routes and the demands that planners cover. Computed once for all budgets."""

    routes: list[Route]
    area: Demand
    known: Demand

    @classmethod
    def of(cls, problem: Problem) -> Today:
        """Return it for a problem."""
        routes = known_routes(problem)
        return cls(routes, Demand.of(problem), known_demand(problem, routes))

    def baselines(self, problem: Problem, budget: float) -> dict[str, Beside]:
        """Return every baseline at a budget, judged by the same adversary as the plan."""
        plans = (
            mclp(problem, budget, self.area),
            mclp(problem, budget, self.known),
            greedy_known(problem, budget, self.routes),
        )
        return {name: judged(problem, self.routes, x) for name, x in zip(BASELINES, plans, strict=True)}


def point(
    problem: Problem, budget: float, solution: Solution, today: Today, baselines: Mapping[str, Beside] | None = None
) -> Point:
    """Return one budget of the curve, baselines (computed where not given) judged by the same adversary."""
    distance = problem.distance_weight_per_km * problem.length_min_km
    upper = 1.0 - float(np.exp(-max(solution.theta_upper - distance, 0.0)))
    worst = problem.detection(solution.worst, solution.x)
    kept = promised(problem, today.routes, solution.x)
    beside = baselines if baselines is not None else today.baselines(problem, budget)
    return Point(budget, solution, worst, upper, kept, beside)


def make_curve(
    problem: Problem,
    budgets: Sequence[float],
    *,
    seconds: float,
    gap: float = 0.01,
    stop: Callable[[], bool] = lambda: False,
    told: Callable[[Point, Left], None] = lambda point, left: None,
    left: Left | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> list[Point]:
    """Solve the last budget first, then the others in order, each from the routes and the plan of the one before.

    ``seconds`` is for all searches; the last budget gets half of it. Anytime: ``stop`` ends the running search, and
    what is finished stays; the last budget always has a plan. ``left`` is what an earlier run of the same problem left;
    ``told`` gets each point and what the next run can start from.
    """
    today, before = Today.of(problem), left if left is not None else Left(Pool(problem))
    before.pool.add(today.routes)
    plans, uppers = dict(before.plans), dict(before.uppers)
    early = len(budgets) - 1
    out: list[Point] = []
    start: F64 | None = None
    for budget in [budgets[-1], *budgets[:-1]]:
        time_s = seconds if not early else seconds * 0.5 / (1 if not out else early)
        search = Search(
            problem, budget, seconds=time_s, gap=gap, stop=stop, pool=before.pool, start=plans.get(budget, start),
            ceiling=uppers.get(budget, np.inf), clock=clock,
        )  # fmt: skip
        if start is not None and search.affordable(start):
            search.offer(start)
        solution = search.run()
        plans[budget], uppers[budget] = solution.x, solution.theta_upper
        start = solution.x if out else None
        out.append(point(problem, budget, solution, today))
        told(out[-1], Left(before.pool, plans, uppers))
        if stop():
            break
    return _never_less(problem, today, sorted(out, key=lambda p: p.budget))


def _never_less(problem: Problem, today: Today, curve: list[Point]) -> list[Point]:
    """Give a budget the plan of a smaller one where that is better, and no budget a bound above a larger one's."""
    out: list[Point] = []
    for k, p in enumerate(curve):
        s = p.solution
        upper = min(q.solution.theta_upper for q in curve[k:])
        if out and out[-1].solution.theta > s.theta:
            less = out[-1].solution
            s = replace(s, x=less.x, theta=less.theta, worst=less.worst)
        if s is not p.solution or upper < s.theta_upper:
            p = point(problem, p.budget, replace(s, theta_upper=max(upper, s.theta)), today, p.baselines)
        out.append(p)
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
        "gap": s.gap if np.isfinite(s.gap) else None,
        "worst_pd": last.worst_pd,
        "upper_bound": last.upper_bound,
        "promised_pd": last.promised_pd,
        "worst_pd_block": problem.detection_block(s.worst, s.x),
        "proof": s.finished,
        "seconds": round(s.seconds, 1),
        "baselines": {
            k: {
                "worst_pd": b.worst_pd,
                "promised_pd": b.promised_pd,
                "chosen": [names[int(i)] for i in np.flatnonzero(b.x > 0.5)],
            }
            for k, b in last.baselines.items()
        },
        "routes": {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"pd": problem.detection(r, s.x), "length_km": r.length_km, "worst": k == 0},
                    "geometry": {"type": "LineString", "coordinates": to_degrees(problem.cells(r))},
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
                "gap": p.solution.gap if np.isfinite(p.solution.gap) else None,
                **{f"{k}_worst_pd": b.worst_pd for k, b in p.baselines.items()},
            }
            for p in curve
        ],
    }
