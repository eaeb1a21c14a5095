"""Association marginals: which plot belongs to which track, on a sparse graph.

Weights are unnormalised: for track i ``miss[i]`` (no plot) and ``pair_w`` (its gated plots), for plot j
``fresh[j]`` (clutter or a new target). The marginals are those of the distribution over one-to-one
assignments whose probability is the product of the weights chosen.
Source: Williams and Lau, IEEE Trans. Aerospace and Electronic Systems 50 (2014) 2942-2959.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from waman.jit import kernel
from waman.tracks.core.motion import Floats, Ints

ROUNDS_MAX = 200
"""Loopy messages contract; 200 rounds is far beyond what any gated cluster was seen to need."""


@kernel
def marginals(
    start: Ints, plot: Ints, weight: Floats, miss: Floats, fresh: Floats, tolerance: float
) -> tuple[Floats, Floats, Floats]:
    """Return the marginals of pairs (pairs,), misses (tracks,) and fresh plots (plots,) by loopy belief propagation.

    ``start`` (tracks + 1,) delimits the pairs of each track in ``plot`` and ``weight`` (CSR form).
    """
    tracks, pairs, plots = miss.shape[0], weight.shape[0], fresh.shape[0]
    up = np.empty(pairs)  # track to plot
    down = np.empty(pairs)  # plot to track
    total = np.zeros(plots)
    degree = np.zeros(plots, np.int64)
    for e in range(pairs):
        degree[plot[e]] += 1
    for e in range(pairs):
        down[e] = 1.0 / fresh[plot[e]]
    for _ in range(ROUNDS_MAX):
        total[:] = 0.0
        for i in range(tracks):
            s = miss[i]
            for e in range(start[i], start[i + 1]):
                s += weight[e] * down[e]
            for e in range(start[i], start[i + 1]):
                up[e] = weight[e] / max(s - weight[e] * down[e], 1e-300)
                total[plot[e]] += up[e]
        change = 0.0
        for e in range(pairs):
            j = plot[e]
            if degree[j] > 1:
                new = 1.0 / (fresh[j] + max(total[j] - up[e], 0.0))
                change = max(change, abs(new - down[e]) / (new + down[e]))
                down[e] = new
        if change < tolerance:
            break
    chosen = np.empty(pairs)
    none = np.empty(tracks)
    for i in range(tracks):
        s = miss[i]
        for e in range(start[i], start[i + 1]):
            s += weight[e] * down[e]
        s = max(s, 1e-300)
        for e in range(start[i], start[i + 1]):
            chosen[e] = weight[e] * down[e] / s
        none[i] = miss[i] / s
    new_share = np.empty(plots)
    for j in range(plots):
        new_share[j] = fresh[j] / (fresh[j] + total[j])
    return chosen, none, new_share


def marginals_ref(weight: Floats, miss: Floats, fresh: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the exact marginals by listing every assignment: the twin of :func:`marginals` for small clusters.

    ``weight`` is dense (tracks, plots), 0 where a pair is not gated.

    >>> chosen, none, fresh = marginals_ref(np.array([[1.0]]), np.array([1.0]), np.array([1.0]))
    >>> float(chosen[0, 0])
    0.5
    """
    tracks, plots = weight.shape
    chosen: NDArray[np.float64] = np.zeros((tracks, plots))
    none, new_share, mass = np.zeros(tracks), np.zeros(plots), 0.0
    for choice in product(range(-1, plots), repeat=tracks):
        used = [j for j in choice if j >= 0]
        if len(set(used)) < len(used):
            continue
        w = np.prod([miss[i] if j < 0 else weight[i, j] for i, j in enumerate(choice)])
        w *= np.prod([fresh[j] for j in range(plots) if j not in used])
        mass += w
        for i, j in enumerate(choice):
            if j < 0:
                none[i] += w
            else:
                chosen[i, j] += w
        new_share[[j for j in range(plots) if j not in used]] += w
    return chosen / mass, none / mass, new_share / mass
