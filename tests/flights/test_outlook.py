"""One moment seen from the ground: who goes where, who is no longer seen, and who could be there."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from flights.made import PLACES, flight_to_strip, tracks
from flights.test_explain import area
from waman.config import Team
from waman.flights import explain
from waman.flights.ahead.outlook import Outlook, Scene, outlook, scene_of
from waman.flights.ahead.response import LAWFUL, NOBODY, OBSERVE
from waman.geo.time import datetime_us

BOX = (-75.5, -13.5, -72.5, -11.0)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return scene_of(BOX, [p for p in PLACES if "lat_deg" in p], None)


@pytest.fixture(scope="module")
def night() -> tuple[pa.Table, pa.Table]:
    table = tracks(flight_to_strip(icao24=None, callsign=None))
    return table, explain(table, area(places=PLACES))


def at(night: tuple[pa.Table, pa.Table], scene: Scene, minutes: float, **more: object) -> list[Outlook]:
    start = datetime_us(night[1]["start"][0].as_py())
    return outlook(scene, *night, at_us=start + int(minutes * 60e6), **more)  # type: ignore[arg-type]


def test_a_flight_in_the_air_has_places_and_a_flight_long_gone_has_none(
    scene: Scene, night: tuple[pa.Table, pa.Table]
) -> None:
    (found,) = at(night, scene, 15.0)
    assert found.whither is not None and found.ending is None
    assert found.whither.probability.sum() == pytest.approx(1.0)
    assert at(night, scene, 60.0 * 24) == []


def test_what_comes_later_in_the_record_changes_nothing(scene: Scene, night: tuple[pa.Table, pa.Table]) -> None:
    table, flights = night
    start = datetime_us(flights["start"][0].as_py())
    cut = table.filter(pa.compute.less_equal(table["time"], pa.scalar(start + 900_000_000, table["time"].type)))
    (whole,), (part,) = at(night, scene, 15.0), at((cut, flights), scene, 15.0)
    assert whole.whither is not None and part.whither is not None
    assert np.array_equal(whole.whither.probability, part.whither.probability)


def test_far_teams_are_told_that_nobody_can_be_there(scene: Scene, night: tuple[pa.Table, pa.Table]) -> None:
    far = Team(id="base-1", lat_deg=-13.4, lon_deg=-75.4, speed_kmh=20.0, ready_min=60.0)
    (found,) = at(night, scene, 15.0, teams=[far])
    assert found.response is not None and found.response.sentence in (NOBODY, LAWFUL)


def test_a_team_waiting_at_an_unlisted_strip_is_told_to_keep_away(
    scene: Scene, night: tuple[pa.Table, pa.Table]
) -> None:
    strip = next(s for s in scene.spots if s.armed_guards_likely)
    there = Team(id="rangers", lat_deg=strip.lat_deg, lon_deg=strip.lon_deg, ready_min=0.0, transport_unit="air-1")
    found = at(night, scene, 22.0, teams=[there])
    told = [r for o in found if o.response for r in o.response.teams]
    assert not told or (told[0].advice == OBSERVE and told[0].tells == "air-1")


def test_a_flight_no_longer_seen_says_what_may_have_become_of_it(
    scene: Scene, night: tuple[pa.Table, pa.Table]
) -> None:
    gone = datetime_us(night[1]["end"][-1].as_py()) + 300_000_000
    (found,) = [o for o in outlook(scene, *night, at_us=gone) if o.ending is not None]
    assert found.ending is not None and found.whither is None and found.seen_s_ago >= 299.0
    assert sum(
        (found.ending.landed, found.ending.masked, found.ending.impact, found.ending.left_area)
    ) == pytest.approx(1)
