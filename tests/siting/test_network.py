"""What the adversary can do changes his routes as it should, and coarse views only ever cost him more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from siting.small import instance, scene
from waman.siting.place.network import problem_on_grid
from waman.siting.solve.coarse import coarser


def changed(seed: int, **options: Any) -> Any:
    given = scene(seed)
    can = replace(given["adversary"], **{k: v for k, v in options.items() if k != "ground_m"})
    return problem_on_grid(**{**given, "adversary": can, "ground_m": options.get("ground_m")})


def test_a_second_height_never_makes_routes_more_seen() -> None:
    given = scene(1)
    low = given["pd"]
    both = np.stack((low, np.clip(low + 0.04, 0, 1) * (low > 0)), axis=1)
    kept = np.zeros((0, 2, 16, 16), np.float32)
    can = replace(given["adversary"], heights_agl_m=(200.0, 400.0))
    layered = problem_on_grid(**{**given, "pd": both, "kept": kept, "adversary": can})
    x = np.ones(12)
    assert layered.worst(x)[0] <= instance(1).worst(x)[0] + 1e-9


def test_flying_low_costs_what_the_band_says() -> None:
    free, weighted = changed(1), changed(1, band_weight_per_km=(0.01,))
    x = np.zeros(12)
    assert weighted.worst(x)[0] == pytest.approx(free.worst(x)[0] * (0.01 + 0.0005) / 0.0005, rel=1e-9)


def test_ceiling_and_slope_close_what_is_too_high_or_too_steep() -> None:
    ground = np.zeros((16, 16))
    ground[:, 8] = 3000.0
    ground[3, 8] = 500.0
    x = np.zeros(12)
    for options in ({"ceiling_msl_m": 2000.0}, {"slope_max": 0.2}):
        problem = changed(1, ground_m=ground, **options)
        rows = problem.cells(problem.worst(x)[1])
        assert {int(r) for r, c in rows if c == 8} == {3}


def test_a_route_within_range_is_no_longer_than_fuel_allows_and_theta_is_never_too_high() -> None:
    x = np.ones(12)
    free = instance(4)
    _, longest = free.worst(x)
    limit = 0.5 * (longest.length_km + free.length_min_km)
    bound = changed(4, range_max_km=limit)
    theta, routes = bound.best_routes(x)
    assert routes and all(r.length_km <= limit + 1e-9 for r in routes)
    assert free.worst(x)[0] - 1e-9 <= theta <= bound.value(routes[0], x) + 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_a_coarse_route_is_a_route_of_the_network_and_costs_no_less(seed: int) -> None:
    problem = instance(seed, side=24)
    rng = np.random.default_rng(seed)
    x = rng.random(12)
    view = coarser(problem, 3)
    assert view.graph.nodes < problem.graph.nodes
    theta, routes = problem.best_routes(x, view)
    assert routes and theta >= problem.worst(x)[0] - 1e-9
    for route in routes:
        ends = np.sort(problem.graph.ends[route.steps], axis=1)
        assert (np.sort(np.column_stack((route.nodes[:-1], route.nodes[1:])), axis=1) == ends).all()
        assert route.nodes[0] in problem.strips and route.nodes[-1] in problem.exits


def test_batches_of_routes_are_unlike_and_below_what_was_asked() -> None:
    problem = instance(2, side=24)
    x = np.full(12, 0.3)
    theta, routes = problem.many_routes(x, 1e9, 12)
    assert len({r.key for r in routes}) == len(routes) > 3
    assert min(problem.value(r, x) for r in routes) == pytest.approx(theta)
    below = theta * 1.2
    assert all(problem.value(r, x) < below for r in problem.many_routes(x, below, 12)[1])
