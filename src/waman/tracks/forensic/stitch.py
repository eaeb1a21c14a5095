"""Stitching: whether the track that ended before a mask is the one that began behind it.

For an end and a later beginning the odds compare one aircraft that flew between them unseen with one
that vanished and another that appeared: existence left at the end, density of the beginning's state under
the predicted end, over the density of new aircraft. The best set of links is an assignment.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from waman.jit import kernel
from waman.tracks.core import columns as col
from waman.tracks.core.motion import Floats, mix, predict_model
from waman.tracks.core.state import Params, Sensors
from waman.tracks.forensic.smooth import fuse

if TYPE_CHECKING:
    from waman.tracks.forensic.hindsight import Chain

GAP_MAX_S = 400.0
STEP_S = 8.0
CHAINS_MAX = 4000
LOG_ODDS_MIN = 0.0


@dataclass(frozen=True)
class Link:
    """Chain ``first`` goes on as chain ``second`` with a probability."""

    first: int
    second: int
    probability: float


def links(
    chains: Sequence[Chain], states: Sequence[tuple[Floats, Floats]], sensors: Sensors, par: Params
) -> list[Link]:
    """Return the links of the best assignment whose odds are better than even."""
    n = len(chains)
    if n < 2 or n > CHAINS_MAX:
        return []
    ends = [int(np.flatnonzero(c.i[:, col.O_DETECTED] == 1)[-1]) for c in chains]
    end_s = np.array([c.f[e, col.O_T] for c, e in zip(chains, ends, strict=True)])
    begin_s = np.array([c.f[0, col.O_T] for c in chains])
    odds = np.full((n, n), -np.inf)
    for a in range(n):
        gap = begin_s - end_s[a]
        for b in np.flatnonzero((gap > 0.0) & (gap <= GAP_MAX_S)):
            odds[a, b] = _log_odds(chains, states, sensors, par, a, int(b), ends[a])
    good = odds > LOG_ODDS_MIN
    if not good.any():
        return []
    rows, cols = linear_sum_assignment(np.where(good, -odds, 0.0))
    return [
        Link(int(a), int(b), float(1.0 / (1.0 + np.exp(-odds[a, b]))))
        for a, b in zip(rows, cols, strict=True)
        if good[a, b]
    ]


def _log_odds(
    chains: Sequence[Chain],
    states: Sequence[tuple[Floats, Floats]],
    sensors: Sensors,
    par: Params,
    a: int,
    b: int,
    end: int,
) -> float:
    one, two = chains[a], chains[b]
    s = int(two.i[0, col.O_SENSOR])
    address, other = one.i[end, col.O_ICAO], two.i[:, col.O_ICAO].max()
    if sensors.f[s, col.S_COUNTED] <= 0.0 or (address >= 0 and other >= 0 and address != other):
        return -np.inf
    dt = float(two.f[0, col.O_T] - one.f[end, col.O_T])
    x, p = states[a][0][end], states[a][1][end]
    y, v = states[b][0][0], states[b][1][0]
    if np.hypot(*(y[:2] - x[:2])) > 150.0 * dt + 5000.0:
        return -np.inf
    near = log_density(x, p, par, dt, y, v)
    new = np.log(sensors.f[s, col.S_BIRTH] * max(par.unseen_min, par.unseen_share * len(chains)) * 4.0 / par.unseen_s)
    new -= np.log(2.0 * np.pi * sensors.f[s, col.S_VSIGMA] ** 2)
    alive = max(_existence_at(one, float(two.f[0, col.O_T])), 1e-6)
    return float(near + np.log(alive) - new)


def _existence_at(chain: Chain, time_s: float) -> float:
    """Return the causal existence left when the other began: what the misses in between allowed."""
    k = int(np.searchsorted(chain.alive[:, 0], time_s, side="right")) - 1
    return float(chain.alive[max(k, 0), 1])


@kernel
def log_density(x: Floats, p: Floats, par: Params, dt_s: float, y: Floats, v: Floats) -> float:
    """Return the log density of a state ``y`` (covariance ``v``) ``dt_s`` after ``x`` (``p``), unseen in between.

    The models jump on the way, in steps of ``STEP_S``, as they do in the tracker.
    """
    models = par.q.shape[0]
    xs, ps, mu = np.empty((models, 4)), np.empty((models, 10)), par.stationary.copy()
    for m in range(models):
        xs[m], ps[m] = x, p
    mean, cov, out_x, out_p, logs = np.empty(4), np.empty(10), np.empty(4), np.empty(10), np.empty(models)
    steps = int(dt_s / STEP_S) + 1
    step = dt_s / steps
    for _ in range(steps):
        mix(xs, ps, mu, par.stationary, math.exp(-par.jump_rate * step), mean, cov)
        for m in range(models):
            predict_model(xs[m], ps[m], step, par.omega[m], par.q[m])
    for m in range(models):
        logs[m] = math.log(mu[m]) + fuse(xs[m], ps[m], y, v, out_x, out_p)
    top, total = logs.max(), 0.0
    for m in range(models):
        total += math.exp(logs[m] - top)
    return float(top + math.log(total))
