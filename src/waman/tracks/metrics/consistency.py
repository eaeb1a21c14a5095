"""Whether the tracker's own uncertainty is honest: NEES, NIS, ellipses, existence against what was there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from waman.geo.frames import Frame
from waman.tracks.metrics.gospa import Floats, Ints
from waman.tracks.metrics.picture import picture, plane

ROWS_MAX = 200_000
CELLS_MAX = 4_000_000
CHI2_2_95 = 5.991464547107979  # 95 % of a chi-square of 2 degrees of freedom


def nees(error_m: Floats, major_m: Floats, minor_m: Floats, azimuth_deg: Floats) -> Floats:
    """Return the normalised squared error (n,) of positions: ``error_m`` (n, 2) east and north, 1-sigma ellipses.

    Its mean is 2 for an honest filter. Source: Bar-Shalom, Li, Kirubarajan 2001, section 5.4.

    >>> nees(np.array([[0.0, 30.0]]), np.array([30.0]), np.array([10.0]), np.array([0.0])).tolist()
    [1.0]
    """
    a = np.radians(azimuth_deg)
    along = error_m[:, 0] * np.sin(a) + error_m[:, 1] * np.cos(a)
    across = error_m[:, 0] * np.cos(a) - error_m[:, 1] * np.sin(a)
    out: Floats = (along / major_m) ** 2 + (across / np.maximum(minor_m, 1e-3)) ** 2
    return out


def normalised_squared(error: Floats, covariance: Floats) -> Floats:
    """Return error' inverse(covariance) error (n,) of ``error`` (n, d) and ``covariance`` (n, d, d).

    NEES where the error is that of a state, NIS where it is an innovation: their means are d for an honest filter.

    >>> normalised_squared(np.array([[3.0, 4.0]]), np.array([[[9.0, 0.0], [0.0, 4.0]]])).tolist()
    [5.0]
    """
    out: Floats = np.einsum("ni,ni->n", error, np.linalg.solve(covariance, error[..., None])[..., 0])
    return out


def honesty(tracks: pa.Table, truth: pa.Table, frame: Frame, *, hold_us: int, c_m: float = 1000.0) -> dict[str, Any]:
    """Return NEES per degree of freedom, the share inside the 95 % ellipse, and existence against what was there.

    A row is real where a target is within ``c_m`` or three sigma; NEES and ellipses are over the real rows with a
    plot and existence above 0.6. Of more than ROWS_MAX rows evenly many are taken.
    """
    step = max(tracks.num_rows // ROWS_MAX, 1)
    rows = tracks.take(pa.array(np.arange(0, tracks.num_rows, step)))
    t, x, y = plane(rows, frame)
    at, which = np.unique(t, return_inverse=True)
    when, tx, ty = plane(truth, frame)
    near_x, near_y = _nearest(truth["target"].to_numpy(), when, tx, ty, at, which, x, y, hold_us)
    error = np.stack([near_x - x, near_y - y], 1)
    away = np.hypot(error[:, 0], error[:, 1])
    major, minor, azimuth = (
        rows[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
        for name in ("sigma_major_m", "sigma_minor_m", "sigma_azimuth_deg")
    )
    existence = rows["existence"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    real = away < np.fmax(c_m, 3.0 * major)  # NaN: no target at all at that time
    known = np.isfinite(existence)
    found = reliability(existence[known], real[known])
    seen = np.asarray(rows["detected"].to_numpy(zero_copy_only=False), bool)
    good = real & seen & (existence > 0.6) & (major > 0)
    value = nees(error[good], major[good], minor[good], azimuth[good])
    return {
        "nees_per_dof": float(value.mean() / 2) if len(value) else None,
        "ellipse95": float((value < CHI2_2_95).mean()) if len(value) else None,
        "existence_error": found["error"] if known.any() else None,
        "existence_brier": found["brier"],
        "rows": int(good.sum()),
    }


def _nearest(
    owner: Ints, when: Ints, tx: Floats, ty: Floats, at: Ints, which: Ints, x: Floats, y: Floats, hold_us: int
) -> tuple[Floats, Floats]:
    """Return the position of the target nearest to each row at its time, NaN where there is none."""
    out_x, out_y = np.full(len(x), np.nan), np.full(len(x), np.nan)
    blocks = max(1, len(at) * len(np.unique(owner)) // CELLS_MAX)
    for part in np.array_split(np.arange(len(at)), blocks):
        true = picture(owner, when, tx, ty, at[part], hold_us=hold_us)
        mine = np.flatnonzero((which >= part[0]) & (which <= part[-1])) if len(part) else np.zeros(0, np.int64)
        k = which[mine] - (part[0] if len(part) else 0)
        d = np.hypot(true.x_m[k] - x[mine, None], true.y_m[k] - y[mine, None])
        d = np.where(np.isfinite(d), d, np.inf)
        best = d.argmin(axis=1) if d.size else np.zeros(0, np.int64)
        out_x[mine], out_y[mine] = true.x_m[k, best], true.y_m[k, best]
    return out_x, out_y


def reliability(probability: Floats, happened: np.ndarray[Any, Any], *, bins: int = 10) -> dict[str, Any]:
    """Return Brier score, expected reliability error and the curve of a probability against what happened.

    >>> r = reliability(np.array([0.2, 0.2, 0.2, 0.2, 0.2]), np.array([1, 0, 0, 0, 0]))
    >>> round(r["brier"], 2), round(r["error"], 6)
    (0.16, 0.0)
    """
    p, y = np.asarray(probability, np.float64), np.asarray(happened, np.float64)
    place = np.minimum((p * bins).astype(np.int64), bins - 1)
    curve, error = [], 0.0
    for b in range(bins):
        mine = place == b
        if mine.any():
            curve.append({"said": float(p[mine].mean()), "was": float(y[mine].mean()), "n": int(mine.sum())})
            error += abs(float(p[mine].mean() - y[mine].mean())) * mine.mean()
    return {"brier": float(np.mean((p - y) ** 2)) if len(p) else None, "error": float(error), "curve": curve}
