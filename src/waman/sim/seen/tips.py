"""Tips, how they were shared, and what came of them: the world the leak test is judged by.

A tip names a strip and a morning that are not among the simulated flights: so that switching
tips on changes no flight. A show is seen with probability quality x detection x the product of
(1 - theta) over the units that knew, on a day that could be flown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.geo.time import us_text
from waman.sim.corridor import weather
from waman.sim.randomness import stream
from waman.sim.scenario import Scenario
from waman.sim.trips import local_s

DEPENDS = {"randomised": True, "delay": True, "confounded": False, "withheld": False}
NOBODY_LOOKED = 0.08
TIPS_MAX = 200_000


@dataclass(frozen=True)
class Told:
    """One tip with its truth: ``leaked`` are the units through which it went out."""

    row: dict[str, object]
    right: bool
    flyable: bool
    leaked: tuple[str, ...]


def tips(scenario: Scenario, start_us: int) -> list[Told]:
    """Return all tips of a run in order of time."""
    out: list[Told] = []
    no_go, failures = weather(scenario).no_go, 0
    for week in range(scenario.days // 7 + 1):
        rng = stream(scenario.seed, "tips", week)
        days = min(7, scenario.days - 7 * week)
        count = int(rng.poisson(scenario.tips.per_week * days / 7.0)) if days > 0 else 0
        for day in sorted(int(d) for d in rng.integers(0, max(days, 1), size=count)):
            told = _tip(scenario, start_us, len(out), 7 * week + day, bool(no_go[7 * week + day]), failures)
            failures = failures + 1 if told.row["outcome"] == "no_show" else 0
            out.append(told)
            assert len(out) <= TIPS_MAX
    return out


def _tip(scenario: Scenario, start_us: int, number: int, day: int, no_go: bool, failures: int) -> Told:
    t, units = scenario.tips, scenario.units.names
    rng = stream(scenario.seed, "tip", number)
    # every draw is made before any is used: sharing changes which count, never what they are
    quality, difficulty = float(rng.beta(*t.quality)), float(rng.standard_normal())
    u, share, leak = rng.random(4), rng.random(len(units)), rng.random(len(units))
    pd = round(float(1.0 / (1.0 + np.exp(-(1.5 - 0.8 * difficulty)))), 4)
    p = _share_probabilities(scenario, difficulty, failures)
    shared = share < p
    theta = np.array([scenario.units.theta.get(name, 0.0) for name in units])
    leaked = shared & (leak < np.maximum(theta, scenario.units.theta_mobilise))
    right, flyable = bool(u[0] < quality), not no_go
    seen = right and flyable and not leaked.any() and u[1] < pd
    outcome = "unknown" if u[2] < NOBODY_LOOKED else "show" if seen else "no_show"
    time = start_us + int(1e6 * local_s(scenario, day, -8.0 + 4.0 * float(u[3])))
    row: dict[str, object] = {
        "tip": f"T{number + 1:05d}", "time": us_text(time), "randomised": DEPENDS[t.regime],
        "share_probability": {n: round(float(v), 4) for n, v in zip(units, p, strict=True)},
        "shared_with": [n for n, s in zip(units, shared, strict=True) if s], "outcome": outcome, "pd": pd,
    }  # fmt: skip
    return Told(row, right, flyable, tuple(n for n, s in zip(units, leaked, strict=True) if s))


def _share_probabilities(scenario: Scenario, difficulty: float, failures: int) -> NDArray[np.float64]:
    t, n = scenario.tips, len(scenario.units.names)
    p = np.full(n, t.share_probability)
    if t.regime == "confounded":
        odds = t.share_probability / max(1.0 - t.share_probability, 1e-9) * np.exp(t.confounding * difficulty)
        p = np.full(n, odds / (1.0 + odds))
    if t.regime == "withheld":
        p = p * 0.3 ** (failures // 3)
    return p
