"""A target is decided as exhaustive search decides it, and every row and bound on the way holds for every plan."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix

from siting.small import instance
from waman.siting.problem import Problem, Seen
from waman.siting.solve.bound import Shop
from waman.siting.solve.clipped import clipped_routes
from waman.siting.solve.decide import Decision, Gains
from waman.siting.solve.pool import Pool
from waman.siting.solve.relaxed import Relaxed
from waman.siting.solve.rows import STEPS, Cover, rounding
from waman.siting.solve.search import Search
from waman.terrain.graph import Graph

WHOLE = np.array(list(product((0.0, 1.0), repeat=7)))


@given(arrays(float, 7, elements=st.floats(0.0, 1.0)), st.sampled_from(STEPS))
@settings(max_examples=200, deadline=None)
def test_a_rounded_row_holds_for_every_whole_plan_that_keeps_the_row(a: np.ndarray, step: float) -> None:
    keep = WHOLE[WHOLE @ a >= 1.0]
    assert (keep @ rounding(a, step) >= 1.0 - 1e-9).all()


@given(arrays(float, (3, 7), elements=st.floats(0.0, 1.0)), st.sampled_from(STEPS))
@settings(max_examples=200, deadline=None)
def test_a_rounded_mean_holds_for_every_whole_plan_that_keeps_all_rows(rows: np.ndarray, step: float) -> None:
    keep = WHOLE[(WHOLE @ rows.T >= 1.0).all(axis=1)]
    assert (keep @ rounding(rows.mean(axis=0), step) >= 1.0 - 1e-9).all()


def plans_of(seed: int, types: int) -> tuple[Search, np.ndarray, np.ndarray]:
    """A search, all its affordable plans of up to three sensors, and what each is worth."""
    problem = instance(seed, candidates=8, side=10, types=types)
    search = Search(problem, 3, seconds=20.0)
    every = np.array(list(product((0.0, 1.0), repeat=8)))
    plans = np.array([x for x in every if search.affordable(x)])
    return search, plans, np.array([problem.worst(x)[0] for x in plans])


@pytest.mark.parametrize("types", [1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_rows_and_their_bound_hold_for_every_plan_that_reaches_the_target(seed: int, types: int) -> None:
    search, plans, worth = plans_of(seed, types)
    for x in plans:
        search.pool.add(search.problem.best_routes(x)[1])
    target = 0.5 * float(worth.max() + search.pool.fixed.min())
    reach = plans[worth >= target]
    cover, relaxed, rng = Cover(search.pool, target), Relaxed(search.shop), np.random.default_rng(seed)
    for taken in (np.zeros(8, bool), np.arange(8) == seed):
        rows = cover.lacking(taken, np.zeros(8), 40, -1.0)
        made = cover.rounded(taken, rng.random(8) * 0.4, rows, 20, rng)
        assert (reach @ np.vstack((rows, made)).T >= 1.0 - 1e-9).all()
        relaxed.add(np.vstack((rows, made)))
    assert len(relaxed.rows) > len(search.shop.sites)
    needed = relaxed.solve().needed
    assert needed <= float((reach @ search.problem.cost).min(initial=np.inf)) / search.budget + 1e-9


def deciding(search: Search, target: float) -> Decision:
    return Decision(
        search.pool,
        search.shop,
        target,
        Gains.none(8),
        ask=lambda x, taken, many: search.learn(x, taken, target, many),
        judge=lambda x: search.problem.worst(x)[0] if search.affordable(x) else -np.inf,
        best=lambda: -np.inf,
        stop=lambda: False,
    )


@pytest.mark.parametrize("types", [1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_a_target_is_decided_as_exhaustive_search_decides_it(seed: int, types: int) -> None:
    search, _, worth = plans_of(seed, types)
    best = float(worth.max())
    for target, verdict in ((best * 1.001, "none"), (best * 0.999, "reached"), (best * 1.5, "none")):
        decision = deciding(search, target)
        assert decision.run(10_000) == verdict


@pytest.mark.parametrize("seed", range(4))
def test_routes_past_sensors_taken_as_paid_miss_their_clipped_rows(seed: int) -> None:
    problem = instance(seed, candidates=8, side=10)
    x, taken = np.full(8, 0.4), np.arange(8) == seed
    x[taken] = 1.0
    view, target = problem.view, 2.0 * problem.worst(x)[0]
    routes = clipped_routes(problem, view, x, taken, target=target, starts=np.flatnonzero(~taken), miss=0.01)
    assert routes
    for route in routes:
        need = target - route.fixed - route.exposure[taken].sum()
        clipped = sum(min(route.exposure[i], need) * x[i] for i in range(8) if not taken[i])
        assert clipped < 0.99 * need


def two_gates() -> Problem:
    """A strip (node 0) and an exit (3): through node 1 past one sensor that sees all, through node 2 past two."""
    ends, per_step = np.array([[0, 1], [0, 2], [1, 3], [2, 3]]), np.zeros((4, 3))
    per_step[2, 0], per_step[3, 1:] = 10.0, 3.0
    return Problem(
        graph=Graph.of(4, ends), shape=(1, 2, 2), length_km=np.ones(4), kept=np.zeros(4), fixed=np.full(4, 1e-3),
        seen=Seen.of(csr_matrix(per_step)), pd=np.zeros((3, 4), np.float32), cost=np.ones(3), site=np.arange(3),
        strips=np.array([0]), exits=np.array([3]), looks_per_km=0.01, distance_weight_per_km=1e-3,
    )  # fmt: skip


def test_a_route_past_one_sensor_that_sees_all_is_found_though_another_is_cheaper() -> None:
    problem, x, none = two_gates(), np.array([0.5, 0.25, 0.25]), np.zeros(3, bool)
    assert [r.nodes.tolist() for r in problem.best_routes(x)[1]] == [[0, 2, 3]]
    found = clipped_routes(problem, problem.view, x, none, target=2.0, starts=np.array([0]), miss=0.01)
    assert [r.nodes.tolist() for r in found] == [[0, 1, 3]]


def test_a_solve_cut_short_proves_no_more_than_a_finished_one() -> None:
    problem = instance(3)
    pool, shop = Pool(problem), Shop.of(problem.cost, problem.site, 4.0)
    for x in np.eye(12):
        pool.add(problem.best_routes(x)[1])
    relaxed = Relaxed(shop)
    relaxed.add(Cover(pool, 2.0 * float(pool.fixed.max())).lacking(np.zeros(12, bool), np.zeros(12), 40, -1.0))
    relaxed.program.hurry(2)
    short = relaxed.solve(trial=True).needed
    relaxed.program.hurry(None)
    assert short <= relaxed.solve().needed + 1e-9
