"""Which plots a track may have: the spatial search finds what trying all finds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from waman.tracks.core import columns as col
from waman.tracks.core.gates import gate_all, gate_ref
from waman.tracks.core.state import Batch, Params, empty_state


@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 40), st.sampled_from([3e3, 3e4, 2e5]))
def test_the_grid_search_finds_every_pair_that_trying_all_finds(
    seed: int, plots: int, tracks: int, side_m: float
) -> None:
    rng = np.random.default_rng(seed)
    par = Params()._replace(gate=16.0)
    state = empty_state(par, capacity=tracks)
    state.counters[0] = tracks
    state.x[:, 0, :2] = rng.uniform(-side_m / 2, side_m / 2, (tracks, 2))
    root = rng.normal(0, 300, (tracks, 2, 2))
    cov = root @ root.transpose(0, 2, 1) + 100.0 * np.eye(2)
    state.p[:, 0, 0], state.p[:, 0, 1], state.p[:, 0, 2] = cov[:, 0, 0], cov[:, 0, 1], cov[:, 1, 1]
    state.tag[:, col.MODES], state.tag[:, col.HITS] = 1, 2
    state.tag[:, [col.ICAO, col.M3A]] = -1
    f, i = np.full((plots, col.PLOT_FLOATS), np.nan), np.full((plots, col.PLOT_INTS), -1, np.int64)
    f[:, col.P_T], f[:, col.P_X : col.P_Y + 1] = 0.0, rng.uniform(-side_m / 2, side_m / 2, (plots, 2))
    f[:, col.P_RXX], f[:, col.P_RXY], f[:, col.P_RYY] = 3600.0, 0.0, 3600.0
    one = np.zeros(1)
    batch = Batch(f, i, np.array([0, plots]), one, np.zeros(1, np.int64), one, one)
    start, plot, _, _ = gate_all(state, batch, 0, plots, 0.0, par)
    found = {(t, int(j)) for t in range(tracks) for j in plot[start[t] : start[t + 1]]}
    noise = np.tile(3600.0 * np.eye(2), (plots, 1, 1))
    assert found == gate_ref(state.x[:, 0], state.p[:, 0], f[:, col.P_X : col.P_Y + 1], noise, 16.0)
