"""The published patterns a simulated corridor must show: each a test, with its figure in ``authorities``."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import numpy as np
import pytest

from sim.small import night
from waman.sim import Scenario, simulate
from waman.sim.balloon import LEAF_CEILING_T, course, loaded_share
from waman.sim.corridor import weather
from waman.sim.land.ground import generated
from waman.sim.land.plane import plane_of
from waman.sim.places import settle, strip_life
from waman.sim.randomness import stream
from waman.sim.seen.outages import blocks
from waman.sim.seen.tips import tips
from waman.sim.trips import hour_of

FACTS = tomllib.loads((Path(__file__).parents[2] / "authorities" / "corridor_facts.toml").read_text(encoding="utf-8"))
YEAR = 365


def _with(scenario: Scenario, table: str, **values: object) -> Scenario:
    return msgspec.structs.replace(scenario, **{table: msgspec.structs.replace(getattr(scenario, table), **values)})


def _reads(rate: float, seed: int, days: list[int]) -> list[int]:
    """Aircraft read by one radar by these days: flights x weather x uptime in blocks x detection."""
    s = _with(night(seed=seed, days=max(days), start="2015-05-10T00:00:00-05:00"), "corridor", flights_per_day=rate)
    s = _with(s, "corridor", no_go=0.25)
    s = _with(s, "outages", uptime=0.75, block_h=96.0)
    rng = stream(seed, "reads")
    flights = rng.poisson(rate, max(days)) * ~weather(s).no_go
    on = blocks(s, "radar").factor_at(86_400.0 * (np.arange(max(days)) + 0.3))
    pd = rng.uniform(0.35, 0.95)  # what that radar saw of a flight's whole path is not known
    seen = rng.binomial(flights, np.clip(pd * on, 0.0, 1.0))
    return [int(seen[:d].sum()) for d in days]


def test_the_radar_reads_of_2015_lie_in_the_band_of_a_flight_rate_scenario() -> None:
    fact = FACTS["radar_2015"]
    fits = []
    for rate in (1.3, 2.0, 4.0, 6.0, 13.0):
        found = np.array([_reads(rate, seed, fact["days"]) for seed in range(60)])
        low, high = np.quantile(found, [0.025, 0.975], axis=0)
        if np.all((low <= fact["reads"]) & (fact["reads"] <= high)):
            fits.append(rate)
    # the reads fit four or six flights a day on days that can be flown; not 1.3 or 2, and not thirteen
    assert fits == [4.0, 6.0]


def test_a_quarter_of_the_destroyed_strips_is_rebuilt_within_the_year() -> None:
    fact = FACTS["strips_2014"]
    rebuilt, destroyed = [], []
    for seed in range(4):
        s = _with(night(seed=seed, days=YEAR, sensor=()), "corridor", strips=65)
        ground = generated(s.bbox, spacing_deg=s.land.spacing_arcsec / 3600.0, seed=s.land.seed)
        words = [w for _, _, w in strip_life(s, settle(s, plane_of(ground, s.bbox))[1]).events]
        rebuilt.append(words.count("rebuilt"))
        destroyed.append(words.count("destroyed"))
    assert np.mean(destroyed) == pytest.approx(fact["destroyed"], rel=0.35)
    share = fact["destroyed"] * np.sum(rebuilt) / np.sum(destroyed)
    assert abs(share - fact["rebuilt"]) <= 10


def test_pressure_as_in_2016_lets_flights_fall_the_leaf_price_drop_and_the_road_share_rise() -> None:
    fact = FACTS["law_2016"]
    c = course(_with(night(days=2 * YEAR), "balloon", pressure=((0, 0.0175), (52, 0.12))))
    assert c.air_share[52 + 8] < 0.6 < 0.9 < c.air_share[51]  # "fell sharply within weeks"
    drop = c.leaf_price_usd[51] - c.leaf_price_usd[52 + 26]
    assert drop == pytest.approx(fact["leaf_price_before_usd"] - fact["leaf_price_after_usd"], rel=0.5)
    assert c.road_share[52 + 8] > 1.5 * c.road_share[51]


def test_after_the_stop_of_2001_flights_and_prices_come_back() -> None:
    c = course(_with(night(days=3 * YEAR), "balloon", pressure=((0, 0.0175), (52, 0.12), (104, 0.0))))
    assert c.leaf_price_usd[103] < 0.8 * c.leaf_price_usd[51] < c.leaf_price_usd[150]
    assert c.air_share[103] < 0.7 and c.air_share[150] > 0.9


def test_pressed_flights_move_outward_in_the_order_of_the_sectors() -> None:
    c = course(_with(night(days=3 * YEAR), "balloon", pressure=((0, 0.0), (26, 0.08))))
    gain = c.pull[60:].max(axis=0)
    assert c.pull[40, 0] < c.pull[20, 0]
    assert gain[1] > 1.1 and gain[2] > 1.1  # the valley loses to the foothills and the plain
    reached = [int(np.argmax(c.pull[:, k] > 1.1)) for k in (1, 2)]
    assert 26 <= reached[0] <= reached[1]


def test_more_interdiction_means_more_places_more_seizures_smaller_ones_and_a_wider_footprint() -> None:
    weak, strong = (course(_with(night(days=2 * YEAR), "balloon", pressure=((0, loss),))) for loss in (0.01, 0.10))
    assert strong.active[-1] > weak.active[-1]
    assert strong.seizures[-26:].sum() > weak.seizures[-26:].sum()
    assert strong.value_per_seizure[-1] < weak.value_per_seizure[-1]
    assert strong.footprint[-1] > weak.footprint[-1]


@pytest.mark.parametrize("rate", [1.3, 4.0, 13.0])
def test_no_run_carries_more_than_the_leaf_yields(rate: float) -> None:
    s = _with(night(days=90, sensor=(), seed=4), "corridor", flights_per_day=rate, no_go=0.1)
    s = _with(_with(s, "lawful", per_corridor_flight=0.0), "record", truth_step_s=300.0)
    tonnes = sum(t.load_kg for t in simulate(s).trips) / 1000.0
    assert 0.0 < tonnes <= LEAF_CEILING_T
    # and the ceiling is spread over the year, not spent in its first weeks
    assert tonnes <= LEAF_CEILING_T * 90 / 365 * 1.25
    assert loaded_share(s) == 1.0 or rate > 1.3


def test_arrivals_peak_in_the_morning_and_stay_minutes() -> None:
    s = _with(_with(night(days=40, sensor=(), seed=9), "lawful", per_corridor_flight=0.0), "record", truth_step_s=60.0)
    w = simulate(s)
    first = w.motion.leg_offsets[:-1]
    hours = (w.motion.leg_end_s[first] / 3600.0 + hour_of(s)) % 24.0
    low, high = FACTS["timing"]["arrival_peak_h"]
    assert 0.8 < np.mean((hours >= low - 0.2) & (hours <= high + 0.2)) < 0.97
    waits = [t.legs[0].wait_s / 60.0 for t in w.trips if len(t.legs) == 2]
    assert FACTS["timing"]["ground_time_min"][0] <= min(waits) < max(waits) <= FACTS["timing"]["ground_time_min"][1]
    assert 6.0 <= np.median(waits) <= 9.0


def test_where_nobody_leaks_sharing_changes_no_outcome() -> None:
    base = night(days=600, seed=3)
    outcomes = []
    for p in (0.0, 0.5, 1.0):
        found = tips(_with(base, "tips", share_probability=p, per_week=6.0), 0)
        outcomes.append([t.row["outcome"] for t in found])
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert len(outcomes[0]) > 300


def test_a_unit_that_leaks_shows_in_the_no_shows_of_what_it_was_told() -> None:
    s = _with(_with(night(days=900, seed=3), "units", theta={"unit-c": 0.8}), "tips", per_week=6.0)
    told, untold = [], []
    for t in tips(s, 0):
        (told if "unit-c" in t.row["shared_with"] else untold).append(t.row["outcome"] == "no_show")
    assert np.mean(told) > np.mean(untold) + 0.2


def test_randomised_is_said_only_of_the_regimes_that_are() -> None:
    for regime, flag in (("randomised", True), ("delay", True), ("confounded", False), ("withheld", False)):
        found = tips(_with(night(days=60), "tips", regime=regime, per_week=5.0), 0)
        assert {t.row["randomised"] for t in found} == {flag}
