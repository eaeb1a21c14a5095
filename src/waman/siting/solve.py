"""The best plan against the adversary's best answer, with a bound that is proved.

Three parts, each anytime: a linear program with route cuts (upper bound; its fractional optimum
is also what hidden placement achieves in expected exposure), rounding with swap search (plans),
and covering decomposition (proof). For a target T every route with fixed cost c < T demands

    sum over sensors of min(w / (T - c), 1) x >= 1,

w being what a sensor adds on the route; where no affordable whole x satisfies the routes found so
far, no plan reaches T. Clipping at 1 is valid because x is whole. Sources: Israeli and Wood,
"Shortest-path network interdiction" (2002), decomposition and supervalid inequalities; in-out
stabilisation after Ben-Ameur and Neto (2007).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from waman.siting.highs import Answer, Rows, minimise
from waman.siting.problem import Problem, Route

F64 = NDArray[np.float64]

ROUTES_MAX = 20_000
LP_ROUNDS_MAX = 80
SWAP_ROUNDS_MAX = 60
EPSILON = 1e-9
STEP_MIN = 1e-3  # targets closer to the incumbent than this share of it are not tried


@dataclass
class Pool:
    """Routes met so far. State: the routes, their exposures as one matrix, and the keys already held."""

    problem: Problem
    routes: list[Route] = field(default_factory=list)
    keys: set[bytes] = field(default_factory=set)
    fixed: F64 = field(default_factory=lambda: np.empty(0))
    weights: F64 = field(default_factory=lambda: np.empty((0, 0)))

    def add(self, routes: list[Route]) -> int:
        """Add routes that are new; return how many were."""
        new: list[Route] = []
        for route in routes:
            if route.key not in self.keys and len(self.routes) + len(new) < ROUTES_MAX:
                self.keys.add(route.key)
                new.append(route)
        if new:
            rows = np.array([r.exposure for r in new])
            self.weights = np.vstack((self.weights, rows)) if self.routes else rows
            self.fixed = np.concatenate((self.fixed, [self.problem.fixed(r) for r in new]))
            self.routes += new
        return len(new)

    def values(self, x: F64) -> F64:
        """Return exposure + distance of every route held, under ``x``."""
        return np.asarray(self.fixed + self.weights @ x)


@dataclass(frozen=True)
class Solution:
    """A plan, its value and the proved bound. ``marginals`` is the fractional optimum (hidden placement)."""

    x: F64
    theta: float
    theta_upper: float
    worst: Route
    marginals: F64
    seconds: float
    routes_met: int
    finished: str  # "gap reached" | "time" | "stopped" | "proved optimal"

    @property
    def gap(self) -> float:
        """(theta_upper - theta) / theta; infinite where theta is 0."""
        return (self.theta_upper - self.theta) / self.theta if self.theta > 0 else np.inf

    @property
    def chosen(self) -> list[int]:
        """Indices of the chosen candidates."""
        return [int(i) for i in np.flatnonzero(self.x > 0.5)]


class Search:
    """One search for one budget. State: the pool, the incumbent ``x``/``theta``/``worst`` and the bound ``upper``."""

    def __init__(
        self,
        problem: Problem,
        budget: float,
        *,
        seconds: float,
        gap: float = 0.01,
        stop: Callable[[], bool] = lambda: False,
        pool: Pool | None = None,
        start: F64 | None = None,
    ) -> None:
        self.problem, self.budget, self.gap, self.stop = problem, float(budget), gap, stop
        self.began = time.monotonic()
        self.until = self.began + seconds
        self.pool = pool if pool is not None else Pool(problem)
        self.x = np.zeros(problem.candidates)
        self.theta, self.worst = problem.worst(self.x)
        self.pool.add([self.worst])
        self.upper = np.inf
        self.marginals = self.x.copy()
        if start is not None and self.affordable(start):
            self.offer(start)

    def affordable(self, x: F64) -> bool:
        """Whether a whole plan keeps the budget and takes at most one type a site."""
        chosen = self.problem.site[x > 0.5]
        return bool(self.problem.cost @ x <= self.budget + EPSILON and np.unique(chosen).size == chosen.size)

    def out_of_time(self) -> bool:
        """Whether the search must end."""
        return time.monotonic() >= self.until or self.stop()

    def left(self) -> float:
        """Seconds left."""
        return max(self.until - time.monotonic(), 0.0)

    def offer(self, x: F64) -> float:
        """Evaluate a whole plan by the adversary's best answer; keep it where it is better; learn its routes."""
        theta, routes = self.problem.best_routes(x)
        self.pool.add(routes)
        if theta > self.theta + EPSILON:
            self.x, self.theta, self.worst = x.copy(), theta, routes[0]
        return theta

    def side_rows(self) -> Rows:
        """Return the budget row and one row for each site with several types."""
        n = self.problem.candidates
        rows, upper = [self.problem.cost], [self.budget + EPSILON]
        sites, counts = np.unique(self.problem.site, return_counts=True)
        for site in sites[counts > 1]:
            rows.append((self.problem.site == site).astype(float))
            upper.append(1.0)
        return Rows(np.array(rows).reshape(-1, n), np.full(len(rows), -np.inf), np.array(upper))

    def run(self) -> Solution:
        """Search until the gap is reached, the time is over or ``stop`` says so."""
        self.relax()
        self.round_and_swap(self.marginals)
        finished = self.prove()
        return Solution(
            self.x,
            self.theta,
            self.upper,
            self.worst,
            self.marginals,
            time.monotonic() - self.began,
            len(self.pool.routes),
            finished,
        )

    # the linear program -------------------------------------------------------------------------------------

    def relax(self) -> None:
        """Solve max theta over fractional x by route cuts, stabilised between the optimum and the best point."""
        n = self.problem.candidates
        inside = np.full(n, min(1.0, self.budget / max(float(self.problem.cost.sum()), EPSILON)))
        inside_value = -np.inf
        side = self.side_rows()
        for _ in range(LP_ROUNDS_MAX):
            if self.out_of_time():
                return
            answer = self._master(side)
            if answer.x is None or answer.status != "optimal":
                return
            self.upper, x = min(self.upper, -answer.value), np.clip(answer.x[:n], 0.0, 1.0)
            grown = 0
            for point in (x, 0.5 * (x + inside)):
                theta, routes = self.problem.best_routes(point)
                grown += self.pool.add(routes)
                if theta > inside_value:
                    inside, inside_value, self.marginals = point, theta, point
            if not grown or self.upper - inside_value <= 1e-3 * max(self.upper, EPSILON):
                return

    def _master(self, side: Rows) -> Answer:
        n, m = self.problem.candidates, len(self.pool.routes)
        cuts = np.hstack((-self.pool.weights, np.ones((m, 1))))
        matrix = np.vstack((cuts, np.hstack((side.matrix, np.zeros((len(side.matrix), 1))))))
        rows = Rows(
            matrix,
            np.concatenate((np.full(m, -np.inf), side.lower)),
            np.concatenate((self.pool.fixed, side.upper)),
        )
        cost = np.zeros(n + 1)
        cost[-1] = -1.0
        return minimise(cost, rows, upper=np.ones(n + 1), integer=False, seconds=self.left(), free_last=True)

    # plans --------------------------------------------------------------------------------------------------

    def round_and_swap(self, x: F64) -> None:
        """Round a fractional point to a plan and improve it by swaps until none helps."""
        plan = np.zeros_like(x)
        for i in np.argsort(-x / self.problem.cost.clip(EPSILON), kind="stable"):
            plan[i] = 1.0
            if not self.affordable(plan):
                plan[i] = 0.0
        self.swap(plan)

    def swap(self, plan: F64) -> None:
        """Improve a plan one swap at a time on the routes held; each winner is verified by the adversary."""
        theta = self.offer(plan)
        for _ in range(SWAP_ROUNDS_MAX):
            if self.out_of_time():
                return
            better = self._best_swap(plan)
            if better is None:
                return
            reached = self.offer(better)
            if reached > theta + EPSILON:
                plan, theta = better, reached
            elif float(self.pool.values(better).min()) > theta + EPSILON:
                return  # the routes held were complete for it and still it is no better

    def _best_swap(self, plan: F64) -> F64 | None:
        """Return the swap (or addition) with the best worst route among those held, if it beats the plan."""
        values, weights, cost = self.pool.values(plan), self.pool.weights, self.problem.cost
        best, best_value = None, float(values.min()) + EPSILON
        spare = self.budget - float(cost @ plan)
        for out in [-1, *np.flatnonzero(plan > 0.5)]:
            base = values if out < 0 else values - weights[:, out]
            room = spare + (0.0 if out < 0 else float(cost[out]))
            kept = plan.copy()
            if out >= 0:
                kept[out] = 0.0
            taken = np.isin(self.problem.site, self.problem.site[kept > 0.5])
            open_to = np.flatnonzero((cost <= room + EPSILON) & ~taken & (plan < 0.5))
            if not open_to.size:
                continue
            worst = _min_over_routes(base, weights, open_to)
            k = int(worst.argmax())
            if worst[k] > best_value:
                best_value = float(worst[k])
                best = kept.copy()
                best[open_to[k]] = 1.0
        return best

    # proof --------------------------------------------------------------------------------------------------

    def prove(self) -> str:
        """Lower the bound by targets between incumbent and bound; every plan found on the way is offered."""
        while not self.out_of_time():
            if self.upper <= self.theta * (1 + EPSILON) + EPSILON:
                return "proved optimal"
            if self.upper - self.theta <= self.gap * self.theta:
                return "gap reached"
            goal = self.theta * (1 + self.gap)
            half = 0.5 * (self.theta + self.upper)
            target = max(goal, half) if half > self.theta * (1 + 2 * self.gap) else goal
            if not self._try_target(min(target, self.upper)):
                break
        if self.upper - self.theta <= self.gap * self.theta:
            return "gap reached"
        return "stopped" if self.stop() else "time"

    def _try_target(self, target: float) -> bool:
        """Show that no plan reaches ``target`` (bound falls), or find one (incumbent rises); False: out of time."""
        while not self.out_of_time():
            fractional = self._cover(target, integer=False)
            if fractional.status == "infeasible":
                self.upper = min(self.upper, target)
                return True
            if fractional.x is None:
                return False
            theta, routes = self.problem.best_routes(fractional.x)
            if theta < target * (1 - STEP_MIN) and self.pool.add(routes):
                continue
            whole = self._cover(target, integer=True)
            if whole.status == "infeasible":
                self.upper = min(self.upper, target)
                return True
            if whole.x is None:
                return False
            plan = np.round(whole.x)
            if self.offer(plan) >= target - EPSILON:
                return True
            before = self.theta
            self.swap(plan)
            if self.theta > before + EPSILON and self.theta * (1 + self.gap) > target:
                return True
        return False

    def _cover(self, target: float, *, integer: bool) -> Answer:
        side = self.side_rows()
        short = self.pool.fixed < target - EPSILON
        need = (target - self.pool.fixed[short])[:, None]
        clipped = np.minimum(self.pool.weights[short] / need, 1.0)
        rows = Rows(
            np.vstack((clipped, side.matrix)),
            np.concatenate((np.ones(int(short.sum())), side.lower)),
            np.concatenate((np.full(int(short.sum()), np.inf), side.upper)),
        )
        n = self.problem.candidates
        # whole plans: any will do; fractional ones: the cheapest, which shows soonest that none is affordable
        cost = self.problem.cost if not integer else -self.pool.weights.mean(axis=0)
        return minimise(cost, rows, upper=np.ones(n), integer=integer, seconds=self.left())


def _min_over_routes(base: F64, weights: F64, candidates: NDArray[np.int64]) -> F64:
    """Return for each candidate the least of base + its weight over the routes, in blocks that fit the cache."""
    out = np.full(candidates.size, np.inf)
    for start in range(0, base.size, 512):
        rows = slice(start, start + 512)
        np.minimum(out, (base[rows, None] + weights[rows][:, candidates]).min(axis=0), out=out)
    return out


def solve(problem: Problem, budget: float, *, seconds: float = 90.0, gap: float = 0.01) -> Solution:
    """Return the best plan found for a budget with its proved bound; see :class:`Search` for resuming.

    ``theta_upper`` is a bound on every affordable plan; it is proved by HiGHS's own status of optimality or
    infeasibility, never by an unfinished run.
    """
    return Search(problem, budget, seconds=seconds, gap=gap).run()
