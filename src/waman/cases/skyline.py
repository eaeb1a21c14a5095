"""The terrain skyline of a claimed place: the edge of the ground against the sky, as a camera there would see it.

The angle to a ground sample at distance d is atan((ground - eye - drop) / d), where
drop = d^2 (1 - k) / (2 R): the earth falls away and light bends after it (k = 0.13, the surveyors' mean).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.errors import InputError
from waman.geo.geodesy import destination
from waman.terrain import Source, ground_msl_m

RADIUS_M = 6_371_000.0
REFRACTION = 0.13
NEAR_M, FAR_M = 60.0, 60_000.0
"""Nearer ground is trees, walls and the model's own cell; farther than 60 km haze ends the view."""
STEP = 1.02


@dataclass(frozen=True, slots=True)
class Skyline:
    """Elevation of the terrain's edge [deg] at each azimuth [deg, clockwise from true north], and how far it is [m]."""

    azimuth_deg: NDArray[np.float64]
    elevation_deg: NDArray[np.float64]
    distance_m: NDArray[np.float64]

    def at(self, azimuth_deg: float) -> float:
        """Return the skyline's elevation at one azimuth [deg]."""
        return float(np.interp(azimuth_deg % 360, self.azimuth_deg, self.elevation_deg, period=360))


def skyline(
    sources: Sequence[Source], lat_deg: float, lon_deg: float, eye_m: float = 1.6, step_deg: float = 0.5
) -> Skyline:
    """Return the skyline seen ``eye_m`` above the ground of a place.

    Raises InputError where the elevation sources do not hold the place. Directions in which they end
    have what lies within them: the skyline there is a lower bound.
    """
    eye = float(ground_msl_m(sources, lat_deg=[lat_deg], lon_deg=[lon_deg])[0]) + eye_m
    if not np.isfinite(eye):
        raise InputError(f"no elevation at {lat_deg}, {lon_deg}", hint="give a model that holds the place: --terrain")
    azimuth = np.arange(0.0, 360.0, step_deg)
    distance = NEAR_M * STEP ** np.arange(int(np.log(FAR_M / NEAR_M) / np.log(STEP)) + 1)
    bearing, far = (a.ravel() for a in np.meshgrid(azimuth, distance, indexing="ij"))
    lat, lon = destination(lat_deg=lat_deg, lon_deg=lon_deg, azimuth_deg=bearing, distance_m=far)
    ground = ground_msl_m(sources, lat_deg=lat, lon_deg=lon)
    angle = angle_deg(ground - eye, far).reshape(len(azimuth), -1)
    angle = np.where(np.isfinite(angle), angle, -90.0)
    edge = angle.argmax(axis=1)
    return Skyline(azimuth, angle[np.arange(len(azimuth)), edge], distance[edge])


def angle_deg(rise_m: NDArray[np.float64], distance_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the elevation angle [deg] of a point ``rise_m`` above the eye's level at a distance along the ground.

    >>> round(float(angle_deg(np.array([1000.0]), np.array([10_000.0]))[0]), 2)
    5.67
    """
    drop = distance_m**2 * (1 - REFRACTION) / (2 * RADIUS_M)
    return np.asarray(np.degrees(np.arctan2(rise_m - drop, distance_m)))


def skyline_svg(line: Skyline, sun: tuple[float, float] | None, label: str) -> str:
    """Return the skyline as SVG, north in the middle, the sun as a circle, the caveat inside the picture."""
    from xml.sax.saxutils import escape

    width, height, low, high = 900.0, 300.0, -5.0, 40.0

    def at(azimuth: float, elevation: float) -> str:
        x = ((azimuth + 180) % 360) / 360 * width
        return f"{x:.1f},{height - (min(max(elevation, low), high) - low) / (high - low) * height:.1f}"

    order = np.argsort((line.azimuth_deg + 180) % 360)
    points = " ".join(at(float(line.azimuth_deg[i]), float(line.elevation_deg[i])) for i in order)
    marks = "".join(
        f'<text x="{at(a, 0).split(",")[0]}" y="{height - 4:.0f}" font-size="11">{a}</text>' for a in (180, 270, 0, 90)
    )
    circle = ""
    if sun is not None:
        x, y = at(*sun).split(",")
        circle = f'<circle cx="{x}" cy="{y}" r="6" fill="#e69f00" stroke="#000"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height + 40:.0f}" font-family="sans-serif">'
        f'<rect width="100%" height="100%" fill="#fff"/><polyline points="{points}" fill="none" stroke="#333"/>'
        f'{circle}{marks}<text x="6" y="{height + 22:.0f}" font-size="12">{escape(label)}</text></svg>\n'
    )
