"""Registration: each radar's range, azimuth and time bias, from aircraft that say who and where they are.

A radar plot with an address is compared with the position its own aircraft reported at that moment
(interpolated). Range error = range bias + range rate x time bias; azimuth error = azimuth bias + azimuth rate x time
bias: one robust linear least squares a radar. Source: Besada et al. 2008 (DOI 10.1109/RADAR.2008.4721115).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waman.config import Sensor
from waman.geo.frames import Frame
from waman.geo.units import FLIGHT_LEVEL_M, SECOND_US
from waman.tracks.core.motion import Floats
from waman.tracks.prepare import floats, times_us

PAIRS_MIN = 20
TIME_SIGMAS = 3.0
GAP_MAX_S = 15.0
OPPORTUNITY_KINDS = ("ads_b", "mlat")


@dataclass(frozen=True)
class Bias:
    """What a radar adds to the truth, with 1-sigma, from ``pairs`` comparisons; ``time_s`` > 0: stamped too late."""

    sensor: str
    range_m: float
    azimuth_deg: float
    time_s: float
    range_sigma_m: float
    azimuth_sigma_deg: float
    time_sigma_s: float
    pairs: int


def register(plots: pa.Table, sensors: Iterable[Sensor]) -> list[Bias]:
    """Return the bias of every surveyed radar that saw enough identified traffic; the others are left out."""
    kind = plots["kind"].cast(pa.string())
    named = pc.and_(pc.is_valid(plots["icao24"]), pc.is_valid(plots["lat_deg"]))
    traffic = plots.filter(pc.and_(pc.is_in(kind, pa.array(OPPORTUNITY_KINDS)), named))
    out = []
    for sensor in sensors:
        if sensor.lat_deg is None or sensor.lon_deg is None:
            continue
        mine = plots.filter(
            pc.and_(pc.equal(plots["sensor"].cast(pa.string()), sensor.id), pc.is_valid(plots["range_m"]))
        ).filter(pc.field("icao24").is_valid() & pc.field("azimuth_deg").is_valid())
        frame = Frame(lat0_deg=sensor.lat_deg, lon0_deg=sensor.lon_deg)
        pairs = _pairs(mine, traffic, frame, sensor.altitude_msl_m or 0.0)
        if len(pairs) >= PAIRS_MIN:
            out.append(_solve(sensor, pairs))
    return out


def _pairs(mine: pa.Table, traffic: pa.Table, frame: Frame, antenna_msl_m: float) -> Floats:
    """Return (pairs, 5): range error, azimuth error [rad], range rate, azimuth rate, range, of all comparisons."""
    x, y = frame.to_plane(lat_deg=floats(traffic, "lat_deg"), lon_deg=floats(traffic, "lon_deg"))
    h = np.where(np.isfinite(floats(traffic, "altitude_msl_m")), floats(traffic, "altitude_msl_m"),
                 floats(traffic, "altitude_fl") * FLIGHT_LEVEL_M)  # fmt: skip
    t = times_us(traffic) / SECOND_US
    own = np.asarray(traffic["icao24"].cast(pa.string()).to_pylist(), object)
    seen = np.asarray(mine["icao24"].cast(pa.string()).to_pylist(), object)
    when, rho, theta = times_us(mine) / SECOND_US, floats(mine, "range_m"), np.radians(floats(mine, "azimuth_deg"))
    parts = []
    for address in np.unique(seen.astype(str)) if len(seen) else []:
        a = np.flatnonzero(own == address)
        a = a[np.argsort(t[a])]
        b = np.flatnonzero(seen == address)
        if len(a) < 2:
            continue
        k = np.clip(np.searchsorted(t[a], when[b]), 1, len(a) - 1)
        i, j = a[k - 1], a[k]
        gap = t[j] - t[i]
        ok = (gap > 0) & (gap <= GAP_MAX_S) & (when[b] >= t[i]) & (when[b] <= t[j])
        i, j, b, gap = i[ok], j[ok], b[ok], gap[ok]
        share = (when[b] - t[i]) / gap
        px, py = x[i] + share * (x[j] - x[i]), y[i] + share * (y[j] - y[i])
        vx, vy = (x[j] - x[i]) / gap, (y[j] - y[i]) / gap
        rise = np.nan_to_num(h[i] - antenna_msl_m)
        ground = np.hypot(px, py)
        slant = np.hypot(ground, rise)
        off = (theta[b] - np.arctan2(px, py) + np.pi) % (2 * np.pi) - np.pi
        rate, turn = (px * vx + py * vy) / slant, (py * vx - px * vy) / ground**2
        parts.append(np.column_stack([rho[b] - slant, off, rate, turn, slant]))
    return np.concatenate(parts) if parts else np.zeros((0, 5))


def _solve(sensor: Sensor, pairs: Floats) -> Bias:
    """Return the weighted least-squares bias.

    A radar that stamps ``dt`` too late shows where the aircraft was ``dt`` before: error = -rate x dt. A time bias that
    cannot be told from none is taken as none: moving stamps by a guess would only pull plots out of their scan.
    """
    n = len(pairs)
    az_sigma = np.radians(sensor.sigma_azimuth_deg)
    a = np.zeros((2 * n, 3))
    a[:n, 0], a[:n, 2] = 1.0, -pairs[:, 2]
    a[n:, 1], a[n:, 2] = 1.0, -pairs[:, 3]
    b = np.concatenate([pairs[:, 0], pairs[:, 1]])
    weight = np.concatenate([np.full(n, 1.0 / sensor.sigma_range_m), np.full(n, 1.0 / az_sigma)])
    scale = np.array([1.0, az_sigma / sensor.sigma_range_m, 1.0])  # columns of like size
    keep = np.ones(2 * n, bool)
    middle = np.concatenate([np.full(n, np.median(pairs[:, 0])), np.full(n, np.median(pairs[:, 1]))])
    keep &= np.abs((b - middle) * weight) < 12.0
    solution, sigma = _robust(a, b, weight, scale, keep)
    if abs(solution[2]) < TIME_SIGMAS * sigma[2]:
        without, known = _robust(a[:, :2], b, weight, scale[:2], keep)
        solution, sigma = np.append(without, 0.0), np.append(known, sigma[2])
    return Bias(
        sensor.id, float(solution[0]), float(np.degrees(solution[1])), float(solution[2]),
        float(sigma[0]), float(np.degrees(sigma[1])), float(sigma[2]), n,
    )  # fmt: skip


def _robust(a: Floats, b: Floats, weight: Floats, scale: Floats, keep: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the least-squares solution and its 1-sigma, outliers beyond 4 sigma left out in three rounds."""
    solution: Floats = np.zeros(len(scale))
    cov: Floats = np.eye(len(scale))
    for _ in range(3):
        w = (a * weight[:, None] * scale)[keep]
        cov = np.asarray(np.linalg.inv(w.T @ w), np.float64)
        solution = cov @ (w.T @ (b * weight)[keep]) * scale
        residual = (b - a @ solution) * weight
        keep = np.abs(residual) < 4.0 * max(float(np.sqrt(np.mean(residual[keep] ** 2))), 0.5)
    return solution, np.sqrt(np.diag(cov)) * scale


def corrected(plots: pa.Table, biases: Iterable[Bias], sensors: Iterable[Sensor]) -> pa.Table:
    """Return the plots with the biases taken out of range, azimuth, time and position of their radars."""
    by_id = {s.id: s for s in sensors}
    names = np.asarray(plots["sensor"].cast(pa.string()).to_pylist(), object)
    rho, theta, time = floats(plots, "range_m").copy(), floats(plots, "azimuth_deg").copy(), times_us(plots).copy()
    lat, lon = floats(plots, "lat_deg").copy(), floats(plots, "lon_deg").copy()
    for bias in biases:
        sensor = by_id[bias.sensor]
        mine = np.flatnonzero((names == bias.sensor) & np.isfinite(rho) & np.isfinite(theta))
        if sensor.lat_deg is None or sensor.lon_deg is None or not len(mine):
            continue
        frame = Frame(lat0_deg=sensor.lat_deg, lon0_deg=sensor.lon_deg)
        east, north = frame.to_plane(lat_deg=lat[mine], lon_deg=lon[mine])
        ground = np.hypot(east, north) - bias.range_m
        rho[mine] -= bias.range_m
        theta[mine] = (theta[mine] - bias.azimuth_deg) % 360.0
        angle = np.arctan2(east, north) - np.radians(bias.azimuth_deg)
        lat[mine], lon[mine] = frame.to_degrees(east_m=ground * np.sin(angle), north_m=ground * np.cos(angle))
        time[mine] -= round(bias.time_s * SECOND_US)
    for name, values in (("range_m", rho), ("azimuth_deg", theta), ("lat_deg", lat), ("lon_deg", lon)):
        field = plots.schema.field(name)
        column = pa.array(values, mask=np.isnan(values)).cast(field.type)
        plots = plots.set_column(plots.schema.get_field_index(name), field, column)
    field = plots.schema.field("time")
    return plots.set_column(plots.schema.get_field_index("time"), field, pa.array(time).cast(field.type))
