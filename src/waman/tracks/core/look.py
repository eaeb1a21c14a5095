"""One look of one sensor at the tracks it already has: move, expect.

The kernels here change only the predicted state; :mod:`waman.tracks.core.pmb` decides.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from waman.jit import lean_kernel
from waman.tracks.core import columns as col
from waman.tracks.core.motion import Floats, glide, mix, moments, move, turn_terms
from waman.tracks.core.state import Params, Sensors, State

Grid = NDArray[np.float32]


@lean_kernel
def fading(x: Floats, val: Floats, par: Params) -> float:
    """Return the rate [1/s] at which a track that answers nothing loses existence because it does not move.

    What stands still is an echo of the ground, or has landed. Velocity says so at once but roughly; how far the
    track ever was from its first place says so surely after a while, and a circling aircraft passes.
    """
    speed2 = x[2] * x[2] + x[3] * x[3]
    rate = math.exp(-0.5 * speed2 / (par.still_mps * par.still_mps)) / par.still_s
    if stuck(val, par):
        rate += 1.0 / par.stuck_s
    return rate


@lean_kernel
def stuck(val: Floats, par: Params) -> bool:
    """Return whether a track has stayed about its first place, slower than anything that flies."""
    age = val[col.SEEN] - val[col.BORN]
    return bool(age >= par.stuck_after_s and val[col.FAR] < par.still_mps * age)


@lean_kernel
def predict_all(state: State, dt_s: float, par: Params, mean: Floats, cov: Floats, turn: Floats) -> None:
    """Move every track forward by ``dt_s``: mix, predict, survive; height by its own two-state filter.

    ``mean`` (4,), ``cov`` (10,) and ``turn`` (models, 4) are work space.
    """
    stay = math.exp(-par.jump_rate * dt_s)
    live = math.exp(-dt_s / par.lifetime_s)
    x, p, mu, vals, tags = state.x, state.p, state.mu, state.val, state.tag
    q, stationary, models, q_young = par.q, par.stationary, par.q.shape[0], par.q_young
    for m in range(models):
        turn[m, 0], turn[m, 1], turn[m, 2], turn[m, 3] = turn_terms(dt_s, par.omega[m])
    for i in range(state.counters[0]):
        vals[i, col.R] *= live
        if tags[i, col.ICAO] < 0 and tags[i, col.M3A] < 0 and tags[i, col.HITS] > 1:
            vals[i, col.R] *= math.exp(-dt_s * fading(x[i, 0], vals[i], par))
        if tags[i, col.MODES] == 1:
            glide(x[i, 0], p[i, 0], dt_s, q_young)
        else:
            mix(x[i], p[i], mu[i], stationary, stay, mean, cov)
            for m in range(models):
                if turn[m, 3] == 0.0:
                    glide(x[i, m], p[i, m], dt_s, q[m])
                else:
                    move(x[i, m], p[i, m], dt_s, turn[m, 0], turn[m, 1], turn[m, 2], turn[m, 3], q[m])
        if tags[i, col.ALT_FROM]:
            val = vals[i]
            val[col.ALT] += dt_s * val[col.ALT_RATE]
            val[col.ALT_PP] += dt_s * (2.0 * val[col.ALT_PV] + dt_s * val[col.ALT_VV]) + par.altitude_q * dt_s**3 / 3.0
            val[col.ALT_PV] += dt_s * val[col.ALT_VV] + par.altitude_q * dt_s**2 / 2.0
            val[col.ALT_VV] = min(val[col.ALT_VV] + par.altitude_q * dt_s, 400.0)


@lean_kernel
def detection_at(f: Floats, pd: Grid, ground: Grid, layer_m: Floats, x: float, y: float, altitude_m: float) -> float:
    """Return the sampled detection probability of one sensor at a place; NaN altitude is "unknown height".

    ``f`` (SENSOR_FLOATS,) and ``pd`` (layers, ny, nx) are the sensor's own; ``ground`` (ny, nx) or (1, 1).
    """
    ny, nx = pd.shape[1], pd.shape[2]
    if f[col.S_RANGE] > 0.0 and (x - f[col.S_X]) ** 2 + (y - f[col.S_Y]) ** 2 > f[col.S_RANGE] ** 2:
        return 0.0
    if nx * ny == 1:
        return float(pd[0, 0, 0])
    u, v = (x - f[col.S_GX]) / f[col.S_CELL], (y - f[col.S_GY]) / f[col.S_CELL]
    if not (0.0 <= u < nx and 0.0 <= v < ny):
        return 0.0
    c, k = int(u), int(v)
    layers = layer_m.shape[0]
    if altitude_m != altitude_m or layers == 1:
        return float(pd[0, k, c])
    above = altitude_m
    if ground.shape[0] > 1:
        above -= ground[k, c]
    for layer in range(1, layers - 1):
        low, high = layer_m[layer], layer_m[layer + 1]
        if above < high or layer == layers - 2:
            share = min(max((above - low) / (high - low), 0.0), 1.0)
            return float((1.0 - share) * pd[layer, k, c] + share * pd[layer + 1, k, c])
    return float(pd[0, k, c])


@lean_kernel
def seen_at(f: Floats, pd: Grid, x: float, y: float, cells_per_m: float) -> float:
    """Return what :func:`detection_at` returns for an unknown height; ``pd`` (ny, nx) is the layer of that."""
    if f[col.S_RANGE] > 0.0 and (x - f[col.S_X]) ** 2 + (y - f[col.S_Y]) ** 2 > f[col.S_RANGE] ** 2:
        return 0.0
    u, v = (x - f[col.S_GX]) * cells_per_m, (y - f[col.S_GY]) * cells_per_m
    if not (0.0 <= u < pd.shape[1] and 0.0 <= v < pd.shape[0]):
        return 0.0
    return float(pd[int(v), int(u)])


@lean_kernel
def ellipses(state: State, mean: Floats, cov: Floats, at: Floats) -> None:
    """Write each track's place and the half axes of its ellipse, of length sqrt(3) standard deviations, to ``at``.

    ``at`` (6, tracks) are x, y, then the major axis (x, y), then the minor one. ``mean`` (4,) and
    ``cov`` (10,) are work space. Roots and divisions stand in a loop of their own, where they are done four at a time.
    """
    xs, ps, mu, tags, n = state.x, state.p, state.mu, state.tag, state.counters[0]
    for i in range(n):
        if tags[i, col.MODES] > 1:
            moments(xs[i], ps[i], mu[i], mean, cov)
            at[0, i], at[1, i], at[2, i], at[3, i], at[4, i] = mean[0], mean[1], cov[0], cov[1], cov[2]
        else:
            at[0, i], at[1, i] = xs[i, 0, 0], xs[i, 0, 1]
            at[2, i], at[3, i], at[4, i] = ps[i, 0, 0], ps[i, 0, 1], ps[i, 0, 2]
    major_x, major_y, minor_x, minor_y = at[2], at[3], at[4], at[5]
    for i in range(n):
        xx, xy, yy = major_x[i], major_y[i], minor_x[i]
        half, root = 0.5 * (xx + yy), math.sqrt(0.25 * (xx - yy) ** 2 + xy * xy)
        # unit vector of the major axis without trigonometry: (xy, major - xx), or an axis where xy = 0
        ca, sa = xy, half + root - xx
        length = math.sqrt(ca * ca + sa * sa)
        level = 1.0 if xx >= yy else 0.0
        ca, sa = (level, 1.0 - level) if length < 1e-9 else (ca / length, sa / length)
        a, b = math.sqrt(3.0 * (half + root)), math.sqrt(max(3.0 * (half - root), 0.0))
        major_x[i], major_y[i], minor_x[i], minor_y[i] = a * ca, a * sa, -(b * sa), b * ca


@lean_kernel
def expect(
    state: State, sensors: Sensors, s: int, par: Params, cov: Floats, mean: Floats, at: Floats, out: Floats
) -> None:
    """Write to ``out`` the detection probability averaged over five points of each track's predicted covariance.

    Weights 2,1,1,1,1 at the mean and at +- sqrt(3) standard deviations along both axes: exact for
    fields quadratic across the ellipse (sigma-point rule with kappa = 1). ``at`` is the work space of :func:`ellipses`.
    """
    f, pd, ground, layer_m = sensors.f[s], sensors.pd[s], sensors.ground, sensors.layer_m
    tags, vals, single, low = state.tag, state.val, pd.shape[1] * pd.shape[2] == 1, pd[0]
    per_m = 1.0 / f[col.S_CELL]
    if single and f[col.S_RANGE] <= 0.0:
        out[:] = pd[0, 0, 0]
        return
    ellipses(state, mean, cov, at)
    for i in range(state.counters[0]):
        x, y, ax, ay, bx, by = at[0, i], at[1, i], at[2, i], at[3, i], at[4, i], at[5, i]
        if single or tags[i, col.ALT_FROM]:
            height = vals[i, col.ALT] if tags[i, col.ALT_FROM] else math.nan
            total = 2.0 * detection_at(f, pd, ground, layer_m, x, y, height)
            total += detection_at(f, pd, ground, layer_m, x + ax, y + ay, height)
            total += detection_at(f, pd, ground, layer_m, x - ax, y - ay, height)
            total += detection_at(f, pd, ground, layer_m, x + bx, y + by, height)
            total += detection_at(f, pd, ground, layer_m, x - bx, y - by, height)
        else:
            total = 2.0 * seen_at(f, low, x, y, per_m)
            total += seen_at(f, low, x + ax, y + ay, per_m)
            total += seen_at(f, low, x - ax, y - ay, per_m)
            total += seen_at(f, low, x + bx, y + by, per_m)
            total += seen_at(f, low, x - bx, y - by, per_m)
        out[i] = total / 6.0
