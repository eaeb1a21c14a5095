"""All that is known of one flight, as plain values: path, heights, findings for and against, checks, sources.

The pages and exports of other stages render it; audiences are theirs to apply. It holds what was seen and
what could not be, and every doubt that was ever recorded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waman.errors import InputError
from waman.flights.checks import CHECKS, CHECKS_ES, may_publish_unexplained, not_done
from waman.flights.cut.measures import ALTITUDE_SIGMA_M, HEIGHT_INTERVAL
from waman.flights.sentences import sentence

PATH_ROWS_MAX = 2000


def dossier(flights: pa.Table, tracks: pa.Table, flight: str, *, language: str = "en") -> dict[str, Any]:
    """Return the dossier of one flight.

    Keys: ``flight`` (the row without findings), ``path`` (time, lat, lon, height with a 90 % interval, detected),
    ``seen`` (what was detected and what was not), ``for``, ``against`` and ``unknown`` (findings), ``checks``,
    ``not_checked``, ``doubts``, ``stands_in_the_way`` (of publishing it as unexplained) and ``sources``.

    Raises InputError where there is no such flight.
    """
    found = flights.filter(pc.equal(flights["flight"], flight)).to_pylist()
    if not found:
        raise InputError(f"no flight {flight!r}", hint="flights.parquet holds the names in the column 'flight'")
    row = found[0]
    rows = _rows(tracks, row)
    findings = _findings(row, language)
    return {
        "flight": {k: v for k, v in row.items() if k not in ("findings", "checks", "geometry", "values")},
        "path": _path(rows),
        "seen": _seen(rows, row),
        **{stance: [f for f in findings if f["stance"] == stance] for stance in ("for", "against", "unknown")},
        "checks": _checks(row["checks"], language),
        "not_checked": [_question(name, language) for name in not_done(row["checks"])],
        "doubts": [c for c in row["checks"] if c.get("by") and not c.get("done")],
        "stands_in_the_way": may_publish_unexplained(row["checks"]) if row["verdict"] == "unexplained" else [],
        "sources": _sources(rows),
    }


def _rows(tracks: pa.Table, row: Mapping[str, Any]) -> pa.Table:
    mine = pc.is_in(tracks["track"], pa.array(row["tracks"], pa.int64()))
    during = pc.and_(
        pc.greater_equal(tracks["time"], pa.scalar(row["start"], tracks["time"].type)),
        pc.less_equal(tracks["time"], pa.scalar(row["end"], tracks["time"].type)),
    )
    return tracks.filter(pc.and_(mine, during)).sort_by("time")


def _findings(row: Mapping[str, Any], language: str) -> list[dict[str, Any]]:
    values = row.get("values")
    if not values:
        return [dict(f) for f in row["findings"]]
    return [
        {**f, "text": sentence(f["rule"], json.loads(v), language)}
        for f, v in zip(row["findings"], values, strict=True)
    ]


def _path(rows: pa.Table) -> list[dict[str, Any]]:
    if not rows.num_rows:
        return []
    at = np.unique(np.linspace(0, rows.num_rows - 1, PATH_ROWS_MAX).astype(np.int64))
    names = ["time", "lat_deg", "lon_deg", "altitude_msl_m", "altitude_sigma_m", "altitude_source", "detected"]
    out = []
    for row in rows.select(names).take(pa.array(at, pa.int64())).to_pylist():
        height, sigma = row.pop("altitude_msl_m"), row.pop("altitude_sigma_m")
        margin = HEIGHT_INTERVAL * (ALTITUDE_SIGMA_M if sigma is None else sigma)
        low, high = (None, None) if height is None else (height - margin, height + margin)
        out.append({**row, "height_low_m": low, "height_high_m": high})
    return out


def _seen(rows: pa.Table, row: Mapping[str, Any]) -> dict[str, Any]:
    detected = rows["detected"].to_numpy(zero_copy_only=False) if rows.num_rows else np.zeros(0, bool)
    pd = rows["pd"].drop_null().to_numpy(zero_copy_only=False) if rows.num_rows else np.zeros(0)
    return {
        "rows": int(detected.size),
        "detected": int(detected.sum()),
        "seen_fraction": row["seen_fraction"],
        "expected_mean_pd": float(pd.mean()) if pd.size else None,
        "landing_observed": row["landed"],
        "sensors": sorted({s for s in rows["sensor"].to_pylist() if s}),
    }


def _checks(checks: Sequence[Mapping[str, Any]], language: str) -> list[dict[str, Any]]:
    return [{**c, "question": _question(c["check"], language)} for c in checks]


def _question(name: str, language: str) -> str:
    return (CHECKS_ES if language == "es" else CHECKS).get(name, name)


def _sources(rows: pa.Table) -> list[dict[str, Any]]:
    """Return each source with the first and last byte offset that this flight comes from."""
    if not rows.num_rows:
        return []
    known = rows.select(["source", "offset"]).filter(pc.is_valid(rows["source"]))
    if not known.num_rows:
        return []
    plain = known.set_column(0, "source", pc.cast(known["source"], pa.string()))
    grouped = plain.group_by("source").aggregate([("offset", "min"), ("offset", "max"), ("offset", "count")])
    return sorted(grouped.to_pylist(), key=lambda r: str(r["source"]))
