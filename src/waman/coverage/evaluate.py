"""Pd of one sensor at many points: projection, raster, beam, radar equation and tables in one loop."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from waman.coverage.answer.point import point_pd
from waman.coverage.detect import beam, radar, swerling
from waman.coverage.detect.model import SensorModel
from waman.coverage.sight.sweep import ellipsoid_radii_m
from waman.geo.frames import Frame
from waman.jit import kernel

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U16 = NDArray[np.uint16]
U32 = NDArray[np.uint32]
I64 = NDArray[np.int64]

LAYER_STEP_M = 0.25  # both layers are held in quarter metres, far below the error of any ground model
GROUND_ZERO_M = -1000.0
UNKNOWN = 65535
# places in the row of numbers that describes a sensor to the kernels
_ANTENNA, _BEND_EAST, _BEND_NORTH, _RANGE_MIN, _RANGE_MAX, _ANCHOR, _TABLE_FIRST = range(7)
_TABLE_STEP, _CLUTTER, _IS_RADAR, _IS_OBSERVER, _CELL, _LAT0, _LON0 = range(7, 14)

PROJECTION_DEGREE = 5  # 2 mm at 400 km from the equator to 45 degrees, 15 mm at 65
PROJECTION_ERROR_M = 1.0
BLOCK_POINTS = 512
GAIN_POINTS = 20_001  # 0.006 degrees at the horizon


@dataclass(frozen=True)
class Layers:
    """The rasters of one sensor in memory: (rows, cols, 2) uint16, lowest visible height and ground [quarter m]."""

    cells: U16
    cell_m: float

    @classmethod
    def of(cls, lowest_m: F32, ground_m: F32, cell_m: float) -> Layers:
        """Pack the two bands of a field raster (NaN: unknown)."""
        cells = np.full((*lowest_m.shape, 2), UNKNOWN, np.uint16)
        for band, (values, zero) in enumerate(((lowest_m, 0.0), (ground_m, GROUND_ZERO_M))):
            known = np.isfinite(values)
            steps = np.rint((values[known] - zero) / LAYER_STEP_M)
            cells[..., band][known] = np.clip(steps, 0, UNKNOWN - 1).astype(np.uint16)
        return cls(cells, cell_m)

    @property
    def pairs(self) -> U32:
        """Both layers of a cell as one number, row after row: the lowest visible height in the low half."""
        return self.cells.view("<u4").ravel()

    @property
    def lowest_m(self) -> F32:
        """The lowest visible height above ground [m], NaN where unknown or out of range."""
        steps = self.cells[..., 0]
        return np.where(steps == UNKNOWN, np.float32(np.nan), steps * np.float32(LAYER_STEP_M))


@dataclass(frozen=True)
class Evaluator:
    """One sensor ready to be asked: its model, its layers, and tables derived from the model."""

    model: SensorModel
    layers: Layers

    @cached_property
    def frame(self) -> Frame:
        """The plane of the sensor."""
        return Frame(self.model.lat_deg, self.model.lon_deg)

    @cached_property
    def projection(self) -> tuple[F64, F64, float]:
        """East and north as polynomials of latitude and longitude, and their largest error [m]."""
        return fit_projection(self.frame, self.model.range_max_m)

    @cached_property
    def _tables(self) -> tuple[F32, F64, F64]:
        m = self.model
        gain = _gain_by_tangent(m)
        if m.method == "radar":
            pd, first, step = swerling.detection_table(radar.detector_of(m))
            anchor = radar.anchor_db(m)
        else:
            pd, first, step, anchor = np.full(2, m.detection_probability or 0.5), -1e3, 1e3, 0.0
        n_radius, m_radius = ellipsoid_radii_m(m.lat_deg)
        assert m.antenna_msl_m is not None, f"{m.id}: the field was not built"
        numbers = [
            m.antenna_msl_m, 0.5 / (m.refraction_k * n_radius), 0.5 / (m.refraction_k * m_radius),
            m.range_min_m, m.range_max_m, anchor - 10.0 * np.log10(m.rcs_m2), first, step, m.clutter_loss_db,
            float(m.method == "radar"), float(m.method == "observer"), self.layers.cell_m, m.lat_deg, m.lon_deg,
        ]  # fmt: skip
        return gain, pd, np.array(numbers)

    def __call__(self, lat_deg: F64, lon_deg: F64, height_m: F64, *, msl: bool, rcs_m2: F64) -> F64:
        """Return Pd a scan if the sensor is on, before MTI: (n,) float64; NaN where the ground is unknown.

        ``height_m`` is above ground, or above the geoid with ``msl``; NaN averages over the
        sensor's assumed heights. ``rcs_m2`` has one value or n.
        """
        out = np.empty(lat_deg.size)
        gain, pd, numbers = self._tables
        east, north, error = self.projection
        heights = np.asarray(self.model.assumed_height_agl_m, np.float64)
        rcs_db = 10.0 * np.log10(rcs_m2)
        lat, lon = lat_deg, lon_deg
        if error > PROJECTION_ERROR_M:
            east, north = east[:0], north[:0]
            lon, lat = self.frame.to_plane(lat_deg=lat_deg, lon_deg=lon_deg)
        pairs, half = self.layers.pairs, self.layers.cells.shape[0] // 2
        _evaluate(lat, lon, height_m, msl, rcs_db, pairs, half, east, north, numbers, gain, pd, heights, out)
        return out

    def ground(self, lat_deg: F64, lon_deg: F64) -> F64:
        """Return the ground height [m above the geoid] of the nearest cell; NaN where the layers know none."""
        x, y = self.frame.to_plane(lat_deg=lat_deg, lon_deg=lon_deg)
        size = self.layers.cells.shape[0]
        known = np.isfinite(x) & np.isfinite(y)
        row = np.rint(size // 2 - np.where(known, y, 0.0) / self.layers.cell_m).astype(np.int64)
        col = np.rint(size // 2 + np.where(known, x, 0.0) / self.layers.cell_m).astype(np.int64)
        inside = known & (row >= 0) & (col >= 0) & (row < size) & (col < size)
        steps = self.layers.cells[np.where(inside, row, 0), np.where(inside, col, 0), 1]
        return np.where(inside & (steps != UNKNOWN), steps * LAYER_STEP_M + GROUND_ZERO_M, np.nan)

    def ref(self, lat_deg: F64, lon_deg: F64, height_agl_m: F64, *, rcs_m2: float) -> F64:
        """Do the same for known heights with PROJ, SciPy interpolation and the exact formulas."""
        from scipy.ndimage import map_coordinates

        half = self.layers.cells.shape[0] // 2
        x, y = self.frame.to_plane(lat_deg=lat_deg, lon_deg=lon_deg)
        at = np.array([half - y / self.layers.cell_m, half + x / self.layers.cell_m])
        lowest, above = (map_coordinates(self.layers.cells[..., b].astype(float) / 4.0, at, order=1) for b in (0, 1))
        return point_pd(
            self.model, east_m=x, north_m=y, lowest_m=lowest, ground_m=above + GROUND_ZERO_M,
            height_agl_m=height_agl_m, rcs_m2=rcs_m2,
        )  # fmt: skip


def fit_projection(frame: Frame, radius_m: float) -> tuple[F64, F64, float]:
    """Fit east and north [m] by polynomials in latitude and longitude over a disc; return them and the error.

    East is odd and north even in longitude about the centre, so that half the terms vanish.
    Coefficients [i, j] belong to u^i w^j with u the latitude difference and w the squared
    longitude difference [deg], and times the longitude difference for east.

    >>> _, _, error_m = fit_projection(Frame(-12.0, -76.0), 200_000.0)
    >>> error_m < 0.01
    True
    """
    angle = np.linspace(0.0, 2.0 * np.pi, 48, endpoint=False)
    ring = np.sin(np.linspace(0.0, np.pi / 2.0, 16)) * radius_m * 1.02
    x, y = np.outer(ring, np.sin(angle)).ravel(), np.outer(ring, np.cos(angle)).ravel()
    lat, lon = frame.to_degrees(east_m=x, north_m=y)
    u, v = lat - frame.lat0_deg, (lon - frame.lon0_deg + 180.0) % 360.0 - 180.0
    size = PROJECTION_DEGREE // 2 + 1
    keep = [(i, j) for i in range(PROJECTION_DEGREE + 1) for j in range(size) if i + 2 * j <= PROJECTION_DEGREE]
    scale_u, scale_v = max(np.abs(u).max(), 1e-9), max(np.abs(v).max(), 1e-9)
    terms = np.stack([(u / scale_u) ** i * (v / scale_v) ** (2 * j) for i, j in keep], axis=1)
    east, north = np.zeros((PROJECTION_DEGREE + 1, size)), np.zeros((PROJECTION_DEGREE + 1, size))
    check = []
    for table, target, factor in ((east, x, v / scale_v), (north, y, np.ones_like(v))):
        solved = np.linalg.lstsq(terms * factor[:, None], target, rcond=None)[0]
        check.append(np.abs((terms * factor[:, None]) @ solved - target).max())
        for (i, j), value in zip(keep, solved, strict=True):
            table[i, j] = value / scale_u**i / scale_v ** (2 * j)
    east /= scale_v
    return east, north, float(max(check))


def _gain_by_tangent(model: SensorModel) -> F32:
    """Return the beam's gain on an even grid of t / (1 + |t|), t the tangent of elevation: no arctangent is needed."""
    u = np.linspace(-1.0, 1.0, GAIN_POINTS)
    with np.errstate(divide="ignore"):
        elevation = np.degrees(np.arctan(u / (1.0 - np.abs(u))))
    table, first, step = beam.gain_table(model.pattern_db)
    return np.interp(elevation, first + step * np.arange(table.size), table).astype(np.float32)


@kernel
def _polynomial(t: F64, u: float, w: float) -> float:
    """Evaluate sum of t[i, j] u^i w^j of degree 5, written out so that no term waits for another."""
    a = t[0, 0] + w * (t[0, 1] + w * t[0, 2])
    b = t[1, 0] + w * (t[1, 1] + w * t[1, 2])
    c = t[2, 0] + w * t[2, 1]
    d = t[3, 0] + w * t[3, 1]
    uu = u * u
    return float(a + u * b + uu * (c + u * d + uu * (t[4, 0] + u * t[5, 0])))


@kernel
def _pd(
    numbers: F64, gain: F32, table: F64, flat2: float, bend: float, lowest: float, rise: float, h: float, rcs: float
) -> float:
    """Pd at one height: masking, range, beam, radar equation."""
    visible = 1.0 if lowest <= 0.0 else min(max(0.5 + (h - lowest) / 20.0, 0.0), 1.0)
    slant2 = flat2 + rise * rise
    near2, far2 = numbers[_RANGE_MIN] * numbers[_RANGE_MIN], numbers[_RANGE_MAX] * numbers[_RANGE_MAX]
    if slant2 > far2 or slant2 < near2:
        return 0.0
    if numbers[_IS_OBSERVER] > 0.0:  # an observer hears around ridges; loudness falls with distance
        share = 4.0 * slant2 / far2
        return float(table[0] / (1.0 + share * share))
    if visible == 0.0:
        return 0.0
    tangent = (rise - bend) / np.sqrt(flat2 + 1e-9)
    angle = (tangent / (1.0 + abs(tangent)) + 1.0) * (0.5 * (gain.size - 1))
    i = min(int(angle), gain.size - 2)
    db = gain[i] + (angle - i) * (gain[i + 1] - gain[i])
    if db < -100.0:
        return 0.0
    if numbers[_IS_RADAR] == 0.0:
        return float(visible * table[0])
    clutter = numbers[_CLUTTER] * min(max((100.0 - lowest) / 70.0, 0.0), 1.0)
    snr = numbers[_ANCHOR] - 20.0 * np.log10(slant2) + 2.0 * db + rcs - clutter
    at = min(max((snr - numbers[_TABLE_FIRST]) / numbers[_TABLE_STEP], 0.0), table.size - 1.001)
    k = int(at)
    return float(visible * (table[k] + (at - k) * (table[k + 1] - table[k])))


@kernel
def _place(lat: F64, lon: F64, east: F64, north: F64, numbers: F64, x: F64, y: F64) -> None:
    """Fill ``x`` and ``y`` with east and north [m]; without polynomials ``lat`` and ``lon`` already are north and east.

    Points too far for the polynomials get a place beyond any range; NaN stays NaN.
    """
    for p in range(lat.size):
        if east.size == 0:
            x[p], y[p] = lon[p], lat[p]
            continue
        u = lat[p] - numbers[_LAT0]
        v = lon[p] - numbers[_LON0]
        if v > 180.0:
            v -= 360.0
        elif v < -180.0:
            v += 360.0
        x[p] = v * _polynomial(east, u, v * v)
        y[p] = _polynomial(north, u, v * v)
        if abs(u) > 10.0 or abs(v) > 30.0:
            x[p], y[p] = 1e8, 1e8


@kernel
def _index(x: F64, y: F64, half: int, cell_m: float, at: I64, u: F64, v: F64) -> None:
    """Fill ``at`` with the number of the cell up and left of each point, ``u`` and ``v`` with the shares beyond it.

    Points outside the layers get the nearest cell inside; nothing is read for them.
    """
    last = 2.0 * half - 0.001
    for p in range(x.size):
        row = min(max(half - y[p] / cell_m, 0.0), last)  # NaN becomes 0
        col = min(max(half + x[p] / cell_m, 0.0), last)
        i, j = np.int64(row), np.int64(col)
        at[p], u[p], v[p] = i * (2 * half + 1) + j, row - i, col - j


@kernel
def _read(pairs: U32, width: int, at: I64, corners: U32) -> None:
    """Fill ``corners`` (n, 4) with the pairs of layers about each point. Nothing but loads, so that they overlap."""
    for p in range(at.size):
        k = np.uint64(at[p])
        corners[p, 0], corners[p, 1] = pairs[k], pairs[k + np.uint64(1)]
        corners[p, 2], corners[p, 3] = pairs[k + np.uint64(width)], pairs[k + np.uint64(width + 1)]


@kernel
def _blend(a: np.int64, b: np.int64, c: np.int64, d: np.int64, u: float, v: float) -> float:
    """Interpolate a layer bilinearly [steps]; the nearest cell beside unknown ones; NaN unknown."""
    if max(a, b, c, d) == 65535:
        nearest = (d if v >= 0.5 else c) if u >= 0.5 else (b if v >= 0.5 else a)
        return np.nan if nearest == 65535 else float(nearest)
    return float((1.0 - u) * ((1.0 - v) * a + v * b) + u * ((1.0 - v) * c + v * d))


@kernel
def _look(corners: U32, u: F64, v: F64, n: int, lowest: F64, ground: F64) -> None:
    """Fill ``lowest`` and ``ground`` [m] from the corners about each point."""
    for p in range(n):
        a, b, c, d = corners[p, 0], corners[p, 1], corners[p, 2], corners[p, 3]
        lowest[p] = 0.25 * _blend(
            np.int64(a & np.uint32(65535)), np.int64(b & np.uint32(65535)),
            np.int64(c & np.uint32(65535)), np.int64(d & np.uint32(65535)), u[p], v[p],
        )  # fmt: skip
        ground[p] = -1000.0 + 0.25 * _blend(
            np.int64(a >> np.uint32(16)), np.int64(b >> np.uint32(16)),
            np.int64(c >> np.uint32(16)), np.int64(d >> np.uint32(16)), u[p], v[p],
        )  # fmt: skip


@kernel
def _evaluate(
    lat: F64, lon: F64, height: F64, msl: bool, rcs_db: F64, pairs: U32, half: int, east: F64, north: F64, numbers: F64,
    gain: F32, table: F64, assumed: F64, out: F64,
) -> None:  # fmt: skip
    """Fill ``out`` with Pd, a block of points at a time."""
    x, y = np.empty(BLOCK_POINTS), np.empty(BLOCK_POINTS)
    lowest, ground = np.empty(BLOCK_POINTS), np.empty(BLOCK_POINTS)
    at, corners = np.empty(BLOCK_POINTS, np.int64), np.empty((BLOCK_POINTS, 4), np.uint32)
    u, v = np.empty(BLOCK_POINTS), np.empty(BLOCK_POINTS)
    reach2 = numbers[_RANGE_MAX] * numbers[_RANGE_MAX]
    rim = numbers[_RANGE_MAX] - 2.0 * numbers[_CELL]
    for start in range(0, lat.size, BLOCK_POINTS):
        stop = min(start + BLOCK_POINTS, lat.size)
        _place(lat[start:stop], lon[start:stop], east, north, numbers, x, y)
        n = stop - start
        _index(x[:n], y[:n], half, numbers[_CELL], at, u, v)
        _read(pairs, 2 * half + 1, at[:n], corners)
        _look(corners, u, v, n, lowest, ground)
        for q in range(n):
            p = start + q
            flat2 = x[q] * x[q] + y[q] * y[q]
            if not flat2 <= reach2:
                out[p] = np.nan if np.isnan(flat2) else 0.0
                continue
            if np.isnan(lowest[q]) or np.isnan(ground[q]):
                # the rim of the circle has no cell of its own; elsewhere the ground is unknown
                out[p] = 0.0 if flat2 > rim * rim else np.nan
                continue
            bend = x[q] * x[q] * numbers[_BEND_EAST] + y[q] * y[q] * numbers[_BEND_NORTH]
            rcs = rcs_db[p] if rcs_db.size > 1 else rcs_db[0]
            above = ground[q] - numbers[_ANTENNA]
            if np.isnan(height[p]):
                total = 0.0
                for h in assumed:
                    total += _pd(numbers, gain, table, flat2, bend, lowest[q], above + h, h, rcs)
                out[p] = total / assumed.size
            else:
                h = max(height[p] - ground[q], 0.0) if msl else height[p]
                out[p] = _pd(numbers, gain, table, flat2, bend, lowest[q], above + h, h, rcs)
