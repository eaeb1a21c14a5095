"""What stands beside a plan: hidden placement, flow, balloon, what it would have meant, what a run leaves."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siting.small import instance
from waman.config import Sensor
from waman.coverage import build_field, resolve
from waman.siting.beside.balloon import FUEL_KG_PER_KM, balloon
from waman.siting.beside.hidden import hidden_plan
from waman.siting.beside.meant import Flown, meant
from waman.siting.beside.weighted import expected_plan, shares_of
from waman.siting.plan import known_routes, make_curve
from waman.siting.problem import Problem
from waman.siting.resume import Left, state_bytes, state_from
from waman.siting.solve.pool import Pool, clipped_ref
from waman.siting.solve.search import solve
from waman.siting.solve.swap import min_over_routes, min_over_routes_ref


def plans_of(problem: Problem, size: int) -> list[np.ndarray]:
    every = range(problem.candidates)
    return [np.isin(np.arange(problem.candidates), c).astype(float) for c in combinations(every, size)]


@pytest.mark.parametrize("seed", [0, 3])
def test_hidden_placement_is_worth_no_less_than_the_fixed_plan_and_lies_within_its_bounds(seed: int) -> None:
    problem = instance(seed)
    found = solve(problem, 2, seconds=10.0, gap=1e-6)
    fixed = problem.detection(found.worst, found.x)
    made = hidden_plan(problem, 2, found.x, known_routes(problem), marginals=found.marginals, seconds=8.0)
    assert made.odds.sum() == pytest.approx(1.0) and all(problem.cost @ x <= 2 for x in made.plans)
    assert made.pd_low <= made.pd_met + 1e-9 <= made.pd_upper + 2e-9
    assert made.pd_met >= fixed - 1e-6
    # no single plan beats the upper bound against its best answer
    best = max(problem.detection(problem.worst(x)[1], x) for x in plans_of(problem, 2))
    assert made.pd_upper >= best - 1e-6


def test_the_plan_for_the_flow_agrees_with_exhaustive_search() -> None:
    problem = instance(6)
    shares = shares_of(np.random.default_rng(1).random((50, problem.strips.size)))

    def worth(x: np.ndarray) -> float:
        theta = {int(r.nodes[0]): problem.value(r, x) for r in problem.best_routes(x)[1]}
        shortest = problem.distance_weight_per_km * problem.lengths_min_km
        gains = [theta[int(n)] - s for n, s in zip(problem.strips, shortest, strict=True)]
        return float(shares.mean(axis=0) @ (1 - np.exp(-np.array(gains))))

    best = max(worth(x) for x in plans_of(problem, 3))
    made = expected_plan(problem, 3, shares, seconds=10.0, gap=1e-3)
    assert made.value == pytest.approx(worth(made.x), abs=1e-9)
    assert made.value <= best + 1e-9 and made.upper >= best - 1e-6
    assert made.value >= 0.97 * best
    assert made.pd_q05 <= made.pd <= made.pd_q95 and made.pd <= made.value + 1e-9


def test_the_balloon_tells_kilometres_and_payload_and_only_coarse_cells() -> None:
    problem = instance(7)
    found = solve(problem, 3, seconds=5.0)
    made = balloon(problem, found.x, lambda cells: [[-76 + 0.05 * c, -12 + 0.05 * r] for r, c in cells])
    summary = made.summary()
    assert summary["extra_km"] > 0
    assert sum(m.share for m in made.strips) == pytest.approx(1.0)
    for m in made.strips:
        assert m.payload_lost_kg == pytest.approx(FUEL_KG_PER_KM * max(m.after_km - m.before_km, 0.0))
        assert m.after_km >= m.before_km - 1e-9
    assert all(v * 2 == round(v * 2) for cell in made.cells for v in cell)


def radar(name: str, lon: float) -> Sensor:
    return Sensor(
        id=name, kind="psr", lat_deg=-12.0, lon_deg=lon, antenna_height_m=30.0, r90_m=40_000.0, range_max_m=60_000.0,
        scan_period_s=6.0,
    )  # fmt: skip


def test_a_flight_past_a_radar_becomes_a_track_before_it_lands_and_one_far_away_does_not() -> None:
    sensors = [radar("a", -76.0)]
    field = build_field([resolve(s) for s in sensors], (), cell_m=500.0)
    minutes = np.linspace(0.0, 20.0, 41)
    near = Flown(minutes * 60, np.full(41, -12.1), -76.3 + 0.6 * minutes / 20.0, 1200.0)
    far = Flown(minutes * 60, np.full(41, -14.5), -76.3 + 0.6 * minutes / 20.0, 1200.0)
    seen = meant(field, sensors, [near, near, far], 300.0)
    assert seen.shown == 2 and seen.probability == pytest.approx(2 / 3)
    assert seen.warning_min is not None and 10.0 < seen.warning_min < 20.0
    assert seen.warning_none == pytest.approx(1 / 3)
    assert 8.0 < seen.minutes_tracked < 20.0


def test_what_a_run_leaves_is_taken_up_only_by_the_same_problem() -> None:
    problem, other = instance(2), instance(3)
    kept: list[Left] = []
    make_curve(problem, [1, 2], seconds=4.0, told=lambda _, left: kept.append(left))
    raw = state_bytes(problem, kept[-1])
    back = state_from(problem, raw)
    assert back is not None and len(back.pool) == len(kept[-1].pool)
    assert np.allclose(back.pool.weights, kept[-1].pool.weights) and back.uppers == kept[-1].uppers
    assert state_from(other, raw) is None
    assert state_from(problem, raw[: len(raw) // 2]) is None and state_from(problem, b"") is None


def test_a_search_that_is_stopped_at_once_still_has_a_plan_and_a_bound() -> None:
    problem = instance(2)
    curve = make_curve(problem, [1, 2, 3], seconds=10.0, stop=lambda: True)
    assert curve[-1].budget == 3 and curve[-1].solution.theta_upper >= curve[-1].solution.theta


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_kernels_of_the_pool_agree_with_whole_arrays(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = np.asfortranarray(rng.random((30, 8)))
    base, who = rng.random(30), np.flatnonzero(rng.random(8) < 0.6)
    x, need = rng.random(who.size), rng.random(30) - 0.2
    pool = Pool(instance(0))
    pool._fixed, pool._weights, pool.routes = base, weights, [None] * 30  # type: ignore[list-item]
    assert np.allclose(pool.clipped(base, need, who, x), clipped_ref(weights, base, need, who, x))
    exact = min_over_routes_ref(base, weights, who) if who.size else np.empty(0)
    found = min_over_routes(base, weights, who, -1.0)
    assert np.allclose(found, exact)
    floor = float(np.median(exact)) if who.size else 0.0
    rough = min_over_routes(base, weights, who, floor)
    assert np.allclose(rough[exact > floor], exact[exact > floor]) and (rough[exact <= floor] <= floor + 1e-12).all()
