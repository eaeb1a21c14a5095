"""The printed case file: foliated PDF in Spanish or English, for a judge."""

from __future__ import annotations

import io
import platform
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any
from xml.sax.saxutils import escape

from waman import __version__
from waman.cases.file import Case, Event
from waman.cases.share import replies
from waman.cases.tally import tally

LANGUAGES = ("es", "en")
WIDTH_PT = 480.0
QR_PT = 130.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger says when the file is printed: its head, who witnessed it, the entries of the events."""

    origin: str
    size: int
    root: str
    checkpoint: str
    witnesses: tuple[str, ...]
    entries: Mapping[int, str]


def print_case(case: Case, language: str, ledger: Standing, command: str) -> bytes:
    """Return the PDF. ``command`` rebuilds the file.

    The same case gives the same bytes. Raises Finding where a statement names an institution that was
    never asked for its side.
    """
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import SimpleDocTemplate

    t = words(language)
    order = t["witnessed"] + ", ".join(ledger.witnesses) if ledger.witnesses else t["alone"]
    story = [*_story(case, t, language), *_annexes(case, t, ledger, order, command)]
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        invariant=1,
        leftMargin=22 * mm,
        rightMargin=18 * mm,
        topMargin=20 * mm,
        bottomMargin=22 * mm,
        title=f"{t['file']} {case.case}",
        author="Waman",
    )
    document.build(story, canvasmaker=_foliated(t, case, order))
    return buffer.getvalue()


def words(language: str) -> dict[str, str]:
    """Return the strings of one language."""
    return dict(_table_of_words()[language if language in LANGUAGES else "en"])


@lru_cache(maxsize=1)
def _table_of_words() -> dict[str, dict[str, str]]:
    return tomllib.loads(resources.files("waman.cases").joinpath("words.toml").read_text(encoding="utf-8"))


def _story(case: Case, t: dict[str, str], language: str) -> list[Any]:
    from reportlab.platypus import Spacer

    sums, _ = tally(e.fields for e in case.of("case.taken"))
    sides = [
        [s["institution"], t["asked"] if s["asked_only"] else s["says"], s["t"][:10], s["entry"]] for s in replies(case)
    ]
    evidence = [
        [e.name, *(str(e.fields[k]) for k in ("media_type", "bytes", "sha256")), _about(e, t)]
        for e in case.of("case.evidence")
    ]
    custody = [
        [e.name, _time(e.t), *(str(e.fields[k]) for k in ("evidence", "giver", "taker", "place"))]
        for e in case.of("case.custody")
    ]
    taken = [[e.name, *_taking(e, t)] for e in case.of("case.taken")]
    corrected = [[e.name, str(e.fields["of"]), str(e.fields["text"])] for e in case.of("case.correct")]
    who = [[e.name, _time(e.t), t.get(e.kind, e.kind), e.by, str(e.entry)] for e in case.events]
    sections: list[tuple[str, str, list[float], list[list[str]]]] = [
        ("statements", "c_statements", [40, 90, 60, 290], [_statement(case, e, t) for e in case.of("case.statement")]),
        ("sides", "c_sides", [120, 240, 70, 50], sides),
        ("evidence", "c_evidence", [40, 80, 50, 160, 150], evidence),
        ("custody", "c_custody", [40, 100, 60, 80, 80, 120], custody),
        ("taken", "c_taken", [40, 120, 60, 60, 90, 110], taken),
        ("links", "c_links", [60, 420], [[e.name, str(e.fields["to"])] for e in case.of("case.link")]),
        ("corrections", "c_corrections", [60, 80, 340], corrected),
        ("events", "c_events", [90, 110, 120, 90, 70], who),
    ]
    parts: list[Any] = [_paragraph(f"{t['file']} {case.case}", "Title"), _paragraph(case.title), Spacer(1, 12)]
    for title, columns, widths, rows in sections:
        parts.append(_paragraph(t[title], "Heading2"))
        parts.append(_table([t[columns].split("|"), *rows], widths) if rows else _paragraph(t["none"]))
        if title == "taken" and rows:
            parts.append(_paragraph(sums.text(language)))
    if case.conflicts:
        parts.append(_paragraph(t["conflicts"] + ", ".join(case.conflicts)))
    return parts


def _annexes(case: Case, t: dict[str, str], ledger: Standing, order: str, command: str) -> list[Any]:
    from reportlab.platypus import KeepTogether, Spacer

    parts: list[Any] = []
    rates = [t["errors_none"]]
    if any("sun" in e.fields or "skyline" in e.fields for e in case.of("case.evidence")):
        rates.append(t["errors_sun"])
    if any("leak" in str(e.fields["to"]) for e in case.of("case.link")):
        rates.append(t["errors_leak"])
    for key, texts in (("method", [t["method_text"]]), ("errors", rates), ("limits", [t["limits_text"]])):
        parts += [_paragraph(t[key], "Heading2"), *map(_paragraph, texts)]
    head = t["head"].format(origin=ledger.origin, size=ledger.size, root=ledger.root)
    qr = [_paragraph(t["ledger"], "Heading2"), _paragraph(head), _paragraph(order + "."), _paragraph(t["checkpoint"])]
    parts.append(KeepTogether([*qr, _mono(ledger.checkpoint, 7), _qr(ledger.checkpoint)]))
    parts += [_paragraph(t["raw"], "Heading2"), _paragraph(t["raw_text"])]
    parts += [_mono(f"{seq}: {text}", 6) for seq, text in sorted(ledger.entries.items())]
    parts += [_paragraph(t["versions"], "Heading2")]
    parts += [_paragraph(f"Waman {__version__}, Python {platform.python_version()}")]
    parts += [_paragraph(t["rebuild"], "Heading2"), _mono(command, 8), Spacer(1, 40)]
    signatures = [x for _ in range(2) for x in (_paragraph("_" * 60), _paragraph(t["sign"]), Spacer(1, 30))]
    return [*parts, KeepTogether(signatures)]


def _paragraph(text: str, style: str = "BodyText") -> Any:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph

    return Paragraph(escape(text), getSampleStyleSheet()[style])


def _mono(text: str, size: float) -> Any:
    """Return text to be typed in by somebody: every line as it is, long ones broken."""
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph

    style = getSampleStyleSheet()["Code"].clone(
        "mono", fontSize=size, leading=size * 1.25, wordWrap="CJK", leftIndent=0
    )
    return Paragraph(escape(text).replace("\n", "<br/>"), style)


def _qr(text: str) -> Any:
    from reportlab.graphics.barcode.qr import QrCodeWidget
    from reportlab.graphics.shapes import Drawing

    drawing = Drawing(QR_PT, QR_PT)
    drawing.add(QrCodeWidget(text, barWidth=QR_PT, barHeight=QR_PT, barLevel="L"))
    return drawing


def _statement(case: Case, event: Event, t: dict[str, str]) -> list[str]:
    notes = []
    for kind, word in (("case.corroborate", "corroborated"), ("case.contradict", "contradicted")):
        by = [str(e.fields["by"]) for e in case.of(kind) if e.fields["of"] == event.name]
        notes += [f"({t[word]} {', '.join(by)})"] if by else []
    who = str(event.fields["attribution"]) if event.fields["basis"] != "anonymous" else t["withheld"]
    return [event.name, who, t[str(event.fields["basis"])], " ".join([str(event.fields["text"]), *notes])]


def _taking(event: Event, t: dict[str, str]) -> list[str]:
    f = event.fields
    yes = {True: t["yes"], False: t["no"]}
    return [
        str(f["operation"]) + (f" (x{f['count']})" if f.get("count", 1) != 1 else ""),
        yes[bool(f["aircraft"])],
        yes[bool(f["pilot"])],
        *("" if f.get(k) is None else f"{f[k]:g}" for k in ("drug_kg", "cash_usd")),
    ]


def _about(event: Event, t: dict[str, str]) -> str:
    """Return what was found in or about an evidence file, in words of the file's language."""
    parts = []
    made = event.fields.get("container")
    if isinstance(made, Mapping) and made.get("created"):
        parts.append(f"{t['made']} {made['created']}")
    for name in ("sun", "skyline", "ground_time_s", "claimed"):
        if event.fields.get(name) is not None:
            parts.append(f"{t[name]}: {event.fields[name]}")
    return "; ".join(parts)


def _time(t: str) -> str:
    return t.replace("T", " ").replace("Z", " UTC")


def _table(rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Any:
    from reportlab.lib import colors
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, Table, TableStyle

    sheet = getSampleStyleSheet()
    body = sheet["BodyText"].clone("cell", fontSize=8, leading=10, splitLongWords=1)
    head = body.clone("head", fontName="Helvetica-Bold")
    cells = [[Paragraph(escape(cell), body if i else head) for cell in row] for i, row in enumerate(rows)]
    table = Table(cells, colWidths=[w * WIDTH_PT / sum(widths) for w in widths], repeatRows=1)
    table.setStyle(TableStyle([("LINEABOVE", (0, 1), (-1, -1), 0.3, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return table


def _foliated(t: dict[str, str], case: Case, order: str) -> Any:
    """Return a canvas that writes the order and "folio n of N" on every page; N is known only at the end."""
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
                self.drawCentredString(303, 30, order[:90])
                self.drawRightString(545, 30, f"{t['folio']} {number} {t['of']} {len(self._pages)}")
                super().showPage()
            super().save()

    return Foliated
