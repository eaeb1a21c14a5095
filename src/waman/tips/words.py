"""What may be printed about a leak test (the wording rules): never a person, a rank, or a probability of wrongdoing."""

from __future__ import annotations

from collections.abc import Sequence

from waman.tips.evidence import E_STRONG_MIN, FDR

EXPECTED_TIPS: tuple[tuple[float, int], ...] = ((0.9, 8), (0.7, 14), (0.5, 22), (0.3, 44))
"""(show rate, median tips to an e-value of 20): one unit, strength .9 (.95 at .9), every show seen; simulated."""

ALWAYS = (
    "The test shows that telling a unit changes the outcome, not why. It cannot tell apart: somebody inside the unit,"
    " a courier or clerk around it, insecure radio or telephone, movement that anyone can see after the unit was told,"
    " and the unit's own public duties."
)
REASONS_MAX = 5


def statement(
    randomised: str,
    found: Sequence[tuple[str, float]],
    needed: tuple[int, int],
    *,
    counted: int,
    unseen: int,
    excluded: Sequence[tuple[str, str]],
    refusal: str,
    description: str,
) -> str:
    """Return the paragraph beside every result. ``needed`` is (ideal floor, floor of the shipped test)."""
    parts = [_verdict(randomised, found, needed, refusal)]
    if description:
        parts.append(description)
    parts.append(f"{counted} randomised tips counted, {unseen} of them with an unknown outcome; {_left_out(excluded)}.")
    if randomised == "assumed":
        parts.append("RANDOMISATION ASSUMED, for research only: nothing here may be said about a real unit.")
    parts.append(ALWAYS)
    return " ".join(parts)


def _verdict(randomised: str, found: Sequence[tuple[str, float]], needed: tuple[int, int], refusal: str) -> str:
    if randomised == "no":
        why = refusal or "Sharing was not randomised, or the randomisation is asserted, not proven"
        return f"Descriptive only. {why}; no inference about any unit. {_needed(needed)}"
    if not found:
        return f"No conclusion. {_needed(needed)}"
    words = []
    for unit, e in found:
        strongly = "strongly " if e >= E_STRONG_MIN else ""
        words.append(
            f"Telling unit {unit} was {strongly}followed by no-shows more than chance allows, if the recorded"
            f" randomisation held (E = {e:.1f}, false-alarm bound {min(FDR, 1 / e):.3f})."
        )
        if e >= E_STRONG_MIN:
            words.append("An independent inquiry is recommended.")
    return " ".join(words)


def _needed(needed: tuple[int, int]) -> str:
    low, high = EXPECTED_TIPS[1], EXPECTED_TIPS[3]
    return (
        f"At least {needed[0]} more randomised tips are needed by any test, {needed[1]} by this one;"
        f" {low[1]} to {high[1]} must be expected at show rates of {low[0]} to {high[0]}."
    )


def _left_out(excluded: Sequence[tuple[str, str]]) -> str:
    if not excluded:
        return "none left out"
    shown = "; ".join(f"{tip}: {why}" for tip, why in excluded[:REASONS_MAX])
    more = f"; and {len(excluded) - REASONS_MAX} more" if len(excluded) > REASONS_MAX else ""
    return f"{len(excluded)} left out ({shown}{more})"
