"""The routes met so far, as one matrix: what every cut, swap and bound of the search is computed from.

The matrix lies by columns: the kernels run down the routes of one candidate after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from waman.jit import kernel
from waman.siting.problem import Problem, Route

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

ROUTES_MAX = 40_000


@dataclass
class Pool:
    """Routes met so far. State: the routes, their exposures as one growing matrix, and the keys already held."""

    problem: Problem
    routes: list[Route] = field(default_factory=list)
    keys: set[bytes] = field(default_factory=set)
    _fixed: F64 = field(default_factory=lambda: np.empty(0))
    _weights: F64 = field(default_factory=lambda: np.empty((0, 0)))

    def add(self, routes: list[Route]) -> I64:
        """Add routes that are new; return their numbers."""
        new: list[Route] = []
        for route in routes:
            if route.key not in self.keys and len(self.routes) + len(new) < ROUTES_MAX:
                self.keys.add(route.key)
                new.append(route)
        held = len(self.routes)
        if new:
            if held + len(new) > len(self._fixed):  # room for twice as many: growing one by one would copy for ever
                room = max(256, 2 * (held + len(new)))
                fixed, weights = np.empty(room), np.empty((room, self.problem.candidates), order="F")
                if held:
                    fixed[:held], weights[:held] = self._fixed[:held], self._weights[:held]
                self._fixed, self._weights = fixed, weights
            self._weights[held : held + len(new)] = [r.exposure for r in new]
            self._fixed[held : held + len(new)] = [r.fixed for r in new]
            self.routes += new
        return np.arange(held, held + len(new))

    def __len__(self) -> int:
        return len(self.routes)

    @property
    def fixed(self) -> F64:
        """What each route costs the adversary before any new sensor (routes,)."""
        return self._fixed[: len(self.routes)]

    @property
    def weights(self) -> F64:
        """What each candidate adds on each route (routes, candidates)."""
        return self._weights[: len(self.routes)]

    def values(self, x: F64) -> F64:
        """Return exposure + distance of every route held, under a whole or fractional plan ``x``."""
        out = self.fixed.copy()
        for i in np.flatnonzero(x):
            out += x[i] * self.weights[:, i]
        return out

    def least(self, x: F64) -> float:
        """Return the least value of all routes held: no plan is worth more than that."""
        return float(self.values(x).min())

    def clipped(self, base: F64, need: F64, who: I64, x: F64) -> F64:
        """Return base + the sum over ``who`` of min(w, need) x, of every route held."""
        out = base.copy()
        _clipped(self.weights, need, who, x, out)
        return out


def clipped_ref(weights: F64, base: F64, need: F64, who: I64, x: F64) -> F64:
    """Return the same as one whole-array expression."""
    return np.asarray(base + np.minimum(weights[:, who], need[:, None]) @ x)


@kernel
def _clipped(weights: F64, need: F64, who: I64, x: F64, out: F64) -> None:
    for j in range(who.size):
        for p in range(out.size):
            out[p] += min(weights[p, who[j]], need[p]) * x[j]
