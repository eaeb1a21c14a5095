"""``report.html``: one page that needs no network, drawn from the document of :mod:`waman.report.document`.

The summary and the table stand in the page itself, so that they can be read and printed without scripts;
scripts add the reasons, the map, the time slider and the other language. The map library is packed
(gzip, base64) and started from memory, because a browser lets a page opened from a file load nothing else.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from waman.report.document import VERDICTS, span
from waman.report.strings_table import LANGUAGES, say, strings
from waman.report.vendored import vendored
from waman.store import read_basemap

FOLDER = Path(__file__).parent / "page"
MARGIN_DEG = 4.0
"""How far beyond the flights the borders are drawn."""


def write_html(doc: Mapping[str, Any], *, language: str = "en") -> str:
    """Return the page, in ``language`` until the reader chooses another.

    Works from ``file://`` in a browser of 2023 or later. Raises nothing on empty documents.
    """
    style = vendored("maplibre-gl", "maplibre-gl.css").decode("utf-8") + _own("page.css")
    script = _own("page.js")
    policy = _policy(style, script)
    words = {name: dict(strings(name)) for name in LANGUAGES}
    packed = {
        "data": {**doc, "strings": words, "language": language},
        "basemap": read_basemap(_box(doc)),
    }
    blocks = [_packed(f"w-{k}", _json(v)) for k, v in packed.items()]
    blocks.append(_packed("w-map", vendored("maplibre-gl", "maplibre-gl.mjs")))
    blocks.append(_packed("w-worker", vendored("maplibre-gl", "maplibre-gl-worker.mjs")))
    title = escape(say(language, "page_title", title=doc["title"]))
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{title}</title><style>{style}</style></head>\n<body>{_body(doc, language)}\n"
        + "\n".join(blocks)
        + f"\n<script>{script}</script></body></html>\n"
    )


def write_json(doc: Mapping[str, Any]) -> str:
    """Return the machine twin, ``report.json``; the pictures of layers stay in the page."""
    layers = [{k: v for k, v in layer.items() if k != "png"} for layer in doc["layers"]]
    return json.dumps({**doc, "layers": layers}, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _own(name: str) -> str:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert "</" not in text.replace("</g", ""), f"{name} would end its own element"
    return text


def _policy(style: str, script: str) -> str:
    """Return the strictest policy under which the page works from a file.

    ``blob:`` and ``data:`` let the page run what it unpacks itself (a browser starts a module worker of a
    page without origin only from ``data:``); no address of any kind is allowed.
    """
    hashed = (base64.b64encode(hashlib.sha256(t.encode("utf-8")).digest()).decode("ascii") for t in (style, script))
    style_hash, script_hash = hashed
    return (
        f"default-src 'none'; script-src 'sha256-{script_hash}' blob:; worker-src blob: data:; "
        f"style-src 'sha256-{style_hash}'; img-src data: blob:; connect-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _packed(name: str, content: bytes) -> str:
    packed = base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")
    return f'<script type="application/gzip" id="{name}">{packed}</script>'


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


def _box(doc: Mapping[str, Any]) -> tuple[float, float, float, float]:
    west, south, east, north = doc["area"]["bbox"]
    for f in doc["flights"]:
        lat, lon = f["path"]["lat_deg"], f["path"]["lon_deg"]
        if lat:
            west, east = min(west, *lon), max(east, *lon)
            south, north = min(south, *lat), max(north, *lat)
    return (
        max(-180.0, west - MARGIN_DEG),
        max(-90.0, south - MARGIN_DEG),
        min(180.0, east + MARGIN_DEG),
        min(90.0, north + MARGIN_DEG),
    )


def _body(doc: Mapping[str, Any], language: str) -> str:
    """Return the page's body: summary and table filled in, everything else for the script to fill."""
    counts, day = doc["summary"], _one_day(doc)

    def t(key: str, tag: str = "span", **values: Any) -> str:
        """Return one translated element that the script can translate again."""
        given = f" data-a='{escape(json.dumps(values), quote=True)}'" if values else ""
        return f'<{tag} data-t="{key}"{given}>{escape(say(language, key, **values))}</{tag}>'

    audience = say(language, "audience_" + doc["audience"])
    figures = "".join(
        f"<div><dt>{t(key)}</dt><dd>{counts[count]}</dd></div>"
        for key, count in (
            ("figure_landing_seen", "landing_observed"),
            ("figure_landing_unseen", "landing_not_observed"),
            ("figure_left", "left_area"),
            ("figure_both_ends", "both_ends_known"),
        )
    )
    template = (FOLDER / "body.html").read_text(encoding="utf-8")
    parts = {
        "title": escape(doc["title"]),
        "audience": escape(say(language, "audience", audience=audience)),
        "headline": escape(doc["headline"][language]),
        "figures": figures,
        "filters": "".join(_filter(v, counts["verdicts"][v], t) for v in VERDICTS if counts["verdicts"][v]),
        "rows": "\n".join(_row(i, f, ZoneInfo(doc["timezone"]), day, t) for i, f in enumerate(doc["flights"])),
        "languages": "".join(
            f'<option value="{x}"{" selected" if x == language else ""}>{name}</option>'
            for x, name in (("en", "English"), ("es", "Español"))
        ),
    }

    def fill(match: re.Match[str]) -> str:
        """Fill one slot of the template; what is filled in is never looked at again."""
        kind, _, key = match.group(1).partition(":")
        if not key:
            return parts[kind]
        return t(key) if kind == "t" else escape(strings(language)[key], quote=True)

    return re.sub(r"\{\{([a-z_:]+)\}\}", fill, template)


def _filter(verdict: str, count: int, t: Any) -> str:
    return (
        f'<label class="chip"><input type="checkbox" name="verdict" value="{verdict}" checked>'
        f'<svg class="mark {verdict}" aria-hidden="true" viewBox="0 0 34 12"><use href="#g-{verdict}"/></svg>'
        f"{t('verdict_' + verdict)} <b>{count}</b></label>"
    )


def _one_day(doc: Mapping[str, Any]) -> bool:
    """Return whether all flights fall on one day of the area; then the table shows hours alone."""
    if not doc["period"]:
        return False
    return len(span(doc["period"]["start"], doc["period"]["end"], ZoneInfo(doc["timezone"]))[1]) == len("06:50")


def _row(i: int, f: Mapping[str, Any], zone: ZoneInfo, day: bool, t: Any) -> str:
    """Return one row of the table. ``data-k`` holds what a column sorts by; ``day``: hours alone."""
    start, until = span(f["start"], f["end"], zone)
    start = start[11:] if day else start
    name, verdict = _name(f, day), f["verdict"]
    origin, destination = (_place(f[side], t) for side in ("origin", "destination"))
    seen = "" if f["seen_fraction"] is None else f"{f['seen_fraction']:.0%}"
    return (
        f'<tr data-i="{i}"><th scope="row"><button type="button" class="open">{name}</button></th>'
        f'<td data-k="{VERDICTS.index(verdict)}"><svg class="mark {verdict}" aria-hidden="true" viewBox="0 0 34 12">'
        f'<use href="#g-{verdict}"/></svg> {t("verdict_" + verdict)}</td>'
        f'<td data-k="{escape(f["start"])}">{start}–{until}</td>'
        f"<td>{origin} → {destination}</td><td>{t('ended_' + f['ended'])}</td>"
        f'<td data-k="{f["seen_fraction"] or 0}" class="n">{seen}</td></tr>'
    )


def _name(f: Mapping[str, Any], day: bool) -> str:
    """Return a flight's name; on a page of one day the date that begins it is there for the ear and for copying."""
    name, date = f["flight"], f["start"][:10].replace("-", "") + "T"
    if day and name.startswith(date) and len(name) > len(date):
        return f'<span class="quiet">{date}</span>{escape(name[len(date) :], quote=True)}'
    return escape(name, quote=True)


def _place(place: Mapping[str, Any] | None, t: Any) -> str:
    if not place:  # a short sign for the eye, the word for the ear
        return f'<span aria-hidden="true">?</span>{t("unknown_place").replace("<span", "<span class=quiet", 1)}'
    return f'<abbr title="{escape(place["name"], quote=True)}">{escape(place["id"])}</abbr>'
