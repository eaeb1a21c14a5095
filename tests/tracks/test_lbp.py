"""Association marginals against the list of all assignments."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from waman.tracks.core.association.marginals import marginals, marginals_ref


def _sparse(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    start = np.concatenate([[0], np.cumsum((weight > 0).sum(axis=1))])
    rows, cols = np.nonzero(weight)
    return start.astype(np.int64), cols.astype(np.int64), weight[rows, cols]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), tracks=st.integers(1, 4), plots=st.integers(1, 4))
def test_marginals_are_close_to_the_exact_ones_and_add_up(seed: int, tracks: int, plots: int) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.exponential(1.0, (tracks, plots)) * (rng.random((tracks, plots)) < 0.7)
    miss, fresh = rng.uniform(0.05, 1.0, tracks), rng.uniform(0.05, 1.0, plots)
    start, plot, w = _sparse(weight)
    chosen, none, new = marginals(start, plot, w, miss, fresh, 1e-9)
    dense = np.zeros_like(weight)
    dense[np.nonzero(weight)] = chosen
    exact, exact_none, exact_new = marginals_ref(weight, miss, fresh)
    np.testing.assert_allclose(dense.sum(axis=1) + none, 1.0, atol=1e-9)
    np.testing.assert_allclose(dense.sum(axis=0) + new, 1.0, atol=1e-5)
    # loopy messages are approximate where the graph has loops (Williams and Lau 2014, figure 4)
    assert np.abs(dense - exact).max() < 0.2
    assert np.abs(none - exact_none).max() < 0.2 and np.abs(new - exact_new).max() < 0.2


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), plots=st.integers(1, 5))
def test_marginals_are_exact_where_the_graph_is_a_tree(seed: int, plots: int) -> None:
    rng = np.random.default_rng(seed)
    weight = np.zeros((2, plots))
    weight[0] = rng.exponential(1.0, plots)
    weight[1, 0] = rng.exponential(1.0)
    miss, fresh = rng.uniform(0.05, 1.0, 2), rng.uniform(0.05, 1.0, plots)
    chosen, none, new = marginals(*_sparse(weight), miss, fresh, 1e-13)
    exact, exact_none, exact_new = marginals_ref(weight, miss, fresh)
    np.testing.assert_allclose(chosen, exact[np.nonzero(weight)], rtol=1e-8)
    np.testing.assert_allclose(none, exact_none, rtol=1e-8)
    np.testing.assert_allclose(new, exact_new, rtol=1e-8)


def test_a_slow_cluster_is_the_same_alone_and_beside_clusters_long_at_rest() -> None:
    # two tracks that must share three plots agree only after dozens of rounds
    slow, rest = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]), np.array([[1.0, 0.2], [0.3, 1.0]])
    alone = marginals(*_sparse(slow), np.full(2, 1e-4), np.full(3, 1e-2), 1e-10)
    both = np.zeros((4, 5))
    both[:2, :3], both[2:, 3:] = slow, rest
    chosen, none, new = marginals(*_sparse(both), np.array([1e-4, 1e-4, 0.5, 0.5]), np.full(5, 1e-2), 1e-10)
    for got, want in zip((chosen[:6], none[:2], new[:3]), alone, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9)
    quick = marginals(*_sparse(rest), np.full(2, 0.5), np.full(2, 1e-2), 1e-10)
    for got, want in zip((chosen[6:], none[2:], new[3:]), quick, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-8)
