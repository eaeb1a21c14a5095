"""The case file: a sequence of sealed events, each recorded in the ledger before it is kept.

Nothing is changed or removed; a correction is a further event that names the one it corrects. Every
reading is itself recorded. By default no identity is stored: whoever speaks has a pseudonym or an
office. An identity that must be kept lies sealed apart and opens only by two people of different institutions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from waman.access import Subject, Thing, require
from waman.errors import Finding, InputError
from waman.ledger import Log, Record
from waman.tips.sealed import open_with, seal_to

EVENTS_MAX = 100_000
BASES = ("document", "witness", "anonymous")

KINDS: dict[str, tuple[str, ...]] = {
    "case.open": ("title",),
    "case.statement": ("text", "attribution", "basis"),
    "case.corroborate": ("of", "by"),
    "case.contradict": ("of", "by"),
    "case.ask": ("institution", "question"),
    "case.reply": ("institution", "text"),
    "case.evidence": ("sha256", "bytes", "media_type"),
    "case.custody": ("evidence", "giver", "taker", "place"),
    "case.taken": ("operation", "aircraft", "pilot"),
    "case.link": ("to",),
    "case.correct": ("of", "text"),
}
"""Fields each kind of event must have; further ones are kept."""


class CaseStore(Protocol):
    """Where sealed events lie: bytes by name."""

    def put(self, name: str, data: bytes) -> None: ...

    def get(self, name: str) -> bytes: ...

    def names(self) -> list[str]: ...


class CaseDesk(Protocol):
    """Who keeps the case: the ledger, the store, the age identity, the officer's pseudonym."""

    @property
    def log(self) -> Log: ...

    @property
    def store(self) -> CaseStore: ...

    @property
    def identity(self) -> str: ...

    @property
    def officer(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its number in the case, kind, time, who entered it, its fields, its ledger entry."""

    number: int
    kind: str
    t: str
    by: str
    fields: Mapping[str, Any]
    entry: int

    @property
    def name(self) -> str:
        """The name other events call it by."""
        return f"e{self.number}"


@dataclass(frozen=True, slots=True)
class Case:
    """A case as read: its events in order."""

    case: str
    events: tuple[Event, ...]

    def of(self, kind: str) -> list[Event]:
        """Return the events of one kind."""
        return [e for e in self.events if e.kind == kind]

    @property
    def title(self) -> str:
        """The title given when the case was opened."""
        return str(self.of("case.open")[0].fields["title"])


def open_case(desk: CaseDesk, case: str, title: str, t: str, compartment: str = "default") -> Event:
    """Begin a case in a compartment; refuses one that exists."""
    if not case or not case.replace("-", "").isalnum():
        raise InputError(f"a case cannot be called {case!r}", hint="use letters, digits and -")
    if _names(desk, case):
        raise InputError(f"case {case} exists already")
    return _keep(desk, case, 0, "case.open", {"title": title, "compartment": compartment}, t)


def add_event(desk: CaseDesk, case: str, kind: str, fields: Mapping[str, Any], t: str, identity: str = "") -> Event:
    """Add one event; ``identity`` (who a pseudonym is) is sealed apart, and only if given.

    Raises InputError where a field is missing or names an event that does not exist.
    """
    names = _names(desk, case)
    if not names:
        raise InputError(f"no case {case}", hint="waman case new first")
    if len(names) >= EVENTS_MAX:
        raise InputError(f"case {case} has {EVENTS_MAX} events")
    _check(kind, fields, len(names))
    event = _keep(desk, case, len(names), kind, fields, t)
    if identity:
        desk.store.put(f"{case}.{event.number:06d}.identity", seal_to(identity.encode(), [desk.identity]))
    return event


def read_case(desk: CaseDesk, case: str, purpose: str, t: str) -> Case:
    """Read a case; the reading is recorded before a word of it is opened.

    Raises Finding where a stored event is not the recorded one.
    """
    names = _names(desk, case)
    if not names:
        raise InputError("no such record", hint="check the id, or ask the desk of your compartment")
    if not purpose:
        raise InputError("a reading needs a purpose", hint="--purpose; it is recorded")
    desk.log.append([Record("case", t, {"kind": "case.read", "case": case, "purpose": purpose}, actor=desk.officer)])
    events: list[Event] = []
    for name in names:
        text = open_with(desk.store.get(name), desk.identity)
        raw = json.loads(text)
        event = Event(raw["number"], raw["kind"], raw["t"], raw["by"], raw["fields"], raw["entry"])
        if f"{case}.{event.number:06d}.event" != name or event.number != len(events):
            raise Finding(f"case {case}: {name} holds event {event.number}; events were moved or lost")
        events.append(event)
    _recorded(desk, case, events)
    return Case(case, tuple(events))


def open_identity(
    desk: CaseDesk, case: str, number: int, reader: Subject, agreed: frozenset[tuple[str, str]], reason: str, t: str
) -> str:
    """Open a sealed identity: two people of different institutions must have agreed, and it is recorded first."""
    name = f"{case}.{number:06d}.identity"
    thing = Thing("case", case, agreed=agreed) if name in desk.store.names() else None
    require(reader, "read", thing, "identity")
    if not reason:
        raise InputError("opening an identity needs a reason", hint="--reason; it is recorded")
    fields = {"kind": "case.identity.opened", "case": case, "event": number, "reason": reason}
    desk.log.append([Record("case", t, {**fields, "agreed": sorted(map(list, agreed))}, actor=reader.user)])
    return open_with(desk.store.get(name), desk.identity).decode()


def cases_of(desk: CaseDesk) -> list[str]:
    """Return the ids of all cases."""
    return sorted({n.split(".")[0] for n in desk.store.names() if n.endswith(".event")})


def _keep(desk: CaseDesk, case: str, number: int, kind: str, fields: Mapping[str, Any], t: str) -> Event:
    digest = _digest(case, number, kind, fields, t, desk.officer)
    row = {"kind": kind, "case": case, "event": number, "digest": digest}
    entry = desk.log.append([Record("case", t, row, actor=desk.officer)]).first
    event = Event(number, kind, t, desk.officer, dict(fields), entry)
    text = json.dumps({"number": number, "kind": kind, "t": t, "by": desk.officer, "fields": fields, "entry": entry})
    desk.store.put(f"{case}.{number:06d}.event", seal_to(text.encode(), [desk.identity]))
    return event


def _digest(case: str, number: int, kind: str, fields: Mapping[str, Any], t: str, by: str) -> str:
    text = json.dumps([case, number, kind, t, by, fields], sort_keys=True, ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


def _recorded(desk: CaseDesk, case: str, events: Sequence[Event]) -> None:
    """Compare every event with its ledger entry."""
    from waman.ledger.disclose import disclosed

    for event in events:
        said = {
            d.name: d.value
            for s, texts in desk.log.disclosures(event.entry, event.entry + 1)
            for x in texts
            for d in [disclosed(s, x)]
        }
        if said.get("digest") != _digest(case, event.number, event.kind, event.fields, event.t, event.by):
            raise Finding(f"case {case}: event {event.name} is not the one recorded as entry {event.entry}")


def _names(desk: CaseDesk, case: str) -> list[str]:
    return sorted(n for n in desk.store.names() if n.startswith(f"{case}.") and n.endswith(".event"))


def _check(kind: str, fields: Mapping[str, Any], events: int) -> None:
    if kind not in KINDS or kind == "case.open":
        raise InputError(f"no event {kind!r}", hint="one of: " + ", ".join(k for k in KINDS if k != "case.open"))
    if missing := [name for name in KINDS[kind] if fields.get(name) is None]:
        raise InputError(f"{kind} lacks {missing[0]!r}", hint="it needs " + ", ".join(KINDS[kind]))
    if "basis" in KINDS[kind] and fields["basis"] not in BASES:
        raise InputError(f"basis {fields['basis']!r}", hint="one of: " + ", ".join(BASES))
    for name in ("of", "by", "evidence"):
        if name in KINDS[kind] and not _known(str(fields[name]), events):
            raise InputError(f"{name} {fields[name]!r} is no event of this case", hint="events are called e0, e1, ...")


def _known(name: str, events: int) -> bool:
    return name.startswith("e") and name[1:].isdecimal() and int(name[1:]) < events
