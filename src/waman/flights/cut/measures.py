"""What the rules ask about each flight, measured from its rows in whole-array steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.flights.cut.rows import F, I, Rows
from waman.flights.cut.segment import Ground, Legs, ground_of
from waman.flights.places import Places
from waman.geo.geodesy import distance_m

ALTITUDE_SIGMA_M = 75.0
"""Uncorrected pressure and encoder together (SPEC-147: 25 ft steps, 1 sigma 75 m without local pressure)."""
SEEN_STEP_S = 60.0
"""Rows closer than this together count as watched without a break."""
LOW_THIN_S = 5.0
HEIGHT_INTERVAL = 1.645  # 5 % on either side of a normal distribution


@dataclass(frozen=True)
class Measures:
    """One entry a flight. NaN is "not measured"."""

    duration_s: F
    path_m: F
    extent_m: F
    """Diagonal of the box around the path."""
    back_m: F
    """Distance from the first row to the last."""
    speed_mps: F
    """Median of the moving rows."""
    speed_top_mps: F
    slow_share: F
    """Share of rows in the air slower than 15 m/s."""
    altitude_low_m: F
    altitude_high_m: F
    altitude_step_m: F
    """Median change of altitude from row to row, all climbs and descents added, per hour of flight."""
    climbs: I
    """How many separate climbs of at least 150 m."""
    reversal: F
    """1 where legs run both ways along one line, 0 where directions mix: axial minus directional resultant."""
    seen_fraction: F
    min_agl_low_m: F
    min_agl_high_m: F
    identity_share: F
    addresses: I
    callsigns: I


def measures_of(rows: Rows, legs: Legs, places: Places, terrain: Ground | None) -> Measures:
    """Measure every flight. Columns are reduced between first and last rows; no loop over rows."""
    cuts = np.stack([legs.first, legs.last + 1], axis=1).ravel()
    pairs = np.diff(rows.time_s)
    dt = np.append(pairs, 0.0)
    lat, lon = rows.lat_deg, rows.lon_deg
    step = (
        np.append(distance_m(lat1_deg=lat[:-1], lon1_deg=lon[:-1], lat2_deg=lat[1:], lon2_deg=lon[1:]), 0.0)
        if len(rows) > 1
        else np.zeros(len(rows))
    )
    edge = np.zeros(len(rows), bool)
    edge[legs.last] = True
    dt, step = np.where(edge, 0.0, dt), np.where(edge, 0.0, step)
    duration = rows.time_s[legs.last] - rows.time_s[legs.first]
    speed = rows.speed_mps
    low, high = _agl(rows, legs, places, terrain)
    return Measures(
        duration_s=duration,
        path_m=_sum(step, cuts),
        extent_m=_extent(rows, cuts),
        back_m=distance_m(
            lat1_deg=lat[legs.first], lon1_deg=lon[legs.first], lat2_deg=lat[legs.last], lon2_deg=lon[legs.last]
        ),
        speed_mps=_each(speed, legs, lambda v: float(np.median(v))),
        speed_top_mps=_each(speed, legs, lambda v: float(np.quantile(v, 0.95))),
        slow_share=_each(speed, legs, lambda v: float(np.mean(v < 15.0))),
        altitude_low_m=_extreme(rows.altitude_m, cuts, np.minimum, np.inf),
        altitude_high_m=_extreme(rows.altitude_m, cuts, np.maximum, -np.inf),
        altitude_step_m=_each(rows.altitude_m, legs, lambda v: float(np.abs(np.diff(v)).sum())),
        climbs=np.nan_to_num(_each(rows.altitude_m, legs, _climbs)).astype(np.int64),
        reversal=_reversal(rows, step, cuts),
        seen_fraction=_seen(dt, rows.detected, cuts, duration),
        min_agl_low_m=low,
        min_agl_high_m=high,
        identity_share=_mean((rows.icao24 >= 0).astype(np.float64), cuts),
        addresses=_kinds(rows.icao24, legs),
        callsigns=_kinds(rows.callsign, legs),
    )


def _sum(values: F, cuts: I) -> F:
    if not len(cuts):
        return np.zeros(0)
    padded = np.append(values, 0.0)
    return np.asarray(np.add.reduceat(padded, cuts)[::2], np.float64)


def _mean(values: F, cuts: I) -> F:
    return _sum(values, cuts) / np.maximum(_sum(np.ones_like(values), cuts), 1.0)


def _extreme(values: F, cuts: I, how: np.ufunc, nothing: float) -> F:
    if not len(cuts):
        return np.zeros(0)
    padded = np.append(np.where(np.isfinite(values), values, nothing), nothing)
    found = np.asarray(how.reduceat(padded, cuts)[::2], np.float64)
    return np.where(np.isfinite(found), found, np.nan)


def _extent(rows: Rows, cuts: I) -> F:
    sides = []
    for values in (rows.lat_deg, rows.lon_deg):
        sides.append((_extreme(values, cuts, np.minimum, np.inf), _extreme(values, cuts, np.maximum, -np.inf)))
    (south, north), (west, east) = sides
    return distance_m(lat1_deg=south, lon1_deg=west, lat2_deg=north, lon2_deg=east)


def _each(values: F, legs: Legs, what: Callable[[F], float]) -> F:
    """Apply ``what`` to the known values of each flight; NaN where there are none."""
    out = np.full(len(legs), np.nan)
    for i, (a, b) in enumerate(zip(legs.first, legs.last, strict=True)):
        part = values[a : b + 1]
        part = part[np.isfinite(part)]
        if len(part):
            out[i] = what(part)
    return out


def _climbs(altitude_m: F) -> float:
    """Return how many times the altitude rose by 150 m after having sunk by 150 m (a soaring day has dozens)."""
    thin = altitude_m[:: max(1, len(altitude_m) // 600)]
    count, low, high, rising = 0, thin[0], thin[0], False
    for value in thin.tolist():
        low, high = min(low, value), max(high, value)
        if not rising and value >= low + 150.0:
            count, rising, high = count + 1, True, value
        elif rising and value <= high - 150.0:
            rising, low = False, value
    return float(count)


def _reversal(rows: Rows, step: F, cuts: I) -> F:
    """Return axial minus directional resultant of the ground track, weighted by distance (Mardia and Jupp, ch. 2)."""
    angle = np.arctan2(np.nan_to_num(rows.ve_mps), np.nan_to_num(rows.vn_mps))
    total = np.maximum(_sum(step, cuts), 1.0)
    once = np.hypot(_sum(step * np.cos(angle), cuts), _sum(step * np.sin(angle), cuts)) / total
    twice = np.hypot(_sum(step * np.cos(2 * angle), cuts), _sum(step * np.sin(2 * angle), cuts)) / total
    return np.asarray(twice - once, np.float64)


def _seen(dt: F, detected: NDArray[np.bool_], cuts: I, duration: F) -> F:
    watched = np.where(detected & np.append(detected[1:], True), np.minimum(dt, SEEN_STEP_S), 0.0)
    return np.clip(_sum(watched, cuts) / np.maximum(duration, 1.0), 0.0, 1.0)


def _kinds(codes: I, legs: Legs) -> I:
    """Return how many different known codes each flight carries."""
    leg = np.full(len(codes), -1, np.int64)
    for i, (a, b) in enumerate(zip(legs.first, legs.last, strict=True)):
        leg[a : b + 1] = i
    known = (codes >= 0) & (leg >= 0)
    pairs = np.unique(leg[known] * (codes.max(initial=0) + 1) + codes[known])
    return np.bincount(pairs // (codes.max(initial=0) + 1), minlength=len(legs))[: len(legs)]


def _agl(rows: Rows, legs: Legs, places: Places, terrain: Ground | None) -> tuple[F, F]:
    """Return the 90 % interval of the lowest height above ground, from one row every five seconds."""
    n = len(rows)
    tick = np.floor(rows.time_s / LOW_THIN_S)
    thin = np.append(True, np.diff(tick) != 0) & np.isfinite(rows.altitude_m) & rows.detected
    if terrain is None:
        thin &= rows.altitude_m < 3000.0  # an aerodrome's elevation says nothing about a cruise above it
    at = np.flatnonzero(thin)
    height = np.full(n, np.nan)
    if len(at):
        height[at] = rows.altitude_m[at] - ground_of(rows.lat_deg[at], rows.lon_deg[at], places, terrain)
    sigma = np.where(np.isfinite(rows.altitude_sigma_m), rows.altitude_sigma_m, ALTITUDE_SIGMA_M)
    cuts = np.stack([legs.first, legs.last + 1], axis=1).ravel()
    low = _extreme(height - HEIGHT_INTERVAL * sigma, cuts, np.minimum, np.inf)
    high = _extreme(height + HEIGHT_INTERVAL * sigma, cuts, np.minimum, np.inf)
    return np.maximum(low, 0.0), np.maximum(high, 0.0)
