"""The weight of each finding in decibans: what it may do (``HAND``), and what simulation says (``WEIGHTS``).

``HAND`` gives kind, independent source, sign and a first weight, set by hand; ``WEIGHTS`` holds the weights
fitted on the base simulator (``fitted.py``), ``ALTERNATIVES`` those of the other simulators, under all of which
a verdict has to hold. +10 makes a lawful explanation ten times likelier. Fitting never changes a sign, and
never makes an absence or a circumstance heavier than the hand-set weight.
``kind`` decides what a finding may do, and no weight can change that:

* ``declared``   somebody said so (transponder, plan): never explains by itself
* ``observed``   a sensor saw something that lawful flying looks like
* ``checked``    a person asked, and had an answer
* ``positive``   something seen that does not fit, with its independent ``source``
* ``dispute``    an identity or a plan that may not be this flight's: it keeps a flight from being explained, and is
  never one of the two positive findings, because the lawful twin of a copied address has it too
* ``circumstance`` fits both lawful and other flying; weighs little, decides nothing
* ``absence``    something not seen; weighs nothing unless it could have been seen
* ``note``       said, not weighed
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from waman.flights.fitted import FITTED, SIMULATORS

Kind = Literal["declared", "observed", "checked", "positive", "dispute", "circumstance", "absence", "note"]


class Weight(NamedTuple):
    """Decibans at full strength (evidence for an ordinary explanation is positive), kind, and independent source."""

    db: float
    kind: Kind
    source: str = ""


HAND: Mapping[str, Weight] = {
    # what somebody declared
    "identity.consistent": Weight(6.0, "declared", "transponder"),
    "identity.part": Weight(2.0, "declared", "transponder"),
    "plan.matched": Weight(6.0, "declared", "plan"),
    "plan.fits": Weight(5.0, "declared", "plan"),
    "register.valid": Weight(1.0, "declared", "transponder"),
    "report.read": Weight(3.0, "declared", "report"),
    # what was seen and is ordinary
    "plan.flown": Weight(6.0, "observed"),
    "aerodrome.both_ends": Weight(8.0, "observed"),
    "aerodrome.one_end_and_edge": Weight(6.0, "observed"),
    "aerodrome.one_end": Weight(5.0, "observed"),
    "aerodrome.listed_strip": Weight(2.0, "observed"),
    "pattern.en_route": Weight(6.0, "observed"),
    "pattern.medical": Weight(6.0, "observed"),
    "pattern.survey": Weight(7.0, "observed"),
    "pattern.soaring": Weight(8.0, "observed"),
    "pattern.circuit": Weight(7.0, "observed"),
    "pattern.loiter": Weight(5.0, "observed"),
    "pattern.shuttle": Weight(5.0, "observed"),
    # what people asked and were told
    "check.confirmed": Weight(12.0, "checked"),
    # what was seen and does not fit
    "stop.unlisted": Weight(-8.0, "positive", "stop"),
    "stop.hidden": Weight(-6.0, "positive", "stop"),
    "stop.not_of_entry": Weight(-6.0, "positive", "stop"),
    "report.landing": Weight(-6.0, "positive", "stop"),
    "border.crossed": Weight(-5.0, "positive", "border"),
    "border.crossed_on_other_leg": Weight(-5.0, "positive", "border"),
    "contradiction.two_places": Weight(0.0, "dispute"),
    "plan.left_on_other_leg": Weight(0.0, "dispute"),
    "contradiction.performance": Weight(-8.0, "positive", "performance"),
    "register.contradicted": Weight(-10.0, "positive", "register"),
    "register.type": Weight(-8.0, "positive", "performance"),
    "plan.left": Weight(-7.0, "positive", "plan"),
    # what fits both
    "stop.long": Weight(-2.0, "circumstance"),
    "low.en_route": Weight(-1.5, "circumstance"),
    "end.low_away": Weight(-3.0, "circumstance"),
    # what was not seen
    "identity.silent": Weight(-3.0, "absence"),
    "plan.none": Weight(-3.0, "absence"),
    "register.absent": Weight(-1.0, "absence"),
    # what is only said
    "identity.code": Weight(0.0, "note"),
    "identity.none": Weight(0.0, "note"),
    "plan.unknown": Weight(0.0, "note"),
    "border.as_planned": Weight(0.0, "note"),
    "stop.unwatched": Weight(0.0, "note"),
    "stop.helicopter": Weight(0.0, "note"),
    "stop.community": Weight(0.0, "note"),
    "stop.glider": Weight(0.0, "note"),
    "end.landed": Weight(0.0, "note"),
    "end.not_observed": Weight(0.0, "note"),
    "end.left_area": Weight(0.0, "note"),
    "end.impact": Weight(0.0, "note"),
    "end.live": Weight(0.0, "note"),
}


def _limited(rule: str, column: int) -> float:
    """Return the fitted weight of a rule in one simulator, held to the sign and the limits of its kind."""
    hand = HAND[rule]
    if rule not in FITTED or hand.kind == "note":
        return hand.db
    fitted = FITTED[rule][column]
    if hand.kind in ("absence", "circumstance"):
        return min(0.0, max(fitted, hand.db))
    return max(0.0, fitted) if hand.db > 0 else min(0.0, fitted)


WEIGHTS: Mapping[str, Weight] = {rule: hand._replace(db=_limited(rule, 0)) for rule, hand in HAND.items()}
ALTERNATIVES: tuple[Mapping[str, float], ...] = tuple(
    {rule: _limited(rule, column) for rule in HAND} for column in range(1, len(SIMULATORS))
)
