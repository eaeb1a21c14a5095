"""What a sensor promises along a whole path: scan by scan, at least once, and k times in m scans.

Masking is the same ridge at every scan, and an unknown height is the same unknown at every
scan: misses are multiplied only within one assumed height, and the heights are averaged after.
Averaging each scan first would promise detections that no single height gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waman.coverage.field import DetectionField

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

SCANS_MAX = 200_000
WINDOW_MAX = 10


@dataclass(frozen=True)
class PathCover:
    """One sensor along a path. Probabilities are intervals: low takes what is unknown as blind, high as on.

    ``time_us`` (n,) are the scans; ``pd`` (n,) is NaN where state or ground is unknown;
    ``once`` and ``confirmed`` are (low, high) of at least one detection and of k in m scans.
    """

    sensor: str
    time_us: I64
    pd: F64
    once: tuple[float, float]
    confirmed: tuple[float, float]
    unknown_share: float


def along_path(
    field: DetectionField,
    sensor: str,
    *,
    time_us: ArrayLike,
    lat_deg: ArrayLike,
    lon_deg: ArrayLike,
    height_agl_m: ArrayLike | None = None,
    rcs_m2: float = 2.0,
    use_availability: bool = True,
) -> PathCover:
    """Return what one sensor could have seen of an aircraft on this path, scan by scan.

    Parameters
    ----------
    time_us, lat_deg, lon_deg : (n,) the path, at least two points, in order of time
    height_agl_m : (n,) or scalar [m]; None averages over the sensor's assumed heights, held along the path
    """
    model = next(s for s in field.sensors if s.id == sensor)
    t, lat, lon = np.asarray(time_us, np.int64), np.asarray(lat_deg, np.float64), np.asarray(lon_deg, np.float64)
    assert t.size >= 2 and (np.diff(t) >= 0).all(), "a path needs two points in order of time"
    step = int(1e6 * (model.scan_period_s or 10.0))
    scans = np.arange(t[0], t[-1] + 1, step, dtype=np.int64)[:SCANS_MAX]
    y, x = np.interp(scans, t, lat), np.interp(scans, t, lon)
    if height_agl_m is None:
        heights = [np.full(scans.size, h) for h in model.assumed_height_agl_m]
    else:
        heights = [np.interp(scans, t, np.broadcast_to(np.asarray(height_agl_m, np.float64), t.shape))]
    moving = _velocity(scans, y, x)
    when = scans if use_availability else None
    now = np.stack([_pd(field, sensor, y, x, h, rcs_m2, when, moving) for h in heights])
    on = np.stack([_pd(field, sensor, y, x, h, rcs_m2, None, moving) for h in heights])
    low = np.nan_to_num(now, nan=0.0)
    high = np.where(np.isnan(now), np.nan_to_num(on, nan=1.0), now)
    m, k = model.confirm_n, model.confirm_m
    return PathCover(
        sensor,
        scans,
        now.mean(axis=0),
        (_once(low), _once(high)),
        (k_in_m(low, k=k, m=m), k_in_m(high, k=k, m=m)),
        float(np.isnan(now).mean()),
    )


def any_sensor(covers: list[PathCover]) -> tuple[float, float]:
    """Return low and high of at least one detection by any sensor, taken as independent of each other.

    >>> any_sensor([])
    (0.0, 0.0)
    """
    low = 1.0 - float(np.prod([1.0 - c.once[0] for c in covers]))
    high = 1.0 - float(np.prod([1.0 - c.once[1] for c in covers]))
    return low, high


def k_in_m(pd: F64, *, k: int, m: int) -> float:
    """Return the probability that some m scans in a row hold at least k detections.

    ``pd`` is (heights, scans); scans are independent within a height; the heights are equally
    likely. Exact: a chain over the outcomes of the last m - 1 scans.

    >>> k_in_m(np.array([[0.5, 0.5]]), k=2, m=3)
    0.25
    """
    assert 1 <= k <= m <= WINDOW_MAX, f"{k} of {m}"
    states = 1 << (m - 1)
    ones = np.array([bin(s).count("1") for s in range(states)])
    alive = np.zeros((pd.shape[0], states))
    alive[:, 0] = 1.0
    after_miss = (np.arange(states) << 1) & (states - 1)
    after_hit = after_miss | 1 if states > 1 else after_miss
    done = ones + 1 >= k  # a hit now completes k within the window
    confirmed = np.zeros(pd.shape[0])
    for p in pd.T:
        hit, miss = alive * p[:, None], alive * (1.0 - p[:, None])
        confirmed += hit[:, done].sum(axis=1)
        alive = np.zeros_like(alive)
        for s in range(states):
            alive[:, after_miss[s]] += miss[:, s]
            if not done[s]:
                alive[:, after_hit[s]] += hit[:, s]
    return float(confirmed.mean())


def _once(pd: F64) -> float:
    return float((1.0 - np.prod(1.0 - pd, axis=1)).mean())


def _velocity(scans: I64, lat: F64, lon: F64) -> tuple[F64, F64]:
    if scans.size < 2:
        return np.full(scans.size, np.nan), np.full(scans.size, np.nan)
    seconds = scans / 1e6
    north = np.gradient(lat, seconds) * 111_195.0
    return north, np.gradient(lon, seconds) * 111_195.0 * np.cos(np.radians(lat))


def _pd(
    field: DetectionField, sensor: str, lat: F64, lon: F64, height: F64, rcs_m2: float, when: I64 | None,
    moving: tuple[F64, F64],
) -> F64:  # fmt: skip
    return field.detection_probability(lat, lon, height, sensor, rcs_m2, time=when, vn_mps=moving[0], ve_mps=moving[1])
