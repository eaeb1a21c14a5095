"""Promised against observed detection of identified traffic, and the offsets that reconcile them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from waman.coverage.detect.model import SensorModel
from waman.coverage.learn.traffic import Traffic
from waman.geo.geodesy import inverse

F64 = NDArray[np.float64]

SECTORS = 8
HEIGHT_BANDS_AGL_M = (0.0, 300.0, 1000.0, 3000.0)
"""Lower edges of the height bands of a calibration."""

PRIOR_SD_LOGIT = 1.5  # an offset of this size turns 0.9 into 0.67 or 0.976; larger ones need evidence
OPPORTUNITIES_MIN = 20  # fewer say nothing that the prior does not
REFERENCE_GAP_S = 60.0  # positions are interpolated over gaps no longer than this
GATE_M = 3_000.0  # a plot without identity within this distance is the aircraft's
AIRCRAFT_MAX = 100_000


class Offset(msgspec.Struct, frozen=True, kw_only=True):
    """Logit offset of a sensor in one sector (of 45 deg from north) and height band (lower edge [m above ground])."""

    sensor: str
    sector: int
    height: float
    offset_logit: float
    sd: float
    n: int


class Opportunities(NamedTuple):
    """Scans at which identified aircraft could have been seen: arrays of one length.

    ``aircraft`` numbers the aircraft, ``pd`` is what the field promises, ``seen`` what happened.
    """

    aircraft: NDArray[np.int64]
    azimuth_deg: F64
    distance_m: F64
    height_agl_m: F64
    pd: F64
    seen: NDArray[np.bool_]


class _Field(Protocol):
    def detection_probability(
        self, lat_deg: ArrayLike, lon_deg: ArrayLike, height_agl_m: ArrayLike = ..., sensor: str | None = None,
        *, height_msl_m: ArrayLike | None = None,
    ) -> F64: ...  # fmt: skip

    def ground_msl_m(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> F64: ...


def apply_offsets(
    offsets: Sequence[Offset], model: SensorModel, pd: F64, lat_deg: F64, lon_deg: F64, height_agl_m: F64
) -> F64:
    """Return ``pd`` with the sensor's offsets added to its logit; 0 and NaN stay; no offsets change nothing."""
    mine = [o for o in offsets if o.sensor == model.id]
    if not mine:
        return pd
    table = np.zeros((SECTORS, len(HEIGHT_BANDS_AGL_M)))
    for o in mine:
        if o.height in HEIGHT_BANDS_AGL_M and 0 <= o.sector < SECTORS:
            table[o.sector, HEIGHT_BANDS_AGL_M.index(o.height)] = o.offset_logit
    _, azimuth = inverse(lat1_deg=model.lat_deg, lon1_deg=model.lon_deg, lat2_deg=lat_deg, lon2_deg=lon_deg)
    sector, band = (
        _sector(azimuth),
        _band(np.nan_to_num(height_agl_m, nan=float(np.median(model.assumed_height_agl_m)))),
    )
    inside = (pd > 0.0) & (pd < 1.0)
    safe = np.where(inside, pd, 0.5)
    moved = 1.0 / (1.0 + np.exp(-(np.log(safe / (1.0 - safe)) + table[sector, band])))
    return np.where(inside, moved, pd)


def opportunities(field: _Field, model: SensorModel, plots: pa.Table) -> Opportunities:
    """Return every scan at which an identified aircraft passed, whether the sensor saw it, and what was promised.

    The path of an aircraft is taken from all plots that carry its address and a position, of
    other sensors where there are any, else of the sensor itself (then a miss counts only
    between two detections, and the ends of cover are not judged). The sensor's plots count as
    the aircraft's by address, or, where they carry none, by distance.
    """
    period_s = model.scan_period_s or 10.0
    c = Traffic.of(plots)
    ours = np.asarray(c.sensor == model.id, np.bool_)
    others = c.placed & ~ours
    reference = others if others.any() else c.placed & ours
    parts: list[tuple[F64, ...]] = []
    for number, address in enumerate(np.unique(c.icao24[reference])[:AIRCRAFT_MAX]):
        rows = np.nonzero(reference & (c.icao24 == address))[0]
        rows = rows[np.argsort(c.time[rows], kind="stable")]
        when = _scan_times(c.time[rows], period_s)
        if when.size == 0:
            continue
        lat, lon, height = (np.interp(when, c.time[rows], v[rows]) for v in (c.lat, c.lon, c.msl))
        seen = _seen(c, ours, str(address), when, lat, lon, period_s)
        parts.append((np.full(when.size, float(number)), lat, lon, height, seen.astype(np.float64)))
    if not parts:
        nothing = np.empty(0)
        return Opportunities(np.empty(0, np.int64), nothing, nothing, nothing, nothing, np.empty(0, np.bool_))
    aircraft, lat, lon, height, seen_all = (np.concatenate(p) for p in zip(*parts, strict=True))
    distance, azimuth = inverse(lat1_deg=model.lat_deg, lon1_deg=model.lon_deg, lat2_deg=lat, lon2_deg=lon)
    pd = field.detection_probability(lat, lon, sensor=model.id, height_msl_m=height)
    agl = height - field.ground_msl_m(lat, lon)
    keep = np.isfinite(pd) & (distance <= model.range_max_m) & np.isfinite(agl)
    return Opportunities(
        aircraft[keep].astype(np.int64), azimuth[keep], distance[keep], agl[keep], pd[keep], seen_all[keep] > 0.5
    )


def fit_offsets(model: SensorModel, o: Opportunities) -> list[Offset]:
    """Fit one logit offset a sector and height band, by penalised likelihood with a normal prior about zero.

    The standard deviation is widened by the spread between aircraft (scans of one aircraft are
    not independent): sandwich variance with aircraft as clusters. Scans promised at less than
    1 % or masked are left out: there nothing was promised that an offset could correct.
    """
    out = []
    use = (o.pd >= 0.01) & (o.pd < 1.0)
    sector, band = _sector(o.azimuth_deg), _band(o.height_agl_m)
    for s in range(SECTORS):
        for b, edge in enumerate(HEIGHT_BANDS_AGL_M):
            at = use & (sector == s) & (band == b)
            if at.sum() < OPPORTUNITIES_MIN:
                continue
            offset, sd = _fit(o.pd[at], o.seen[at], o.aircraft[at])
            out.append(Offset(sensor=model.id, sector=s, height=edge, offset_logit=offset, sd=sd, n=int(at.sum())))
    return out


def range_outline(o: Opportunities, *, step_deg: float = 10.0) -> list[dict[str, float]]:
    """Return, for each azimuth step with traffic, how far it was promised and how far it was seen [m].

    Promised: the 99th percentile of the distances at which Pd was at least one half; observed:
    of those at which the aircraft was detected. Both are limited by where aircraft flew.
    """
    rows = []
    for k in range(int(360 / step_deg)):
        at = (o.azimuth_deg // step_deg).astype(int) == k
        if at.sum() < OPPORTUNITIES_MIN:
            continue
        promised, observed = o.distance_m[at & (o.pd >= 0.5)], o.distance_m[at & o.seen]
        rows.append(
            {
                "azimuth_deg": k * step_deg,
                "promised_m": float(np.percentile(promised, 99)) if promised.size else 0.0,
                "observed_m": float(np.percentile(observed, 99)) if observed.size else 0.0,
                "opportunities": float(at.sum()),
            }
        )
    return rows


def _fit(pd: F64, seen: NDArray[np.bool_], aircraft: NDArray[np.int64]) -> tuple[float, float]:
    base, offset = np.log(pd / (1.0 - pd)), 0.0
    curvature = 1.0
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-(base + offset)))
        gradient = float((seen - p).sum()) - offset / PRIOR_SD_LOGIT**2
        curvature = float((p * (1.0 - p)).sum()) + 1.0 / PRIOR_SD_LOGIT**2
        step = gradient / curvature
        offset += float(np.clip(step, -2.0, 2.0))
        if abs(step) < 1e-10:
            break
    p = 1.0 / (1.0 + np.exp(-(base + offset)))
    _, cluster = np.unique(aircraft, return_inverse=True)
    scores = np.bincount(cluster, weights=seen - p)
    spread = float((scores**2).sum()) + 1.0 / PRIOR_SD_LOGIT**2
    # with few aircraft the sandwich is too narrow; never below what independence would give
    return offset, float(np.sqrt(max(spread / curvature**2, 1.0 / curvature)))


def _scan_times(time_s: F64, period_s: float) -> F64:
    """Return times one scan apart from the first to the last, leaving out long gaps of the reference."""
    if time_s.size < 2 or time_s[-1] - time_s[0] < period_s:
        return np.empty(0)
    when = np.arange(time_s[0], time_s[-1], period_s)
    after = np.minimum(np.searchsorted(time_s, when, side="right"), time_s.size - 1)
    return np.asarray(when[time_s[after] - time_s[after - 1] <= REFERENCE_GAP_S], np.float64)


def _seen(
    c: Traffic, ours: NDArray[np.bool_], address: str, when: F64, lat: F64, lon: F64, period_s: float
) -> NDArray[np.bool_]:
    named = ours & (c.icao24 == address)
    nameless = ours & (c.icao24 == "") & np.isfinite(c.lat)
    seen = np.zeros(when.size, np.bool_)
    for rows, by_distance in ((np.nonzero(named)[0], False), (np.nonzero(nameless)[0], True)):
        if rows.size == 0:
            continue
        rows = rows[np.argsort(c.time[rows], kind="stable")]
        first, last = np.searchsorted(c.time[rows], [when - 0.5 * period_s, when + 0.5 * period_s])
        for i in np.nonzero(last > first)[0]:
            some = rows[first[i] : last[i]]
            north = (c.lat[some] - lat[i]) * 111_195.0
            east = (c.lon[some] - lon[i]) * 111_195.0 * np.cos(np.radians(lat[i]))
            seen[i] |= not by_distance or bool((np.hypot(north, east) < GATE_M).any())
    return seen


def _sector(azimuth_deg: F64) -> NDArray[np.int64]:
    return np.asarray((azimuth_deg % 360.0) // (360.0 / SECTORS), np.int64) % SECTORS


def _band(height_m: F64) -> NDArray[np.int64]:
    return np.clip(np.searchsorted(HEIGHT_BANDS_AGL_M, height_m, side="right") - 1, 0, len(HEIGHT_BANDS_AGL_M) - 1)
