"""The dossier of one flight: a page to print and to file, without scripts, in one language.

Path, heights with intervals, when it was observed and when not, findings for and against, checks, and the
records by file and byte offset where the audience may see them. Drawn from the report's document alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from waman.errors import InputError
from waman.geo.time import parse_utc_us, us_text
from waman.report.document import local
from waman.report.drawing import heights_svg, path_svg, runs
from waman.report.strings_table import say

STYLE = (Path(__file__).parent / "page" / "dossier.css").read_text(encoding="utf-8")


def write_dossier(doc: Mapping[str, Any], flight: str, *, language: str = "en") -> str:
    """Return the dossier of one flight of a document as HTML.

    Raises InputError where the document holds no such flight.
    """
    found = next((f for f in doc["flights"] if f["flight"] == flight), None)
    if found is None:
        raise InputError(f"no flight {flight!r} in this report", hint=f"it holds {len(doc['flights'])} flights")
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
    title = escape(say(language, "dossier_title", flight=flight))
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><main><h1>{title}</h1>\n"
        + "\n".join(_parts(doc, found, language))
        + "\n</main></body></html>\n"
    )


def _parts(doc: Mapping[str, Any], f: Mapping[str, Any], language: str) -> Iterable[str]:
    """Yield the sections in reading order."""

    def s(key: str, **values: Any) -> str:
        """Return one sentence, escaped."""
        return escape(say(language, key, **values), quote=True)

    zone = ZoneInfo(doc["timezone"])
    audience = say(language, "audience_" + doc["audience"])
    yield f'<p class="dim">{escape(doc["title"])}. {s("audience", audience=audience)}. {s("dossier_caveat")}</p>'
    yield f"<p><strong>{s('verdict_' + f['verdict'])}</strong>. {s('verdict_' + f['verdict'] + '_help')}</p>"
    yield f"<p>{s('basis')}: {s('basis_' + (f['basis'] or 'none'))}.</p>"
    ends = (escape(f[k]["name"]) if f[k] else s("unknown_place") for k in ("origin", "destination"))
    origin, destination = ends
    times = f"{local(f['start'], zone)} – {local(f['end'], zone)} ({escape(doc['timezone'])})"
    yield f"<p>{times}. {s('from')}: {origin}. {s('to')}: {destination}. {s('ended')}: {s('ended_' + f['ended'])}.</p>"
    if f["doubts"]:
        yield _doubts(f, zone, language, s)
    if f["ended"] == "possible_impact":
        yield f'<p class="first"><strong>{s("rescue_first")}</strong></p>'
    if f["weight_db"] is not None:
        yield f"<p>{s('balance', db=_signed(f['weight_db']))} {s('balance_help')}</p>"
    yield f"<h2>{s('path')}</h2>" + _figure(path_svg(f, label=s("path")), s("path_help"), s("position_unknown"))
    drawn = heights_svg(f, doc["timezone"], label=s("heights"))
    yield f"<h2>{s('heights')}</h2>" + _figure(drawn, s("heights_help", zone=doc["timezone"]), s("heights_none"))
    yield f"<p>{_agl(f, s)}</p>"
    yield f"<h2>{s('unseen')}</h2>" + _unseen(f, s) + _observed(f, zone, s)
    for stance, key in (("for", "for"), ("against", "against"), ("unknown", "unweighed")):
        rows = [x for x in f["findings"] if x["stance"] == stance]
        yield f"<h2>{s(key)} ({len(rows)})</h2>" + (
            _findings(rows, language, s) if rows else f"<p>{s('nothing_found')}</p>"
        )
    yield _checks(f, zone, language, s)
    records = [
        s("record", source=r["source"], rows=r["rows"], first=r["first_offset"], last=r["last_offset"])
        for r in f["records"]
    ]
    yield f"<h2>{s('records')}</h2>" + (_list(records) if records else f"<p>{s('records_withheld')}</p>")
    made = s("made_by", version=doc["waman"])
    yield f'<p class="dim">{s("revision", n=f["revision"])}. {s("attribution")} {made}</p>'


def _figure(svg: str, caption: str, missing: str) -> str:
    return f"<figure>{svg}<figcaption>{caption}</figcaption></figure>" if svg else f"<p>{missing}</p>"


def _agl(f: Mapping[str, Any], s: Any) -> str:
    if f["min_agl_low_m"] is None:
        return str(s("height_unknown"))
    return str(s("height_interval", low=round(f["min_agl_low_m"]), high=round(f["min_agl_high_m"])))


def _unseen(f: Mapping[str, Any], s: Any) -> str:
    gaps = len(f["path"]["gap_after"])
    share = f["seen_fraction"]
    lines = [
        s("seen_share_unknown") if share is None else s("seen_share", p=f"{share:.0%}"),
        s("gaps", n=gaps) if gaps else s("gaps_none"),
        s({None: "landing_not_observed", True: "landing_observed", False: "landing_none"}[f["landed"]]),
    ]
    if f["ground_time_s"]:
        lines.append(s("ground_time", min=f"{f['ground_time_s'] / 60:.1f}"))
    seen = f["seen"]
    if seen["sensors"]:
        lines.append(s("seen_by", n=seen["rows"], sensors=", ".join(seen["sensors"])))
    if seen["expected_pd"] is not None:
        lines.append(s("expected_pd", p=f"{seen['expected_pd']:.0%}"))
    if f["blurred"]:
        lines.append(s("blurred"))
    return _list(lines)


def _observed(f: Mapping[str, Any], zone: ZoneInfo, s: Any) -> str:
    """Return the table of when the flight was observed and when it was not."""
    start_us, seconds = parse_utc_us(f["start"]), f["path"]["time_s"]
    moments = [us_text(start_us + t * 1_000_000) for t in seconds]
    rows = []
    parts = runs(f["path"])
    for k, (first, last) in enumerate(parts):
        rows.append(("observed", first, last))
        if k + 1 < len(parts):
            rows.append(("not_observed", last, parts[k + 1][0]))
    cells = "".join(
        f"<tr><th scope=row>{s(state)}</th><td>{local(moments[a], zone)} – {local(moments[b], zone)[11:]}</td>"
        f'<td class="n">{(seconds[b] - seconds[a]) / 60:.1f}</td></tr>'
        for state, a, b in rows
    )
    head = "".join(f"<th scope=col{c}>{s(k)}</th>" for k, c in (("state", ""), ("time", ""), ("minutes", " class=n")))
    return f"<h2>{s('observed_table')}</h2><table><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table>"


def _findings(rows: Iterable[Mapping[str, Any]], language: str, s: Any) -> str:
    out = []
    for x in sorted(rows, key=lambda x: -abs(x["weight_db"] or 0.0)):
        weighed = x["stance"] != "unknown" and x["weight_db"] is not None
        weight = s("finding_weight", db=_signed(x["weight_db"])) if weighed else "–"
        seen, text = x["searchable"], escape(x["text"][language])
        could = s("searchable_unknown") if seen is None else s("searchable", p=f"{seen:.0%}")
        more = f'<br><span class="dim">{could}</span>' if x["absence"] or seen is not None else ""
        out.append(f'<tr><td class="n">{weight}</td><td>{text}{more}</td></tr>')
    head = f"<tr><th scope=col class=n>{s('weight')}</th><th scope=col>{s('finding')}</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{''.join(out)}</tbody></table>"


def _doubts(f: Mapping[str, Any], zone: ZoneInfo, language: str, s: Any) -> str:
    """Return every doubt that was ever recorded: near the verdict, whatever it is."""
    lines = [
        f"{escape(d['text'][language])} – {escape(d['answer'] or say(language, 'check_not_done'))}"
        + (f' <span class="dim">{local(d["time"], zone)}</span>' if d["time"] else "")
        for d in f["doubts"]
    ]
    return f"<h2>{s('doubts')} ({len(lines)})</h2>" + _list(lines)


def _checks(f: Mapping[str, Any], zone: ZoneInfo, language: str, s: Any) -> str:
    """Return the list of 2001: who, when, what was answered, and what still stands in the way of publishing."""
    out = f"<h2>{s('checks')} ({len(f['not_checked'])})</h2>"
    if f["stands_in_the_way"]:
        out += f"<p>{s('stands_in_the_way', n=len(f['stands_in_the_way']))}</p>"
    rows = []
    for c in f["checks"]:
        state = s("check_done" if c["done"] else "check_not_done" if c["time"] else "check_open")
        when = local(c["time"], zone) if c["time"] else "–"
        who = escape(c["by"] or ("–" if not c["time"] else say(language, "person_withheld")))
        cells = (escape(c["text"][language]), state, escape(c["answer"] or "–"), who, when)
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    if not rows:
        return out + f"<p>{s('checks_none')}</p>"
    heads = ("check", "state", "answer", "who", "time")
    head = "".join(f"<th scope=col>{s(k)}</th>" for k in heads)
    return out + f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _list(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"


def _signed(db: float) -> str:
    return f"{db:+.1f}".replace("-", "−").removesuffix(".0")
