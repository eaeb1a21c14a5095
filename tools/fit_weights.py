"""Fit the weights of the findings on simulated worlds and write src/waman/flights/fitted.py.

    python tools/fit_weights.py

For each of the alternative simulators: decibans of a finding = 10 log10 of its frequency among lawful flights over
that among the corridor's flights (half a count added to each). Findings of one source that exclude each other
(a stop with and without heights) are counted together; what only a named flight can have is counted among the named
ones. Signs, kinds and limits stay as waman/flights/weights.py says. The seeds are never used for testing.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "bench")]

from simulated import flights, judged, scenario, seen_every_10_s  # noqa: E402

from waman.flights.weights import HAND  # noqa: E402
from waman.sim import ALTERNATIVES  # noqa: E402

SEEDS = (101, 102, 103)
DAYS = 20
LIMIT_DB = 12.0
OUT = ROOT / "src" / "waman" / "flights" / "fitted.py"
TOGETHER = (
    ("stop.unlisted", "stop.hidden"),
    ("border.crossed", "border.crossed_on_other_leg"),
    ("pattern.survey", "pattern.soaring", "pattern.circuit", "pattern.loiter", "pattern.shuttle"),
)
NAMED = ("identity.consistent", "identity.part")
AMONG = {"register.contradicted": NAMED, "register.absent": NAMED}
"""A register can only speak of flights that gave an address."""
BY_HAND = frozenset({"check.confirmed", "contradiction.performance", "register.type", "report.read", "report.landing",
                     "stop.not_of_entry", "pattern.medical", "plan.flown", "plan.left", "register.valid",
                     "identity.consistent", "identity.part", "plan.matched", "plan.fits"})  # fmt: skip
"""The hand-set weight stays: too rare in the simulator, or conditional on another finding, or a declaration. How many
disguised flights declare something is an assumption of the simulator, so it must not set what a declaration weighs."""


def counts(name: str, seed: int) -> tuple[Counter[str], Counter[str]]:
    """Return the findings of lawful and of corridor legs, ``""`` counting the legs."""
    lawful, corridor = Counter[str](), Counter[str]()
    world = judged(seen_every_10_s(scenario(seed=seed, days=DAYS, alternative=name, spacing_arcsec=15.0)))
    for row in flights(world):
        for rules in row["findings"]:
            (lawful if row["lawful"] else corridor).update({*rules, ""})
    return lawful, corridor


def decibans(rule: str, lawful: Counter[str], corridor: Counter[str]) -> float:
    """Return the fitted decibans of one rule, in the sign of its kind and within the limits."""
    weight = HAND[rule]
    if weight.kind in ("note", "dispute") or rule in BY_HAND:
        return weight.db
    group = next((g for g in TOGETHER if rule in g), (rule,))
    among = AMONG.get(rule, ("",))
    up = (sum(lawful[r] for r in group) + 0.5) / (sum(lawful[r] for r in among) + 1.0)
    down = (sum(corridor[r] for r in group) + 0.5) / (sum(corridor[r] for r in among) + 1.0)
    db = max(-LIMIT_DB, min(LIMIT_DB, 10.0 * math.log10(up / down)))
    return round(min(db, 0.0) if weight.db < 0 else max(db, 0.0), 1)


def main() -> None:
    lawful = {name: Counter[str]() for name in ALTERNATIVES}
    corridor = {name: Counter[str]() for name in ALTERNATIVES}
    for name in ALTERNATIVES:
        for seed in SEEDS:
            a, b = counts(name, seed)
            lawful[name] += a
            corridor[name] += b
    names = list(ALTERNATIVES)
    lines = [
        '"""Weights fitted on simulation: one line a finding, base first, then the alternative simulators.',
        "",
        f"Written by tools/fit_weights.py on {datetime.now(UTC).date()}, seeds {SEEDS}, {DAYS} days each;",
        f"legs (lawful + corridor) of the base: {lawful['base']['']} + {corridor['base']['']}. "
        "Decibans; for is positive.",
        "Order: SIMULATORS. They say how the simulator behaves, not how the world does.",
        '"""',
        "",
        "from collections.abc import Mapping",
        "",
        "SIMULATORS = (",
        *(f'    "{name}",' for name in names),
        ")",
        "",
        "FITTED: Mapping[str, tuple[float, ...]] = {",
    ]
    for rule in HAND:
        values = tuple(decibans(rule, lawful[n], corridor[n]) for n in names)
        lines.append(f'    "{rule}": {values!r},')
    OUT.write_text("\n".join([*lines, "}"]) + "\n", encoding="utf-8")
    print(f"{OUT.name} written")


if __name__ == "__main__":
    main()
