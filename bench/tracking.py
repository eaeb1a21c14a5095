"""The tracking benchmark: Waman against Stone Soup on the same plots, every figure the goals name, missed ones too.

``python bench/tracking.py [--seeds N]`` writes bench/results/tracking.json. Stone Soup's accuracy runs take
an hour; they are read from bench/results/tracking_stonesoup.json, which ``python bench/tracking_stonesoup.py``
writes from the same scenarios and seeds. JPDA-EHM2 is left out for now: set up as in
tracking_stonesoup.py it loses tracks (3.8 IDs per truth on A), which is our set-up's fault, not Stone Soup's.
CPU of both sides is measured here, in one process.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import tracking_stonesoup as stonesoup
from _result import machine, versions
from tracking_ours import FRAME, SCAN_S, core_cpu_s, field, pictures, plots_table, run, sensor
from tracking_scenario import CONFIGS, Scenario, make

from waman.tracks import Params, Tracker
from waman.tracks.metrics import judge
from waman.tracks.metrics.consistency import CHI2_2_95, nees, reliability

RESULTS = Path(__file__).parent / "results"
WAYS = {
    "const": {"causal": True}, "field": {"causal": True}, "bound": {"causal": True, "identify": True},
    "forensic": {"causal": False}, "forensic_bound": {"causal": False, "identify": True},
}  # fmt: skip


def cut(s: Scenario, scans: int) -> Scenario:
    """Return the first scans of a scenario."""
    return Scenario(
        s.side_m, s.pd0, s.clutter, s.truth[:scans], s.turning[:scans], s.plots[:scans], s.owner[:scans], s.pd
    )


def accuracy(seeds: int) -> dict[str, Any]:
    """Return the measures of every configuration, seed and way."""
    out: dict[str, Any] = {}
    for config, all_seeds in stonesoup.SEEDS.items():
        for seed in list(all_seeds)[:seeds]:
            s = cut(make(config, seed), stonesoup.SCANS[config])
            for way, options in WAYS.items():
                given = 0.85 * s.pd0 if way == "const" else field(s)
                found = judge(*pictures(s, run(s, given, **options)), skip=8)
                out.setdefault(config, {}).setdefault(way, {})[str(seed)] = short(found)
        print(config, flush=True)
    return out


def short(found: dict[str, Any]) -> dict[str, float]:
    """Return the figures of one run that the tables compare."""
    return {
        "gospa": found["gospa"]["total"], "missed": found["missed_per_instant"], "false": found["false_per_instant"],
        "switches": found["switches"], "ids_per_truth": found["ids_per_truth"], "completeness": found["completeness"],
        "rms_m": found["horizontal_position_rms_error_m"] or 0.0, "false_tracks": found["false_tracks"],
        "ospa2_m": found["ospa2_m"] or 0.0, "spuriousness": found["siap"]["spuriousness"],
    }  # fmt: skip


def peers() -> dict[str, Any]:
    """Return Stone Soup's measures in the same form, from its results file."""
    file = RESULTS / "tracking_stonesoup.json"
    out: dict[str, Any] = {}
    for r in json.loads(file.read_text())["runs"] if file.is_file() else []:
        out.setdefault(r["config"], {}).setdefault(r["kind"], {})[str(r["seed"])] = short(r["measures"])
    return out


def ratios(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """Return mean GOSPA ratios on the seeds both sides ran, against the better of GNN and EHM2 (by its mean)."""
    out = {}
    for config in ours:
        kinds = {k: v for k, v in theirs.get(config, {}).items() if v}
        if not kinds:
            continue
        seeds = [x for x in ours[config]["field"] if x in kinds["gnn"]]
        base = {
            k: float(np.mean([v[x]["gospa"] for x in seeds])) for k, v in kinds.items() if all(x in v for x in seeds)
        }
        best = min(base.values())
        ours_mean = {w: float(np.mean([v[x]["gospa"] for x in seeds])) for w, v in ours[config].items()}
        out[config] = {
            "seeds": seeds, "stonesoup": base, "ours": ours_mean, "ratio": {w: g / best for w, g in ours_mean.items()},
            "gap_closed": (best - ours_mean["field"]) / (best - ours_mean["bound"]),
            "gap_closed_forensic": (best - ours_mean["forensic"]) / (best - ours_mean["forensic_bound"]),
            "false": {"ours": float(np.mean([ours[config]["field"][x]["false"] for x in seeds])),
                      "gnn": float(np.mean([kinds["gnn"][x]["false"] for x in seeds]))},
            "ids_per_truth_forensic": float(np.mean([ours[config]["forensic"][x]["ids_per_truth"] for x in seeds])),
        }  # fmt: skip
    return out


def cpu() -> dict[str, Any]:
    """Return CPU seconds a scan of both sides on A, B, E (seed 21), in this process, interleaved."""
    out = {}
    for config, scans in (("A", 40), ("B", 30), ("E", 14)):
        s = make(config, 21, scans=scans)
        before = core_cpu_s(s, field(s), repeat=9)
        theirs = {"gnn": float(np.mean(stonesoup.run("gnn", s, points=3)["cpu_s"]))}
        after = core_cpu_s(s, field(s), repeat=9)
        core, whole = (float(np.mean(v)) for v in zip(before, after, strict=True))
        out[config] = {
            "kernels_s": core, "table_to_table_s": whole, "spread_kernels_s": [before[0], after[0]],
            "stonesoup_s": theirs,
            "ratio_kernels_gnn": theirs["gnn"] / core, "ratio_table_gnn": theirs["gnn"] / whole,
        }  # fmt: skip
        print(config, out[config], flush=True)
    return out


def scale() -> dict[str, Any]:
    """Return milliseconds a scan for 1,000 targets and 2,000 false plots over 400 km (30 scans, second half)."""
    CONFIGS["S"] = (1000, 400e3, 0.8, 2000, 30, 0.25)
    s = make("S", 1)
    core, whole = core_cpu_s(s, field(s), repeat=3)
    return {"kernels_ms": 1e3 * core, "table_to_table_ms": 1e3 * whole}


def wrong_field(seeds: int) -> dict[str, Any]:
    """Return how much of the field's gain (missed, IDs per truth) remains with a field wrong by +-0.2."""
    out = {}
    for config in ("B", "M"):
        rows: dict[str, list[tuple[float, float]]] = {"const": [], "field": [], "wrong": []}
        for seed in list(stonesoup.SEEDS[config])[:seeds]:
            s = make(config, seed)
            for way, given in (("const", 0.85 * s.pd0), ("field", field(s)), ("wrong", field(s, wrong=0.2, seed=seed))):
                m = judge(*pictures(s, run(s, given, causal=True)), skip=8)
                rows[way].append((m["missed_per_instant"], m["ids_per_truth"]))
        mean = {w: np.mean(v, axis=0) for w, v in rows.items()}
        kept = (mean["const"] - mean["wrong"]) / (mean["const"] - mean["field"])
        out[config] = {
            "missed_kept": float(kept[0]),
            "ids_kept": float(kept[1]),
            **{w: v.tolist() for w, v in mean.items()},
        }
    return out


def consistency(seeds: int) -> dict[str, Any]:
    """Return NEES, ellipse cover (all, turns) and reliability of existence on B, causal with the field."""
    straight, turns, said, was = [], [], [], []
    for seed in list(stonesoup.SEEDS["B"])[:seeds]:
        s = make("B", seed)
        rows = run(s, field(s), causal=True)
        t = rows["time"].cast("int64").to_numpy()
        scan = np.round((t - t.min()) / (SCAN_S * 1e6)).astype(int)
        x, y = FRAME.to_plane(lat_deg=rows["lat_deg"].to_numpy(), lon_deg=rows["lon_deg"].to_numpy())
        d = np.hypot(s.truth[scan, :, 0] - x[:, None], s.truth[scan, :, 1] - y[:, None])
        near = np.nanargmin(np.where(np.isfinite(d), d, np.inf), axis=1)
        away = d[np.arange(len(x)), near]
        major = rows["sigma_major_m"].to_numpy().astype(float)
        real = away < np.maximum(1000.0, 3.0 * major)
        said.append(rows["existence"].to_numpy().astype(float))
        was.append(real)
        ok = (scan >= 8) & rows["detected"].to_numpy(zero_copy_only=False) & real & (rows["existence"].to_numpy() > 0.6)
        error = np.stack([s.truth[scan, near, 0] - x, s.truth[scan, near, 1] - y], 1)
        value = nees(error, major, rows["sigma_minor_m"].to_numpy().astype(float), rows["sigma_azimuth_deg"].to_numpy())
        turning = s.turning[scan, near]
        straight.append(value[ok & ~turning])
        turns.append(value[ok & turning])
    a, b = np.concatenate(straight), np.concatenate(turns)
    both = np.concatenate([a, b])
    return {
        "nees_per_dof_straight": float(a.mean() / 2), "nees_per_dof_turns": float(b.mean() / 2),
        "ellipse95_all": float((both < CHI2_2_95).mean()), "ellipse95_turns": float((b < CHI2_2_95).mean()),
        "existence": reliability(np.concatenate(said), np.concatenate(was)), "rows": len(both),
    }  # fmt: skip


def memory() -> dict[str, Any]:
    """Return what 10,000 targets at 4 s scans for 10 simulated minutes do to memory and update latency."""
    import resource

    rng = np.random.default_rng(3)
    n, scans, side = 10_000, 150, 800e3
    pos, vel = rng.uniform(-side / 2, side / 2, (n, 2)), rng.uniform(-90, 90, (n, 2))
    shell = Scenario(side, 0.8, 500.0, np.zeros((1, n, 4)), np.zeros((1, n), bool), [], [], np.ones((1, 1)))
    tracker, spent, used = Tracker(sensors=[sensor(shell)], detection_probability=0.8), [], []
    for k in range(scans):
        pos = pos + vel * SCAN_S
        seen = pos[rng.random(n) < 0.8] + rng.normal(0, 60, (1, 2))
        z = np.concatenate([seen, rng.uniform(-side / 2, side / 2, (500, 2))])
        part = Scenario(side, 0.8, 500.0, shell.truth, shell.turning, [z], [np.full(len(z), -1)], shell.pd)
        table = plots_table(part)
        late = table["time"].cast("int64").to_numpy() + int(k * SCAN_S * 1e6)
        table = table.set_column(0, table.schema.field("time"), _times(late))
        t0 = time.perf_counter()
        tracker.update(table)
        spent.append(time.perf_counter() - t0)
        used.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return {
        "latency_p99_s": float(np.quantile(spent[10:], 0.99)), "latency_median_s": float(np.median(spent)),
        "peak_memory_mb_after_third_and_end": [used[scans // 3], used[-1]],
    }  # fmt: skip


def _times(late: np.ndarray[Any, Any]) -> Any:
    import pyarrow as pa

    from waman.tables import TIME

    return pa.array(late).cast(TIME)


def main() -> None:
    """Run the parts asked for and merge them into the results file."""
    ask = argparse.ArgumentParser()
    ask.add_argument("--seeds", type=int, default=5)
    ask.add_argument("--only", default="accuracy,cpu,scale,wrong_field,consistency,memory")
    given = ask.parse_args()
    file = RESULTS / "tracking.json"
    out = json.loads(file.read_text()) if file.is_file() else {}
    out |= {"machine": machine(), "versions": versions("stonesoup", "scipy")}
    out["settings"] = {
        "waman": {k: np.asarray(v).tolist() for k, v in Params()._asdict().items()},
        "stonesoup": stonesoup.SETTINGS,
    }
    parts = {
        "accuracy": lambda: accuracy(given.seeds), "cpu": cpu, "scale": scale,
        "wrong_field": lambda: wrong_field(given.seeds), "consistency": lambda: consistency(given.seeds),
        "memory": memory,
    }  # fmt: skip
    for name in given.only.split(","):
        out[name] = parts[name]()
        file.write_text(json.dumps(out, indent=1) + "\n")
    out["stonesoup"] = peers()
    out["compared"] = ratios(out.get("accuracy", {}), out["stonesoup"])
    file.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
