"""The checks that failed in 2001: who did them, when, and what the answer was.

On 20 April 2001 a missionary floatplane was shot down with two dead: the tail number was not
read, and "no plan on file" was the reason. No flight leaves as ``unexplained`` before two people
have gone through this list, each item done or said to be not done. A doubt once written stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from waman.errors import WamanError

CHECKS: Mapping[str, str] = {
    "registration_read": "Was the registration read from the aircraft?",
    "radio_tried": "Was the aircraft called by radio, on the local frequency too, in its language?",
    "tower_asked": "Were the towers and aerodromes near asked?",
    "medical_desk_asked": "Was the medical flights desk asked?",
    "mission_operators_asked": "Were the mission operators asked?",
    "military_traffic_asked": "Was it asked whether the flight is the state's own?",
    "neighbour_country_asked": "Was the neighbouring country asked?",
    "plan_source_reachable": "Was the source of flight plans reachable at the time?",
}
"""In the order in which they are asked. Keys are stable: they stand in ``flights.parquet``."""

CHECKS_ES: Mapping[str, str] = {
    "registration_read": "¿Se leyó la matrícula en la aeronave?",
    "radio_tried": "¿Se llamó a la aeronave por radio, también en la frecuencia local y en su idioma?",
    "tower_asked": "¿Se preguntó a las torres y aeródromos cercanos?",
    "medical_desk_asked": "¿Se preguntó a la central de vuelos médicos?",
    "mission_operators_asked": "¿Se preguntó a los operadores de las misiones?",
    "military_traffic_asked": "¿Se preguntó si el vuelo es del propio Estado?",
    "neighbour_country_asked": "¿Se preguntó al país vecino?",
    "plan_source_reachable": "¿Estaba accesible entonces la fuente de planes de vuelo?",
}

PEOPLE_MIN = 2


def outstanding() -> list[dict[str, Any]]:
    """Return the whole list with nothing done yet, as the ``checks`` of a flight.

    >>> len(outstanding()), any(c["done"] for c in outstanding())
    (8, False)
    """
    return [{"check": name, "done": False, "by": None, "time": None, "answer": None} for name in CHECKS]


def not_done(checks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the checks of the list that nobody has done, in its order."""
    done = {str(c["check"]) for c in checks if c.get("done")}
    return [name for name in CHECKS if name not in done]


def answered(
    checks: Sequence[Mapping[str, Any]], *, check: str, done: bool, by: str, time_us: int, answer: str
) -> list[dict[str, Any]]:
    """Return the list with one more answer. Earlier answers stay: a doubt is never overwritten.

    ``done=False`` with a person and a time says "not done", which is an answer too.
    """
    if check not in CHECKS:
        raise WamanError(f"no check {check!r}", hint="checks: " + ", ".join(CHECKS))
    if not by.strip():
        raise WamanError("a check needs the person who did it", hint="give the pseudonym under which you work")
    kept = [dict(c) for c in checks if c.get("by") is not None or c["check"] != check]
    return [*kept, {"check": check, "done": done, "by": by, "time": time_us, "answer": answer}]


def may_publish_unexplained(checks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what still stands in the way of publishing ``unexplained``; an empty list allows it.

    Every check needs an entry by a person (done or said to be not done), and at least two people must
    have gone through the whole list.

    >>> may_publish_unexplained(outstanding())[0]
    'registration_read: nobody has answered'
    """
    missing = []
    people: dict[str, set[str]] = {name: set() for name in CHECKS}
    for entry in checks:
        if entry.get("by") and entry["check"] in people:
            people[str(entry["check"])].add(str(entry["by"]))
    for name, who in people.items():
        if not who:
            missing.append(f"{name}: nobody has answered")
        elif len(who) < PEOPLE_MIN:
            missing.append(f"{name}: a second person has not gone through it")
    return missing
