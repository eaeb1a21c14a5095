"""The network the adversary flies on: an 8-neighbour grid, one layer a height, with what every step would show.

Options beyond the plain grid: several heights above ground (climbing costs the way flown meanwhile), a steepest
slope of ground that can be followed, a ceiling above sea level, and the longest route that fuel allows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from waman.siting.problem import PD_MAX, Problem, Seen
from waman.terrain.graph import Graph

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""The four steps from a cell (row, col) that, taken both ways, reach eight neighbours."""
CLIMB_KM_PER_KM = 20.0
"""Way flown for each kilometre of height: 3 m/s at 60 m/s, a loaded single-engine aircraft."""


@dataclass(frozen=True)
class Adversary:
    """What a pilot can and will do. Values only.

    ``heights_agl_m`` are the bands flown in; ``band_weight_per_km`` what a kilometre costs in each beyond distance
    (terrain, fuel; no data exist: sweep it); ``slope_max`` the steepest ground followed [m/m]; ``ceiling_msl_m``
    the highest flight; ``range_max_km`` the longest route.
    """

    looks_per_km: float = 0.02
    distance_weight_per_km: float = 0.0005
    heights_agl_m: tuple[float, ...] = (200.0,)
    band_weight_per_km: tuple[float, ...] = ()
    slope_max: float = np.inf
    ceiling_msl_m: float = np.inf
    range_max_km: float = np.inf


def problem_on_grid(
    *,
    pd: F32,
    kept: F32,
    cost: F64,
    site: I64,
    strips: I64,
    exits: I64,
    cell_km: float,
    adversary: Adversary | None = None,
    closed: NDArray[np.bool_] | None = None,
    ground_m: F64 | None = None,
) -> Problem:
    """Return the siting problem of a grid.

    Parameters
    ----------
    pd : (candidates, bands, rows, cols) float32, or (candidates, rows, cols) for one height; probability per scan
    kept : (existing, ...) the same for sensors already there
    cost, site : (candidates,)
    strips, exits : (k, 2) rows and columns; flights begin in the lowest band and may leave in any
    closed : (rows, cols) cells nobody flies over
    ground_m : (rows, cols) ground [m], needed for slope and ceiling; unknown ground bars nobody
    """
    can = adversary if adversary is not None else Adversary()
    bands, (rows, cols) = len(can.heights_agl_m), pd.shape[-2:]
    shape = (bands, rows, cols)
    fields, there = (f.reshape(len(f), bands * rows * cols) for f in (pd, kept))
    free = _free(can, shape, closed, ground_m)
    ends, length_km, extra = _steps(can, shape, free, ground_m, cell_km)
    graph = Graph.of(bands * rows * cols, ends)
    kept_exposure = np.zeros(len(ends))
    for field in there:
        kept_exposure += step_exposure(field, ends, length_km * can.looks_per_km)
    strip_nodes = np.asarray(strips, np.int64).reshape(-1, 2) @ np.array([cols, 1])
    exit_cells = np.asarray(exits, np.int64).reshape(-1, 2) @ np.array([cols, 1])
    return Problem(
        graph=graph,
        shape=shape,
        length_km=length_km,
        kept=kept_exposure,
        fixed=kept_exposure + can.distance_weight_per_km * length_km + extra,
        seen=_seen(fields, ends, length_km * can.looks_per_km),
        pd=fields,
        cost=np.asarray(cost, float),
        site=np.asarray(site, np.int64),
        strips=np.unique(strip_nodes),
        exits=np.concatenate([exit_cells + b * rows * cols for b in range(bands)]),
        looks_per_km=can.looks_per_km,
        distance_weight_per_km=can.distance_weight_per_km,
        range_max_km=can.range_max_km,
    )


def _free(
    can: Adversary, shape: tuple[int, int, int], closed: NDArray[np.bool_] | None, ground_m: F64 | None
) -> NDArray[np.bool_]:
    free = np.ones(shape, bool)
    if closed is not None:
        free &= ~closed
    if ground_m is not None and np.isfinite(can.ceiling_msl_m):
        for b, height in enumerate(can.heights_agl_m):
            free[b] &= ~(ground_m + height > can.ceiling_msl_m)
    return free


def _steps(
    can: Adversary, shape: tuple[int, int, int], free: NDArray[np.bool_], ground_m: F64 | None, cell_km: float
) -> tuple[I64, F64, F64]:
    """Return the steps: their ends (m, 2), lengths [km] and what the band adds to their cost."""
    bands, rows, cols = shape
    number = np.arange(bands * rows * cols).reshape(shape)
    ends, length_km, extra = [], [], []
    for b in range(bands):
        weight = can.band_weight_per_km[b] if can.band_weight_per_km else 0.0
        for dr, dc in STEPS:
            here = (slice(0, rows - dr), slice(max(-dc, 0), cols - max(dc, 0)))
            there = (slice(dr, rows), slice(max(dc, 0), cols + min(dc, 0)))
            ok = free[b][here] & free[b][there]
            km = float(np.hypot(dr, dc)) * cell_km
            if ground_m is not None and np.isfinite(can.slope_max):
                ok &= ~(np.abs(ground_m[here] - ground_m[there]) > can.slope_max * km * 1000.0)
            ends.append(np.column_stack((number[b][here][ok], number[b][there][ok])))
            length_km.append(np.full(len(ends[-1]), km))
            extra.append(length_km[-1] * weight)
        if b + 1 < bands:  # climbing happens on the spot, over the way flown meanwhile
            ok = free[b] & free[b + 1]
            km = abs(can.heights_agl_m[b + 1] - can.heights_agl_m[b]) / 1000.0 * CLIMB_KM_PER_KM
            ends.append(np.column_stack((number[b][ok], number[b + 1][ok])))
            length_km.append(np.full(len(ends[-1]), km))
            extra.append(length_km[-1] * weight)
    return np.concatenate(ends), np.concatenate(length_km), np.concatenate(extra)


def step_exposure(pd: F32, ends: I64, looks: F64) -> F64:
    """Return the exposure (m,) of steps to one sensor, Pd the mean of both ends.

    >>> step_exposure(np.array([0.5, 0.5], np.float32), np.array([[0, 1]]), np.array([2.0])).round(4)
    array([1.3863])
    """
    mean = 0.5 * (pd[ends[:, 0]].astype(float) + pd[ends[:, 1]])
    return np.asarray(-np.log1p(-np.minimum(mean, PD_MAX)) * looks)


def _seen(pd: F32, ends: I64, looks: F64) -> Seen:
    first, steps, weights = np.zeros(len(pd) + 1, np.int64), [], []
    for c, field in enumerate(pd):
        lit = field > 0.0
        touched = np.flatnonzero(lit[ends[:, 0]] | lit[ends[:, 1]])
        weights.append(step_exposure(field, ends[touched], looks[touched]))
        steps.append(touched.astype(np.int32))
        first[c + 1] = first[c] + touched.size
    step = np.concatenate(steps) if steps else np.empty(0, np.int32)
    weight = np.concatenate(weights) if weights else np.empty(0)
    return Seen.of(csr_matrix((weight, step, first), shape=(len(pd), len(ends))).T.tocsr())
