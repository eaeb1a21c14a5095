"""Probability of detection of a fluctuating target: Swerling 0-4, n pulses, fixed or CA-CFAR threshold.

One series gives all five models. After a square-law detector and the sum of n pulses the
statistic is a noncentral chi-square, that is a Poisson mixture of gamma tails; when the
target's power fluctuates as a gamma variable of shape m and mean 1, the Poisson becomes a
negative binomial:

    Pd = 1 - sum over k of w_k P(n + k, T),   w = NegativeBinomial(m, mean n S)

with m = infinity, 1, n, 2, 2n for Swerling 0-4 (the K of Shnidman), T the threshold on the sum
and P the regularised lower incomplete gamma function. All terms are positive and P falls
faster than exponentially beyond k = T, so that the sum is short and exact.

Sources: Swerling, RAND RM-1217 (1954); Shnidman, IEEE Trans. AES 39 (2003) 1059 for K; Gandhi
and Kassam, IEEE Trans. AES 24 (1988) 427 for cell-averaging CFAR.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

F64 = NDArray[np.float64]

SNR_DB_RANGE = (-40.0, 80.0)
TABLE_STEP_DB = 0.05
BISECTIONS = 48  # of 120 dB: to 4e-13 dB
_CFAR_POINTS = 400  # trapezoid in the logarithm of the noise estimate; converges faster than any power


@dataclass(frozen=True)
class Detector:
    """How a radar decides: false-alarm probability per cell, pulses summed, reference cells.

    ``cfar_cells`` 0 is a fixed threshold (the noise is known); N > 0 a cell-averaging CFAR.
    """

    pfa: float = 1e-6
    pulses: int = 1
    swerling: int = 1
    cfar_cells: int = 0

    def __post_init__(self) -> None:
        assert 0.0 < self.pfa < 1.0, f"pfa is {self.pfa}"
        assert 1 <= self.pulses <= 1000, f"{self.pulses} pulses"
        assert self.swerling in range(5), f"Swerling {self.swerling}"
        assert self.cfar_cells >= 0, f"{self.cfar_cells} reference cells"

    @property
    def shape(self) -> float:
        """The gamma shape of the target's fluctuation over one look."""
        return {0: np.inf, 1: 1.0, 2: self.pulses, 3: 2.0, 4: 2.0 * self.pulses}[self.swerling]


def detection_probability(snr_db: ArrayLike, detector: Detector) -> F64:
    """Return the probability of detection at a mean signal-to-noise ratio per pulse [dB].

    Exact to 1e-9 for Pfa 1e-12..0.1, n 1..100, SNR within -40..80 dB; -inf dB gives Pfa.

    >>> round(float(detection_probability(21.14, Detector(pfa=1e-6))), 3)
    0.9
    """
    snr = np.atleast_1d(10.0 ** (np.asarray(snr_db, np.float64) / 10.0))
    if detector.swerling == 1 and detector.pulses == 1 and detector.cfar_cells == 0:
        # the whole series in one term; the usual case, and it spares the import of scipy
        return np.asarray(detector.pfa ** (1.0 / (1.0 + snr)).reshape(np.shape(snr_db)), np.float64)
    if detector.cfar_cells == 0:
        out = _series(snr.ravel(), np.array([fixed_threshold(detector)]), np.ones(1), detector)
    else:
        noise, weight = _noise_estimates(detector)
        out = _series(snr.ravel(), cfar_multiplier(detector) * detector.pulses * noise, weight, detector)
    return np.asarray(out.reshape(np.shape(snr_db)), np.float64)


def detection_probability_ref(snr_db: float, detector: Detector) -> float:
    """Do the same by quadrature: Marcum's steady target averaged over the density of its power."""
    from scipy.stats import ncx2  # takes half a second to import

    s, n, t = 10.0 ** (snr_db / 10.0), detector.pulses, fixed_threshold(detector)
    if detector.swerling == 0:
        return float(ncx2.sf(2.0 * t, 2 * n, 2.0 * n * s))
    x = np.linspace(-16.0, 4.0, 4001)  # logarithm of the power
    m = detector.shape
    density = np.exp(m * np.log(m) - _special().gammaln(m) + m * x - m * np.exp(x))
    return float(np.trapezoid(density * ncx2.sf(2.0 * t, 2 * n, 2.0 * n * s * np.exp(x)), x))


@cache
def required_snr_db(pd: float, detector: Detector) -> float:
    """Return the mean signal-to-noise ratio per pulse [dB] that gives this probability of detection.

    >>> round(required_snr_db(0.9, Detector(pfa=1e-6, swerling=0)), 2)
    13.18
    """
    assert detector.pfa < pd < 1.0, f"pd {pd} is not between pfa and 1"
    return _root(lambda x: float(detection_probability(x, detector)) - pd, *SNR_DB_RANGE)


def detection_table(detector: Detector) -> tuple[F64, float, float]:
    """Return Pd on an even grid of SNR, its first value [dB] and its step [dB], for linear interpolation.

    The error of interpolation is below 2e-5 in Pd, that is below 0.001 dB (tests/coverage).
    """
    first, last = -30.0, 60.0
    snr = np.arange(first, last + TABLE_STEP_DB / 2, TABLE_STEP_DB)
    return detection_probability(snr, detector), first, TABLE_STEP_DB


def fixed_threshold(detector: Detector) -> float:
    """Return the threshold T on the sum of n pulses of unit noise power: Q(n, T) = Pfa."""
    return float(_special().gammainccinv(detector.pulses, detector.pfa))


def cfar_multiplier(detector: Detector) -> float:
    """Return the factor on the estimated noise power that keeps Pfa, over the number of pulses.

    For one pulse it is N (Pfa^(-1/N) - 1).

    >>> round(cfar_multiplier(Detector(cfar_cells=16)), 3)
    21.942
    """
    noise, weight = _noise_estimates(detector)
    n = detector.pulses

    def excess(log_multiplier: float) -> float:
        found = float(weight @ _special().gammaincc(n, np.exp(log_multiplier) * n * noise))
        return float(np.log(max(found, 1e-300)) - np.log(detector.pfa))

    start = np.log(fixed_threshold(detector) / n)
    return float(np.exp(_root(lambda x: -excess(x), start - 1.0, start + 12.0)))


def _root(rising: Callable[[float], float], low: float, high: float) -> float:
    """Return where a rising function crosses 0, by halving; scipy.optimize takes half a second to import.

    >>> round(_root(lambda x: x * x - 2.0, 0.0, 2.0), 12)
    1.414213562373
    """
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if rising(middle) > 0.0 else (middle, high)
    return 0.5 * (low + high)


def confirmation_probability(pd: ArrayLike, *, m: int, n: int) -> F64:
    """Return the probability of at least m detections in n independent looks of equal Pd.

    >>> round(float(confirmation_probability(0.5, m=2, n=3)), 3)
    0.5
    """
    from scipy.stats import binom

    assert 1 <= m <= n, f"{m} of {n}"
    return np.asarray(binom.sf(m - 1, n, np.asarray(pd, np.float64)), np.float64)


@cache
def _special() -> Any:
    """Return scipy.special, imported when first needed: it takes a fifth of a second."""
    import scipy.special

    return scipy.special


def _series(snr: F64, thresholds: F64, weights: F64, detector: Detector) -> F64:
    """Return 1 - sum_k w_k E[P(n + k, T)] for each SNR; the thresholds are averaged with ``weights``."""
    top = float(thresholds[weights > 1e-18 * weights.max()].max())
    k = np.arange(int(top + 12.0 * np.sqrt(top + 1.0)) + 60, dtype=np.float64)
    missed = np.zeros(k.size)
    for threshold, weight in zip(thresholds, weights, strict=True):
        missed += weight * _special().gammainc(detector.pulses + k, threshold)
    mean = detector.pulses * snr[:, None]
    m, gammaln = detector.shape, _special().gammaln
    with np.errstate(divide="ignore", invalid="ignore"):
        if np.isinf(m):
            log_w = k * np.log(mean) - mean - gammaln(k + 1.0)
        else:
            choose = gammaln(m + k) - gammaln(m) - gammaln(k + 1.0)
            log_w = choose + k * np.log(mean / (m + mean)) - m * np.log1p(mean / m)
    log_w = np.where((mean == 0.0) & (k == 0.0), 0.0, np.nan_to_num(log_w, nan=-np.inf))
    return np.clip(1.0 - np.exp(log_w) @ missed, 0.0, 1.0)


def _noise_estimates(detector: Detector) -> tuple[F64, F64]:
    """Return noise powers estimated from N cells of n pulses, relative to the truth, and their probabilities."""
    shape = float(detector.cfar_cells * detector.pulses)
    spread = 1.0 / np.sqrt(shape)
    x = np.linspace(-min(14.0 * spread + 200.0 / shape, 60.0), 10.0 * spread + 2.0 / shape, _CFAR_POINTS)
    density = np.exp(shape * (np.log(shape) + x - np.exp(x)) - _special().gammaln(shape))
    weight = density * (x[1] - x[0])
    return np.exp(x), weight / weight.sum()
