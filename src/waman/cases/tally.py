"""What was taken: aircraft, pilots, drugs, cash, over operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from waman.errors import Problems


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over operations. ``at_least``: a source gave only a lower bound. Nulls were not stated."""

    operations: int
    aircraft: int
    pilots: int
    with_drugs: int
    with_cash: int
    all_four: int
    drug_kg: float
    cash_usd: float
    at_least: bool

    def text(self, language: str = "en") -> str:
        """Return the tally in one sentence, in English or Spanish."""
        from waman.cases.printed import words

        t = words(language)
        return t["tally"].format(more=t["at_least"] if self.at_least else "", **asdict(self))


def tally(rows: Iterable[Mapping[str, Any]], where: str = "takings") -> tuple[Tally, Problems]:
    """Add up rows ``{operation, count, at_least, aircraft, pilot, drug_kg, cash_usd}``; bad rows are problems.

    ``count`` lets one row stand for several operations of which a source gives only the number.

    >>> tally([{"operation": "a", "aircraft": True, "pilot": True, "drug_kg": 357, "cash_usd": 5500}])[0].all_four
    1
    """
    sums: dict[str, float] = dict.fromkeys(("operations", "aircraft", "pilots", "drugs", "cash", "all", "kg", "usd"), 0)
    problems, at_least = Problems(), False
    for number, given in enumerate(rows, 1):
        row = given if isinstance(given, Mapping) else {}
        count, kg, usd = row.get("count", 1), row.get("drug_kg") or 0, row.get("cash_usd") or 0
        good = (
            type(count) is int and 0 < count < 10**6 and all(isinstance(x, int | float) and x >= 0 for x in (kg, usd))
        )
        if not good or not all(isinstance(row.get(k), bool) for k in ("aircraft", "pilot")):
            problems.add(f"{where}:{number}", "not a taking", row)
            continue
        at_least = at_least or row.get("at_least") is True
        plane, pilot = row["aircraft"], row["pilot"]
        for name, yes in (
            ("operations", True),
            ("aircraft", plane),
            ("pilots", pilot),
            ("drugs", kg > 0),
            ("cash", usd > 0),
        ):
            sums[name] += count * bool(yes)
        sums["all"] += count * bool(plane and pilot and kg > 0 and usd > 0)
        sums["kg"] += kg
        sums["usd"] += usd
    whole = {name: int(sums[key]) for name, key in _COUNTS.items()}
    return Tally(**whole, drug_kg=sums["kg"], cash_usd=sums["usd"], at_least=at_least), problems


_COUNTS = {
    "operations": "operations",
    "aircraft": "aircraft",
    "pilots": "pilots",
    "with_drugs": "drugs",
    "with_cash": "cash",
    "all_four": "all",
}
