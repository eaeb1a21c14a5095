"""Sum the findings of a flight in decibans and say what they allow: verdict and basis.

The rules that no weight can change (design, and the shoot-down of 20 April 2001):

* ``unexplained`` needs at least two *positive* findings of independent sources, under every
  table of weights given. Absences and circumstances alone, however many, give ``insufficient``.
* A declaration does not explain by itself: ``explained`` needs something seen beside it, an
  answer from a person, or two independent declarations (then the basis says ``declared``).
* While an identity is contradicted, or disputed because it was in two places, only a person's check explains. Being
  in two places is not one of the two: the lawful twin of a copied address has that finding too.
* A flight that gave an address which a register lists as valid can be asked about: until somebody has, it is
  ``insufficient``, unless what was seen of this very flight contradicts the identity.
* A flight that somebody who was asked knows is never ``unexplained``, whatever was seen.
* A flight in the air is never called unexplained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from waman.flights.record import Found
from waman.flights.weights import WEIGHTS, Weight

Verdict = Literal["explained", "unexplained", "insufficient"]
Basis = Literal["declared", "corroborated", "checked"]

EXPLAINED_DB = 10.0
UNEXPLAINED_DB = -10.0
INDEPENDENT_MIN = 2
POSITIVE_MIN_DB = -3.0
"""A positive finding that holds weaker than this is not one of the two."""
ASKABLE = "register.valid"
SOFT_MIN_DB = -6.0
"""Circumstances and absences together never weigh more than this, however many there are."""
DISPUTING = frozenset({"transponder", "register", "performance", "plan"})
"""Positive findings of these sources say that the declared identity may not be this aircraft's."""


@dataclass(frozen=True)
class Weighed:
    """The outcome: ``weights_db`` in the order of the findings, signed (evidence for is positive)."""

    verdict: Verdict
    basis: Basis | None
    weight_db: float
    weights_db: tuple[float, ...]


def weigh(
    found: Sequence[Found],
    *,
    weights: Mapping[str, Weight] = WEIGHTS,
    alternatives: Sequence[Mapping[str, float]] = (),
    live: bool = False,
) -> Weighed:
    """Weigh the findings of one flight.

    ``alternatives`` are further tables of decibans by rule (fitted on other simulated worlds): a flight is
    ``explained`` or ``unexplained`` only if every one of them agrees.

    >>> weigh([Found("identity.silent", searchable=0.9), Found("plan.none", searchable=0.9)]).verdict
    'insufficient'
    >>> weigh([Found("border.crossed"), Found("stop.unlisted")]).verdict
    'unexplained'
    """
    signed = tuple(_signed(f, weights[f.rule], weights[f.rule].db) for f in found)
    total = _total(found, signed, weights)
    totals = [total]
    for table in alternatives:
        other = tuple(_signed(f, weights[f.rule], table.get(f.rule, weights[f.rule].db)) for f in found)
        totals.append(_total(found, other, weights))
    sources = {weights[f.rule].source for f, db in zip(found, signed, strict=True) if _positive(weights[f.rule], db)}
    basis = _basis(found, signed, weights)
    disputed = bool(sources & DISPUTING) or any(weights[f.rule].kind == "dispute" for f in found)
    verdict: Verdict = "insufficient"
    askable = any(f.rule == ASKABLE for f in found) and not sources & DISPUTING
    open_to_it = not live and not askable and basis != "checked"
    if len(sources) >= INDEPENDENT_MIN and max(totals) <= UNEXPLAINED_DB and open_to_it:
        verdict = "unexplained"
    elif basis is not None and min(totals) >= EXPLAINED_DB and (basis == "checked" or not disputed):
        verdict = "explained"
    return Weighed(verdict, basis if verdict == "explained" else None, total, signed)


def _signed(finding: Found, weight: Weight, db: float) -> float:
    """Return the decibans of one finding; an absence counts as far as it could have been seen, and never for."""
    if weight.kind in ("note", "dispute"):
        return 0.0
    if weight.kind == "absence":
        return min(db, 0.0) * finding.strength * (finding.searchable or 0.0) + 0.0  # never "-0"
    limits = (0.0, 30.0) if weight.kind in ("declared", "observed", "checked") else (-30.0, 0.0)
    return min(max(db, limits[0]), limits[1]) * finding.strength


def _positive(weight: Weight, db: float) -> bool:
    return weight.kind == "positive" and db <= POSITIVE_MIN_DB


def _total(found: Sequence[Found], signed: Sequence[float], weights: Mapping[str, Weight]) -> float:
    soft = sum(d for f, d in zip(found, signed, strict=True) if weights[f.rule].kind in ("circumstance", "absence"))
    hard = sum(d for f, d in zip(found, signed, strict=True) if weights[f.rule].kind not in ("circumstance", "absence"))
    return hard + max(soft, SOFT_MIN_DB)


def _basis(found: Sequence[Found], signed: Sequence[float], weights: Mapping[str, Weight]) -> Basis | None:
    held = [weights[f.rule] for f, db in zip(found, signed, strict=True) if db > 0.0]
    declared = {w.source for w in held if w.kind == "declared"}
    if any(w.kind == "checked" for w in held):
        return "checked"
    if declared and any(w.kind == "observed" for w in held):
        return "corroborated"
    return "declared" if len(declared) >= INDEPENDENT_MIN else None
