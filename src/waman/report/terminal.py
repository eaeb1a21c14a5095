"""The same report for a terminal: the headline, the counts, and the flights that need a reader first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from waman.report.document import VERDICTS, local
from waman.report.strings_table import say

MARKS = {"explained": "●", "unexplained": "◆", "insufficient": "○", "not_yet_explained": "□"}
STYLES = {"explained": "blue", "unexplained": "bold yellow", "insufficient": "dim", "not_yet_explained": "magenta"}


def summary(doc: Mapping[str, Any], *, language: str = "en", flights_max: int = 12) -> RenderableType:
    """Return what ``rich`` prints: headline, a table of at most ``flights_max`` flights, and what is left out.

    Unexplained flights come first, then those whose end was not observed.
    """
    zone = ZoneInfo(doc["timezone"])
    keys = ("flight", "verdict", "time", "from_to", "ended", "why")
    table = Table(*(say(language, k) for k in keys), box=None, pad_edge=False, header_style="bold")
    order = sorted(doc["flights"], key=lambda f: (VERDICTS.index(f["verdict"]), f["landed"] is True, f["start"]))
    for f in order[:flights_max]:
        verdict = f["verdict"]
        first = max(f["findings"], key=lambda x: abs(x["weight_db"] or 0.0), default=None)
        table.add_row(
            f["flight"],
            Text(f"{MARKS[verdict]} {say(language, 'verdict_' + verdict)}", STYLES[verdict]),
            f"{local(f['start'], zone)[5:]}-{local(f['end'], zone)[11:]}",
            f"{_place(f['origin'], language)}, {_place(f['destination'], language)}",
            say(language, "ended_" + f["ended"]),
            first["text"][language] if first else say(language, "nothing_found"),
        )
    parts: list[RenderableType] = [Text(doc["headline"][language], "bold"), Text("")]
    if order:
        parts.append(table)
    if len(order) > flights_max:
        parts.append(Text(say(language, "shown", n=flights_max, total=len(order)), "dim"))
    for note in doc["notes"]:
        parts.append(Text(note.get(language, next(iter(note.values()), "")), "dim"))
    problems = doc["problems"]["count"]
    parts.append(Text(say(language, "problems", n=problems) if problems else say(language, "problems_none"), "dim"))
    return Group(*parts)


def _place(place: Mapping[str, Any] | None, language: str) -> str:
    return str(place["id"]) if place else say(language, "unknown_place")
