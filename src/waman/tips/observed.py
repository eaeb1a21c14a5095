"""What sharing that nobody randomised can and cannot say: a description, and how little it would take to undo it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import gammaln

from waman.tips.evidence import Floats
from waman.tips.table import TipRow, units_of

P_MAX = 0.05
GAMMAS = np.round(np.arange(1.0, 10.01, 0.05), 2)
"""Odds by which a hidden cause may tilt the sharing (Rosenbaum 2002)."""


def p_value(told_no_shows: int, told: int, no_shows: int, tips: int, gamma: float = 1.0) -> float:
    """Return the largest one-sided p-value of "told tips fail more often" under a hidden tilt of odds ``gamma``.

    At ``gamma`` = 1 it is Fisher's exact test. Source: Rosenbaum, Observational Studies (2002), extended
    hypergeometric bound for a 2x2 table.

    >>> round(p_value(3, 3, 3, 4), 2)
    0.25
    """
    return float(_tails(told_no_shows, told, no_shows, tips, np.array([gamma]))[0])


def sensitivity(told_no_shows: int, told: int, no_shows: int, tips: int) -> float | None:
    """Return the largest tilt (up to 10) at which the table still looks unlikely (p <= 0.05), or None."""
    holds = GAMMAS[_tails(told_no_shows, told, no_shows, tips, GAMMAS) <= P_MAX]
    return float(holds[-1]) if holds.size else None


def _tails(told_no_shows: int, told: int, no_shows: int, tips: int, gammas: Floats) -> Floats:
    """Return P(X >= told_no_shows) of Fisher's noncentral hypergeometric for each odds in ``gammas``."""
    x = np.arange(max(0, told + no_shows - tips), min(told, no_shows) + 1)
    ways = -gammaln(x + 1) - gammaln(no_shows - x + 1) - gammaln(told - x + 1) - gammaln(tips - told - no_shows + x + 1)
    logs = ways + x * np.log(gammas)[:, None]
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(weights[:, x >= told_no_shows].sum(axis=1) / weights.sum(axis=1))


def describe(rows: Sequence[TipRow]) -> str:
    """Return sentences on observed sharing, without a unit's name: counts, other explanations, sensitivity."""
    seen = [row for row in rows if row.outcome != "unknown"]
    widest = _most_told(seen)
    if not seen or widest is None:
        return "There is no pair of told and untold tips with a known outcome to describe."
    told = [row for row in seen if widest in row.shared_with]
    no_shows = sum(row.outcome == "no_show" for row in seen)
    failed = sum(row.outcome == "no_show" for row in told)
    p = p_value(failed, len(told), no_shows, len(seen))
    tilt = sensitivity(failed, len(told), no_shows, len(seen))
    rate = 1 - P_MAX ** (1 / failed) if failed else 1.0
    return " ".join(
        [
            f"Of {len(seen)} tips with an outcome, {len(told)} were shared most widely; {failed} of those"
            f" were no-shows, and {no_shows - failed} of the other {len(seen) - len(told)}.",
            f"Even had a coin decided, chance alone gives as much in {p:.0%} of cases (Fisher, one-sided).",
            f"If fewer than {rate:.0%} of unshared tips show, {failed} no-shows in a row are no surprise."
            if failed
            else "",
            "A hidden cause of any size undoes it."
            if tilt is None
            else f"A hidden cause that tilts the odds of sharing by {tilt:.2f} undoes it.",
            "The order of tips and what was learned from the earlier ones may have decided who was told.",
        ]
    ).replace("  ", " ")


def _most_told(rows: Sequence[TipRow]) -> str | None:
    counts = {unit: sum(unit in row.shared_with for row in rows) for unit in units_of(rows)}
    mixed = {unit: n for unit, n in counts.items() if 0 < n < len(rows)}
    return max(mixed, key=lambda unit: (_failures(rows, unit), mixed[unit])) if mixed else None


def _failures(rows: Sequence[TipRow], unit: str) -> int:
    return sum(row.outcome == "no_show" for row in rows if unit in row.shared_with)
