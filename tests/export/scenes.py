"""Hand-made scenes with planted identities, and the real Paris sample under pseudonyms."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from waman import tables

START_US = 1_445_000_000_000_000
MADE_US = START_US + 90 * 86_400_000_000

PLANTED = ("e94b2f", "OBQ77KX", "OB-1408", "CP-2571", "a1b2c3", "MISION7", "Ricardo Palma")
"""Identities that stand somewhere in the planted scene. None may reach a public product."""

STRIP = (-12.3071, -74.1938)
HOSPITAL = (-11.7633, -74.7719)


@dataclass(frozen=True)
class Scene:
    """Everything a product is made from."""

    flights: pa.Table
    tracks: pa.Table
    places: list[dict[str, Any]]
    made_us: int = MADE_US


def path(track: int, points: list[tuple[float, float]], *, start_s: float, step_s: float = 10.0, **more: Any) -> dict:
    """Return columns of a track through points (latitude, longitude), with 60 rows a leg."""
    legs = [np.linspace(a, b, 60, endpoint=False) for a, b in pairwise(points)]
    at = np.concatenate([*legs, [points[-1]]])
    n = len(at)
    time_us = START_US + ((start_s + step_s * np.arange(n)) * 1e6).astype(np.int64)
    columns: dict[str, Any] = {
        "track": np.full(n, track),
        "time": time_us,
        "lat_deg": at[:, 0],
        "lon_deg": at[:, 1],
        "altitude_msl_m": np.full(n, 1500.0),
        "altitude_sigma_m": np.full(n, 60.0),
        "state": ["confirmed"] * n,
        "detected": np.ones(n, bool),
        "icao24": [None] * n,
        "callsign": [None] * n,
        "source": ["radar.ast"] * n,
        "offset": np.arange(n),
    }
    for name, value in more.items():
        columns[name] = [value] * n if isinstance(value, str) else value
    return columns


def finding(rule: str, stance: str, weight: float | None, text: str, searchable: float | None = None) -> dict[str, Any]:
    """Return one finding."""
    return {"rule": rule, "stance": stance, "weight_db": weight, "text": text, "searchable": searchable}


def flight(name: str, columns: dict, **more: Any) -> dict[str, Any]:
    """Return the row of the flight that a track makes up."""
    line = shapely.LineString(np.c_[columns["lon_deg"], columns["lat_deg"]])
    return {
        "flight": name,
        "tracks": [int(columns["track"][0])],
        "start": int(columns["time"][0]),
        "end": int(columns["time"][-1]),
        "ended": "unknown",
        "verdict": "insufficient",
        "findings": [],
        "checks": [],
        "revision": 0,
        "seen_fraction": 0.8,
        "geometry": shapely.to_wkb(line),
        **more,
    }


def assemble(tracks: list[dict], flights: list[dict], places: list[dict[str, Any]]) -> Scene:
    """Return the scene of some tracks, flights and places."""
    names = sorted({k for row in flights for k in row})
    table = tables.table("flights", {k: [row.get(k) for row in flights] for k in names})
    return Scene(table, tables.concat("tracks", [tables.table("tracks", t) for t in tracks]), places)


def planted(count: int = 0) -> Scene:
    """Return an Andean scene: medevac, a stop at an unlisted strip, a flight lost from cover, ``count`` overflights."""
    med = path(1, [(-12.1, -76.9), (-11.9, -75.6), HOSPITAL], start_s=0, icao24="e94b2f", callsign="OBQ77KX")
    odd = path(2, [(-11.2, -72.6), (-12.0, -73.8), STRIP, (-11.9, -73.0)], start_s=900, icao24="a1b2c3")
    lost = path(3, [(-13.1, -74.9), (-12.8, -74.4), (-12.5, -74.6)], start_s=300, callsign="MISION7")
    lost["detected"][-40:] = False
    lost["detected"][50:75] = False
    plan = finding("plan_matched", "for", 9.0, "A plan for OBQ77KX (registration OB-1408) agrees with the path.", 0.9)
    checks = [
        {"check": "registration_read", "done": True, "by": "Ricardo Palma", "time": None, "answer": "OB-1408 read"},
        {"check": "medical_desk_asked", "done": False, "by": None, "time": None, "answer": None},
    ]
    flights = [
        flight(
            "W-0001",
            med,
            ended="landed",
            landed=True,
            verdict="explained",
            basis="corroborated",
            weight_db=24.0,
            origin="SPJC",
            origin_probability=0.97,
            destination="hosp",
            findings=[plan, finding("lawful_medevac", "for", 12.0, "Flew to the hospital at -11.76331, -74.77191.")],
            checks=checks,
            min_agl_low_m=180.0,
            min_agl_high_m=420.0,
            ground_time_s=900.0,
        ),
        flight(
            "W-a1b2c3",
            odd,
            ended="left_area",
            landed=None,
            verdict="unexplained",
            weight_db=-19.0,
            findings=[
                finding("off_aerodrome_stop", "against", -10.0, "Stopped 6 min at 12°18'25.6\"S 74°11'37\"W.", 0.7),
                finding("border_crossed", "against", -6.0, "Entered from Bolivia without a plan heard."),
                finding("identity_contradicted", "against", -8.0, "a1b2c3 was heard as CP-2571 elsewhere.", 0.8),
                finding("identity_heard", "unknown", None, "No voice contact is recorded."),
            ],
            checks=checks,
        ),
        flight(
            "W-0003",
            lost,
            ended="lost_from_cover",
            landed=None,
            seen_fraction=0.55,
            findings=[finding("low_flight", "against", -2.0, "=HYPERLINK(1): below 300 m for 4 min", 0.31)],
        ),
    ]
    tracks = [med, odd, lost]
    for k in range(count):
        way = path(
            10 + k, [(-13.0 + 0.02 * k, -77.0), (-11.5, -73.0 - 0.01 * k)], start_s=30 * k, callsign=f"OVR{k:03d}"
        )
        tracks.append(way)
        verdict = ("explained", "insufficient")[k % 2]
        flights.append(
            flight(
                f"W-1{k:03d}",
                way,
                ended="left_area",
                verdict=verdict,
                weight_db=float(10 - k % 7),
                findings=[finding("identity_heard", "for", 7.0, "One address heard all the way.")],
            )
        )
    places = [
        {
            "id": "SPJC",
            "kind": "aerodrome",
            "name": "Jorge Chavez",
            "listed": True,
            "lat_deg": -12.02,
            "lon_deg": -77.11,
        },
        {
            "id": "hosp",
            "kind": "heliport",
            "name": "Hospital",
            "listed": True,
            "lat_deg": HOSPITAL[0],
            "lon_deg": HOSPITAL[1],
        },
        {
            "id": "P-17",
            "kind": "strip",
            "listed": False,
            "lat_deg": STRIP[0],
            "lon_deg": STRIP[1],
            "length_m": 480.0,
            "heading_deg": 31.0,
            "elevation_msl_m": 611.0,
            "last_seen": datetime(2015, 8, 1, tzinfo=UTC),
            "state": "active",
        },
        {"id": "v1", "kind": "village", "name": "Pueblo", "listed": True, "lat_deg": -12.6, "lon_deg": -73.9},
    ]
    return assemble(tracks, flights, places)


def paris(file: Path, *, aircraft: int | None = None) -> Scene:
    """Return the Paris sample with pseudonyms; verdicts here are placeholders, not Waman's own."""
    raw = json.loads(gzip.decompress(file.read_bytes()))
    by: dict[str, list[dict]] = {}
    for row in raw:
        if row["latitude"] is not None and row["altitude"] is not None:
            by.setdefault(row["icao24"], []).append(row)
    tracks, flights = [], []
    for k, rows in enumerate(list(by.values())[:aircraft]):
        rows.sort(key=lambda r: r["timestamp"])
        columns = {
            "track": np.full(len(rows), k),
            "time": np.array([r["timestamp"] * 1000 for r in rows]),
            "lat_deg": np.array([r["latitude"] for r in rows]),
            "lon_deg": np.array([r["longitude"] for r in rows]),
            "altitude_msl_m": np.array([r["altitude"] * 0.3048 for r in rows]),
            "state": ["confirmed"] * len(rows),
            "detected": np.ones(len(rows), bool),
            "icao24": [f"{0xABC000 + k:06x}"] * len(rows),
        }
        low = columns["altitude_msl_m"][-1] < 400
        tracks.append(columns)
        flights.append(
            flight(
                f"P{k:04d}",
                columns,
                ended="landed" if low else "left_area",
                landed=low or None,
                verdict="explained" if k % 5 else "insufficient",
                basis="declared" if k % 5 else None,
                weight_db=14.0 if k % 5 else 3.0,
                findings=[finding("identity_heard", "for", 7.0, "One address heard all the way.", 0.98)],
            )
        )
    return assemble(tracks, flights, [])
