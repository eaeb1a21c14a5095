"""The statistic of the leak test: an e-process per unit under randomised sharing, and e-BH over units.

Null for one unit: telling it does not change the outcome, so that, given the outcome and the past, its
coin is still a coin, whatever the weather, the base rate or the other units do. The product of the
factors below is then a nonnegative martingale of mean 1, and the chance that it *ever* reaches 1/a
is at most a (Ville 1939): one may look after every tip and stop when one likes.

Alternatives: a grid of (show rate s0 when not told, strength l), s1 = s0 (1 - l), equal weights, mixed
over whole histories. The chance ``pd`` that a show would have been seen is fixed before the coin.

Where units were given different variants of a step, which of them was reacted to is a second draw: given
coin, outcome and reaction, a unit that did not pass its variant on matches with chance 1 / variants. So the
product of the two evidences is again a martingale of mean 1, and it is what units are judged by.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SHOW_RATES: Final = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
STRENGTHS: Final = (0.4, 0.6, 0.8, 0.95)
"""The shipped grid; changing it after tips were drawn would void the test."""

REACTIONS: Final = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Chance that a reaction follows a leaked variant, for the canary test."""

SHOW, NO_SHOW, UNSEEN = 1, 0, -1
FDR: Final = 0.10
E_NAMED_MIN: Final = 20.0
E_STRONG_MIN: Final = 100.0
FURTHER_TIPS_MAX = 200
"""Where the search for how many tips would do ends."""
SHARE_MIN, SHARE_MAX = 0.2, 0.8
"""A coin outside these limits leaves too few tips of one kind to compare."""


def running_evidence(told: NDArray[Any], outcome: NDArray[Any], share: Floats, pd: Floats) -> Floats:
    """Return the e-value of every unit after every tip.

    Parameters
    ----------
    told : (..., tips, units) bool, the coins
    outcome : (..., tips) int, SHOW, NO_SHOW or UNSEEN
    share : (..., tips, units) float64, the chance with which each coin was thrown; NaN where the unit
        had no coin in that tip (factor 1)
    pd : (..., tips) float64, chance that a show would have been seen, fixed before the coin

    Returns
    -------
    (..., tips, units) float64

    Source: the grid mixture over the posterior odds of the coin given the outcome (testing by betting, Shafer 2021).

    >>> round(float(running_evidence(np.array([[1], [1], [1], [0]]), np.array([0, 0, 0, 1]),
    ...     np.full((4, 1), 0.5), np.ones(4))[-1, 0]), 2)
    4.69
    """
    logs = np.cumsum(_log_factors(told, outcome, share, pd), axis=-3)
    top = logs.max(axis=-1, keepdims=True)
    return np.asarray(np.exp(top[..., 0]) * np.exp(logs - top).mean(axis=-1))


def _log_factors(told: NDArray[Any], outcome: NDArray[Any], share: Floats, pd: Floats) -> Floats:
    """Return log P_g(coin | outcome) - log P_0(coin): (..., tips, units, grid)."""
    s0, strength = (a.ravel() for a in np.meshgrid(SHOW_RATES, STRENGTHS, indexing="ij"))
    s1 = s0 * (1 - strength)
    seen = np.asarray(outcome)[..., None, None] == SHOW
    d = np.asarray(pd, dtype=float)[..., None, None]
    like0 = np.where(seen, s0, 1 - d * s0)  # d cancels where a show was seen
    like1 = np.where(seen, s1, 1 - d * s1)
    coin = np.asarray(told, dtype=bool)[..., None]
    pi = np.asarray(share, dtype=float)[..., None]
    with np.errstate(invalid="ignore"):
        factor = np.where(coin, like1, like0) / (pi * like1 + (1 - pi) * like0)
    silent = (np.asarray(outcome)[..., None, None] == UNSEEN) | np.isnan(pi)
    return np.log(np.where(silent, 1.0, factor))


def canary_evidence(matched: NDArray[Any], variants: int | NDArray[Any]) -> Floats:
    """Return the running e-value of one unit that was given one of ``variants`` versions by coin, tip by tip.

    ``matched`` is (..., tips): 1 the version given was reacted to, 0 another one was, -1 none was seen or
    given. ``variants`` is one number for all tips, or one a tip.

    >>> [round(float(e), 2) for e in canary_evidence(np.ones(4), 4)]
    [2.5, 6.97, 21.02, 66.94]
    """
    q = np.asarray(REACTIONS)
    hit = np.asarray(matched)[..., None]
    many = np.asarray(variants, dtype=float)[..., None]
    factor = np.where(hit == 1, many * q + (1 - q), np.where(hit == 0, 1 - q, 1.0))
    return np.asarray(np.exp(np.cumsum(np.log(factor), axis=-2)).mean(axis=-1))


def e_bh(evidence: Floats, rate: float = FDR) -> NDArray[np.bool_]:
    """Return which of K hypotheses e-BH rejects at false discovery rate ``rate``, under any dependence.

    The largest r with the r-th largest e-value >= K / (rate r) (Wang and Ramdas 2022). Last axis: units.

    >>> e_bh(np.array([70.0, 3.0, 40.0, 1.0, 1.0, 1.0])).tolist()
    [True, False, True, False, False, False]
    """
    e = np.asarray(evidence, dtype=float)
    k = e.shape[-1]
    if k == 0:
        return np.zeros(e.shape, dtype=bool)
    down = -np.sort(-e, axis=-1)
    enough = down >= k / (rate * np.arange(1, k + 1))
    r = np.where(enough.any(axis=-1), k - np.argmax(enough[..., ::-1], axis=-1), 0)
    cut = np.where(r > 0, np.take_along_axis(down, np.maximum(r - 1, 0)[..., None], axis=-1)[..., 0], np.inf)
    return np.asarray(e >= cut[..., None])


def named(evidence: Floats) -> NDArray[np.bool_]:
    """Return which units may be named: in the e-BH set at FDR, and e-value at least E_NAMED_MIN."""
    return np.asarray(e_bh(evidence) & (np.asarray(evidence) >= E_NAMED_MIN))


def bar_of(units: int) -> float:
    """Return the e-value that one unit alone must reach to be named among ``units``."""
    return max(E_NAMED_MIN, units / FDR)


def tips_needed(told: NDArray[Any], outcome: NDArray[Any], share: Floats, pd: Floats, bar: float) -> int:
    """Return how many further fair tips would do at best for one unit with this history.

    The best case is perfect separation, told and not told in turn. Arrays (tips,).

    >>> none = np.empty(0)
    >>> tips_needed(none, none, none, none, 20.0)
    7
    """
    if not len(told):
        return _needed_from_nothing(bar)
    return min(_needed_from(np.asarray(told), outcome, share, pd, bar, first) for first in (0, 1))


@lru_cache(maxsize=64)
def _needed_from_nothing(bar: float) -> int:
    none = np.empty(0)
    return min(_needed_from(none, none, none, none, bar, first) for first in (0, 1))


def _needed_from(told: NDArray[Any], outcome: NDArray[Any], share: Floats, pd: Floats, bar: float, first: int) -> int:
    turn = (np.arange(FURTHER_TIPS_MAX) + first) % 2 == 1
    coin = np.concatenate([told.astype(float), turn])
    result = np.concatenate([np.asarray(outcome, dtype=float), np.where(turn, NO_SHOW, SHOW)])
    pi = np.concatenate([np.asarray(share, dtype=float), np.full(len(turn), 0.5)])
    seen = np.concatenate([np.asarray(pd, dtype=float), np.ones(len(turn))])
    running = running_evidence(coin[:, None], result, pi[:, None], seen)[:, 0]
    if len(told) and running[len(told) - 1] >= bar:
        return 0
    reached = np.flatnonzero(running[len(told) :] >= bar)
    return int(reached[0]) + 1 if reached.size else FURTHER_TIPS_MAX


def ideal_tips_needed(e_value: float, bar: float) -> int:
    """Return the floor no test can beat: a fair coin at most doubles an e-value.

    >>> ideal_tips_needed(1.0, 20.0)
    5
    """
    return max(0, int(np.ceil(np.log2(bar / e_value) - 1e-12)))
