"""The tracking benchmark: Waman against Stone Soup on the same plots, every figure the goals name, missed ones too.

``python bench/tracking.py`` writes bench/results/tracking.json in about ten minutes. CPU of both sides is measured
here, in one process. Stone Soup's accuracy (GNN and JPDA-EHM2, an hour of runs) does not depend on Waman: it is read
from bench/results/tracking_stonesoup.json, where every run stands under its configuration, seed, settings and version;
``--peer`` runs here what is missing there. ``--only PART,...`` reruns parts of the table; ``measured`` says when, and
on which commit, each part was measured. The ten minutes of 10,000 targets are bench/soak_tracking.py.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import tracking_rows as rows
import tracking_stonesoup as stonesoup
from _result import machine, versions
from tracking_goals import compare, goals
from tracking_ours import core_cpu_s, field, pictures, run
from tracking_scenario import make

from waman.tracks import Params
from waman.tracks.metrics import judge

RESULTS = Path(__file__).parent / "results"
WAYS: dict[str, dict[str, Any]] = {
    "const": {"causal": True}, "field": {"causal": True}, "bound": {"causal": True, "identify": True},
    "forensic": {"causal": False}, "forensic_bound": {"causal": False, "identify": True},
}  # fmt: skip


def accuracy(configs: tuple[str, ...], seeds: int) -> dict[str, Any]:
    """Return our measures of every configuration, way and seed: the scans that Stone Soup is scored on."""
    out: dict[str, Any] = {}
    for config in configs:
        for seed in list(stonesoup.SEEDS[config])[:seeds]:
            s = stonesoup.scenario(config, seed)
            for way, options in WAYS.items():
                given = 0.85 * s.pd0 if way == "const" else field(s)
                found = judge(*pictures(s, run(s, given, **options)), skip=8)
                out.setdefault(config, {}).setdefault(way, {})[str(seed)] = short(found)
        print(config, flush=True)
    return out


def short(found: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of one run that the tables compare; GOSPA's parts are means of squares [m^2]."""
    return {
        "gospa": found["gospa"]["total"], "gospa_parts": {k: v for k, v in found["gospa"].items() if k != "total"},
        "missed": found["missed_per_instant"], "false": found["false_per_instant"],
        "switches": found["switches"], "ids_per_truth": found["ids_per_truth"], "completeness": found["completeness"],
        "rms_m": found["horizontal_position_rms_error_m"] or 0.0, "false_tracks": found["false_tracks"],
        "initiation_delay_s": found["track_initiation_delay_s"], "longest_gap_s": found["longest_gap_s"],
        "ospa2_m": found["ospa2_m"] or 0.0, "spuriousness": found["siap"]["spuriousness"],
    }  # fmt: skip


def peers(*, run_missing: bool) -> dict[str, Any]:
    """Return Stone Soup's stored measures by configuration, kind and seed; with ``run_missing`` run the others."""
    done = stonesoup.stored()
    out: dict[str, Any] = {}
    for kind, config, seed, scans, use in stonesoup.scored_runs():
        name = stonesoup.key(kind, config, seed, scans, use)
        if name not in done["runs"] and run_missing:
            done["runs"][name] = stonesoup.judged(kind, stonesoup.scenario(config, seed), use)
            stonesoup.FILE.write_text(json.dumps(done, indent=1) + "\n")
        if name in done["runs"]:
            found = done["runs"][name]
            row = short(found["measures"]) | {"cpu_s_per_scan": found["cpu_s_per_scan"]}
            out.setdefault(config, {}).setdefault(kind, {})[str(seed)] = row
    return out


def cpu(rounds: int = 3) -> dict[str, Any]:
    """Return CPU seconds a scan of both sides on A, B, E (seed 21), in this process: ours, theirs, ours, and again.

    A shared machine wanders by a third from minute to minute: medians over the rounds, and each round beside them.
    """
    out = {}
    for config, scans in (("A", 40), ("B", 30), ("E", 14)):
        s = make(config, 21, scans=scans)
        found: list[dict[str, Any]] = []
        for _ in range(rounds):
            before = core_cpu_s(s, field(s), repeat=9)
            theirs = {
                k: float(np.mean(stonesoup.run(k, s, stonesoup.CHOSEN[config])["cpu_s"])) for k in stonesoup.KINDS
            }
            after = core_cpu_s(s, field(s), repeat=9)
            core, whole = (float(np.mean(v)) for v in zip(before, after, strict=True))
            found.append({
                "kernels_s": core, "table_to_table_s": whole, "stonesoup_s": theirs,
                "ratio_kernels": {k: v / core for k, v in theirs.items()},
                "ratio_table_to_table": {k: v / whole for k, v in theirs.items()},
            })  # fmt: skip
        out[config] = median_of(found) | {"scans": scans, "rounds": found}
        print(config, out[config], flush=True)
    return out


def median_of(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the median of every figure of the rounds."""
    return {
        k: median_of([r[k] for r in rounds]) if isinstance(v, dict) else float(np.median([r[k] for r in rounds]))
        for k, v in rounds[0].items()
    }


def settings() -> dict[str, Any]:
    """Return both sides' settings."""
    return {
        "waman": {k: np.asarray(v).tolist() for k, v in Params()._asdict().items()},
        "stonesoup": stonesoup.COMMON | {c: repr(use) for c, use in stonesoup.CHOSEN.items()},
        "scans": stonesoup.SCANS, "scored_from_scan": 8,
    }  # fmt: skip


def commit() -> str:
    """Return the commit the code stands at, where git says."""
    call = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    return subprocess.run(call, capture_output=True, text=True, check=False).stdout.strip()


def main() -> None:
    """Run the parts asked for, merge them into the results file and compare."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--seeds", type=int, default=5)
    ask.add_argument(
        "--only", default="accuracy,real,cpu,scale,day,strict,third_plot,abreast,wrong_field,consistency,registration"
    )
    ask.add_argument("--peer", action="store_true", help="also run what Stone Soup's results file lacks (an hour)")
    given = ask.parse_args()
    file = RESULTS / "tracking.json"
    out: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    out |= {"machine": machine(), "versions": versions("stonesoup", "scipy"), "settings": settings()}
    parts: dict[str, Callable[[], Any]] = {
        "accuracy": lambda: accuracy(("A", "B", "C", "D", "E", "M"), given.seeds),
        "real": lambda: accuracy(stonesoup.REAL, given.seeds),
        "cpu": cpu, "scale": rows.scale, "day": rows.day,
        "strict": lambda: rows.strict(given.seeds), "third_plot": lambda: rows.third_plot(given.seeds),
        "abreast": lambda: rows.abreast(given.seeds),
        "wrong_field": lambda: rows.wrong_field(given.seeds),
        "consistency": lambda: rows.consistency(given.seeds),
        "registration": lambda: rows.registration(given.seeds),
    }  # fmt: skip
    for name in [n for n in given.only.split(",") if n]:
        out[name] = parts[name]()
        out.setdefault("measured", {})[name] = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {commit()}"
        file.write_text(json.dumps(out, indent=1) + "\n")
    soak = RESULTS / "soak_tracking.json"
    out["ten_thousand"] = json.loads(soak.read_text())["figures"] if soak.is_file() else None
    out["stonesoup"] = peers(run_missing=given.peer)
    out["compared"] = compare(out.get("accuracy", {}) | out.get("real", {}), out["stonesoup"])
    out["goals"] = goals(out)
    file.write_text(json.dumps(out, indent=1) + "\n")
    for name, goal in out["goals"].items():
        print(f"{'met   ' if goal['met'] else 'MISSED'} {name}: {goal['goal']}; reached {goal['reached']}")


if __name__ == "__main__":
    main()
