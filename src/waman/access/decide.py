"""One decision for every way out: ``decide(subject, action, thing, field, channel)``. Default deny.

Called where records leave a store, not in a route, so that no screen, export, count, history or
notification can forget it. A refused record and one that does not exist look the same to the asker.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, TypeVar

from waman.errors import InputError

T = TypeVar("T")

ACTIONS = ("read", "write", "erase")
INSTITUTIONS_MIN = 2
EVERY = "*"
"""Membership of every compartment: the keeper of a workspace to which nobody was added yet; no user can have it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks: pseudonym, role, compartments, the (tip, step) pairs released to this person, institution.

    ``product``: not a person but a product for everybody of that role; memberships are vouched for by
    whoever makes it, and nothing is its own.
    """

    user: str
    role: str
    compartments: frozenset[str] = frozenset()
    released: frozenset[tuple[str, int]] = frozenset()
    institution: str = ""
    product: bool = False


@dataclass(frozen=True, slots=True)
class Thing:
    """What is asked for: its kind, id, compartment, owner, step, and who agreed to open it (user, institution)."""

    kind: str
    id: str = ""
    compartment: str = ""
    owner: str = ""
    step: int = 0
    agreed: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and the rule that gave it (for the log of refusals; never shown to the asker)."""

    permit: bool
    rule: str


def decide(subject: Subject, action: str, thing: Thing, field: str, channel: str = "read") -> Decision:
    """Decide one request; anything the table does not name is refused.

    >>> decide(Subject("a", "administrator"), "read", Thing("tip"), "content").permit
    False
    >>> decide(Subject("h", "handler", frozenset({"c"})), "read", Thing("tip", compartment="c"), "content").permit
    True
    """
    table = policy()
    name = f"{thing.kind}.{field}"
    if action not in ACTIONS or subject.role not in table["roles"]:
        return Decision(False, "unknown action or role")
    carries = table["channel"].get(channel)
    if carries is None or (carries != "same" and name not in carries):
        return Decision(False, f"channel {channel} does not carry {name}")
    condition = table[action].get(name, {}).get(subject.role)
    if condition is None:
        return Decision(False, f"no rule for {subject.role} to {action} {name}")
    return Decision(_CONDITIONS[condition](subject, thing), f"{action} {name} {subject.role}: {condition}")


def visible(
    subject: Subject, rows: Iterable[T], thing_of: Callable[[T], Thing], field: str, channel: str = "list"
) -> list[T]:
    """Return the rows a person may see; lists, searches, facets, histories and counts are all made of this."""
    return [row for row in rows if decide(subject, "read", thing_of(row), field, channel).permit]


def require(subject: Subject, action: str, thing: Thing | None, field: str, channel: str = "read") -> None:
    """Raise the same InputError whether the thing does not exist (None) or is refused."""
    if thing is None or not decide(subject, action, thing, field, channel).permit:
        raise InputError("no such record", hint="check the id, or ask the desk of your compartment")


@lru_cache(maxsize=1)
def policy() -> dict[str, Any]:
    """Return the policy table; it comes with the program and is checked when first read."""
    table = tomllib.loads(resources.files("waman.access").joinpath("policy.toml").read_text(encoding="utf-8"))
    for action in ACTIONS:
        for name, row in table[action].items():
            for role, condition in row.items():
                assert role in table["roles"], f"policy.toml: {name}: unknown role {role}"
                assert condition in _CONDITIONS, f"policy.toml: {name}: unknown condition {condition}"
    return table


def rules() -> Sequence[tuple[str, str]]:
    """Return every (action, kind.field) the table names, in its order."""
    return [(action, name) for action in ACTIONS for name in policy()[action]]


def _member(subject: Subject, thing: Thing) -> bool:
    inside = thing.compartment in subject.compartments or EVERY in subject.compartments
    return subject.product or (bool(thing.compartment) and inside)


def _released(subject: Subject, thing: Thing) -> bool:
    return subject.product or (_member(subject, thing) and (thing.id, thing.step) in subject.released)


def _two_person(subject: Subject, thing: Thing) -> bool:
    others = {(user, house) for user, house in thing.agreed if user != subject.user}
    users, houses = {user for user, _ in others}, {house for _, house in others if house}
    return len(users) >= INSTITUTIONS_MIN and len(houses) >= INSTITUTIONS_MIN


_CONDITIONS: dict[str, Callable[[Subject, Thing], bool]] = {
    "always": lambda subject, thing: True,
    "own": lambda subject, thing: bool(thing.owner) and thing.owner == subject.user and not subject.product,
    "compartment": _member,
    "released": _released,
    "two_person": _two_person,
}
