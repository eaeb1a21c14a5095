"""State vectors of both dialects: units, heights, identities, repeats and damage."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from waman.errors import InputError
from waman.geo.units import FEET_M, KNOT_MPS
from waman.plots import read

T0_MS = 1_633_608_773_000


def _state(**changes: object) -> dict[str, object]:
    return {
        "timestamp": T0_MS,
        "icao24": "4B43AC",
        "callsign": "TEST1  ",
        "latitude": 47.4,
        "longitude": 8.5,
        "altitude": 1950.0,
        "geoaltitude": 2175.0,
        "groundspeed": 100.0,
        "track": -90,
        "squawk": "7000",
        **changes,
    }


def _written(folder: Path, *states: dict[str, object], name: str = "anything.bin") -> Path:
    file = folder / name
    file.write_bytes(gzip.compress(json.dumps(list(states), separators=(",", ":")).encode()))
    return file


def test_feet_and_knots_become_levels_heights_above_the_geoid_and_metres_a_second(tmp_path: Path) -> None:
    row = read(_written(tmp_path, _state())).plots.to_pylist()[0]
    assert row["altitude_fl"] == 19.5
    # the geoid lies some 47 m above the ellipsoid in northern Switzerland
    assert row["altitude_msl_m"] == pytest.approx(2175 * FEET_M - 47, abs=2)
    assert row["ground_speed_mps"] == pytest.approx(100 * KNOT_MPS)
    assert (row["icao24"], row["callsign"], row["mode_3a"], row["heading_deg"]) == ("4b43ac", "TEST1", 0o7000, 270)
    assert (row["kind"], row["source"], row["offset"]) == ("ads_b", "anything.bin", 1)


def test_a_position_repeated_by_the_network_is_no_measurement(tmp_path: Path) -> None:
    again = _state(timestamp=T0_MS + 1000, altitude=1975.0)
    copy = _state(timestamp=T0_MS + 2000, altitude=1975.0)
    found = read(_written(tmp_path, _state(), again, copy))
    assert found.plots["lat_deg"].to_pylist() == [47.4, None]
    assert found.plots["kind"].to_pylist() == ["ads_b", "mode_s"]
    assert found.summary["repeated records left out"] == 1


def test_a_standing_aircraft_keeps_its_positions(tmp_path: Path) -> None:
    standing = [_state(timestamp=T0_MS + i * 1000, groundspeed=0.0) for i in range(3)]
    assert read(_written(tmp_path, *standing)).plots["lat_deg"].null_count == 0


def test_the_time_of_a_plot_is_when_its_position_was_measured(tmp_path: Path) -> None:
    row = read(_written(tmp_path, _state(last_position=T0_MS - 1500))).plots
    received, measured = row["received"].cast("int64")[0].as_py(), row["time"].cast("int64")[0].as_py()
    assert received - measured == 1_500_000


def test_columns_of_mixed_types_are_read(tmp_path: Path) -> None:
    found = read(_written(tmp_path, _state(squawk=7000), _state(squawk="0", timestamp=T0_MS + 9000, latitude=47.5)))
    assert found.plots["mode_3a"].to_pylist() == [0o7000, None]


def test_bad_values_become_null_with_a_problem_at_their_byte(tmp_path: Path) -> None:
    found = read(_written(tmp_path, _state(), _state(latitude=910.5, timestamp=T0_MS + 1000), _state(icao24="zz")))
    assert found.plots["lat_deg"].to_pylist() == [47.4, None, 47.4]
    places = {p.what: p.where for p in found.problems.kept}
    assert places["position outside the globe"].startswith("anything.bin@")
    assert "not a 24-bit address" in places


def test_a_broken_record_is_left_out_and_named(tmp_path: Path) -> None:
    text = json.dumps(
        [_state(timestamp=T0_MS + i * 1000, latitude=47 + i / 1e3) for i in range(50)], separators=(",", ":")
    )
    middle = text.index('"altitude"', len(text) // 2)
    file = tmp_path / "damaged"
    file.write_text(text[:middle] + "\x00" + text[middle + 1 :])
    found = read(file)
    assert found.plots.num_rows == 49
    assert found.problems.count == 1
    at = int(found.problems.kept[0].where.split("@")[1])
    assert text[at] == "{" and at <= middle < at + 250


def test_json_written_with_line_breaks_is_read_the_same(tmp_path: Path) -> None:
    states = [_state(timestamp=T0_MS + i * 1000, latitude=47 + i / 1e3) for i in range(20)]
    pretty = tmp_path / "pretty"
    pretty.write_text(json.dumps(states, indent=2))
    tight = read(_written(tmp_path, *states)).plots
    assert read(pretty).plots.drop(["source", "offset"]).equals(tight.drop(["source", "offset"]))


def test_json_written_by_column_is_read_the_same(tmp_path: Path) -> None:
    states = [_state(timestamp=T0_MS + i * 1000, latitude=47 + i / 1e3) for i in range(20)]
    by_column = tmp_path / "columns"
    by_column.write_text(json.dumps({k: {str(i): s[k] for i, s in enumerate(states)} for k in states[0]}))
    tight = read(_written(tmp_path, *states)).plots
    assert read(by_column).plots.drop(["source", "offset"]).equals(tight.drop(["source", "offset"]))


def test_nothing_readable_is_an_error_that_teaches(tmp_path: Path) -> None:
    file = tmp_path / "noise"
    file.write_bytes(bytes(range(256)) * 4)
    with pytest.raises(InputError, match="nothing readable") as caught:
        read(file)
    assert "known formats" in caught.value.hint
