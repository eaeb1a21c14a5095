"""Shortest paths over any undirected graph whose steps have costs.

The siting adversary needs this: what a step costs is a nonlinear function of the detection
probabilities at both its ends, and his grid may have layers (heights) and closed steps, so it
cannot be told as a cost per cell. A step costs the same both ways.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from waman.jit import kernel
from waman.terrain.heap import pop, reach

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Graph:
    """Nodes and undirected steps as adjacency: the arcs of node v are ``first[v]:first[v + 1]``.

    ``head`` (2 m,) is where an arc leads, ``step`` (2 m,) the number of the step it is; ``ends`` (m, 2).
    """

    first: I64
    head: I32
    step: I32
    ends: I32

    @classmethod
    def of(cls, nodes: int, ends: NDArray[np.integer]) -> Graph:
        """Return the graph of steps given by their two ends (m, 2)."""
        pairs = np.asarray(ends, np.int32).reshape(-1, 2)
        assert not len(pairs) or (pairs.min() >= 0 and pairs.max() < nodes), "a step leaves the graph"
        tail = np.concatenate((pairs[:, 0], pairs[:, 1]))
        order = np.argsort(tail, kind="stable")
        head = np.concatenate((pairs[:, 1], pairs[:, 0]))[order]
        step = np.tile(np.arange(len(pairs), dtype=np.int32), 2)[order]
        first = np.zeros(nodes + 1, np.int64)
        np.cumsum(np.bincount(tail, minlength=nodes), out=first[1:])
        return cls(first, head, step, pairs)

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return self.first.size - 1


@dataclass(frozen=True)
class Ways:
    """The cheapest way from the nearest source to every node: cost, node before (-1 at a source), step taken."""

    distance: F64
    before: I32
    by: I32

    def path_to(self, node: int) -> tuple[I64, I64]:
        """Return nodes (k + 1,) from a source to ``node`` and the steps (k,) between; empty where nothing leads."""
        if not np.isfinite(self.distance[node]):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        nodes, steps = np.empty(self.before.size, np.int64), np.empty(self.before.size, np.int64)
        count = int(_trace(self.before, self.by, node, nodes, steps))
        return nodes[:count][::-1].copy(), steps[: count - 1][::-1].copy()


def ways(graph: Graph, cost: F64, sources: NDArray[np.integer], *, initial: F64 | None = None) -> Ways:
    """Return the cheapest way from the nearest of several sources to every node.

    Parameters
    ----------
    cost : (m,) float64, >= 0, of every step; infinite: closed
    sources : (k,) node numbers; ``initial`` (k,) is what each costs before the first step (default 0)

    >>> line = Graph.of(3, np.array([[0, 1], [1, 2]]))
    >>> ways(line, np.array([1.0, 5.0]), np.array([0])).distance
    array([0., 1., 6.])
    """
    starts = np.asarray(sources, np.int32).ravel()
    assert cost.shape == (len(graph.ends),), f"{cost.shape} costs for {len(graph.ends)} steps"
    assert not starts.size or (starts.min() >= 0 and starts.max() < graph.nodes), "a source lies outside the graph"
    before = np.zeros(starts.size) if initial is None else np.asarray(initial, np.float64)
    out = Ways(np.empty(graph.nodes), np.empty(graph.nodes, np.int32), np.empty(graph.nodes, np.int32))
    steps = np.ascontiguousarray(cost, np.float64)
    _dijkstra(graph.first, graph.head, graph.step, steps, starts, before, out.distance, out.before, out.by)
    return out


def ways_ref(graph: Graph, cost: F64, sources: NDArray[np.integer]) -> F64:
    """Return the distances of :func:`ways` by SciPy's heap on a sparse matrix."""
    # SciPy drops edges of weight zero; the smallest float stands for it
    open_to = np.isfinite(cost)
    edges = (np.maximum(cost[open_to], np.finfo(float).tiny), graph.ends[open_to].T)
    matrix = coo_matrix(edges, shape=(graph.nodes, graph.nodes)).tocsr()
    found: F64 = np.asarray(dijkstra(matrix, directed=False, indices=np.asarray(sources)), np.float64)
    return np.asarray(found.min(axis=0))


@kernel
def _trace(before: I32, by: I32, node: int, nodes: I64, steps: I64) -> int:
    count = 0
    while node >= 0 and count < nodes.size:
        nodes[count] = node
        steps[count] = by[node]
        node = before[node]
        count += 1
    return count


@kernel
def _dijkstra(
    first: I64, head: I32, step: I32, cost: F64, starts: I32, initial: F64, key: F64, before: I32, by: I32
) -> None:
    """Dijkstra (1959) with an indexed binary heap, each node in it once."""
    key[:] = np.inf
    before[:] = -1
    by[:] = -1
    heap = np.empty(key.size, np.int32)
    place = np.full(key.size, -1, np.int32)
    count = 0
    for i in range(starts.size):
        if initial[i] < key[starts[i]]:
            count = reach(heap, place, key, starts[i], initial[i], count)
    while count > 0:
        node = pop(heap, place, key, count)
        count -= 1
        for a in range(first[node], first[node + 1]):
            there = head[a]
            value = key[node] + cost[step[a]]
            if place[there] != -2 and value < key[there]:
                before[there] = node
                by[there] = step[a]
                count = reach(heap, place, key, there, value, count)
