"""Where flights began and ended, beside the traffic library; and the lawful flights that must stay explained.

Both are given the same recording and the same aerodrome table. Waman works on tracks built straight from the
recording (one an aircraft, no smoothing), so that only this stage is compared. The library always names the nearest
aerodrome of the first and last position; it is taken to judge where that one is nearer than 10 km.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests"), str(ROOT / "bench")]

import _result  # noqa: E402
import shapely  # noqa: E402

from flights.recordings import read_states, tracks_of  # noqa: E402
from waman.flights import Given, explain, given_of, listed_aerodromes  # noqa: E402
from waman.flights.stage import flights_of  # noqa: E402
from waman.geo.geodesy import inverse  # noqa: E402
from waman.store import samples  # noqa: E402

PEER = ["traffic==2.13", "pandas<3"]
JUDGED_M = 10_000.0
ODD = ("medevac", "border", "surveys", "gliders", "fires")


def peer_python() -> Path:
    """Return the Python of the peer's own environment, made in the user's cache when it is not there."""
    folder = samples.cache_folder() / "bench" / "traffic-2.13"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / ".complete").is_file():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEER], check=True)
        (folder / ".complete").touch()
    return python


def run_peer(recording: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder) / "airports.csv", Path(folder) / "out.json"
        with table.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["name", "iata", "icao", "latitude", "longitude", "country", "altitude"])
            for p in listed_aerodromes():
                feet = (p["elevation_msl_m"] or 0.0) / 0.3048
                rows.writerow([p["name"], "", p["id"], p["lat_deg"], p["lon_deg"], "", feet])
        script = ROOT / "bench" / "peers" / "traffic_airports.py"
        subprocess.run([peer_python(), script, recording, table, out], check=True)
        return dict(json.loads(out.read_text(encoding="utf-8")))


def why(row: dict[str, Any], end: str, other: str, given: Given) -> str:
    """Say how the last leg lies to both aerodromes: off the nose, and how far."""
    path = shapely.get_coordinates(shapely.from_wkb(row["geometry"]))
    tip, back = (path[0], path[4]) if end == "origin" else (path[-1], path[-5])
    course = inverse(lat1_deg=back[1], lon1_deg=back[0], lat2_deg=tip[1], lon2_deg=tip[0])[1]
    parts = []
    for name in (row[end], other):
        at = given.places.ids.index(name)
        there = {"lat2_deg": given.places.lat_deg[at], "lon2_deg": given.places.lon_deg[at]}
        metres, bearing = inverse(lat1_deg=tip[1], lon1_deg=tip[0], **there)
        off = abs((float(bearing) - float(course) + 180.0) % 360.0 - 180.0)
        parts.append(f"{name} {float(metres) / 1000:.1f} km away and {off:.0f} degrees off its course")
    return "last position: " + ", ".join(parts)


def compare(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], given: Given) -> dict[str, Any]:
    """Match ends of flights by address and time (2 minutes) and count where both name an aerodrome, and the same."""
    judged, agreed, missing, differ = 0, 0, 0, []
    for row in ours:
        for mine, word, time, when in (
            ("origin", "takeoff", row["start"], "start_s"),
            ("destination", "landing", row["end"], "stop_s"),
        ):
            near = [t for t in theirs if t["icao24"] == row["icao24"] and abs(t[when] - time.timestamp()) < 600.0]
            if row[mine] is None:
                continue
            near = [t for t in near if t[word + "_m"] < JUDGED_M]
            if not near:
                missing += 1
                continue
            best = min(near, key=lambda t: abs(t[when] - time.timestamp()))
            judged += 1
            agreed += best[word] == row[mine]
            if best[word] != row[mine]:
                differ.append(
                    {
                        "end": word,
                        "why": why(row, mine, best[word], given),
                        "waman": row[mine],
                        "waman_probability": row[mine + "_probability"],
                        "traffic": best[word],
                        "traffic_distance_m": round(best[word + "_m"]),
                    }
                )
    return {"judged_by_both": judged, "agree": agreed, "only_waman": missing, "disagreements": differ}


def paris() -> dict[str, Any]:
    recording = samples.sample_files("paris")[0]
    tracks, given = tracks_of(read_states(recording)), given_of()
    given.places.near(lat_deg=48.0, lon_deg=2.0, count=1)  # builds the tree of places once, as the peer's table is
    seconds = _result.cpu_seconds(lambda: flights_of(tracks, given), runs=7)
    whole = _result.cpu_seconds(lambda: explain(tracks, given), runs=5)
    peer = run_peer(recording)
    out = compare(explain(tracks, given).to_pylist(), peer["rows"], given)
    ours = _result.spread(seconds)
    return {
        **out,
        "agreement": out["agree"] / max(out["judged_by_both"], 1),
        "waman_flights_and_ends_cpu_s": ours,
        "waman_whole_explanation_cpu_s": _result.spread(whole),
        "traffic_cpu_s": _result.spread(peer["seconds"]),
        "times_faster": peer["median_s"] / ours["median"],
        "times_faster_with_all_rules": peer["median_s"] / _result.spread(whole)["median"],
        "same_work": f"aerodromes of both ends; traffic judges where the nearest is < {JUDGED_M / 1000:.0f} km away",
    }


def odd() -> dict[str, Any]:
    out: dict[str, Any] = {}
    for label, strip in (("with_identity", False), ("identity_stripped", True)):
        count: Counter[str] = Counter()
        by_name: dict[str, dict[str, int]] = {}
        for name in ODD:
            mine: Counter[str] = Counter()
            for path in samples.sample_files(name):
                found = explain(tracks_of(read_states(path), strip_identity=strip), given_of())
                mine.update(found["verdict"].to_pylist())
            by_name[name] = dict(mine)
            count.update(mine)
        total = sum(count.values())
        out[label] = {
            "flights": total,
            "unexplained": count["unexplained"],
            "explained_share": count["explained"] / max(total, 1),
            "by_recording": by_name,
        }
    return out


def main() -> None:
    figures = {"paris": paris(), "lawful_but_odd": odd()}
    figures["switzerland"] = switzerland()
    _result.write("explain", figures, packages=["airportsdata", "pyarrow", "scipy"])
    print(json.dumps(figures, indent=1, default=float))


def switzerland() -> dict[str, Any]:
    found = explain(tracks_of(read_states(samples.sample_files("switzerland")[0])), given_of())
    named = found.num_rows * 2 - found["origin"].null_count - found["destination"].null_count
    return {
        "flights": found.num_rows,
        "ends_named": named,
        "unexplained": found["verdict"].to_pylist().count("unexplained"),
    }


if __name__ == "__main__":
    main()
