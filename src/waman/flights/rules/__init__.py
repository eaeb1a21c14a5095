"""The rules, one file each: a flight and what is given in, findings out.

Every module holds one function ``find(flight, given)`` and a docstring with the same five
paragraphs (what it checks, why it matters, what it must not be used for, an example, known
false positives), from which the page of the rule in ``docs/rules`` is generated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from waman.flights.record import Flight, Found, Given
from waman.flights.rules import (
    aerodrome,
    border,
    contradiction,
    end,
    identity,
    low,
    pattern,
    plan,
    register,
    report,
    stop,
)

Rule = Callable[[Flight, Given], Sequence[Found]]

RULES: Mapping[str, Rule] = {
    "identity": identity.find,
    "plan": plan.find,
    "register": register.find,
    "aerodrome": aerodrome.find,
    "pattern": pattern.find,
    "stop": stop.find,
    "border": border.find,
    "report": report.find,
    "contradiction": contradiction.find,
    "low": low.find,
    "end": end.find,
}
"""In the order a reader meets them."""

__all__ = ["RULES", "Rule"]
