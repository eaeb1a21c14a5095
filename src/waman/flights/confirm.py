"""An answer that confirms a flight changes how it is weighed, and a confirmation taken back changes it again.

The findings of a flight are kept with their weights, so that it can be weighed anew without its tracks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from waman.flights.checks import CONFIRMED, confirmations
from waman.flights.record import Found
from waman.flights.sentences import sentence
from waman.flights.weigh import weigh
from waman.flights.weights import ALTERNATIVES, WEIGHTS

RULE = "check.confirmed"


def confirmed(
    flights: pa.Table, *, alternatives: Sequence[Mapping[str, float]] = ALTERNATIVES, language: str = "en"
) -> pa.Table:
    """Weigh again the flights of which somebody ever said that an answer confirmed them; the others stay as they are.

    One finding ``check.confirmed`` a person who says so: with it a flight is ``explained`` (basis ``checked``), or
    ``insufficient`` where what was seen weighs as much, and never ``unexplained``. ``flights`` is a flights table
    (contract) with or without the extra column ``values``.
    """
    rows = flights.select(["checks", "findings", *(["values"] if "values" in flights.schema.names else [])]).to_pylist()
    told = [i for i, row in enumerate(rows) if any(c["check"] == CONFIRMED for c in row["checks"])]
    for name in ("verdict", "basis", "weight_db", "findings", "values"):
        if told and name in flights.schema.names:
            column = flights[name].to_pylist()
            for i in told:
                column[i] = _again(rows[i], alternatives, language)[name]
            at = flights.schema.get_field_index(name)
            field = flights.schema.field(at)
            flights = flights.set_column(at, field, pa.array(column, field.type))
    return flights


def _again(row: Mapping[str, Any], alternatives: Sequence[Mapping[str, float]], language: str) -> dict[str, Any]:
    """Return verdict, basis, weight, findings and their values of one flight with its confirmations."""
    values = row.get("values") or [None] * len(row["findings"])
    kept = [(f, v) for f, v in zip(row["findings"], values, strict=True) if f["rule"] != RULE]
    people = confirmations(row["checks"])
    found = [_found(f) for f, _ in kept] + [Found(RULE)] * people
    weighed = weigh(found, alternatives=alternatives, live=any(f["rule"] == "end.live" for f, _ in kept))
    text = sentence(RULE, {}, language)
    new = [
        {"rule": RULE, "stance": "for", "weight_db": db, "text": text, "searchable": None}
        for db in weighed.weights_db[len(kept) :]
    ]
    return {
        "verdict": weighed.verdict,
        "basis": weighed.basis,
        "weight_db": weighed.weight_db,
        "findings": [f for f, _ in kept] + new,
        "values": [v for _, v in kept] + ["{}"] * people,
    }


def _found(finding: Mapping[str, Any]) -> Found:
    """Return a kept finding as it was before it was weighed: its strength is what its weight says of the full one."""
    weight, searchable = WEIGHTS[finding["rule"]], finding["searchable"]
    full = weight.db * ((searchable or 0.0) if weight.kind == "absence" else 1.0)
    strength = min(finding["weight_db"] / full, 1.0) if full else 1.0
    return Found(finding["rule"], strength=strength, searchable=searchable)
