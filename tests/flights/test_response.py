"""Who can be there: usually nobody, and then it says so; who keeps away is told to."""

from __future__ import annotations

import numpy as np
import pytest

from waman.config import Team
from waman.flights.ahead.intent import Whither
from waman.flights.ahead.response import LAWFUL, NOBODY, OBSERVE, Destination, response

PLACES = [Destination("a", -12.0, -75.0), Destination("b", -12.5, -75.0, armed_guards_likely=True)]


def answer(*probability: float, minutes: float = 30.0) -> Whither:
    n = len(probability) - 1
    half = np.full(n, 60.0 * minutes)
    flat = np.zeros(n)
    level, even = np.full(n + 1, 0.9), np.full(n, 1 / n)
    return Whither(("a", "b")[:n], np.array(probability), half * 0.9, half * 1.1, flat, flat, even, 0.5, 0.5, level)


def team(**more: object) -> Team:
    base = {"id": "base-1", "lat_deg": -12.0, "lon_deg": -75.1, "speed_kmh": 60.0, "ready_min": 5.0}
    return Team(**{**base, **more})  # type: ignore[arg-type]


def test_a_team_beside_the_strip_reaches_it_and_says_whom_asking_would_tell() -> None:
    found = response(answer(0.9, 0.05, 0.05), PLACES, [team(transport_unit="air-group-1")], lawful=0.0)
    (reach,) = found.teams
    assert reach.reach > 0.8 and reach.by_place[0][0] == "a"
    assert reach.tells == "air-group-1" and "base-1" in found.sentence


def test_far_away_nobody_can_arrive_and_a_place_to_wait_is_named() -> None:
    found = response(answer(0.7, 0.2, 0.1), PLACES, [team(lat_deg=-9.0)], lawful=0.0)
    assert found.teams == () and found.sentence == NOBODY
    assert found.wait_at == ("a", pytest.approx(0.7))


def test_nothing_is_proposed_while_a_lawful_explanation_is_likelier_than_not() -> None:
    found = response(answer(0.9, 0.05, 0.05), PLACES, [team()], lawful=0.6)
    assert found.teams == () and found.sentence == LAWFUL


def test_rangers_are_told_to_observe_and_so_is_anybody_where_guards_are_likely() -> None:
    ranger = response(
        answer(0.9, 0.05, 0.05), [PLACES[0], Destination("b", -12.5, -75.0)], [team(observe_only=True)], lawful=0
    )
    assert ranger.teams[0].advice == OBSERVE
    guards = response(answer(0.05, 0.9, 0.05, minutes=90), PLACES, [team(lat_deg=-12.5)], lawful=0.0)
    assert guards.teams[0].advice == OBSERVE


def test_more_time_and_a_faster_team_never_lower_the_reach() -> None:
    slow = response(answer(0.6, 0.3, 0.1, minutes=60), PLACES, [team(ready_min=10)], lawful=0.0).teams
    fast = response(answer(0.6, 0.3, 0.1, minutes=60), PLACES, [team(ready_min=10, speed_kmh=200)], lawful=0.0).teams
    assert fast[0].reach >= (slow[0].reach if slow else 0.0)


def test_the_reach_is_the_share_of_draws_against_a_closed_form() -> None:
    """A team that needs no time to get ready and stands on the place always is there."""
    on_it = team(lat_deg=-12.0, lon_deg=-75.0, ready_min=0.0)
    found = response(answer(0.8, 0.1, 0.1), [PLACES[0], Destination("b", 10.0, 0.0)], [on_it], lawful=0.0)
    assert found.teams[0].reach == pytest.approx(0.8)
