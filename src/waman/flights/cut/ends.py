"""Where flights began and ended: probabilities over places, never a guess.

The last rows of a flight point at where it would touch down. Each place near gets the density
of a two-dimensional normal distribution along and across the track, and "somewhere else" a
uniform one that grows with the height at which the aircraft was last seen. High rows name nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.flights.cut.rows import F, I, Rows
from waman.flights.cut.segment import climb_mps, height_row, row_at
from waman.flights.places import Places

NEIGHBOURS = 8
HEIGHT_MAX_M = 1500.0
"""Above this height over a place (5,000 ft) an aircraft is not yet landing there."""
REACH_MAX_M = 25_000.0
NAMED_PROBABILITY = 0.5
GLIDE = np.tan(np.radians(3.0))  # the ordinary approach path (ICAO Doc 8168)
CLIMB = np.tan(np.radians(6.0))  # an ordinary climb-out, 8-12 % gradient
ALONG_SIGMA_M = 2500.0
"""A runway's far end lies up to 3 km from an aerodrome's reference point, and uncorrected pressure adds as much."""
ACROSS_SIGMA_M = 1500.0
ELSEWHERE_M2 = np.pi * 20_000.0**2
"""Somewhere else: one unknown landing place within 20 km."""


@dataclass(frozen=True)
class Ends:
    """One end of each flight: the likeliest place (-1 none named), its probability, and the situation there."""

    place: I
    probability: F
    height_m: F
    """Height above that place, or above the nearest one's elevation [m]; NaN unknown."""
    distance_m: F
    """Distance to the nearest listed landing place [m]; inf where there is none."""
    climb_mps: F
    speed_mps: F


def ends_of(rows: Rows, at: I, places: Places, *, departure: bool, observed: NDArray[np.bool_]) -> Ends:
    """Return where the flights whose first (or last) row is ``at`` began (or ended).

    Parameters
    ----------
    at : (n,) row of each flight's end
    departure : whether these are first rows
    observed : (n,) whether the aircraft was seen on the ground there
    """
    index, distance = places.near(lat_deg=rows.lat_deg[at], lon_deg=rows.lon_deg[at], count=NEIGHBOURS)
    tall = height_row(rows, at, forward=departure)
    climb = climb_mps(rows, tall, before=not departure)
    speed = rows.speed_mps[at]
    if not len(places) or not len(at):
        n = len(at)
        nothing = np.full(n, np.nan)
        return Ends(np.full(n, -1), nothing, nothing, np.full(n, np.inf), climb, speed)
    safe = np.where(index >= 0, index, 0)
    elevation = places.elevation_m[safe]
    elevation = np.where(np.isfinite(elevation), elevation, np.nanmedian(elevation, axis=1, keepdims=True))
    height = rows.altitude_m[tall][:, None] - elevation
    height = np.where(observed[:, None], np.fmin(height, 0.0), height)
    density = _density(rows, at, places, safe, height, departure=departure, observed=observed)
    density = np.where((index >= 0) & (distance <= REACH_MAX_M) & (height <= HEIGHT_MAX_M), density, 0.0)
    low = np.nanmin(np.where(np.isfinite(height), height, np.inf), axis=1)
    # descending (climbing, for a departure) speaks for a landing; level flight for going on
    moving_right = (climb > 0.5) if departure else (climb < -0.5)
    elsewhere = np.exp(np.clip((low - 300.0) / 300.0, 0.0, 5.0)) * np.where(moving_right | observed, 1.0, 8.0)
    share = density / (density.sum(axis=1) + elsewhere / ELSEWHERE_M2)[:, None]
    best = np.argmax(share, axis=1)
    pick = np.arange(len(at)), best
    named = share[pick] >= NAMED_PROBABILITY
    listed = np.where((index >= 0) & places.listed[safe], distance, np.inf).min(axis=1)
    return Ends(
        place=np.where(named, index[pick], -1),
        probability=np.where(named, share[pick], np.nan),
        height_m=height[pick],
        distance_m=listed,
        climb_mps=climb,
        speed_mps=speed,
    )


def _density(
    rows: Rows, at: I, places: Places, index: I, height: F, *, departure: bool, observed: NDArray[np.bool_]
) -> F:
    """Return for each end and place the density [1/m²] of touching down there, times the place's weight."""
    lat, lon = rows.lat_deg[at][:, None], rows.lon_deg[at][:, None]
    north = (places.lat_deg[index] - lat) * 111_195.0
    east = (places.lon_deg[index] - lon) * 111_195.0 * np.cos(np.radians(lat))
    back = row_at(rows, at, 20.0 if departure else -20.0)
    speed = np.maximum(np.hypot(rows.vn_mps[back], rows.ve_mps[back]), 1e-6)
    sign = -1.0 if departure else 1.0
    un, ue = (sign * rows.vn_mps[back] / speed)[:, None], (sign * rows.ve_mps[back] / speed)[:, None]
    along, across = north * un + east * ue, north * ue - east * un
    run = np.maximum(np.nan_to_num(height), 0.0) / (CLIMB if departure else GLIDE)
    still = observed | ~np.isfinite(speed) | (rows.speed_mps[at] < 12.0)
    run = np.where(still[:, None], 0.0, run)
    sigma_along = ALONG_SIGMA_M + 0.5 * run
    sigma_across = np.where(still[:, None], ALONG_SIGMA_M, ACROSS_SIGMA_M + 0.15 * run)
    along, across = np.where(np.isfinite(along), along, east), np.where(np.isfinite(across), across, north)
    exponent = -0.5 * ((along - run) / sigma_along) ** 2 - 0.5 * (across / sigma_across) ** 2
    density = places.weight[index] * np.exp(exponent) / (2.0 * np.pi * sigma_along * sigma_across)
    return np.where(np.isfinite(density), density, 0.0)
