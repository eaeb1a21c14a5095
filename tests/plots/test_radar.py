"""A radar recording gets its date from the capture, else from the user, else from the file, and says which."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa

from waman.config import parse_area
from waman.plots import read

# one CAT048 record: source 8/1, 01:00:00, Mode S roll-call, 10 NM at 90 degrees, FL 100, address 4ca123
RECORD = bytes([8, 1]) + (3600 * 128).to_bytes(3, "big") + bytes([0xA0]) + (2560).to_bytes(2, "big")
RECORD += (16384).to_bytes(2, "big") + (400).to_bytes(2, "big") + bytes.fromhex("4ca123")
BLOCK = bytes([48]) + (len(RECORD) + 5).to_bytes(2, "big") + bytes([0xF5, 0x80]) + RECORD

AREA = """
name = "A"
bbox = [1, 48, 4, 50]
[[sensor]]
id = "hill"
kind = "mode_s"
lat_deg = 48.7
lon_deg = 2.4
altitude_msl_m = 90
sac = 8
sic = 1
"""


def recording(folder: Path) -> Path:
    path = folder / "any.name"
    path.write_bytes(BLOCK * 3)
    noon = datetime(2015, 10, 14, 12, tzinfo=UTC).timestamp()
    os.utime(path, (noon, noon))
    return path


def test_without_any_date_the_files_own_is_taken_and_said(tmp_path: Path) -> None:
    found = read(recording(tmp_path))
    assert found.format == "asterix"
    assert found.plots["time"][0].as_py() == datetime(2015, 10, 14, 1, tzinfo=UTC)
    assert any("the file's own date" in p.what for p in found.problems.kept)


def test_a_date_that_is_given_is_taken_without_a_problem(tmp_path: Path) -> None:
    found = read(recording(tmp_path), date=date(2014, 3, 1))
    assert found.plots["time"][0].as_py() == datetime(2014, 3, 1, 1, tzinfo=UTC)
    assert found.problems.count == 0


def test_a_sensor_without_a_place_gives_no_position_and_a_surveyed_one_does(tmp_path: Path) -> None:
    path = recording(tmp_path)
    bare = read(path, date=date(2014, 3, 1)).plots
    assert bare["sensor"][0].as_py() == "8/1" and bare["lat_deg"].null_count == 3
    placed = read(path, date=date(2014, 3, 1), area=parse_area(AREA)).plots
    assert placed["sensor"][0].as_py() == "hill"
    # 10 NM due east of 48.7 N, 2.4 E, slant range corrected for FL 100
    assert abs(placed["lon_deg"][0].as_py() - (2.4 + 18_300 / (111_320 * 0.66))) < 0.02
    assert placed["icao24"][0].as_py() == "4ca123"
    assert placed["altitude_fl"].cast(pa.float64())[0].as_py() == 100.0
