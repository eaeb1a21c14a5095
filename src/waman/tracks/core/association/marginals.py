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

from waman.jit import kernel, lean_kernel
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
    down = np.empty(pairs)  # plot to track
    total = np.zeros(plots)
    degree, busy = np.zeros(plots, np.int64), np.empty(tracks, np.int64)
    for e in range(pairs):
        degree[plot[e]] += 1
        down[e] = 1.0 / fresh[plot[e]]
    exchange(start, plot, weight, miss, fresh, tolerance, degree, busy, np.empty(pairs), down, total)
    chosen, none, new_share = np.empty(pairs), np.empty(tracks), np.empty(plots)
    for i in range(tracks):
        a, b, s, alone = start[i], start[i + 1], miss[i], True
        for e in range(a, b):
            s += weight[e] * down[e]
            alone &= degree[plot[e]] == 1
        if alone:  # its messages never change
            for e in range(a, b):
                total[plot[e]] = weight[e] / max(s - weight[e] * down[e], 1e-300)
        s = max(s, 1e-300)
        for e in range(a, b):
            chosen[e] = weight[e] * down[e] / s
        none[i] = miss[i] / s
    for j in range(plots):
        new_share[j] = fresh[j] / (fresh[j] + total[j])
    return chosen, none, new_share


@lean_kernel
def exchange(
    start: Ints,
    plot: Ints,
    weight: Floats,
    miss: Floats,
    fresh: Floats,
    tolerance: float,
    degree: Ints,
    busy: Ints,
    up: Floats,
    down: Floats,
    total: Floats,
) -> None:
    """Pass messages until none changes, between the tracks that share a plot with others and their plots.

    ``down`` (pairs,) are the messages of plots to tracks, ``total`` (plots,) the sums of those of tracks to plots.
    ``busy`` (tracks,) and ``up`` (pairs,) are work space.
    """
    count = 0
    for i in range(miss.shape[0]):
        for e in range(start[i], start[i + 1]):
            if degree[plot[e]] > 1:
                busy[count] = i
                count += 1
                break
    going, rounds = count > 0, 0
    while going and rounds < ROUNDS_MAX:
        total[:] = 0.0
        for n in range(count):
            i = busy[n]
            s = miss[i]
            for e in range(start[i], start[i + 1]):
                s += weight[e] * down[e]
            for e in range(start[i], start[i + 1]):
                up[e] = weight[e] / max(s - weight[e] * down[e], 1e-300)
                total[plot[e]] += up[e]
        going = False
        for n in range(count):
            for e in range(start[busy[n]], start[busy[n] + 1]):
                j = plot[e]
                if degree[j] > 1:
                    new = 1.0 / (fresh[j] + max(total[j] - up[e], 0.0))
                    going |= abs(new - down[e]) >= tolerance * (new + down[e])
                    down[e] = new
        rounds += 1


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
