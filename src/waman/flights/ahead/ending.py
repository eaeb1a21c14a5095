"""What became of a flight that is no longer seen: landed, behind a ridge, out of the area, or an accident.

Not being seen says little where nobody could have seen it, so the silence is weighed by the detection field. The
other parts are how it flew when last seen. The shares below are set by hand (assumptions, not fitted): the answer
orders what to do, and a possible impact comes before everything else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

PRIOR = {"landed": 0.3, "masked": 0.55, "impact": 0.005, "left_area": 0.145}
"""Before anything is known of the last minute (assumption; losses are 1-2.5 % of corridor flights, facts 7)."""
SINK = {"landed": (-2.5, 1.5), "masked": (0.0, 2.0), "left_area": (0.0, 2.0)}
"""Mean and sd of the climb when last seen [m/s]: light aircraft on approach, and en route (assumptions)."""
FALL_MPS = (-60.0, -6.0)
"""An aircraft out of control sinks between these, each alike."""
LOW_M = {"landed": 250.0, "impact": 400.0}
"""Mean height above ground when last seen [m]; the others are seen at any height up to CEILING_M."""
CEILING_M = 6000.0
PLACE_M = 8000.0
AWAY = 0.1
"""Share of landings far from every known place."""
OUT_S = 120.0
IMPACT_MIN = 0.1
"""From here on search and rescue is told first: a call too many costs little."""

RESCUE = {
    "en": "A possible impact: search and rescue comes first. Tell the rescue desk before anybody else.",
    "es": "Posible impacto: primero, búsqueda y rescate. Avisar a la central de rescate antes que a nadie.",
}


@dataclass(frozen=True)
class Ending:
    """Probabilities of what became of a flight that is no longer seen; they sum to 1."""

    landed: float
    masked: float
    impact: float
    left_area: float

    @property
    def rescue_first(self) -> bool:
        """Whether the rescue desk must be told before anybody else."""
        return self.impact >= IMPACT_MIN


def ending(
    *,
    climb_mps: float = math.nan,
    height_agl_m: float = math.nan,
    unseen: float = 1.0,
    place_m: float = math.inf,
    out_s: float = math.inf,
) -> Ending:
    """Return what became of a flight.

    Parameters
    ----------
    climb_mps, height_agl_m : when last seen; NaN unknown
    unseen : probability that nobody sees it for so long if it flies on as it did (product of 1 - Pd); 1 where
        nothing could have seen it, or where that is unknown
    place_m : distance to the nearest known place to land
    out_s : seconds after which its last course leaves the area

    >>> steady = ending(climb_mps=0.0, height_agl_m=1500.0, unseen=0.9)
    >>> falling = ending(climb_mps=-25.0, height_agl_m=300.0, unseen=0.02)
    >>> steady.rescue_first, falling.rescue_first
    (False, True)
    """
    assert 0.0 <= unseen <= 1.0, f"unseen {unseen}"
    weight = dict(PRIOR)
    if math.isfinite(climb_mps):
        low, high = FALL_MPS
        for word, (mean, sd) in SINK.items():
            weight[word] *= math.exp(-0.5 * ((climb_mps - mean) / sd) ** 2) / (sd * math.sqrt(2.0 * math.pi))
        weight["impact"] *= 1.0 / (high - low) if low <= climb_mps <= high else 1e-6
    if math.isfinite(height_agl_m):
        height = max(height_agl_m, 0.0)
        for word in weight:
            scale = LOW_M.get(word)
            weight[word] *= math.exp(-height / scale) / scale if scale else 1.0 / CEILING_M
    weight["masked"] *= unseen
    weight["landed"] *= 1.0 if place_m <= PLACE_M else AWAY
    weight["left_area"] *= 1.0 if out_s <= OUT_S else 1e-6
    if out_s <= OUT_S:
        weight["masked"] *= 0.1  # soon there is no area left to be masked in
    total = sum(weight.values())
    if total <= 0.0:
        return Ending(0.0, 1.0, 0.0, 0.0)
    return Ending(**{word: value / total for word, value in weight.items()})
