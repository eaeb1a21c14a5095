"""Paths over steps agree with another algorithm."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from waman.terrain.edges import STEPS, edge_paths, edge_paths_ref


@given(st.integers(0, 100_000), st.integers(2, 9), st.integers(2, 9), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_the_heap_agrees_with_scipy(seed: int, rows: int, cols: int, sources: int) -> None:
    rng = np.random.default_rng(seed)
    cost = rng.random((4, rows, cols))
    cost[rng.random(cost.shape) < 0.2] = np.inf
    starts = np.column_stack((rng.integers(0, rows, sources), rng.integers(0, cols, sources)))
    ours = edge_paths(cost, starts)
    assert np.allclose(ours.distance, edge_paths_ref(cost, starts), rtol=1e-12)
    for r in range(rows):
        for c in range(cols):
            path = ours.path_to(r, c)
            if len(path):
                walked = 0.0
                for (r1, c1), (r2, c2) in pairwise(path):
                    step = (int(r2 - r1), int(c2 - c1))
                    k, at = (STEPS.index(step), (r1, c1)) if step in STEPS else (
                        STEPS.index((-step[0], -step[1])), (r2, c2))  # fmt: skip
                    walked += cost[k][at]
                assert np.isclose(walked, ours.distance[r, c])
