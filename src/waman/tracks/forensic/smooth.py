"""Smoothing one aircraft's plots with the interacting models: forward filter, backward pass.

The backward pass keeps one smoothed state for each model and, for every pair (model now, model next), runs one
Rauch-Tung-Striebel step; pairs are weighted by the jump probabilities and the smoothed weights of the
next instant. Source: Kim, J. Econometrics 60 (1994) 1-22; Helmick et al., IEEE Trans. AES 31 (1995).
"""

from __future__ import annotations

import math

import numpy as np

from waman.jit import kernel
from waman.tracks.core import columns as col
from waman.tracks.core.motion import IA, IB, Floats, Ints, mix, moments, predict_model, update_model
from waman.tracks.core.state import Params
from waman.tracks.core.update import one_point


@kernel
def unpack(p: Floats, out: Floats) -> None:
    """Write a packed covariance (10,) as a full one (4, 4)."""
    for k in range(10):
        out[IA[k], IB[k]] = p[k]
        out[IB[k], IA[k]] = p[k]


@kernel
def solve4(a: Floats, b: Floats) -> None:
    """Replace ``b`` (4, 4) by inv(a) b for a symmetric positive definite ``a`` (4, 4), which is overwritten."""
    for j in range(4):
        for k in range(j):
            a[j, j] -= a[j, k] * a[j, k]
        a[j, j] = math.sqrt(max(a[j, j], 1e-12))
        for i in range(j + 1, 4):
            for k in range(j):
                a[i, j] -= a[i, k] * a[j, k]
            a[i, j] /= a[j, j]
    for c in range(4):
        for i in range(4):
            for k in range(i):
                b[i, c] -= a[i, k] * b[k, c]
            b[i, c] /= a[i, i]
        for i in range(3, -1, -1):
            for k in range(i + 1, 4):
                b[i, c] -= a[k, i] * b[k, c]
            b[i, c] /= a[i, i]


@kernel
def rts_step(
    x: Floats,
    p: Floats,
    x_next: Floats,
    p_next: Floats,
    dt_s: float,
    omega: float,
    q: float,
    out_x: Floats,
    out_p: Floats,
) -> None:
    """Write the smoothed state of one pair (model now, model next)."""
    xp, pp = x.copy(), p.copy()
    predict_model(xp, pp, dt_s, omega, q)
    if abs(omega) * dt_s < 1e-6:
        s, c, a, b = dt_s, 0.0, 1.0, 0.0
    else:
        a, b = math.cos(omega * dt_s), math.sin(omega * dt_s)
        s, c = b / omega, (1.0 - a) / omega
    full, gain, pred, diff = np.empty((4, 4)), np.empty((4, 4)), np.empty((4, 4)), np.empty((4, 4))
    unpack(p, full)
    for j in range(4):  # gain' = inv(Pp) F P, built as F P first
        gain[0, j] = full[0, j] + s * full[2, j] - c * full[3, j]
        gain[1, j] = full[1, j] + c * full[2, j] + s * full[3, j]
        gain[2, j] = a * full[2, j] - b * full[3, j]
        gain[3, j] = b * full[2, j] + a * full[3, j]
    unpack(pp, pred)
    unpack(p_next, diff)
    for i in range(4):
        for j in range(4):
            diff[i, j] -= pred[i, j]
    solve4(pred, gain)
    for i in range(4):
        total = x[i]
        for k in range(4):
            total += gain[k, i] * (x_next[k] - xp[k])
        out_x[i] = total
    for n in range(10):
        i, j = IA[n], IB[n]
        total = p[n]
        for k in range(4):
            for m in range(4):
                total += gain[k, i] * diff[k, m] * gain[m, j]
        out_p[n] = total


@kernel
def forward(
    time: Floats,
    plot: Ints,
    factor: Floats,
    plots: Floats,
    par: Params,
    sigma_mps: float,
    x: Floats,
    p: Floats,
    mu: Floats,
) -> None:
    """Filter one chain: ``x`` (n, M, 4), ``p`` (n, M, 10), ``mu`` (n, M) after each instant."""
    models = par.q.shape[0]
    mean, cov, logs = np.empty(4), np.empty(10), np.empty(models)
    for k in range(time.shape[0]):
        if k == 0 or factor[k] < 0.0:
            one_point(plots[plot[k]], mean, cov, time[k], sigma_mps)
            for m in range(models):
                x[k, m], p[k, m], mu[k, m] = mean, cov, par.stationary[m]
            continue
        dt = time[k] - time[k - 1]
        x[k], p[k], mu[k] = x[k - 1], p[k - 1], mu[k - 1]
        mix(x[k], p[k], mu[k], par.stationary, math.exp(-par.jump_rate * dt), mean, cov)
        for m in range(models):
            predict_model(x[k, m], p[k, m], dt, par.omega[m], par.q[m])
        if plot[k] < 0:
            continue
        f, g = plots[plot[k]], factor[k]
        lag = f[col.P_T] - time[k]
        for m in range(models):
            logs[m] = update_model(
                x[k, m], p[k, m], f[col.P_X], f[col.P_Y], g * f[col.P_RXX], g * f[col.P_RXY], g * f[col.P_RYY], lag
            )
        top, total = logs.max(), 0.0
        for m in range(models):
            logs[m] = mu[k, m] * math.exp(logs[m] - top)
            total += logs[m]
        for m in range(models):
            mu[k, m] = max(logs[m] / total, 1e-9)


@kernel
def smooth_chain(
    time: Floats, plot: Ints, factor: Floats, plots: Floats, par: Params, sigma_mps: float
) -> tuple[Floats, Floats]:
    """Return smoothed means (n, 4) and covariances (n, 10) of one aircraft at the instants ``time`` (n,).

    ``plot`` (n,) names the plot of each instant in ``plots``, -1 for none (never at the first);
    ``factor`` stretches its noise, and below 0 the track restarts there, which cuts the smoothing.
    """
    n, models = time.shape[0], par.q.shape[0]
    x, p, mu = np.empty((n, models, 4)), np.empty((n, models, 10)), np.empty((n, models))
    forward(time, plot, factor, plots, par, sigma_mps, x, p, mu)
    out_x, out_p = np.empty((n, 4)), np.empty((n, 10))
    moments(x[n - 1], p[n - 1], mu[n - 1], out_x[n - 1], out_p[n - 1])
    bx, bp, weight = np.empty((models, 4)), np.empty((models, 10)), np.empty(models)
    sx, sp, smu = np.empty((models, 4)), np.empty((models, 10)), np.empty(models)
    for k in range(n - 2, -1, -1):
        dt = time[k + 1] - time[k]
        if factor[k + 1] < 0.0 or dt <= 0.0:
            if factor[k + 1] >= 0.0:
                x[k], p[k], mu[k] = x[k + 1], p[k + 1], mu[k + 1]
            moments(x[k], p[k], mu[k], out_x[k], out_p[k])
            continue
        stay, total = math.exp(-par.jump_rate * dt), 0.0
        for i in range(models):
            own = 0.0
            for j in range(models):
                jump = par.stationary[j] * (1.0 - stay) + (stay if i == j else 0.0)
                ahead = par.stationary[j] * (1.0 - stay) + stay * mu[k, j]
                weight[j] = jump * mu[k + 1, j] / ahead
                own += weight[j]
                rts_step(x[k, i], p[k, i], x[k + 1, j], p[k + 1, j], dt, par.omega[j], par.q[j], bx[j], bp[j])
            for j in range(models):
                weight[j] /= own
            moments(bx, bp, weight, sx[i], sp[i])
            smu[i] = mu[k, i] * own
            total += smu[i]
        for i in range(models):
            smu[i] = max(smu[i] / total, 1e-9)
        x[k], p[k], mu[k] = sx, sp, smu
        moments(sx, sp, smu, out_x[k], out_p[k])
    return out_x, out_p


def smooth_ref(time: Floats, z: Floats, r: Floats, q: float, sigma_mps: float) -> tuple[Floats, Floats]:
    """Return the smoothed means and covariances of one constant-velocity model by one batch least squares.

    The twin of :func:`smooth_chain` for a single model: all states at once from the joint Gaussian,
    with no recursion. ``z`` (n, 2) may hold NaN (no plot), ``r`` is (n, 2, 2).
    """
    n = len(time)
    a, b = np.zeros((4 * n, 4 * n)), np.zeros(4 * n)

    def add(h: Floats, y: Floats, cov: Floats) -> None:
        w = np.linalg.inv(cov)
        a[:] += h.T @ w @ h
        b[:] += h.T @ w @ y

    eye = np.eye(4 * n)
    add(eye[2:4], np.zeros(2), np.eye(2) * sigma_mps**2)
    for k in range(n):
        if np.isfinite(z[k, 0]):
            add(eye[4 * k : 4 * k + 2], z[k], r[k])
        if k:
            dt = time[k] - time[k - 1]
            f = np.eye(4) + dt * np.eye(4, k=2)
            noise = q * np.kron([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]], np.eye(2))
            add(eye[4 * k : 4 * k + 4] - f @ eye[4 * k - 4 : 4 * k], np.zeros(4), noise)
    cov = np.linalg.inv(a)
    blocks = np.stack([cov[4 * k : 4 * k + 4, 4 * k : 4 * k + 4] for k in range(n)])
    return (cov @ b).reshape(n, 4), blocks
