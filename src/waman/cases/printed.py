"""The printed case file: foliated PDF in Spanish or English, for a judge."""

from __future__ import annotations

import io
import platform
import tomllib
from collections.abc import Sequence
from importlib import resources
from typing import Any
from xml.sax.saxutils import escape

from waman import __version__
from waman.cases.file import Case, Event
from waman.cases.share import replies
from waman.cases.tally import tally

LANGUAGES = ("es", "en")


def print_case(case: Case, language: str, ledger: str, command: str) -> bytes:
    """Return the PDF. ``ledger`` says origin, size, root and order; ``command`` rebuilds the file.

    The same case gives the same bytes. Raises Finding where a statement names an institution that was
    never asked for its side.
    """
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import SimpleDocTemplate

    t = words(language)
    story = _story(case, t, ledger, command)
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        invariant=1,
        leftMargin=22 * mm,
        rightMargin=18 * mm,
        topMargin=20 * mm,
        bottomMargin=20 * mm,
        title=f"{t['file']} {case.case}",
        author="Waman",
    )
    document.build(story, canvasmaker=_foliated(t, case))
    return buffer.getvalue()


def words(language: str) -> dict[str, str]:
    """Return the strings of one language."""
    table = tomllib.loads(resources.files("waman.cases").joinpath("words.toml").read_text(encoding="utf-8"))
    return {key: str(value) for key, value in table[language if language in LANGUAGES else "en"].items()}


def _story(case: Case, t: dict[str, str], ledger: str, command: str) -> list[Any]:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, Spacer

    style = getSampleStyleSheet()

    def head(text: str) -> Any:
        return Paragraph(escape(text), style["Heading2"])

    def text(line: str) -> Any:
        return Paragraph(escape(line), style["BodyText"])

    sums, _ = tally(e.fields for e in case.of("case.taken"))
    sides = [[s["institution"], s["says"], s["t"][:10]] for s in replies(case)]
    custody = [
        [e.name, e.t, *(str(e.fields[k]) for k in ("evidence", "giver", "taker", "place"))]
        for e in case.of("case.custody")
    ]
    evidence = [
        [e.name, str(e.fields["media_type"]), str(e.fields["bytes"]), str(e.fields["sha256"])]
        for e in case.of("case.evidence")
    ]
    parts: list[Any] = [Paragraph(escape(f"{t['file']} {case.case}"), style["Title"]), text(case.title), Spacer(1, 12)]
    sections: list[tuple[str, list[list[str]]]] = [
        (t["statements"], [_statement(case, e, t) for e in case.of("case.statement")]),
        (t["sides"], sides),
        (t["evidence"], evidence),
        (t["custody"], custody),
        (t["links"], [[e.name, str(e.fields["to"])] for e in case.of("case.link")]),
    ]
    for title, rows in sections:
        parts += [head(title), _table(rows) if rows else text(t["none"])]
    parts += [head(t["taken"]), text(sums.text() if sums.operations else t["none"])]
    parts += [head(t["events"]), _table([[e.name, e.t, e.kind, e.by, str(e.entry)] for e in case.events])]
    for key in ("method", "errors", "limits"):
        parts += [head(t[key]), text(t["errors_none"] if key == "errors" else t[f"{key}_text"])]
    parts += [text(ledger), head(t["versions"]), text(f"Waman {__version__}, Python {platform.python_version()}")]
    parts += [head(t["rebuild"]), text(command), Spacer(1, 40)]
    for _ in range(2):
        parts += [text("_" * 60), text(t["sign"]), Spacer(1, 30)]
    return parts


def _statement(case: Case, event: Event, t: dict[str, str]) -> list[str]:
    notes = []
    for kind, word in (("case.corroborate", "corroborated"), ("case.contradict", "contradicted")):
        by = [str(e.fields["by"]) for e in case.of(kind) if e.fields["of"] == event.name]
        notes += [f"{t[word]} {', '.join(by)}"] if by else []
    who = str(event.fields["attribution"]) if event.fields["basis"] != "anonymous" else t["withheld"]
    return [event.name, who, str(event.fields["basis"]), "; ".join([str(event.fields["text"]), *notes])]


def _table(rows: Sequence[Sequence[str]]) -> Any:
    from reportlab.lib import colors
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, Table, TableStyle

    body = getSampleStyleSheet()["BodyText"].clone("cell", fontSize=8, leading=10, wordWrap="CJK")
    width = 480.0
    columns = len(rows[0])
    first = 38.0
    table = Table(
        [[Paragraph(escape(cell), body) for cell in row] for row in rows],
        colWidths=[first, *([(width - first) / (columns - 1)] * (columns - 1))],
    )
    table.setStyle(TableStyle([("LINEABOVE", (0, 0), (-1, -1), 0.3, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return table


def _foliated(t: dict[str, str], case: Case) -> Any:
    """Return a canvas that writes "folio n of N" on every page; N is known only at the end."""
    from reportlab.pdfgen.canvas import Canvas

    class Foliated(Canvas):  # type: ignore[misc]
        """Keeps each page's state until the number of pages is known."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, 1):
                self.__dict__.update(page)
                self.setFont("Helvetica", 8)
                self.drawString(62, 30, f"{t['file']} {case.case}")
                self.drawRightString(545, 30, f"{t['folio']} {number} {t['of']} {len(self._pages)}")
                super().showPage()
            super().save()

    return Foliated
