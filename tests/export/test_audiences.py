"""No product shows a public reader an identity, an exact strip, a medical landing or a prediction."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.scenes import HOSPITAL, MADE_US, PLANTED, STRIP, Scene, planted
from waman import tables
from waman.access import AUDIENCES, shows
from waman.export import Shown, flights_csv, points_csv, to_geojson, to_gpx, to_kml, veil
from waman.export.veil import CELL_DEG, cell_centre, cell_of
from waman.export.words import WITHHELD, Hidden
from waman.flights.checks import CHECKS, answered
from waman.geo.geodesy import distance_m

FORMATS: list[Callable[[Shown], str]] = [flights_csv, points_csv, to_geojson, to_gpx, to_kml]


def shown(scene: Scene, audience: str = "public", made_us: int = MADE_US) -> Shown:
    return veil(scene.flights, scene.tracks, scene.places, made_us=made_us, audience=audience)  # type: ignore[arg-type]


@pytest.mark.parametrize("write", FORMATS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("audience", [a for a in AUDIENCES if not shows(a, "identity")])
def test_no_planted_identity_is_in_any_format(write: Callable[[Shown], str], audience: str) -> None:
    text = write(shown(planted(), audience)).casefold()
    assert [word for word in PLANTED if word.casefold() in text] == []


@pytest.mark.parametrize("write", [flights_csv, to_geojson], ids=lambda f: f.__name__)
def test_the_workspace_sees_them_so_the_test_above_can_fail(write: Callable[[Shown], str]) -> None:
    text = write(shown(planted(), "workspace"))
    assert "e94b2f" in text and "OBQ77KX" in text


def points_of(scene: Scene, audience: str) -> tuple[np.ndarray, np.ndarray]:
    paths = [f.path for f in shown(scene, audience).flights]
    return np.concatenate([p.lat_deg for p in paths]), np.concatenate([p.lon_deg for p in paths])


@pytest.mark.parametrize("place", [STRIP, HOSPITAL], ids=["strip", "medical"])
def test_no_public_point_lies_within_a_cell_of_a_strip_or_a_medical_landing(place: tuple[float, float]) -> None:
    lat, lon = points_of(planted(), "public")
    near = distance_m(lat1_deg=place[0], lon1_deg=place[1], lat2_deg=lat, lon2_deg=lon)
    assert near.min() >= 5_000.0
    lat, lon = points_of(planted(), "workspace")
    assert distance_m(lat1_deg=place[0], lon1_deg=place[1], lat2_deg=lat, lon2_deg=lon).min() < 100.0


def test_the_coordinates_of_a_strip_stand_in_no_public_sentence() -> None:
    texts = " ".join(x["text"] for f in shown(planted()).flights for x in f.row["findings"])
    assert "Stopped 6 min at [withheld]" in texts
    assert not any(s in texts for s in ("12.30", "74.19", "12°18", "11.76", "74.77"))


def test_strips_are_cells_for_the_public_and_exact_for_planners() -> None:
    public = next(p for p in shown(planted()).places if p["id"] == "P-17")
    assert (public["lat_deg"], public["lon_deg"]) == cell_centre(*cell_of(*STRIP))
    assert not {"length_m", "heading_deg", "elevation_msl_m"} & set(public)
    exact = next(p for p in shown(planted(), "planner").places if p["id"] == "P-17")
    assert (exact["lat_deg"], exact["lon_deg"]) == STRIP


def test_strips_and_stops_of_the_last_two_days_are_withheld() -> None:
    scene = planted()
    strip = scene.places[2]
    seen_us = int(strip["last_seen"].timestamp() * 1e6)
    soon = shown(scene, made_us=seen_us + 47 * 3_600_000_000)
    assert soon.strips_delayed == 1 and all(p["id"] != "P-17" for p in soon.places)
    end_us = int(pc.max(scene.flights["end"]).value)
    early = shown(scene, made_us=end_us + 3_600_000_000).flights[1]
    assert len(early.path) == 0 and early.cells == ()


@pytest.mark.parametrize("audience", AUDIENCES)
def test_nothing_predicted_leaves_for_any_audience(audience: str) -> None:
    scene = planted()
    guessed = scene.tracks.filter(pc.invert(scene.tracks["detected"]))
    times = set(guessed.filter(pc.equal(guessed["track"], 3))["time"].cast("int64").to_pylist())
    lost = next(f for f in shown(scene, audience).flights if f.flight == "W-0003")
    assert times and not times & set(lost.path.time_us.tolist())
    assert lost.path.gap_after.sum() == 1


def test_a_flight_named_after_its_address_gets_a_number() -> None:
    assert [f.flight for f in shown(planted()).flights] == ["W-0001", "F0002", "W-0003"]


@given(st.floats(-85, 85), st.floats(-180, 179))
def test_a_cell_holds_its_positions_and_is_five_kilometres_wide(lat: float, lon: float) -> None:
    centre = cell_centre(*cell_of(lat, lon))
    away = distance_m(lat1_deg=lat, lon1_deg=lon, lat2_deg=centre[0], lon2_deg=centre[1])
    assert away <= 2**0.5 * 2_500.0 + 1_600.0  # half a diagonal, and the rounding of the centre
    assert abs(centre[0] - lat) <= CELL_DEG / 2 + 0.006


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_known_identity_never_survives_cleaning(before: str, after: str) -> None:
    hidden = Hidden.of(["obq77kx"])
    assert not hidden.holds(hidden.clean(f"{before} OBQ77KX {after}"))


def test_types_of_aircraft_and_sentences_are_left_alone() -> None:
    text = "An EC-135 flew 213 km at FL085 between 06:06 and 07:00 UTC-05, CAT048, 300 m, until 2021-10-07T12:16:12Z."
    assert Hidden.of(["e94b2f"]).clean(text) == text
    assert Hidden.of([]).clean("9V-ABC, 3A-MXYZ, OB-2001-P, N123AB") == ", ".join([WITHHELD] * 4)


def test_a_geojson_for_the_public_says_so() -> None:
    whole = json.loads(to_geojson(shown(planted())))
    assert whole["audience"] == "public"
    assert "icao24" not in json.dumps(whole)


def test_unexplained_leaves_only_after_two_people_went_through_every_check() -> None:
    scene = planted()
    (row,) = scene.flights.slice(1, 1).to_pylist()
    done: list[dict] = []
    for check in CHECKS:
        for person in ("p1", "p2"):
            done = answered(done, check=check, done=True, by=person, time_us=MADE_US, answer="no")
    ready = tables.table("flights", {k: [v] for k, v in {**row, "checks": done}.items()})
    verdicts = [f.row["verdict"] for f in veil(ready, scene.tracks, [], made_us=MADE_US).flights]
    assert verdicts == ["unexplained"]
    pending = "not_yet_explained"
    for audience, verdict in (("public", pending), ("unit", pending), ("workspace", "unexplained")):
        assert shown(scene, audience).flights[1].row["verdict"] == verdict
    assert not any("unexplained" in w(shown(scene)).replace(pending, "") for w in (flights_csv, to_geojson))


def test_sentences_come_in_both_languages_and_name_a_blurred_landing_by_its_cell() -> None:
    scene = planted()
    found = {"rule": "end.not_observed", "stance": "unknown", "weight_db": 0.0, "text": "x", "searchable": None}
    values = {"time": "06:06", "near": "Hospital", "lat": HOSPITAL[0], "lon": HOSPITAL[1], "speed_kmh": 90.0}
    (row,) = scene.flights.slice(0, 1).to_pylist()
    rows = tables.table("flights", {k: [v] for k, v in {**row, "findings": [*row["findings"], found]}.items()})
    texts = pa.array([[None, None, json.dumps(values)]], pa.list_(pa.string()))
    (one,) = veil(rows.append_column("values", texts), scene.tracks, scene.places, made_us=MADE_US).flights
    said = one.row["findings"][-1]["texts"]
    lat, lon = cell_centre(*cell_of(*HOSPITAL))
    assert said["en"] == f"Last seen 06:06, near {lat:.2f}, {lon:.2f}, 90 km/h; landing not observed."
    assert said["es"].endswith("no se observó el aterrizaje.")
