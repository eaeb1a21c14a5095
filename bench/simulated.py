"""Simulated worlds as the flights stage would meet them: tracks, plans, register, places, and the truth beside them.

Tracks are made from the looks of the simulated sensors that succeeded (detection, outages), cut where nothing was
seen for ten minutes (the forensic pass stitches such gaps): an ideal tracker without false tracks, so that only the
explanation is judged. Primary-only
aircraft have no height. ADS-B gives an identity; SSR alone gives height.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman import tables
from waman.flights import Given, given_of
from waman.sim import Scenario, World, load_scenario, simulate, with_alternative
from waman.sim.seen import tell
from waman.sim.seen.plots import looks
from waman.sim.trips import register_rows
from waman.sim.world import micros

ROOT = Path(__file__).parents[1]
NIGHT = ROOT / "examples" / "scenarios" / "corridor_night.toml"
GAP_S = 600.0
WATCHED_S = 30.0
DAY_S = 86_400.0


@dataclass(frozen=True)
class Judged:
    """One world: what is known of it, and of each trip its class and the share of its path that was seen."""

    world: World
    tracks: pa.Table
    given: Given
    trip_of_track: NDArray[np.int64]
    seen_share: NDArray[np.float64]
    lawful_trace: NDArray[np.bool_]


def scenario(*, seed: int, days: int, alternative: str = "base", **changes: Any) -> Scenario:
    """Return the shipped night, made longer, with coarser paths, under another simulator."""
    found = load_scenario(NIGHT, seed=seed)
    land = msgspec.structs.replace(found.land, spacing_arcsec=18.0, path_cell_m=4000.0)
    return with_alternative(msgspec.structs.replace(found, days=days, land=land, **changes), alternative)


def judged(found: Scenario) -> Judged:
    """Simulate a world and return it as it is seen."""
    world = simulate(found)
    seen = _seen(world)
    tracks, trip_of_track = _tracks(world, seen)
    return Judged(world, tracks, _given(world), trip_of_track, _share(world, seen), _trace(world, seen))


def _seen(world: World) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(world.scenario.seed)
    ssr = np.array([t.identity.ssr for t in world.trips])
    adsb = np.array([t.identity.adsb for t in world.trips])
    parts = []
    for sensor in world.scenario.sensor:
        found = looks(world, sensor, from_s=-DAY_S, to_s=(world.scenario.days + 1) * DAY_S)
        hit = rng.random(found.trip.size) < found.pd * world.scenario.outages.uptime
        hit &= found.speed_mps > 8.0
        if sensor.kind == "ads_b":
            hit &= adsb[found.trip]
        named = np.full(hit.sum(), sensor.kind == "ads_b")
        columns = (found.trip, found.time_s, found.lat_deg, found.lon_deg, found.height_m)
        motion = (found.speed_mps, found.heading_deg)
        parts.append([c[hit] for c in (*columns, *motion)] + [named])
    names = ("trip", "time_s", "lat", "lon", "height", "speed", "heading", "named")
    whole = {n: np.concatenate([p[i] for p in parts]) for i, n in enumerate(names)}
    order = np.lexsort((whole["time_s"], whole["trip"]))
    whole = {n: v[order] for n, v in whole.items()}
    noise = rng.normal(0.0, 40.0, (2, order.size))
    whole["lat"] = whole["lat"] + noise[0] / 111_195.0
    whole["lon"] = whole["lon"] + noise[1] / (111_195.0 * np.cos(np.radians(whole["lat"])))
    high = whole["height"] + rng.normal(0.0, 25.0, order.size)
    whole["height"] = np.where(ssr[whole["trip"]], high, np.nan)
    return whole


def _tracks(world: World, seen: dict[str, NDArray[Any]]) -> tuple[pa.Table, NDArray[np.int64]]:
    new = (np.diff(seen["trip"], prepend=-1) != 0) | (np.diff(seen["time_s"], prepend=-1e9) > GAP_S)
    track = np.cumsum(new) - 1
    count = np.bincount(track)
    named = np.bincount(track, weights=seen["named"]) > 0
    keep = count[track] >= 4
    trip_of_track = seen["trip"][new]
    identity = [t.identity for t in world.trips]
    words = {
        name: [getattr(identity[t], name) if named[k] else None for k, t in enumerate(trip_of_track)]
        for name in ("icao24", "callsign")
    }
    heading = np.radians(seen["heading"][keep])
    n = int(keep.sum())
    rows = track[keep]
    columns = {
        "track": rows, "time": micros(world, seen["time_s"][keep]), "lat_deg": seen["lat"][keep],
        "lon_deg": seen["lon"][keep], "altitude_msl_m": seen["height"][keep], "altitude_sigma_m": np.full(n, 30.0),
        "vn_mps": seen["speed"][keep] * np.cos(heading), "ve_mps": seen["speed"][keep] * np.sin(heading),
        "state": ["confirmed"] * n, "detected": np.ones(n, bool),
        **{name: pa.array(w, pa.string()).dictionary_encode().take(pa.array(rows)) for name, w in words.items()},
    }  # fmt: skip
    return tables.table("tracks", columns), trip_of_track


def _given(world: World) -> Given:
    law = world.scenario.lawful
    rows = []
    for p in (*world.places, *world.strips):
        lat, lon = world.plane.frame.to_degrees(east_m=p.east_m, north_m=p.north_m)
        if p.known:
            rows.append(
                {
                    "id": p.id,
                    "kind": p.kind,
                    "listed": p.listed,
                    "elevation_msl_m": p.elevation_m,
                    "lat_deg": float(lat),
                    "lon_deg": float(lon),
                }
            )
    east = np.full(21, world.plane.east0_m + world.plane.width_m - 500.0)
    north = world.plane.north0_m + np.linspace(0.0, world.plane.height_m, 21)
    lat, lon = world.plane.frame.to_degrees(east_m=east, north_m=north)
    import shapely

    line = shapely.to_wkb(shapely.linestrings(np.stack([lon, lat], axis=1)))
    return given_of(
        bbox=world.scenario.bbox,
        places=[*rows, {"id": "border", "kind": "border", "geometry": line}],
        aerodromes=False,
        plans=tell.plan_rows(world),
        completeness=(max(law.plan - 0.15, 0.0), min(law.plan + 0.15, 1.0)),
        register=[{**r, "type": ""} for r in register_rows(world.fleet)],  # types are drawn without regard to class
        terrain=world.ground.elevation,
    )


def _share(world: World, seen: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Return the share of each trip's time in the air within 30 s of a plot."""
    step = np.diff(seen["time_s"], append=1e12)
    same = np.diff(seen["trip"], append=-1) == 0
    watched = np.bincount(
        seen["trip"], weights=np.where(same, np.minimum(step, WATCHED_S), 0.0), minlength=len(world.trips)
    )
    m = world.motion
    flown = np.add.reduceat(m.leg_end_s - m.leg_start_s, m.leg_offsets[:-1])
    return np.clip(watched / np.maximum(flown, 1.0), 0.0, 1.0)


def _trace(world: World, seen: dict[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Return whether a trip leaves any lawful trace: a plan, an identity heard, or a listed place among its stops."""
    listed = {p.id for p in world.places if p.listed}
    heard = np.bincount(seen["trip"], weights=seen["named"], minlength=len(world.trips)) > 0
    return np.array(
        [bool(t.plans) or bool(h) or bool(listed & set(t.stops)) for t, h in zip(world.trips, heard, strict=True)]
    )
