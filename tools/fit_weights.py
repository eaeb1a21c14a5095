"""Fit the weights of the findings on simulated worlds and write src/waman/flights/fitted.py.

    python tools/fit_weights.py

For each of the alternative simulators: decibans of a finding = 10 log10 of its frequency among lawful flights over
that among the corridor's flights (half a count added to each). Findings of one source that exclude each other
(a stop with and without heights) are counted together. Signs, kinds and limits stay as waman/flights/weights.py says.
The seeds are never used for testing.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "bench")]

from simulated import judged, scenario  # noqa: E402

from waman.flights import explain  # noqa: E402
from waman.flights.weights import HAND  # noqa: E402
from waman.sim import ALTERNATIVES  # noqa: E402

SEEDS = (101, 102)
DAYS = 25
LIMIT_DB = 12.0
OUT = ROOT / "src" / "waman" / "flights" / "fitted.py"
TOGETHER = (
    ("stop.unlisted", "stop.hidden"),
    ("border.crossed", "border.crossed_on_other_leg"),
    ("pattern.survey", "pattern.soaring", "pattern.circuit", "pattern.loiter", "pattern.shuttle"),
)
BY_HAND = frozenset({"check.confirmed", "contradiction.two_places", "contradiction.performance", "register.type",
                     "register.valid", "pattern.medical", "plan.flown", "plan.left"})  # fmt: skip
"""Too rare in the simulator, or drawn in it without regard to what they mean: the hand-set weight stays."""


def counts(world: tuple[str, int]) -> tuple[str, Counter[str], Counter[str]]:
    """Return the alternative, and the findings of lawful and of corridor flights, ``""`` counting the flights."""
    name, seed = world
    found = judged(scenario(seed=seed, days=DAYS, alternative=name))
    lawful, corridor = Counter[str](), Counter[str]()
    for row in explain(found.tracks, found.given).to_pylist():
        trip = found.world.trips[int(found.trip_of_track[row["tracks"][0]])]
        here = lawful if trip.lawful else corridor
        here.update({f["rule"] for f in row["findings"]} | {""})
    return name, lawful, corridor


def decibans(rule: str, lawful: Counter[str], corridor: Counter[str]) -> float:
    """Return the fitted decibans of one rule, in the sign of its kind and within the limits."""
    weight = HAND[rule]
    if weight.kind == "note" or rule in BY_HAND:
        return weight.db
    group = next((g for g in TOGETHER if rule in g), (rule,))
    up = (sum(lawful[r] for r in group) + 0.5) / (lawful[""] + 1.0)
    down = (sum(corridor[r] for r in group) + 0.5) / (corridor[""] + 1.0)
    db = max(-LIMIT_DB, min(LIMIT_DB, 10.0 * math.log10(up / down)))
    return round(min(db, 0.0) if weight.db < 0 else max(db, 0.0), 1)


def main() -> None:
    jobs = [(name, seed) for name in ALTERNATIVES for seed in SEEDS]
    lawful = {name: Counter[str]() for name in ALTERNATIVES}
    corridor = {name: Counter[str]() for name in ALTERNATIVES}
    with ProcessPoolExecutor(1) as pool:
        for name, a, b in pool.map(counts, jobs):
            lawful[name] += a
            corridor[name] += b
    names = list(ALTERNATIVES)
    lines = [
        '"""Weights fitted on simulation: one line a finding, base first, then the alternative simulators.',
        "",
        f"Written by tools/fit_weights.py on {datetime.now(UTC).date()}, seeds {SEEDS}, {DAYS} days each;",
        f"flights (lawful + corridor) of the base: {lawful['base']['']} + {corridor['base']['']}. "
        "Decibans; for is positive.",
        "Order: SIMULATORS. They say how the simulator behaves, not how the world does.",
        '"""',
        "",
        "from collections.abc import Mapping",
        "",
        f"SIMULATORS = {tuple(names)!r}",
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
