"""Weights of intent fitted on simulation (one table for both kinds until the fit of each is run)."""

from typing import NamedTuple


class Fitted(NamedTuple):
    """One table."""

    weights: tuple[tuple[float, ...], ...]
    elsewhere: tuple[float, ...]
    levels: tuple[float, ...]
    windows: tuple[tuple[float, float], ...]


INTENT_WEIGHTS: tuple[tuple[float, ...], ...] = (
    (0.0, 0.801, 1.006, 0.294, 0.176, 0.009, 0.0, 0.089, 0.37, 2.461),
    (0.0, 0.976, 0.808, 0.255, 0.165, 0.0, 0.024, 0.006, 0.186, 2.258),
    (0.0, 1.854, 0.829, 0.251, 0.233, 0.0, 0.0, 0.0, 0.382, 1.446),
    (0.0, 1.228, 0.385, 0.304, 0.158, 0.0, 0.0, 0.0, 0.321, 0.629),
)

INTENT_ELSEWHERE: tuple[float, ...] = (-4.725, -3.509, -2.948, -1.403)

INTENT_LEVELS: tuple[float, ...] = (0.85, 0.789, 0.77, 0.66)

INTENT_WINDOWS: tuple[tuple[float, float], ...] = (
    (0.474, 2.077),
    (0.313, 2.972),
    (0.284, 2.057),
    (0.684, 3.091),
)

SILENT = Fitted(INTENT_WEIGHTS, INTENT_ELSEWHERE, INTENT_LEVELS, INTENT_WINDOWS)
NAMED = SILENT
