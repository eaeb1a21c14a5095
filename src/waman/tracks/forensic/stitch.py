"""Stitching: whether the track that ended before a mask is the one that began behind it.

For an end and a later beginning the odds compare one aircraft that flew between them unseen with one that vanished
and another that appeared: existence at the end, density of the beginning's state under the end's, and the chance of
not being seen on the way, over the density of beginnings in this record. The best set of links is an assignment.
A lone plot at the end of a long coast, or before a long silence, may be a false one: the chain may also be joined
without it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from waman.jit import kernel
from waman.tracks.core import columns as col
from waman.tracks.core.look import detection_at
from waman.tracks.core.motion import Floats, Ints, full, mix, predict_model
from waman.tracks.core.state import Batch, Params, Sensors
from waman.tracks.forensic.paths import LOOKS_MAX, PATHS, draws, fly, meet
from waman.tracks.forensic.smooth import fuse

if TYPE_CHECKING:
    from waman.tracks.forensic.hindsight import Chain

GAP_MAX_S = 600.0
GAP_GAUSS_S = 30.0
"""Up to this gap the Gaussian of the motion models is exact enough, and finer than a bundle of paths."""
STEP_S = 8.0
CHAINS_MAX = 4000
LOG_ODDS_MIN = 0.0
START_S = 60.0
LONE_PLOTS, LONE_LOOKS = 2, 5
LONE_COST = 1.0
"""Log odds that a lone plot in the gate of a coasting track was its own and not a false one (assumption)."""
SPEED_CHANGE_MPS = 40.0
PD_LOW = 0.02


@dataclass(frozen=True)
class Link:
    """Chain ``first``, up to ``end_s``, goes on as chain ``second``, from ``begin_s`` on, with a probability."""

    first: int
    second: int
    probability: float
    end_s: float
    begin_s: float


@dataclass(frozen=True)
class Tip:
    """The last or first state of a chain: its row, and what leaving out the plots beyond costs in log odds."""

    chain: int
    f: Floats
    i: Ints
    x: Floats
    p: Floats
    cost: float


Smoother = Callable[["Chain"], tuple[Floats, Floats]]


def links(
    chains: Sequence[Chain],
    states: Sequence[tuple[Floats, Floats]],
    smoothed: Smoother,
    batch: Batch,
    sensors: Sensors,
    par: Params,
) -> list[Link]:
    """Return the links of the best assignment whose odds are better than even; ``smoothed`` smooths a cut chain."""
    n = len(chains)
    if n < 2 or n > CHAINS_MAX:
        return []
    looks, log_new = _record(chains, batch, sensors)
    ends = [t for k in range(n) for t in _tips(k, chains[k], states[k], smoothed, last=True)]
    begins = [t for k in range(n) for t in _tips(k, chains[k], states[k], smoothed, last=False)]
    begin_s = np.array([t.f[col.O_T] for t in begins])
    odds, best = np.full((n, n), -np.inf), {}
    random = draws()
    for end in ends:
        gap = begin_s - end.f[col.O_T]
        for k in np.flatnonzero((gap > 0.0) & (gap <= GAP_MAX_S)):
            begin = begins[k]
            s = int(begin.i[col.O_SENSOR])
            if end.chain == begin.chain or s not in looks or not _flyable(end, begin):
                continue
            found = _log_density(end, begin, looks[s], chains[end.chain], random, sensors, par) - log_new[s]
            found -= end.cost + begin.cost
            if found > odds[end.chain, begin.chain]:
                odds[end.chain, begin.chain] = found
                best[end.chain, begin.chain] = (float(end.f[col.O_T]), float(begin.f[col.O_T]))
    good = odds > LOG_ODDS_MIN
    if not good.any():
        return []
    rows, cols = linear_sum_assignment(np.where(good, -odds, 0.0))
    return [
        Link(int(a), int(b), float(1.0 / (1.0 + np.exp(-odds[a, b]))), *best[int(a), int(b)])
        for a, b in zip(rows, cols, strict=True)
        if good[a, b]
    ]


def _record(chains: Sequence[Chain], batch: Batch, sensors: Sensors) -> tuple[dict[int, Floats], dict[int, float]]:
    """Return each radar's looks, and the log density of states [1/(m^2 m^2/s^2)] that begin at one of them.

    At the start of a record everything begins; later beginnings are counted, and one more, over the radar's area.
    """
    looks, log_new = {}, {}
    first = [(int(c.i[0, col.O_SENSOR]), float(c.f[0, col.O_T])) for c in chains]
    for s in sorted({s for s, _ in first}):
        mine = np.unique(batch.time[(batch.sensor == s) & (batch.look > 0.0)])
        if not len(mine) or sensors.f[s, col.S_COUNTED] <= 0.0:
            continue
        late = mine[0] + START_S
        begun = 1.0 + sum(1 for k, t in first if k == s and t > late)
        rate = begun / max(int((mine > late).sum()), 1) * sensors.f[s, col.S_BIRTH]
        looks[s], log_new[s] = mine, math.log(rate / (2.0 * math.pi * sensors.f[s, col.S_VSIGMA] ** 2))
    return looks, log_new


def _tips(k: int, chain: Chain, state: tuple[Floats, Floats], smoothed: Smoother, *, last: bool) -> list[Tip]:
    """Return the state of a chain's last (or first) plot, and that without a lone plot or two beyond a long gap."""
    seen = np.flatnonzero(chain.i[:, col.O_DETECTED] == 1)
    seen = seen[::-1] if last else seen
    at = int(seen[0])
    out = [Tip(k, chain.f[at], chain.i[at], state[0][at], state[1][at], 0.0)]
    gaps = np.flatnonzero(np.abs(np.diff(seen[: LONE_PLOTS + 1])) > LONE_LOOKS)
    if len(gaps) and len(seen) > gaps[-1] + 3:
        cut = int(seen[gaps[-1] + 1])
        part = slice(0, cut + 1) if last else slice(cut, None)
        rest = type(chain)(chain.f[part], chain.i[part], chain.alive)
        x, p = smoothed(rest)
        row = -1 if last else 0
        out.append(Tip(k, rest.f[row], rest.i[row], x[row], p[row], LONE_COST * float(gaps[-1] + 1)))
    return out


def _flyable(end: Tip, begin: Tip) -> bool:
    """Return whether no address, distance or speed forbids that one aircraft flew from ``end`` to ``begin``."""
    address, other = end.i[col.O_ICAO], begin.i[col.O_ICAO]
    if address >= 0 and other >= 0 and address != other:
        return False
    gap = float(begin.f[col.O_T] - end.f[col.O_T])
    v0, v1 = np.hypot(*end.x[2:]), np.hypot(*begin.x[2:])
    slack = SPEED_CHANGE_MPS + 3.0 * math.sqrt(float(end.p[7] + end.p[9] + begin.p[7] + begin.p[9]))
    return bool(abs(v0 - v1) <= slack and np.hypot(*(begin.x - end.x)[:2]) <= (max(v0, v1) + 20.0) * gap + 2000.0)


def _log_density(
    end: Tip,
    begin: Tip,
    looks: Floats,
    chain: Chain,
    random: tuple[Floats, Floats, Floats],
    sensors: Sensors,
    par: Params,
) -> float:
    """Return the log density with which an aircraft at ``end`` is next seen as ``begin``."""
    t0, t1 = float(end.f[col.O_T]), float(begin.f[col.O_T])
    if t1 - t0 <= GAP_GAUSS_S:
        near = log_density(end.x, end.p, par, t1 - t0, begin.x, begin.p)
        return near + math.log(max(_existence_at(chain, t1), 1e-6))
    s, middle = int(begin.i[col.O_SENSOR]), 0.5 * (t0 + t1)
    between = looks[np.searchsorted(looks, t0, side="right") : np.searchsorted(looks, t1, side="left")]
    between = between[:: len(between) // LOOKS_MAX + 1]
    bundles = []
    for tip, back, times in (
        (end, 1.0, between[between <= middle] - t0),
        (begin, -1.0, t1 - between[between > middle]),
    ):
        times, looked = np.append(np.sort(times), middle - t0), np.append(np.ones(len(times)), 0.0)
        spread = full(tip.p) + np.diag([1.0, 1.0, 1e-2, 1e-2])
        root = np.linalg.cholesky(spread).astype(np.float64, copy=False)
        height = float(tip.f[col.O_ALT]) if tip.i[col.O_ALT_FROM] else math.nan
        out, weight, k = np.empty((PATHS, 4)), np.empty(PATHS), int(back < 0)
        normal, uniform, agl = (r[k] for r in random)
        fly(tip.x, root, back, normal, uniform, agl, times, looked, par, height, sensors, s, out, weight)
        bundles += [out, weight]
    alive = _existence_at(chain, t0) * math.exp((t0 - t1) / par.lifetime_s)
    f, pd, ground = sensors.f[s], sensors.pd[s], sensors.ground
    seen = max(detection_at(f, pd, ground, sensors.layer_m, begin.x[0], begin.x[1], height), PD_LOW)
    return math.log(max(meet(*bundles) * alive * seen, 1e-300))


def _existence_at(chain: Chain, time_s: float) -> float:
    """Return the existence of a chain as the tracker believed it then."""
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
