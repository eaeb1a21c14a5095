"""What the chain saw of a simulated night beside what was true: one page without scripts, in one language.

Only a simulation knows the truth, so every part of the page says that it is one.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from waman.report.strings_table import say

STYLE = (Path(__file__).parent / "page" / "dossier.css").read_text(encoding="utf-8")


def write_beside(night: Mapping[str, Any], *, language: str = "en", report: str = "", other: str = "") -> str:
    """Return the page of a simulated night.

    ``night`` has ``hours, came, lawful, seen, lawful_seen, heard, flights [{flight, category, strip, touched_down,
    stayed_min, seen_share, stop_seen, away_min, reports}], unseen [flight], called {corridor, lawful, false_plots},
    false_tracks``; ``report`` and ``other`` are addresses of the report and of this page in the other language.
    """
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(say(language, 'night_title'))}</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(_parts(night, language, report, other))
        + "\n</main></body></html>\n"
    )


def answers(night: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """Return the questions and answers, in words: how many, where, how long, what passed unseen, what was named."""

    def s(key: str, **values: Any) -> str:
        return say(language, key, **values)

    strips = sorted({f["strip"] for f in night["flights"]})
    stays = sorted(f["stayed_min"] for f in night["flights"] if f["stayed_min"] is not None)
    stops = sum(f["stop_seen"] for f in night["flights"])
    stayed = s("night_stayed_none")
    if stays:
        stayed = s(
            "night_stayed", low=f"{stays[0]:.0f}", high=f"{stays[-1]:.0f}", middle=f"{stays[len(stays) // 2]:.0f}"
        )
    unseen = s("night_unseen_none", of=night["came"])
    if night["unseen"]:
        unseen = s("night_unseen", n=len(night["unseen"]), of=night["came"], names=", ".join(night["unseen"]))
    if night["missed_most"]:
        unseen += " " + s("night_missed_most", p=f"{night['missed_most']:.0%}")
    came = s("night_came", n=night["came"], lawful=night["lawful"], seen=night["seen"], others=night["lawful_seen"])
    return [
        (s("night_q_came"), came + " " + s("night_heard", n=night["heard"])),
        (s("night_q_where"), s("night_where", n=len(strips), strips=", ".join(strips), stops=stops, of=night["came"])),
        (s("night_q_stayed"), stayed),
        (s("night_q_unseen"), unseen),
        (s("night_q_called"), s("night_called", **night["called"])),
    ]


def _parts(night: Mapping[str, Any], language: str, report: str, other: str) -> list[str]:
    def s(key: str, **values: Any) -> str:
        return escape(say(language, key, **values), quote=True)

    out = [f"<h1>{s('night_title')}</h1>", f'<p class="label"><strong>{s("night_label")}</strong></p>']
    out.append(f'<p class="dim">{s("night_hours", **night["hours"])}</p>')
    out += [f"<h2>{escape(q)}</h2><p>{escape(a)}</p>" for q, a in answers(night, language)]
    out.append(f"<h2>{s('night_each')}</h2><p class='dim'>{s('night_each_help')}</p>{_table(night, language)}")
    out.append(f"<p>{s('night_false', n=night['false_tracks'])}</p>")
    for href, words in ((report, s("night_report")), (other, s("night_other"))):
        if href:
            out.append(f'<p><a href="{escape(href, quote=True)}">{words}</a></p>')
    return out


def _table(night: Mapping[str, Any], language: str) -> str:
    keys = ["flight", "strip", "night_disguise", "night_down", "night_stay", "night_share", "night_stop"]
    head = "".join(f"<th scope=col>{escape(say(language, k))}</th>" for k in [*keys, "night_reports"])
    rows = []
    for f in night["flights"]:
        stay = "–" if f["stayed_min"] is None else f"{f['stayed_min']:.0f} min"
        stop = say(language, "night_stop_seen" if f["stop_seen"] else "night_stop_not_seen")
        if f["away_min"] is not None:
            stop += " " + say(language, "night_away", min=f"{f['away_min']:.0f}")
        disguise = say(language, "disguise_" + f["category"].removeprefix("corridor_"))
        share = f"{f['seen_share']:.0%}"
        cells = (f["flight"], f["strip"], disguise, f["touched_down"], stay, share, stop, f["reports"])
        rows.append(
            f'<tr><td class="id">{cells[0]}</td>' + "".join(f"<td>{escape(str(c))}</td>" for c in cells[1:]) + "</tr>"
        )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
