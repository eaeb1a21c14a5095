"""The simulated night: what is said of it is counted against the truth."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from waman import tables
from waman.cli._night import beside, corridor_night, seconds_seen, target_of_track
from waman.report import write_beside
from waman.sim import load_scenario, simulate
from waman.sim.seen.tracked import associated


def test_tracks_are_matched_to_who_truly_flew_them() -> None:
    world = simulate(load_scenario("corridor_night"))
    tracks, links = associated(world)
    found = target_of_track(world, tracks)
    right = [found.get(r["track"]) == r["target"] for r in links.to_pylist()]
    # aircraft of one party fly minutes apart along one way, so a few rows may go to the other
    assert sum(right) / len(right) > 0.85
    assert set(seconds_seen(world, tracks)) <= set(range(1, len(world.trips) + 1))


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_says_that_all_is_simulated_and_counts_what_passed_unseen(language: str) -> None:
    world = simulate(load_scenario("corridor_night"))
    night = beside(world, tables.empty("tracks"), tables.empty("flights"), {1: 2})
    came = sum(not t.lawful for t in world.trips)
    assert night["came"] == came == len(night["unseen"]) and night["seen"] == 0
    assert night["called"] == {"corridor": 0, "lawful": 0, "false_plots": 0}
    page = write_beside(night, language=language, report="report.html")
    assert {"en": "SIMULATED", "es": "SIMULADO"}[language] in page and 'href="report.html"' in page
    questions = {"en": "What passed unseen?", "es": "¿Qué pasó sin ser visto?"}
    assert questions[language] in page and page.count("<tr>") == came + 1
    assert "<script" not in page and all(strip in page for strip in {t.stops[1] for t in world.trips if not t.lawful})


def test_only_flights_under_way_while_somebody_watched_are_counted() -> None:
    scenario = load_scenario("corridor_night")
    record = msgspec.structs.replace(scenario.record, plots_start_h=23.5, plots_hours=0.25)
    world = simulate(msgspec.structs.replace(scenario, record=record))
    night = beside(world, tables.empty("tracks"), tables.empty("flights"), {})
    assert night["came"] == 0 and night["flights"] == []
    assert night["hours"] == {"start": "23:30", "end": "23:45"}


@pytest.mark.slow
def test_the_night_runs_through_every_stage(tmp_path: Path) -> None:
    said: list[str] = []
    run = corridor_night(tmp_path, say=said.append)
    assert run.tracks.num_rows > 1000 and (tmp_path / "report.html").is_file()
    assert (tmp_path / "noche.html").is_file() and any(", 0 lawful ones," in line for line in said)
