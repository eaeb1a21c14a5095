"""Hidden placement: mobile sensors that move, the adversary knowing the odds but not the place.

A zero-sum game on the real detection probability: the planner mixes over affordable plans, the adversary over routes.
Double oracle (McMahan, Gordon and Blum 2003): solve the game on the plans and routes met so far, add each side's best
answer, repeat. The planner's answer is a small whole-number program with tangents of 1 - exp(-E), whose bound proves
the upper value; the adversary's is ascent by reweighted shortest paths (a plan weighs by the chance to be missed under
it). His exact answer is no shortest path, because a mixture of products is no sum; the lower value is proved by a
best-first search over partial routes whose optimism lets him know each plan from there on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.jit import kernel
from waman.siting.problem import Problem, Route
from waman.siting.solve.bound import Shop
from waman.siting.solve.highs import Linear, Rows, minimise
from waman.siting.solve.swap import rounded
from waman.terrain.graph import ways

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

ROUNDS_MAX = 60
TANGENTS = np.array([0.0, 0.1, 0.25, 0.5, 0.8, 1.2, 1.7, 2.4, 3.5, 5.0])
ORACLE_SECONDS = 4.0
LABELS_MAX = 400_000
ODDS_MIN = 1e-3
SEEDS = 20
STARTS = 8
ASCENT_MAX = 30


@dataclass(frozen=True)
class Hidden:
    """A mixture of plans. Its worst Pd lies between ``pd_low`` (proved) and ``pd_met`` (the worst route found);
    no mixture exceeds ``pd_upper``.
    """

    plans: list[F64]
    odds: F64
    pd_low: float
    pd_met: float
    pd_upper: float
    worst: Route
    rounds: int


def hidden_plan(
    problem: Problem,
    budget: float,
    start: F64,
    routes: list[Route],
    *,
    marginals: F64 | None = None,
    seconds: float = 60.0,
    gap: float = 0.01,
    stop: Callable[[], bool] = lambda: False,
) -> Hidden:
    """Return the mixture of plans that a hidden placement should draw from, with proved bounds of its worth.

    ``start`` is a plan, ``routes`` some the adversary may take, ``marginals`` a fractional plan (the optimum for
    expected exposure) from which first plans are drawn.
    """
    until = time.monotonic() + seconds
    shop = Shop.of(problem.cost, problem.site, budget)
    plans, met = _seeds(shop, start, marginals), list({r.key: r for r in routes}.values())
    upper, best = 1.0, (-1.0, plans, np.ones(len(plans)))
    turn, centre = 0, np.empty(0)
    while turn < ROUNDS_MAX:
        turn += 1
        odds, shares, value = _game(_payoff(met, plans))
        answer, bound = _planner(problem, shop, met, shares)
        if not centre.size or bound < upper:
            centre = shares
        upper = min(upper, bound)
        # half way to the best odds met the bound falls faster: the extreme answers swing about (in-out stabilisation)
        half = 0.5 * shares + 0.5 * np.pad(centre, (0, shares.size - centre.size))
        other, bound = _planner(problem, shop, met, half)
        if bound < upper:
            upper, centre = bound, half
        answers, pd_met = _adversary(problem, plans, odds)
        if pd_met > best[0]:
            best = (pd_met, list(plans), odds)
        grown = False
        if not any(np.array_equal(answer, p) for p in plans) and _payoff(met, [answer])[0] @ shares > value + 1e-6:
            plans.append(answer)
            grown = True
        if not any(np.array_equal(other, p) for p in plans) and _payoff(met, [other])[0] @ shares > value + 1e-6:
            plans.append(other)
            grown = True
        keys = {r.key for r in met}
        new = [r for r in answers if r.key not in keys and odds @ _payoff([r], plans[: odds.size]) < value - 1e-6]
        met += new
        if not (grown or new) or upper - best[0] <= gap * max(best[0], 1e-9) or time.monotonic() > until or stop():
            break
    _, plans, odds = best
    keep = np.flatnonzero(odds > ODDS_MIN)
    plans, odds = [plans[k] for k in keep], odds[keep] / odds[keep].sum()
    answers, pd_met = _adversary(problem, plans, odds)
    low = 1.0 - _most_missed(problem, plans, odds, 1.0 - pd_met)
    return Hidden(plans, odds, min(low, pd_met), pd_met, max(upper, pd_met), answers[0], turn)


def _seeds(shop: Shop, start: F64, marginals: F64 | None) -> list[F64]:
    """Return first plans: the visible one, and draws whose sensors occur about as often as ``marginals`` says."""
    plans = [start]
    rng = np.random.default_rng(0)
    for _ in range(0 if marginals is None else SEEDS):
        # exponential races: a larger share wins earlier, and the budget ends the race
        race = rng.exponential(size=start.size) / np.maximum(np.asarray(marginals), 1e-6)
        plans.append(rounded(shop, shop.cost / np.maximum(race, 1e-12)))
    return plans


def _payoff(routes: list[Route], plans: list[F64]) -> F64:
    """Return the detection probability (plans, routes)."""
    kept = np.array([r.kept_exposure for r in routes])
    weights = np.array([r.exposure for r in routes])
    return np.asarray(1.0 - np.exp(-(kept + np.array(plans) @ weights.T)))


def _game(payoff: F64) -> tuple[F64, F64, float]:
    """Return the planner's odds, the adversary's odds and the value of a matrix game."""
    plans, routes = payoff.shape
    program = Linear(np.append(np.zeros(plans), -1.0), np.zeros(plans + 1), np.ones(plans + 1))
    program.add(Rows(np.append(np.ones(plans), 0.0)[None, :], np.ones(1), np.ones(1)))
    program.add(Rows(np.hstack((-payoff.T, np.ones((routes, 1)))), np.full(routes, -np.inf), np.zeros(routes)))
    answer = program.solve()
    assert answer.x is not None and answer.row_dual is not None, "a matrix game always has a value"
    odds = np.maximum(answer.x[:-1], 0.0)
    shares = np.maximum(-answer.row_dual[1:], 0.0)
    total = float(shares.sum())
    shares = shares / total if total > 0 else np.full(routes, 1.0 / routes)
    return odds / odds.sum(), shares, float(answer.x[-1])


def _planner(problem: Problem, shop: Shop, routes: list[Route], shares: F64) -> tuple[F64, float]:
    """Return the plan that is best against the adversary's odds, and a bound no plan exceeds against them."""
    used = np.flatnonzero(shares > 1e-9)
    weights = np.array([routes[k].exposure for k in used])
    kept = np.array([routes[k].kept_exposure for k in used])
    n, m = problem.candidates, used.size
    rows, limits = [np.hstack((shop.cost, np.zeros(m)))], [shop.budget]
    for site in shop.sites:
        rows.append(np.hstack((site.astype(float), np.zeros(m))))
        limits.append(1.0)
    for k in range(m):
        for at in TANGENTS:  # z <= 1 - exp(-t) + exp(-t) (E - t)
            slope = float(np.exp(-at))
            row = np.zeros(n + m)
            row[:n], row[n + k] = -slope * weights[k], 1.0
            rows.append(row)
            limits.append(1.0 - slope + slope * (float(kept[k]) - at))
    cost = np.concatenate((np.zeros(n), -shares[used]))
    whole = np.arange(n + m) < n
    table = Rows(np.array(rows), np.full(len(rows), -np.inf), np.array(limits))
    answer = minimise(cost, table, upper=np.ones(n + m), whole=whole, seconds=ORACLE_SECONDS)
    plan = np.zeros(n) if answer.x is None else np.asarray(np.round(answer.x[:n]))
    return plan, min(-answer.bound, 1.0) if np.isfinite(answer.bound) else 1.0


def _adversary(problem: Problem, plans: list[F64], odds: F64) -> tuple[list[Route], float]:
    """Return routes that are little seen under the mixture, the least seen first, and its Pd.

    Ascent from several starts: each plan weighs by its odds times the chance to be missed under it, and the shortest
    path under that mean is missed no less than the one before (Jensen's inequality).
    """
    found: dict[bytes, tuple[float, Route]] = {}
    for weights in [odds, *np.eye(len(plans))[np.argsort(-odds)[:STARTS]]]:
        last = np.inf
        for _ in range(ASCENT_MAX):
            _, routes = problem.best_routes(np.tensordot(weights, np.array(plans), 1))
            payoff = _payoff(routes, plans)
            values = odds @ payoff
            k = int(values.argmin())
            found[routes[k].key] = (float(values[k]), routes[k])
            missed = odds * (1.0 - payoff[:, k])
            if values[k] >= last - 1e-9 or missed.sum() <= 0:
                break
            last, weights = float(values[k]), missed / missed.sum()
    ranked = sorted(found.values(), key=lambda pair: pair[0])
    return [route for _, route in ranked], ranked[0][0]


def _most_missed(problem: Problem, plans: list[F64], odds: F64, met: float) -> float:
    """Return a proved upper bound of the chance that the best route is missed under the mixture."""
    costs = np.array([problem.kept + problem.step_costs(x) - problem.fixed for x in plans])
    ahead = np.array([ways(problem.graph, c, problem.exits).distance for c in costs])
    g = problem.graph
    starts = problem.strips.astype(np.int32)
    end = np.zeros(g.nodes, np.bool_)
    end[problem.exits] = True
    finite = np.where(np.isfinite(ahead), ahead, 1e30)
    table = np.ascontiguousarray(costs.T), np.ascontiguousarray(finite.T)
    return float(_best_first(g.first, g.head, g.step, *table, odds, starts, end, met * 1.002, LABELS_MAX))


@kernel
def _best_first(
    first: I64, head: I32, step: I32, cost: F64, ahead: F64, odds: F64, starts: I32, end: NDArray[np.bool_],
    found: float, labels_max: int,
) -> float:  # fmt: skip
    """Search partial routes by the chance to be missed if every plan were known from there on; return a bound."""
    plans = odds.size
    node = np.empty(labels_max, np.int32)
    so_far = np.empty((labels_max, plans))
    hope = np.empty(labels_max)
    newest = np.full(ahead.shape[0], -1, np.int64)  # a chain of labels at each node, for dominance
    before = np.empty(labels_max, np.int64)
    heap = np.empty(labels_max, np.int64)
    size = count = 0
    for i in range(starts.size):
        h = 0.0
        for k in range(plans):
            h += odds[k] * np.exp(-ahead[starts[i], k])
        if h > found and count < labels_max:
            node[count], hope[count] = starts[i], h
            so_far[count, :] = 0.0
            before[count] = -1
            size = _push(heap, hope, size, count)
            count += 1
    while size > 0:
        at = heap[0]
        size = _drop(heap, hope, size)
        if end[node[at]]:
            return float(max(found, hope[at]))
        for a in range(first[node[at]], first[node[at] + 1]):
            there = head[a]
            h = 0.0
            for k in range(plans):
                so_far[count, k] = so_far[at, k] + cost[step[a], k]
                h += odds[k] * np.exp(-so_far[count, k] - ahead[there, k])
            if h <= found or _dominated(so_far, before, newest[there], count):
                continue
            node[count], hope[count], before[count] = there, h, newest[there]
            newest[there] = count
            size = _push(heap, hope, size, count)
            count += 1
            if count >= labels_max - 1:
                return float(max(found, hope[heap[0]], hope[at]))
    return found


@kernel
def _dominated(so_far: F64, before: I64, label: int, new: int) -> bool:
    while label >= 0:
        better = True
        for k in range(so_far.shape[1]):
            if so_far[label, k] > so_far[new, k]:
                better = False
                break
        if better:
            return True
        label = before[label]
    return False


@kernel
def _push(heap: I64, hope: F64, size: int, label: int) -> int:
    at = size
    while at > 0 and hope[heap[(at - 1) >> 1]] < hope[label]:
        heap[at] = heap[(at - 1) >> 1]
        at = (at - 1) >> 1
    heap[at] = label
    return int(size + 1)


@kernel
def _drop(heap: I64, hope: F64, size: int) -> int:
    last = heap[size - 1]
    at, child = 0, 1
    while child < size - 1:
        if child + 1 < size - 1 and hope[heap[child + 1]] > hope[heap[child]]:
            child += 1
        if hope[last] >= hope[heap[child]]:
            break
        heap[at] = heap[child]
        at = child
        child = 2 * at + 1
    heap[at] = last
    return int(size - 1)
