"""Plans from fractional points: rounding, and swaps on the routes held, all of them at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waman.jit import kernel
from waman.siting.solve.bound import Shop
from waman.siting.solve.pool import Pool

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def rounded(shop: Shop, x: F64) -> F64:
    """Return the whole plan that takes the largest shares first, as far as the budget goes."""
    taken, none = np.zeros(x.size, bool), np.zeros(x.size, bool)
    worth = x / shop.cost.clip(1e-9)
    while (free := shop.open_to(taken, none)).any():
        taken[np.where(free, worth, -np.inf).argmax()] = True
    return taken.astype(float)


def best_swap(pool: Pool, shop: Shop, plan: F64, *, above: float) -> F64 | None:
    """Return the swap (or addition) with the best worst route among those held, if that is above ``above``."""
    taken = plan > 0.5
    values = pool.values(plan)
    best, best_value = None, above
    for out in [-1, *np.flatnonzero(taken)]:
        kept = taken.copy()
        base = values
        if out >= 0:
            kept[out] = False
            base = values - pool.weights[:, out]
        open_to = np.flatnonzero(shop.open_to(kept, taken & ~kept))
        if not open_to.size:
            continue
        worst = min_over_routes(base, pool.weights, open_to, best_value)
        k = int(worst.argmax())
        if worst[k] > best_value:
            best_value, best = float(worst[k]), kept.astype(float)
            best[open_to[k]] = 1.0
    return best


def min_over_routes(base: F64, weights: F64, candidates: I64, floor: float) -> F64:
    """Return for each candidate the least of base + its weight over the routes; below ``floor`` any value below it.

    Routes are taken in rising order of base: what is already the least ends the search for a candidate early.
    """
    out = np.empty(candidates.size)
    _min_over_routes(base, np.argsort(base, kind="stable"), weights, candidates, floor, out)
    return out


def min_over_routes_ref(base: F64, weights: F64, candidates: I64) -> F64:
    """Return the whole minimum as one array expression."""
    return np.asarray((base[:, None] + weights[:, candidates]).min(axis=0))


@kernel
def _min_over_routes(base: F64, order: I64, weights: F64, candidates: I64, floor: float, out: F64) -> None:
    for k in range(candidates.size):
        least = np.inf
        for i in range(order.size):
            p = order[i]
            if base[p] >= least or least <= floor:
                break
            least = min(least, base[p] + weights[p, candidates[k]])
        out[k] = least
