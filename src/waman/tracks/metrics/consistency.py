"""Whether the tracker's own uncertainty is honest: NEES, ellipses, existence against what was there."""

from __future__ import annotations

from typing import Any

import numpy as np

from waman.tracks.metrics.gospa import Floats

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
