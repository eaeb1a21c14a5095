"""What a plan would have meant: flights flown past its sensors, their plots through the real tracker.

For each flight: whether it became a track, for how many minutes, and how long before touchdown it was first shown.
The plots are drawn here from the detection field (one chance a scan, range and azimuth errors, false plots); the
tracker, its parameters and its thresholds are those of ``waman track --causal``: what a live display would have shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman import tables
from waman.config import Sensor
from waman.coverage import DetectionField
from waman.geo.frames import Frame
from waman.geo.units import SECOND_US
from waman.siting.problem import Problem
from waman.terrain.graph import ways
from waman.tracks import track

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

SPEED_MPS = 60.0
"""A loaded single-engine aircraft low over ground (140 kt cruise less what the terrain takes)."""
GROUND_S = 420.0
"""Time on the strip: 6-8 minutes (facts, section 5)."""
STRAY = 0.15
"""Pilots do not fly the optimum: each flight's steps cost up to so much more, drawn at random."""
FALSE_PLOTS_A_SCAN = 2.0
NEAR_M = 3000.0
SHOWN_MIN = 1.0
SMOOTH_NODES = 5
FLIGHTS_MAX = 2000


@dataclass(frozen=True)
class Flown:
    """One flight: positions by time from 0, and when it touched down [s]."""

    time_s: F64
    lat_deg: F64
    lon_deg: F64
    touchdown_s: float


@dataclass(frozen=True)
class Meant:
    """What one set of sensors would have shown of some flights. ``warning_min`` is over the flights shown at all."""

    flights: int
    shown: int
    probability: float
    sd: float
    minutes_tracked: float
    warning_min: float | None
    warning_none: float  # share of all flights without any warning before touchdown


def flights_along(
    problem: Problem, x: F64, to_degrees: Callable[[NDArray[np.int64]], Any], shares: F64, count: int, *, seed: int = 1
) -> list[Flown]:
    """Return flights that know plan ``x``: in along a good route, down, and out the same way.

    ``shares`` (strips,) says how many come to each strip; ``to_degrees`` turns cells (k, 2) into [lon, lat] pairs.
    """
    rng = np.random.default_rng(seed)
    costs = problem.step_costs(x)
    open_to = np.isfinite(problem.lengths_min_km)
    share = np.where(open_to, shares, 0.0)
    strips = rng.choice(problem.strips, size=min(count, FLIGHTS_MAX), p=share / share.sum())
    out = []
    for strip in strips:
        way = ways(problem.graph, costs * (1.0 + STRAY * rng.random(costs.size)), problem.exits)
        nodes, _ = way.path_to(int(strip))
        _, row, col = np.unravel_index(nodes, problem.shape)
        points = np.asarray(to_degrees(np.column_stack((row, col))), float)
        out.append(_flown(points))
    return out


def _flown(points: F64) -> Flown:
    """Return the flight along [lon, lat] points to a strip and back, corners of the grid smoothed away."""
    smooth = points
    if len(points) > SMOOTH_NODES:
        kernel = np.ones(SMOOTH_NODES) / SMOOTH_NODES
        padded = np.pad(points, ((SMOOTH_NODES // 2,) * 2, (0, 0)), mode="edge")
        smooth = np.column_stack([np.convolve(padded[:, k], kernel, mode="valid") for k in (0, 1)])
        smooth[0], smooth[-1] = points[0], points[-1]
    frame = Frame(float(smooth[-1, 1]), float(smooth[-1, 0]))
    x, y = frame.to_plane(lat_deg=smooth[:, 1], lon_deg=smooth[:, 0])
    time = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y))) / SPEED_MPS))
    down = float(time[-1])
    back = down + GROUND_S + (down - time[::-1])
    both = np.concatenate((smooth, smooth[::-1]))
    return Flown(np.concatenate((time, back)), both[:, 1], both[:, 0], down)


def recorded(rows: pa.Table, owner: str) -> list[Flown]:
    """Return the flights of a table with ``time, lat_deg, lon_deg`` and an owner column (``track`` or ``target``).

    Where it touched down is not known to a table of tracks: the end of the record stands for it.
    """
    who = rows[owner].to_numpy(zero_copy_only=False)
    time = rows["time"].cast(pa.int64()).to_numpy(zero_copy_only=False) / SECOND_US
    lat, lon = (rows[k].to_numpy(zero_copy_only=False) for k in ("lat_deg", "lon_deg"))
    out = []
    for name in np.unique(who)[:FLIGHTS_MAX]:
        mine = np.flatnonzero((who == name) & np.isfinite(lat) & np.isfinite(lon))
        mine = mine[np.argsort(time[mine], kind="stable")]
        if mine.size > 1 and time[mine[-1]] - time[mine[0]] > 60.0:
            at = time[mine] - time[mine[0]]
            out.append(Flown(at, lat[mine], lon[mine], float(at[-1])))
    return out


def meant(
    field: DetectionField, sensors: Sequence[Sensor], flights: Sequence[Flown], height_agl_m: float, *, seed: int = 2
) -> Meant:
    """Return what sensors would have shown of flights at one height above ground."""
    minutes, warning, rng = np.zeros(len(flights)), np.zeros(len(flights)), np.random.default_rng(seed)
    # the tracker expects the false plots that are drawn, and each flight finds it fresh: flights one after the other on
    # one route, with nothing between, would be learned as a place that false plots come from
    known = [msgspec.structs.replace(s, false_plots_per_scan=FALSE_PLOTS_A_SCAN) for s in sensors]
    for k, flown in enumerate(flights):
        plots = _plots(field, sensors, flown, height_agl_m, rng)
        if plots.num_rows:
            rows = track(plots, detection_probability=field, causal=True, sensors=known)
            minutes[k], warning[k] = _shown(rows, flown)
    shown = minutes >= SHOWN_MIN
    n = len(flights)
    p = float(shown.mean()) if n else 0.0
    warned = warning[shown & (warning > 0.0)]
    return Meant(
        flights=n,
        shown=int(shown.sum()),
        probability=p,
        sd=float(np.sqrt(p * (1.0 - p) / max(n, 1))),
        minutes_tracked=float(minutes.mean()) if n else 0.0,
        warning_min=float(np.median(warned)) if warned.size else None,
        warning_none=float((~shown | (warning <= 0.0)).mean()) if n else 1.0,
    )


def _plots(
    field: DetectionField, sensors: Sequence[Sensor], flown: Flown, height_m: float, rng: np.random.Generator
) -> pa.Table:
    parts = []
    for sensor in sensors:
        model = next(m for m in field.sensors if m.id == sensor.id)
        assert sensor.lat_deg is not None and sensor.lon_deg is not None
        frame = Frame(sensor.lat_deg, sensor.lon_deg)
        period, reach = float(model.scan_period_s or 4.0), float(model.range_max_m or 100_000.0)
        turns = np.arange(0.0, flown.time_s[-1], period) + rng.random() * period
        # the beam passes at its own instant of the turn: radars disagree unless the aircraft is where it was then
        scans = turns + period * (_seen_from(frame, flown, turns)[1] / 360.0)
        distance, azimuth, lat, lon = _seen_from(frame, flown, scans)
        near = distance < reach
        if not near.any():
            continue
        scans, distance, azimuth, lat, lon = (v[near] for v in (scans, distance, azimuth, lat, lon))
        pd = np.nan_to_num(field.detection_probability(lat, lon, height_m, sensor.id))
        down = (scans > flown.touchdown_s) & (scans < flown.touchdown_s + GROUND_S)
        hit = (rng.random(scans.size) < pd) & ~down
        noise = rng.standard_normal((int(hit.sum()), 2))
        far = distance[hit] + sensor.sigma_range_m * noise[:, 0]
        bearing = azimuth[hit] + sensor.sigma_azimuth_deg * noise[:, 1]
        real = np.column_stack((scans[hit], far, bearing % 360.0))
        at = np.repeat(turns[near], rng.poisson(FALSE_PLOTS_A_SCAN, scans.size))
        ring, bearing = reach * np.sqrt(rng.random(at.size)), 360.0 * rng.random(at.size)
        parts.append(
            _table(
                sensor, frame, np.concatenate((real, np.column_stack((at + period * bearing / 360.0, ring, bearing))))
            )
        )
    joined = tables.concat("plots", parts) if parts else tables.empty("plots")
    return joined.sort_by("time")


def _seen_from(frame: Frame, flown: Flown, at_s: F64) -> tuple[F64, F64, F64, F64]:
    """Return distance [m], azimuth [deg] from a radar, latitude and longitude [deg] of a flight at some times."""
    lat, lon = (np.interp(at_s, flown.time_s, v) for v in (flown.lat_deg, flown.lon_deg))
    x, y = frame.to_plane(lat_deg=lat, lon_deg=lon)
    return np.hypot(x, y), np.degrees(np.arctan2(x, y)) % 360.0, lat, lon


def _table(sensor: Sensor, frame: Frame, found: F64) -> pa.Table:
    time, distance, azimuth = found.T
    angle = np.radians(azimuth)
    lat, lon = frame.to_degrees(east_m=distance * np.sin(angle), north_m=distance * np.cos(angle))
    n = time.size
    stamp = np.round(time * SECOND_US).astype(np.int64)
    return tables.table(
        "plots",
        {
            "time": stamp, "received": stamp, "sensor": [sensor.id] * n, "kind": ["psr"] * n,
            "range_m": distance, "azimuth_deg": azimuth, "lat_deg": lat, "lon_deg": lon,
            "source": [f"drawn/{sensor.id}"] * n, "offset": np.arange(n),
        },
    )  # fmt: skip


def _shown(rows: pa.Table, flown: Flown) -> tuple[float, float]:
    """Return minutes shown, and warning before touchdown [min], of a flight."""
    time = rows["time"].cast(pa.int64()).to_numpy(zero_copy_only=False) / SECOND_US
    state = rows["state"].cast(pa.string()).to_numpy(zero_copy_only=False)
    good = (state != "tentative") & (rows["reportable"].to_numpy(zero_copy_only=False) >= 0.5)
    at, lat, lon = (v[good] for v in (time, *(rows[k].to_numpy(zero_copy_only=False) for k in ("lat_deg", "lon_deg"))))
    true_lat, true_lon = (np.interp(at, flown.time_s, v) for v in (flown.lat_deg, flown.lon_deg))
    east, north = (lon - true_lon) * 111_195.0 * np.cos(np.radians(true_lat)), (lat - true_lat) * 111_195.0
    close = at[np.hypot(north, east) < NEAR_M]
    if not close.size:
        return 0.0, 0.0
    return np.unique(np.floor(close / 6.0)).size / 10.0, float(flown.touchdown_s - close.min()) / 60.0
