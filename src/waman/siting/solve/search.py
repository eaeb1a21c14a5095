"""The best plan against the adversary's best answer, with a bound that is proved.

Branch and bound over parts of the choice (some sensors taken, some left out), always the part with the highest bound
first, so that the highest bound still open bounds every plan at any moment. Bounds come from route cuts with clipped
coefficients (:mod:`waman.siting.solve.bound`), routes from the adversary's answer to fractional and whole plans, plans
from rounding and swaps. A sensor whose change of mind would push the bound below the incumbent is fixed for good.
Sources: Israeli and Wood, "Shortest-path network interdiction" (2002), covering decomposition and supervalid
inequalities; Carr, Fleischer, Leung and Phillips (2000), knapsack covers; Ben-Ameur and Neto (2007), in-out
stabilisation.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waman.siting.problem import Problem, Route
from waman.siting.solve.bound import Part, Shop, bound_of
from waman.siting.solve.coarse import views
from waman.siting.solve.pool import Pool
from waman.siting.solve.swap import best_swap, rounded

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

ROOT_ROUNDS_MAX = 60
PART_ROUNDS_MAX = 4
ROUTES_A_ROUND = 24
SWAP_ROUNDS_MAX = 60
PARTS_MAX = 200_000
EPSILON = 1e-9
CUT_MIN = 1e-3
ROOT_NEAR = 0.02
"""Cutting the whole stops at this distance between its fractional optimum and its bound: splitting gains more."""


@dataclass(frozen=True)
class Solution:
    """A plan, its value and the proved bound. ``marginals`` is the fractional optimum of the root."""

    x: F64
    theta: float
    theta_upper: float
    worst: Route
    marginals: F64
    seconds: float
    routes_met: int
    parts: int
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
    """One search for one budget.

    State: the pool, the incumbent ``x``/``theta``/``worst``, the parts still open (a heap, highest bound first) and
    ``closed_at``, the highest bound of those closed for being near enough to the incumbent.
    """

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
        ceiling: float = np.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.problem, self.budget, self.gap, self.stop, self.clock = problem, float(budget), gap, stop, clock
        self.ceiling = ceiling  # a bound proved before
        self.shop = Shop.of(problem.cost, problem.site, self.budget)
        self.views = views(problem)
        self.began = clock()
        self.until = self.began + seconds
        self.pool = pool if pool is not None else Pool(problem)
        self.x = np.zeros(problem.candidates)
        self.theta, routes = problem.best_routes(self.x)
        self.worst = routes[0]
        self.pool.add(routes)
        self.marginals = self.x.copy()
        self.open: list[tuple[float, int, Part]] = []
        self.closed_at, self.parts, self.rooted = -np.inf, 0, False
        if start is not None and self.affordable(start):
            self.offer(start)

    def affordable(self, x: F64) -> bool:
        """Whether a whole plan keeps the budget and takes at most one type a site."""
        chosen = self.problem.site[x > 0.5]
        return bool(self.problem.cost @ x <= self.budget + EPSILON and np.unique(chosen).size == chosen.size)

    def out_of_time(self) -> bool:
        """Whether the search must end."""
        return self.clock() >= self.until or self.stop()

    @property
    def upper(self) -> float:
        """What no plan exceeds: the highest bound open or closed, never below the incumbent."""
        still = -self.open[0][0] if self.open else (-np.inf if self.rooted else self.ceiling)
        return max(self.theta, min(max(self.closed_at, still), self.ceiling))

    @property
    def enough(self) -> float:
        """Parts with a bound up to this are closed."""
        return self.theta * (1.0 + self.gap) * (1.0 - 1e-6) + EPSILON

    def offer(self, x: F64) -> float:
        """Evaluate a whole plan by the adversary's best answer; keep it where it is better; learn its routes."""
        for view in self.views:  # a coarse view's routes are routes: what fails there need not be judged finer
            theta, routes = self.problem.best_routes(x, view)
            self.pool.add(routes)
            if theta <= self.theta + EPSILON:
                return theta
        if theta > self.theta + EPSILON:
            self.x, self.theta, self.worst = x.copy(), theta, routes[0]
        return theta

    def run(self) -> Solution:
        """Search until the gap is reached, the time is over or ``stop`` says so."""
        if not self.rooted:
            self.root()
        while self.open and self.upper > self.enough and not self.out_of_time() and self.parts < PARTS_MAX:
            self.branch(heapq.heappop(self.open)[2])
        return Solution(
            self.x,
            self.theta,
            self.upper,
            self.worst,
            self.marginals,
            self.clock() - self.began,
            len(self.pool),
            self.parts,
            self._finished(),
        )

    def _finished(self) -> str:
        if self.upper <= self.theta * (1 + 1e-9) + EPSILON:
            return "proved optimal"
        if self.upper - self.theta <= self.gap * self.theta:
            return "gap reached"
        return "stopped" if self.stop() else "time"

    # bounds -------------------------------------------------------------------------------------------------

    def root(self) -> None:
        """Bound the whole: cuts in batches, at the fractional optimum and half way to the best point inside."""
        n = self.problem.candidates
        none = np.zeros(n, bool)
        everything = self.problem.best_routes(np.ones(n))
        self.pool.add(everything[1])
        self.first()
        part = Part(
            none,
            none,
            min(self._value(everything), self.ceiling),
            none.astype(float),
            np.empty(0, np.int64),
            np.zeros(n),
        )
        inside, inside_value = np.full(n, min(1.0, self.budget / max(float(self.problem.cost.sum()), EPSILON))), -np.inf
        level = 0
        for turn in range(ROOT_ROUNDS_MAX):
            part = bound_of(
                self.pool, self.shop, none, none, ceiling=part.bound, active=part.active, enough=self.enough
            )
            if self.out_of_time() or part.bound <= self.enough:
                break
            grown, view = 0, self.views[level]
            for point in (part.x, 0.5 * (part.x + inside)):
                theta, routes = self.problem.many_routes(point, part.bound, ROUTES_A_ROUND, view)
                new = self.pool.add(routes)
                grown += new.size
                part = replace(part, active=np.concatenate((part.active, new)))
                if theta > inside_value:
                    inside, inside_value, self.marginals = point, theta, point
            if turn % 4 == 0:
                self.improve(rounded(self.shop, part.x))
            if not grown or part.bound - inside_value <= ROOT_NEAR * part.bound:
                level, inside_value = level + 1, -np.inf
                if level >= min(len(self.views), 2):
                    break
        self.rooted = True
        self._keep(part)

    @staticmethod
    def _value(answer: tuple[float, list[Route]]) -> float:
        return answer[0]

    def _keep(self, part: Part) -> None:
        """Put a part among the open ones, or close it where its bound is near enough to the incumbent."""
        self.parts += 1
        if part.bound <= self.enough:
            self.closed_at = max(self.closed_at, part.bound)
            return
        heapq.heappush(self.open, (-part.bound, self.parts, part))

    def branch(self, part: Part) -> None:
        """Split a part in two by one sensor, taken or left out, and bound both."""
        if part.bound <= self.enough:
            self.closed_at = max(self.closed_at, part.bound)
            return
        part = self._fixed(part)
        free = self.shop.open_to(part.taken, part.out)
        if not free.any():
            self._settle(part)
            return
        i = self._choose(part, free)
        for take in (True, False):
            taken, out = part.taken.copy(), part.out.copy()
            (taken if take else out)[i] = True
            self._keep(self._bounded(taken, out, part))
            if self.out_of_time():
                if take:  # the other half is not lost: it keeps the bound of the whole
                    rest = part.out.copy()
                    rest[i] = True
                    self._keep(replace(part, out=rest))
                return

    def _fixed(self, part: Part) -> Part:
        """Fix what reduced costs fix: a change of mind would leave at most ``enough``."""
        drop = part.bound - part.lost <= self.enough
        free = self.shop.open_to(part.taken, part.out)
        taken = part.taken | (drop & free & (part.x > 1 - 1e-9))
        out = part.out | (drop & free & (part.x < 1e-9))
        if (taken != part.taken).any() or (out != part.out).any():
            self.closed_at = max(self.closed_at, self.enough)
        return replace(part, taken=taken, out=out)

    def _bounded(self, taken: NDArray[np.bool_], out: NDArray[np.bool_], parent: Part) -> Part:
        """Bound a part, with new routes where the fractional plan is not what it seems."""
        part = replace(parent, taken=taken, out=out)
        for _ in range(PART_ROUNDS_MAX):
            part = bound_of(
                self.pool, self.shop, taken, out, ceiling=part.bound, active=part.active, enough=self.enough
            )
            if part.bound <= self.enough or self.out_of_time():
                return part
            plan = rounded(self.shop, part.x)
            if float(self.pool.values(plan).min()) > self.theta:
                self.improve(plan)
            new = self._cuts(part)
            if not new.size:
                return part
            part = replace(part, active=np.concatenate((part.active, new)))
        return part

    def _cuts(self, part: Part) -> I64:
        """Add the routes that show a fractional plan to be worth less than its bound, from the coarsest view on."""
        for view in self.views:
            _, routes = self.problem.best_routes(part.x, view)
            new = self.pool.add([r for r in routes if self.problem.value(r, part.x) < part.bound * (1 - CUT_MIN)])
            if new.size:
                return new
        return np.empty(0, np.int64)

    def _settle(self, part: Part) -> None:
        """Close a part with nothing left to decide: it is one plan."""
        plan = part.taken.astype(float)
        self.offer(plan)
        self.closed_at = max(self.closed_at, min(part.bound, float(self.pool.values(plan).min())))

    def _choose(self, part: Part, free: NDArray[np.bool_]) -> int:
        """Return the sensor to decide next: the largest undecided share."""
        share = np.where(free, part.x, -1.0)
        undecided = np.where(share < 1 - 1e-6, share, -1.0)
        return int(undecided.argmax()) if undecided.max() > 1e-6 else int(share.argmax())

    # plans --------------------------------------------------------------------------------------------------

    def first(self) -> None:
        """Add one sensor after the other, each the best after rerouting: a plan stands before anything can stop it."""
        if self.x.any():
            return
        plan = self.x
        while (more := best_swap(self.pool, self.shop, plan, above=-np.inf)) is not None and more.sum() > plan.sum():
            plan = more
            theta, routes = self.problem.best_routes(plan)
            self.pool.add(routes)
            self.x, self.theta, self.worst = plan, theta, routes[0]

    def improve(self, plan: F64) -> None:
        """Improve a plan one swap at a time on the routes held; each winner is verified by the adversary."""
        theta = self.offer(plan)
        for _ in range(SWAP_ROUNDS_MAX):
            if self.out_of_time():
                return
            better = best_swap(self.pool, self.shop, plan, above=theta + EPSILON)
            if better is None:
                return
            reached = self.offer(better)
            if reached > theta + EPSILON:
                plan, theta = better, reached


def solve(
    problem: Problem,
    budget: float,
    *,
    seconds: float = 90.0,
    gap: float = 0.01,
    clock: Callable[[], float] = time.monotonic,
) -> Solution:
    """Return the best plan found for a budget with its proved bound; see :class:`Search` for resuming.

    ``theta_upper`` is a bound on every affordable plan, recomputed from multipliers, never taken from a solver's
    tolerance. ``clock`` measures ``seconds`` (``time.process_time`` for CPU seconds).
    """
    return Search(problem, budget, seconds=seconds, gap=gap, clock=clock).run()
