"""GOSPA and the assignment behind every other measure.

Source: Rahmathullah, Garcia-Fernandez, Svensson, FUSION 2017 (GOSPA), with alpha = 2: the sum of d^p over
assigned pairs nearer than c plus c^p / 2 for each missed and each false, to the power 1/p.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Gospa:
    """One GOSPA value; ``localisation``, ``missed`` and ``false`` are its parts before the power 1/p [m^p]."""

    total: float
    localisation: float
    missed: float
    false: float
    truth: Ints  # indices of the assigned truths
    track: Ints  # and of the tracks assigned to them


def gospa(truth_m: Floats, track_m: Floats, *, c_m: float = 1000.0, p: float = 2.0) -> Gospa:
    """Return GOSPA (alpha = 2) between positions (n, 2) and (m, 2) [m].

    >>> g = gospa(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [9e9, 0.0]]), c_m=1000.0)
    >>> round(g.total**2), round(g.localisation), len(g.truth)
    (500025, 25, 1)
    """
    n, m = len(truth_m), len(track_m)
    half = c_m**p / 2.0
    if n and m:
        d = np.hypot(truth_m[:, None, 0] - track_m[None, :, 0], truth_m[:, None, 1] - track_m[None, :, 1])
        rows, cols = linear_sum_assignment(np.minimum(d, c_m) ** p)
        near = d[rows, cols] < c_m
        rows, cols = rows[near], cols[near]
        localisation = float((d[rows, cols] ** p).sum())
    else:
        rows = cols = np.zeros(0, np.int64)
        localisation = 0.0
    missed, false = half * (n - len(rows)), half * (m - len(cols))
    return Gospa(
        (localisation + missed + false) ** (1.0 / p),
        localisation,
        missed,
        false,
        rows.astype(np.int64),
        cols.astype(np.int64),
    )


def ospa2(truth: list[Floats], tracks: list[Floats], *, c_m: float = 1000.0, p: float = 2.0) -> float:
    """Return OSPA(2) between two sets of trajectories sampled at the same instants, NaN where absent.

    The base distance of two trajectories is the mean over the instants at which either exists of
    min(d, c), absence of one counting c. Source: Beard, Vo, Vo, IEEE TSP 68 (2020).

    >>> a = np.zeros((3, 2))
    >>> ospa2([a], [a + [3.0, 4.0]])
    5.0
    """
    n, m = len(truth), len(tracks)
    if not max(n, m):
        return 0.0
    if not min(n, m):
        return c_m
    base = np.empty((n, m))
    for j, track in enumerate(tracks):
        for i, true in enumerate(truth):
            either = np.isfinite(true[:, 0]) | np.isfinite(track[:, 0])
            d = np.hypot(*(true - track)[either].T)
            base[i, j] = np.mean(np.where(np.isfinite(d), np.minimum(d, c_m), c_m)) if len(d) else 0.0
    rows, cols = linear_sum_assignment(base**p)
    return float((((base[rows, cols] ** p).sum() + c_m**p * abs(n - m)) / max(n, m)) ** (1.0 / p))
