"""Stops that nobody saw whole: time left over, places ahead and in reach, borders crossed there and back, reports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flights.made import START_US, track, tracks
from waman.flights import Given, explain, given_of

EAST = np.array([[-73.3, -13.0], [-73.3, -9.0]])
FIELD = {"id": "A1", "kind": "aerodrome", "lat_deg": -10.2, "lon_deg": -75.5, "elevation_msl_m": 300.0, "listed": True}


def area(*places: dict[str, Any], **more: Any) -> Given:
    more = {"field": Off(0.4), "radar_sensors": ["hill"], **more}
    return given_of(
        bbox=(-76.0, -13.0, -72.9, -10.0),
        places=[FIELD, *places],
        borders=[EAST],
        aerodromes=False,
        terrain=lambda lat, lon: np.full(np.shape(lat), 300.0),
        **more,
    )


def into_a_valley(out_of_sight_s: float = 900.0, north_deg: float = 0.0, **more: Any) -> dict[str, Any]:
    """From the east at 70 m/s without transponder, lost at cruise, found again flying back; the strip is ahead."""
    lost, back = 1000.0, 1000.0 + out_of_sight_s
    lon = -73.0 - 1000.0 * 70.0 / (111_195.0 * np.cos(np.radians(11.6)))
    way = [(0.0, -11.6, -73.0, 800.0), (lost, -11.6, lon, 800.0)]
    home = [(back, -11.6 + north_deg, lon, 800.0), (back + 1000.0, -11.6 + north_deg, -73.0, 800.0)]
    parts = track([*way, *home], icao24=None, callsign=None, hidden=[(lost - 4.0, back + 4.0)], **more)
    parts["altitude_msl_m"] = np.full(len(parts["time"]), np.nan)
    return parts


def rules_of(rows: list[dict[str, Any]]) -> set[str]:
    return {f["rule"] for r in rows for f in r["findings"]}


def judged(given: Given, **how: Any) -> list[dict[str, Any]]:
    return list(explain(tracks(into_a_valley(**how)), given).to_pylist())


def test_lost_at_cruise_and_back_after_a_quarter_of_an_hour_is_a_stop_and_two_crossings() -> None:
    rows = judged(area())
    assert len(rows) == 2 and {"stop.hidden", "border.crossed"} <= rules_of(rows)
    assert {r["verdict"] for r in rows} == {"unexplained"}
    # the ground time told is what is left after an approach and a climb-out
    assert 300.0 < rows[0]["ground_time_s"] < 900.0 - 250.0


def test_as_long_out_of_sight_as_the_turn_takes_is_no_stop() -> None:
    rows = judged(area(), out_of_sight_s=400.0)
    assert not any(rule.startswith("stop.") for rule in rules_of(rows))


def test_it_may_go_in_by_one_valley_and_come_out_by_another() -> None:
    rows = judged(area(), out_of_sight_s=1500.0, north_deg=0.3)
    assert "stop.hidden" in rules_of(rows) and len(rows) == 2


@pytest.mark.parametrize("kind", ["village", "base"])
def test_a_settlement_ahead_and_in_reach_may_be_where_it_stopped(kind: str) -> None:
    ahead = {"id": "v", "kind": kind, "lat_deg": -11.6, "lon_deg": -73.75}
    rows = judged(area(ahead))
    assert "stop.community" in rules_of(rows)
    assert {r["verdict"] for r in rows} == {"insufficient"}


def test_a_settlement_off_its_course_or_out_of_reach_is_not() -> None:
    for lat, lon in ((-11.4, -73.7), (-11.6, -74.3)):
        rows = judged(area({"id": "v", "kind": "village", "lat_deg": lat, "lon_deg": lon}))
        assert "stop.hidden" in rules_of(rows)


def test_a_listed_aerodrome_ahead_makes_it_no_stop_at_all() -> None:
    rows = judged(area({**FIELD, "id": "A2", "lat_deg": -11.62, "lon_deg": -73.8}))
    assert not any(rule.startswith("stop.") for rule in rules_of(rows))
    assert {r["verdict"] for r in rows} == {"insufficient"}


def test_a_listed_strip_ahead_is_no_place_of_entry_for_a_flight_from_abroad() -> None:
    rows = judged(area({**FIELD, "id": "S1", "kind": "strip", "lat_deg": -11.62, "lon_deg": -73.8}))
    assert "stop.not_of_entry" in rules_of(rows)
    # and the list does not speak for it: it is the same strip
    assert "aerodrome.listed_strip" not in rules_of(rows)


def test_longer_than_loading_and_the_way_take_is_a_circumstance_only() -> None:
    rows = judged(area(), out_of_sight_s=3600.0)
    assert "stop.long" in rules_of(rows)
    assert {r["verdict"] for r in rows} == {"insufficient"}


def test_a_patrol_that_goes_a_little_over_the_border_and_back_has_not_crossed() -> None:
    deep = [(0.0, -11.6, -73.6, 800.0), (900.0, -11.6, -72.95, 800.0), (1800.0, -11.6, -73.6, 800.0)]
    slight = [(0.0, -11.6, -73.6, 800.0), (500.0, -11.6, -73.2, 800.0), (1000.0, -11.6, -73.6, 800.0)]
    for way, crossed in ((deep, True), (slight, False)):
        rows = explain(tracks(track(way, icao24=None, callsign=None)), area()).to_pylist()
        assert ("border.crossed" in rules_of(rows)) is crossed


def test_a_plan_for_the_leg_after_the_stop_speaks_for_the_leg_before() -> None:
    plan = {"callsign": "OB1", "icao24": "", "origin": "ZZZZ", "destination": "A1", "off_block": "2015-10-14T05:20:00Z"}
    named = into_a_valley()
    named["callsign"] = [None] * (len(named["time"]) // 2) + ["OB1"] * (len(named["time"]) - len(named["time"]) // 2)
    rows = explain(tracks(named), area(plans=[plan], completeness=(0.5, 0.9))).to_pylist()
    assert "border.as_planned" in rules_of(rows) and "border.crossed" not in rules_of(rows)


class Off:
    """A field that sees with one probability a scan, NaN where nobody wrote down whether the sensor was on."""

    def __init__(self, pd: float) -> None:
        self.pd = pd

    def detection_probability(self, lat_deg: Any, lon_deg: Any, height_agl_m: Any, **asked: Any) -> Any:
        return np.full(np.shape(lat_deg), self.pd)


@pytest.mark.parametrize(("pd", "rule"), [(0.4, "stop.hidden"), (0.0, "stop.unwatched"), (np.nan, "stop.unwatched")])
def test_out_of_sight_of_a_radar_that_was_off_or_may_have_been_is_no_stop(pd: float, rule: str) -> None:
    rows = judged(area(field=Off(pd), radar_sensors=["hill"]))
    found = {f["rule"]: f for r in rows for f in r["findings"]}
    assert rule in found and len(set(found) & {"stop.hidden", "stop.unwatched"}) == 1
    assert (
        found[rule]["searchable"] is None
        if np.isnan(pd)
        else found[rule]["searchable"] == pytest.approx(float(pd > 0), abs=0.01)
    )


def test_where_nobody_says_what_could_be_seen_a_gap_is_no_stop() -> None:
    rows = judged(area(field=None))
    assert "stop.unwatched" in rules_of(rows) and {r["verdict"] for r in rows} == {"insufficient"}


class Above(Off):
    """A field that sees from one height above ground upwards."""

    def __init__(self, floor_m: float) -> None:
        self.floor_m = floor_m

    def detection_probability(self, lat_deg: Any, lon_deg: Any, height_agl_m: Any, **asked: Any) -> Any:
        return np.where(np.asarray(height_agl_m) > self.floor_m, 0.4, 0.0)


@pytest.mark.parametrize("floor_m", [50.0, 200.0, 900.0])
def test_an_aircraft_of_unknown_height_was_as_high_as_it_takes_to_be_seen_where_it_was_lost(floor_m: float) -> None:
    rows = judged(area(field=Above(floor_m), radar_sensors=["hill"]))
    (found,) = [f for f in rows[0]["findings"] if f["rule"] == "stop.hidden"]
    assert found["searchable"] > 0.95


def test_lost_while_it_rolled_and_found_again_rolling_is_a_stop_but_drifting_is_not() -> None:
    east = 111_195.0 * np.cos(np.radians(11.6))
    for cruise_mps, stopped in ((70.0, True), (9.0, False)):
        lon = [-73.0 - cruise_mps * 980.0 / east]
        lon.append(lon[0] - 9.0 * 20.0 / east)
        way = [(0.0, -11.6, -73.0, 800.0), (980.0, -11.6, lon[0], 800.0), (1000.0, -11.6, lon[1], 800.0)]
        home = [(1500.0, -11.6, lon[1], 800.0), (1520.0, -11.6, lon[0], 800.0), (2500.0, -11.6, -73.0, 800.0)]
        parts = track([*way, *home], icao24=None, callsign=None, hidden=[(1000.5, 1499.5)])
        parts["altitude_msl_m"] = np.full(len(parts["time"]), np.nan)
        rows = explain(tracks(parts), area()).to_pylist()
        assert (len(rows) == 2 and "stop.hidden" in rules_of(rows)) is stopped


def report(event: str = "landed", lat: float = -11.6, lon: float = -73.66, minutes: float = 18.0, **more: Any) -> Any:
    first = np.datetime64(START_US + int(minutes * 60e6), "us")
    told = {"time_earliest": f"{first}Z", "time_latest": f"{first + np.timedelta64(5, 'm')}Z", "event": event}
    return {**told, "observer_lat": lat, "observer_lon": lon, "reliability": "B", **more}


def gone() -> dict[str, Any]:
    """The way in only: it never came out again."""
    whole = into_a_valley()
    return {k: v[:240] for k, v in whole.items()}


def test_a_landing_told_where_and_when_a_flight_went_out_of_sight_is_the_second_thing_seen() -> None:
    assert {r["verdict"] for r in explain(tracks(gone()), area()).to_pylist()} == {"insufficient"}
    (row,) = explain(tracks(gone()), area(reports=[report()])).to_pylist()
    assert "report.landing" in rules_of([row]) and row["verdict"] == "unexplained"


@pytest.mark.parametrize(
    "told",
    [
        report(minutes=80.0),
        report(lat=-11.3),
        report(reliability="F"),
        report(event="heard"),
        report(observer_lat="", observer_cell="my house"),
    ],
    ids=["another hour", "another valley", "not trusted", "only heard", "from nowhere"],
)
def test_a_report_that_does_not_fit_says_nothing(told: dict[str, Any]) -> None:
    (row,) = explain(tracks(gone()), area(reports=[told])).to_pylist()
    assert "report.landing" not in rules_of([row])


def test_a_report_that_fits_two_aircraft_speaks_for_neither() -> None:
    second = {**gone(), "track": np.full(240, 2, np.int64), "lat_deg": gone()["lat_deg"] + 0.01}
    rows = explain(tracks(gone(), second), area(reports=[report()])).to_pylist()
    assert len(rows) == 2 and "report.landing" not in rules_of(rows)


def test_a_landing_told_beside_a_settlement_is_ordinary() -> None:
    home = {"id": "v", "kind": "village", "lat_deg": -11.61, "lon_deg": -73.66}
    (row,) = explain(tracks(gone()), area(home, reports=[report()])).to_pylist()
    assert "report.landing" not in rules_of([row])


def test_a_registration_read_is_a_declaration_where_the_register_lists_it_as_valid() -> None:
    register = [{"registration": "OB-1408", "icao24": "e80001", "type": "C185", "status": "valid"}]
    for read, said in (("OB1408", True), ("OB-1403", False)):
        told = report(event="seen", registration_read=read)
        (row,) = explain(tracks(gone()), area(reports=[told], register=register)).to_pylist()
        assert ("report.read" in rules_of([row])) is said
        assert row["verdict"] == "insufficient"


def test_a_report_told_twice_counts_once_and_its_cell_is_enough() -> None:
    told = [report(observer_lat=None, observer_cell="-11.625,-73.675"), report()]
    given = area(reports=[*told, report()])
    assert len(given.reports) == 2
    (row,) = explain(tracks(gone()), area(reports=told[:1])).to_pylist()
    assert "report.landing" in rules_of([row])
