"""What leaves a case: a public version that always gives the other side's answer, and FollowTheMoney JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from waman.cases.file import Case, Event
from waman.errors import Finding

CELL_DEG = 0.05
"""Side of the cell that stands for a place in public: about 5 km. Where somebody spoke is not given at all."""

PUBLIC_FIELDS: dict[str, tuple[str, ...]] = {
    "case.open": ("title",),
    "case.statement": ("text", "attribution", "basis", "institution"),
    "case.corroborate": ("of", "by"),
    "case.contradict": ("of", "by"),
    "case.ask": ("institution", "question"),
    "case.reply": ("institution", "text"),
    "case.evidence": ("sha256", "bytes", "media_type"),
    "case.custody": ("evidence",),
    "case.taken": ("operation", "date", "count", "at_least", "aircraft", "pilot", "drug_kg", "cash_usd"),
    "case.correct": ("of", "text"),
}
"""Fields of each kind that may be published; everything else, and links to tips, stays."""


def public_case(case: Case) -> dict[str, Any]:
    """Return the public version; raises Finding where it names an institution that nobody asked for its side.

    A witness or anonymous speaker is shown by basis only, never by attribution.
    """
    sides = replies(case)
    rows = []
    for event in case.events:
        if event.kind not in PUBLIC_FIELDS:
            continue
        fields = {k: event.fields[k] for k in PUBLIC_FIELDS[event.kind] if event.fields.get(k) is not None}
        if event.kind == "case.statement" and fields.get("basis") != "document":
            fields["attribution"] = "withheld"
        if event.kind == "case.taken" and all(
            isinstance(event.fields.get(k), int | float) for k in ("lat_deg", "lon_deg")
        ):
            fields["cell"] = coarse(float(event.fields["lat_deg"]), float(event.fields["lon_deg"]))
        rows.append({"event": event.name, "kind": event.kind, "t": event.t[:10], **fields, "entry": event.entry})
    return {"case": case.case, "title": case.title, "sides": sides, "events": rows}


def coarse(lat_deg: float, lon_deg: float) -> list[float]:
    """Return the middle of the cell of CELL_DEG that holds a place: latitude, longitude.

    >>> coarse(-12.5821, -74.1937)
    [-12.575, -74.175]
    """
    return [round((math.floor(x / CELL_DEG) + 0.5) * CELL_DEG, 3) for x in (lat_deg, lon_deg)]


def replies(case: Case) -> list[dict[str, str]]:
    """Return, for each institution a statement names, its reply or when it was asked."""
    sides = []
    for name in sorted(
        {str(e.fields["institution"]) for e in case.of("case.statement") if e.fields.get("institution")}
    ):
        given = [e for e in case.of("case.reply") if e.fields["institution"] == name]
        asked = [e for e in case.of("case.ask") if e.fields["institution"] == name]
        last = (given or asked)[-1] if given or asked else None
        if last is None:
            raise Finding(f"a statement names {name}, and {name} was never asked", hint="waman case add ask first")
        says = str(last.fields["text"]) if given else f"asked on {last.t[:10]}, no reply so far"
        row = {"institution": name, "says": says, "t": last.t, "entry": str(last.entry)}
        sides.append({**row, "asked_only": "" if given else "yes"})
    return sides


def follow_the_money(case: Case) -> list[dict[str, Any]]:
    """Return FollowTheMoney entities: case as Event, statements as Note, evidence as Document, takings as Airplane."""
    public = public_case(case)
    root = _id(case.case, "case")
    entities = [_entity(root, "Event", {"name": [public["title"]], "recordId": [case.case]})]
    schemas = {"case.statement": "Note", "case.evidence": "Document", "case.taken": "Airplane"}
    for event in case.events:
        if event.kind in schemas:
            entities.append(_entity(_id(case.case, event.name), schemas[event.kind], _properties(event, root)))
    return entities


def _properties(event: Event, root: str) -> dict[str, Sequence[str]]:
    if event.kind == "case.statement":
        return {"entity": [root], "description": [str(event.fields["text"])], "date": [event.t[:10]]}
    if event.kind == "case.evidence":
        return {"contentHash": [str(event.fields["sha256"])], "mimeType": [str(event.fields["media_type"])]}
    return {"notes": [f"taken in operation {event.fields['operation']}"], "modifiedAt": [event.t[:10]]}


def _entity(name: str, schema: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "schema": schema, "properties": properties}


def _id(case: str, part: str) -> str:
    return "waman-" + sha256(f"{case}/{part}".encode()).hexdigest()[:24]
