"""The simulated night: the shipped scenario is the example, and what is said of it is counted against the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

import waman.sim
from waman import tables
from waman.cli._night import answers, corridor_night, seconds_seen, target_of_track
from waman.sim import load_scenario, simulate
from waman.sim.seen.tracked import associated

EXAMPLE = Path(__file__).parents[2] / "examples" / "scenarios" / "corridor_night.toml"


def test_the_night_that_comes_with_waman_is_the_example() -> None:
    assert (Path(waman.sim.__file__).parent / "corridor_night.toml").read_bytes() == EXAMPLE.read_bytes()
    assert load_scenario("corridor_night").seed == load_scenario(EXAMPLE).seed


def test_tracks_are_matched_to_who_truly_flew_them() -> None:
    world = simulate(load_scenario("corridor_night"))
    tracks, links = associated(world)
    found = target_of_track(world, tracks)
    right = [found.get(r["track"]) == r["target"] for r in links.to_pylist()]
    # aircraft of one party fly minutes apart along one way, so a few rows may go to the other
    assert sum(right) / len(right) > 0.85
    assert set(seconds_seen(world, tracks)) <= set(range(1, len(world.trips) + 1))


def test_the_answers_say_that_all_is_simulated_and_count_what_passed_unseen() -> None:
    world = simulate(load_scenario("corridor_night"))
    lines = answers(world, tables.empty("tracks"), tables.empty("flights"))
    came = sum(not t.lawful for t in world.trips)
    assert "SIMULATED" in lines[0] and f"{came} corridor flights" in lines[1]
    assert any(f"passed unseen: {came} of {came}" in line for line in lines)
    assert lines[-1].endswith("0 of the corridor, 0 lawful, 0 of false plots")


@pytest.mark.slow
def test_the_night_runs_through_every_stage(tmp_path: Path) -> None:
    said: list[str] = []
    run = corridor_night(tmp_path, say=said.append)
    assert run.tracks.num_rows > 1000 and (tmp_path / "report.html").is_file()
    assert ", 0 lawful," in said[-1]
