"""Where it is going: ground first, course later, always a distribution, never one arrow."""

from __future__ import annotations

import numpy as np
import pytest

from waman.flights.ahead.intent import (
    EDGE,
    FEATURES,
    KNOTS,
    KNOWN,
    STRIP,
    Habit,
    Land,
    edge_points,
    features,
    land_of,
    usage_of,
    weights_at,
    whither,
)
from waman.geo.frames import Frame

FRAME = Frame(lat0_deg=-12.0, lon0_deg=-75.0)
PLACES = [("west", 15e3, 75e3), ("south", 75e3, 15e3), ("far", 20e3, 130e3)]


def flat(places: list[tuple[str, float, float]] = PLACES) -> Land:
    return land_of(np.zeros((100, 100)), frame=FRAME, east0_m=0.0, north0_m=0.0, places=places)


def straight(
    start: tuple[float, float], end: tuple[float, float], share: float, speed: float = 70.0
) -> dict[str, np.ndarray]:
    way = np.hypot(end[0] - start[0], end[1] - start[1])
    t = np.arange(0.0, share * way / speed, 10.0)
    f = t * speed / way
    return {"east_m": start[0] + f * (end[0] - start[0]), "north_m": start[1] + f * (end[1] - start[1]), "time_s": t}


def test_the_probabilities_sum_to_one_and_elsewhere_is_always_among_them() -> None:
    answer = whither(flat(), **straight((140e3, 75e3), (15e3, 75e3), 0.5), usage=usage_of([0, 0, 0]))
    assert answer.probability.sum() == pytest.approx(1.0)
    assert answer.probability[-1] >= 0.02 - 1e-12


@pytest.mark.parametrize("share", [0.5, 0.75, 0.9])
def test_a_straight_flight_over_flat_ground_is_told_apart(share: float) -> None:
    answer = whither(flat(), **straight((140e3, 75e3), (15e3, 75e3), share), usage=usage_of([0, 0, 0]))
    assert answer.likeliest(0.5)[0] == "west"
    assert np.argmin(answer.cost_excess) == 0


def test_habit_decides_where_the_track_says_nothing() -> None:
    land = flat([("a", 15e3, 90e3), ("b", 15e3, 60e3)])
    track = straight((140e3, 75e3), (15e3, 75e3), 0.2)
    even = whither(land, **track, usage=usage_of([0.0, 0.0])).probability
    used = whither(land, **track, usage=usage_of([20.0, 0.0])).probability
    assert even[0] == pytest.approx(even[1], rel=0.05)
    assert used[0] > 3.0 * used[1]


def test_a_mountain_on_the_way_makes_the_way_round_it_cheap() -> None:
    ground = np.zeros((100, 100))
    ground[40:60, 30:40] = 5000.0
    land = land_of(ground, frame=FRAME, east0_m=0.0, north0_m=0.0, places=PLACES)
    row, col = 50, 80
    assert land.to_place[0, row, col] > flat().to_place[0, row, col] * 1.02
    assert np.isfinite(land.to_place).all()


def test_the_window_of_arrival_holds_a_flight_at_constant_speed() -> None:
    track = straight((140e3, 75e3), (15e3, 75e3), 0.5)
    answer = whither(flat(), **track, usage=usage_of([0, 0, 0]))
    left = (track["east_m"][-1] - 15e3) / 70.0
    assert answer.arrive_low_s[0] < left < answer.arrive_high_s[0]


def test_the_set_is_the_smallest_that_holds_its_share() -> None:
    answer = whither(flat(), **straight((140e3, 75e3), (15e3, 75e3), 0.4), usage=usage_of([1, 2, 3]))
    for share in (0.5, 0.8, 0.99):
        names = answer.likeliest(share)
        held = dict(zip((*answer.ids, "elsewhere"), answer.probability, strict=True))
        assert sum(held[n] for n in names) >= share - 1e-9
        assert sum(held[n] for n in names[:-1]) < share


def test_time_left_is_that_of_the_way_and_not_of_the_ground_it_avoids() -> None:
    ground = np.zeros((100, 100))
    ground[:, 20:60] = 5000.0
    high = land_of(ground, frame=FRAME, east0_m=0.0, north0_m=0.0, places=PLACES)
    track = straight((140e3, 75e3), (15e3, 75e3), 0.3)
    over, level = (whither(land, **track, usage=usage_of([0, 0, 0])) for land in (high, flat()))
    assert over.arrive_low_s == pytest.approx(level.arrive_low_s)
    assert high.to_place[0, 50, 93] > 1.5 * flat().to_place[0, 50, 93]


@pytest.mark.parametrize("north_m", [62.5e3, 66e3, 72e3])
def test_a_flight_crosses_the_edge_where_its_course_leads_not_at_the_point_that_stands_for_it(north_m: float) -> None:
    edge = edge_points(east0_m=0.0, north0_m=0.0, width_m=150e3, height_m=150e3)
    places = [("here", 40e3, 40e3), *edge]
    kind = [KNOWN] + [EDGE] * len(edge)
    land = land_of(np.zeros((100, 100)), frame=FRAME, east0_m=0.0, north0_m=0.0, places=places, kind=kind)
    track = straight((140e3, north_m), (0.0, north_m), 0.93)
    answer = whither(land, **track, usage=usage_of([0.0] * len(places)))
    at = land.ids.index("exit-W3")
    left = float(track["east_m"][-1]) / 70.0
    assert answer.arrive_low_s[at] < left < answer.arrive_high_s[at]
    assert answer.arrive_high_s[at] < 2.0 * left


def test_each_kind_of_place_has_its_own_level_and_the_likeliest_is_always_in_the_set() -> None:
    kind = [STRIP, KNOWN, KNOWN]
    land = land_of(np.zeros((100, 100)), frame=FRAME, east0_m=0.0, north0_m=0.0, places=PLACES, kind=kind)
    answer = whither(land, **straight((140e3, 75e3), (15e3, 75e3), 0.4), usage=usage_of([1, 2, 3]))
    names, order = answer.likeliest(), np.argsort(-answer.probability)
    assert names[0] == (*land.ids, "elsewhere")[order[0]]
    for n, i in enumerate(order[1:], start=1):
        before = answer.probability[order[:n]].sum()
        assert ((*land.ids, "elsewhere")[i] in names) == (before < answer.levels[i])
    assert answer.levels[1] == answer.levels[2] != answer.levels[0]


def test_turning_the_world_by_a_right_angle_changes_nothing() -> None:
    rng = np.random.default_rng(4)
    ground = rng.uniform(0.0, 4000.0, (100, 100))
    land = land_of(ground, frame=FRAME, east0_m=0.0, north0_m=0.0, places=PLACES)
    turned = land_of(ground.T.copy(), frame=FRAME, east0_m=0.0, north0_m=0.0, places=[(n, y, x) for n, x, y in PLACES])
    track = straight((140e3, 70e3), (15e3, 75e3), 0.6)
    mirror = {"east_m": track["north_m"], "north_m": track["east_m"], "time_s": track["time_s"]}
    a = whither(land, **track, usage=usage_of([1, 2, 3])).probability
    b = whither(turned, **mirror, usage=usage_of([1, 2, 3])).probability
    assert a == pytest.approx(b, abs=1e-6)


def test_weights_are_interpolated_between_the_knots_and_no_feature_speaks_against_itself() -> None:
    table = Habit().silent.weights
    assert np.asarray(table).shape == (len(KNOTS), len(FEATURES))
    assert (np.asarray(table) >= 0.0).all()
    middle = weights_at(table, 0.5 * (KNOTS[0] + KNOTS[1]))
    assert middle == pytest.approx(0.5 * (np.asarray(table[0]) + np.asarray(table[1])))


def test_every_feature_is_finite_for_a_track_of_two_rows_that_does_not_move() -> None:
    still = {"east_m": np.array([5e4, 5e4]), "north_m": np.array([5e4, 5e4]), "time_s": np.array([0.0, 10.0])}
    seen, progress, _, _ = features(flat(), **still, usage=usage_of([0, 0, 0]))
    assert np.isfinite(seen).all() and 0.0 <= progress <= 1.0
