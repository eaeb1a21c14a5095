"""Smoothing one aircraft's plots with the interacting models: two filters, one from each end, and their product.

The backward filter is the forward one with time reversed (the chain of models is reversible), started without
knowledge of velocity. At each instant the two estimates of each model are multiplied, and a model weighs what both
filters give it times how well their states agree.
Source: Fraser and Potter, IEEE Trans. Automatic Control 14 (1969) 387-390; Helmick et al., IEEE Trans. Information
Theory 41 (1995) 1845-1855.
"""

from __future__ import annotations

import math

import numpy as np

from waman.jit import kernel
from waman.tracks.core import columns as col
from waman.tracks.core.motion import IA, IB, Floats, Ints, mix, moments, predict_model, update_model
from waman.tracks.core.state import Params
from waman.tracks.core.update import one_point

FLAT_MPS = 1e4
"""1-sigma of velocity where the backward filter starts: nothing is known, the forward filter holds the prior."""


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
def fuse(x: Floats, p: Floats, y: Floats, v: Floats, out_x: Floats, out_p: Floats) -> float:
    """Write the product of two Gaussian estimates of one state; return the log of how well they agree."""
    total, gain = np.empty((4, 4)), np.empty((4, 4))
    unpack(v, total)
    unpack(p, gain)
    for i in range(4):
        for j in range(4):
            total[i, j] += gain[i, j]
    solve4(total, gain)  # gain is now inv(P + V) P, total the Cholesky factor
    off, half = np.empty(4), np.empty(4)
    log_l = -3.6757541328186907  # -2 log(2 pi)
    for i in range(4):
        off[i] = half[i] = y[i] - x[i]
        for k in range(i):
            half[i] -= total[i, k] * half[k]
        half[i] /= total[i, i]
        log_l -= 0.5 * half[i] * half[i] + math.log(total[i, i])
    for i in range(4):
        moved = x[i]
        for k in range(4):
            moved += gain[k, i] * off[k]
        out_x[i] = moved
    full = np.empty((4, 4))
    unpack(p, full)
    for n in range(10):
        i, j = IA[n], IB[n]
        left = p[n]
        for k in range(4):
            left -= gain[k, i] * full[k, j]
        out_p[n] = left
    return log_l


@kernel
def take_plot(x: Floats, p: Floats, mu: Floats, f: Floats, stretch: float, time_s: float, logs: Floats) -> None:
    """Update all models (M, 4), (M, 10), (M,) by one plot and reweigh them."""
    models, lag = mu.shape[0], f[col.P_T] - time_s
    for m in range(models):
        logs[m] = update_model(
            x[m], p[m], f[col.P_X], f[col.P_Y],
            stretch * f[col.P_RXX], stretch * f[col.P_RXY], stretch * f[col.P_RYY], lag,
        )  # fmt: skip
    top, total = logs.max(), 0.0
    for m in range(models):
        logs[m] = mu[m] * math.exp(logs[m] - top)
        total += logs[m]
    for m in range(models):
        mu[m] = max(logs[m] / total, 1e-9)


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
        take_plot(x[k], p[k], mu[k], plots[plot[k]], factor[k], time[k], logs)


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
    y, v, nu = np.empty((models, 4)), np.empty((models, 10)), np.empty(models)
    sx, sp, smu = np.empty((models, 4)), np.empty((models, 10)), np.empty(models)
    mean, cov, logs = np.empty(4), np.empty(10), np.empty(models)
    begun = False
    for k in range(n - 2, -1, -1):
        if plot[k + 1] >= 0 and not begun:
            one_point(plots[plot[k + 1]], mean, cov, time[k + 1], FLAT_MPS)
            for m in range(models):
                y[m], v[m], nu[m] = mean, cov, par.stationary[m]
            begun = True
        elif plot[k + 1] >= 0:
            take_plot(y, v, nu, plots[plot[k + 1]], abs(factor[k + 1]), time[k + 1], logs)
        begun = begun and factor[k + 1] >= 0.0
        if not begun:
            moments(x[k], p[k], mu[k], out_x[k], out_p[k])
            continue
        dt = time[k + 1] - time[k]
        mix(y, v, nu, par.stationary, math.exp(-par.jump_rate * dt), mean, cov)
        for m in range(models):
            predict_model(y[m], v[m], -dt, par.omega[m], par.q[m])
            logs[m] = fuse(x[k, m], p[k, m], y[m], v[m], sx[m], sp[m])
        top, total = logs.max(), 0.0
        for m in range(models):
            smu[m] = mu[k, m] * nu[m] / par.stationary[m] * math.exp(logs[m] - top)
            total += smu[m]
        for m in range(models):
            smu[m] /= total
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
