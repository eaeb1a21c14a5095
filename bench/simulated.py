"""Simulated worlds as the flights stage would meet them, and the truth beside them.

Tracks come from ``waman.sim.seen.tracked``: an ideal tracker that never confuses two aircraft and makes no false
track, so that only the explanation is judged. Primary-only aircraft have no height; ADS-B alone gives a name. Sensors
have outages, the air is off standard, and what people know is what ``waman simulate`` would write for them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from waman.flights import Given, explain, given_of
from waman.sim import Scenario, World, load_scenario, reports, simulate, with_alternative
from waman.sim.land.ground import generated
from waman.sim.land.seeing import OwnSeeing, own_seeing
from waman.sim.seen import tell
from waman.sim.seen.outages import Blocks, blocks
from waman.sim.seen.tracked import associated
from waman.sim.trips import register_rows
from waman.sim.world import micros

ROOT = Path(__file__).parents[1]
CELL_DEG = 0.05


@dataclass(frozen=True)
class Judged:
    """One world: what is known of it, the target of each track, and the share of each target's path that was seen."""

    world: World
    tracks: pa.Table
    given: Given
    target: dict[int, int]
    path_seen: dict[int, float]
    named: frozenset[int]


def scenario(*, seed: int, days: int, alternative: str = "base", spacing_arcsec: float = 18.0) -> Scenario:
    """Return the shipped night, made longer, with coarser ground and paths, under another simulator."""
    found = load_scenario("corridor_night", seed=seed)
    land = msgspec.structs.replace(found.land, spacing_arcsec=spacing_arcsec, path_cell_m=4000.0)
    return with_alternative(msgspec.structs.replace(found, days=days, land=land), alternative)


def seen_every_10_s(found: Scenario) -> Scenario:
    """Return the scenario with a look at every aircraft each 10 s, slow as a long-range radar."""
    return msgspec.structs.replace(found, record=msgspec.structs.replace(found.record, truth_step_s=10.0))


@dataclass(frozen=True)
class Watched:
    """The simulator's sight as the rules may ask it: off gives 0, a state nobody knows gives NaN.

    As the coverage stage has it, a radar that makes false plots proves by them that it is on.
    """

    world: World
    states: dict[str, Blocks]
    noisy: frozenset[str]

    def detection_probability(
        self,
        lat_deg: Any,
        lon_deg: Any,
        height_agl_m: Any,
        sensor: str | None = None,
        rcs_m2: float = 2.0,
        time: Any = None,
    ) -> Any:
        assert sensor is not None
        height = np.nan_to_num(np.asarray(height_agl_m, np.float64), nan=300.0)
        pd = self.world.seeing.detection_probability(np.asarray(lat_deg), np.asarray(lon_deg), height, sensor, rcs_m2)
        state = self.states[sensor]
        start = int(micros(self.world, np.array(0.0)))
        at = np.clip(np.searchsorted(state.start_s, (np.asarray(time) - start) / 1e6, side="right") - 1, 0, None)
        known = np.array([s in ("up", "down") for s in state.state])[at]
        if sensor in self.noisy:
            known |= np.array([s == "unknown" for s in state.state])[at] & (state.factor[at] > 0.0)
        return np.where(known, pd * state.factor[at], np.nan)


def given(world: World) -> Given:
    """Return what people could know of a world."""
    features = json.loads(tell.places_geojson(world))["features"]
    places = [
        {**f["properties"], "lat_deg": f["geometry"]["coordinates"][1], "lon_deg": f["geometry"]["coordinates"][0]}
        for f in features
    ]
    border = json.loads(tell.border_geojson(world))["features"][0]["geometry"]["coordinates"]
    plan = world.scenario.lawful.plan
    return given_of(
        bbox=world.scenario.bbox,
        places=places,
        borders=[np.array(border)],
        aerodromes=False,
        plans=tell.plan_rows(world),
        completeness=(max(plan - 0.15, 0.0), min(plan + 0.15, 1.0)),
        register=register_rows(world.fleet),
        reports=[_as_read(r) for r in reports(world)[0]],
        field=Watched(
            world,
            {s.id: blocks(world.scenario, s.id) for s in world.scenario.sensor},
            frozenset(s.id for s in world.scenario.sensor if s.false_plots_per_scan >= 1.0),
        ),
        transponder_sensors=[s.id for s in world.scenario.sensor if s.kind == "ads_b"],
        radar_sensors=[s.id for s in world.scenario.sensor if s.kind in ("psr", "psr_ssr")],
        terrain=world.ground.elevation,
    )


def _as_read(row: dict[str, str]) -> dict[str, Any]:
    """Return a report as it is stored: the observer's position is only a cell."""
    lat, lon = (round(float(row[n]) / CELL_DEG) * CELL_DEG for n in ("observer_lat", "observer_lon"))
    return {**row, "observer_lat": lat, "observer_lon": lon}


_SIGHT: dict[tuple[float, int], OwnSeeing] = {}


def _sight(found: Scenario) -> OwnSeeing:
    """Sweep the horizons once: all worlds here share their ground and sensors."""
    key = (found.land.spacing_arcsec, found.land.seed)
    if key not in _SIGHT:
        ground = generated(found.bbox, spacing_deg=key[0] / 3600.0, seed=key[1])
        _SIGHT[key] = own_seeing(found.sensor, ground)
    return _SIGHT[key]


def judged(found: Scenario) -> Judged:
    """Simulate a world and return it as it is seen."""
    world = simulate(found, seeing=_sight(found))
    tracks, links = associated(world)
    target = dict(zip(links["track"].to_pylist(), links["target"].to_pylist(), strict=True))
    seen = dict(zip(links["target"].to_pylist(), links["path_seen"].to_pylist(), strict=True))
    heard = tracks.filter(tracks["icao24"].is_valid())["track"].to_pylist()
    return Judged(world, tracks, given(world), target, seen, frozenset(target[t] for t in heard))


def flights(found: Judged) -> list[dict[str, Any]]:
    """Explain a world and return one row a flight that was seen: class, share seen, traces, and its legs as judged.

    A lawful trace is a plan, an identity heard, or a listed place among its stops. ``twin`` is a lawful flight whose
    address a corridor flight wears that day.
    """
    legs: dict[int, list[dict[str, Any]]] = {}
    for row in explain(found.tracks, found.given).to_pylist():
        legs.setdefault(found.target[row["tracks"][0]], []).append(row)
    trips = found.world.trips
    cloned = {(t.day, t.identity.icao24) for t in trips if t.category == "corridor_cloned"}
    listed = {p.id for p in found.world.places if p.listed}
    rows = []
    for number, judged_legs in legs.items():
        t = trips[number - 1]
        rows.append(
            {
                "category": t.category,
                "lawful": t.lawful,
                "seen": found.path_seen[number],
                "trace": bool(t.plans) or number in found.named or bool(listed & set(t.stops)),
                "twin": t.lawful and (t.day, t.identity.icao24) in cloned,
                "legs": [leg["verdict"] for leg in judged_legs],
                "weights_db": [leg["weight_db"] for leg in judged_legs],
                "findings": [sorted({f["rule"] for f in leg["findings"]}) for leg in judged_legs],
                "target": number,
            }
        )
    return rows
