"""Fewer nodes to look for routes on: every k-th row and column, full detail near strips and exits.

A step of the coarse view is k steps of the network in one direction, so its routes are routes of the network and cut
as validly; they only cost the adversary a little more than his best. The search cuts on the coarsest view first and
goes finer where that finds nothing more; plans are always judged on the network itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from waman.siting.problem import Problem, Seen, View
from waman.terrain.graph import Graph

I64 = NDArray[np.int64]

NODES_ENOUGH = 9000
"""A view of fewer nodes than this is searched in a few milliseconds."""
DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))


def views(problem: Problem) -> list[View]:
    """Return the views of a problem, the coarsest first, the network itself last."""
    out, every = [problem.view], 2
    while out[0].graph.nodes > NODES_ENOUGH and every <= 8:
        out.insert(0, coarser(problem, every))
        every *= 2
    return out


def coarser(problem: Problem, every: int) -> View:
    """Return the view of every ``every``-th row and column."""
    bands, rows, cols = problem.shape
    number = np.arange(problem.graph.nodes).reshape(problem.shape)
    step_at = _by_direction(problem)
    lattice = np.zeros((rows, cols), bool)
    lattice[::every, ::every] = True
    near = _near(problem, every)
    ends, parts = [], []
    for k, (dr, dc) in enumerate(DIRECTIONS):
        r, c = np.nonzero(lattice)
        ok = (r + every * dr < rows) & (c + every * dc < cols) & (c + every * dc >= 0)
        r, c = r[ok], c[ok]
        for b in range(bands):
            own = np.column_stack([step_at[k, b, r + i * dr, c + i * dc] for i in range(every)])
            whole = (own >= 0).all(axis=1)
            there = number[b, r + every * dr, c + every * dc]
            ends.append(np.column_stack((number[b, r, c], there))[whole])
            parts.append(own[whole])
    keep = np.tile(near.ravel(), bands)
    a, b_ = problem.graph.ends[:, 0], problem.graph.ends[:, 1]
    kept = np.tile((near | lattice).ravel(), bands)
    climbs = np.abs(a // (rows * cols) - b_ // (rows * cols)) > 0
    fine = np.flatnonzero((keep[a] & keep[b_]) | (climbs & kept[a] & kept[b_]))
    ends.append(problem.graph.ends[fine].astype(np.int64))
    single = np.full((fine.size, every), -1, np.int64)
    single[:, 0] = fine
    parts.append(single)
    return _renumbered(problem, np.concatenate(ends), np.concatenate(parts))


def _by_direction(problem: Problem) -> I64:
    """Return the number of the step in each direction from each node (directions, bands, rows, cols), -1 for none."""
    _, rows, cols = problem.shape
    a, b = problem.graph.ends[:, 0].astype(np.int64), problem.graph.ends[:, 1].astype(np.int64)
    out = np.full((len(DIRECTIONS), problem.graph.nodes), -1, np.int64)
    same = a // (rows * cols) == b // (rows * cols)
    for k, (dr, dc) in enumerate(DIRECTIONS):
        mine = np.flatnonzero(same & (b // cols - a // cols == dr) & (b % cols - a % cols == dc))
        out[k, a[mine]] = mine
    return out.reshape(len(DIRECTIONS), *problem.shape)


def _near(problem: Problem, every: int) -> NDArray[np.bool_]:
    """Return the cells (rows, cols) of full detail: a box about every strip and exit that reaches the lattice."""
    _, rows, cols = problem.shape
    out = np.zeros((rows, cols), bool)
    places = np.unique(np.concatenate((problem.strips, problem.exits)) % (rows * cols))
    r, c = places // cols, places % cols
    for dr in range(-every + 1, every):
        for dc in range(-every + 1, every):
            out[np.clip(r + dr, 0, rows - 1), np.clip(c + dc, 0, cols - 1)] = True
    return out


def _renumbered(problem: Problem, ends: I64, parts: I64) -> View:
    used = np.unique(np.concatenate((ends.ravel(), problem.strips, problem.exits)))
    new = np.full(problem.graph.nodes, -1, np.int64)
    new[used] = np.arange(used.size)
    graph = Graph.of(used.size, new[ends])
    of, k = np.nonzero(parts >= 0)
    sums = csr_matrix((np.ones(of.size), (of, parts[of, k])), shape=(len(parts), problem.length_km.size))
    return View(
        graph,
        parts.astype(np.int32),
        used,
        new[problem.strips],
        new[problem.exits],
        np.asarray(sums @ problem.length_km),
        np.asarray(sums @ problem.fixed),
        Seen.of(sums @ problem.seen.by_step),
    )
