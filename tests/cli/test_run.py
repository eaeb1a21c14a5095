"""The whole chain in one command, on the hand-made recording, whose flights are known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import waman.store
from waman import cli
from waman.errors import InputError
from waman.store import read_table

RECORDING = Path(waman.store.__file__).parent / "handmade" / "recording.csv.gz"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli.root, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "handmade"
    run("new", str(folder), "--bbox=-78.5,-15,-72.5,-10.5", "--timezone", "America/Lima")
    (folder / "recordings" / "morning.bin").write_bytes(RECORDING.read_bytes())
    (folder / "told.json").write_text(run("run", str(folder), "--json"))
    return folder


def test_every_stage_writes_its_table_and_the_report(workspace: Path) -> None:
    for name in ("plots.parquet", "tracks.parquet", "flights.parquet", "report.html", "report.json"):
        assert (workspace / name).stat().st_size > 1000, name
    told = json.loads((workspace / "told.json").read_text())
    assert told["plots"] > 3000 and set(told["seconds"]) == {"decode", "cover", "track", "explain", "report"}


def test_the_invented_flights_come_out_with_their_aerodromes(workspace: Path) -> None:
    flights = read_table("flights", workspace / "flights.parquet").to_pylist()
    pairs = {(f["origin"], f["destination"]) for f in flights}
    assert {("SPJC", "SPJJ"), ("SPJJ", "SPJC"), ("SPHO", "SPJC"), ("SPJC", "SPHO")} <= pairs
    assert 10 <= len(flights) <= 16


def test_no_lawful_flight_of_it_is_called_unexplained(workspace: Path) -> None:
    verdicts = read_table("flights", workspace / "flights.parquet")["verdict"].to_pylist()
    assert verdicts.count("unexplained") == 0 and verdicts.count("explained") >= 0.6 * len(verdicts)


def test_the_public_report_holds_no_address_and_no_callsign(workspace: Path) -> None:
    text = (workspace / "report.html").read_text() + (workspace / "report.json").read_text()
    for word in ("e8f001", "E8F001", "WMN101", "MEDIC1", "SURV07"):
        assert word not in text


def test_a_second_run_says_the_same_and_leaves_no_revision(workspace: Path) -> None:
    before = (workspace / "flights.parquet").read_bytes()
    run("run", str(workspace))
    assert (workspace / "flights.parquet").read_bytes() == before
    assert not (workspace / "revisions").exists()


def test_the_causal_run_uses_no_hindsight_and_still_finds_flights(workspace: Path, tmp_path: Path) -> None:
    folder = tmp_path / "causal"
    run("new", str(folder), "--bbox=-78.5,-15,-72.5,-10.5", "--timezone", "America/Lima")
    (folder / "recordings" / "morning.bin").write_bytes(RECORDING.read_bytes())
    told = json.loads(run("run", str(folder), "--causal", "--json"))
    assert told["flights"] >= 10 and told["unexplained"] == 0


def test_a_workspace_without_recordings_says_where_to_put_them(tmp_path: Path) -> None:
    run("new", str(tmp_path / "w"))
    with pytest.raises(InputError, match="no recording matches") as why:
        run("run", str(tmp_path / "w"))
    assert "recordings" in why.value.hint


def test_one_unreadable_file_does_not_stop_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    run("new", str(folder), "--bbox=-78.5,-15,-72.5,-10.5")
    (folder / "recordings" / "a.bin").write_bytes(b"\x00\x01 this is nothing")
    (folder / "recordings" / "b.bin").write_bytes(RECORDING.read_bytes())
    told = json.loads(run("run", str(folder), "--json"))
    assert told["plots"] > 3000 and told["problems"] >= 1
    assert "a.bin" in (folder / "problems.jsonl").read_text()


def test_the_demo_without_a_network_runs_on_the_hand_made_recording_and_says_so(tmp_path: Path) -> None:
    output = run("demo", str(tmp_path / "demo"), "--offline")
    assert "hand-made" in output.lower() and "report:" in output
    assert "Hand-made" in (tmp_path / "demo" / "handmade" / "report.json").read_text()


def test_a_doubt_outlives_the_next_run_and_stands_in_what_is_exported(workspace: Path, tmp_path: Path) -> None:
    name = read_table("flights", workspace / "flights.parquet")["flight"][0].as_py()
    told = run("check", str(workspace), name, "doubt", "--by", "p1", "--answer", "does not fit the profile")
    assert "A doubt was recorded not done: does not fit the profile (p1" in told
    run("check", str(workspace), name, "tower_asked", "--by", "p1", "--answer", "known there")
    (workspace / "flights.parquet").unlink()
    run("run", str(workspace))
    listed = run("check", str(workspace))
    assert f"doubt: {name}" in listed and "does not fit the profile" in listed
    for form in ("csv", "geojson", "kml", "gpx", "points", "json"):
        run("export", str(workspace), "--format", form, "-o", str(tmp_path / form))
        assert "does not fit the profile" in (tmp_path / form).read_text(), form
    checks = json.loads(run("check", str(workspace), name, "--json"))["checks"]
    assert [c["answer"] for c in checks if c["by"]] == ["does not fit the profile", "known there"]


def test_a_confirmation_is_weighed_at_once_and_the_command_shows_the_verdict_it_made(workspace: Path) -> None:
    name = read_table("flights", workspace / "flights.parquet")["flight"][0].as_py()
    told = [
        json.loads(run("check", str(workspace), name, "confirmed", "--by", by, "--answer", "its own flight", "--json"))
        for by in ("p1", "p2")
    ]
    kept = read_table("flights", workspace / "flights.parquet").to_pylist()[0]
    assert (kept["verdict"], kept["basis"]) == ("explained", "checked")
    assert told[-1]["verdict"] == kept["verdict"]
    assert [f["rule"] for f in kept["findings"]].count("check.confirmed") == 2


def test_a_check_nobody_knows_and_a_flight_nobody_knows_are_refused(workspace: Path) -> None:
    for arguments in (("nobody",), ("nobody", "doubt", "--by", "p", "--answer", "x")):
        result = CliRunner().invoke(cli.root, ["check", str(workspace), *arguments])
        assert isinstance(result.exception, InputError)
    assert not (workspace / "checks.jsonl").exists() or "nobody" not in (workspace / "checks.jsonl").read_text()
