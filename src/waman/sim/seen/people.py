"""People on the ground: what they notice, how wrong they are, and how late they tell.

A report is a region around an observer and a span of time. Some observers are deaf, some silent;
under a bribe fewer tell. False and repeated reports are in the same file as true ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman.geo.time import us_text
from waman.sim.motion import within
from waman.sim.randomness import stream
from waman.sim.scenario import Scenario
from waman.sim.trips import DAY_S, HOUR_S, Trip
from waman.sim.world import World, micros

Array = NDArray[np.float64]
COLUMNS = (
    "time_earliest", "time_latest", "received", "event", "observer_lat", "observer_lon", "bearing_deg",
    "bearing_sigma_deg", "distance_m", "registration_read", "heading_deg", "count", "reliability", "credibility",
    "consent", "audience",
)  # fmt: skip
HIGH_AGL_M = 2500.0  # above it a light aircraft is seldom noticed
BRIBED_TELL = 0.3
WRONG_HOUR = 0.05  # the hour is wrong by one (assumption)
WRONG_SIDE = 0.05  # the bearing is that of the echo
READ_WITHIN_M = 900.0
REPORTS_MAX = 200_000


@dataclass(frozen=True)
class Observer:
    """One person or post; ``logit`` is the personal chance of noticing and telling."""

    east_m: float
    north_m: float
    deaf: bool
    silent: bool
    radio: bool
    logit: float
    reliability: str


def observers(scenario: Scenario, world: World) -> list[Observer]:
    """Return the observers: half live by lawful places, half within some kilometres of a strip."""
    o, found = scenario.observers, []
    for i in range(o.count):
        rng = stream(scenario.seed, "observer", i)
        home = (world.places, world.strips)[i % 2] or world.places
        at = home[int(rng.integers(len(home)))]
        e, n = at.east_m + rng.normal(0.0, 2500.0), at.north_m + rng.normal(0.0, 2500.0)
        deaf, silent, radio = (rng.random(3) < (o.deaf, o.silent, o.radio)).tolist()
        grade = str(rng.choice(list("ABCDE"), p=[0.1, 0.3, 0.35, 0.15, 0.1]))
        found.append(
            Observer(float(e), float(n), deaf, silent, radio, float(rng.normal(o.logit_mean, o.logit_sd)), grade)
        )
    return found


def reports(world: World) -> tuple[list[dict[str, str]], pa.Table]:
    """Return the rows of ``reports.csv`` in order of receipt, and (row, target) links kept apart."""
    rows: list[tuple[int, dict[str, str], int]] = []
    m = world.motion
    row = within(m.offsets)
    for index, who in enumerate(observers(world.scenario, world)):
        if who.deaf or who.silent:
            continue
        d = np.hypot(m.east_m - who.east_m, m.north_m - who.north_m)
        nearest = np.minimum.reduceat(d, m.offsets[:-1]) if len(world.trips) else np.empty(0)
        for i in np.flatnonzero(nearest < 1.6 * world.scenario.observers.reach_m):
            a, b = m.offsets[i], m.offsets[i + 1]
            k = int(a + np.argmin(d[a:b]))
            rows += _noticed(world, index, who, int(i), k, float(d[k]))
        rows += _imagined(world, index, who)
    assert len(rows) <= REPORTS_MAX and row.size == m.time_s.size
    rows.sort(key=lambda r: (r[0], tuple(r[1].values())))
    number = np.arange(len(rows), dtype=np.int64)
    target = pa.array([t if t else None for _, _, t in rows], pa.int64())
    return [r for _, r, _ in rows], pa.table({"report": number, "target": target})


def _noticed(
    world: World, index: int, who: Observer, i: int, k: int, d: float
) -> list[tuple[int, dict[str, str], int]]:
    trip, o, m = world.trips[i], world.scenario.observers, world.motion
    rng = stream(world.scenario.seed, "report", index, int(trip.lawful), trip.day, trip.number)
    u, normal = rng.random(10), rng.standard_normal(3)
    agl = float(m.height_m[k] - world.plane.elevation(m.east_m[k : k + 1], m.north_m[k : k + 1])[0])
    near = float(np.exp(-((d / o.reach_m) ** 2)))
    # the personal logit is for a flight overhead and low; +1.5 makes the mean over a strip's flights its own
    p = near / (1.0 + np.exp(-(who.logit + 1.5))) * (0.05 if agl > HIGH_AGL_M else 1.0)
    if _under_bribe(world, trip):
        p *= BRIBED_TELL
    if u[0] >= p:
        return []
    event, time_s = _what(world, i, k, d, agl, float(u[1]))
    wrong = HOUR_S * float(np.sign(u[2] - 0.5)) if u[3] < WRONG_HOUR else 0.0
    e, n = m.east_m[k] - who.east_m, m.north_m[k] - who.north_m
    bearing = (np.degrees(np.arctan2(e, n)) + 20.0 * normal[0] + (180.0 if u[4] < WRONG_SIDE else 0.0)) % 360.0
    read = _read(trip, d, event, float(u[5]), rng)
    row = _row(world, who, rng, time_s + wrong, event, float(bearing), d * float(np.exp(0.35 * normal[1])), read)
    copies = [(row[0], row[1], i + 1)]
    if u[6] < o.duplicate:
        again = {**row[1], "received": us_text(row[0] + int(u[7] * 6 * HOUR_S * 1e6)), "reliability": "F"}
        copies.append((row[0] + int(u[7] * 6 * HOUR_S * 1e6), again, i + 1))
    return copies


def _under_bribe(world: World, trip: Trip) -> bool:
    if trip.lawful:
        return False
    site = next((j for j, s in enumerate(world.strips) if s.id == trip.stops[1]), None)
    rotation = trip.day // world.scenario.units.rotation_days
    return site is not None and bool(world.life.bribed[rotation, site])


def _what(world: World, i: int, k: int, d: float, agl: float, u: float) -> tuple[str, float]:
    """Landed or took off where the observer is near the strip, else seen by day, heard at night."""
    m, time_s = world.motion, float(world.motion.time_s[k])
    first, last = m.leg_offsets[i], m.leg_offsets[i + 1]
    if agl < 60.0 and d < 4000.0 and u < 0.6:
        if u < 0.4:
            ends = m.leg_end_s[first:last]
            return "landed", float(ends[np.argmin(np.abs(ends - time_s))])
        starts = m.leg_start_s[first:last]
        return "took_off", float(starts[np.argmin(np.abs(starts - time_s))])
    hour = (time_s / HOUR_S + _start_hour(world)) % 24.0
    return ("seen" if 5.8 < hour < 18.2 and u < 0.5 else "heard"), time_s


def _start_hour(world: World) -> float:
    from waman.sim.trips import hour_of

    return hour_of(world.scenario)


def _read(trip: Trip, d: float, event: str, u: float, rng: np.random.Generator) -> str:
    """Return a registration read at close range, with one figure wrong in a fifth of cases."""
    name = trip.identity.registration
    if not name or d > READ_WITHIN_M or event == "heard" or u > 0.4:
        return ""
    if rng.random() < 0.2:
        at = len(name) - 1 - int(rng.integers(3))
        name = name[:at] + str(int(rng.integers(10))) + name[at + 1 :]
    return name


def _row(
    world: World,
    who: Observer,
    rng: np.random.Generator,
    time_s: float,
    event: str,
    bearing: float,
    distance: float,
    read: str,
) -> tuple[int, dict[str, str]]:
    u = rng.random(6)
    slack = 60.0 * (2.0 + 18.0 * u[0])
    delay = 60.0 * (5.0 + 55.0 * u[1]) if who.radio else DAY_S * float(np.exp(np.log(14.0) * u[1]))
    early, late, got = (
        int(micros(world, np.array(t))) for t in (time_s - slack, time_s + slack * u[2], time_s + delay)
    )
    late, got = max(early, late), max(got, late)
    lat, lon = world.plane.frame.to_degrees(east_m=who.east_m, north_m=who.north_m)
    values = (
        us_text(early), us_text(late), us_text(got), event, f"{float(lat):.4f}", f"{float(lon):.4f}",
        f"{bearing:.0f}" if u[3] < 0.7 else "", "20" if u[3] < 0.7 else "",
        f"{round(distance, -2):.0f}" if u[4] < 0.5 else "",
        read, "", "1", who.reliability, str(int(rng.integers(1, 6))), "yes" if u[5] < 0.8 else "unknown", "case",
    )  # fmt: skip
    return got, dict(zip(COLUMNS, values, strict=True))


def _imagined(world: World, index: int, who: Observer) -> list[tuple[int, dict[str, str], int]]:
    """Return false reports: as many as the scenario's share of about one true report a week."""
    out = []
    for week in range(world.scenario.days // 7 + 1):
        rng = stream(world.scenario.seed, "imagined", index, week)
        span = min(7.0, world.scenario.days - 7.0 * week)
        for _ in range(int(rng.poisson(world.scenario.observers.false * max(span, 0.0)))):
            time_s = DAY_S * (7.0 * week + span * float(rng.random()))
            bearing, distance = 360.0 * float(rng.random()), 8000.0 * float(rng.random())
            out.append((*_row(world, who, rng, time_s, "heard", bearing, distance, ""), 0))
    return out
