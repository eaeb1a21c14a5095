"""``waman decode`` and ``waman import``: what a person reads, what is written, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from waman import store
from waman.cli import main

STATES = "time,icao24,lat,lon,velocity,heading,callsign,baroaltitude,geoaltitude\n" + "".join(
    f"{1444824000 + i},e8f001,-12.0{i},-75.0,60,90,TEST1,1000,1040\n" for i in range(5)
)
AREA = 'name = "A"\nbbox = [-78, -13, -74, -11]\ntimezone = "America/Lima"\n'


def _run(*words: object) -> int:
    try:
        main([str(w) for w in words])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _workspace(folder: Path) -> Path:
    (folder / "area.toml").write_text(AREA)
    return folder


def _file(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def test_decode_says_what_it_found_and_writes_plots_and_problems(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    file = _file(tmp_path, "a.csv", STATES + "1444824009,e8f001,-12.5\n")
    assert _run("decode", file, file, "-o", tmp_path / "out" / "plots.parquet") == 0
    said = capsys.readouterr().out
    assert "state vectors (CSV)" in said and "10 plots (10 ads_b), 5 different observations" in said
    assert "1 aircraft with an address, 2015-10-14T12:00:00Z to 2015-10-14T12:00:04Z" in said
    assert "e8f001" not in said and "TEST1" not in said
    plots = store.read_table("plots", tmp_path / "out" / "plots.parquet")
    assert plots.num_rows == 10 and plots["lineage"].null_count == 0
    problems = (tmp_path / "out" / "problems.jsonl").read_text().splitlines()
    assert json.loads(problems[0])["where"] == "a.csv:7"


def test_decode_for_machines_is_one_object(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert _run("decode", _file(tmp_path, "a", STATES), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["plots"], told["aircraft"], told["problems"], told["written"]) == (5, 1, 0, [])


def test_one_unreadable_file_among_others_is_a_problem_alone_it_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    bad, good = _file(tmp_path, "bad", "nothing here"), _file(tmp_path, "good", STATES)
    assert _run("decode", bad, good) == 0
    assert "nothing readable" in capsys.readouterr().out
    assert _run("decode", bad) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("waman: error:") and said[1].startswith("waman: hint:") and len(said) == 2


@pytest.mark.parametrize("words", [("--edition", "62"), ("--date", "yesterday"), ("--area", "no.toml")])
def test_wrong_options_are_one_error_and_one_hint(
    words: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert _run("decode", _file(tmp_path, "a", STATES), *words) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_recordings_imported_twice_are_there_once(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    space = _workspace(tmp_path)
    file = _file(tmp_path, "a.csv", STATES)
    for _ in range(2):
        assert _run("import", file, "--as", "plots", "-w", space) == 0
    assert "5 plots added, 5 now" in capsys.readouterr().out
    assert store.read_table("plots", space / "plots.parquet").num_rows == 5


def test_imported_sightings_are_cells_and_the_person_is_told_where_the_file_belongs(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    space = _workspace(tmp_path)
    text = "time,event,observer_lat,observer_lon,phone\n2015-10-14T06:00:00,heard,-12.34561,-74.28912,966123456\n"
    assert _run("import", _file(tmp_path, "r.csv", text), "--as", "sightings", "-w", space) == 0
    said = capsys.readouterr().out
    assert "sealed store" in said and "34561" not in said and "966" not in said
    row = store.read_table("reports", space / "reports.parquet").to_pylist()[0]
    assert row["observer_cell"] == "-12.325,-74.275" and row["time_earliest"].hour == 11
    assert b"34561" not in (space / "reports.parquet").read_bytes()
    assert "966" not in (space / "problems.jsonl").read_text()


def test_imported_plans_are_normalised_and_joined(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    space = _workspace(tmp_path)
    head = "flight,callsign,registration,icao24,origin,destination,off_block,route\n"
    rows = (
        "1,test1 ,ob-1,E8F001,spim,spzo,2015-10-14T06:00:00,dct\n2,,,,spim,spzo,2015-10-14T06:00:00,\n3,x,,,,,soon,\n"
    )
    assert _run("import", _file(tmp_path, "in/p.csv", head + rows), "--as", "plans", "-w", space) == 0
    assert "area.toml does not name it yet" in capsys.readouterr().out
    lines = (space / "plans.csv").read_text().splitlines()
    assert lines[1:] == ["1,TEST1,OB-1,e8f001,SPIM,SPZO,2015-10-14T11:00:00Z,DCT"]
    assert len((space / "problems.jsonl").read_text().splitlines()) == 2


def test_imported_strips_may_be_written_in_an_old_datum(tmp_path: Path) -> None:
    space = _workspace(tmp_path)
    text = "id,position,datum,length_m\na,18S 577000 8635000,,800\nb,18S 577000 8635000,PSAD56,800\nc,here,,\n"
    assert _run("import", _file(tmp_path, "s.csv", text), "--as", "strips", "-w", space) == 0
    places, _ = store.read_places(space / "places.geojson")
    rows = {r["id"]: r for r in places.to_pylist()}
    assert set(rows) == {"a", "b"} and rows["a"]["listed"] is False and rows["a"]["length_m"] == 800
    assert 300 < abs(rows["a"]["lat_deg"] - rows["b"]["lat_deg"]) * 111_320 < 500


def test_imported_tracks_keep_apart_from_those_already_there(tmp_path: Path) -> None:
    from waman import tables

    space = _workspace(tmp_path)
    columns = {"track": [0, 1], "time": [10**15, 10**15], "lat_deg": [-12.0, -12.1], "lon_deg": [-75.0, -75.1]}
    rows = tables.table("tracks", {**columns, "state": ["confirmed"] * 2, "detected": [True, True]})
    for name in ("one", "two"):
        store.write_table("tracks", rows, tmp_path / name / "t.parquet")
        (tmp_path / name / "t.parquet").rename(tmp_path / f"{name}.parquet")
        assert _run("import", tmp_path / f"{name}.parquet", "--as", "tracks", "-w", space) == 0
    assert sorted(store.read_table("tracks", space / "tracks.parquet")["track"].to_pylist()) == [0, 1, 2, 3]
