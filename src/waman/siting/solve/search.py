"""The best plan against the adversary's best answer, with a bound that is proved.

The whole choice is bounded first, all sensors fractional (:mod:`waman.siting.solve.bound`). Then targets between the
bound and the incumbent are decided, one below the other (:mod:`waman.siting.solve.decide`): that no plan reaches a
target makes it the bound; a plan that does is the new incumbent. Routes come from the adversary's answer to fractional
and whole plans, and past fractional sensors (:mod:`waman.siting.solve.clipped`); plans from rounding, swaps, and search
round the best plan.
Sources: Israeli and Wood, "Shortest-path network interdiction" (2002), covering decomposition; Ben-Ameur and Neto
(2007), in-out stabilisation.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waman.siting.problem import Problem, Route
from waman.siting.solve.bound import Shop, Whole, bound_of
from waman.siting.solve.clipped import clipped_routes
from waman.siting.solve.coarse import views
from waman.siting.solve.decide import Decision, Gains
from waman.siting.solve.pool import ROUTES_MAX, Pool
from waman.siting.solve.swap import best_swap, rounded

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
B1 = NDArray[np.bool_]

ROOT_ROUNDS_MAX = 60
ROUTES_A_ROUND = 24
SWAP_ROUNDS_MAX = 60
PARTS_MAX = 200_000
EPSILON = 1e-9
WANDER, WANDER_LEFT, WANDERS_MAX, CLIMBS_MAX, EXCHANGED_MAX = 0.5, 0.05, 2000, 40, 4
"""A search round the incumbent: its share of the time since the last and of that left, tries, climbs, exchanges."""
CUT_MIN = 1e-2
"""A route that shows a fractional plan to be worth less than the target by less than this share is not worth a row."""
STARTS_MANY, STARTS_FEW, START_MIN = 60, 4, 0.02
"""So many sensors, of the whole or of a part, are taken as paid for clipped routes, and their least share."""
ROOT_NEAR = 0.02
"""Cutting the whole stops at this distance between its fractional optimum and its bound: targets gain more."""
STEPS, DEAR = (0.35, 0.6, 0.8), (0.1, 0.4)
"""The next target leaves this share of the way from the bound to what is enough: the first where the last target took
less than ``DEAR[0]`` of the time left (many targets would repeat work), the last where it took more than ``DEAR[1]``
(what the clock interrupts is lost)."""
TARGET_NEAR = 0.015
ROOM_FOR_PLANS = 0.8
"""Beyond this share of a full pool only whole plans teach routes: without those, a part could not be closed."""
EXACT = 1e-6
"""No target is nearer to the incumbent than this share: a plan that is better by less is not looked for."""


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

    State: the pool, the incumbent ``x``/``theta``/``worst``, and ``proved``, a value that no plan exceeds.
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
        self.proved = ceiling
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
        self.gains = Gains.none(problem.candidates)
        self.parts, self.rooted, self.took = 0, False, 0.0
        self.rng, self.wandered = np.random.default_rng(1), self.began
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
        """What no plan exceeds, never below the incumbent."""
        return max(self.theta, self.proved)

    @property
    def enough(self) -> float:
        """The search ends with a bound of this."""
        return self.theta * max((1.0 + self.gap) * (1.0 - 1e-6), 1.0 + EXACT) + EPSILON

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
        self.wander()
        while self.upper > self.enough and not self.out_of_time() and self.parts < PARTS_MAX:
            self.decide(self.next_target())
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
        if self.upper <= self.theta * (1.0 + EXACT) + EPSILON:
            return "proved optimal"
        if self.upper - self.theta <= self.gap * self.theta:
            return "gap reached"
        return "stopped" if self.stop() else "time"

    # bounds -------------------------------------------------------------------------------------------------

    def root(self) -> None:
        """Bound the whole: cuts in batches, at the fractional optimum and half way to the best point inside."""
        n = self.problem.candidates
        everything, routes = self.problem.best_routes(np.ones(n))
        self.pool.add(routes)
        self.first()
        self.proved = min(everything, self.proved)
        whole = Whole(self.proved, np.zeros(n), np.empty(0, np.int64))
        inside, inside_value = np.full(n, min(1.0, self.budget / max(float(self.problem.cost.sum()), EPSILON))), -np.inf
        level = 0
        for turn in range(ROOT_ROUNDS_MAX):
            whole = bound_of(self.pool, self.shop, ceiling=whole.bound, active=whole.active, enough=self.enough)
            self.proved = whole.bound
            if self.out_of_time() or whole.bound <= self.enough:
                break
            grown, view = 0, self.views[level]
            for point in (whole.x, 0.5 * (whole.x + inside)):
                theta, routes = self.problem.many_routes(point, whole.bound, ROUTES_A_ROUND, view)
                new = self.pool.add(routes)
                grown += new.size
                whole = replace(whole, active=np.concatenate((whole.active, new)))
                if theta > inside_value:
                    inside, inside_value, self.marginals = point, theta, point
            if turn % 4 == 0:
                self.improve(rounded(self.shop, whole.x))
            if not grown or whole.bound - inside_value <= ROOT_NEAR * whole.bound:
                level, inside_value = level + 1, -np.inf
                if level >= min(len(self.views), 2):
                    break
        self.rooted = True

    # targets ------------------------------------------------------------------------------------------------

    def next_target(self) -> float:
        """Return the target to decide next."""
        share = self.took / max(self.until - self.clock(), EPSILON)
        step = STEPS[int(np.searchsorted(DEAR, share))]
        target = self.enough + step * (self.upper - self.enough)
        return target if target > self.enough * (1.0 + TARGET_NEAR) else self.enough

    def decide(self, target: float) -> None:
        """Decide whether a plan reaches a target: the bound falls to it, or the incumbent rises."""
        began = self.clock()
        decision = Decision(
            self.pool,
            self.shop,
            target,
            self.gains,
            ask=lambda x, taken, many: self.learn(x, taken, target, many),
            judge=self.judge,
            best=lambda: self.theta,
            stop=self.out_of_time,
        )
        verdict = decision.run(PARTS_MAX - self.parts)
        self.parts, self.took = self.parts + decision.parts, self.clock() - began
        if verdict == "none":
            self.proved = min(self.proved, target)
            self.wander()
        elif verdict == "reached":
            self.improve(self.x)

    def learn(self, x: F64, taken: B1, target: float, many: bool) -> int:
        """Add routes whose rows a fractional plan misses; return how many.

        Where the whole plan next to it is better than the incumbent on the routes held, it is improved by swaps.
        """
        plan = rounded(self.shop, x)
        if self.pool.least(plan) > self.theta + EPSILON:
            self.improve(plan)
        if len(self.pool) > ROOM_FOR_PLANS * ROUTES_MAX:
            return 0
        for view in self.views[: 2 if many else 1]:
            if many:
                _, routes = self.problem.many_routes(x, target, ROUTES_A_ROUND, view)
            else:
                _, routes = self.problem.best_routes(x, view)
            if new := self.pool.add([r for r in routes if self.problem.value(r, x) < target * (1 - CUT_MIN)]).size:
                return new
        starts = np.argsort(-np.where(taken, 0.0, x), kind="stable")[: STARTS_MANY if many else STARTS_FEW]
        starts = starts[x[starts] > START_MIN]
        routes = clipped_routes(self.problem, self.views[0], x, taken, target=target, starts=starts, miss=CUT_MIN)
        return self.pool.add(routes).size

    def judge(self, plan: F64) -> float:
        """Return the value of a whole plan, or an upper bound of it below the incumbent; minus infinity: too dear."""
        return self.offer(plan) if self.affordable(plan) else -np.inf

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

    def wander(self) -> None:
        """Leave the incumbent by a few exchanges and climb again, for a share of the time spent on the bound since.

        Most ways back end below the incumbent on the routes held: only the others are judged.
        Source: iterated local search (Lourenço, Martin and Stützle, 2003).
        """
        now = self.clock()
        until = now + min(WANDER * (now - self.wandered), WANDER_LEFT * (self.until - now))
        for _ in range(WANDERS_MAX):
            if self.out_of_time() or self.clock() >= until or self.upper <= self.enough:
                break
            plan = self.left()
            for _ in range(CLIMBS_MAX):
                plan = self.climbed(plan)
                if self.pool.least(plan) <= self.theta + EPSILON:
                    break
                self.offer(plan)
        self.wandered = self.clock()

    def climbed(self, plan: F64) -> F64:
        """Return the plan that swaps lead to on the routes held."""
        while True:
            better = best_swap(self.pool, self.shop, plan, above=self.pool.least(plan) + EPSILON)
            if better is None:
                return plan
            plan = better

    def left(self) -> F64:
        """Return the incumbent with some sensors exchanged for others that fractional plans like."""
        chosen = np.flatnonzero(self.x > 0.5)
        taken, out = self.x > 0.5, np.zeros(self.x.size, bool)
        gone = self.rng.choice(chosen, min(int(self.rng.integers(1, EXCHANGED_MAX + 1)), chosen.size), replace=False)
        taken[gone], out[gone] = False, True
        while (free := np.flatnonzero(self.shop.open_to(taken, out))).size:
            odds = self.marginals[free] + 1.0 / self.x.size
            taken[self.rng.choice(free, p=odds / odds.sum())] = True
        return taken.astype(float)

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
