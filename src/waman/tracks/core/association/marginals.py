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

Flags = NDArray[np.bool_]

ROUNDS_MAX = 200
"""Loopy messages contract; 200 rounds is far beyond what any gated cluster was seen to need."""
ROUNDS_ALL = 6
"""Rounds after which clusters at rest are left alone: nearly all are by then, and a slow one may take a hundred."""
STILL = 1e-13
"""A cluster is at rest when its messages change by less than this share of themselves."""


@kernel
def marginals(
    start: Ints, plot: Ints, weight: Floats, miss: Floats, fresh: Floats, tolerance: float
) -> tuple[Floats, Floats, Floats]:
    """Return the marginals of pairs (pairs,), misses (tracks,) and fresh plots (plots,) by loopy belief propagation.

    ``start`` (tracks + 1,) delimits the pairs of each track in ``plot`` and ``weight`` (CSR form).
    """
    tracks, pairs, plots = miss.shape[0], weight.shape[0], fresh.shape[0]
    owner, down, up, part = np.empty(pairs, np.int64), np.empty(pairs), np.empty(pairs), np.empty(pairs)
    seen, total = np.empty(tracks), np.zeros(plots)
    for i in range(tracks):
        for e in range(start[i], start[i + 1]):
            owner[e], down[e] = i, 1.0 / fresh[plot[e]]
    if exchange(owner, plot, weight, miss, fresh, down, up, part, seen, total, tolerance, ROUNDS_ALL):
        before = down.copy()
        if exchange(owner, plot, weight, miss, fresh, down, up, part, seen, total, tolerance, 1):
            left = at_work(owner, plot, before, down, np.empty(plots, np.int64), np.zeros(plots, np.bool_))
            of, to, some, rest = owner[left], plot[left], down[left], ROUNDS_MAX - ROUNDS_ALL - 1
            exchange(of, to, weight[left], miss, fresh, some, up, part, seen, total, tolerance, rest)
            down[left] = some
    chosen, none, new_share = np.empty(pairs), np.empty(tracks), np.empty(plots)
    for i in range(tracks):
        s = miss[i]
        for e in range(start[i], start[i + 1]):
            s += weight[e] * down[e]
        s = max(s, 1e-300)
        for e in range(start[i], start[i + 1]):
            chosen[e] = weight[e] * down[e] / s
        none[i] = miss[i] / s
    for j in range(plots):
        new_share[j] = fresh[j] / (fresh[j] + total[j])
    return chosen, none, new_share


@lean_kernel
def exchange(
    owner: Ints,
    plot: Ints,
    weight: Floats,
    miss: Floats,
    fresh: Floats,
    down: Floats,
    up: Floats,
    part: Floats,
    seen: Floats,
    total: Floats,
    tolerance: float,
    rounds: int,
) -> bool:
    """Pass messages between tracks and plots at most ``rounds`` times; return whether they still change.

    Of each pair ``owner`` is the track, ``down`` the message of its plot and ``up`` that of its track; ``total``
    (plots,) are the sums of the latter. ``part`` (pairs,) and ``seen`` (tracks,) are work space. Flat loops without a
    branch: most tracks have so few pairs that wrong guesses of the length of a loop over them cost more than its work.
    """
    pairs, going = owner.shape[0], True
    while going and rounds > 0:
        for e in range(pairs):
            seen[owner[e]], total[plot[e]] = miss[owner[e]], 0.0
            part[e] = weight[e] * down[e]
        for e in range(pairs):
            seen[owner[e]] += part[e]
        for e in range(pairs):
            part[e] = max(seen[owner[e]] - part[e], 1e-300)
        for e in range(pairs):  # divisions alone in a loop are done four at a time
            up[e] = weight[e] / part[e]
        for e in range(pairs):
            total[plot[e]] += up[e]
        for e in range(pairs):
            part[e] = fresh[plot[e]] + max(total[plot[e]] - up[e], 0.0)
        going, rounds = False, rounds - 1
        for e in range(pairs):
            new = 1.0 / part[e]
            going |= abs(new - down[e]) >= tolerance * (new + down[e])
            down[e] = new
    return going


@kernel
def at_work(owner: Ints, plot: Ints, before: Floats, down: Floats, group: Ints, moving: Flags) -> Ints:
    """Return the pairs of clusters of which any message changed from ``before`` to ``down``.

    ``group`` and ``moving`` (plots,) are work space: a plot of the same cluster, whether the cluster moves (false).
    """
    for j in range(group.shape[0]):
        group[j] = j
    for e in range(1, owner.shape[0]):
        if owner[e] == owner[e - 1]:
            group[head(group, plot[e])] = head(group, plot[e - 1])
    for e in range(owner.shape[0]):
        if abs(down[e] - before[e]) > STILL * (down[e] + before[e]):
            moving[head(group, plot[e])] = True
    left, count = np.empty(owner.shape[0], np.int64), 0
    for e in range(owner.shape[0]):
        if moving[head(group, plot[e])]:
            left[count] = e
            count += 1
    return left[:count]


@lean_kernel
def head(group: Ints, j: int) -> int:
    """Return the plot that stands for the cluster of plot ``j``, and shorten the way to it."""
    while group[j] != j:
        group[j] = group[group[j]]
        j = group[j]
    return j


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
