"""The bound of one part of the search: some sensors taken, some left out, the rest fractional.

With ``taken`` fixed, a route P costs at least base = c + the sum of w over them. For a ceiling U on theta and any
whole plan of this part

    min(theta, U) <= base + sum over the free sensors of min(w, U - base) x,

because one sensor that alone lifts the route above U need do no more (clipped coefficients; at a node with sensors
taken these are the knapsack-cover inequalities of Carr and others, 2000). The linear program over such rows gives a
lower ceiling, with which the rows are clipped again. What is returned is not the solver's optimum but the value its
multipliers prove by weak duality, recomputed here: any non-negative multipliers give a valid bound, so no tolerance of
the solver can make it too low.
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
class Part:
    """A part of the search and its bound: no whole plan with ``taken`` and without ``out`` is above ``bound``."""

    taken: NDArray[np.bool_]
    out: NDArray[np.bool_]
    bound: float
    x: F64  # the fractional optimum, sensors taken at 1
    active: I64  # routes that bind there
    lost: F64  # (candidates,) how much the bound falls, at least, if that candidate changes its mind


def bound_of(
    pool: Pool, shop: Shop, taken: NDArray[np.bool_], out: NDArray[np.bool_], *, ceiling: float, active: I64,
    enough: float,
) -> Part:  # fmt: skip
    """Return the part with its bound, which is at most ``ceiling``; stops early where it is below ``enough``."""
    free = np.flatnonzero(shop.open_to(taken, out))
    base = pool.values(taken.astype(float))
    bound = min(ceiling, ceiling_of_shop(pool, base, free))
    best = Part(taken, out, bound, taken.astype(float), active, np.zeros(taken.size))
    for _ in range(CLIP_ROUNDS_MAX):
        if bound <= enough or not free.size:
            break
        made = _relaxed(pool, shop, best, base, free, enough)
        if made is None:
            break
        fell, best, bound = best.bound - made.bound, made, made.bound
        if fell < 2e-3 * bound:
            break
    if not free.size:
        best = Part(taken, out, min(best.bound, float(base.min())), best.x, active, best.lost)
    return best


def ceiling_of_shop(pool: Pool, base: F64, free: I64) -> float:
    """Return the least value over routes if every candidate that is free were bought."""
    every = np.zeros(pool.weights.shape[1])
    every[free] = 1.0
    return float((base + pool.weights @ every).min())


def _relaxed(pool: Pool, shop: Shop, part: Part, base: F64, free: I64, enough: float) -> Part | None:
    """Solve the relaxation under the ceiling ``part.bound``, adding the rows it violates; None: nothing gained."""
    ceiling = part.bound
    need = ceiling - base
    short = np.flatnonzero(need > 1e-12)
    if not short.size:
        return None
    rows = part.active[need[part.active] > 1e-12]
    if not rows.size:
        rows = short[np.argsort(base[short], kind="stable")[:ROWS_AT_ONCE]]
    program, side = _program(shop, part, free, ceiling)
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
    return _proved(pool, shop, part, base, free, held, answer, side)


def _program(shop: Shop, part: Part, free: I64, ceiling: float) -> tuple[Linear, int]:
    """Return the program before any route: theta under its ceiling, the budget, one type a site; and its side rows."""
    n = free.size
    cost = np.zeros(n + 1)
    cost[-1] = -1.0
    upper = np.ones(n + 1)
    upper[-1] = ceiling
    program = Linear(cost, np.append(np.zeros(n), -np.inf), upper)
    sites = shop.sites[:, free]
    sites = sites[sites.sum(axis=1) > 1]
    left = shop.budget - float(shop.cost[part.taken].sum())
    matrix = np.vstack((shop.cost[free], sites.astype(float)))
    limits = np.append(left, np.ones(len(sites)))
    side = Rows(np.hstack((matrix, np.zeros((len(matrix), 1)))), np.full(len(matrix), -np.inf), limits)
    program.add(side)
    return program, len(matrix)


def _proved(pool: Pool, shop: Shop, part: Part, base: F64, free: I64, held: I64, answer: Answer, side: int) -> Part:
    """Return the part with the bound that the multipliers prove, recomputed by weak duality."""
    assert answer.row_dual is not None and answer.x is not None
    ceiling = part.bound
    duals = np.maximum(-answer.row_dual, 0.0)
    on_side, on_routes = duals[:side], duals[side : side + held.size]
    total = float(on_routes.sum())
    on_routes = on_routes / max(total, 1.0)  # together at most 1; the rest lies on the ceiling
    rest = 1.0 - float(on_routes.sum())
    bind = np.flatnonzero(on_routes > 1e-12)
    rows, share = held[bind], on_routes[bind]
    gain = share @ np.minimum(pool.weights[np.ix_(rows, free)], (ceiling - base[rows])[:, None])
    sites = shop.sites[:, free]
    sites = sites[sites.sum(axis=1) > 1]
    price = on_side[0] * shop.cost[free] + on_side[1:] @ sites
    left = shop.budget - float(shop.cost[part.taken].sum())
    paid = on_side[0] * left + float(on_side[1:].sum())
    profit = gain - price
    bound = float(share @ base[rows]) + rest * ceiling + paid + float(np.maximum(profit, 0.0).sum())
    x = part.taken.astype(float)
    x[free] = np.clip(answer.x[:-1], 0.0, 1.0)
    lost = np.zeros(x.size)
    lost[free] = np.abs(profit)
    return Part(part.taken, part.out, min(bound, ceiling), x, rows, lost)
