"""Hand-made flights over flat ground: waypoints in, a tracks table out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from waman import tables

METRES = 111_195.0
START_US = 1_444_800_000_000_000  # 2015-10-14T05:20:00Z
HOME = {"id": "SPMF", "kind": "aerodrome", "name": "Mazamari", "lat_deg": -11.0, "lon_deg": -74.5}
AWAY = {"id": "SPAY", "kind": "aerodrome", "name": "Atalaya", "lat_deg": -11.0, "lon_deg": -73.5}
STRIP = {"id": "strip-1", "kind": "strip", "name": "strip-1", "lat_deg": -11.6, "lon_deg": -74.0, "listed": False}
PLACES = [
    {**HOME, "listed": True, "elevation_msl_m": 300.0},
    {**AWAY, "listed": True, "elevation_msl_m": 300.0},
    {**STRIP, "elevation_msl_m": 300.0},
]
Waypoint = tuple[float, float, float, float]
"""Seconds, latitude, longitude [deg], height above sea [m]."""


def track(
    waypoints: Sequence[Waypoint],
    *,
    number: int = 1,
    icao24: str | None = "e80001",
    callsign: str | None = "OB1408",
    step_s: float = 4.0,
    hidden: Sequence[tuple[float, float]] = (),
) -> dict[str, Any]:
    """Return the columns of one track flown in straight lines; rows inside ``hidden`` intervals are left out."""
    t0, t1 = waypoints[0][0], waypoints[-1][0]
    time = np.arange(t0, t1 + 0.5 * step_s, step_s)
    at, lat, lon, alt = (np.array(c, np.float64) for c in zip(*waypoints, strict=True))
    lats, lons, alts = (np.interp(time, at, c) for c in (lat, lon, alt))
    vn = np.gradient(lats, time) * METRES
    ve = np.gradient(lons, time) * METRES * np.cos(np.radians(lats))
    keep = ~np.any([(time > a) & (time < b) for a, b in hidden], axis=0) if hidden else np.ones(len(time), bool)
    n = int(keep.sum())
    return {
        "track": np.full(n, number, np.int64),
        "time": (START_US + time[keep] * 1e6).astype(np.int64),
        "lat_deg": lats[keep],
        "lon_deg": lons[keep],
        "altitude_msl_m": alts[keep],
        "altitude_sigma_m": np.full(n, 20.0),
        "vn_mps": vn[keep],
        "ve_mps": ve[keep],
        "state": ["confirmed"] * n,
        "detected": np.ones(n, bool),
        "icao24": [icao24] * n,
        "callsign": [callsign] * n,
    }


def tracks(*parts: dict[str, Any]) -> pa.Table:
    """Return the tracks table of several tracks."""
    return tables.concat("tracks", [tables.table("tracks", p) for p in parts])


def flight_to_strip(**more: Any) -> dict[str, Any]:
    """From the east down to the unlisted strip, seven minutes there, and back; hidden on the ground."""
    out = [(0.0, -11.6, -73.0, 900.0), (1700.0, -11.6, -73.9, 900.0), (1940.0, -11.6, -74.0, 320.0)]
    back = [(2360.0, -11.6, -74.0, 320.0), (2600.0, -11.6, -73.9, 900.0), (4300.0, -11.6, -73.0, 900.0)]
    return track([*out, *back], hidden=[(1930.0, 2372.0)], **more)


def aerodrome_flight(**more: Any) -> dict[str, Any]:
    """From one listed aerodrome to another, seen from wheel to wheel."""
    return track(
        [
            (0.0, -11.0, -74.5, 300.0),
            (120.0, -11.0, -74.5, 300.0),
            (420.0, -11.0, -74.35, 1500.0),
            (1800.0, -11.0, -73.65, 1500.0),
            (2200.0, -11.0, -73.5, 300.0),
            (2400.0, -11.0, -73.5, 300.0),
        ],
        **more,
    )
