"""What readsb, dump1090 and the OpenSky API write as JSON: snapshots, traces and arrays of states.

Each becomes the columns of :mod:`waman.plots.network.states` in the feet-and-knots (or, for
the API, metres) dialect. Sources: readsb README-json.md; OpenSky REST API, "All state vectors".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waman.errors import Problems
from waman.plots.records.columns import Offsets, numbers, words
from waman.plots.records.envelope import Content
from waman.plots.records.json_records import arrow, blocks, collect

# NACp category -> 95 % horizontal bound [m] (RTCA DO-260B, 2.2.3.2.7.1.3.8); sigma of one axis = bound / 2.4477
NACP_BOUND_M = np.array([np.nan, 18520, 7408, 3704, 1852, 926, 555.6, 185.2, 92.6, 30, 10, 3, *[np.nan] * 4])
RAYLEIGH_95 = 2.4477
KINDS = {"mlat": "mlat", "mode_s": "mode_s", "unknown": "mode_s", "other": "mode_s", "tisb": "track"}
STALE_FLAG = 1  # trace flags, bit 0: the position is old

TRACE = tuple("seconds lat lon altitude groundspeed track flags climb details type geoaltitude".split())  # noqa: SIM905
API = tuple(
    (  # noqa: SIM905
        "icao24 callsign country time_position timestamp lon lat baroaltitude on_ground velocity "
        "true_track vertical_rate sensors geoaltitude squawk spi position_source"
    ).split()
)


class Aircraft(msgspec.Struct):
    """One aircraft of a snapshot, fields of readsb and of older dump1090."""

    hex: str | None = None
    type: str | None = None
    flight: str | None = None
    alt_baro: float | str | None = None
    altitude: float | str | None = None
    alt_geom: float | None = None
    gs: float | None = None
    speed: float | None = None
    track: float | None = None
    lat: float | None = None
    lon: float | None = None
    squawk: str | float | None = None
    seen: float | None = None
    seen_pos: float | None = None
    nac_p: int | None = None


class _Details(msgspec.Struct):
    flight: str | None = None
    squawk: str | None = None
    nac_p: int | None = None


def read_aircraft(content: Content, problems: Problems) -> tuple[dict[str, pa.Array], Offsets]:
    """Return the state columns of a snapshot (``aircraft.json``): times are ``now`` less the age of each value."""
    now = _number(rb'"now"\s*:\s*([\d.]+)', content.data)
    if now is None:
        problems.add(content.name, "the snapshot has no time ('now')")
        return {}, np.zeros(0, np.int64)
    inner, shift = _inside(content, rb'"aircraft"\s*:\s*\[')
    found, offsets = collect(inner, Aircraft, problems)
    rows = len(offsets)

    def age(name: str) -> Any:
        return np.nan_to_num(numbers(found[name])[0]) if name in found else np.zeros(rows)

    renamed = {
        "icao24": found.get("hex"),
        "callsign": found.get("flight"),
        "altitude": _airborne(found.get("alt_baro", found.get("altitude"))),
        "geoaltitude": found.get("alt_geom"),
        "groundspeed": found.get("gs", found.get("speed")),
        "track": found.get("track"),
        "lat": found.get("lat"),
        "lon": found.get("lon"),
        "squawk": found.get("squawk"),
        "timestamp": pa.array(now - age("seen"), pa.float64()),
        "last_position": pa.array(now - age("seen_pos"), pa.float64()),
        "plot_kind": _kinds(found.get("type")),
        "plot_sigma_m": _sigma(found.get("nac_p")),
    }
    return {k: v for k, v in renamed.items() if v is not None}, offsets + shift


def read_trace(content: Content, problems: Problems) -> tuple[dict[str, pa.Array], Offsets]:
    """Return the state columns of a trace file (``trace_full_*.json``): one aircraft, one day."""
    start = _number(rb'"timestamp"\s*:\s*([\d.]+)', content.data)
    address = re.search(rb'"icao"\s*:\s*"([^"]{1,8})"', content.data)
    if start is None or address is None:
        problems.add(content.name, "the trace names no aircraft or no start time")
        return {}, np.zeros(0, np.int64)
    inner, shift = _inside(content, rb'"trace"\s*:\s*\[')
    columns, offsets = _rows(inner, TRACE, problems)
    if not columns:
        return {}, offsets
    rows = len(offsets)
    details = [_details(d) for d in columns["details"]]
    flags, _ = numbers(arrow(columns["flags"]))
    fresh = pa.array((np.nan_to_num(flags).astype(np.int64) & STALE_FLAG) == 0)
    seconds, bad = numbers(arrow(columns["seconds"]))
    found = {n: arrow(columns[n]) for n in ("altitude", "groundspeed", "track", "geoaltitude")}
    found |= {n: pc.if_else(fresh, arrow(columns[n]), None) for n in ("lat", "lon")}
    found["altitude"] = _airborne(found["altitude"])
    found["timestamp"] = pa.array(np.where(bad, np.nan, start + seconds), pa.float64(), from_pandas=True)
    found["icao24"] = pa.array([address[1].decode("utf-8", "replace")] * rows)
    found["callsign"] = pc.fill_null_forward(pa.array([d.flight for d in details], pa.string()))
    found["squawk"] = pa.array([d.squawk for d in details], pa.string())
    found["plot_kind"] = _kinds(arrow(columns["type"]))
    found["plot_sigma_m"] = _sigma(pc.fill_null_forward(pa.array([d.nac_p for d in details], pa.int64())))
    return {k: v for k, v in found.items() if v is not None and v.null_count < rows}, offsets + shift


def read_api(content: Content, problems: Problems) -> tuple[dict[str, pa.Array], Offsets]:
    """Return the state columns of an answer of the OpenSky API: ``{"time": ..., "states": [[...], ...]}``."""
    inner, shift = _inside(content, rb'"states"\s*:\s*\[')
    columns, offsets = _rows(inner, API, problems)
    return {n: arrow(list(v)) for n, v in columns.items()}, offsets + shift


def _rows(inner: Content, names: Sequence[str], problems: Problems) -> tuple[Mapping[str, Sequence[Any]], Offsets]:
    """Return rows that are arrays as columns; short rows are filled with nulls, longer ones cut."""
    rows: list[list[Any]] = []
    places = [np.zeros(0, np.int64)]
    for some, offsets in blocks(inner, list[Any], problems, brackets=b"[]"):
        rows += some
        places.append(offsets)
    if not rows:
        return {}, places[0]
    columns = dict(zip(names, zip_longest(*rows), strict=False))
    nothing = [None] * len(rows)
    return {n: columns.get(n, nothing) for n in names}, np.concatenate(places)


def _inside(content: Content, opening: bytes) -> tuple[Content, int]:
    """Return the array that ``opening`` begins, its closing brackets taken off, and how far it lies in the file."""
    found = re.search(opening, content.data)
    if found is None:
        return replace(content, data=b""), 0
    inner = content.data[found.end() - 1 :]
    ending = re.search(rb"\]\s*(?:,\s*\"[^\[\]{}]*)?\}\s*$", inner[-4096:])
    if ending is not None:
        inner = inner[: len(inner) - (len(inner[-4096:]) - ending.start())]
    return replace(content, data=inner), found.end() - 1


def _number(pattern: bytes, data: bytes) -> float | None:
    found = re.search(pattern, data)
    try:
        return float(found[1]) if found else None
    except ValueError:
        return None


def _airborne(column: pa.Array | None) -> pa.Array | None:
    """Return altitudes, null where the word "ground" stands instead of one."""
    if column is None or not pa.types.is_string(column.type):
        return column
    return pc.if_else(pc.equal(column, "ground"), None, column)


def _kinds(column: pa.Array | None) -> pa.Array | None:
    if column is None or not pa.types.is_string(column.type):
        return None
    return words(column, lambda t: KINDS.get(t if t in KINDS else t.split("_")[0], "ads_b"))[0].dictionary_decode()


def _sigma(column: pa.Array | None) -> pa.Array | None:
    if column is None:
        return None
    category, _ = numbers(column)
    bound_m = NACP_BOUND_M[np.clip(np.nan_to_num(category), 0, 15).astype(np.int64)]
    return pa.array(bound_m / RAYLEIGH_95, from_pandas=True)


def _details(value: Any) -> _Details:
    if not isinstance(value, dict):
        return _Details()
    try:
        return msgspec.convert(value, _Details)
    except msgspec.ValidationError:
        return _Details()
