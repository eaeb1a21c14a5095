"""``report.json``: what the page says, for machines. The page and the terminal summary are drawn from it alone.

The document holds only what :func:`waman.export.veil` let through for its audience, in every language.
Its keys are a contract: ``kind, schema, waman, audience, title, area, timezone, period, summary, headline,
flights, places, sources, notes, problems, layers``; readers ignore keys they do not know.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from waman import __version__
from waman.access import shows
from waman.config import Area
from waman.errors import Problems
from waman.export import Path, Shown, ShownFlight
from waman.export.path import Records
from waman.flights.checks import not_done
from waman.geo.time import datetime_us, us_text
from waman.report.strings_table import LANGUAGES, say

SCHEMA = 1
POINTS_MAX = 40_000
"""Most path points of one document; the tolerance is doubled until they fit."""
TOLERANCE_MIN_M = 40.0
PROBLEMS_SHOWN = 20
VERDICTS = ("unexplained", "not_yet_explained", "insufficient", "explained")

KEPT = (
    "verdict basis weight_db ended landed min_agl_low_m min_agl_high_m ground_time_s seen_fraction revision".split()  # noqa: SIM905
)
FINDING = ("rule", "stance", "weight_db", "searchable")
ABSENCES = frozenset({"none", "silent", "absent", "unknown", "not_observed"})
"""Last words of rules that tell of something not seen: these say how likely it would have been seen."""
LANDMARKS = frozenset({"strip", "village", "base"})

Texts = Mapping[str, str]


@dataclass(frozen=True)
class Layer:
    """A picture over the map, such as what a sensor could see at one height.

    ``png`` is the picture with its transparency, ``bounds`` west, south, east, north [deg]; ``caption`` and
    ``caveat`` are texts by language. ``exact`` layers go only to audiences that may see the exact field.
    """

    id: str
    png: bytes
    bounds: tuple[float, float, float, float]
    caption: Texts
    caveat: Texts
    exact: bool = False


def document(
    shown: Shown,
    area: Area,
    *,
    title: str = "",
    sources: Sequence[str] = (),
    notes: Sequence[Texts] = (),
    problems: Problems | None = None,
    layers: Sequence[Layer] = (),
) -> dict[str, Any]:
    """Return the report as plain data.

    Parameters
    ----------
    shown : what the audience may see, from :func:`waman.export.veil`
    area : gives the name, the box and the time zone in which people read
    sources : one line each, what the report was made from; identities in them are hidden like anywhere else
    notes : sentences by language that must stand on the page, such as "smooth earth: no terrain was given"
    """
    found = problems or Problems()
    tolerance_m = _tolerance([f.path for f in shown.flights])
    names = {str(p["id"]): str(p.get("name") or p["id"]) for p in shown.places}
    flights = [_flight(f, names, tolerance_m, shown.hidden.clean) for f in shown.flights]
    ends = {f[side]["id"] for f in flights for side in ("origin", "destination") if f[side]}
    allowed = [x for x in layers if not x.exact or shows(shown.audience, "field_exact")]
    clean = shown.hidden.clean
    out: dict[str, Any] = {
        "kind": "waman-report",
        "schema": SCHEMA,
        "waman": __version__,
        "audience": shown.audience,
        "title": title or area.name,
        "area": {"name": area.name, "bbox": list(area.bbox)},
        "timezone": area.timezone,
        "period": _period(flights),
        "summary": summary_of(flights),
        "tolerance_m": tolerance_m,
        "flights": flights,
        "places": [_plain(dict(p)) for p in shown.places if p["kind"] in LANDMARKS or p["id"] in ends],
        "sources": [clean(s) for s in sources],
        "notes": [{k: clean(v) for k, v in note.items()} for note in notes],
        "problems": _problems(found, shown),
        "strips_delayed": shown.strips_delayed,
        "layers": [_layer(x) for x in allowed],
        "layers_withheld": len(layers) - len(allowed),
    }
    out["headline"] = {language: headline(out, language) for language in LANGUAGES}
    return out


def headline(doc: Mapping[str, Any], language: str) -> str:
    """Return the sentences a reporter would begin with."""
    counts = doc["summary"]
    if not counts["flights"]:
        return say(language, "headline_none")
    zone = ZoneInfo(doc["timezone"])
    start, end = span(doc["period"]["start"], doc["period"]["end"], zone)
    by = counts["verdicts"]
    values = {k: by[k] for k in ("explained", "unexplained", "insufficient")}
    parts = [say(language, "headline", n=counts["flights"], start=start, end=end, zone=doc["timezone"], **values)]
    if by["not_yet_explained"]:
        parts.append(say(language, "headline_pending", n=by["not_yet_explained"]))
    if counts["landing_not_observed"]:
        parts.append(say(language, "headline_landing", n=counts["landing_not_observed"]))
    return " ".join(parts)


def local(text: str, zone: ZoneInfo) -> str:
    """Return a UTC time as people of the area read it, to the minute.

    >>> local("2015-10-14T11:06:00Z", ZoneInfo("America/Lima"))
    '2015-10-14 06:06'
    """
    return datetime.fromisoformat(text).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def span(start: str, end: str, zone: ZoneInfo) -> tuple[str, str]:
    """Return two UTC times as people read them, the second without its date where it is the same.

    >>> span("2015-10-14T11:06:00Z", "2015-10-14T11:50:00Z", ZoneInfo("America/Lima"))
    ('2015-10-14 06:06', '06:50')
    """
    first, last = local(start, zone), local(end, zone)
    return first, last[11:] if last[:10] == first[:10] else last


def summary_of(flights: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the counts of a list of flights of the document."""
    verdicts = [f["verdict"] for f in flights]
    ended = [f["ended"] for f in flights]
    return {
        "flights": len(flights),
        "verdicts": {v: verdicts.count(v) for v in VERDICTS},
        "landing_observed": sum(f["landed"] is True for f in flights),
        "landing_not_observed": sum(f["landed"] is None for f in flights),
        "left_area": ended.count("left_area"),
        "possible_impact": ended.count("possible_impact"),
        "both_ends_known": sum(f["origin"] is not None and f["destination"] is not None for f in flights),
    }


def _layer(x: Layer) -> dict[str, Any]:
    png = base64.b64encode(x.png).decode("ascii")
    return {"id": x.id, "bounds": list(x.bounds), "caption": dict(x.caption), "caveat": dict(x.caveat), "png": png}


def _period(flights: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
    if not flights:
        return None
    return {"start": min(f["start"] for f in flights), "end": max(f["end"] for f in flights)}


def _flight(
    f: ShownFlight, names: Mapping[str, str], tolerance_m: float, clean: Callable[[str], str]
) -> dict[str, Any]:
    row, path = f.row, f.path.thinned(tolerance_m)
    out: dict[str, Any] = {"flight": f.flight, **{k: _plain(row[k]) for k in KEPT}}
    out["start"], out["end"] = (us_text(_us(row[k])) for k in ("start", "end"))
    for side in ("origin", "destination"):
        place = row[side]
        probability = _plain(row[f"{side}_probability"])
        out[side] = {"id": place, "name": names.get(place, place), "probability": probability} if place else None
    out["findings"] = [
        {**{k: _plain(x[k]) for k in FINDING}, "absence": _absence(x["rule"]), "text": x["texts"]}
        for x in row["findings"]
    ]
    out["checks"] = [
        {**{k: _plain(v) for k, v in c.items() if k != "texts"}, "text": c["texts"]} for c in row["checks"]
    ]
    out["doubts"] = [{"time": _plain(d["time"]), "answer": d["answer"], "text": d["texts"]} for d in row["doubts"]]
    out["not_checked"] = not_done(row["checks"])
    out["stands_in_the_way"] = [
        {"check": w["check"], "people": w["people"], "text": w["texts"]} for w in row["waits_for"]
    ]
    out["seen"] = {"rows": f.seen.rows, "sensors": list(f.seen.sensors), "expected_pd": _plain(f.seen.expected_pd)}
    out["first_seen"], out["last_seen"] = _seen(path, 0), _seen(path, -1)
    out["path"] = _path(path, _us(row["start"]))
    out["cells"] = [{"lat_deg": c.lat_deg, "lon_deg": c.lon_deg, "what": c.what} for c in f.cells]
    out["blurred"] = f.blurred_start or f.blurred_end or bool(f.cells)
    out["records"] = [{"source": clean(r.source), **_offsets(r)} for r in f.records]
    if f.icao24 or f.callsigns:
        out["identity"] = {"icao24": list(f.icao24), "callsign": list(f.callsigns)}
    return out


def _absence(rule: str) -> bool:
    return rule.rsplit(".", 1)[-1] in ABSENCES


def _offsets(r: Records) -> dict[str, int]:
    return {"rows": r.rows, "first_offset": r.first_offset, "last_offset": r.last_offset}


def _problems(found: Problems, shown: Shown) -> dict[str, Any]:
    """Return the count and the first problems; where and what value go only to those who may see sources."""
    keys = ("where", "what", "value") if shows(shown.audience, "source_offset") else ("what",)
    rows = [p.as_dict() for p in found.kept[:PROBLEMS_SHOWN]]
    return {"count": found.count, "first": [{k: shown.hidden.clean(row[k]) for k in keys} for row in rows]}


def _us(when: Any) -> int:
    return datetime_us(when)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return us_text(_us(value))
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return value


def _seen(path: Path, at: int) -> dict[str, Any] | None:
    if not len(path):
        return None
    height = float(path.altitude_msl_m[at])
    return {
        "time": us_text(int(path.time_us[at])),
        "lat_deg": round(float(path.lat_deg[at]), 4),
        "lon_deg": round(float(path.lon_deg[at]), 4),
        "altitude_msl_m": round(height) if math.isfinite(height) else None,
    }


def _path(path: Path, start_us: int) -> dict[str, list[Any]]:
    """Return a path as columns: seconds after the start of the flight, degrees to 4 digits (11 m), metres."""
    return {
        "time_s": np.rint((path.time_us - start_us) / 1e6).astype(int).tolist(),
        "lat_deg": np.round(path.lat_deg, 4).tolist(),
        "lon_deg": np.round(path.lon_deg, 4).tolist(),
        "altitude_msl_m": [round(h) if math.isfinite(h) else None for h in path.altitude_msl_m.tolist()],
        "altitude_sigma_m": [round(h) if math.isfinite(h) else None for h in path.altitude_sigma_m.tolist()],
        "gap_after": np.flatnonzero(path.gap_after).tolist(),
    }


def _tolerance(paths: Sequence[Path]) -> float:
    """Return the smallest tolerance, doubling from TOLERANCE_MIN_M, at which all paths fit POINTS_MAX."""
    tolerance_m = TOLERANCE_MIN_M
    while sum(len(p) for p in paths) > POINTS_MAX and tolerance_m < 10_000.0:
        paths = [p.thinned(tolerance_m) for p in paths]
        if sum(len(p) for p in paths) <= POINTS_MAX:
            break
        tolerance_m *= 2.0
    return tolerance_m
