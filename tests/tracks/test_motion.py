"""Motion kernels against the matrix form and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waman.tracks.core import motion


def _models(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(0.0, 100.0, (count, 4))
    root = rng.normal(0.0, 10.0, (count, 4, 4))
    p = np.einsum("mab,mcb->mac", root, root) + np.eye(4)
    mu = rng.dirichlet(np.ones(count))
    return x, p, mu


def _pack(p: np.ndarray) -> np.ndarray:
    return np.stack([p[..., i, j] for i, j in zip(motion.IA, motion.IB, strict=True)], axis=-1)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 4), dt_s=st.floats(0.01, 60.0))
def test_mixing_and_prediction_equal_the_matrix_form(seed: int, count: int, dt_s: float) -> None:
    x, p, mu = _models(seed, count)
    rng = np.random.default_rng(seed + 1)
    omega, q = rng.uniform(-0.06, 0.06, count) * (rng.random(count) < 0.6), rng.uniform(0.1, 30.0, count)
    stationary = rng.dirichlet(np.ones(count))
    want_x, want_p, want_mu = motion.imm_step_ref(x, p, mu, dt_s, omega, q, stationary, 0.05)
    packed = _pack(p)
    motion.mix(x, packed, mu, stationary, float(np.exp(-0.05 * dt_s)), np.empty(4), np.empty(10))
    for m in range(count):
        motion.predict_model(x[m], packed[m], dt_s, omega[m], q[m])
    np.testing.assert_allclose(mu, want_mu, rtol=1e-12)
    np.testing.assert_allclose(x, want_x, rtol=1e-9, atol=1e-7)
    np.testing.assert_allclose(motion.full(packed), want_p, rtol=1e-8, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), lag_s=st.floats(-6.0, 6.0))
def test_an_update_equals_the_textbook_kalman_form(seed: int, lag_s: float) -> None:
    x, p, _ = _models(seed, 1)
    rng = np.random.default_rng(seed)
    z, root = rng.normal(0, 200, 2), rng.normal(0, 30, (2, 2))
    r = root @ root.T + np.eye(2)
    h = np.hstack([np.eye(2), lag_s * np.eye(2)])
    s = h @ p[0] @ h.T + r
    k = p[0] @ h.T @ np.linalg.inv(s)
    nu = z - h @ x[0]
    want_x, want_p = x[0] + k @ nu, (np.eye(4) - k @ h) @ p[0]
    want_log = -0.5 * (nu @ np.linalg.solve(s, nu) + np.linalg.slogdet(2 * np.pi * s)[1])
    mean, cov = x[0].copy(), _pack(p[0])
    d2, det = motion.innovation(mean, cov, z[0], z[1], r[0, 0], r[0, 1], r[1, 1], lag_s)
    log_l = motion.update_model(mean, cov, z[0], z[1], r[0, 0], r[0, 1], r[1, 1], lag_s)
    np.testing.assert_allclose(mean, want_x, rtol=1e-7, atol=1e-6)
    np.testing.assert_allclose(motion.full(cov), want_p, rtol=1e-6, atol=1e-5)
    assert log_l == pytest.approx(want_log, rel=1e-9)
    assert -0.5 * (d2 + np.log(4 * np.pi**2 * det)) == pytest.approx(want_log, rel=1e-9)
    assert d2 == pytest.approx(nu @ np.linalg.solve(s, nu), rel=1e-9)


def test_the_share_within_a_radius_agrees_with_sampling_and_with_the_rayleigh_law() -> None:
    assert motion.within(90_000.0, 0.0, 90_000.0, 600.0) == pytest.approx(1.0 - np.exp(-2.0), abs=1e-6)
    rng = np.random.default_rng(3)
    cov = np.array([[250_000.0, 120_000.0], [120_000.0, 90_000.0]])
    sample = rng.multivariate_normal([0, 0], cov, 400_000)
    inside = float((np.hypot(*sample.T) < 1000.0).mean())
    assert motion.within(cov[0, 0], cov[0, 1], cov[1, 1], 1000.0) == pytest.approx(inside, abs=3e-3)
