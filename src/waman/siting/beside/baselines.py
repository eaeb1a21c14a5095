"""What planners do today, so that every plan is shown beside it: cover area, cover known routes, greedy.

None of them lets the adversary answer. Each returns a whole plan; what it promises and what is
left after rerouting are computed by the caller with the same :class:`Problem` for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array, hstack, vstack

from waman.siting.problem import Problem, Route
from waman.siting.solve.bound import Shop
from waman.siting.solve.highs import Rows, minimise

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

COVERED_PD = 0.3
"""A cell counts as covered from this detection probability per scan."""
GROUPS_MAX = 3000
MCLP_SECONDS = 5.0


@dataclass(frozen=True)
class Demand:
    """Cells to cover: those seen by the same candidates are one group (groups, candidates) with their number."""

    groups: NDArray[np.bool_]
    counts: I64

    @classmethod
    def of(cls, problem: Problem, nodes: I64 | None = None) -> Demand:
        """Return the demand of some nodes, or of all."""
        covered = problem.pd > COVERED_PD if nodes is None else problem.pd[:, nodes] > COVERED_PD
        packed = np.packbits(covered, axis=0).T.copy()
        _, where, counts = np.unique(
            packed.view(np.dtype((np.void, packed.shape[1]))).ravel(), return_index=True, return_counts=True
        )
        groups = covered[:, where].T
        keep = groups.any(axis=1)
        groups, counts = groups[keep], counts[keep]
        if len(groups) > GROUPS_MAX:  # the rarest groups of cells are left out
            order = np.argsort(-counts, kind="stable")[:GROUPS_MAX]
            groups, counts = groups[order], counts[order]
        return cls(groups, counts)

    def covered(self, plan: F64) -> int:
        """Return how many cells a plan covers."""
        return int(self.counts[self.groups[:, plan > 0.5].any(axis=1)].sum())


def known_demand(problem: Problem, routes: Sequence[Route]) -> Demand:
    """Return the demand of today's routes: every node on one of them."""
    return Demand.of(problem, np.unique(np.concatenate([r.nodes for r in routes])))


def mclp(problem: Problem, budget: float, demand: Demand) -> F64:
    """Return the plan that covers most of a demand (maximal covering location problem, Church and ReVelle 1974).

    Exact by HiGHS where its time suffices; else the better of what it holds and the greedy cover.
    """
    shop = Shop.of(problem.cost, problem.site, budget)
    greedy = _greedy_cover(shop, demand)
    n, m = problem.candidates, len(demand.groups)
    if not m:
        return greedy
    side = np.vstack((problem.cost[None, :], shop.sites.astype(float)))
    top = hstack((csr_matrix(side), csr_matrix((len(side), m))))
    cover = hstack((csr_matrix(demand.groups.astype(float)), -diags_array(np.ones(m))))
    lower = np.concatenate((np.full(len(side), -np.inf), np.zeros(m)))
    upper = np.concatenate(([budget], np.ones(len(shop.sites)), np.full(m, np.inf)))
    cost = np.concatenate((np.zeros(n), -demand.counts.astype(float)))
    whole = np.arange(n + m) < n
    rows = Rows(vstack((top, cover)), lower, upper)
    answer = minimise(cost, rows, upper=np.ones(n + m), whole=whole, seconds=MCLP_SECONDS)
    if answer.x is None:
        return greedy
    # a search cut by its time limit may hold the empty plan: then the greedy cover stands in
    plan = np.asarray(np.round(answer.x[:n]))
    return plan if demand.covered(plan) >= demand.covered(greedy) else greedy


def _greedy_cover(shop: Shop, demand: Demand) -> F64:
    taken, still = np.zeros(shop.cost.size, bool), np.ones(len(demand.groups), bool)
    while True:
        open_to = shop.open_to(taken, np.zeros_like(taken))
        gain = np.where(open_to, demand.groups[still].T @ demand.counts[still] / shop.cost.clip(1e-9), 0.0)
        best = int(gain.argmax())
        if gain[best] <= 0:
            return taken.astype(float)
        taken[best] = True
        still &= ~demand.groups[:, best]


def greedy_known(problem: Problem, budget: float, routes: Sequence[Route]) -> F64:
    """Return the plan built one sensor at a time for the largest gain of mean detection on today's routes."""
    shop = Shop.of(problem.cost, problem.site, budget)
    weights = np.array([r.exposure for r in routes])
    miss = np.exp(-np.array([r.kept_exposure for r in routes]))
    taken = np.zeros(problem.candidates, bool)
    while True:
        open_to = shop.open_to(taken, np.zeros_like(taken))
        gain = (miss[:, None] * (1.0 - np.exp(-weights))).mean(axis=0) / problem.cost.clip(1e-9)
        gain = np.where(open_to, gain, 0.0)
        best = int(gain.argmax())
        if gain[best] <= 0.0:
            return taken.astype(float)
        taken[best] = True
        miss = miss * np.exp(-weights[:, best])
