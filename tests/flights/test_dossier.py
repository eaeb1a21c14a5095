"""A dossier holds what was seen, what could not be, both sides, every doubt, and where it comes from."""

from __future__ import annotations

import pyarrow as pa
import pytest

from flights.made import PLACES, flight_to_strip, tracks
from flights.test_explain import BORDER, area
from waman.errors import InputError
from waman.flights import explain
from waman.flights.dossier import dossier


def test_the_dossier_of_an_unexplained_flight_says_what_stands_in_the_way_of_publishing_it() -> None:
    part = flight_to_strip(icao24=None, callsign=None)
    part["source"] = ["night.ast"] * len(part["time"])
    part["offset"] = list(range(len(part["time"])))
    table = tracks(part)
    flights = explain(table, area(borders=[BORDER], places=PLACES))
    whole = dossier(flights, table, flights["flight"][0].as_py())
    assert whole["flight"]["verdict"] == "unexplained"
    assert len(whole["stands_in_the_way"]) == len(whole["not_checked"]) == 8
    assert {f["rule"] for f in whole["against"]} >= {"border.crossed", "stop.unlisted"}
    assert whole["sources"][0]["source"] == "night.ast" and whole["sources"][0]["offset_min"] == 0
    first = whole["path"][0]
    assert first["height_low_m"] < 900.0 < first["height_high_m"]
    assert whole["seen"]["detected"] == whole["seen"]["rows"] > 400


def test_the_dossier_reads_in_spanish() -> None:
    table = tracks(flight_to_strip())
    flights = explain(table, area())
    name = flights["flight"][0].as_py()
    english, spanish = (dossier(flights, table, name, language=word) for word in ("en", "es"))
    assert english["unknown"] and english["unknown"][0]["text"] != spanish["unknown"][0]["text"]
    assert spanish["not_checked"][0].startswith("¿")


def test_an_unknown_flight_is_an_error_that_says_where_names_are() -> None:
    table = tracks(flight_to_strip())
    with pytest.raises(InputError, match="no flight"):
        dossier(explain(table, area()), table, "nobody")


def test_flights_read_back_without_the_extra_columns_still_make_a_dossier() -> None:
    table = tracks(flight_to_strip())
    flights = explain(table, area())
    plain: pa.Table = flights.drop_columns(["values"])
    assert dossier(plain, table, flights["flight"][0].as_py())["unknown"]
