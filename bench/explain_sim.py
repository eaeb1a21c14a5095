"""Explanations held against simulated truth: who stays explained, who is called unexplained, by how much was seen.

    python bench/explain_sim.py --world base --seeds 1000:1020     # one simulator, some seeds; adds to the JSON
    python bench/explain_sim.py                                    # every simulator, twenty seeds: 20 CPU minutes
    python bench/explain_sim.py --processes 2                      # the same in half the time
    python bench/explain_sim.py --report                           # docs/explanation.md and its figure from the JSON

Seeds begin at 1000; none of them is used by tools/fit_weights.py. Association is ideal (see simulated.py). A flight
counts as unexplained where any of its legs is, as explained where any of its legs is. Each run replaces what the JSON
holds of its simulator and seeds, so that a stopped run keeps what it has measured.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [p for p in (str(ROOT / "src"), str(ROOT / "bench")) if p not in sys.path]

import _result  # noqa: E402
from simulated import flights, judged, scenario, seen_every_10_s  # noqa: E402

from waman.sim import ALTERNATIVES  # noqa: E402

DAYS = 21
SEEDS = (1000, 1020)
EDGES = (*(round(k * 0.1, 1) for k in range(10)), 1.01)
DISGUISED = ("corridor_cloned", "corridor_stolen", "corridor_plan_left")
PLAIN = ("corridor_dark", "corridor_open")
BINS_DB = (-99.0, -20.0, -15.0, -10.0, -5.0, -2.0, 2.0, 5.0, 10.0, 15.0, 20.0, 99.0)
Row = dict[str, Any]
GROUPS: dict[str, Callable[[Row], bool]] = {
    "lawful_with_trace": lambda r: r["lawful"] and not _hard(r) and r["trace"],
    "lawful_without_trace": lambda r: r["lawful"] and not _hard(r) and not r["trace"],
    "hard": lambda r: r["lawful"] and _hard(r),
    "corridor_seen_half": lambda r: r["category"] in PLAIN and r["seen"] >= 0.5,
    "corridor": lambda r: r["category"] in PLAIN,
    "disguised": lambda r: r["category"] in DISGUISED,
    "twins": lambda r: bool(r["twin"]),
}
GOALS = (
    ("lawful_with_trace", "unexplained", "at most", 0.001),
    ("hard", "unexplained", "at most", 0.05),
    ("corridor_seen_half", "unexplained", "at least", 0.90),
    ("disguised", "not explained", "at least", 0.90),
    ("twins", "unexplained", "at most", 0.0),
)


def _hard(row: Row) -> bool:
    return str(row["category"]).startswith("hard")


def counted(rows: list[Row]) -> dict[str, list[int]]:
    """Return flights, unexplained and explained ones of each group, class and step of the share seen, and the bins."""
    groups = {name: [r for r in rows if belongs(r)] for name, belongs in GROUPS.items()}
    groups |= {f"class {c}": [r for r in rows if r["category"] == c] for c in sorted({r["category"] for r in rows})}
    for a, b in pairwise(EDGES):
        for name in ("corridor", "lawful_with_trace", "hard"):
            groups[f"seen {a:.1f} {name}"] = [r for r in groups[name] if a <= r["seen"] < b]
    out = {
        name: [len(g), *(sum(word in r["legs"] for r in g) for word in ("unexplained", "explained"))]
        for name, g in groups.items()
    }
    for a, b in pairwise(BINS_DB):
        legs = [(r["lawful"], w) for r in rows for w in r["weights_db"] if a <= w < b]
        mean = sum(w for _, w in legs)
        out[f"weight {a:g}"] = [sum(law for law, _ in legs), sum(not law for law, _ in legs), round(mean)]
    return out


def share(n: int, k: int) -> dict[str, float | int]:
    """Return a share with its 95 % interval (Wilson 1927)."""
    z = 1.96
    if not n:
        return {"n": 0, "count": 0, "share": math.nan, "low": 0.0, "high": 1.0}
    centre, half = (k + z * z / 2) / (n + z * z), z * math.sqrt(k * (n - k) / n + z * z / 4) / (n + z * z)
    low, high = max(centre - half, 0.0), min(centre + half, 1.0)
    return {"n": n, "count": k, "share": round(k / n, 5), "low": round(low, 5), "high": round(high, 5)}


def figures(counts: dict[str, list[int]]) -> dict[str, Any]:
    """Return the figures that the claims are about, for one simulator."""
    out: dict[str, Any] = {}
    for name in GROUPS:
        n, unexplained, explained = counts[name]
        out[name] = {"unexplained": share(n, unexplained), "explained": share(n, explained)}
    reached = {}
    for name, word, sign, goal in GOALS:
        n, unexplained, explained = counts[name]
        value = (unexplained if word == "unexplained" else n - explained) / max(n, 1)
        met = value <= goal if sign == "at most" else value >= goal
        reached[f"{name} {word}"] = {"value": round(value, 5), "goal": f"{sign} {goal:g}", "reached": met}
    out["goals"] = reached
    out["by_class"] = {
        name.removeprefix("class "): {"n": v[0], "unexplained": v[1], "explained": v[2]}
        for name, v in counts.items()
        if name.startswith("class ")
    }
    out["by_share_seen"] = {
        name.removeprefix("seen "): {"n": v[0], "unexplained": v[1], "explained": v[2]}
        for name, v in counts.items()
        if name.startswith("seen ")
    }
    out["calibration"] = calibration(counts)
    return out


def calibration(counts: dict[str, list[int]]) -> list[dict[str, float | int]]:
    """Return, for legs by their sum of weights, the decibans that the truth gives them: 10 log10 of the two shares."""
    bins = {name: v for name, v in counts.items() if name.startswith("weight ")}
    lawful, corridor = (max(sum(v[i] for v in bins.values()), 1) for i in (0, 1))
    return [
        {
            "lawful": v[0],
            "corridor": v[1],
            "mean_weight_db": round(v[2] / (v[0] + v[1]), 1),
            "observed_db": round(10.0 * math.log10((v[0] + 0.5) / lawful / ((v[1] + 0.5) / corridor)), 1),
        }
        for v in bins.values()
        if v[0] + v[1]
    ]


Each = Callable[[Callable[[int], dict[str, list[int]]], range], Iterable[dict[str, list[int]]]]


def measure(name: str, seeds: range, days: int, each: Each = map) -> None:
    """Measure one simulator and write what is known so far."""
    path = _result.FOLDER / "explain_sim.json"
    kept = json.loads(path.read_text(encoding="utf-8"))["figures"] if path.is_file() else {}
    by_seed: dict[str, dict[str, dict[str, list[int]]]] = kept.get("counts", {})
    mine = by_seed.setdefault(name, {})
    if kept.get("settings", {}).get("days_each") not in (None, days):
        sys.exit(f"{path.name} holds runs of other lengths: measure them again with --fresh")
    start = time.perf_counter()
    for seed, counts in zip(seeds, each(partial(one, name, days), seeds), strict=True):
        mine[str(seed)] = counts
    whole: dict[str, list[int]] = {}
    for counts in mine.values():
        for key, values in counts.items():
            whole[key] = [a + b for a, b in zip(whole.get(key, [0] * len(values)), values, strict=True)]
    found = kept.get("simulators", {})
    found[name] = {"seeds": len(mine), **figures(whole)}
    missing = [n for n in ALTERNATIVES if found.get(n, {}).get("seeds", 0) < SEEDS[1] - SEEDS[0]]
    settings = {"days_each": days, "association": "ideal", "seeds_from": SEEDS[0], "not_measured_in_full": missing}
    order = {n: found[n] for n in ALTERNATIVES if n in found}
    every = not missing and all(g["reached"] for f in order.values() for g in f["goals"].values())
    _result.write(
        "explain_sim",
        {"settings": settings, "every_goal_reached": every, "simulators": order, "counts": by_seed},
        packages=["scipy", "pyarrow"],
    )
    print(name, f"{time.perf_counter() - start:.0f} s", json.dumps(found[name]["goals"]), flush=True)


def one(name: str, days: int, seed: int) -> dict[str, list[int]]:
    """Return the counts of one world."""
    found = scenario(seed=seed, days=days, alternative=name, spacing_arcsec=15.0)
    return counted(flights(judged(seen_every_10_s(found))))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--world", default=",".join(ALTERNATIVES), help="simulators, comma between")
    asked.add_argument("--seeds", default=f"{SEEDS[0]}:{SEEDS[1]}", help="first:last, last not included")
    asked.add_argument("--days", type=int, default=DAYS)
    asked.add_argument("--processes", type=int, default=1, help="side by side")
    asked.add_argument("--fresh", action="store_true", help="forget what was measured before")
    asked.add_argument("--report", action="store_true", help="write docs/explanation.md from the JSON")
    a = asked.parse_args()
    if a.report:
        from explain_sim_page import write_page

        write_page(json.loads((_result.FOLDER / "explain_sim.json").read_text(encoding="utf-8"))["figures"])
        return
    if a.fresh:
        (_result.FOLDER / "explain_sim.json").unlink(missing_ok=True)
    first, last = (int(v) for v in a.seeds.split(":"))
    with ProcessPoolExecutor(a.processes) if a.processes > 1 else nullcontext() as pool:
        for name in a.world.split(","):
            measure(name, range(first, last), a.days, pool.map if pool else map)


if __name__ == "__main__":
    main()
