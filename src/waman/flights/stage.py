"""The stage: a tracks table and what is given beside it in, a flights table out. No hidden state."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from waman import tables
from waman.flights.checks import outstanding
from waman.flights.cut.ends import Ends, ends_of
from waman.flights.cut.measures import measures_of
from waman.flights.cut.rows import Rows, rows_of
from waman.flights.cut.segment import DOWN_AND_UP, Legs, legs_of
from waman.flights.record import Flight, Found, Given, word_of
from waman.flights.rules import RULES
from waman.flights.sentences import sentence
from waman.flights.weigh import Weighed, weigh
from waman.flights.weights import ALTERNATIVES, WEIGHTS

RECORDING_END_S = 60.0
EDGE_S = 120.0
FALL_MPS = -12.0
"""Steeper than any light aircraft descends on purpose close to the ground (2,400 ft/min)."""
FALL_HEIGHT_M = 300.0
PATH_POINTS_MAX = 500


def explain(
    tracks: pa.Table,
    given: Given,
    *,
    language: str = "en",
    alternatives: Sequence[Mapping[str, float]] = ALTERNATIVES,
) -> pa.Table:
    """Cut tracks into flights, find what speaks for and against an ordinary explanation, and weigh it.

    Parameters
    ----------
    tracks : a ``tracks`` table (contract)
    given : places, terrain, field, plans, registers; what is missing weighs nothing
    language : of the findings' text; ``values`` allow any other later (see ``sentence``)
    alternatives : weight tables of other simulators, under all of which a verdict must hold

    Returns
    -------
    a ``flights`` table (contract) with the extra columns ``values`` (one JSON object a finding, for other
    languages), ``icao24`` and ``callsign`` (workspace only). Findings' weights are signed: for is positive.
    """
    flights = flights_of(tracks, given)
    rows = []
    for flight in flights:
        found = [f for rule in RULES.values() for f in rule(flight, given)]
        weighed = weigh(found, alternatives=alternatives, live=given.live)
        rows.append(_row(flight, given, found, weighed, language))
    return flights_table(rows)


def flights_of(tracks: pa.Table, given: Given) -> list[Flight]:
    """Return the flights in a tracks table with their ends and measures, before any rule."""
    rows = rows_of(tracks)
    if not len(rows):
        return []
    legs = legs_of(rows, given.places, given.terrain)
    departure = ends_of(
        rows, legs.first, given.places, departure=True, observed=legs.took_off_seen | (legs.stop_before > 0)
    )
    arrival = ends_of(rows, legs.last, given.places, departure=False, observed=legs.landed_seen | (legs.stop_after > 0))
    measures = measures_of(rows, legs, given.places, given.terrain)
    ended = _ended(rows, legs, arrival, given)
    flights = []
    for i in range(len(legs)):
        span = slice(int(legs.first[i]), int(legs.last[i]) + 1)
        flights.append(
            Flight(
                number=i,
                rows=rows,
                legs=legs,
                measures=measures,
                departure=departure,
                arrival=arrival,
                fates=ended,
                icao24=word_of(rows, rows.icao24[span]),
                callsign=word_of(rows, rows.callsign[span]),
                code_heard=bool(rows.code[span].any()),
                conflict=bool(rows.conflict_chain[rows.chain[span.start]]),
            )
        )
    return flights


def _ended(rows: Rows, legs: Legs, arrival: Ends, given: Given) -> Any:
    """Return how each flight ended, from its last rows; what was not observed is ``unknown`` or out of cover."""
    last = legs.last
    height = arrival.height_m
    if given.terrain is not None:
        height = rows.altitude_m[last] - given.terrain(rows.lat_deg[last], rows.lon_deg[last])
    sigma = np.nan_to_num(rows.altitude_sigma_m[last], nan=75.0)
    end_us = given.recording_end_us
    end_s = (rows.time_s.max(initial=0.0)) if end_us is None else (end_us - rows.start_us) / 1e6
    running = rows.time_s[last] > end_s - RECORDING_END_S
    falling = (arrival.climb_mps < FALL_MPS) & (height - sigma < FALL_HEIGHT_M) & (arrival.place < 0)
    low = (height < 1500.0) | (rows.pd[last] < 0.5)
    out = np.where(low | (arrival.place >= 0), "lost_from_cover", "unknown").astype(object)
    out[running] = "unknown"
    out[_leaving(rows, last, given)] = "left_area"
    out[falling & ~running] = "possible_impact"
    out[legs.landed_seen | (legs.stop_after == DOWN_AND_UP)] = "landed"
    return out


def _leaving(rows: Rows, last: Any, given: Given) -> Any:
    """Return whether two more minutes at the last velocity lead out of the area."""
    if given.bbox is None:
        return np.zeros(len(last), bool)
    west, south, east, north = given.bbox
    lat = rows.lat_deg[last] + np.nan_to_num(rows.vn_mps[last]) * EDGE_S / 111_195.0
    lon = rows.lon_deg[last] + np.nan_to_num(rows.ve_mps[last]) * EDGE_S / (
        111_195.0 * np.cos(np.radians(rows.lat_deg[last]))
    )
    return ~((south < lat) & (lat < north) & (west < lon) & (lon < east))


def _row(flight: Flight, given: Given, found: Sequence[Found], weighed: Weighed, language: str) -> dict[str, Any]:
    ids, i, span = given.places.ids, flight.number, flight.span
    tracks = np.unique(flight.rows.track[span])
    start = np.datetime64(flight.start_us, "us").item()
    return {
        "flight": f"{start:%Y%m%dT%H%M%SZ}-{int(flight.rows.track[span.start])}",
        "tracks": tracks.tolist(),
        "start": flight.start_us,
        "end": flight.end_us,
        "ended": flight.ended,
        "origin": ids[flight.origin] if flight.origin >= 0 else None,
        "destination": ids[flight.destination] if flight.destination >= 0 else None,
        "origin_probability": _number(flight.departure.probability[i]),
        "destination_probability": _number(flight.arrival.probability[i]),
        "verdict": weighed.verdict,
        "basis": weighed.basis,
        "weight_db": weighed.weight_db,
        "findings": [
            {
                "rule": f.rule,
                "stance": stance(f.rule, db),
                "weight_db": db,
                "text": sentence(f.rule, f.values, language),
                "searchable": f.searchable,
            }
            for f, db in zip(found, weighed.weights_db, strict=True)
        ],
        "checks": outstanding(),
        "min_agl_low_m": _number(flight.measure("min_agl_low_m")),
        "min_agl_high_m": _number(flight.measure("min_agl_high_m")),
        "landed": flight.landed,
        "ground_time_s": _number(flight.legs.ground_after_s[i]),
        "seen_fraction": _number(flight.measure("seen_fraction")),
        "revision": 0,
        "geometry": _path(flight),
        "values": [json.dumps(dict(f.values), sort_keys=True) for f in found],
        "icao24": flight.icao24,
        "callsign": flight.callsign,
    }


def stance(rule: str, weight_db: float) -> str:
    """Return whether a weighed finding speaks for or against an ordinary explanation.

    >>> stance("identity.none", 0.0), stance("stop.unlisted", -8.0)
    ('unknown', 'against')
    """
    if weight_db == 0.0 or WEIGHTS[rule].kind == "note":
        return "unknown"
    return "for" if weight_db > 0.0 else "against"


def _number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _path(flight: Flight) -> bytes:
    span = flight.span
    at = np.unique(np.linspace(span.start, span.stop - 1, PATH_POINTS_MAX).astype(np.int64))
    points = np.stack([flight.rows.lon_deg[at], flight.rows.lat_deg[at]], axis=1)
    return bytes(shapely.to_wkb(shapely.linestrings(points)))


def flights_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Build the flights table, with its extra columns, from one mapping a flight."""
    extra = {"values": pa.list_(pa.string()), "icao24": pa.string(), "callsign": pa.string()}
    names = tables.SCHEMAS["flights"].names
    out = tables.table("flights", {n: [r.get(n) for r in rows] for n in names})
    for name, kind in extra.items():
        out = out.append_column(name, pa.array([r.get(name) for r in rows], kind))
    return out
