"""Every format is what its standard says and carries the same flights."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET

import numpy as np

from export import scenes
from export.scenes import MADE_US, finding, flight, path, planted
from waman.export import Shown, flights_csv, points_csv, to_geojson, to_gpx, to_kml, veil
from waman.export.path import METRES_PER_DEGREE

KML = {"k": "http://www.opengis.net/kml/2.2", "gx": "http://www.google.com/kml/ext/2.2"}
GPX = {"g": "http://www.topografix.com/GPX/1/1"}


def shown(audience: str = "workspace") -> Shown:
    scene = planted()
    return veil(scene.flights, scene.tracks, scene.places, made_us=MADE_US, audience=audience)  # type: ignore[arg-type]


def test_every_format_holds_every_observed_point_once() -> None:
    whole = shown()
    count = sum(len(f.path) for f in whole.flights)
    assert len(list(csv.DictReader(io.StringIO(points_csv(whole))))) == count
    lines = [f["geometry"]["coordinates"] for f in json.loads(to_geojson(whole))["features"][:3]]
    assert sum(len(run) for flight_lines in lines for run in flight_lines) == count
    assert len(ET.fromstring(to_kml(whole)).findall(".//gx:coord", KML)) == count
    assert len(ET.fromstring(to_kml(whole)).findall(".//gx:Track/k:when", KML)) == count
    assert len(ET.fromstring(to_gpx(whole)).findall(".//g:trkpt", GPX)) == count


def test_a_gap_breaks_the_line_in_every_format() -> None:
    whole = shown()
    lost = next(f for f in json.loads(to_geojson(whole))["features"] if f["properties"].get("flight") == "W-0003")
    assert len(lost["geometry"]["coordinates"]) == 2
    mark = ET.fromstring(to_kml(whole)).findall(".//k:Placemark", KML)[2]
    assert len(mark.findall(".//gx:Track", KML)) == 2
    assert len(ET.fromstring(to_gpx(whole)).findall("g:trk", GPX)[2].findall("g:trkseg", GPX)) == 2


def test_a_cell_of_the_csv_never_starts_a_formula() -> None:
    odd = path(1, [(-12.0, -75.0), (-12.1, -75.1)], start_s=0, callsign="@SUM")
    scene = scenes.assemble(
        [odd],
        [flight("=cmd|' /C calc'!A0", odd, origin="+1", destination="-x", findings=[finding("r", "for", 1, "t")])],
        [],
    )
    whole = veil(scene.flights, scene.tracks, [], made_us=MADE_US, audience="workspace")
    (row,) = csv.DictReader(io.StringIO(flights_csv(whole)))
    assert (row["flight"], row["origin"], row["destination"]) == ("'=cmd|' /C calc'!A0", "'+1", "'-x")
    assert row["callsign"] == "'@SUM"
    assert float(row["last_lat_deg"]) == -12.1  # a number keeps its sign


def test_texts_that_xml_cannot_hold_are_escaped_or_left_out() -> None:
    odd = path(1, [(-12.0, -75.0), (-12.1, -75.1)], start_s=0)
    scene = scenes.assemble([odd], [flight("<b>&\x00\x0b", odd, findings=[finding("r", "for", 1, "</name>")])], [])
    whole = veil(scene.flights, scene.tracks, [], made_us=MADE_US)
    assert ET.fromstring(to_kml(whole)).find(".//k:Placemark/k:name", KML).text == "<b>&"  # type: ignore[union-attr]
    assert ET.fromstring(to_gpx(whole)).find("g:trk/g:name", GPX).text == "<b>&"  # type: ignore[union-attr]


def test_no_flights_give_valid_empty_files() -> None:
    scene = planted()
    whole = veil(scene.flights.slice(0, 0), scene.tracks.slice(0, 0), [], made_us=MADE_US)
    assert json.loads(to_geojson(whole))["features"] == []
    assert ET.fromstring(to_kml(whole)) is not None
    assert flights_csv(whole).count("\r\n") == 1


def test_thinning_keeps_every_left_out_point_within_its_tolerance_at_its_time() -> None:
    rng = np.random.default_rng(7)
    corners = [(-12.0 + 0.2 * y, -75.0 + 0.2 * x) for x, y in rng.random((12, 2))]
    columns = path(1, corners, start_s=0)
    scene = scenes.assemble([columns], [flight("F", columns)], [])
    (one,) = veil(scene.flights, scene.tracks, [], made_us=MADE_US, audience="workspace").flights
    thin = one.path.thinned(50.0)
    lat = np.interp(one.path.time_us, thin.time_us, thin.lat_deg)
    lon = np.interp(one.path.time_us, thin.time_us, thin.lon_deg)
    north = (lat - one.path.lat_deg) * METRES_PER_DEGREE
    east = (lon - one.path.lon_deg) * METRES_PER_DEGREE * np.cos(np.radians(-12.0))
    assert np.hypot(north, east).max() <= 51.0
    assert len(corners) <= len(thin) < len(one.path) / 10
