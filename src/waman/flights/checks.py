"""The checks that failed in 2001: who did them, when, and what the answer was.

On 20 April 2001 a missionary floatplane was shot down with two dead: the tail number was not
read, and "no plan on file" was the reason. No flight leaves as ``unexplained`` before two people
have gone through this list, each item done or said to be not done. A doubt once written stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import shapely

from waman.errors import WamanError
from waman.geo.time import datetime_us

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

DOUBT = "doubt"
"""Not a check: what made a person doubt, in words. It stays whatever the flight is called later."""
CONFIRMED = "confirmed"
"""Not a check either: somebody who was asked knows the flight. Each person counts once, by the latest word."""
BESIDE = {
    DOUBT: {"en": "A doubt was recorded", "es": "Se registró una duda"},
    CONFIRMED: {
        "en": "Did somebody who was asked know the flight?",
        "es": "¿Conocía el vuelo alguien a quien se preguntó?",
    },
}
"""What may be said beside the list, always in words."""

PEOPLE_MIN = 2
SAME_FLIGHT_KM = 5.0
"""After another run of the tracker an answer belongs to the flight that passes this near to where it was given."""


@dataclass(frozen=True)
class Answer:
    """What one person said of one flight: the check (or ``doubt``), and where and when the flight was.

    ``at_us`` is the middle of the flight and ``lat_deg``, ``lon_deg`` its place then, so that the answer finds its
    flight again when tracks are numbered anew. ``by`` is a pseudonym.
    """

    flight: str
    check: str
    done: bool
    by: str
    time_us: int
    answer: str
    at_us: int
    lat_deg: float
    lon_deg: float


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
    if check not in CHECKS and check not in BESIDE:
        raise WamanError(f"no check {check!r}", hint="checks: " + ", ".join((*CHECKS, *BESIDE)))
    if check == DOUBT and not answer.strip():
        raise WamanError("a doubt needs words", hint="say in a sentence what does not fit")
    if check == CONFIRMED and not answer.strip():
        raise WamanError("a confirmation needs words", hint="say which desk or operator answered, and what; no name")
    if not by.strip():
        raise WamanError("a check needs the person who did it", hint="give the pseudonym under which you work")
    # the empty line of a check goes with its first answer; answers stay
    kept = [dict(c) for c in checks if c.get("by") is not None or c["check"] != check]
    return [*kept, {"check": check, "done": done, "by": by, "time": time_us, "answer": answer}]


def doubts(checks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return every doubt that was recorded: in words, or by a person who says that a check was not done.

    >>> said = answered(outstanding(), check="doubt", done=False, by="p", time_us=0, answer="4,500 ft, no evasion")
    >>> doubts(outstanding()), [d["answer"] for d in doubts(said)]
    ([], ['4,500 ft, no evasion'])
    """
    return [dict(c) for c in checks if c.get("by") and (c["check"] == DOUBT or not c.get("done"))]


def confirmations(checks: Sequence[Mapping[str, Any]]) -> int:
    """Return how many people say that an answer confirmed the flight, each by the latest word.

    >>> said = answered(outstanding(), check="confirmed", done=True, by="p", time_us=0, answer="the medical desk's own")
    >>> confirmations(outstanding()), confirmations(said)
    (0, 1)
    """
    latest = {str(c["by"]): bool(c["done"]) for c in checks if c["check"] == CONFIRMED}
    return sum(latest.values())


def question(check: str, language: str) -> str:
    """Return what a check asks, or what was said beside the list."""
    if check in BESIDE:
        return BESIDE[check]["es" if language == "es" else "en"]
    return (CHECKS_ES if language == "es" else CHECKS).get(check, check)


def carried(flights: pa.Table, answers: Sequence[Answer]) -> tuple[pa.Table, list[Answer]]:
    """Return the flights with every answer ever given, and the answers whose flight is not among them any more.

    An answer belongs to the flight of its name, or else to the nearest one that was under way then and passes
    within ``SAME_FLIGHT_KM`` of its place. Nothing is dropped: what finds no flight is handed back, to be said.
    What a confirmation changes of a verdict is ``waman.flights.confirm``'s.
    """
    rows = flights.select(["flight", "start", "end", "checks", "geometry"]).to_pylist()
    index = {row["flight"]: i for i, row in enumerate(rows)}
    checks = [list(row["checks"]) for row in rows]
    lost = []
    for a in sorted(answers, key=lambda a: a.time_us):
        at = index.get(a.flight, _nearest(rows, a))
        if at is None:
            lost.append(a)
        elif not _held(checks[at], a):
            said = {"check": a.check, "done": a.done, "by": a.by, "time_us": a.time_us, "answer": a.answer}
            checks[at] = answered(checks[at], **said)  # type: ignore[arg-type]
    field = flights.schema.field("checks")
    column = pa.array([[{**c, "time": _time(c["time"])} for c in own] for own in checks], field.type)
    return flights.set_column(flights.schema.get_field_index("checks"), field, column), lost


def _time(value: Any) -> int | None:
    return None if value is None else value if isinstance(value, int) else datetime_us(value)


def _held(checks: Sequence[Mapping[str, Any]], a: Answer) -> bool:
    """Return whether this very answer stands there already."""
    mine = (a.check, a.by, a.time_us, a.answer)
    return any((c["check"], c["by"], _time(c["time"]), c["answer"]) == mine for c in checks)


def _nearest(rows: Sequence[Mapping[str, Any]], a: Answer) -> int | None:
    best, found = SAME_FLIGHT_KM, None
    for i, row in enumerate(rows):
        if _time(row["start"]) <= a.at_us <= _time(row["end"]) and row["geometry"]:  # type: ignore[operator]
            # degrees of a great circle: right to a few per cent away from the poles, and only the order matters
            away = 111.2 * float(shapely.from_wkb(row["geometry"]).distance(shapely.Point(a.lon_deg, a.lat_deg)))
            if away <= best:
                best, found = away, i
    return found


def may_publish_unexplained(checks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what still stands in the way of publishing ``unexplained``; an empty list allows it.

    Every check needs an entry by a person (done or said to be not done), and at least two people must
    have gone through the whole list.

    >>> may_publish_unexplained(outstanding())[0]
    'registration_read: nobody has answered'
    """
    waits = {0: "nobody has answered", 1: "a second person has not gone through it"}
    return [f"{name}: {waits[n]}" for name, n in people_by_check(checks).items() if n < PEOPLE_MIN]


def people_by_check(checks: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many people have answered each check of the list.

    >>> set(people_by_check(outstanding()).values())
    {0}
    """
    people: dict[str, set[str]] = {name: set() for name in CHECKS}
    for entry in checks:
        if entry.get("by") and entry["check"] in people:
            people[str(entry["check"])].add(str(entry["by"]))
    return {name: len(who) for name, who in people.items()}
