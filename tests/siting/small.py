"""A small random scene and its problem, for every test of siting."""

from __future__ import annotations

from typing import Any

import numpy as np

from waman.siting.place.network import Adversary, problem_on_grid
from waman.siting.problem import Problem


def scene(seed: int, *, candidates: int = 12, side: int = 16, types: int = 1) -> dict[str, Any]:
    """A small random scene: discs of sight with holes, strips in the west, exits on the east edge."""
    rng = np.random.default_rng(seed)
    r, c = np.mgrid[:side, :side]
    sites = rng.integers(0, side, (candidates // types, 2))
    pd = np.zeros((candidates, side, side), np.float32)
    for k in range(candidates):
        r0, c0 = sites[k // types]
        reach = side * (0.18 + 0.10 * (k % types))
        hole = rng.random((side, side)) < 0.25
        pd[k] = np.where((np.hypot(r - r0, c - c0) < reach) & ~hole, 0.95, 0.0)
    strips = np.column_stack((rng.integers(0, side, 3), rng.integers(0, side // 3, 3)))
    exits = np.column_stack((np.arange(side), np.full(side, side - 1)))
    closed = rng.random((side, side)) < 0.03
    closed[strips[:, 0], strips[:, 1]] = False
    closed[:, -1] = False
    return {
        "pd": pd,
        "kept": np.zeros((0, side, side), np.float32),
        "cost": np.ones(candidates) if types == 1 else 1.0 + (np.arange(candidates) % types),
        "site": np.arange(candidates) // types,
        "strips": strips,
        "exits": exits,
        "closed": closed,
        "cell_km": 4.0,
        "adversary": Adversary(looks_per_km=0.05),
    }


def instance(seed: int, *, candidates: int = 12, side: int = 16, types: int = 1) -> Problem:
    """The problem of a small random scene."""
    return problem_on_grid(**scene(seed, candidates=candidates, side=side, types=types))
