"""Tracks tables built straight from state vectors, for tests of the flights stage alone."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman import tables

FOOT_M, KNOT_MPS = 0.3048, 1852.0 / 3600.0


def read_states(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a ``.json.gz`` recording of state vectors."""
    with gzip.open(path) as file:
        rows: list[dict[str, Any]] = json.load(file)
    return rows


def tracks_of(states: Sequence[Mapping[str, Any]], *, strip_identity: bool = False) -> pa.Table:
    """Return a tracks table with one track an aircraft: no smoothing, every row detected."""

    def column(name: str) -> NDArray[np.float64]:
        return np.array([np.nan if s.get(name) is None else float(s[name]) for s in states], np.float64)

    lat, lon = column("latitude"), column("longitude")
    keep = np.isfinite(lat) & np.isfinite(lon)
    names = np.array([str(s["icao24"]) for s in states])
    _, track = np.unique(names, return_inverse=True)
    time_us = (column("timestamp") * 1000.0).astype(np.int64)
    order = np.lexsort((time_us, track))
    order = order[keep[order]]
    speed, heading = column("groundspeed") * KNOT_MPS, np.radians(column("track"))
    callsign = [str(s.get("callsign") or "") or None for s in states]
    known = (
        {}
        if strip_identity
        else {
            "icao24": [str(names[i]) for i in order],
            "callsign": [callsign[i] for i in order],
        }
    )
    return tables.table(
        "tracks",
        {
            "track": track[order].astype(np.int64),
            "time": time_us[order],
            "lat_deg": lat[order],
            "lon_deg": lon[order],
            "altitude_msl_m": (column("altitude") * FOOT_M)[order],
            "altitude_source": ["pressure"] * len(order),
            "vn_mps": (speed * np.cos(heading))[order],
            "ve_mps": (speed * np.sin(heading))[order],
            "existence": np.ones(len(order)),
            "reportable": np.ones(len(order)),
            "state": ["confirmed"] * len(order),
            "detected": np.ones(len(order), bool),
            "sensor": ["adsb"] * len(order),
            **known,
        },
    )
