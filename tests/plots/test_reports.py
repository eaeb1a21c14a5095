"""Reports keep what was seen and lose who saw it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from waman.errors import InputError
from waman.plots import read
from waman.plots.reports import cell, cell_centre

HEAD = "time_earliest,time_latest,event,observer_lat,observer_lon,bearing_deg,count,reliability,phone,observer_name"
BEGIN, END = "2015-10-14T06:00:00-05:00", "2015-10-14T06:10:00-05:00"
ROW = f"{BEGIN},{END},heard,-12.34561,-74.28912,-10,2,b,+51 966 123 456,Rosa Quispe"
SECRETS = ("34561", "28912", "966", "Rosa", "Quispe")


def _everything(found: object) -> str:
    from waman.plots import Decoded

    assert isinstance(found, Decoded)
    problems = json.dumps([p.as_dict() for p in found.problems.kept])
    return problems + str(found.reports.to_pylist()) + str(found.plots.to_pylist()) + str(found.summary)


def _csv(folder: Path, *lines: str) -> Path:
    file = folder / "reports.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_a_report_keeps_its_interval_and_bearing_and_its_place_becomes_a_cell(tmp_path: Path) -> None:
    row = read(_csv(tmp_path, HEAD, ROW)).reports.to_pylist()[0]
    assert (row["time_latest"] - row["time_earliest"]).total_seconds() == 600
    assert row["time_earliest"].isoformat() == "2015-10-14T11:00:00+00:00"
    assert (row["event"], row["bearing_deg"], row["count"], row["reliability"]) == ("heard", 350.0, 2, "B")
    assert row["observer_cell"] == "-12.325,-74.275"
    assert row["observer_lat"] is None and row["received"] is None


@pytest.mark.parametrize("broken", ["", ",heard", "x" * 40])
def test_nothing_that_leaves_the_reader_names_or_places_the_observer(tmp_path: Path, broken: str) -> None:
    lines = [HEAD, ROW, ROW.replace("heard", "Rosa heard it"), ROW.replace("-12.34561", "912.34561"), ROW + broken]
    found = read(_csv(tmp_path, *lines))
    assert found.problems.count > 0
    assert not [s for s in SECRETS if s in _everything(found)]


def test_geojson_reports_lose_the_same(tmp_path: Path) -> None:
    properties = {
        "time_earliest": "2015-10-14T11:00:00Z",
        "time_latest": "2015-10-14T11:10:00Z",
        "event": "seen",
        "phone": "+51 966 123 456",
        "observer_name": "Rosa Quispe",
    }
    point = {"type": "Point", "coordinates": [-74.28912, -12.34561]}
    whole = {"type": "Feature", "properties": properties, "geometry": point}
    text = json.dumps({"type": "FeatureCollection", "features": [whole, {**whole, "properties": "Rosa Quispe"}, whole]})
    file = tmp_path / "reports"
    file.write_text(text)
    found = read(file)
    assert found.reports["observer_cell"].to_pylist() == ["-12.325,-74.275"] * 2
    assert found.problems.count >= 1
    assert not [s for s in SECRETS if s in _everything(found)]


def test_an_exact_position_in_the_cell_column_is_made_coarse(tmp_path: Path) -> None:
    head = "time,event,observer_cell"
    found = read(
        _csv(tmp_path, head, '2015-10-14T11:00:00Z,seen,"-12.34561,-74.28912"', "2015-10-14T11:00:00Z,seen,casa")
    )
    assert found.reports["observer_cell"].to_pylist() == ["-12.325,-74.275", None]
    assert "casa" not in _everything(found)


def test_positions_as_people_write_them_are_read_and_an_old_datum_must_be_named(tmp_path: Path) -> None:
    head = "time;event;observer_position;datum"
    found = read(
        _csv(tmp_path, head, "2015-10-14T11:00:00Z;seen;12°20'44\"S 74°17'21\"W;", "2015-10-14T11:00:00Z;seen;x;")
    )
    assert found.reports["observer_cell"].to_pylist() == ["-12.325,-74.275", None]


def test_exact_positions_stay_only_when_the_sealed_store_asks(tmp_path: Path) -> None:
    row = read(_csv(tmp_path, HEAD, ROW), exact_observers=True).reports.to_pylist()[0]
    assert (row["observer_lat"], row["observer_lon"]) == (-12.34561, -74.28912)


def test_times_without_a_zone_are_refused_until_the_zone_is_named(tmp_path: Path) -> None:
    file = _csv(tmp_path, "time_earliest,time_latest,event", "2015-10-14T06:00:00,2015-10-14T06:10:00,heard")
    with pytest.raises(InputError, match="without a zone") as caught:
        read(file)
    assert "--timezone" in caught.value.hint
    found = read(file, timezone="America/Lima").reports.to_pylist()[0]
    assert found["time_earliest"].isoformat() == "2015-10-14T11:00:00+00:00"


def test_a_cell_is_some_five_kilometres_wide_everywhere_and_its_centre_lies_in_it() -> None:
    import math

    for lat in (-85.0, -60.0, -12.3, 0.0, 12.0, 47.0, 89.99):
        text = cell(lat_deg=lat, lon_deg=-74.3)
        centre = cell_centre(text)
        assert centre is not None and cell(lat_deg=centre[0], lon_deg=centre[1]) == text
        nearby = {cell(lat_deg=lat, lon_deg=-74.3 + k * 0.001) for k in range(3600)}
        width_km = 3.6 / len(nearby) * 111.3 * math.cos(math.radians(lat))
        assert 3.0 < width_km < 9.0 or abs(lat) > 89
