"""What a search leaves for the next one: routes met, the best plan and the proved bound of every budget.

The state belongs to one problem, told by its fingerprint; a state of another problem is not used. Bounds are proved
facts about the problem, so they stay true; plans are evaluated again by whoever takes them.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from waman.siting.problem import Problem
from waman.siting.solve.pool import Pool

F64 = NDArray[np.float64]

SCHEMA = 1


@dataclass(frozen=True)
class Left:
    """What an earlier run left: ``plans`` and ``uppers`` by budget, and a pool of routes."""

    pool: Pool
    plans: Mapping[float, F64] = field(default_factory=dict)
    uppers: Mapping[float, float] = field(default_factory=dict)


def fingerprint(problem: Problem) -> str:
    """Return a digest of everything that decides what a plan is worth."""
    digest = hashlib.sha256()
    seen, limit = problem.seen, np.array([problem.range_max_km])
    parts = (seen.first, seen.step, seen.weight, problem.fixed, problem.length_km, problem.cost, problem.site,
             problem.strips, problem.exits, problem.graph.ends, limit)  # fmt: skip
    for part in parts:
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def state_bytes(problem: Problem, left: Left) -> bytes:
    """Return the state as the bytes of a NumPy archive."""
    out = io.BytesIO()
    routes = left.pool.routes
    budgets = sorted(left.plans)
    np.savez_compressed(
        out,
        schema=np.array([SCHEMA]),
        fingerprint=np.frombuffer(fingerprint(problem).encode(), np.uint8),
        lengths=np.array([r.steps.size for r in routes], np.int64),
        nodes=np.concatenate([r.nodes for r in routes]) if routes else np.empty(0, np.int64),
        steps=np.concatenate([r.steps for r in routes]) if routes else np.empty(0, np.int64),
        budgets=np.array(budgets, float),
        plans=np.array([left.plans[b] for b in budgets]).reshape(len(budgets), problem.candidates),
        uppers=np.array([left.uppers[b] for b in budgets], float),
    )
    return out.getvalue()


def state_from(problem: Problem, raw: bytes) -> Left | None:
    """Return what was left for this problem; None where the bytes are damaged or of another problem."""
    pool = Pool(problem)
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as held:
            if int(held["schema"][0]) != SCHEMA or held["fingerprint"].tobytes() != fingerprint(problem).encode():
                return None
            lengths, nodes, steps = held["lengths"], held["nodes"], held["steps"]
            budgets, plans, uppers = held["budgets"], held["plans"], held["uppers"]
    except (ValueError, OSError, KeyError, IndexError, zipfile.BadZipFile, EOFError):
        return None
    at = np.concatenate(([0], np.cumsum(lengths)))
    if at[-1] != steps.size or at[-1] + lengths.size != nodes.size or plans.shape != (budgets.size, problem.candidates):
        return None
    for k in range(lengths.size):
        mine = slice(int(at[k]), int(at[k + 1]))
        pool.add([problem.along(nodes[mine.start + k : mine.stop + k + 1].copy(), steps[mine].copy())])
    return Left(
        pool,
        {float(b): x for b, x in zip(budgets, plans, strict=True)},
        {float(b): float(u) for b, u in zip(budgets, uppers, strict=True)},
    )
