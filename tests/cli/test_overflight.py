"""Overflights that only a primary radar saw, through simulator, tracker and rules: none of them ever landed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from waman.cli._night import target_of_track
from waman.flights import explain, given_of
from waman.sim import Scenario, World, lawful, load_scenario, simulate
from waman.sim.seen import tell
from waman.sim.seen.plots import observed
from waman.tracks import track

STRIP_NEAR_M = 3000.0


def overflights(seed: int) -> Scenario:
    """Return the shipped night with nothing in the sky but overflights, and a radar that gets no reply from any."""
    found = load_scenario("corridor_night", seed=seed)
    change = msgspec.structs.replace
    radar = change(found.sensor[0], kind="psr", scan_period_s=10.0, false_plots_per_scan=4)
    return change(
        found,
        land=change(found.land, spacing_arcsec=18.0, path_cell_m=4000.0),
        corridor=change(found.corridor, flights_per_day=2.0, strips=60),
        lawful=change(found.lawful, per_corridor_flight=200.0, hard=0.0, mix={"overflight": 1.0}),
        sensor=(radar,),
        record=change(found.record, plots_start_h=11.0, plots_hours=0.75),
    )


def over_strips(world: World, target: set[int]) -> set[int]:
    """Return which of some aircraft flew over a strip, or past it within 3 km."""
    strips = [p for p in world.places if p.kind == "strip"] + list(world.strips)
    m, out = world.motion, set()
    for number in target:
        span = slice(m.offsets[number - 1], m.offsets[number])
        away = [np.hypot(m.east_m[span] - p.east_m, m.north_m[span] - p.north_m).min() for p in strips]
        if min(away) < STRIP_NEAR_M:
            out.add(number)
    return out


@pytest.mark.parametrize("level", ["as airliners fly", "as light aircraft fly"])
def test_an_overflight_of_a_strip_that_only_a_primary_radar_saw_never_landed(
    level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if level == "as light aircraft fly":
        low = replace(lawful.CLASSES["overflight"], speed_kt=(110, 160), level_m=(3500, 4500))
        monkeypatch.setitem(lawful.CLASSES, "overflight", low)
    world = simulate(overflights(seed=41))
    plots = observed(world).plots
    assert set(plots["kind"].to_pylist()) == {"psr"} and plots["altitude_fl"].null_count == plots.num_rows

    def sight(lat_deg: Any, lon_deg: Any, height_agl_m: Any, sensor: str, time_us: Any) -> Any:
        return world.seeing.detection_probability(lat_deg, lon_deg, np.nan_to_num(height_agl_m, nan=300.0), sensor)

    tracks = track(plots, detection_probability=sight, sensors=world.scenario.sensor)
    places = [
        {**f["properties"], "lat_deg": f["geometry"]["coordinates"][1], "lon_deg": f["geometry"]["coordinates"][0]}
        for f in json.loads(tell.places_geojson(world))["features"]
    ]
    given = given_of(bbox=world.scenario.bbox, places=places, aerodromes=False, terrain=world.ground.elevation)
    rows = explain(tracks, given).to_pylist()
    who = target_of_track(world, tracks)
    lawful_ones = {i + 1 for i, t in enumerate(world.trips) if t.category == "overflight"}
    seen = {who[t] for r in rows for t in r["tracks"] if t in who} & lawful_ones
    over = over_strips(world, seen)
    mine = [r for r in rows if {who.get(t) for t in r["tracks"]} & lawful_ones]
    assert len(over) >= 5
    assert not [r["flight"] for r in mine if r["landed"] or any(f["rule"] == "stop.unlisted" for f in r["findings"])]
