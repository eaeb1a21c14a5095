"""Shortest paths over a grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waman.terrain.paths import distances, distances_ref, multi_source


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 9), cols=st.integers(1, 9), neighbours=st.sampled_from([8, 16])
)
def test_every_distance_is_the_one_scipy_finds_on_the_explicit_graph(
    seed: int, rows: int, cols: int, neighbours: int
) -> None:
    rng = np.random.default_rng(seed)
    cost = rng.uniform(0.0, 3.0, (rows, cols))
    cost[rng.random((rows, cols)) < 0.2] = np.inf
    sources = np.column_stack((rng.integers(0, rows, 3), rng.integers(0, cols, 3)))
    cost[sources[:, 0], sources[:, 1]] = 1.0
    ours = distances(cost, sources, neighbours=neighbours, cell_m=90.0)
    theirs = distances_ref(cost, sources, neighbours=neighbours, cell_m=90.0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-300)


def test_a_source_set_gives_the_nearest_source_and_the_path_adds_up() -> None:
    rng = np.random.default_rng(7)
    cost = rng.uniform(0.1, 3.0, (40, 50))
    sources = np.array([[0, 0], [39, 49], [20, 3]])
    field = multi_source(cost, sources, cell_m=100.0)
    np.testing.assert_allclose(field.distance, distances(cost, sources, cell_m=100.0).min(axis=0), rtol=1e-12)
    path = field.path_to(5, 44)
    steps = np.hypot(*np.diff(path, axis=0).T) * 100.0
    along = cost[path[:, 0], path[:, 1]]
    total = float((steps * (along[1:] + along[:-1]) / 2).sum())
    assert total == pytest.approx(field.distance[5, 44], rel=1e-12)
    assert path[-1].tolist() == [5, 44] and path[0].tolist() in sources.tolist()


def test_a_wall_is_walked_around_and_a_knight_does_not_jump_it() -> None:
    cost = np.ones((7, 7))
    cost[:6, 3] = np.inf
    for neighbours in (8, 16):
        field = multi_source(cost, np.array([[0, 0]]), neighbours=neighbours)
        assert 6 in field.path_to(0, 6)[:, 0], "the only gap is in the last row"
    cost[6, 3] = np.nan
    sealed = multi_source(cost, np.array([[0, 0]]), neighbours=16)
    assert np.isinf(sealed.distance[0, 6]) and sealed.path_to(0, 6).size == 0


@pytest.mark.parametrize(("neighbours", "stretch"), [(8, 1.083), (16, 1.028)])
def test_a_straight_flight_is_lengthened_by_no_more_than_the_stated_share(neighbours: int, stretch: float) -> None:
    field = multi_source(np.ones((101, 101)), np.array([[0, 0]]), neighbours=neighbours).distance
    rows, cols = np.indices(field.shape)
    straight = np.hypot(rows, cols)
    ratio = field[straight > 0] / straight[straight > 0]
    assert ratio.min() >= 1.0 - 1e-12 and ratio.max() <= stretch


def test_what_a_source_costs_beforehand_moves_the_border_between_sources() -> None:
    even = multi_source(np.ones((1, 11)), np.array([[0, 0], [0, 10]]))
    uneven = multi_source(np.ones((1, 11)), np.array([[0, 0], [0, 10]]), initial=[4.0, 0.0])
    assert even.distance[0, 5] == 5.0 and uneven.distance[0, 4] == 6.0
