"""The siting plan is what it says: its value is the adversary's best answer, its bound holds."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from siting.small import instance, scene
from waman.errors import InputError
from waman.siting.beside.baselines import Demand, greedy_known, known_demand, mclp
from waman.siting.place.network import Adversary, problem_on_grid
from waman.siting.plan import check_problem, known_routes, make_curve, plan_json, promised
from waman.siting.problem import PD_MAX
from waman.siting.solve.search import Search, solve


def theta_of_checker(scene: dict[str, Any], x: np.ndarray) -> float:
    """Theta by the checker's own edge list, own field evaluation and SciPy's Dijkstra."""
    pd, closed, can = scene["pd"], scene["closed"], scene["adversary"]
    side = closed.shape[0]
    heads, tails, weights = [], [], []
    for r in range(side):
        for c in range(side):
            for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
                r2, c2 = r + dr, c + dc
                if not (0 <= r2 < side and 0 <= c2 < side) or closed[r, c] or closed[r2, c2]:
                    continue
                length = float(np.hypot(dr, dc)) * scene["cell_km"]
                miss = np.prod((1 - np.minimum(0.5 * (pd[:, r, c].astype(float) + pd[:, r2, c2]), PD_MAX)) ** x)
                heads.append(r * side + c)
                tails.append(r2 * side + c2)
                weights.append(length * (can.looks_per_km * -np.log(miss) + can.distance_weight_per_km))
    graph = coo_matrix((weights, (heads, tails)), shape=(side * side, side * side)).tocsr()
    reach = dijkstra(graph, directed=False, indices=scene["strips"] @ [side, 1])
    return float(reach[:, scene["exits"] @ [side, 1]].min())


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_exposure_of_steps_equals_the_product_of_misses(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pd = rng.random((3, 4, 5)).astype(np.float32)
    can = Adversary(looks_per_km=0.7, distance_weight_per_km=0.0)
    corner = np.array([[0, 0]])
    problem = problem_on_grid(
        pd=pd, kept=pd[:0], cost=np.ones(3), site=np.arange(3), strips=corner, exits=corner, cell_km=2.0, adversary=can
    )
    x = rng.random(3)
    by_hand = []
    for a, b in problem.graph.ends:
        mean = 0.5 * (pd.reshape(3, -1)[:, a].astype(float) + pd.reshape(3, -1)[:, b])
        (ra, ca), (rb, cb) = divmod(int(a), 5), divmod(int(b), 5)
        looks = 2.0 * np.hypot(ra - rb, ca - cb) * 0.7
        by_hand.append(-np.log(np.prod((1 - np.minimum(mean, PD_MAX)) ** (x * looks))))
    assert np.allclose(problem.step_costs(x), by_hand, rtol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_a_plan_is_worth_what_an_independent_checker_says(seed: int) -> None:
    problem = instance(seed)
    found = solve(problem, 3, seconds=10.0, gap=1e-6)
    assert found.theta == pytest.approx(theta_of_checker(scene(seed), found.x), abs=1e-6)
    assert problem.value(found.worst, found.x) == pytest.approx(found.theta, abs=1e-9)


def check_against_exhaustive_search(seed: int, candidates: int, side: int) -> None:
    problem = instance(seed, candidates=candidates, side=side)
    best = max(
        problem.worst(np.isin(np.arange(candidates), chosen).astype(float))[0]
        for size in range(3)
        for chosen in combinations(range(candidates), size + 1)
    )
    found = solve(problem, 3, seconds=20.0, gap=1e-6)
    assert found.theta == pytest.approx(best, rel=1e-5)
    assert found.theta_upper >= best - 1e-6
    assert found.theta_upper <= best * (1 + 1e-5) + 1e-6


@pytest.mark.parametrize("seed", range(6))
def test_the_bound_agrees_with_exhaustive_search(seed: int) -> None:
    check_against_exhaustive_search(seed, candidates=8, side=10)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 150))
def test_the_bound_agrees_with_exhaustive_search_of_twelve_candidates(seed: int) -> None:
    check_against_exhaustive_search(seed, candidates=12, side=12)


def test_sensor_types_of_one_site_exclude_each_other_and_costs_count() -> None:
    problem = instance(5, candidates=12, types=2)
    found = solve(problem, 4, seconds=10.0)
    chosen = np.array(found.chosen)
    assert problem.cost[chosen].sum() <= 4 and np.unique(problem.site[chosen]).size == chosen.size


def test_a_larger_budget_never_sees_less_and_no_baseline_beats_the_bound() -> None:
    problem = instance(7)
    curve = make_curve(problem, [1, 2, 3, 4], seconds=12.0, gap=1e-3)
    values = [p.solution.theta for p in curve]
    assert all(b >= a - 1e-9 for a, b in pairwise(values))
    for p in curve:
        for beside in p.baselines.values():
            assert beside.worst_pd <= p.upper_bound + 1e-9


def test_flights_along_the_worst_route_are_seen_as_often_as_promised() -> None:
    given, problem = scene(3), instance(3)
    found = solve(problem, 4, seconds=10.0)
    cells = problem.cells(found.worst)
    lengths = np.hypot(*np.abs(np.diff(cells, axis=0)).T) * given["cell_km"]
    rng = np.random.default_rng(1)
    missed = np.ones(20_000, bool)
    for layer in given["pd"][found.x > 0.5]:
        at = layer[cells[:, 0], cells[:, 1]].astype(float)
        mean = np.minimum(0.5 * (at[1:] + at[:-1]), PD_MAX)
        # a step of l km is l x looks_per_km independent looks
        missed &= rng.random(missed.size) < np.prod((1 - mean) ** (lengths * problem.looks_per_km))
    seen = 1.0 - missed.mean()
    promised_pd = problem.detection(found.worst, found.x)
    assert abs(seen - promised_pd) < 4 * np.sqrt(promised_pd * (1 - promised_pd) / missed.size) + 1e-9


def test_plans_for_known_routes_promise_more_than_they_keep() -> None:
    kept, said = [], []
    for seed in range(6):
        problem = instance(seed, side=20, candidates=16)
        routes = known_routes(problem)
        for x in (
            mclp(problem, 2, known_demand(problem, routes)),
            greedy_known(problem, 2, routes),
            mclp(problem, 2, Demand.of(problem)),
        ):
            kept.append(problem.detection(problem.worst(x)[1], x))
            said.append(promised(problem, routes, x))
    assert all(k <= s + 1e-9 for k, s in zip(kept, said, strict=True)) and np.mean(kept) < np.mean(said)


def test_misses_that_go_together_never_raise_detection() -> None:
    for seed in range(5):
        problem = instance(seed)
        x = np.zeros(12)
        x[:4] = 1.0
        _, route = problem.worst(x)
        assert problem.detection_block(route, x) <= problem.detection(route, x) + 1e-9


def test_plan_json_carries_the_contract() -> None:
    problem = instance(2)
    names = [f"c{i}" for i in range(12)]
    curve = make_curve(problem, [1, 2], seconds=6.0)
    made = plan_json(problem, names, curve, lambda cells: cells[:, ::-1].tolist())
    assert set(made) >= {
        "chosen", "cost", "theta", "theta_upper", "gap", "worst_pd", "upper_bound", "promised_pd", "worst_pd_block",
        "routes", "curve",
    }  # fmt: skip
    assert made["gap"] == pytest.approx((made["theta_upper"] - made["theta"]) / made["theta"])
    assert 0 <= made["worst_pd"] <= made["upper_bound"] + 1e-9


def test_a_budget_that_buys_nothing_is_a_sentence() -> None:
    with pytest.raises(InputError, match=r"budget 0\.5 buys nothing: the cheapest candidate 'c0' costs 1"):
        check_problem(instance(0), 0.5, [f"c{i}" for i in range(12)])


def check_sentence(match: str, **changed: Any) -> None:
    problem = problem_on_grid(**{**scene(0), **changed})
    with pytest.raises(InputError, match=match):
        check_problem(problem, 3, [f"c{i}" for i in range(12)])


def test_strips_without_a_way_out_are_a_sentence() -> None:
    shut = np.zeros((16, 16), bool)
    shut[:, 12] = True
    check_sentence("no strip can reach an exit.*all are shut in", closed=shut)


def test_a_strip_on_an_island_of_one_cell_is_a_sentence() -> None:
    shut = np.zeros((16, 16), bool)
    shut[2:5, 2:5] = True
    shut[3, 3] = False
    check_sentence("1 of 1 strips are islands of a single cell", closed=shut, strips=np.array([[3, 3]]))


def test_an_area_of_one_cell_is_a_sentence() -> None:
    one = np.array([[0, 0]])
    check_sentence(
        "a single cell", pd=np.ones((12, 1, 1), np.float32), kept=np.zeros((0, 1, 1), np.float32), strips=one,
        exits=one, closed=None,
    )  # fmt: skip


def test_a_strip_on_an_exit_is_a_sentence() -> None:
    check_sentence("a strip lies on an exit", strips=np.array([[4, 15]]), closed=None)


def test_candidates_that_see_nothing_are_a_sentence() -> None:
    check_sentence("no candidate sees the flight height", pd=np.zeros((12, 16, 16), np.float32))


def test_candidates_beside_every_route_are_a_sentence() -> None:
    pd = np.zeros((12, 16, 16), np.float32)
    pd[:, :3, :3] = 0.9
    check_sentence("no candidate sees any route", pd=pd, strips=np.array([[14, 2]]), closed=None)


def test_fuel_too_short_for_every_exit_is_a_sentence() -> None:
    check_sentence("within range_max_km = 20", adversary=Adversary(range_max_km=20.0), closed=None)


def test_a_search_that_is_stopped_before_it_began_still_has_a_plan_and_a_bound() -> None:
    problem = instance(1)
    stopped = Search(problem, 3, seconds=600.0, stop=lambda: True).run()
    best = solve(problem, 3, seconds=10.0, gap=1e-6)
    assert stopped.finished == "stopped" and 1 <= len(stopped.chosen) <= 3
    assert 0.0 < stopped.theta <= best.theta + 1e-9 and stopped.theta_upper >= best.theta - 1e-9
    assert stopped.theta == pytest.approx(theta_of_checker(scene(1), stopped.x), abs=1e-6)


@pytest.mark.parametrize("after", [5, 20, 60])
def test_a_search_stopped_anywhere_tells_a_true_bound(after: int) -> None:
    problem = instance(2, side=14)
    asked = iter(range(10_000))
    stopped = Search(problem, 3, seconds=600.0, gap=0.0, stop=lambda: next(asked) >= after).run()
    best = solve(problem, 3, seconds=10.0, gap=1e-6)
    assert stopped.theta <= best.theta + 1e-6 <= stopped.theta_upper + 2e-5
