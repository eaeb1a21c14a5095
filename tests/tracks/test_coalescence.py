"""Tracks side by side keep their own plots, and nothing else about them changes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from waman.tracks.core import columns as col
from waman.tracks.core.association.coalescence import events, events_ref, part_close_tracks
from waman.tracks.core.association.marginals import marginals, marginals_ref


def _odds(seed: int, tracks: int, plots: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.exponential(3.0, (tracks, plots)) * (rng.random((tracks, plots)) < 0.8)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), tracks=st.integers(2, 4), plots=st.integers(1, 5))
def test_events_listed_one_by_one_and_set_by_set_agree(seed: int, tracks: int, plots: int) -> None:
    odds = _odds(seed, tracks, plots)
    np.testing.assert_allclose(events(odds), events_ref(odds), atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), tracks=st.integers(2, 4), plots=st.integers(1, 5))
def test_how_likely_a_track_was_detected_and_a_plot_used_is_exact(seed: int, tracks: int, plots: int) -> None:
    odds = _odds(seed, tracks, plots)
    exact, _, _ = marginals_ref(odds, np.ones(tracks), np.ones(plots))
    np.testing.assert_allclose(events(odds).sum(axis=1), exact.sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(events(odds).sum(axis=0), exact.sum(axis=0), atol=1e-12)


def _parted(weight: np.ndarray, *, confirmed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares before and after, each with the share of no plot as last column."""
    tracks, plots = weight.shape
    tag = np.zeros((tracks, col.TAG_COLUMNS), np.int64)
    tag[:, col.CONFIRMED] = confirmed
    start, plot = np.arange(0, tracks * plots + 1, plots), np.tile(np.arange(plots), tracks)
    miss, fresh = np.full(tracks, 0.1), np.full(plots, 0.01)
    chosen, none, new = marginals(start, plot, weight.ravel(), miss, fresh, 1e-9)
    before = np.column_stack((chosen.reshape(weight.shape), none))
    part_close_tracks(tag, start, plot, weight.ravel(), miss, fresh, chosen, none, new)
    return before, np.column_stack((chosen.reshape(weight.shape), none))


def test_two_tracks_that_doubt_which_of_two_plots_is_whose_take_one_each() -> None:
    weight = np.array([[1.0, 0.8], [0.8, 1.0]])
    exact, _, _ = marginals_ref(weight, np.full(2, 0.1), np.full(2, 0.01))
    _, after = _parted(weight, confirmed=True)
    assert exact[0, 1] > 0.3  # what averaging would do
    assert after[0, 0] > 0.9 and after[1, 1] > 0.9 and after[0, 1] < 0.02
    np.testing.assert_allclose(after.sum(axis=1), 1.0, atol=1e-9)


def test_tentative_tracks_and_clusters_too_large_are_left_as_they_were() -> None:
    before, after = _parted(np.array([[1.0, 0.8], [0.8, 1.0]]), confirmed=False)
    np.testing.assert_array_equal(before, after)
    before, after = _parted(np.ones((5, 5)), confirmed=True)
    np.testing.assert_array_equal(before, after)
