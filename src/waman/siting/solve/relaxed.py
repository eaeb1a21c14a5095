"""The least budget that fractions of sensors need to keep the rows of a target, proved by multipliers.

Minimise cost.x + dear z over 0 <= x <= 1, z >= 0 with a.x + z >= 1 for every row held; where even ``dear`` is cheaper
than the sensors, none can. What is told is not the solver's optimum but what its multipliers y >= 0 prove, computed
here: every x with A x >= 1 costs at least y.1 + the sum over x of the least of (cost - y A) x. So no tolerance of the
solver can make it too high, and a solve that was cut short still proves something.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.siting.solve.bound import Shop
from waman.siting.solve.highs import Linear, Rows

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

DEAR = 4.0
ROWS_MANY = 150
IDLE_SOLVES = 8
DROP_MIN = 50


@dataclass(frozen=True)
class Least:
    """A fractional point, the budget that is proved to be needed (1 is all there is), and what changes of mind cost."""

    x: F64
    needed: float
    reduced: F64  # (candidates,) cost less what the multipliers pay for it
    share: F64  # (rows,) multipliers


class Relaxed:
    """The program of one target. State: the solver, the rows in it, and for how many solves each has lain idle."""

    def __init__(self, shop: Shop) -> None:
        self.cost = shop.cost / max(shop.budget, 1e-9)
        n = self.cost.size
        upper = np.append(np.ones(n), np.inf)
        self.program = Linear(np.append(self.cost, DEAR), np.zeros(n + 1), upper, seconds=np.inf)
        self.rows, self.least, self.idle = np.zeros((0, n)), np.zeros(0), np.zeros(0, np.int64)
        self.lower, self.upper = np.zeros(n), np.ones(n)
        self.sites = len(shop.sites)
        if self.sites:
            self._add(-shop.sites.astype(float), np.full(self.sites, -1.0), np.zeros(self.sites))

    def add(self, rows: F64) -> None:
        """Add rows a.x >= 1."""
        if len(rows):
            self._add(rows, np.ones(len(rows)), np.ones(len(rows)))

    def _add(self, rows: F64, least: F64, dear: F64) -> None:
        self.program.add(Rows(np.column_stack((rows, dear)), least, np.full(len(rows), np.inf)))
        self.rows, self.least = np.vstack((self.rows, rows)), np.append(self.least, least)
        self.idle = np.append(self.idle, np.zeros(len(rows), np.int64))

    def limits(self, lower: F64, upper: F64) -> None:
        """Fix what is decided: sensors taken have a lower limit of 1, those left out an upper one of 0."""
        self.lower, self.upper = lower, upper
        self.program.limits(lower, upper)

    def solve(self, trial: bool = False) -> Least:
        """Return the fractional optimum with what its multipliers prove; a ``trial`` lets no row lie idle."""
        columns, share = self.program.point()
        share = np.maximum(share, 0.0)
        share *= min(1.0, DEAR / max(float(share[self.sites :].sum()), 1e-12))  # z is never paid for more than it costs
        reduced = self.cost - share @ self.rows
        needed = float(share @ self.least) + float(
            np.where(reduced > 0, reduced * self.lower, reduced * self.upper).sum()
        )
        if not trial:
            self.idle = np.where(share > 1e-9, 0, self.idle + 1)
        return Least(np.clip(columns[:-1], self.lower, self.upper), needed, reduced, share)

    def tight(self, found: Least) -> F64:
        """Return the rows a.x >= 1 that bind."""
        bind = found.share > 1e-9
        bind[: self.sites] = False
        return np.asarray(self.rows[bind])

    def tidy(self) -> None:
        """Drop rows that have lain idle, where there are many."""
        idle = self.idle > IDLE_SOLVES
        idle[: self.sites] = False
        if len(self.rows) <= ROWS_MANY or idle.sum() < DROP_MIN:
            return
        self.program.drop(np.flatnonzero(idle))
        self.rows, self.least, self.idle = self.rows[~idle], self.least[~idle], self.idle[~idle]
