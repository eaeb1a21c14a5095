"""What a simulated sensor can see: the simulator's own line of sight and radar equation.

It shares no code with ``waman.coverage``, on purpose: the two are compared by a test. Anything
with the same method (a loaded ``DetectionField``) may take its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from waman.config import Sensor
from waman.geo.frames import Frame
from waman.geo.geodesy import EARTH_RADIUS_M
from waman.sim.land.ground import Ground, bilinear

Array = NDArray[np.float64]
REFRACTION_K = 4.0 / 3.0
RANGE_STEP_M = 400.0
AZIMUTHS = 720


class Seeing(Protocol):
    """Anything that answers like a ``DetectionField``."""

    def detection_probability(
        self, lat_deg: Array, lon_deg: Array, height_agl_m: Array, sensor: str, rcs_m2: float = 2.0
    ) -> Array:
        """Return the probability of detection per scan, (n,) float64."""
        ...


@dataclass(frozen=True)
class _Site:
    sensor: Sensor
    frame: Frame
    antenna_msl_m: float
    lowest_msl_m: NDArray[np.float32]  # (azimuth, range): lowest visible height above sea level


@dataclass(frozen=True)
class OwnSeeing:
    """Line of sight over the simulator's ground and a Swerling 1 radar equation, by sensor id."""

    ground: Ground
    sites: dict[str, _Site]

    def detection_probability(
        self, lat_deg: Array, lon_deg: Array, height_agl_m: Array, sensor: str, rcs_m2: float = 2.0
    ) -> Array:
        """Return the probability of detection per scan or message, (n,) float64."""
        site = self.sites[sensor]
        east, north = site.frame.to_plane(lat_deg=lat_deg, lon_deg=lon_deg)
        distance = np.hypot(east, north)
        height = self.ground.elevation(lat_deg, lon_deg) + height_agl_m
        azimuth = np.degrees(np.arctan2(east, north)) % 360.0
        lowest = bilinear(site.lowest_msl_m, azimuth * (AZIMUTHS / 360.0), distance / RANGE_STEP_M)
        s = site.sensor
        assert s.range_max_m is not None
        seen = (height >= lowest) & (distance <= s.range_max_m) & (distance >= s.range_min_m)
        drop = distance**2 / (2.0 * REFRACTION_K * EARTH_RADIUS_M)
        elevation = np.degrees(np.arctan2(height - site.antenna_msl_m - drop, np.maximum(distance, 1.0)))
        if s.elevation_min_deg is not None:
            seen &= elevation >= s.elevation_min_deg
        if s.elevation_max_deg is not None:
            seen &= elevation <= s.elevation_max_deg
        return np.where(seen, _pd_by_range(s, distance, rcs_m2), 0.0)


def _pd_by_range(s: Sensor, distance_m: Array, rcs_m2: float) -> Array:
    if s.r90_m is None or s.kind not in ("psr", "psr_ssr"):
        return np.full(distance_m.shape, 0.95 if s.detection_probability is None else s.detection_probability)
    # Swerling 1, one look: Pd = Pfa^(1/(1+S)); S falls with the fourth power of the range
    at_r90 = np.log(s.pfa) / np.log(0.9) - 1.0
    snr = at_r90 * (s.r90_m / np.maximum(distance_m, 100.0)) ** 4 * rcs_m2 / s.rcs_m2
    return np.asarray(s.pfa ** (1.0 / (1.0 + snr)), np.float64)


def own_seeing(sensors: tuple[Sensor, ...], ground: Ground) -> OwnSeeing:
    """Sweep the horizon of each sensor over the ground, ray by ray.

    The lowest visible height at distance d behind a running maximum M of slopes is
    h0 + d M + d²/(2 k a): flat rays in the plane over an earth of 4/3 radius.
    """
    return OwnSeeing(ground, {s.id: _site(s, ground) for s in sensors})


def _site(s: Sensor, ground: Ground) -> _Site:
    assert s.lat_deg is not None and s.lon_deg is not None and s.range_max_m is not None
    frame = Frame(lat0_deg=s.lat_deg, lon0_deg=s.lon_deg)
    foot = float(ground.elevation(s.lat_deg, s.lon_deg))
    antenna = s.altitude_msl_m if s.altitude_msl_m is not None else foot + (s.antenna_height_m or 10.0)
    d = RANGE_STEP_M * np.arange(1, int(s.range_max_m / RANGE_STEP_M) + 2)
    # one azimuth more than the circle, so that interpolation closes at north
    angle = np.radians(np.arange(AZIMUTHS + 1) * (360.0 / AZIMUTHS))[:, None]
    lat, lon = frame.to_degrees(east_m=d * np.sin(angle), north_m=d * np.cos(angle))
    drop = d**2 / (2.0 * REFRACTION_K * EARTH_RADIUS_M)
    slope = (ground.elevation(lat, lon) - antenna - drop) / d
    horizon = np.maximum.accumulate(slope, axis=1)
    before = np.concatenate([np.full((AZIMUTHS + 1, 1), -10.0), horizon[:, :-1]], axis=1)
    lowest = antenna + d * before + drop
    whole = np.concatenate([np.full((AZIMUTHS + 1, 1), -1e4), lowest], axis=1)
    return _Site(s, frame, antenna, whole.astype(np.float32))
