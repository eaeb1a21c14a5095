"""The leak test: rows in, a result out that names a unit only where proven coins allow it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from waman.tips.evidence import (
    E_NAMED_MIN,
    UNSEEN,
    bar_of,
    canary_evidence,
    ideal_tips_needed,
    named,
    running_evidence,
    tips_needed,
)
from waman.tips.observed import describe
from waman.tips.table import Coins, TipRow, coins_of, no_coins, units_of
from waman.tips.words import statement

Randomised = Literal["proven", "assumed", "no"]


@dataclass(frozen=True, slots=True)
class UnitResult:
    """One unit: its e-value (coins times variants), whether the naming rule holds, how many tips would do at best."""

    unit: str
    e_value: float
    accused: bool
    more_tips_needed: int
    e_coins: float = 1.0
    e_variants: float = 1.0


@dataclass(frozen=True, slots=True)
class LeakResult:
    """The result of the leak test, as written to ``leak.json``."""

    randomised: Randomised
    units: tuple[UnitResult, ...]
    excluded: tuple[tuple[str, str], ...]
    statement: str
    tips_counted: int
    unseen: int

    def as_dict(self) -> dict[str, object]:
        """Return the contract's JSON object."""
        names = ("unit", "e_value", "accused", "more_tips_needed", "e_coins", "e_variants")
        return {
            "randomised": self.randomised,
            "units": [{n: getattr(u, n) for n in names} for u in self.units],
            "excluded": [{"tip": tip, "why": why} for tip, why in self.excluded],
            "statement": self.statement,
            "tips_counted": self.tips_counted,
            "unseen": self.unseen,
            "named_if": f"in the e-BH set at FDR 0.10 and e-value >= {E_NAMED_MIN:g}",
        }


def leak_test(rows: Sequence[TipRow], randomised: Randomised, refusal: str = "") -> LeakResult:
    """Test every unit, where the coins are ``proven`` (by the ledger) or ``assumed`` (for research).

    With ``"no"`` no coin counts: every e-value is 1, nobody is named, and the statement describes and
    warns. ``refusal`` says why a proof was refused.

    >>> leak_test([], "no").units
    ()
    """
    units = units_of(rows)
    coins = no_coins(units, tuple((row.tip, _why_plain(row)) for row in rows)) if randomised == "no" else coins_of(rows)
    n = len(coins.outcome)
    by_coin = running_evidence(coins.told, coins.outcome, coins.share, coins.pd)[-1] if n else np.ones(len(units))
    by_variant = canary_evidence(coins.matched.T, coins.variants)[:, -1] if n else np.ones(len(units))
    last = by_coin * by_variant
    hit = named(last)
    bar = bar_of(len(units))
    results = tuple(
        UnitResult(
            unit,
            float(last[i]),
            bool(hit[i]),
            0 if hit[i] else _needed(coins, i, bar / float(by_variant[i])),
            float(by_coin[i]),
            float(by_variant[i]),
        )
        for i, unit in enumerate(units)
    )
    unseen = int((coins.outcome == UNSEEN).sum())
    best = float(last.max()) if len(units) else 1.0
    words = statement(
        randomised,
        [(r.unit, r.e_value) for r in results if r.accused],
        (ideal_tips_needed(best, bar), min((r.more_tips_needed for r in results), default=0)),
        counted=n,
        unseen=unseen,
        excluded=coins.excluded,
        refusal=refusal,
        description=describe(rows) if randomised == "no" else _variants(coins),
    )
    return LeakResult(randomised, results, coins.excluded, words, n, unseen)


def _variants(coins: Coins) -> str:
    seen = int((coins.matched >= 0).any(axis=1).sum())
    return f"In {seen} of them a reaction to one of the variants given was seen, and counts too." if seen else ""


def _why_plain(row: TipRow) -> str:
    return "randomisation asserted, not proven" if row.randomised else "sharing was not randomised"


def _needed(coins: Coins, i: int, bar: float) -> int:
    has = ~np.isnan(coins.share[:, i]) if len(coins.outcome) else np.zeros(0, dtype=bool)
    return tips_needed(coins.told[has, i], coins.outcome[has], coins.share[has, i], coins.pd[has], bar)
