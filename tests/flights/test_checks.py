"""Nothing leaves as unexplained before two people have gone through the list; a doubt once written stays."""

from __future__ import annotations

import pyarrow as pa
import pytest
import shapely

from flights.made import flight_to_strip, track, tracks
from flights.test_explain import area
from waman.errors import WamanError
from waman.flights import explain
from waman.flights.checks import (
    CHECKS,
    Answer,
    answered,
    carried,
    doubts,
    may_publish_unexplained,
    not_done,
    outstanding,
)
from waman.flights.confirm import confirmed
from waman.geo.time import datetime_us


def gone_through(checks: list[dict[str, object]], by: str, *, done: bool = True) -> list[dict[str, object]]:
    for number, name in enumerate(CHECKS):
        checks = answered(checks, check=name, done=done, by=by, time_us=number, answer="asked")
    return checks


def test_one_person_is_not_enough() -> None:
    assert len(may_publish_unexplained(gone_through(outstanding(), "ana"))) == len(CHECKS)


def test_two_people_are_enough_even_where_the_answer_is_not_done() -> None:
    checks = gone_through(gone_through(outstanding(), "ana"), "luz", done=False)
    assert may_publish_unexplained(checks) == []


def test_a_doubt_stays_beside_a_later_answer() -> None:
    checks = answered(outstanding(), check="radio_tried", done=False, by="ana", time_us=1, answer="wrong frequency")
    checks = answered(checks, check="radio_tried", done=True, by="luz", time_us=2, answer="no answer")
    assert [c["answer"] for c in checks if c["check"] == "radio_tried"] == ["wrong frequency", "no answer"]
    assert "radio_tried" not in not_done(checks)


def test_an_unknown_check_and_a_nameless_person_are_refused() -> None:
    with pytest.raises(WamanError, match="no check"):
        answered(outstanding(), check="shoot", done=True, by="ana", time_us=0, answer="")
    with pytest.raises(WamanError, match="person"):
        answered(outstanding(), check="radio_tried", done=True, by=" ", time_us=0, answer="")


def test_a_doubt_without_words_is_refused() -> None:
    with pytest.raises(WamanError, match="words"):
        answered(outstanding(), check="doubt", done=False, by="ana", time_us=0, answer=" ")


def night() -> pa.Table:
    parts = [flight_to_strip(), track([(0.0, -13.0, -74.0, 2000.0), (1800.0, -12.0, -74.5, 2000.0)], number=7)]
    return explain(tracks(*parts), area())


def answer_to(flights: pa.Table, number: int, **more: object) -> Answer:
    row = flights.to_pylist()[number]
    middle = shapely.from_wkb(row["geometry"]).interpolate(0.5, normalized=True)
    at = (datetime_us(row["start"]) + datetime_us(row["end"])) // 2
    base = {"flight": row["flight"], "check": "doubt", "done": False, "by": "ana", "time_us": 5, "answer": "too slow"}
    return Answer(**{**base, "at_us": at, "lat_deg": middle.y, "lon_deg": middle.x, **more})  # type: ignore[arg-type]


def test_answers_come_back_after_a_run_that_numbered_its_flights_anew() -> None:
    flights = night()
    for number in range(flights.num_rows):
        renamed = answer_to(flights, number, flight="20151014T000000Z-999")
        found, lost = carried(flights, [renamed, renamed])
        said = [doubts(c) for c in found["checks"].to_pylist()]
        assert lost == [] and [len(d) for d in said] == [int(i == number) for i in range(flights.num_rows)]
        assert carried(found, [renamed])[0].equals(found)


def test_an_answer_whose_flight_is_gone_is_handed_back_and_not_given_to_another() -> None:
    flights = night()
    elsewhere = answer_to(flights, 0, flight="gone", lat_deg=10.0)
    before = answer_to(flights, 0, flight="gone", at_us=0)
    found, lost = carried(flights, [elsewhere, before])
    assert lost == [elsewhere, before] or lost == [before, elsewhere]
    assert found.equals(flights)


def said_of(flights: pa.Table, *answers: Answer) -> dict[str, object]:
    return confirmed(carried(flights, answers)[0]).to_pylist()[0]


def test_a_flight_that_somebody_knows_is_never_unexplained_and_a_second_persons_word_explains_it() -> None:
    flights = explain(tracks(flight_to_strip(icao24=None, callsign=None)), area())
    before = flights.to_pylist()[0]
    ana = answer_to(flights, 0, check="confirmed", done=True, answer="the mission's own flight")
    luz = answer_to(flights, 0, check="confirmed", done=True, answer="the tower knows it", by="luz", time_us=6)
    once, twice = said_of(flights, ana), said_of(flights, ana, luz)
    assert once["verdict"] == "insufficient" or once["basis"] == "checked"
    assert (twice["verdict"], twice["basis"]) == ("explained", "checked")
    assert twice["weight_db"] == pytest.approx(before["weight_db"] + 24.0, abs=1e-3)
    assert [f["rule"] for f in twice["findings"]].count("check.confirmed") == 2


def test_a_confirmation_taken_back_leaves_the_flight_as_it_was_with_a_doubt() -> None:
    flights = night()
    gave = answer_to(flights, 0, check="confirmed", done=True, answer="the mission's own flight")
    back = answer_to(flights, 0, check="confirmed", done=False, answer="it was another flight", time_us=6)
    held, was = said_of(flights, gave, back), flights.to_pylist()[0]
    same = set(was) - {"checks", "weight_db"}
    assert {k: held[k] for k in same} == {k: was[k] for k in same}
    assert held["weight_db"] == pytest.approx(was["weight_db"], abs=1e-4)
    assert [d["answer"] for d in doubts(held["checks"])] == ["it was another flight"]  # type: ignore[arg-type]


def test_a_confirmation_without_words_is_refused() -> None:
    with pytest.raises(WamanError, match="words"):
        answered(outstanding(), check="confirmed", done=True, by="ana", time_us=0, answer="")
