"""CSV: one row a flight, or one row an observed position. Safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import numpy as np

from waman.export.veil import Shown, ShownFlight
from waman.export.words import doubt_text
from waman.flights.checks import not_done
from waman.geo.time import us_text

FLIGHT_COLUMNS = [
    "flight",
    "start",
    "end",
    "ended",
    "origin",
    "origin_probability",
    "destination",
    "destination_probability",
    "verdict",
    "basis",
    "weight_db",
    "min_agl_low_m",
    "min_agl_high_m",
    "landed",
    "ground_time_s",
    "seen_fraction",
    "revision",
    "last_seen",
    "last_lat_deg",
    "last_lon_deg",
    "findings_for",
    "findings_against",
    "findings_unknown",
    "checks_outstanding",
    "doubts",
    "icao24",
    "callsign",
]
POINT_COLUMNS = ["flight", "doubts", "time", "lat_deg", "lon_deg", "altitude_msl_m", "altitude_sigma_m", "gap_after"]


def flights_csv(shown: Shown) -> str:
    """Return the flights as CSV (RFC 4180, UTF-8, a header line); a text never starts a formula."""
    return _csv(FLIGHT_COLUMNS, (_flight_row(f) for f in shown.flights), shown)


def points_csv(shown: Shown) -> str:
    """Return every observed position that the audience may see as CSV."""
    return _csv(POINT_COLUMNS, (row for f in shown.flights for row in _point_rows(f)), shown)


def _flight_row(f: ShownFlight) -> dict[str, Any]:
    stances = [x["stance"] for x in f.row["findings"]]
    row = {k: f.row[k] for k in FLIGHT_COLUMNS if k in f.row}
    row |= {f"findings_{s}": stances.count(s) for s in ("for", "against", "unknown")}
    row["flight"] = f.flight
    row["checks_outstanding"] = len(not_done(f.row["checks"]))
    row["doubts"] = "; ".join(doubt_text(d) for d in f.row["doubts"])
    row["icao24"], row["callsign"] = " ".join(f.icao24), " ".join(f.callsigns)
    if len(f.path):
        row["last_seen"] = us_text(int(f.path.time_us[-1]))
        row["last_lat_deg"] = round(float(f.path.lat_deg[-1]), 5)
        row["last_lon_deg"] = round(float(f.path.lon_deg[-1]), 5)
    return row


def _point_rows(f: ShownFlight) -> Iterator[dict[str, Any]]:
    p = f.path
    doubts = "; ".join(doubt_text(d) for d in f.row["doubts"])
    for i in range(len(p)):
        yield {
            "flight": f.flight,
            "doubts": doubts,
            "time": us_text(int(p.time_us[i])),
            "lat_deg": round(float(p.lat_deg[i]), 5),
            "lon_deg": round(float(p.lon_deg[i]), 5),
            "altitude_msl_m": _number(p.altitude_msl_m[i]),
            "altitude_sigma_m": _number(p.altitude_sigma_m[i]),
            "gap_after": bool(p.gap_after[i]),
        }


def _number(value: float) -> float | None:
    return round(float(value), 1) if np.isfinite(value) else None


def _csv(columns: Iterable[str], rows: Iterable[dict[str, Any]], shown: Shown) -> str:
    out = io.StringIO()
    names = list(columns)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(n), shown) for n in names])
    return out.getvalue()


def _cell(value: Any, shown: Shown) -> Any:
    """Return one cell; a text that a spreadsheet would run as a formula gets an apostrophe before it.

    Source: OWASP, CSV Injection.
    """
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, str):
        text = shown.hidden.clean(value)
        return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value
