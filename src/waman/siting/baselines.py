"""What planners do today, so that every plan is shown beside it: cover area, cover known routes, greedy.

None of them lets the adversary answer. Each returns a whole plan; what it promises and what is
left after rerouting are computed by the caller with the same :class:`Problem` for all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waman.siting.highs import Rows, minimise
from waman.siting.problem import Problem, Route

F64 = NDArray[np.float64]

COVERED_PD = 0.3
"""A cell counts as covered from this detection probability per scan."""
MCLP_SECONDS = 10.0


def mclp_area(problem: Problem, budget: float) -> F64:
    """Return the plan that covers most cells (maximal covering location problem, Church and ReVelle 1974)."""
    covered = (problem.pd > COVERED_PD).reshape(problem.candidates, -1)
    return _mclp(problem, budget, covered)


def mclp_known(problem: Problem, budget: float, routes: list[Route]) -> F64:
    """Return the plan that covers most cells of today's routes."""
    cells = np.unique(np.concatenate([r.cells for r in routes]), axis=0)
    covered = problem.pd[:, cells[:, 0], cells[:, 1]] > COVERED_PD
    return _mclp(problem, budget, covered)


def greedy_known(problem: Problem, budget: float, routes: list[Route]) -> F64:
    """Return the plan built one sensor at a time for the largest gain of mean detection on today's routes."""
    weights = np.array([r.exposure for r in routes])
    miss = np.exp(-np.array([r.kept_exposure for r in routes]))
    plan = np.zeros(problem.candidates)
    left = float(budget)
    while True:
        taken = np.isin(problem.site, problem.site[plan > 0.5])
        open_to = np.flatnonzero(~taken & (problem.cost <= left + 1e-9))
        if not open_to.size:
            return plan
        gain = (miss[:, None] * (1.0 - np.exp(-weights[:, open_to]))).mean(axis=0) / problem.cost[open_to].clip(1e-9)
        best = int(open_to[gain.argmax()])
        if gain.max() <= 0.0:
            return plan
        plan[best] = 1.0
        left -= float(problem.cost[best])
        miss = miss * np.exp(-weights[:, best])


def _mclp(problem: Problem, budget: float, covered: NDArray[np.bool_]) -> F64:
    """Solve the covering problem; cells seen by the same candidates are one demand with their number as weight."""
    groups, counts = np.unique(covered.T, axis=0, return_counts=True)
    keep = groups.any(axis=1)
    groups, counts = groups[keep], counts[keep]
    if len(groups) > 3000:  # the rarest groups of cells are left out of the exact problem, not out of the count
        order = np.argsort(-counts)[:3000]
        groups, counts = groups[order], counts[order]
    n, m = problem.candidates, len(groups)
    if not m:
        return np.zeros(n)
    budget_row = np.concatenate((problem.cost, np.zeros(m)))[None, :]
    site_rows = [
        np.concatenate(((problem.site == s).astype(float), np.zeros(m)))
        for s, c in zip(*np.unique(problem.site, return_counts=True), strict=True)
        if c > 1
    ]
    cover_rows = np.hstack((groups.astype(float), -np.eye(m)))
    matrix = np.vstack((budget_row, *[r[None, :] for r in site_rows], cover_rows))
    side = 1 + len(site_rows)
    lower = np.concatenate((np.full(side, -np.inf), np.zeros(m)))
    upper = np.concatenate(([budget], np.ones(len(site_rows)), np.full(m, np.inf)))
    cost = np.concatenate((np.zeros(n), -counts.astype(float)))
    answer = minimise(cost, Rows(matrix, lower, upper), upper=np.ones(n + m), integer=True, seconds=MCLP_SECONDS)
    plan = np.zeros(n) if answer.x is None else np.round(answer.x[:n])
    # a search cut by its time limit may hold the empty plan: then the greedy cover stands in
    return plan if plan.any() else _greedy_cover(problem, budget, groups, counts)


def _greedy_cover(problem: Problem, budget: float, groups: NDArray[np.bool_], counts: NDArray[np.int64]) -> F64:
    plan, left, open_cells = np.zeros(problem.candidates), float(budget), np.ones(len(groups), bool)
    while True:
        gain = (groups & open_cells[:, None]).T @ counts
        gain = np.where(problem.cost <= left + 1e-9, gain, 0)
        best = int(gain.argmax())
        if gain[best] <= 0:
            return plan
        plan[best] = 1.0
        left -= float(problem.cost[best])
        open_cells &= ~groups[:, best]
