"""The case file: a sequence of sealed events, each recorded in the ledger before it is kept.

Nothing is changed or removed; a correction is a further event that names the one it corrects. Every
reading is itself recorded. By default no identity is stored: whoever speaks has a pseudonym or an
office. An identity that must be kept lies sealed apart and opens only by two people of different institutions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from waman.access import Thing, require, visible
from waman.cases.exchange import peer_records
from waman.errors import Finding, InputError
from waman.ledger import Record
from waman.tips import Desk
from waman.tips.sealed import open_with, seal_to

EVENTS_MAX = 100_000
REFERENCES = ("of", "by", "evidence")
"""Fields that name another event."""
BASES = ("document", "witness", "anonymous")

KINDS: dict[str, tuple[str, ...]] = {
    "case.open": ("title",),
    "case.join": ("compartment",),
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


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its number in the case, kind, time, who entered it, its fields, its ledger entry.

    ``origin`` is the workspace it comes from, where a case has events of several; the number counts there.
    """

    number: int
    kind: str
    t: str
    by: str
    fields: Mapping[str, Any]
    entry: int
    origin: str = ""

    @property
    def name(self) -> str:
        """The name other events call it by."""
        return f"e{self.number}@{self.origin}" if self.origin else f"e{self.number}"


@dataclass(frozen=True, slots=True)
class Case:
    """A case as read: its events in order. ``conflicts`` are names under which two different events stand."""

    case: str
    events: tuple[Event, ...]
    conflicts: tuple[str, ...] = ()

    def of(self, kind: str) -> list[Event]:
        """Return the events of one kind."""
        return [e for e in self.events if e.kind == kind]

    @property
    def title(self) -> str:
        """The title given when the case was opened."""
        return str(next((e.fields["title"] for e in self.of("case.open")), self.case))


def open_case(desk: Desk, case: str, title: str, t: str, compartment: str = "default") -> Event:
    """Begin a case in a compartment; refuses one that exists."""
    if not case or not case.replace("-", "").isalnum():
        raise InputError(f"a case cannot be called {case!r}", hint="use letters, digits and -")
    require(desk.subject, "write", Thing("case", case, compartment), "content")
    if _names(desk, case):
        raise InputError(f"case {case} exists already")
    return _keep(desk, case, 0, "case.open", {"title": title, "compartment": compartment}, t)


def add_event(desk: Desk, case: str, kind: str, fields: Mapping[str, Any], t: str, identity: str = "") -> Event:
    """Add one event; ``identity`` (who a pseudonym is) is sealed apart, and only if given.

    Raises InputError where a field is missing or names an event that does not exist.
    """
    compartment = permitted(desk, case, "write", "content")
    names = _names(desk, case)
    if not names:  # the case is another workspace's: this one joins it
        _keep(desk, case, 0, "case.join", {"compartment": compartment}, t)
        names = _names(desk, case)
    if len(names) >= EVENTS_MAX:
        raise InputError(f"case {case} has {EVENTS_MAX} events")
    _check(kind, fields, {f"e{i}" for i in range(len(names))} | {e.name for e in foreign_events(desk, case)})
    event = _keep(desk, case, len(names), kind, fields, t)
    if identity:
        desk.store.put(f"{case}.{event.number:06d}.identity", seal_to(identity.encode(), [desk.identity]))
    return event


def read_case(desk: Desk, case: str, purpose: str, t: str, channel: str = "read") -> Case:
    """Read a case, own events and those of peers; the reading is recorded before a word of it is opened.

    Raises Finding where a stored event is not the recorded one.
    """
    permitted(desk, case, "read", "content", channel)
    if not purpose:
        raise InputError("a reading needs a purpose", hint="--purpose; it is recorded")
    fields = {"kind": "case.read", "case": case, "purpose": purpose, "channel": channel}
    desk.log.append([Record("case", t, fields, actor=desk.officer)])
    events: list[Event] = []
    for name in _names(desk, case):
        event = _event(open_with(desk.store.get(name), desk.identity))
        if f"{case}.{event.number:06d}.event" != name or event.number != len(events):
            raise Finding(f"case {case}: {name} holds event {event.number}; events were moved or lost")
        events.append(event)
    _recorded(desk, case, events)
    mine = desk.log.signer.name
    return joined(case, [(mine, e) for e in events] + [(e.origin, e) for e in foreign_events(desk, case)])


def permitted(desk: Desk, case: str, action: str, field: str, channel: str = "read") -> str:
    """Return a case's compartment for whoever asks; refused and absent are one error, after the same work."""
    known = compartments_of(desk)
    require(desk.subject, action, Thing("case", case, known[case]) if case in known else None, field, channel)
    return known[case]


def compartments_of(desk: Desk) -> dict[str, str]:
    """Return the compartment of every case, own or a peer's, whoever asks."""
    known = {r.name.split(".")[0]: r.compartment for r in peer_records(desk) if r.name.endswith(".event")}
    for name in desk.store.names():
        if name.endswith(".000000.event"):
            row = json.loads(open_with(desk.store.get(name), desk.identity))
            known[name.split(".")[0]] = str(row["fields"].get("compartment", "default"))
    return known


def foreign_events(desk: Desk, case: str) -> list[Event]:
    """Return the events of a case that came from peers; their signatures were checked on arrival."""
    records = [r for r in peer_records(desk) if r.name.startswith(f"{case}.") and r.name.endswith(".event")]
    return [replace(_event(r.content()), origin=r.origin.split("+")[0]) for r in records]


def agree(desk: Desk, case: str, number: int, reason: str, t: str) -> int:
    """Record that whoever asks agrees to the opening of an identity; returns how many have agreed."""
    permitted(desk, case, "write", "identity")
    if not desk.subject.user or not desk.subject.institution or not reason:
        raise InputError("agreeing needs a signed-in person of a known institution, and a reason")
    given = [*_agreed(desk, case, number), [desk.subject.user, desk.subject.institution]]
    fields = {"kind": "case.identity.agreed", "case": case, "event": number, "reason": reason}
    desk.log.append([Record("case", t, {**fields, "by": given[-1]}, actor=desk.officer)])
    desk.store.put(f"{case}.{number:06d}.agreed", seal_to(json.dumps(given).encode(), [desk.identity]))
    return len({tuple(row) for row in given})


def open_identity(desk: Desk, case: str, number: int, reason: str, t: str) -> str:
    """Open a sealed identity: two people of different institutions must have agreed, and it is recorded first."""
    name, known = f"{case}.{number:06d}.identity", compartments_of(desk)
    agreed = frozenset((user, house) for user, house in _agreed(desk, case, number))
    there = name in desk.store.names() and case in known
    thing = Thing("case", case, known[case], agreed=agreed) if there else None
    require(desk.subject, "read", thing, "identity")
    if not reason:
        raise InputError("opening an identity needs a reason", hint="--reason; it is recorded")
    fields = {"kind": "case.identity.opened", "case": case, "event": number, "reason": reason}
    desk.log.append([Record("case", t, {**fields, "agreed": sorted(map(list, agreed))}, actor=desk.officer)])
    return open_with(desk.store.get(name), desk.identity).decode()


def _agreed(desk: Desk, case: str, number: int) -> list[list[str]]:
    name = f"{case}.{number:06d}.agreed"
    if name not in desk.store.names():
        return []
    return [list(map(str, row)) for row in json.loads(open_with(desk.store.get(name), desk.identity))]


def cases_of(desk: Desk, channel: str = "list") -> list[str]:
    """Return the ids of the cases that whoever asks may read."""
    rows = sorted(compartments_of(desk).items())
    return [case for case, _ in visible(desk.subject, rows, lambda row: Thing("case", *row), "content", channel)]


def _event(text: bytes) -> Event:
    raw = json.loads(text)
    return Event(raw["number"], raw["kind"], raw["t"], raw["by"], raw["fields"], raw["entry"])


def _keep(desk: Desk, case: str, number: int, kind: str, fields: Mapping[str, Any], t: str) -> Event:
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


def joined(case: str, found: Sequence[tuple[str, Event]]) -> Case:
    """Return one case from the events of one or several workspaces; the order of arrival does not matter.

    Where there are several, every event and every reference carries its origin. Order: by time, but never
    against the numbers of one origin, whose clock may have been set back.
    """
    origins = {origin for origin, _ in found}
    latest: dict[str, str] = {}
    rows: dict[str, tuple[tuple[str, str, int, str], Event]] = {}
    for origin, event in sorted(found, key=lambda row: (row[0], row[1].number)):
        latest[origin] = max(latest.get(origin, ""), event.t)
        at = replace(event, origin=origin) if len(origins) > 1 else replace(event, origin="")
        at = replace(at, fields=_with_origin(at))
        key = _digest(case, event.number, event.kind, event.fields, event.t, event.by)
        rows[key + origin] = ((latest[origin], origin, event.number, key), at)
    events = [event for _, event in sorted(rows.values(), key=lambda row: row[0])]
    names = [event.name for event in events]
    return Case(case, tuple(events), tuple(sorted({n for n in names if names.count(n) > 1})))


def _with_origin(event: Event) -> dict[str, Any]:
    fields = dict(event.fields)
    for name in REFERENCES:
        word = fields.get(name)
        if event.origin and isinstance(word, str) and word[:1] == "e" and word[1:].isdecimal():
            fields[name] = f"{word}@{event.origin}"
    return fields


def _recorded(desk: Desk, case: str, events: Sequence[Event]) -> None:
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


def _names(desk: Desk, case: str) -> list[str]:
    return sorted(n for n in desk.store.names() if n.startswith(f"{case}.") and n.endswith(".event"))


def _check(kind: str, fields: Mapping[str, Any], known: set[str]) -> None:
    if kind not in KINDS or kind in ("case.open", "case.join"):
        raise InputError(f"no event {kind!r}", hint="one of: " + ", ".join(k for k in KINDS if k != "case.open"))
    if missing := [name for name in KINDS[kind] if fields.get(name) is None]:
        raise InputError(f"{kind} lacks {missing[0]!r}", hint="it needs " + ", ".join(KINDS[kind]))
    if "basis" in KINDS[kind] and fields["basis"] not in BASES:
        raise InputError(f"basis {fields['basis']!r}", hint="one of: " + ", ".join(BASES))
    for name in REFERENCES:
        if name in KINDS[kind] and str(fields[name]) not in known:
            raise InputError(
                f"{name} {fields[name]!r} is no event of this case", hint="events are called e0, e1, ... or e1@ORIGIN"
            )
