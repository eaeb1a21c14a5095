"""Shortest paths over a grid whose steps, not cells, have costs.

The siting adversary needs this: what a step costs is a nonlinear function of the detection
probabilities at both its ends, so it cannot be told as a cost per cell. Steps go to the eight
neighbours and cost the same both ways, so four arrays hold them all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from waman.jit import kernel
from waman.terrain.paths import PathField, _pop, _sift_up

F64 = NDArray[np.float64]

STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""The four steps that ``edge_cost[k]`` holds, from cell (row, col): east, south, south-east, south-west."""


def edge_paths(
    edge_cost: F64, sources: NDArray[np.integer], *, initial: NDArray[np.float64] | None = None
) -> PathField:
    """Return the cheapest cost from the nearest source to every cell, with the way back.

    Parameters
    ----------
    edge_cost : (4, rows, cols) float64, >= 0; cost of the step :data:`STEPS` [k] from each cell, the same
        both ways; infinite where there is no such step (at the rim, too)
    sources : (k, 2) int, row and column of each source
    initial : (k,) float64, what each source costs before the first step (default 0)

    >>> cost = np.full((4, 1, 3), np.inf); cost[0, 0, :2] = 1.0, 5.0
    >>> edge_paths(cost, np.array([[0, 0]])).distance
    array([[0., 1., 6.]])
    """
    grid = np.ascontiguousarray(edge_cost, np.float64)
    assert grid.ndim == 3 and grid.shape[0] == 4, f"edge_cost has shape {grid.shape}, not (4, rows, cols)"
    shape = grid.shape[1:]
    places = np.asarray(sources, np.int64).reshape(-1, 2)
    assert ((places >= 0) & (places < np.array(shape))).all(), f"a source lies outside the grid {shape}"
    starts = (places[:, 0] * shape[1] + places[:, 1]).astype(np.int32)
    first = np.zeros(starts.size) if initial is None else np.asarray(initial, np.float64)
    distance, predecessor = np.empty(shape), np.empty(shape, np.int32)
    _edge_dijkstra(grid, starts, first, distance, predecessor)
    return PathField(distance, predecessor)


def edge_paths_ref(edge_cost: F64, sources: NDArray[np.integer]) -> F64:
    """Return the distances of :func:`edge_paths` through an explicit graph and SciPy's heap."""
    rows, cols = edge_cost.shape[1:]
    r, c = np.meshgrid(np.arange(rows), np.arange(cols), indexing="ij")
    heads, tails, weights = [], [], []
    for k, (dr, dc) in enumerate(STEPS):
        ok = np.isfinite(edge_cost[k]) & (r + dr < rows) & (c + dc < cols) & (c + dc >= 0)
        heads.append((r * cols + c)[ok])
        tails.append(((r + dr) * cols + c + dc)[ok])
        # SciPy drops edges of weight zero; the smallest float stands for it
        weights.append(np.maximum(edge_cost[k][ok], np.finfo(float).tiny))
    edges = (np.concatenate(weights), (np.concatenate(heads), np.concatenate(tails)))
    graph = coo_matrix(edges, shape=(rows * cols, rows * cols)).tocsr()
    starts = np.asarray(sources).reshape(-1, 2) @ np.array([cols, 1])
    found = dijkstra(graph, directed=False, indices=starts).min(axis=0)
    return np.asarray(found).reshape(rows, cols)


@kernel
def _edge_dijkstra(
    cost: F64, starts: NDArray[np.int32], first: F64, distance: F64, predecessor: NDArray[np.int32]
) -> None:
    """Dijkstra (1959) with an indexed binary heap; steps backwards read the cost at their other end."""
    rows, cols = cost.shape[1], cost.shape[2]
    size = rows * cols
    key = distance.reshape(size)
    before = predecessor.reshape(size)
    key[:] = np.inf
    before[:] = -1
    heap = np.empty(size, np.int32)
    place = np.full(size, -1, np.int32)  # -1 never met, -2 finished, else its position in the heap
    count = 0
    for i in range(starts.size):
        cell = starts[i]
        if first[i] < key[cell]:
            key[cell] = first[i]
            if place[cell] < 0:
                place[cell] = count
                heap[count] = cell
                count += 1
            _sift_up(heap, place, key, place[cell])
    while count > 0:
        cell = _pop(heap, place, key, count)
        count -= 1
        place[cell] = -2
        row, col = cell // cols, cell % cols
        for m in range(8):
            k = m % 4
            dr = 0 if k == 0 else 1
            dc = 1 if k == 0 or k == 2 else (0 if k == 1 else -1)
            back = m >= 4
            r = row - dr if back else row + dr
            c = col - dc if back else col + dc
            if r < 0 or c < 0 or r >= rows or c >= cols:
                continue
            there = r * cols + c
            if place[there] == -2:
                continue
            reach = key[cell] + (cost[k, r, c] if back else cost[k, row, col])
            if reach < key[there]:
                key[there] = reach
                before[there] = cell
                if place[there] < 0:
                    place[there] = count
                    heap[count] = there
                    count += 1
                _sift_up(heap, place, key, place[there])
