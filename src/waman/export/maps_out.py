"""GeoJSON (RFC 7946), KML 2.3 with time (gx:Track) and GPX 1.1, from what an audience may see.

The line of a flight is broken where nothing was observed: no format draws a path through a gap.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from waman.export.path import Path
from waman.export.veil import Shown, ShownFlight
from waman.export.words import doubt_text
from waman.flights.checks import not_done
from waman.geo.time import us_text

CAVEAT = "Apparent flights. A verdict speaks of evidence, not of people; what was not observed proves nothing."
COLOURS = {
    "explained": "ffb27200",
    "unexplained": "ff005ed5",
    "insufficient": "ff6e6e6e",
    "not_yet_explained": "ff963d7a",
}
"""KML colours, aabbggrr; the same as on the page."""
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_geojson(shown: Shown) -> str:
    """Return flights and places as GeoJSON; each flight is a MultiLineString with one line for each observed run."""
    features = [_flight_feature(f, shown) for f in shown.flights]
    features += [_place_feature(p) for p in shown.places]
    for f in shown.flights:
        features += [_cell_feature(f, c.lat_deg, c.lon_deg, c.what) for c in f.cells]
    whole = {"type": "FeatureCollection", "audience": shown.audience, "caveat": CAVEAT, "features": features}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def to_kml(shown: Shown) -> str:
    """Return flights as KML with a gx:Track for each observed run, so that a viewer can play them."""
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>',
        f"<name>Waman</name><description>{_xml(CAVEAT, shown)}</description>",
    ]
    for verdict, colour in COLOURS.items():
        out.append(f'<Style id="{verdict}"><LineStyle><color>{colour}</color><width>3</width></LineStyle></Style>')
    for f in shown.flights:
        out.append(f"<Placemark><name>{_xml(f.flight, shown)}</name><styleUrl>#{f.row['verdict']}</styleUrl>")
        out.append(f"<description>{_xml(_sentence(f), shown)}</description>")
        out.append("<gx:MultiTrack><gx:interpolate>0</gx:interpolate>")
        out.extend(_kml_track(run) for run in _runs(f.path))
        out.append("</gx:MultiTrack></Placemark>")
    for p in shown.places:
        out.append(
            f"<Placemark><name>{_xml(str(p.get('name') or p['id']), shown)}</name>"
            f"<Point><coordinates>{p['lon_deg']:.5f},{p['lat_deg']:.5f}</coordinates></Point></Placemark>"
        )
    return "\n".join([*out, "</Document></kml>"]) + "\n"


def to_gpx(shown: Shown) -> str:
    """Return flights as GPX tracks, one segment for each observed run."""
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<gpx version="1.1" creator="Waman" xmlns="http://www.topografix.com/GPX/1/1">',
        f"<metadata><desc>{_xml(CAVEAT, shown)}</desc></metadata>",
    ]
    for f in shown.flights:
        out.append(f"<trk><name>{_xml(f.flight, shown)}</name><desc>{_xml(_sentence(f), shown)}</desc>")
        for run in _runs(f.path):
            out.append("<trkseg>")
            for i in range(len(run)):
                height = run.altitude_msl_m[i]
                ele = f"<ele>{height:.0f}</ele>" if np.isfinite(height) else ""
                out.append(
                    f'<trkpt lat="{run.lat_deg[i]:.5f}" lon="{run.lon_deg[i]:.5f}">{ele}'
                    f"<time>{us_text(int(run.time_us[i]))}</time></trkpt>"
                )
            out.append("</trkseg>")
        out.append("</trk>")
    return "\n".join([*out, "</gpx>"]) + "\n"


def _runs(path: Path) -> Iterator[Path]:
    """Yield the observed runs between gaps."""
    first = 0
    for last in [*np.flatnonzero(path.gap_after).tolist(), len(path) - 1]:
        if last >= first:
            mask = np.zeros(len(path), bool)
            mask[first : last + 1] = True
            yield path.keep(mask)
        first = last + 1


def _flight_feature(f: ShownFlight, shown: Shown) -> dict[str, Any]:
    lines, times = [], []
    for run in _runs(f.path):
        line = [_position(run, i) for i in range(len(run))]
        lines.append(line if len(line) > 1 else line * 2)  # RFC 7946: a line has two positions or more
        times.append([us_text(int(t)) for t in run.time_us])
    left_out = {"tracks", "checks", "doubts", "waits_for"}
    properties = {k: _plain(v, shown) for k, v in f.row.items() if k not in left_out}
    properties |= {"flight": f.flight, "kind": "flight", "times": times}
    properties["checks_outstanding"] = not_done(f.row["checks"])
    properties["doubts"] = [shown.hidden.clean(doubt_text(d)) for d in f.row["doubts"]]
    if f.icao24 or f.callsigns:
        properties |= {"icao24": list(f.icao24), "callsign": list(f.callsigns)}
    geometry = {"type": "MultiLineString", "coordinates": lines} if lines else None
    return {"type": "Feature", "id": f.flight, "geometry": geometry, "properties": properties}


def _position(run: Path, i: int) -> list[float]:
    at = [round(float(run.lon_deg[i]), 5), round(float(run.lat_deg[i]), 5)]
    height = run.altitude_msl_m[i]
    return [*at, round(float(height), 1)] if np.isfinite(height) else at


def _place_feature(place: Any) -> dict[str, Any]:
    properties = {k: _plain(v, None) for k, v in place.items() if k not in ("lat_deg", "lon_deg")}
    return _point(place["lat_deg"], place["lon_deg"], properties)


def _cell_feature(f: ShownFlight, lat_deg: float, lon_deg: float, what: str) -> dict[str, Any]:
    return _point(lat_deg, lon_deg, {"kind": "cell", "what": what, "cell_m": 5000, "flight": f.flight})


def _point(lat_deg: float, lon_deg: float, properties: dict[str, Any]) -> dict[str, Any]:
    at = {"type": "Point", "coordinates": [round(float(lon_deg), 5), round(float(lat_deg), 5)]}
    return {"type": "Feature", "geometry": at, "properties": properties}


def _plain(value: Any, shown: Shown | None) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    if isinstance(value, str):
        return shown.hidden.clean(value) if shown else value
    if isinstance(value, list):
        return [_plain(v, shown) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v, shown) for k, v in value.items()}
    return value


def _sentence(f: ShownFlight) -> str:
    ended = str(f.row["ended"]).replace("_", " ")
    texts = "; ".join(str(x["text"]) for x in f.row["findings"] if x["text"])
    doubts = "".join(f" Doubt: {doubt_text(d)}." for d in f.row["doubts"])
    return f"{f.row['verdict']}; ended: {ended}.{doubts} {texts}"


def _kml_track(run: Path) -> str:
    known = np.isfinite(run.altitude_msl_m)
    mode = "absolute" if known.all() else "clampToGround"
    height = np.where(known, run.altitude_msl_m, 0.0)
    when = "".join(f"<when>{us_text(int(t))}</when>" for t in run.time_us)
    coords = "".join(
        f"<gx:coord>{x:.5f} {y:.5f} {z:.0f}</gx:coord>"
        for x, y, z in zip(run.lon_deg, run.lat_deg, height, strict=True)
    )
    return f"<gx:Track><altitudeMode>{mode}</altitudeMode>{when}{coords}</gx:Track>"


def _xml(text: str, shown: Shown) -> str:
    return escape(_NOT_XML.sub("", shown.hidden.clean(text)))
