"""The tables and texts of a run: what people may know in one set of files, the truth in another.

Values are quantised (microseconds, 1e-7 degrees, 0.1 m), so that the same scenario and pins give the
same bytes, and other machines the same values.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman import __version__, tables
from waman.geo.time import us_text
from waman.sim.motion import within
from waman.sim.places import FLOODED, Place
from waman.sim.seen.outages import blocks
from waman.sim.seen.tips import Told
from waman.sim.trips import DAY_S, local_s
from waman.sim.world import World, micros

PLANS_SEEN = ("flight", "callsign", "registration", "icao24", "origin", "destination", "off_block", "route")
BORDER_INSIDE_M = 12_000.0  # so that a crossing can be seen from both sides
LABEL = "SIMULATED: invented ground, places, aircraft and people"
Add = Callable[..., None]
EVENTS = pa.schema(
    [
        pa.field("time", tables.TIME), pa.field("kind", tables.WORD), pa.field("place", pa.string()),
        pa.field("flight", pa.string()), pa.field("value", pa.float64()), pa.field("text", pa.string()),
        pa.field("lat_deg", pa.float64()), pa.field("lon_deg", pa.float64()),
    ]
)  # fmt: skip


def truth(world: World) -> pa.Table:
    """Return the contract table ``truth``: every sample of every flight, target = number of the trip + 1."""
    m, row = world.motion, within(world.motion.offsets)
    lat, lon = world.plane.frame.to_degrees(east_m=m.east_m, north_m=m.north_m)

    def word(values: Iterable[str]) -> pa.Array:
        kinds = pa.array(list(values), pa.string()).dictionary_encode()
        return kinds.take(pa.array(row))

    return tables.table("truth", {
        "target": row + 1, "time": micros(world, m.time_s), "lat_deg": np.round(lat, 7), "lon_deg": np.round(lon, 7),
        "altitude_msl_m": np.round(m.height_m, 1), "lawful": np.array([t.lawful for t in world.trips], bool)[row],
        "category": word(t.category for t in world.trips), "flight": word(t.flight for t in world.trips),
    })  # fmt: skip


def availability(world: World) -> pa.Table:
    """Return the contract table ``availability``: what was written down, not always what was."""
    rows: dict[str, list[object]] = {"sensor": [], "start": [], "end": [], "state": [], "evidence": []}
    for s in world.scenario.sensor:
        b = blocks(world.scenario, s.id)
        rows["sensor"] += [s.id] * b.factor.size
        rows["start"] += micros(world, b.start_s).tolist()
        rows["end"] += micros(world, b.end_s).tolist()
        rows["state"] += list(b.state)
        rows["evidence"] += ["none" if state == "unknown" else "log" for state in b.state]
    return tables.table("availability", rows)


def events(world: World, told: list[Told]) -> pa.Table:
    """Return the truth behind the tables: strips by day, flights, losses, weather, bribes, leaks, weeks."""
    rows: list[tuple[int, str, str, str, float, str, float, float]] = []
    start = int(micros(world, np.array(0.0)))
    at = {p.id: _degrees(world, p) for p in (*world.places, *world.strips)}

    def add(time_us: int, kind: str, place: str = "", flight: str = "", value: float = np.nan, text: str = "") -> None:
        rows.append((time_us, kind, place, flight, value, text, *at.get(place, (np.nan, np.nan))))

    for p in (*world.places, *world.strips):
        add(start, "place", p.id, "", p.length_m, p.role)
    for day, site, word in world.life.events:
        add(int(micros(world, np.array(local_s(world.scenario, day, 12.0)))), f"strip_{word}", world.strips[site].id)
    _floods(world, add)
    _trip_events(world, add)
    for rotation, site in np.argwhere(world.life.bribed):
        day = int(rotation) * world.scenario.units.rotation_days
        if day < world.scenario.days:
            add(start + int(day * DAY_S * 1e6), "bribe", world.strips[site].id, "", 10_000.0)
    for t in told:
        for unit in t.leaked:
            add(start, "leak", "", "", np.nan, f"{t.row['tip']} {unit}")
    c = world.course
    for week in range(c.air_share.size):
        for kind in ("air_share", "road_share", "leaf_price_usd", "active"):
            add(start + int(week * 7 * DAY_S * 1e6), f"week_{kind}", "", "", float(getattr(c, kind)[week]))
    rows.sort(key=lambda r: (r[0], r[1], r[2], r[3], r[5]))
    return _events_table(list(zip(*rows, strict=True)))


def _events_table(columns: list[tuple[object, ...]]) -> pa.Table:
    """Build the events table; NaN becomes null."""
    arrays = []
    for values, field in zip(columns, EVENTS, strict=True):
        if field.type == tables.TIME:
            arrays.append(pa.array(values, pa.int64()).cast(tables.TIME))
        elif field.type == tables.WORD:
            arrays.append(pa.array(values, pa.string()).dictionary_encode().cast(tables.WORD))
        else:
            arrays.append(pa.array(values, field.type, from_pandas=True))
    return pa.table(arrays, schema=EVENTS)


def _floods(world: World, add: Add) -> None:
    state = world.life.state == FLOODED
    change = np.diff(state.astype(np.int8), axis=0, prepend=np.zeros((1, state.shape[1]), np.int8))
    for day, site in np.argwhere(change != 0):
        word = "strip_flooded" if change[day, site] > 0 else "strip_dry"
        time = int(micros(world, np.array(local_s(world.scenario, int(day), 6.0))))
        add(time, word, world.strips[site].id)


def _trip_events(world: World, add: Add) -> None:
    m = world.motion
    for i, t in enumerate(world.trips):
        first = m.leg_offsets[i]
        for k, leg in enumerate(t.legs):
            began, ended = (int(v) for v in micros(world, np.array([m.leg_start_s[first + k], m.leg_end_s[first + k]])))
            add(began, "took_off" if leg.from_ground else "entered", t.stops[k], t.flight)
            crashed = t.lost == "crashed" and k == len(t.legs) - 1
            word = "crashed" if crashed else "landed" if leg.to_ground else "left"
            add(ended, word, t.stops[k + 1], t.flight, t.load_kg if k else np.nan, t.category)
        if t.lost == "taken":
            add(ended, "taken", t.stops[-1], t.flight, t.load_kg)


def _degrees(world: World, p: Place) -> tuple[float, float]:
    lat, lon = world.plane.frame.to_degrees(east_m=p.east_m, north_m=p.north_m)
    return round(float(lat), 7), round(float(lon), 7)


def places_geojson(world: World) -> str:
    """Return ``places.geojson``: what lists, imagery and maps of settlements know, not what is true."""
    features = []
    for p in (*world.places, *world.strips):
        if p.known:
            properties: dict[str, object] = {
                "id": p.id, "kind": p.kind, "name": p.id if p.listed else None, "listed": p.listed,
                "length_m": p.length_m, "width_m": 12 if p.kind == "strip" else 25, "heading_deg": p.heading_deg,
                "elevation_msl_m": round(p.elevation_m, 1), "first_seen": None, "last_seen": None,
                "state": "active" if p.listed else "unknown",
                "source": "simulated list" if p.listed else "simulated imagery",
            }  # fmt: skip
            features.append(_point(world, p, properties))
        if p.mapped:
            properties = {
                "id": f"N{p.id}", "kind": "village", "name": f"N{p.id}", "listed": False,
                "elevation_msl_m": round(p.elevation_m, 1), "state": "active", "source": "simulated map",
            }  # fmt: skip
            features.append(_point(world, p, properties))
    return json.dumps({"type": "FeatureCollection", "features": features}, indent=1) + "\n"


def _point(world: World, place: Place, properties: dict[str, object]) -> dict[str, object]:
    lat, lon = _degrees(world, place)
    point = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "geometry": point, "properties": properties}


def border_geojson(world: World) -> str:
    """Return the border: a line 12 km inside the east edge, which the corridor's flights cross."""
    p = world.plane
    north = p.north0_m + np.linspace(0.0, p.height_m, 21)
    lat, lon = p.frame.to_degrees(east_m=np.full(21, p.east0_m + p.width_m - BORDER_INSIDE_M), north_m=north)
    line = [[round(float(x), 7), round(float(y), 7)] for x, y in zip(lon, lat, strict=True)]
    feature = {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": line},
        "properties": {
            "id": "border",
            "kind": "border",
            "name": "border (simulated)",
            "listed": True,
            "state": "active",
        },
    }
    return json.dumps({"type": "FeatureCollection", "features": [feature]}, indent=1) + "\n"


def plan_rows(world: World) -> list[dict[str, str]]:
    """Return the rows of ``plans.csv`` in order of off-block time; a plan's number tells nothing of its flight."""
    filed = sorted((p for t in world.trips for p in t.plans), key=lambda p: (p.off_block_s, p.registration, p.origin))
    rows = []
    for i, p in enumerate(filed):
        off = us_text(int(micros(world, np.array(60.0 * np.round(p.off_block_s / 60.0)))))
        values = (f"P{i + 1:06d}", p.callsign, p.registration, p.icao24, p.origin, p.destination, off, p.route)
        rows.append(dict(zip(PLANS_SEEN, values, strict=True)))
    return rows


def csv_text(rows: list[dict[str, str]], columns: Iterable[str]) -> str:
    """Return rows as CSV with a header, lines ended by a line feed."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def area_toml(world: World) -> str:
    """Return ``area.toml`` of the workspace: the sensors as they are, the sources as people would name them."""
    s = world.scenario
    low = max(s.lawful.plan - 0.15, 0.0)
    parts = [
        f"# {LABEL}. Seed {s.seed}, parameters {s.parameter_hash()}, Waman {__version__}.",
        f"name = {json.dumps(s.name)}",
        f"bbox = [{', '.join(repr(v) for v in s.bbox)}]",
        f"timezone = {json.dumps(s.timezone)}",
        '[terrain]\nsources = ["dem/ground.tif"]',
    ]
    parts += [_toml_table("[[sensor]]", sensor) for sensor in s.sensor]
    parts += [_toml_table("[[team]]", team) for team in s.team]
    parts += [
        '[places]\nfiles = ["places.geojson", "border.geojson"]\naerodromes = false',
        f'[[plans]]\nfile = "plans.csv"\ncompleteness = [{low:.2f}, {min(s.lawful.plan + 0.15, 1.0):.2f}]',
        '[[registers]]\naircraft = ["register.csv"]',
        '[reports]\nfiles = ["reports.csv"]',
        '[siting]\nexits = "border.geojson"',
    ]
    return "\n\n".join(parts) + "\n"


def _toml_table(title: str, record: msgspec.Struct) -> str:
    lines = [title]
    for key, value in msgspec.to_builtins(record).items():
        if value is not None and key != "folder":
            lines.append(f"{key} = {json.dumps(list(value) if isinstance(value, tuple) else value)}")
    return "\n".join(lines)


def summary(world: World, told: list[Told], rows: Mapping[str, int]) -> dict[str, object]:
    """Return ``simulation.json``: what was run, so that it can be run again, and how much came of it."""
    s = world.scenario
    return {
        "label": LABEL, "scenario": s.name, "seed": s.seed, "alternative": s.alternative, "days": s.days,
        "parameters": s.parameter_hash(), "version": __version__, "tips": len(told), "rows": dict(rows),
        "flights_corridor": sum(not t.lawful for t in world.trips),
        "flights_lawful": sum(t.lawful for t in world.trips),
        "tonnes_by_air": round(sum(t.load_kg for t in world.trips if not t.lost) / 1000.0, 3),
        "not_a_forecast": "only order and direction of displacement are validated",
    }  # fmt: skip


def dem(world: World) -> tuple[NDArray[np.int16], tuple[float, float, float]]:
    """Return the ground as a raster, north row first, and (west, north, spacing) of its first node [deg]."""
    g = world.ground
    rows = g.heights_m.shape[0]
    top = g.south_deg + (rows - 1) * g.spacing_deg
    return np.round(g.heights_m[::-1]).astype(np.int16), (g.west_deg, top, g.spacing_deg)
