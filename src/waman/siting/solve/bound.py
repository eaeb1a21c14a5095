"""The bound of the whole choice, all sensors fractional.

A route P costs the adversary c + the sum of w over the sensors bought. For a ceiling U on theta and any whole plan

    min(theta, U) <= c + sum over the sensors of min(w, U - c) x,

because one sensor that alone lifts the route above U need do no more (clipped coefficients). The linear program over
such rows gives a lower ceiling, with which the rows are clipped again. What is returned is not the solver's optimum but
the value its multipliers prove by weak duality, recomputed here: any non-negative multipliers give a valid bound, so no
tolerance of the solver can make it too low.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.siting.solve.highs import Answer, Linear, Rows
from waman.siting.solve.pool import Pool

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

CUT_ROUNDS_MAX = 30
ROWS_AT_ONCE = 40
CLIP_ROUNDS_MAX = 6


@dataclass(frozen=True)
class Shop:
    """What can be bought: costs, budget, and the rows of sites with several types."""

    cost: F64
    budget: float
    sites: NDArray[np.bool_]  # (rows, candidates): at most one of each row

    @classmethod
    def of(cls, cost: F64, site: I64, budget: float) -> Shop:
        """Return the shop of a problem."""
        names, counts = np.unique(site, return_counts=True)
        rows = [site == s for s in names[counts > 1]]
        return cls(cost, budget, np.array(rows, bool).reshape(len(rows), cost.size))

    def open_to(self, taken: NDArray[np.bool_], out: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which candidates can still be bought beside those taken."""
        left = self.budget - float(self.cost[taken].sum())
        free = ~taken & ~out & (self.cost <= left + 1e-9)
        for row in self.sites:
            if taken[row].any():
                free &= ~row
        return free


@dataclass(frozen=True)
class Whole:
    """A bound on every plan, with the fractional optimum and the routes that bind there."""

    bound: float
    x: F64
    active: I64


def bound_of(pool: Pool, shop: Shop, *, ceiling: float, active: I64, enough: float) -> Whole:
    """Return the bound, which is at most ``ceiling``; stops early where it is below ``enough``."""
    none = np.zeros(shop.cost.size, bool)
    free = np.flatnonzero(shop.open_to(none, none))
    bound = min(ceiling, ceiling_of_shop(pool, free))
    best = Whole(bound, none.astype(float), active)
    for _ in range(CLIP_ROUNDS_MAX):
        if bound <= enough or not free.size:
            break
        made = _relaxed(pool, shop, best, free, enough)
        if made is None:
            break
        fell, best, bound = best.bound - made.bound, made, made.bound
        if fell < 2e-3 * bound:
            break
    return best


def ceiling_of_shop(pool: Pool, free: I64) -> float:
    """Return the least value over routes if every candidate that is free were bought."""
    return float((pool.fixed + pool.weights[:, free].sum(axis=1)).min())


def _relaxed(pool: Pool, shop: Shop, whole: Whole, free: I64, enough: float) -> Whole | None:
    """Solve the relaxation under the ceiling ``whole.bound``, adding the rows it violates; None: nothing gained."""
    ceiling, base = whole.bound, pool.fixed
    need = ceiling - base
    short = np.flatnonzero(need > 1e-12)
    if not short.size:
        return None
    rows = whole.active[need[whole.active] > 1e-12]
    if not rows.size:
        rows = short[np.argsort(base[short], kind="stable")[:ROWS_AT_ONCE]]
    program, side = _program(shop, free, ceiling)
    held = np.empty(0, np.int64)
    answer: Answer | None = None
    for _ in range(CUT_ROUNDS_MAX):
        clipped = np.minimum(pool.weights[np.ix_(rows, free)], need[rows, None])
        matrix = np.hstack((-clipped, np.ones((rows.size, 1))))
        program.add(Rows(matrix, np.full(rows.size, -np.inf), base[rows]))
        held = np.concatenate((held, rows))
        found = program.solve()
        if found.status != "optimal" or found.x is None:
            break
        answer, x = found, np.clip(found.x[:-1], 0.0, 1.0)
        used = np.flatnonzero(x > 1e-9)
        lacking = found.x[-1] - pool.clipped(base, need, free[used], x[used])[short]
        if found.x[-1] <= enough:
            break
        worst = np.argsort(-lacking, kind="stable")[:ROWS_AT_ONCE]
        rows = short[worst[lacking[worst] > 1e-4 * ceiling]]
        rows = np.setdiff1d(rows, held)
        if not rows.size:
            break
    if answer is None:
        return None
    return _proved(pool, shop, ceiling, free, held, answer, side)


def _program(shop: Shop, free: I64, ceiling: float) -> tuple[Linear, int]:
    """Return the program before any route: theta under its ceiling, the budget, one type a site; and its side rows."""
    n = free.size
    cost = np.zeros(n + 1)
    cost[-1] = -1.0
    upper = np.ones(n + 1)
    upper[-1] = ceiling
    program = Linear(cost, np.append(np.zeros(n), -np.inf), upper)
    sites = _sites(shop, free)
    matrix = np.vstack((shop.cost[free], sites.astype(float)))
    limits = np.append(shop.budget, np.ones(len(sites)))
    program.add(Rows(np.hstack((matrix, np.zeros((len(matrix), 1)))), np.full(len(matrix), -np.inf), limits))
    return program, len(matrix)


def _sites(shop: Shop, free: I64) -> NDArray[np.bool_]:
    sites = shop.sites[:, free]
    return np.asarray(sites[sites.sum(axis=1) > 1])


def _proved(pool: Pool, shop: Shop, ceiling: float, free: I64, held: I64, answer: Answer, side: int) -> Whole:
    """Return the bound that the multipliers prove, recomputed by weak duality."""
    assert answer.row_dual is not None and answer.x is not None
    base = pool.fixed
    duals = np.maximum(-answer.row_dual, 0.0)
    on_side, on_routes = duals[:side], duals[side : side + held.size]
    on_routes = on_routes / max(float(on_routes.sum()), 1.0)  # together at most 1; the rest lies on the ceiling
    rest = 1.0 - float(on_routes.sum())
    bind = np.flatnonzero(on_routes > 1e-12)
    rows, share = held[bind], on_routes[bind]
    gain = share @ np.minimum(pool.weights[np.ix_(rows, free)], (ceiling - base[rows])[:, None])
    price = on_side[0] * shop.cost[free] + on_side[1:] @ _sites(shop, free)
    paid = on_side[0] * shop.budget + float(on_side[1:].sum())
    bound = float(share @ base[rows]) + rest * ceiling + paid + float(np.maximum(gain - price, 0.0).sum())
    x = np.zeros(shop.cost.size)
    x[free] = np.clip(answer.x[:-1], 0.0, 1.0)
    return Whole(min(bound, ceiling), x, rows)
