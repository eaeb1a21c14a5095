"""What the tracker knows of places: where aircraft may fly unseen, and where false plots come from.

Both are arrays on one coarse grid over the plane. ``unseen`` is the Poisson intensity of aircraft no sensor has shown
yet: it fills up behind ridges, is emptied by every look where the sensor sees, and leaks across the edges
of masks at the speed of light aircraft, so that a plot at such an edge is a likelier beginning than one in
the open. Tracks given up in a mask go back into it. ``false_n`` counts, for each radar, plots that no confirmed
track claimed, forgetting exponentially; over the number of looks it is the clutter map.
Sources: Williams, FUSION 2012, "Hybrid Poisson and multi-Bernoulli filters" (recycling); Musicki and Evans, IEEE
Trans. AES 40 (2004) (clutter map of a tracker).
"""

from __future__ import annotations

import math

import numpy as np

from waman.jit import lean_kernel
from waman.tracks.core import columns as col
from waman.tracks.core.look import stuck
from waman.tracks.core.motion import Floats, Ints, moments
from waman.tracks.core.state import Batch, Params, Sensors, State

DRIFT_MPS = 80.0
"""Mean speed of what flies unseen; the flux across a line is density x speed / pi for headings spread evenly."""
RENORM = 1e9
"""Counts are kept in growing units instead of being decayed at every look; beyond this they are scaled back."""


@lean_kernel
def cell_at(grid: Floats, ny: int, nx: int, x: float, y: float) -> tuple[int, int]:
    """Return row and column of the cell of a place; places outside belong to the nearest cell of the rim."""
    c, k = math.floor((x - grid[0]) / grid[2]), math.floor((y - grid[1]) / grid[2])
    return min(max(k, 0), ny - 1), min(max(c, 0), nx - 1)


@lean_kernel
def drift(u: Floats, share: float, row: Floats) -> None:
    """Let ``share`` of each cell (ny, nx) move to each of its four neighbours, in place; nothing crosses the rim.

    ``row`` (2, nx) is work space: the old values of the row before and of this one.
    """
    ny, nx = u.shape
    down, here = row[0], row[1]
    for c in range(nx):
        down[c] = u[0, c]
    for k in range(ny):
        now = u[k]
        for c in range(nx):
            here[c] = now[c]
        up = u[k + 1] if k + 1 < ny else here
        # the inner cells apart, through views that begin a cell later: this loop runs four cells at a time
        middle, right, below, above, out = here[1:], here[2:], down[1:], up[1:], now[1:]
        for c in range(nx - 2):
            out[c] = middle[c] + share * (here[c] + right[c] + below[c] + above[c] - 4.0 * middle[c])
        for c in (0, nx - 1):
            left, right_c = here[max(c - 1, 0)], here[min(c + 1, nx - 1)]
            now[c] = here[c] + share * (left + right_c + down[c] + up[c] - 4.0 * here[c])
        down, here = here, down


def drift_ref(u: Floats, share: float) -> Floats:
    """Return what :func:`drift` makes, by shifted copies of the padded array."""
    p = np.pad(u, 1, mode="edge")
    return u + share * (p[1:-1, :-2] + p[1:-1, 2:] + p[:-2, 1:-1] + p[2:, 1:-1] - 4.0 * u)


@lean_kernel
def fill_unseen(state: State, sensors: Sensors, s: int, par: Params, time_s: float, row: Floats) -> None:
    """Move the intensity of unseen aircraft to ``time_s``: it drifts and returns to what is usual within minutes."""
    known = 0
    for i in range(state.counters[0]):
        known += state.tag[i, col.CONFIRMED]
    cell = state.grid[2]
    usual = max(par.unseen_min, par.unseen_share * known) * sensors.f[s, col.S_BIRTH] * cell * cell
    dt = min(time_s - state.clock[1], 3600.0)
    state.clock[1] = time_s
    back = 1.0 - math.exp(-max(dt, 0.0) / par.unseen_s)
    if dt > 0.0 and dt < 3600.0:
        drift(state.unseen, min(DRIFT_MPS * dt / (math.pi * cell), 0.2), row)
    u = state.unseen
    for k in range(u.shape[0]):
        for c in range(u.shape[1]):
            u[k, c] += back * (usual - u[k, c])


@lean_kernel
def empty_unseen(state: State, sensors: Sensors, s: int, look: float) -> None:
    """Take out those whom a look would have shown."""
    u, seen = state.unseen, sensors.seen[s]
    for k in range(u.shape[0]):
        for c in range(u.shape[1]):
            u[k, c] *= 1.0 - look * seen[k, c]


@lean_kernel
def recycle(grid: Floats, unseen: Floats, x: float, y: float, existence: float) -> None:
    """Give back a track that is given up: its existence, spread over nine cells about its last place."""
    ny, nx = unseen.shape
    k, c = cell_at(grid, ny, nx, x, y)
    for a in range(max(k - 1, 0), min(k + 2, ny)):
        for b in range(max(c - 1, 0), min(c + 2, nx)):
            unseen[a, b] += existence / 9.0


@lean_kernel
def clutter_gain(counted: float, unit: float, expected: float, prior: float) -> float:
    """Return how much denser false plots of a sensor are in a cell than its area file says.

    ``counted`` are those of the cell in units of ``unit``, ``expected`` those of its area file since it looks.

    The prior weighs as much as ``prior`` false plots, so that the two or three plots of an aircraft not
    yet confirmed hardly move it and a ridge that echoes at every other look soon does.
    """
    return (counted / unit + prior) / (expected + prior)


@lean_kernel
def learn_clutter(
    state: State,
    batch: Batch,
    first: int,
    last: int,
    s: int,
    par: Params,
    start: Ints,
    plot: Ints,
    chosen: Floats,
    claimed: Floats,
    mean: Floats,
    cov: Floats,
) -> None:
    """Count the plots of one look as far as no moving or identified track claims them.

    ``claimed`` (plots,), ``mean`` (4,) and ``cov`` (10,) are work space.
    """
    claimed[:] = 0.0
    for i in range(start.shape[0] - 1):
        if start[i] == start[i + 1]:
            continue
        moving = 1.0
        if state.tag[i, col.ICAO] < 0 and state.tag[i, col.M3A] < 0 and state.tag[i, col.HITS] > 1:
            if state.tag[i, col.MODES] == 1:
                mean[2], mean[3] = state.x[i, 0, 2], state.x[i, 0, 3]
            else:
                moments(state.x[i], state.p[i], state.mu[i], mean, cov)
            speed2 = mean[2] * mean[2] + mean[3] * mean[3]
            moving -= math.exp(-0.5 * speed2 / (par.still_mps * par.still_mps))
            if stuck(state.val[i], par):
                moving = 0.0
        for e in range(start[i], start[i + 1]):
            claimed[plot[e]] += moving * chosen[e]
    w = state.false_w[s]
    w[0] *= math.exp(1.0 / par.clutter_memory_looks)
    w[1] += w[0]
    ny, nx = state.unseen.shape
    for j in range(first, last):
        if batch.i[j, col.P_ICAO] >= 0:
            continue
        k, c = cell_at(state.grid, ny, nx, batch.f[j, col.P_X], batch.f[j, col.P_Y])
        state.false_n[s, k, c] += w[0] * (1.0 - min(claimed[j - first], 1.0))
    if w[0] > RENORM:
        for k in range(ny):
            for c in range(nx):
                state.false_n[s, k, c] /= w[0]
        w[1] /= w[0]
        w[0] = 1.0
