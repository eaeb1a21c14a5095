"""Tips and their outcomes as rows: reading ``tips.jsonl`` and turning rows into arrays."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waman.errors import Problems
from waman.tips.evidence import NO_SHOW, SHARE_MAX, SHARE_MIN, SHOW, UNSEEN, Floats

TIPS_MAX = 100_000
UNITS_MAX = 1000
OUTCOMES = {"show": SHOW, "no_show": NO_SHOW, "unknown": UNSEEN}


@dataclass(frozen=True, slots=True)
class TipRow:
    """One tip: who was told, by which coin, and what came of it. ``pd`` None: nobody said what could be seen.

    ``variants`` is the number of the version each unit was given of ``variant_count``; ``reaction`` the
    number of the one that was reacted to, None where no reaction was seen.
    """

    tip: str
    time: str | None
    randomised: bool
    share_probability: Mapping[str, float]
    shared_with: frozenset[str]
    outcome: str
    pd: float | None
    variants: Mapping[str, int] = field(default_factory=dict)
    variant_count: int = 0
    reaction: int | None = None


@dataclass(frozen=True, slots=True)
class Coins:
    """The counted tips as arrays: told (n, k), outcome (n,), share (n, k), pd (n,); units name the columns.

    ``matched`` (n, k): the unit's variant was reacted to (1), another was (0), or neither (-1);
    ``variants`` (n,): how many there were, at least 1.
    """

    units: tuple[str, ...]
    told: NDArray[np.bool_]
    outcome: NDArray[np.int8]
    share: Floats
    pd: Floats
    matched: NDArray[np.int8]
    variants: NDArray[np.int64]
    excluded: tuple[tuple[str, str], ...] = field(default=())


def read_tips(lines: Iterable[str], name: str = "tips.jsonl") -> tuple[list[TipRow], Problems]:
    r"""Read tips, one JSON object a line; what cannot be read is a problem, never an exception.

    >>> rows, problems = read_tips(['{"tip": "T1", "time": null, "randomised": false, "share_probability": {},'
    ...     ' "shared_with": ["police"], "outcome": "show", "pd": 0.9}', 'x'])
    >>> rows[0].tip, problems.count
    ('T1', 1)
    """
    rows: list[TipRow] = []
    problems = Problems()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(_row(json.loads(line)))
        except (ValueError, RecursionError) as why:
            problems.add(f"{name}:{number}", f"not a tip: {why}", line[:200])
        if len(rows) >= TIPS_MAX:
            problems.add(f"{name}:{number}", f"more than {TIPS_MAX} tips; the rest is not read")
            break
    return rows, problems


def _row(raw: Any) -> TipRow:
    if not isinstance(raw, dict) or not isinstance(raw.get("tip"), str) or not raw["tip"]:
        raise ValueError("no text 'tip'")
    time, outcome, pd = raw.get("time"), raw.get("outcome"), raw.get("pd")
    if time is not None and (not isinstance(time, str) or datetime.fromisoformat(time).tzinfo is None):
        raise ValueError(f"time {time!r} is not ISO 8601 with a zone")
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome {outcome!r} is not show, no_show or unknown")
    shares = raw.get("share_probability") or {}
    told = raw.get("shared_with") or []
    if not isinstance(shares, dict) or not all(_chance(p) for p in shares.values()):
        raise ValueError("share_probability must name a chance between 0 and 1 for each unit")
    if not isinstance(told, list) or not all(isinstance(u, str) for u in told) or len(told) + len(shares) > UNITS_MAX:
        raise ValueError("shared_with must be a list of units")
    if pd is not None and not _chance(pd):
        raise ValueError(f"pd {pd!r} is not a chance between 0 and 1")
    flag = raw.get("randomised") is True
    given, count, reaction = raw.get("variants") or {}, raw.get("variant_count", 0), raw.get("reaction")
    numbers = [*given.values(), *([] if reaction is None else [reaction])] if isinstance(given, dict) else [None]
    if type(count) is not int or not all(type(n) is int and 0 <= n < count for n in numbers):
        raise ValueError("variants must give each unit a number from 0 to variant_count - 1, and so must reaction")
    seen = None if pd is None else float(pd)
    return TipRow(raw["tip"], time, flag, shares, frozenset(told), outcome, seen, given, count, reaction)


def _chance(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 1


def units_of(rows: Sequence[TipRow]) -> tuple[str, ...]:
    """Return every unit that was told or could have been, sorted."""
    return tuple(sorted({u for row in rows for u in (*row.shared_with, *row.share_probability, *row.variants)}))


def coins_of(rows: Sequence[TipRow]) -> Coins:
    """Turn rows into arrays, in order of time; rows that cannot count are named in ``excluded``.

    A tip counts when its flag says that coins were thrown, its id is not used twice and at least one
    coin lies within SHARE_MIN..SHARE_MAX. A unit without such a coin in a tip has NaN there.
    """
    units = units_of(rows)
    excluded: list[tuple[str, str]] = []
    kept: list[TipRow] = []
    ids = [row.tip for row in rows]
    for row in rows:
        why = _why_not(row, ids.count(row.tip) if len(ids) < 2000 else 1)
        if why:
            excluded.append((row.tip, why))
        else:
            kept.append(row)
    kept.sort(key=lambda row: datetime.fromisoformat(row.time).timestamp() if row.time else math.inf)
    share = np.full((len(kept), len(units)), np.nan)
    told = np.zeros((len(kept), len(units)), dtype=bool)
    column = {unit: i for i, unit in enumerate(units)}
    for i, row in enumerate(kept):
        for unit, chance in row.share_probability.items():
            if SHARE_MIN <= chance <= SHARE_MAX:
                share[i, column[unit]] = chance
        for unit in row.shared_with:
            told[i, column[unit]] = True
    outcome = np.array([OUTCOMES[row.outcome] for row in kept], dtype=np.int8)
    pd = np.array([1.0 if row.pd is None else row.pd for row in kept])
    return Coins(units, told, outcome, share, pd, *_matches(kept, column), tuple(excluded))


def no_coins(units: tuple[str, ...], excluded: tuple[tuple[str, str], ...]) -> Coins:
    """Return arrays of no tip at all."""
    wide, none = np.zeros((0, len(units))), np.zeros(0)
    return Coins(units, wide > 0, none.astype(np.int8), wide, none, *_matches([], {u: 0 for u in units}), excluded)


def _matches(rows: Sequence[TipRow], column: Mapping[str, int]) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    matched = np.full((len(rows), len(column)), -1, dtype=np.int8)
    for i, row in enumerate(rows):
        if row.reaction is not None and row.variant_count > 1:
            for unit, number in row.variants.items():
                matched[i, column[unit]] = number == row.reaction
    return matched, np.array([max(1, row.variant_count) for row in rows], dtype=np.int64)


def _why_not(row: TipRow, uses: int) -> str | None:
    if uses > 1:
        return "its id stands on several lines"
    if not row.randomised:
        return "sharing was not randomised"
    if not any(SHARE_MIN <= p <= SHARE_MAX for p in row.share_probability.values()):
        return f"no unit had a coin between {SHARE_MIN} and {SHARE_MAX}"
    return None
