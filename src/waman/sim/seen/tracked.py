"""Tracks as a tracker that never confuses two aircraft would make them: for judging what comes after.

It stands in where the question is the explanation, not the tracking: the rows are the looks that
were detected, with a tracker's errors, cut where nothing was seen for minutes. No truth is in them
but the association; false plots make no track. Results obtained with it say "ideal association".
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman import tables
from waman.geo.units import FLIGHT_LEVEL_M
from waman.sim.land.air import pressure_height_m
from waman.sim.motion import within
from waman.sim.randomness import stream
from waman.sim.seen.outages import blocks, sensor_key
from waman.sim.seen.plots import LIT, NO_MODE_C, PARKED_MPS
from waman.sim.world import World, micros

Array = NDArray[np.float64]
LOST_S = 2700.0  # a track ends when nothing was seen for so long; shorter gaps are stitched
POSITION_SIGMA_M = 60.0  # smoothed
VELOCITY_SIGMA_MPS = 1.5
PRESSURE_SIGMA_M = 75.0
HELD_S = 30.0
ROWS_MIN = 5


def associated(world: World) -> tuple[pa.Table, pa.Table]:
    """Return a ``tracks`` table and, apart from it, the target of each track: (track, target, path_seen).

    ``path_seen`` is the share of the whole flight's time in which it was detected. Rows are the
    samples of the truth (``truth_step_s``) at which at least one sensor detected the aircraft.
    """
    seen, heard, pd = _detections(world)
    m, row = world.motion, within(world.motion.offsets)
    keep = np.flatnonzero(seen | heard)
    trip = row[keep]
    gap = np.diff(m.time_s[keep], prepend=-1e18) > LOST_S
    new = gap | (np.diff(trip, prepend=-1) != 0)
    track = np.cumsum(new)
    enough = np.bincount(track)[track] >= ROWS_MIN
    keep, trip, track = keep[enough], trip[enough], track[enough]
    flown = np.diff(m.offsets).astype(np.float64)
    share = np.bincount(row[seen | heard], minlength=flown.size) / np.maximum(flown, 1.0)
    first = np.flatnonzero(np.diff(track, prepend=-1))
    links = pa.table({"track": track[first], "target": trip[first] + 1, "path_seen": share[trip[first]]})
    return _table(world, keep, trip, track, heard, pd), links


def _detections(world: World) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Array]:
    """Return for each sample: detected by primary radar, by transponder, and the probability of the former."""
    m, row = world.motion, within(world.motion.offsets)
    lat, lon = world.plane.frame.to_degrees(east_m=m.east_m, north_m=m.north_m)
    agl = np.maximum(m.height_m - world.ground.elevation(lat, lon), 0.0)
    step = np.maximum(np.diff(m.time_s, append=m.time_s[-1:] + 1.0), 1e-3)
    speed = np.hypot(np.diff(m.east_m, append=m.east_m[-1:]), np.diff(m.north_m, append=m.north_m[-1:])) / step
    moving = (speed > PARKED_MPS) & (speed < 400.0)
    ssr, adsb = (np.array([getattr(t.identity, w) for t in world.trips], bool)[row] for w in ("ssr", "adsb"))
    seen, heard = np.zeros(row.size, bool), np.zeros(row.size, bool)
    missed = np.ones(row.size)
    for sensor in world.scenario.sensor:
        p = world.seeing.detection_probability(lat, lon, agl, sensor.id, 2.0)
        on = blocks(world.scenario, sensor.id).factor_at(m.time_s)
        u, v = _draws(world, sensor_key(sensor.id))
        if sensor.kind in ("psr", "psr_ssr"):
            seen |= (u < p * on) & moving
            missed *= 1.0 - p * on
        if sensor.kind in ("ssr", "psr_ssr", "mode_s"):
            heard |= (v < np.where(p > 0.0, LIT, 0.0) * on) & ssr & (agl > 5.0)
        if sensor.kind in ("ads_b", "mlat"):
            heard |= (v < np.where(p > 0.0, LIT, 0.0) * on) & adsb
    return seen, heard, 1.0 - missed


def _held(height: Array, time_s: Array, track: NDArray[np.int64]) -> Array:
    """Carry a height through rows without one, as a tracker does, from the nearest row within ``HELD_S``."""
    known = np.flatnonzero(np.isfinite(height))
    if not known.size:
        return height
    after = np.clip(np.searchsorted(known, np.arange(height.size)), 0, known.size - 1)
    out = height.copy()
    for index in (known[np.maximum(after - 1, 0)], known[after]):
        near = ~np.isfinite(out) & (track[index] == track) & (np.abs(time_s[index] - time_s) <= HELD_S)
        out[near] = height[index[near]]
    return out


def _draws(world: World, key: int) -> tuple[Array, Array]:
    offsets = world.motion.offsets
    u, v = np.empty(offsets[-1]), np.empty(offsets[-1])
    for i, t in enumerate(world.trips):
        rng = stream(world.scenario.seed, "tracked", key, int(t.lawful), t.day, t.number)
        u[offsets[i] : offsets[i + 1]], v[offsets[i] : offsets[i + 1]] = rng.random((2, offsets[i + 1] - offsets[i]))
    return u, v


def _table(
    world: World, keep: NDArray[np.int64], trip: NDArray[np.int64], track: NDArray[np.int64],
    heard: NDArray[np.bool_], pd: Array,
) -> pa.Table:  # fmt: skip
    m, s = world.motion, world.scenario
    rng = stream(s.seed, "tracked-noise")
    noise = rng.standard_normal((keep.size, 5))
    after = np.minimum(keep + 1, m.offsets[trip + 1] - 1)
    before = np.maximum(after - 1, m.offsets[trip])
    dt = np.maximum(m.time_s[after] - m.time_s[before], 1e-3)
    e, n = m.east_m[keep] + POSITION_SIGMA_M * noise[:, 0], m.north_m[keep] + POSITION_SIGMA_M * noise[:, 1]
    lat, lon = world.plane.frame.to_degrees(east_m=e, north_m=n)
    level = heard[keep] & (rng.random(keep.size) > NO_MODE_C)
    pressure = pressure_height_m(m.height_m[keep], isa_offset_c=s.isa_offset_c, qnh_hpa=s.qnh_hpa)
    height = np.where(level, np.round(pressure / FLIGHT_LEVEL_M) * FLIGHT_LEVEL_M, np.nan)
    height = _held(height, m.time_s[keep], track)
    adsb = np.array([t.identity.adsb for t in world.trips], bool)[trip] & heard[keep]

    def words(name: str) -> list[str | None]:
        known = [getattr(t.identity, name) or None for t in world.trips]
        return [known[i] if a else None for i, a in zip(trip.tolist(), adsb.tolist(), strict=True)]

    return tables.table("tracks", {
        "track": track, "time": micros(world, m.time_s[keep]),
        "lat_deg": np.round(lat, 7), "lon_deg": np.round(lon, 7), "altitude_msl_m": np.round(height, 1),
        "altitude_sigma_m": np.where(np.isfinite(height), PRESSURE_SIGMA_M, np.nan),
        "altitude_source": np.where(np.isfinite(height), "pressure", "none").tolist(),
        "vn_mps": (m.north_m[after] - m.north_m[before]) / dt + VELOCITY_SIGMA_MPS * noise[:, 2],
        "ve_mps": (m.east_m[after] - m.east_m[before]) / dt + VELOCITY_SIGMA_MPS * noise[:, 3],
        "sigma_major_m": np.full(keep.size, POSITION_SIGMA_M), "sigma_minor_m": np.full(keep.size, POSITION_SIGMA_M),
        "existence": np.full(keep.size, 0.99), "reportable": np.full(keep.size, 0.99),
        "state": ["confirmed"] * keep.size, "detected": np.ones(keep.size, bool), "pd": pd[keep],
        "icao24": words("icao24"), "callsign": words("callsign"),
        "source": ["simulated, ideal association"] * keep.size, "offset": np.arange(keep.size),
    })  # fmt: skip
