"""The page of a siting plan, drawn from ``plan.json`` alone: for people who must decide, print and defend it.

Two forms of the same page: the workspace's own, with sites and exact routes, and the one that may leave, from
:func:`public_plan`, in which routes are shares of flights over cells of half a degree and sites are a number.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from waman.report.plan_drawing import curve_svg, map_svg
from waman.report.strings_table import say

STYLE = (Path(__file__).parent / "page" / "dossier.css").read_text(encoding="utf-8")
STYLE += (Path(__file__).parent / "page" / "plan.css").read_text(encoding="utf-8")
ORDER = ("plan", "mclp_area", "mclp_known", "greedy", "existing")
TIE = 0.02
"""A baseline within this of the plan's worst Pd ties with it."""

PUBLIC_KEYS = (
    "area", "heights_agl_m", "budget", "cost", "gap",
    "worst_pd", "upper_bound", "promised_pd", "worst_pd_block", "proof", "label",
)  # fmt: skip


def public_plan(doc: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may leave the workspace: statistics, and routes as coarse shares; no site, no strip, no route."""
    out: dict[str, Any] = {k: doc[k] for k in PUBLIC_KEYS}
    out["audience"], out["sensors"] = "public", len(doc["chosen"])
    figures = ("worst_pd", "promised_pd")
    out["baselines"] = {k: {f: round(b[f], 2) for f in figures} for k, b in doc["baselines"].items()}
    out["curve"] = [{k: v for k, v in p.items() if k != "chosen"} for p in doc["curve"]]
    out["balloon"] = {"summary": doc["balloon"]["summary"], "cells": doc["balloon"]["cells"], "strips": []}
    if "meant" in doc:
        out["meant"] = doc["meant"]
    if "sensitivity" in doc:
        alone = [c["worst_pd"] for c in doc["sensitivity"] if c["what"] == "without"]
        out["sensitivity"] = [c for c in doc["sensitivity"] if c["what"] != "without"]
        if alone:
            out["sensitivity"].append({"what": "without", "value": "any", "worst_pd": min(alone)})
    for name in ("hidden", "expected"):
        if name in doc:
            out[name] = {k: v for k, v in doc[name].items() if k not in ("mixture", "chosen")}
    return out


def write_plan(doc: Mapping[str, Any], *, language: str = "en") -> str:
    """Return the page as HTML; it needs no network and no script."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = escape(say(language, "plan_title", area=doc["area"]["name"], budget=f"{doc['budget']:g}"))
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><main><h1>{title}</h1>\n"
        + "\n".join(_parts(doc, language))
        + "\n</main></body></html>\n"
    )


def _parts(doc: Mapping[str, Any], language: str) -> Iterable[str]:
    """Yield the sections in reading order."""
    s = _sayer(language)
    yield f'<p class="dim">{s("audience", audience=s("audience_" + doc.get("audience", "workspace")))}. '
    yield s("plan_heights", heights=", ".join(f"{h:g}" for h in doc["heights_agl_m"])) + " "
    labels = "; ".join(s("plan_label_" + k) if k else t for k, t in _labels(doc["label"]))
    yield f"{escape(labels[:1].upper() + labels[1:])}.</p>"
    yield f'<p class="lead">{_lead(doc, s)}</p>'
    yield _figures(doc, s)
    yield f"<h2>{s('plan_map')}</h2>"
    caption = s("plan_map_" + doc.get("audience", "workspace"))
    yield f"<figure>{map_svg(doc, s)}<figcaption>{caption}</figcaption></figure>"
    yield f"<h2>{s('plan_compared')}</h2>"
    yield _compared(doc, s)
    yield f"<h2>{s('plan_curve')}</h2>"
    if len(doc["curve"]) > 1:
        yield f"<figure>{curve_svg(doc, s)}<figcaption>{_ties(doc, s)}</figcaption></figure>"
    yield _curve_table(doc, s)
    yield f"<h2>{s('plan_balloon')}</h2>"
    yield from _balloon(doc, s)
    if doc.get("sensitivity"):
        yield f"<h2>{s('plan_sensitivity')}</h2><p>{s('plan_sensitivity_note')}</p>"
        yield _sensitivity(doc, s)
    yield from _other(doc, s)
    if doc.get("sites"):
        yield f"<h2>{s('plan_sites')}</h2>"
        yield _sites(doc, s)
    yield f"<h2>{s('plan_reading')}</h2><ul>"
    yield "".join(f"<li>{s(f'plan_read_{k}')}</li>" for k in ("pd", "gap", "routes", "block", "data")) + "</ul>"


def _sayer(language: str) -> Any:
    def s(key: str, **values: Any) -> str:
        """Return one sentence, escaped."""
        return escape(say(language, key, **values), quote=True)

    return s


def _labels(label: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Return the known labels as keys of sentences, others as they are."""
    known = {"clear weather, sensors always on": "clear", "smooth earth: no terrain was given": "smooth"}
    return [(known.get(text, ""), text) for text in label]


def pct(value: float | None) -> str:
    """Return a probability as people read it.

    >>> pct(0.9853), pct(0.0004), pct(None)
    ('98.5 %', '< 0.1 %', '–')
    """
    if value is None:
        return "–"
    if 0.0 < value < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if 0.999 < value < 1.0 else f"{100 * value:.1f} %"


def _lead(doc: Mapping[str, Any], s: Any) -> str:
    sensors = doc.get("sensors", len(doc.get("chosen", ())))
    parts = [s("plan_lead", n=sensors, sensors=sensors, worst=pct(doc["worst_pd"]), upper=pct(doc["upper_bound"]))]
    if doc["promised_pd"] - doc["worst_pd"] > 0.2:
        parts.append(s("plan_warning", promised=pct(doc["promised_pd"]), worst=pct(doc["worst_pd"])))
    return " ".join(parts)


def _figures(doc: Mapping[str, Any], s: Any) -> str:
    rows = (
        ("plan_worst", pct(doc["worst_pd"])),
        ("plan_bound", pct(doc["upper_bound"])),
        ("plan_gap", pct(doc["gap"])),
        ("plan_promised", pct(doc["promised_pd"])),
        ("plan_block", pct(doc["worst_pd_block"])),
    )
    return '<dl class="figures">' + "".join(f"<div><dt>{s(k)}</dt><dd>{v}</dd></div>" for k, v in rows) + "</dl>"


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; the first cell of a row is its head, the others are figures."""
    top = "".join(f'<th scope="col"{" class=n" if k else ""}>{h}</th>' for k, h in enumerate(heads))
    body = []
    for row in rows:
        first, *rest = row
        body.append(f'<tr><th scope="row">{first}</th>' + "".join(f'<td class="n">{c}</td>' for c in rest) + "</tr>")
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def _compared(doc: Mapping[str, Any], s: Any) -> str:
    shown = doc.get("meant", {}).get("plans", {})
    heads = [s("plan_name"), s("plan_promised"), s("plan_worst")]
    if shown:
        heads += [s(k) for k in ("plan_shown", "plan_minutes", "plan_warned")]
    rows = []
    for name in ORDER:
        mine = doc if name == "plan" else doc["baselines"].get(name)
        if mine is None and name not in shown:
            continue
        row = [s("plan_name_" + name), *(pct(None if mine is None else mine[k]) for k in ("promised_pd", "worst_pd"))]
        if shown:
            m = shown[name]
            late = "–" if m["warning_min"] is None else f"{m['warning_min']:.0f} min"
            row += [f"{m['shown']} / {m['flights']}", f"{m['minutes_tracked']:.0f} min", late]
        rows.append(row)
    note = (
        f"<p class=dim>{s('plan_meant_' + ('recorded' if doc['meant']['flights'] == 'recorded' else 'drawn'))}</p>"
        if shown
        else ""
    )
    return table(heads, rows) + note


def _curve_table(doc: Mapping[str, Any], s: Any) -> str:
    names = [n for n in ORDER if n in doc["baselines"]]
    heads = [s("plan_budget"), s("plan_worst"), s("plan_bound"), s("plan_gap"), s("plan_promised")]
    rows = [
        [f"{p['budget']:g}", *(pct(p[k]) for k in ("worst_pd", "upper_bound", "gap", "promised_pd")),
         *(pct(p[f"{n}_worst_pd"]) for n in names)]
        for p in doc["curve"]
    ]  # fmt: skip
    return table([*heads, *(s("plan_name_" + n) for n in names)], rows)


def _ties(doc: Mapping[str, Any], s: Any) -> str:
    """Say from which budget on a baseline does as well as the plan: there the user needs no planner."""
    ties = [
        (n, p["budget"])
        for n in doc["baselines"]
        for p in doc["curve"]
        if p["worst_pd"] > 0.01 and p["worst_pd"] - p[f"{n}_worst_pd"] <= TIE
    ]
    if not ties:
        return str(s("plan_no_tie"))
    budgets = ", ".join(f"{b:g}" for b in sorted({b for _, b in ties}))
    return str(s("plan_tie", budgets=budgets))


def _balloon(doc: Mapping[str, Any], s: Any) -> Iterable[str]:
    m = doc["balloon"]["summary"]
    km, kg, left, gained = (f"{m[k]:.0f}" for k in ("extra_km", "payload_lost_kg", "cells_left", "cells_gained"))
    yield f"<p>{s('plan_balloon_text', km=km, share=pct(m['extra_share']), kg=kg)} "
    yield f"{s('plan_balloon_cells', left=left, gained=gained)}</p>"
    rows = [
        [escape(str(r["strip"])), pct(r["share"]), f"{r['before_km']:.0f}", f"{r['after_km']:.0f}",
         f"{r['payload_lost_kg']:.0f}", pct(r["promised_pd"]), pct(r["pd"])]
        for r in doc["balloon"]["strips"]
    ]  # fmt: skip
    if rows:
        keys = (
            "plan_strip",
            "plan_flow_share",
            "plan_before_km",
            "plan_after_km",
            "plan_kg",
            "plan_promised",
            "plan_after_pd",
        )
        yield table([s(k) for k in keys], rows)


def _sensitivity(doc: Mapping[str, Any], s: Any) -> str:
    rows = []
    for case in doc["sensitivity"]:
        any_one = case["what"] == "without" and case["value"] == "any"
        name = s("plan_case_any") if any_one else s("plan_case_" + case["what"], value=case["value"])
        rows.append([name, pct(case["worst_pd"]), f"{100 * (case['worst_pd'] - doc['worst_pd']):+.1f}"])
    return table([s("plan_case"), s("plan_worst"), s("plan_change")], rows)


def _other(doc: Mapping[str, Any], s: Any) -> Iterable[str]:
    if "hidden" in doc:
        h = doc["hidden"]
        yield f"<h2>{s('plan_hidden')}</h2><p>"
        yield s("plan_hidden_text", met=pct(h["pd_met"]), low=pct(h["pd_low"]), upper=pct(h["pd_upper"]),
                visible=pct(h["visible_worst_pd"])) + "</p>"  # fmt: skip
        rows = [[pct(m["odds"]), escape(", ".join(m["chosen"]))] for m in h.get("mixture", ())[:12]]
        if rows:
            yield table([s("plan_odds"), s("plan_sites")], rows)
    if "expected" in doc:
        e = doc["expected"]
        yield f"<h2>{s('plan_expected')}</h2><p>"
        yield s("plan_expected_text", pd=pct(e["expected_pd"]), low=pct(e["expected_pd_q05"]),
                high=pct(e["expected_pd_q95"]), upper=pct(e["upper_bound"]),
                worst=pct(e["worst_pd"])) + "</p>"  # fmt: skip
        if e.get("chosen"):
            yield f"<p>{escape(', '.join(e['chosen']))}</p>"


def _sites(doc: Mapping[str, Any], s: Any) -> str:
    chosen = set(doc["chosen"])
    alone = {c["value"]: c["worst_pd"] for c in doc.get("sensitivity", ()) if c["what"] == "without"}
    rows = [
        [escape(x["id"]), f"{x['lat_deg']:.4f}", f"{x['lon_deg']:.4f}", escape(str(x["model"] or "–")),
         f"{x['cost']:g}", _away(x["nearest_known_place_km"]), pct(alone.get(x["id"]))]
        for x in doc["sites"] if x["id"] in chosen
    ]  # fmt: skip
    keys = ("plan_sensor", "plan_lat", "plan_lon", "plan_model", "plan_cost", "plan_place", "plan_without")
    return table([s(k) for k in keys], rows)


def _away(km: float | None) -> str:
    return "–" if km is None else f"{km:.0f} km"
