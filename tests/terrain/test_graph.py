"""Paths over steps agree with another algorithm, and the way back costs what is said."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from waman.terrain.graph import Graph, ways, ways_ref


@given(st.integers(0, 100_000), st.integers(2, 40), st.integers(1, 90), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_the_heap_agrees_with_scipy(seed: int, nodes: int, steps: int, sources: int) -> None:
    rng = np.random.default_rng(seed)
    ends = np.unique(np.sort(rng.integers(0, nodes, (steps, 2)), axis=1), axis=0)
    ends = ends[ends[:, 0] != ends[:, 1]]
    cost = rng.random(len(ends))
    cost[rng.random(cost.shape) < 0.2] = np.inf
    starts = rng.integers(0, nodes, sources)
    graph = Graph.of(nodes, ends)
    ours = ways(graph, cost, starts)
    assert np.allclose(ours.distance, ways_ref(graph, cost, starts), rtol=1e-12)
    for node in range(nodes):
        visited, taken = ours.path_to(node)
        if len(visited):
            assert visited[0] in starts and visited[-1] == node
            assert np.isclose(cost[taken].sum(), ours.distance[node])
            assert (np.sort(np.column_stack((visited[:-1], visited[1:])), axis=1) == ends[taken]).all()
