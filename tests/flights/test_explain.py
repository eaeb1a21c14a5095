"""From tracks to flights: cut where they stopped, placed where they were seen, said as far as known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from flights.made import PLACES, START_US, STRIP, aerodrome_flight, flight_to_strip, track, tracks
from waman import tables
from waman.flights import Given, explain, given_of, sentence

BBOX = (-76.0, -13.0, -72.9, -10.0)
BORDER = np.array([[-73.3, -13.0], [-73.3, -9.0]])


def flat(lat_deg: np.ndarray, lon_deg: np.ndarray) -> np.ndarray:
    return np.full(np.shape(lat_deg), 300.0)


def area(**more: object) -> Given:
    return given_of(**{"bbox": BBOX, "places": PLACES, "aerodromes": False, "terrain": flat, **more})  # type: ignore[arg-type]


def rules_of(row: dict[str, object]) -> set[str]:
    return {f["rule"] for f in row["findings"]}  # type: ignore[attr-defined, union-attr]


def test_no_tracks_give_no_flights() -> None:
    assert explain(tables.empty("tracks"), area()).num_rows == 0


def test_a_flight_between_two_listed_aerodromes_is_explained_and_corroborated() -> None:
    (row,) = explain(tracks(aerodrome_flight()), area()).to_pylist()
    assert (row["origin"], row["destination"], row["landed"]) == ("SPMF", "SPAY", True)
    assert (row["verdict"], row["basis"], row["ended"]) == ("explained", "corroborated", "landed")
    assert "aerodrome.both_ends" in rules_of(row)


def test_a_stop_that_nobody_saw_whole_cuts_two_flights_with_the_time_between() -> None:
    first, second = explain(tracks(flight_to_strip()), area()).to_pylist()
    assert first["flight"] != second["flight"]
    assert first["destination"] == second["origin"] == STRIP["id"]
    assert first["landed"] is True
    assert 420.0 <= first["ground_time_s"] <= 460.0


def test_a_border_entry_and_a_stop_at_an_unlisted_strip_are_unexplained_and_want_eight_checks() -> None:
    given = area(borders=[BORDER])
    rows = explain(tracks(flight_to_strip(icao24=None, callsign=None)), given).to_pylist()
    assert [r["verdict"] for r in rows] == ["unexplained", "unexplained"]
    assert len(rows[0]["checks"]) == 8 and not any(c["done"] for c in rows[0]["checks"])


def test_the_same_flight_still_in_the_air_is_not_called_unexplained() -> None:
    given = area(borders=[BORDER], live=True)
    rows = explain(tracks(flight_to_strip(icao24=None, callsign=None)), given).to_pylist()
    assert {r["verdict"] for r in rows} == {"insufficient"}


def test_the_stop_without_the_border_is_insufficient() -> None:
    rows = explain(tracks(flight_to_strip(icao24=None, callsign=None)), area()).to_pylist()
    assert {r["verdict"] for r in rows} == {"insufficient"}


def test_a_pass_over_a_strip_that_only_a_primary_radar_saw_is_never_landed() -> None:
    over = track([(0.0, -11.6, -73.2, 500.0), (2000.0, -11.6, -74.8, 500.0)], icao24=None, callsign=None)
    over["altitude_msl_m"] = np.full(len(over["time"]), np.nan)
    for hidden in (over, {k: v[:230] for k, v in over.items()}):
        (row,) = explain(tracks(hidden), area()).to_pylist()
        assert row["landed"] is not True and "stop.unlisted" not in rules_of(row)


def test_a_pass_behind_a_ridge_at_constant_height_is_not_a_stop() -> None:
    level = track([(0.0, -11.6, -73.2, 420.0), (2000.0, -11.6, -74.8, 420.0)], hidden=[(900.0, 1100.0)])
    (row,) = explain(tracks(level), area()).to_pylist()
    assert "stop.unlisted" not in rules_of(row)


def test_a_flight_that_vanishes_says_where_it_was_last_seen_and_that_landing_was_not_observed() -> None:
    part = track([(0.0, -11.2, -74.5, 1500.0), (1200.0, -11.8, -74.3, 1500.0)])
    later = track([(0.0, -12.5, -74.5, 1500.0), (4000.0, -12.0, -74.3, 1500.0)], number=2, icao24="e80002")
    row = explain(tracks(part, later), area()).to_pylist()[0]
    assert row["landed"] is None and row["destination"] is None
    text = next(f["text"] for f in row["findings"] if f["rule"] == "end.not_observed")
    assert "Last seen" in text and "landing not observed" in text


def test_a_flight_out_of_the_area_left_it_and_did_not_land() -> None:
    east = track([(0.0, -11.2, -73.9, 1500.0), (1400.0, -11.2, -72.95, 1500.0)])
    late = track([(0.0, -12.5, -74.5, 1500.0), (4000.0, -12.0, -74.3, 1500.0)], number=2, icao24="e80002")
    row = explain(tracks(east, late), area()).to_pylist()[0]
    assert (row["ended"], row["landed"]) == ("left_area", False)


def test_a_fall_close_to_the_ground_is_a_matter_for_search_and_rescue_first() -> None:
    fall = track([(0.0, -11.5, -74.2, 2000.0), (600.0, -11.7, -74.2, 2000.0), (680.0, -11.72, -74.2, 400.0)])
    late = track([(0.0, -12.5, -74.5, 1500.0), (4000.0, -12.0, -74.3, 1500.0)], number=2, icao24="e80002")
    row = explain(tracks(fall, late), area()).to_pylist()[0]
    assert row["ended"] == "possible_impact"
    assert any(f["text"].startswith("Search and rescue first") for f in row["findings"])


def test_a_high_flight_names_no_place() -> None:
    high = track([(0.0, -11.0, -74.5, 10_500.0), (1000.0, -11.0, -73.5, 10_500.0)])
    (row,) = explain(tracks(high), area()).to_pylist()
    assert row["origin"] is None and row["destination"] is None


def test_one_address_in_two_places_disputes_both_and_makes_neither_unexplained() -> None:
    here = aerodrome_flight()
    there = track([(0.0, -12.8, -75.5, 1500.0), (2400.0, -12.0, -75.5, 1500.0)], number=2)
    rows = explain(tracks(here, there), area()).to_pylist()
    assert len(rows) == 2
    for row in rows:
        assert "contradiction.two_places" in rules_of(row) and row["verdict"] == "insufficient"


def test_two_tracks_of_one_address_seen_at_one_place_are_one_flight() -> None:
    twice = track([(2.0, -11.0, -74.3, 1500.0), (1402.0, -11.0, -73.65, 1500.0)], number=2)
    once = track([(0.0, -11.0, -74.3, 1500.0), (1400.0, -11.0, -73.65, 1500.0)])
    (row,) = explain(tracks(once, twice), area()).to_pylist()
    assert row["tracks"] == [1, 2]


def test_two_legs_of_one_aircraft_have_two_ids_and_the_time_on_the_ground_between() -> None:
    second = aerodrome_flight()
    second["time"] = second["time"] + 4_000_000_000
    second["lon_deg"] = -148.0 - second["lon_deg"]
    second["ve_mps"] = -second["ve_mps"]
    second["track"] = second["track"] + 1
    a, b = explain(tracks(aerodrome_flight(), second), area()).to_pylist()
    assert a["flight"] != b["flight"]
    assert (a["destination"], b["origin"], b["destination"]) == ("SPAY", "SPAY", "SPMF")
    assert 1700.0 < a["ground_time_s"] < 2000.0


def test_a_register_that_says_destroyed_disputes_the_identity() -> None:
    given = area(register=[{"icao24": "E80001", "status": "destroyed", "registration": "OB-1408", "type": "C206"}])
    (row,) = explain(tracks(aerodrome_flight()), given).to_pylist()
    assert "register.contradicted" in rules_of(row) and row["verdict"] == "insufficient"


def test_a_missing_plan_weighs_only_by_what_is_known_of_its_source() -> None:
    unknown = explain(tracks(aerodrome_flight()), area(plans=[])).to_pylist()[0]
    known = explain(tracks(aerodrome_flight()), area(plans=[], completeness=(0.6, 0.9))).to_pylist()[0]
    (nothing,) = [f for f in unknown["findings"] if f["rule"] == "plan.unknown"]
    (some,) = [f for f in known["findings"] if f["rule"] == "plan.none"]
    assert nothing["weight_db"] == 0.0
    assert some["weight_db"] < 0.0 and some["searchable"] == pytest.approx(0.6)


def test_a_plan_that_is_also_flown_is_declared_and_seen() -> None:
    plan = {"callsign": "OB1408", "origin": "SPMF", "destination": "SPAY", "off_block": "2015-10-14T05:15:00Z"}
    (row,) = explain(tracks(aerodrome_flight()), area(plans=[plan])).to_pylist()
    assert {"plan.matched", "plan.flown"} <= rules_of(row)


def test_a_plan_that_was_left_disputes_the_identity() -> None:
    plan = {"callsign": "OB1408", "origin": "SPAY", "destination": "SPMF", "off_block": "2015-10-14T05:15:00Z"}
    first = explain(tracks(flight_to_strip()), area(plans=[plan])).to_pylist()[0]
    assert "plan.left" in rules_of(first) and first["verdict"] != "explained"


def test_a_plan_that_one_leg_left_explains_no_other_leg_of_that_aircraft() -> None:
    plan = {"callsign": "OB1408", "origin": "SPAY", "destination": "SPMF", "off_block": "2015-10-14T05:15:00Z"}
    first, back = explain(tracks(flight_to_strip()), area(plans=[plan])).to_pylist()
    assert "plan.left" in rules_of(first) and "plan.left" not in rules_of(back)
    assert "plan.left_on_other_leg" in rules_of(back) and back["verdict"] != "explained"


def test_every_finding_reads_in_both_languages_from_its_values() -> None:
    table = explain(tracks(flight_to_strip(), aerodrome_flight(number=7, icao24="e80009")), area(borders=[BORDER]))
    for row in table.to_pylist():
        for finding, values in zip(row["findings"], row["values"], strict=True):
            assert sentence(finding["rule"], json.loads(values), "en") == finding["text"]
            assert sentence(finding["rule"], json.loads(values), "es") != finding["text"]


def test_no_sentence_holds_an_address_a_callsign_or_a_registration() -> None:
    for row in explain(tracks(aerodrome_flight(), flight_to_strip(number=3)), area()).to_pylist():
        text = " ".join(f["text"] for f in row["findings"]).lower() + row["flight"].lower()
        assert "e80001" not in text and "ob1408" not in text and "ob-1408" not in text


def test_the_order_of_the_rows_does_not_matter() -> None:
    whole = tracks(aerodrome_flight(), flight_to_strip(number=3, icao24="e80009"))
    order = np.random.default_rng(1).permutation(whole.num_rows)
    assert explain(whole.take(order), area()).equals(explain(whole, area()))


def test_times_are_those_of_the_rows() -> None:
    (row,) = explain(tracks(aerodrome_flight()), area()).to_pylist()
    assert START_US < row["start"].timestamp() * 1e6 < START_US + 300e6


def test_a_nameless_track_of_a_few_plots_is_no_flight() -> None:
    false = [
        track([(60.0 * i, -11.5, -74.0, 900.0), (60.0 * i + 40.0, -11.52, -74.0, 900.0)], number=i) for i in range(9)
    ]
    for part in false:
        part["icao24"] = part["callsign"] = [None] * len(part["time"])
        part["altitude_msl_m"] = np.full(len(part["time"]), np.nan)
    assert explain(tracks(*false), area()).num_rows == 0


def test_a_code_without_a_name_is_not_called_silence() -> None:
    part = aerodrome_flight(icao24=None, callsign=None)
    part["mode_3a"] = np.full(len(part["time"]), 1200, np.uint16)
    (row,) = explain(tracks(part), area()).to_pylist()
    assert "identity.code" in rules_of(row) and not rules_of(row) & {"identity.none", "identity.silent"}


def test_an_old_track_that_coasts_beside_the_new_one_is_no_contradiction() -> None:
    old = track([(0.0, -11.0, -74.4, 1500.0), (900.0, -11.0, -73.8, 1500.0)])
    old["detected"] = np.array([i < 100 for i in range(len(old["time"]))])
    new = track([(420.0, -11.05, -74.12, 1500.0), (1600.0, -11.9, -74.1, 1500.0)], number=2)
    (row,) = explain(tracks(old, new), area()).to_pylist()
    assert row["tracks"] == [1, 2] and "contradiction.two_places" not in rules_of(row)
