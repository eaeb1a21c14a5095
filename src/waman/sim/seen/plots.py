"""What each sensor of a simulated world reports: plots with its own errors, and plots of nothing.

Radars meet a target once a turn, at the instant the beam passes over it; the chance of a plot is the
detection probability there and then, times the state of the sensor. Transponders add pressure
height and codes; ADS-B adds positions. Each (sensor, flight) draws from its own stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman import tables
from waman.config import Sensor
from waman.geo.frames import Frame, polar_to_plane
from waman.geo.units import FLIGHT_LEVEL_M
from waman.sim.land.air import pressure_height_m
from waman.sim.motion import Offsets, ragged, sample_rows, within
from waman.sim.randomness import stream
from waman.sim.seen.outages import Blocks, blocks, sensor_key
from waman.sim.trips import HOUR_S, Trip
from waman.sim.world import World, micros

Array = NDArray[np.float64]
ADSB_PERIOD_S = 2.0
ADSB_SIGMA_M = 10.0
ALTIMETER_SIGMA_M = 20.0  # one aircraft's altimeter (ICAO RVSM tolerates 25 m)
NO_MODE_C = 0.02
LIT = 0.95  # a transponder answers wherever it is in line of sight
PARKED_MPS = 8.0
FALSE_A_WINDOW_MAX = 5_000_000
CLUTTER_SIGMA_M = 600.0


@dataclass(frozen=True)
class Looks:
    """All looks of one sensor at flights: ragged by flight, and what was true at each."""

    sensor: Sensor
    trip: NDArray[np.int64]
    time_s: Array
    lat_deg: Array
    lon_deg: Array
    height_m: Array
    ground_m: Array
    range_m: Array
    azimuth_deg: Array
    speed_mps: Array
    heading_deg: Array
    radial_mps: Array
    pd: Array


def looks(world: World, sensor: Sensor, *, from_s: float, to_s: float) -> Looks:
    """Return each passing of a sensor's beam (or each message) over each flight in a window, with its Pd."""
    m, period = world.motion, sensor.scan_period_s or ADSB_PERIOD_S
    assert sensor.lat_deg is not None and sensor.lon_deg is not None
    first, last = m.time_s[m.offsets[:-1]], m.time_s[m.offsets[1:] - 1]
    low = np.ceil(np.maximum(first, from_s) / period).astype(np.int64)
    high = np.floor(np.minimum(last, to_s) / period).astype(np.int64) - 1
    offsets = ragged(np.maximum(high - low + 1, 0))
    row = within(offsets)
    turn = low[row] + np.arange(row.size) - offsets[:-1][row]
    site_e, site_n = world.plane.frame.to_plane(lat_deg=sensor.lat_deg, lon_deg=sensor.lon_deg)
    e, n, _ = _at(world, np.asarray(period * turn, np.float64), offsets)
    rotating = sensor.kind in ("psr", "ssr", "psr_ssr")
    bearing = np.degrees(np.arctan2(e - site_e, n - site_n)) % 360.0 if rotating else np.zeros(row.size)
    time = np.asarray(period * (turn + bearing / 360.0), np.float64)
    e, n, h = _at(world, time, offsets)
    near = np.hypot(e - site_e, n - site_n) <= (sensor.range_max_m or 0.0) * 1.002
    later = _at(world, time + 2.0, offsets)
    row, time = row[near], time[near]
    e, n, h, e2, n2 = (v[near] for v in (e, n, h, later[0], later[1]))
    lat, lon = world.plane.frame.to_degrees(east_m=e, north_m=n)
    frame = Frame(lat0_deg=sensor.lat_deg, lon0_deg=sensor.lon_deg)
    x, y = frame.to_plane(lat_deg=lat, lon_deg=lon)
    ground = world.ground.elevation(lat, lon)
    agl = np.maximum(h - ground, 0.0)
    ve, vn = 0.5 * (e2 - e), 0.5 * (n2 - n)
    speed, distance = np.hypot(ve, vn), np.hypot(x, y)
    radial = (ve * x + vn * y) / np.maximum(distance, 1.0)
    pd = world.seeing.detection_probability(lat, lon, agl, sensor.id, 2.0)
    slant = np.hypot(distance, h - world.antenna_msl_m(sensor))
    azimuth, heading = np.degrees(np.arctan2(x, y)) % 360.0, np.degrees(np.arctan2(ve, vn)) % 360.0
    return Looks(sensor, row, time, lat, lon, h, ground, slant, azimuth, speed, heading, radial, pd)


def _at(world: World, times: Array, offsets: Offsets) -> tuple[Array, Array, Array]:
    m = world.motion
    e, n, h = (sample_rows(m.time_s, v, m.offsets, times, offsets) for v in (m.east_m, m.north_m, m.height_m))
    return e, n, h


@dataclass(frozen=True)
class Observed:
    """Plots, and the truth behind each in a table of its own (source, offset, target; null: nothing)."""

    plots: pa.Table
    links: pa.Table


def observed(world: World) -> Observed:
    """Return everything the sensors report within the recorded window, in order of time."""
    r = world.scenario.record
    from_s, to_s = r.plots_start_h * HOUR_S, (r.plots_start_h + r.plots_hours) * HOUR_S
    plots, links = [], []
    for sensor in world.scenario.sensor:
        state = blocks(world.scenario, sensor.id)
        columns = _of_flights(world, looks(world, sensor, from_s=from_s, to_s=to_s), state)
        if r.false_plots and sensor.kind in ("psr", "psr_ssr") and sensor.false_plots_per_scan:
            noise = _of_nothing(world, sensor, state, from_s, to_s)
            columns = {k: np.concatenate([columns[k], noise[k]]) for k in columns}
        plot, link = _table(world, sensor, columns)
        plots.append(plot)
        links.append(link)
    joined = tables.concat("plots", plots)
    times = joined["time"].combine_chunks().cast(pa.int64()).to_numpy(zero_copy_only=False)
    joined = joined.take(pa.array(np.argsort(times, kind="stable")))  # sensors keep their order within an instant
    lineage = pa.array(np.arange(joined.num_rows), pa.int64())
    joined = joined.set_column(joined.schema.get_field_index("lineage"), joined.schema.field("lineage"), lineage)
    return Observed(tables.check("plots", joined), pa.concat_tables(links) if links else _no_links())


def _of_flights(world: World, look: Looks, state: Blocks) -> dict[str, NDArray[np.generic]]:
    s, row = look.sensor, look.trip
    draw, noise = np.empty((row.size, 3)), np.empty((row.size, 5))
    bias, z = np.zeros(row.size), np.zeros(row.size)
    edges = np.flatnonzero(np.diff(row, prepend=-1, append=-1))
    for a, b in pairwise(edges):
        trip = world.trips[int(row[a])]
        rng = _stream(world, "plots", trip, sensor_key(s.id))
        draw[a:b], noise[a:b] = rng.random((b - a, 3)), rng.standard_normal((b - a, 5))
        own = _stream(world, "aircraft", trip, 0)
        bias[a:b], z[a:b] = own.normal(0.0, ALTIMETER_SIGMA_M), own.standard_normal()
    pd = _conspicuous(look.pd, world.scenario.corridor.conspicuous_sd * z) * state.factor_at(look.time_s)
    ssr, adsb = (np.array([getattr(t.identity, w) for t in world.trips], bool)[row] for w in ("ssr", "adsb"))
    moving = look.speed_mps > PARKED_MPS
    primary = (draw[:, 0] < pd) & moving & (np.abs(look.radial_mps) >= s.min_radial_speed_mps)
    lit = np.where(look.pd > 0.0, LIT, 0.0) * state.factor_at(look.time_s)
    secondary = (draw[:, 1] < lit) & ssr & (look.height_m - look.ground_m > 5.0)
    if s.kind == "psr":
        secondary &= False
    if s.kind in ("ssr", "mode_s", "mlat"):
        primary &= False
    if s.kind in ("ads_b", "network"):
        primary, secondary = np.zeros(row.size, bool), (draw[:, 1] < lit) & adsb
    keep = primary | secondary
    pressure = pressure_height_m(
        look.height_m, isa_offset_c=world.scenario.isa_offset_c, qnh_hpa=world.scenario.qnh_hpa
    )
    level = (pressure + bias) / FLIGHT_LEVEL_M
    level = np.where(secondary & (draw[:, 2] > NO_MODE_C), level, np.nan)
    columns: dict[str, NDArray[np.generic]] = {
        "trip": row, "time": look.time_s, "range_m": look.range_m + s.sigma_range_m * noise[:, 0],
        "azimuth_deg": (look.azimuth_deg + s.sigma_azimuth_deg * noise[:, 1]) % 360.0,
        "lat_deg": look.lat_deg + noise[:, 2] * ADSB_SIGMA_M / 111_200.0,
        "lon_deg": look.lon_deg + noise[:, 3] * ADSB_SIGMA_M / 111_200.0 / np.cos(np.radians(look.lat_deg)),
        "altitude_fl": level, "altitude_msl_m": look.height_m + 12.0 * noise[:, 4],
        "speed": look.speed_mps, "heading": look.heading_deg, "primary": primary, "secondary": secondary,
    }  # fmt: skip
    return {k: v[keep] for k, v in columns.items()}


def _stream(world: World, element: str, trip: Trip, key: int) -> np.random.Generator:
    return stream(world.scenario.seed, element, key, int(trip.lawful), trip.day, trip.number)


def _conspicuous(pd: Array, shift: Array) -> Array:
    """Move a probability on the logit scale; certain ones stay as they are."""
    inside = (pd > 0.0) & (pd < 1.0)
    p = np.where(inside, pd, 0.5)
    return np.where(inside, 1.0 / (1.0 + (1.0 - p) / p * np.exp(-shift)), pd)


def _of_nothing(world: World, s: Sensor, state: Blocks, from_s: float, to_s: float) -> dict[str, NDArray[np.generic]]:
    """Return false plots: half spread over the radar's range, half about fixed spots (ridges, roads, rain)."""
    period, key, reach = s.scan_period_s or 4.0, sensor_key(s.id), s.range_max_m or 0.0
    spots = stream(world.scenario.seed, "clutter", key).random((max(world.scenario.record.clutter_spots, 1), 2))
    parts = []
    for hour in range(int(from_s // HOUR_S), int(np.ceil(to_s / HOUR_S))):
        rng = stream(world.scenario.seed, "false", key, hour)
        count = min(int(rng.poisson(s.false_plots_per_scan * HOUR_S / period)), FALSE_A_WINDOW_MAX)
        scan = np.floor(HOUR_S / period * (hour + rng.random(count)))
        where, jitter = rng.random((count, 2)), CLUTTER_SIGMA_M * rng.standard_normal((count, 2))
        fixed, spot = (
            rng.random(count) < world.scenario.record.clutter_share,
            spots[rng.integers(len(spots), size=count)],
        )
        distance = s.range_min_m + (reach - s.range_min_m) * np.where(fixed, spot[:, 0] ** 1.5 * 0.6, where[:, 0])
        distance = np.clip(distance + fixed * jitter[:, 0], s.range_min_m, reach)
        across = np.degrees(fixed * jitter[:, 1] / np.maximum(distance, 1000.0))
        azimuth = (360.0 * np.where(fixed, spot[:, 1], where[:, 1]) + across) % 360.0
        time = period * (scan + azimuth / 360.0)
        on = (rng.random(count) < state.factor_at(time)) & (time >= from_s) & (time < to_s)
        parts.append(np.column_stack([time, distance, azimuth])[on])
    found = np.concatenate(parts) if parts else np.empty((0, 3))
    n = len(found)
    nan, no = np.full(n, np.nan), np.zeros(n, bool)
    return {
        "trip": np.full(n, -1), "time": found[:, 0], "range_m": found[:, 1], "azimuth_deg": found[:, 2],
        "lat_deg": nan, "lon_deg": nan, "altitude_fl": nan, "altitude_msl_m": nan, "speed": nan, "heading": nan,
        "primary": ~no, "secondary": no,
    }  # fmt: skip


def _table(world: World, s: Sensor, c: dict[str, NDArray[np.generic]]) -> tuple[pa.Table, pa.Table]:
    order = np.lexsort((c["azimuth_deg"], c["time"]))
    c = {k: v[order] for k, v in c.items()}
    n, trip, secondary = order.size, c["trip"].astype(np.int64), c["secondary"].astype(bool)
    radar = s.kind in ("psr", "ssr", "psr_ssr")
    kind = np.where(c["primary"] & secondary, "psr_ssr", np.where(secondary, "ssr", "psr")) if radar else s.kind
    level = np.round(c["altitude_fl"].astype(float) * (1.0 if radar else 4.0)) / (1.0 if radar else 4.0)
    lat, lon = _positions(world, s, c, level) if radar else (c["lat_deg"], c["lon_deg"])
    who = [world.trips[t].identity if t >= 0 and q else None for t, q in zip(trip, secondary, strict=True)]
    coded = radar and s.kind != "psr"
    nothing = np.full(n, np.nan)
    time = micros(world, c["time"].astype(float))
    source, offset = f"simulated/{s.id}", np.arange(n, dtype=np.int64)
    plots = tables.table("plots", {
        "time": time, "received": time + 350_000, "sensor": [s.id] * n,
        "kind": [str(k) for k in np.broadcast_to(kind, n)], "lineage": offset,
        "range_m": np.round(c["range_m"].astype(float), 1) if radar else nothing,
        "azimuth_deg": np.round(c["azimuth_deg"].astype(float), 4) if radar else nothing,
        "lat_deg": np.round(lat.astype(float), 7), "lon_deg": np.round(lon.astype(float), 7), "altitude_fl": level,
        "altitude_msl_m": nothing if radar else np.round(c["altitude_msl_m"].astype(float), 1),
        "mode_3a": pa.array([i.mode_3a if i and coded else None for i in who], pa.uint16()),
        "icao24": [i.icao24 if i and not coded else None for i in who],
        "callsign": [i.callsign if i and not coded else None for i in who],
        "ground_speed_mps": nothing if radar else np.round(c["speed"].astype(float), 1),
        "heading_deg": nothing if radar else np.round(c["heading"].astype(float), 1),
        "sigma_m": np.full(n, np.nan if radar else ADSB_SIGMA_M), "source": [source] * n, "offset": offset,
    })  # fmt: skip
    target = pa.array(np.where(trip >= 0, trip + 1, 0), mask=trip < 0)
    return plots, pa.table({"source": pa.array([source] * n, pa.string()), "offset": offset, "target": target})


def _positions(world: World, s: Sensor, c: dict[str, NDArray[np.generic]], level: Array) -> tuple[Array, Array]:
    """Where the radar would put the plot: slant range corrected by pressure height where there is one."""
    assert s.lat_deg is not None and s.lon_deg is not None
    antenna = world.antenna_msl_m(s)
    east, north = polar_to_plane(
        range_m=c["range_m"], azimuth_deg=c["azimuth_deg"], height_m=level * FLIGHT_LEVEL_M, antenna_m=antenna
    )
    return Frame(lat0_deg=s.lat_deg, lon0_deg=s.lon_deg).to_degrees(east_m=east, north_m=north)


def _no_links() -> pa.Table:
    return pa.table(
        {"source": pa.array([], pa.string()), "offset": pa.array([], pa.int64()), "target": pa.array([], pa.int64())}
    )
