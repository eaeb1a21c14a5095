"""Rows that every plan reaching a target keeps: from the routes held, and whole-number rows made out of them.

A route P that costs the adversary base = c + the sum of w over sensors already ``taken`` needs ``need = target - base``
more, and one sensor that alone gives it need give no more:

    sum over the others of min(w / need, 1) x >= 1

(knapsack covers; Carr, Fleischer, Leung and Phillips, 2000). It holds for every plan that reaches the target, whether
it has the sensors of ``taken`` or not. From a row a.x >= 1, or the mean of several, mixed-integer rounding
(Nemhauser and Wolsey, 1990) gives for any step d in (1/2, 1), with r = 1/d - 1,

    sum of min((floor(a/d) r + min(frac(a/d), r)) / 2r, 1) x >= 1,

which says that two sensors are needed where none alone is enough: what fractions of sensors hide.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.siting.solve.pool import Pool

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
B1 = NDArray[np.bool_]

STEPS = np.arange(0.52, 0.99, 0.04)
MEANS = 50
"""So many means are tried for each row asked for."""
ALONE = np.empty((0, 1), np.int64)
NEAR = 0.10
"""Routes up to this share above what they need are tried for rounding."""
NEED_MIN = 1e-6
"""A need of less than this share of the target is met: dividing by it would only lift rounding errors."""


@dataclass(frozen=True)
class Cover:
    """The rows of one target over the routes of a pool."""

    pool: Pool
    target: float

    def lacking(self, taken: B1, x: F64, count: int, least: float) -> F64:
        """Return up to ``count`` rows (rows, candidates) that ``x`` misses by more than ``least``, the worst first.

        A negative ``least`` lets rows in that are kept with little to spare.
        """
        need = self.target - self.pool.values(taken.astype(float))
        used = np.flatnonzero((x > 1e-9) & ~taken)
        given = self.pool.clipped(np.zeros(need.size), need, used, x[used])
        miss = np.full(need.size, -np.inf)
        asks = need > NEED_MIN * self.target
        miss[asks] = 1.0 - given[asks] / need[asks]
        worst = _most(miss, count)
        worst = worst[miss[worst] > least]
        rows = np.minimum(self.pool.weights[worst] / need[worst, None], 1.0)
        rows[:, taken] = 0.0
        return np.asarray(rows)

    def rounded(self, taken: B1, x: F64, tight: F64, count: int, rng: np.random.Generator) -> F64:
        """Return whole-number rows that ``x`` misses, from routes near their need and from means of ``tight`` rows."""
        out = [most_missed(x, self.lacking(taken, x, 5 * count, -NEAR), ALONE, count)]
        for several in (2, 3):
            if len(tight) >= several:
                out.append(most_missed(x, tight, rng.integers(0, len(tight), (MEANS * count, several)), count))
        return np.concatenate(out)


def most_missed(x: F64, rows: F64, which: I64, count: int, least: float = 1e-2) -> F64:
    """Return the ``count`` rounded rows that ``x`` misses most, over all steps, of means of rows.

    ``which`` (means, several) are the rows each mean is of; empty: every row alone.
    """
    which = which if which.size else np.arange(len(rows))[:, None]
    used = np.flatnonzero(x > 1e-9)
    own, shares = rows[:, used][which].mean(axis=1), x[used]
    miss = np.array([1.0 - rounding(own, step) @ shares for step in STEPS]).reshape(STEPS.size, len(which))
    best = _most(miss.ravel(), count)
    best = best[miss.ravel()[best] > least]
    made = [
        rounding(rows[which[i]].mean(axis=0), STEPS[s])
        for s, i in zip(*np.unravel_index(best, miss.shape), strict=True)
    ]
    return np.array(made).reshape(len(made), x.size)


def _most(values: F64, count: int) -> I64:
    """Return where the ``count`` largest are, the largest first."""
    some = np.argpartition(-values, count - 1)[:count] if values.size > count else np.arange(values.size)
    return np.asarray(some[np.argsort(-values[some], kind="stable")])


def rounding(a: F64, step: float) -> F64:
    """Return the coefficients of the rounded row of a.x >= 1.

    >>> rounding(np.array([0.3, 0.7, 1.0]), 0.75).round(3).tolist()
    [0.5, 0.5, 1.0]
    """
    rest = 1.0 / step - 1.0
    whole = np.floor(a / step)
    return np.asarray(np.minimum((whole * rest + np.minimum(a / step - whole, rest)) / (2.0 * rest), 1.0))
