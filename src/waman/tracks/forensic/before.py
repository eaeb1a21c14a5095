"""Before the first plot: where an aircraft must have been that came out of a mask already flying.

A track first seen at the edge of a mask did not begin there. Its smoothed state is moved back in time, look by look,
and each look costs it the chance that it would have been seen, or had not yet taken off.
"""

from __future__ import annotations

import math

import numpy as np

from waman.jit import kernel
from waman.tracks.core import columns as col
from waman.tracks.core.look import detection_at
from waman.tracks.core.motion import Floats, Ints, mix, moments, predict_model, within
from waman.tracks.core.state import Batch, Params, Sensors

BACK_MAX_S = 120.0
LOOKS_MAX = 60


def before(
    f: Floats, i: Ints, state: tuple[Floats, Floats], batch: Batch, sensors: Sensors, par: Params
) -> tuple[Floats, Ints, Floats, Floats]:
    """Return rows, and smoothed means (n, 4) and covariances (n, 10), with coasting rows before the first one."""
    x, p = state
    s = int(i[0, col.O_SENSOR])
    first = float(f[0, col.O_T])
    a, b = np.searchsorted(batch.time, (first - BACK_MAX_S, first), side="left")
    mine = (batch.sensor[a:b] == s) & (batch.look[a:b] > 0.0)
    looks = batch.time[a:b][mine][::-1][:LOOKS_MAX]
    height = float(f[0, col.O_ALT]) if i[0, col.O_ALT_FROM] else math.nan
    if not len(looks) or sensors.f[s, col.S_COUNTED] <= 0.0:
        return f, i, x, p
    back_x, back_p, r, pd = backcast(x[0], p[0], first, looks.copy(), float(f[0, col.O_R]), height, sensors, s, par)
    n = int(np.argmax(np.append(r * within_each(back_p, par.report_radius_m), 0.0) < 0.5))
    if n == 0:
        return f, i, x, p
    new_f, new_i = np.repeat(f[:1], n, axis=0), np.repeat(i[:1], n, axis=0)
    new_f[:, col.O_T], new_f[:, col.O_R], new_f[:, col.O_PD] = looks[:n], r[:n], pd[:n]
    new_i[:, col.O_DETECTED], new_i[:, col.O_PLOT], new_i[:, col.O_STATE] = 0, -1, col.COASTING
    back = slice(n - 1, None, -1)
    return (
        np.concatenate([new_f[::-1], f]),
        np.concatenate([new_i[::-1], i]),
        np.concatenate([back_x[back], x]),
        np.concatenate([back_p[back], p]),
    )


@kernel
def backcast(
    x: Floats, p: Floats, time_s: float, looks: Floats, existence: float, height_m: float, sensors: Sensors, s: int,
    par: Params,
) -> tuple[Floats, Floats, Floats, Floats]:  # fmt: skip
    """Return means, covariances, existence and Pd at ``looks``, latest first, all before ``time_s``."""
    models, n = par.q.shape[0], looks.shape[0]
    xs, ps, mu = np.empty((models, 4)), np.empty((models, 10)), par.stationary.copy()
    for m in range(models):
        xs[m], ps[m] = x, p
    mean, cov = np.empty(4), np.empty(10)
    out_x, out_p, r, pd = np.empty((n, 4)), np.empty((n, 10)), np.empty(n), np.empty(n)
    alive, at = existence, time_s
    for k in range(n):
        dt = at - looks[k]
        at = looks[k]
        mix(xs, ps, mu, par.stationary, math.exp(-par.jump_rate * dt), mean, cov)
        for m in range(models):
            predict_model(xs[m], ps[m], -dt, par.omega[m], par.q[m])
        moments(xs, ps, mu, out_x[k], out_p[k])
        pd[k] = detection_at(
            sensors.f[s], sensors.pd[s], sensors.ground, sensors.layer_m, out_x[k, 0], out_x[k, 1], height_m
        )
        alive *= (1.0 - pd[k]) * math.exp(-dt / (4.0 * par.unseen_s))
        r[k] = alive
    return out_x, out_p, r, pd


@kernel
def within_each(p: Floats, radius_m: float) -> Floats:
    """Return the probability of an error within ``radius_m`` for every covariance (n, 10)."""
    out = np.empty(p.shape[0])
    for k in range(p.shape[0]):
        out[k] = within(p[k, 0], p[k, 1], p[k, 2], radius_m)
    return out
