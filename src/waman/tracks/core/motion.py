"""The motion of one aircraft: interacting multiple models over a flat plane, as scalar kernels.

A model is a pair (turn rate omega, noise density q): omega = 0 is nearly constant velocity, any other a
coordinated turn at that rate, which is linear in (x, y, vx, vy), so that the same few lines serve all
models and the smoother. Symmetric 4x4 covariances are ten numbers in the order of ``IA``/``IB``.

Between looks the model jumps as a Markov chain in continuous time that leaves at rate ``jump_rate`` and
lands in model j with probability ``stationary[j]``. Its transition matrix over dt is
``e I + (1 - e) 1 stationary'`` with ``e = exp(-jump_rate dt)``: every interval, however odd, has its own exact
matrix, and the mixed state of model j is a mixture of only two: the overall state and its own.
Source: Blom and Bar-Shalom, IEEE Trans. Automatic Control 33 (1988) 780-783, for the filter.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from waman.jit import lean_kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

IA = (0, 0, 1, 0, 0, 1, 1, 2, 2, 3)
IB = (0, 1, 1, 2, 3, 2, 3, 2, 3, 3)
"""Row and column of the ten kept entries of a covariance of (x, y, vx, vy)."""


COS_16 = tuple(math.cos((k + 0.5) * (math.pi / 32.0)) for k in range(16))
"""Cosines of the middles of 16 equal parts of a quadrant."""


@lean_kernel
def turn_terms(dt_s: float, omega: float) -> tuple[float, float, float, float]:
    """Return (s, c, a, b) of the transition [I S; 0 R]: S = [s -c; c s], R = [a -b; b a]."""
    if abs(omega) * abs(dt_s) < 1e-9:
        return dt_s, 0.0, 1.0, 0.0
    a, b = math.cos(omega * dt_s), math.sin(omega * dt_s)
    return b / omega, (1.0 - a) / omega, a, b


@lean_kernel
def predict_model(x: Floats, p: Floats, dt_s: float, omega: float, q: float) -> None:
    """Move one model's mean (4,) and covariance (10,) forward by ``dt_s`` in place (F = [I S; 0 R])."""
    s, c, a, b = turn_terms(dt_s, omega)
    move(x, p, dt_s, s, c, a, b, q)


@lean_kernel
def move(x: Floats, p: Floats, dt_s: float, s: float, c: float, a: float, b: float, q: float) -> None:
    """Do what :func:`predict_model` does, the terms of the turn being known."""
    vx, vy = x[2], x[3]
    x[0] += s * vx - c * vy
    x[1] += c * vx + s * vy
    x[2] = a * vx - b * vy
    x[3] = b * vx + a * vy
    cxx, cxy, cyy = p[7], p[8], p[9]
    # B + S C, the covariance of the moved position with the unmoved velocity
    e0 = p[3] + s * cxx - c * cxy
    e1 = p[4] + s * cxy - c * cyy
    e2 = p[5] + c * cxx + s * cxy
    e3 = p[6] + c * cxy + s * cyy
    # A + S B' + (B + S C) S'
    p[0] += s * p[3] - c * p[4] + e0 * s - e1 * c
    p[1] += s * p[5] - c * p[6] + e0 * c + e1 * s
    p[2] += c * p[5] + s * p[6] + e2 * c + e3 * s
    p[3] = e0 * a - e1 * b
    p[4] = e0 * b + e1 * a
    p[5] = e2 * a - e3 * b
    p[6] = e2 * b + e3 * a
    p[7] = a * (a * cxx - b * cxy) - b * (a * cxy - b * cyy)
    p[8] = b * (a * cxx - b * cxy) + a * (a * cxy - b * cyy)
    p[9] = b * (b * cxx + a * cxy) + a * (b * cxy + a * cyy)
    d = abs(dt_s)
    q3, q2, q1 = q * d * d * d / 3.0, q * d * dt_s / 2.0, q * d
    p[0] += q3
    p[2] += q3
    p[3] += q2
    p[6] += q2
    p[7] += q1
    p[9] += q1


@lean_kernel
def glide(x: Floats, p: Floats, dt_s: float, q: float) -> None:
    """Do what :func:`predict_model` does for a model that does not turn."""
    x[0] += dt_s * x[2]
    x[1] += dt_s * x[3]
    e0, e1, e2, e3 = p[3] + dt_s * p[7], p[4] + dt_s * p[8], p[5] + dt_s * p[8], p[6] + dt_s * p[9]
    d = abs(dt_s)
    q3, q2, q1 = q * d * d * d / 3.0, q * d * dt_s / 2.0, q * d
    p[0] += dt_s * p[3] + e0 * dt_s
    p[1] += dt_s * p[5] + e1 * dt_s
    p[2] += dt_s * p[6] + e3 * dt_s
    p[0] += q3
    p[2] += q3
    p[3], p[4], p[5], p[6] = e0 + q2, e1, e2, e3 + q2
    p[7] += q1
    p[9] += q1


@lean_kernel
def moments(x: Floats, p: Floats, mu: Floats, mean: Floats, cov: Floats) -> None:
    """Write mean (4,) and covariance (10,) of the mixture of models ``mu`` (M,) into ``mean`` and ``cov``."""
    for k in range(4):
        mean[k] = 0.0
    for k in range(10):
        cov[k] = 0.0
    for m in range(mu.shape[0]):
        for k in range(4):
            mean[k] += mu[m] * x[m, k]
    for m in range(mu.shape[0]):
        d0, d1, d2, d3 = x[m, 0] - mean[0], x[m, 1] - mean[1], x[m, 2] - mean[2], x[m, 3] - mean[3]
        cov[0] += mu[m] * (p[m, 0] + d0 * d0)
        cov[1] += mu[m] * (p[m, 1] + d0 * d1)
        cov[2] += mu[m] * (p[m, 2] + d1 * d1)
        cov[3] += mu[m] * (p[m, 3] + d0 * d2)
        cov[4] += mu[m] * (p[m, 4] + d0 * d3)
        cov[5] += mu[m] * (p[m, 5] + d1 * d2)
        cov[6] += mu[m] * (p[m, 6] + d1 * d3)
        cov[7] += mu[m] * (p[m, 7] + d2 * d2)
        cov[8] += mu[m] * (p[m, 8] + d2 * d3)
        cov[9] += mu[m] * (p[m, 9] + d3 * d3)


@lean_kernel
def mix(x: Floats, p: Floats, mu: Floats, stationary: Floats, stay: float, mean: Floats, cov: Floats) -> None:
    """Mix models before a prediction, in place: ``x`` (M, 4), ``p`` (M, 10), ``mu`` (M,).

    ``stay`` is e = exp(-jump_rate dt); ``mean`` (4,) and ``cov`` (10,) are work space and hold the
    moments of the whole mixture afterwards.
    """
    moments(x, p, mu, mean, cov)
    for m in range(mu.shape[0]):
        jump, own = stationary[m] * (1.0 - stay), stay * mu[m]
        total = jump + own
        wj, wo = jump / total, own / total
        spread = wj * wo
        d0, d1, d2, d3 = mean[0] - x[m, 0], mean[1] - x[m, 1], mean[2] - x[m, 2], mean[3] - x[m, 3]
        p[m, 0] = wj * cov[0] + wo * p[m, 0] + spread * d0 * d0
        p[m, 1] = wj * cov[1] + wo * p[m, 1] + spread * d0 * d1
        p[m, 2] = wj * cov[2] + wo * p[m, 2] + spread * d1 * d1
        p[m, 3] = wj * cov[3] + wo * p[m, 3] + spread * d0 * d2
        p[m, 4] = wj * cov[4] + wo * p[m, 4] + spread * d0 * d3
        p[m, 5] = wj * cov[5] + wo * p[m, 5] + spread * d1 * d2
        p[m, 6] = wj * cov[6] + wo * p[m, 6] + spread * d1 * d3
        p[m, 7] = wj * cov[7] + wo * p[m, 7] + spread * d2 * d2
        p[m, 8] = wj * cov[8] + wo * p[m, 8] + spread * d2 * d3
        p[m, 9] = wj * cov[9] + wo * p[m, 9] + spread * d3 * d3
        for k in range(4):
            x[m, k] = wj * mean[k] + wo * x[m, k]
        mu[m] = total


@lean_kernel
def update_model(x: Floats, p: Floats, zx: float, zy: float, rxx: float, rxy: float, ryy: float, lag_s: float) -> float:
    """Update one model in place by a position that was true ``lag_s`` after the state's time; return log-likelihood.

    The measurement matrix is [I, lag I], so plots of one revolution keep their own times although the
    state has one. Joseph's form is not needed: the gain is exact and the covariance is re-symmetrised
    by construction (ten numbers).
    """
    t = lag_s
    g0, g1 = p[0] + t * p[3], p[1] + t * p[4]
    g2, g3 = p[1] + t * p[5], p[2] + t * p[6]
    g4, g5 = p[3] + t * p[7], p[5] + t * p[8]
    g6, g7 = p[4] + t * p[8], p[6] + t * p[9]
    sxx = g0 + t * g4 + rxx
    sxy = g1 + t * g5 + rxy
    syy = g3 + t * g7 + ryy
    det = sxx * syy - sxy * sxy
    nx, ny = zx - x[0] - t * x[2], zy - x[1] - t * x[3]
    ixx, ixy, iyy = syy / det, -sxy / det, sxx / det
    # gain K = P H' S^-1, rows x, y, vx, vy
    kx0, kx1 = g0 * ixx + g1 * ixy, g0 * ixy + g1 * iyy
    ky0, ky1 = g2 * ixx + g3 * ixy, g2 * ixy + g3 * iyy
    ku0, ku1 = g4 * ixx + g5 * ixy, g4 * ixy + g5 * iyy
    kv0, kv1 = g6 * ixx + g7 * ixy, g6 * ixy + g7 * iyy
    x[0] += kx0 * nx + kx1 * ny
    x[1] += ky0 * nx + ky1 * ny
    x[2] += ku0 * nx + ku1 * ny
    x[3] += kv0 * nx + kv1 * ny
    p[0] -= kx0 * g0 + kx1 * g1
    p[1] -= kx0 * g2 + kx1 * g3
    p[2] -= ky0 * g2 + ky1 * g3
    p[3] -= kx0 * g4 + kx1 * g5
    p[4] -= kx0 * g6 + kx1 * g7
    p[5] -= ky0 * g4 + ky1 * g5
    p[6] -= ky0 * g6 + ky1 * g7
    p[7] -= ku0 * g4 + ku1 * g5
    p[8] -= ku0 * g6 + ku1 * g7
    p[9] -= kv0 * g6 + kv1 * g7
    distance = nx * (ixx * nx + ixy * ny) + ny * (ixy * nx + iyy * ny)
    return float(-0.5 * (distance + math.log(det)) - 1.8378770664093453)  # log(2 pi)


@lean_kernel
def innovation(
    x: Floats, p: Floats, zx: float, zy: float, rxx: float, rxy: float, ryy: float, lag_s: float
) -> tuple[float, float]:
    """Return squared Mahalanobis distance of a position and the determinant of its covariance, without updating."""
    t = lag_s
    sxx = p[0] + t * (2.0 * p[3] + t * p[7]) + rxx
    sxy = p[1] + t * (p[4] + p[5] + t * p[8]) + rxy
    syy = p[2] + t * (2.0 * p[6] + t * p[9]) + ryy
    det = sxx * syy - sxy * sxy
    nx, ny = zx - x[0] - t * x[2], zy - x[1] - t * x[3]
    distance = (syy * nx * nx - 2.0 * sxy * nx * ny + sxx * ny * ny) / det
    return distance, det


@lean_kernel
def within(pxx: float, pxy: float, pyy: float, radius_m: float) -> float:
    """Return the probability that a centred Gaussian error lies within ``radius_m``.

    In coordinates where the Gaussian is round the radius depends on the direction only, so the
    integral is one average over angle of ``1 - exp(-col.R^2 / 2)``; 16 midpoints of a quadrant give it
    to 1e-3 for axis ratios up to 20.
    """
    half, root = 0.5 * (pxx + pyy), math.sqrt(0.25 * (pxx - pyy) ** 2 + pxy * pxy)
    major, minor = half + root, max(half - root, 0.0)
    if radius_m * radius_m > 18.0 * major:
        return 1.0
    total = 0.0
    for k in range(16):
        c = COS_16[k]
        spread = major * c * c + minor * (1.0 - c * c)
        total += 1.0 - math.exp(-0.5 * radius_m * radius_m / spread)
    return float(total / 16.0)


def full(p: Floats) -> Floats:
    """Return the 4x4 matrices of packed covariances (..., 10).

    >>> float(full(np.arange(10.0))[0, 3])
    4.0
    """
    out = np.empty((*p.shape[:-1], 4, 4))
    for k in range(10):
        out[..., IA[k], IB[k]] = out[..., IB[k], IA[k]] = p[..., k]
    return out


def transition(dt_s: float, omega: float) -> Floats:
    """Return the 4x4 transition matrix of one model, by the matrix exponential of its generator."""
    from scipy.linalg import expm

    generator = np.zeros((4, 4))
    generator[0, 2] = generator[1, 3] = 1.0
    generator[2, 3], generator[3, 2] = -omega, omega
    return np.asarray(expm(generator * dt_s), np.float64)


def imm_step_ref(
    x: Floats, p: Floats, mu: Floats, dt_s: float, omega: Floats, q: Floats, stationary: Floats, jump_rate: float
) -> tuple[Floats, Floats, Floats]:
    """Mix and predict in matrix form with the full M x M transition matrix: the twin of mix and predict_model.

    ``p`` is (M, 4, 4). The noise is that of constant velocity whatever the turn rate.
    """
    stay = np.exp(-jump_rate * dt_s)
    jump = stay * np.eye(len(mu)) + (1.0 - stay) * stationary[None, :]
    predicted = mu @ jump
    weight = jump * mu[:, None] / predicted[None, :]
    mixed = weight.T @ x
    off = x[:, None, :] - mixed[None, :, :]
    cov = np.einsum("ij,iab->jab", weight, p) + np.einsum("ij,ija,ijb->jab", weight, off, off)
    noise = np.kron([[dt_s**3 / 3, dt_s**2 / 2], [dt_s**2 / 2, dt_s]], np.eye(2))
    f = np.stack([transition(dt_s, w) for w in omega])
    return (
        np.einsum("mab,mb->ma", f, mixed),
        np.einsum("mab,mbc,mdc->mad", f, cov, f) + q[:, None, None] * noise,
        predicted,
    )
