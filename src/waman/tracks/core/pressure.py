"""What heights aircraft send, how far off they may be, and what those that send both kinds say of the air.

A transponder sends pressure height: off by the air, which all aircraft share, and by its own altimeter, which no
number of its plots averages away. Both are kept out of the height filter and added where a height is given out.
"""

from __future__ import annotations

import numpy as np

from waman.jit import lean_kernel
from waman.tracks.core import columns as col
from waman.tracks.core.motion import Floats

GROUND_SD_M = 83.0
"""Before anything is heard: sea-level pressure off standard by 10 hPa (assumption; 8.31 m each, ICAO Doc 7488)."""
WARM_SD = 0.062
"""Heights stretch by this share: so wide that nine in ten hold 20 degrees off, 0.07 h (ICAO Doc 7488), at 1-4 km."""
ALTIMETER_VAR = 376.0
"""One aircraft's altimeter and encoder, the same all flight [m^2]: 95 % within 125 ft (14 CFR 91.217)."""
BAND_SD_M = 10.0
"""How far the mean difference of a band may lie from the line: air is not linear, nor alike everywhere (assumption)."""
PLOT_VAR = 144.0
"""Variance of one geometric height [m^2]: a receiver good to 12 m (assumption; DO-260B promises 23 at best)."""
STEP_VAR = 78.0
"""Variance of one pressure height beside its altimeter [m^2]: a step of 100 ft, spread evenly."""
VISITS_MAX = 8.0
"""Aircraft that a band of heights remembers."""
BAND_EDGE_M = 150.0
"""How far beyond the edge of a band an aircraft is still counted in it."""


@lean_kernel
def altitude_of(f: Floats, dz: Floats) -> tuple[float, float, int]:
    """Return height above sea level [m], variance and source (0 none, 1 pressure, 2 geometric) of a plot's floats.

    A pressure height is moved by the line that :func:`fit_pressure` laid through what aircraft with both heights
    said; how far the line may be off is in the variance, and without such aircraft that is far.
    """
    geo, fl = f[col.P_GEO], f[col.P_FL]
    if geo == geo:
        return geo, PLOT_VAR, 2
    if fl != fl:
        return 0.0, 0.0, 0
    k = dz.shape[0] - col.LINE_ROWS
    return fl + dz[k, 0] + fl * dz[k, 1], STEP_VAR + pressure_var(fl, dz), 1


@lean_kernel
def pressure_var(height_m: float, dz: Floats) -> float:
    """Return the variance of a pressure height that no filter averages away [m^2]: its altimeter and the line."""
    k = dz.shape[0] - col.LINE_ROWS
    if dz[k + 1, 0] <= 0.0:
        return ALTIMETER_VAR + GROUND_SD_M**2 + (WARM_SD * height_m) ** 2
    return float(ALTIMETER_VAR + dz[k + 1, 0] + height_m * (2.0 * dz[k + 1, 1] + height_m * dz[k + 2, 0]))


@lean_kernel
def fit_pressure(dz: Floats) -> None:
    """Lay the line geometric minus pressure height = a + b x pressure height through the bands of ``dz``.

    Air warmer than standard by t degrees stretches heights by about t / 280, and a sea-level pressure off standard
    moves them all (ICAO Doc 7488). Bayesian least squares: a has GROUND_SD_M, b has WARM_SD before anything is heard.
    A band is as good as the altimeters it met; one altimeter met in several bands is still one (design effect, Kish
    1965). The last rows of ``dz`` become (a, b, aircraft), (var a, cov, whether settled), (var b).
    """
    k = dz.shape[0] - col.LINE_ROWS
    iaa, iab, ibb, ya, yb = 1.0 / GROUND_SD_M**2, 0.0, 1.0 / WARM_SD**2, 0.0, 0.0
    each = max(dz[:k, 1].sum() / max(dz[k, 2], 1.0), 1.0)
    for band in range(k):
        if dz[band, 1] < 1.0:
            continue
        h, w = dz[band, 2], 1.0 / (BAND_SD_M**2 + each * ALTIMETER_VAR / dz[band, 1] + PLOT_VAR / dz[band, 3])
        iaa, iab, ibb = iaa + w, iab + w * h, ibb + w * h * h
        ya, yb = ya + w * dz[band, 0], yb + w * h * dz[band, 0]
    det = iaa * ibb - iab * iab
    dz[k, 0], dz[k, 1] = (ibb * ya - iab * yb) / det, (iaa * yb - iab * ya) / det
    dz[k + 1, 0], dz[k + 1, 1], dz[k + 2, 0] = ibb / det, -iab / det, iaa / det


def fit_pressure_ref(dz: Floats) -> tuple[Floats, Floats]:
    """Return (a, b) and their covariance by singular values, the twin of :func:`fit_pressure`."""
    k = dz.shape[0] - col.LINE_ROWS
    band = np.flatnonzero(dz[:k, 1] >= 1.0)
    each = np.maximum(dz[:k, 1].sum() / np.maximum(dz[k, 2], 1.0), 1.0)
    met = np.sqrt(BAND_SD_M**2 + each * ALTIMETER_VAR / dz[band, 1] + PLOT_VAR / dz[band, 3])
    sd = np.concatenate([met, [GROUND_SD_M, WARM_SD]])
    rows = np.concatenate([np.column_stack([np.ones(band.size), dz[band, 2]]), np.eye(2)])
    right = np.concatenate([dz[band, 0], [0.0, 0.0]]) / sd
    inverse = np.linalg.pinv(rows / sd[:, None], rcond=1e-14)
    return inverse @ right, inverse @ inverse.T


@lean_kernel
def learn_pressure(val: Floats, f: Floats, dz: Floats) -> None:
    """Take what one plot of a track says of the air, if it gives both heights, and lay the line anew.

    A band of ``dz`` holds the mean over aircraft of geometric minus pressure height, aircraft met (at most
    VISITS_MAX), their mean pressure height, and plots. The track remembers its own means in the band it is in, so
    that one aircraft counts once however many plots it sends.
    """
    geo, fl = f[col.P_GEO], f[col.P_FL]
    bands = dz.shape[0] - col.LINE_ROWS
    if geo != geo or fl != fl or abs(geo - fl) > 1500.0 or dz[bands + 1, 2] > 0.0:
        return
    band = int(val[col.BOTH_BAND]) - 1
    if band < 0 or fl < 1000.0 * band - BAND_EDGE_M or fl > 1000.0 * (band + 1) + BAND_EDGE_M:
        dz[bands, 2] += 1.0 if val[col.BOTH_BAND] == 0.0 else 0.0
        band = min(max(int(fl // 1000.0), 0), bands - 1)
        val[col.BOTH_BAND], val[col.BOTH_N], val[col.BOTH_DZ], val[col.BOTH_FL] = band + 1.0, 0.0, 0.0, 0.0
    val[col.BOTH_N] += 1.0
    step_dz, step_fl = (geo - fl - val[col.BOTH_DZ]) / val[col.BOTH_N], (fl - val[col.BOTH_FL]) / val[col.BOTH_N]
    val[col.BOTH_DZ] += step_dz
    val[col.BOTH_FL] += step_fl
    row = dz[band]
    if val[col.BOTH_N] == 1.0:
        row[1] = min(row[1] + 1.0, VISITS_MAX)
        step_dz, step_fl = geo - fl - row[0], fl - row[2]
    row[0] += step_dz / row[1]
    row[2] += step_fl / row[1]
    row[3] += 1.0
    fit_pressure(dz)


def settled(dz: Floats, known: bool) -> Floats:
    """Return the same table that learns no more, or again: a second pass over a record meets the same aircraft."""
    out = dz.copy()
    out[len(dz) - col.LINE_ROWS + 1, 2] = float(known)
    return out
