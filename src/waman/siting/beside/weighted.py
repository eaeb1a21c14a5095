"""Plans for the flow rather than the worst strip: the expected detection over what is believed of the flow.

Every strip's pilots answer for themselves. With w the shares of flights, uncertain as a posterior gives them,

    J(x) = sum over strips of E[w] (1 - exp(-(theta_strip(x) - distance_weight x shortest way out)))

is maximised; J is linear in w, so the mean share is all that the optimum needs of the posterior, and the spread over
its draws is told beside it. A detour costs the pilot distance as everywhere, so the expected Pd lies below J by what
the detour costs, and a bound of J bounds the expected Pd.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.siting.problem import Problem, Route
from waman.siting.solve.bound import Shop
from waman.siting.solve.highs import Rows, minimise
from waman.siting.solve.swap import rounded

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

TANGENTS = np.array([0.0, 0.05, 0.12, 0.25, 0.5, 0.8, 1.2, 1.7, 2.4, 3.5, 5.0])
ROUNDS_MAX = 40


@dataclass(frozen=True)
class Expected:
    """The plan for the flow: ``value`` is J, ``upper`` bounds it, ``pd`` is the expected Pd, with its spread."""

    x: F64
    value: float
    upper: float
    pd: float
    pd_q05: float
    pd_q95: float
    rounds: int


def shares_of(draws: F64) -> F64:
    """Return draws (draws, strips) of flights as shares that sum to 1 in each draw.

    >>> shares_of(np.array([[1.0, 3.0]]))
    array([[0.25, 0.75]])
    """
    total = draws.sum(axis=1, keepdims=True)
    return np.asarray(draws / np.where(total > 0, total, 1.0))


def expected_plan(
    problem: Problem,
    budget: float,
    shares: F64,
    *,
    seconds: float = 60.0,
    gap: float = 0.01,
    stop: Callable[[], bool] = lambda: False,
    start: F64 | None = None,
) -> Expected:
    """Return the plan for the flow; ``shares`` is (draws, strips) in the order of ``problem.strips``."""
    until = time.monotonic() + seconds
    shop, mean = Shop.of(problem.cost, problem.site, budget), shares.mean(axis=0)
    met: dict[bytes, Route] = {}
    top = _thetas(problem, np.ones(problem.candidates), met)
    best_x = np.zeros(problem.candidates)
    best, upper = _value(mean, _thetas(problem, best_x, met)), _value(mean, top)
    for point in (start, np.full(problem.candidates, min(1.0, budget / float(problem.cost.sum())))):
        if point is not None:
            _thetas(problem, point, met)
    turn = 0
    for turn in range(1, ROUNDS_MAX + 1):
        whole = turn > 8  # first cuts by the linear program, then whole plans
        x, bound = _master(problem, shop, mean, top, list(met.values()), max(until - time.monotonic(), 1.0), whole)
        upper = min(upper, bound)
        known = len(met)
        _thetas(problem, x, met)
        plan = rounded(shop, x)
        value = _value(mean, _thetas(problem, plan, met))
        if value > best:
            best, best_x = value, plan
        done = upper - best <= gap * max(best, 1e-9) or (whole and len(met) == known)
        if done or time.monotonic() > until or stop():
            break
    seen = shares @ _detections(problem, best_x)
    low, high = np.quantile(seen, [0.05, 0.95])
    return Expected(best_x, best, max(upper, best), float(seen.mean()), float(low), float(high), turn)


def _value(mean: F64, theta: F64) -> float:
    return float(mean @ (1.0 - np.exp(-theta)))


def _thetas(problem: Problem, x: F64, met: dict[bytes, Route]) -> F64:
    """Return theta of every strip under ``x`` (infinite: no way out), and remember the routes."""
    theta = np.full(problem.strips.size, np.inf)
    for route in problem.best_routes(x)[1]:
        met[route.key] = route
        k = int(np.searchsorted(problem.strips, route.nodes[0]))
        theta[k] = min(theta[k], problem.value(route, x) - _distance(problem, k))
    return theta


def _distance(problem: Problem, strip: int) -> float:
    """Return what the shortest way out of a strip costs in distance alone."""
    return float(problem.distance_weight_per_km * problem.lengths_min_km[strip])


def _detections(problem: Problem, x: F64) -> F64:
    out = np.ones(problem.strips.size)
    for route in problem.best_routes(x)[1]:
        out[int(np.searchsorted(problem.strips, route.nodes[0]))] = problem.detection(route, x)
    return out


def _master(
    problem: Problem, shop: Shop, mean: F64, top: F64, routes: list[Route], seconds: float, whole: bool
) -> tuple[F64, float]:
    """Return the best point on the routes met and a bound: columns are x, theta a strip, z a strip."""
    n, strips = problem.candidates, problem.strips.size
    cap = np.where(np.isfinite(top), top, 50.0)
    width = n + 2 * strips
    rows, limits = [np.concatenate((shop.cost, np.zeros(2 * strips)))], [shop.budget]
    for site in shop.sites:
        rows.append(np.concatenate((site.astype(float), np.zeros(2 * strips))))
        limits.append(1.0)
    for route in routes:
        k = int(np.searchsorted(problem.strips, route.nodes[0]))
        fixed = route.fixed - _distance(problem, k)
        need = float(cap[k]) - fixed
        if need <= 0.0:
            continue
        row = np.zeros(width)
        row[:n], row[n + k] = -np.minimum(route.exposure, need), 1.0
        rows.append(row)
        limits.append(fixed)
    for k in (int(k) for k in np.flatnonzero(mean > 0)):
        for at in TANGENTS[max(float(cap[k]), 0.1) >= TANGENTS]:
            slope = float(np.exp(-at))
            row = np.zeros(width)
            row[n + k], row[n + strips + k] = -slope, 1.0
            rows.append(row)
            limits.append(1.0 - slope - slope * at)
    cost = np.concatenate((np.zeros(n + strips), -mean))
    upper = np.concatenate((np.ones(n), cap, np.ones(strips)))
    table = Rows(np.array(rows), np.full(len(rows), -np.inf), np.array(limits))
    marks = (np.arange(width) < n) & whole
    answer = minimise(cost, table, upper=upper, whole=marks, seconds=min(seconds, 20.0))
    x = np.zeros(n) if answer.x is None else np.clip(answer.x[:n], 0.0, 1.0)
    return x, -answer.bound if np.isfinite(answer.bound) else 1.0
