"""Aircraft flying close together keep their own plots: the exact events of small ambiguous clusters, permutations cut.

Loopy marginals of several tracks that compete for several plots are rough (measured: four aircraft 150 m abreast), and
exact ones average over who had which plot, so that tracks side by side drift to the middle. Here the joint events of
such a cluster are listed; of all that detect the same tracks by the same plots only the likeliest permutation is kept,
with the weight of all of them: whether a track was detected, and a plot anybody's, is then exact.
Source: Blom and Bloem, IEEE Trans. Automatic Control 45 (2000) 247-259 (JPDA*); there the cut weight is lost.
"""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np

from waman.jit import kernel, lean_kernel
from waman.tracks.core import columns as col
from waman.tracks.core.motion import Floats, Ints

TRACKS_MAX, PLOTS_MAX = 4, 6
"""A cluster beyond is left to the marginals: at most 7^4 events are listed."""
SHARE_MIN = 0.02
"""A plot that is less likely than this a track's own does not make it ambiguous."""


@kernel
def part_close_tracks(
    tag: Ints,
    start: Ints,
    plot: Ints,
    weight: Floats,
    miss: Floats,
    fresh: Floats,
    chosen: Floats,
    none: Floats,
    new_share: Floats,
) -> None:
    """Give confirmed tracks that compete for plots the shares of their likeliest permutations, in place.

    Arguments as in, and results of, :func:`waman.tracks.core.association.marginals.marginals`.
    """
    owner = np.full(fresh.shape[0], -1)
    tracks = start.shape[0] - 1
    near = np.full(tracks, -1)  # the first track of the cluster, -1 while alone
    rings = np.zeros(tracks, np.bool_)  # of the first track: only where there are two ways round are there permutations
    met = False
    for i in range(tracks):
        if not tag[i, col.CONFIRMED]:
            continue
        for e in range(start[i], start[i + 1]):
            if chosen[e] < SHARE_MIN:
                continue
            k = owner[plot[e]]
            if k < 0:
                owner[plot[e]] = i
                continue
            a, b = root(near, k), root(near, i)
            if a == b:
                rings[a] = met = True
            else:
                low, high = min(a, b), max(a, b)
                near[low], near[high] = low, low
                rings[low] |= rings[high]
    if not met:
        return
    members = np.empty(TRACKS_MAX, np.int64)
    for first in range(tracks):
        if near[first] != first or not rings[first]:
            continue
        used = 0
        for i in range(first, tracks):
            if near[i] >= 0 and root(near, i) == first:
                if used < TRACKS_MAX:
                    members[used] = i
                used += 1
        if 1 < used <= TRACKS_MAX:
            cut_permutations(members[:used], start, plot, weight, miss, fresh, chosen, none, new_share)


@lean_kernel
def root(near: Ints, i: int) -> int:
    """Return the first track of the cluster that track ``i`` is in; alone it is its own."""
    while near[i] >= 0 and near[i] != i:
        i = near[i]
    return i


@kernel
def cut_permutations(
    members: Ints,
    start: Ints,
    plot: Ints,
    weight: Floats,
    miss: Floats,
    fresh: Floats,
    chosen: Floats,
    none: Floats,
    new_share: Floats,
) -> None:
    """List the joint events of one cluster and write the shares of the permutations kept."""
    n = members.shape[0]
    plots, seen = np.empty(PLOTS_MAX, np.int64), 0
    for k in range(n):
        for e in range(start[members[k]], start[members[k] + 1]):
            if chosen[e] < SHARE_MIN or (plots[:seen] == plot[e]).any():
                continue
            if seen == PLOTS_MAX:
                return
            plots[seen] = plot[e]
            seen += 1
    odds, edge = np.zeros((n, seen)), np.full((n, seen), -1)
    for k in range(n):
        i = members[k]
        for e in range(start[i], start[i + 1]):
            for j in range(seen):
                if plots[j] == plot[e]:
                    odds[k, j], edge[k, j] = weight[e] / (fresh[plot[e]] * miss[i]), e
    kept = events(odds)
    for k in range(n):
        for j in range(seen):
            e = edge[k, j]
            if e >= 0:
                more = kept[k, j] - chosen[e]
                chosen[e] += more
                none[members[k]] = min(max(none[members[k]] - more, 0.0), 1.0)
                new_share[plots[j]] = min(max(new_share[plots[j]] - more, 0.0), 1.0)


@kernel
def events(odds: Floats) -> Floats:
    """Return the shares (tracks, plots) of the joint events whose permutation is the best, each with the weight of all.

    ``odds`` (tracks, plots) is the weight of a pair over those of a missed track and a plot of nobody.
    """
    n, m = odds.shape
    kinds = 1 << (n + m)  # which tracks were detected, by which plots
    mass, best, champion = np.zeros(kinds), np.zeros(kinds), np.zeros(kinds, np.int64)
    kept = np.zeros((n, m))
    for number in range((m + 1) ** n):  # a digit for each track: its plot, or 0
        w, kind, rest = 1.0, 0, number
        for k in range(n):
            j, rest = rest % (m + 1) - 1, rest // (m + 1)
            if j < 0:
                continue
            if kind & (1 << (n + j)):
                w = 0.0
                break
            w *= odds[k, j]
            kind |= (1 << k) | (1 << (n + j))
        mass[kind] += w
        if w > best[kind]:
            best[kind], champion[kind] = w, number
    for kind in range(kinds):
        rest = champion[kind]
        for k in range(n):
            j, rest = rest % (m + 1) - 1, rest // (m + 1)
            if j >= 0:
                kept[k, j] += mass[kind]
    out: Floats = kept / mass.sum()
    return out


def events_ref(odds: Floats) -> Floats:
    """Return what :func:`events` does, set by set: every subset of tracks, every equally large subset of plots."""
    n, m = odds.shape
    kept, whole = np.zeros((n, m)), 0.0
    for size in range(min(n, m) + 1):
        for rows in combinations(range(n), size):
            for columns in combinations(range(m), size):
                ways = [(float(np.prod(odds[list(rows), list(p)])), p) for p in permutations(columns)]
                mass = sum(w for w, _ in ways)
                whole += mass
                if mass > 0.0:
                    kept[list(rows), list(max(ways)[1])] += mass
    return kept / whole
