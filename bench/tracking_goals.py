"""The goals of tracking and what was reached: computed from the table, never written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

Table = dict[str, Any]


def compare(ours: Table, theirs: Table) -> Table:
    """Return means over the seeds both sides ran, against the better of GNN and EHM2.

    The better one is that of the lower mean GOSPA on the seeds both of them ran.
    """
    out: Table = {}
    for config, ways in ours.items():
        peers = theirs.get(config, {})
        common = [x for x in ways["field"] if peers and all(x in v for v in peers.values())]
        if not common:
            continue
        best = min((_mean([v[x]["gospa"] for x in common]), k) for k, v in peers.items())[1]
        seeds = [x for x in ways["field"] if x in peers[best]]
        kinds = {k: v for k, v in peers.items() if all(x in v for x in seeds)}
        rows = {
            name: {m: _mean([v[x][m] for x in seeds]) for m in MEASURES} | _parts([v[x] for x in seeds])
            for name, v in {**kinds, **ways}.items()
        }
        base = rows[best]["gospa"]
        out[config] = {
            "seeds": seeds, "best_stonesoup": best, "rows": rows,
            "common_seeds": common,
            "stonesoup_on_common_seeds": {k: _mean([v[x]["gospa"] for x in common]) for k, v in peers.items()},
            "gospa_ratio": {w: rows[w]["gospa"] / base for w in ways},
            "gap_closed_causal": _closed(base, rows["field"]["gospa"], rows["bound"]["gospa"]),
            "gap_closed_forensic": _closed(base, rows["forensic"]["gospa"], rows["forensic_bound"]["gospa"]),
        }  # fmt: skip
    return out


MEASURES = (
    "gospa", "missed", "false", "switches", "ids_per_truth", "completeness", "rms_m", "false_tracks", "longest_gap_s",
    "ospa2_m", "spuriousness",
)  # fmt: skip


def _mean(values: list[float]) -> float:
    return float(np.mean(values))


def _parts(rows: list[Table]) -> Table:
    return {f"gospa_{k}_m2": _mean([r["gospa_parts"][k] for r in rows]) for k in ("localisation", "missed", "false")}


def _closed(base: float, ours: float, bound: float) -> float | None:
    return (base - ours) / (base - bound) if base > bound else None


def _goal(text: str, reached: Any, met: bool) -> Table:
    return {"goal": text, "reached": reached, "met": bool(met)}


def goals(out: Table) -> Table:
    """Return every goal of the issue with its figure; a figure not measured is None and not met."""
    found = _accuracy_goals(out["compared"]) | _own_goals(out)
    if third := out.get("third_plot"):
        c, five = out["compared"], "ABCDE"
        late = _mean(
            [_mean([third[x][s] for s in c[x]["seeds"]]) / c[x]["rows"][c[x]["best_stonesoup"]]["gospa"] for x in five]
        )
        bound = _mean([c[x]["gospa_ratio"]["bound"] for x in five])
        found["gap_closed_causal"]["reached"]["told, from the third plot on"] = (1.0 - late) / (1.0 - bound)
    return found


def _accuracy_goals(c: Table) -> Table:
    five = [x for x in "ABCDE" if x in c]
    scored = [x for x in "ABCDEM" if x in c]
    whole = len(five) == 5
    causal = {x: c[x]["gospa_ratio"]["field"] for x in scored}
    forensic = {x: c[x]["gospa_ratio"]["forensic"] for x in scored}
    mean = {w: _mean([r[x] for x in five]) if five else None for w, r in (("c", causal), ("f", forensic))}
    closed = {w: {x: c[x][f"gap_closed_{w}"] for x in scored} for w in ("causal", "forensic")}
    over = {w: _whole_gap(c, scored, *ways) for w, ways in GAPS.items()} if scored else {}
    found: Table = {
        "gospa_causal_mean_A_E": _goal(
            "<= 0.88 of the best tuned Stone Soup (stretch 0.85)", {"mean": mean["c"], **causal},
            whole and mean["c"] <= 0.88,
        ),
        "gospa_causal_B_M": _goal(
            "<= 0.92 each", {x: causal.get(x) for x in "BM"}, all(causal.get(x, 9.0) <= 0.92 for x in "BM")
        ),
        "gospa_forensic_mean_A_E": _goal(
            "<= 0.78 (stretch 0.72)", {"mean": mean["f"], **forensic}, whole and mean["f"] <= 0.78
        ),
        "gap_closed_causal": _goal(
            ">= 0.75 of the gap to perfect association, on the mean", {"mean": over.get("causal"), **closed["causal"]},
            whole and over["causal"] >= 0.75,
        ),
        "gap_closed_forensic": _goal(
            ">= 0.75, on the mean", {"mean": over.get("forensic"), **closed["forensic"]},
            whole and over["forensic"] >= 0.75,
        ),
    }  # fmt: skip
    if "D" in c:
        rows = c["D"]["rows"]
        false = {"ours": rows["field"]["false"], "forensic": rows["forensic"]["false"]}
        false |= {k: rows[k]["false"] for k in ("gnn", "ehm2") if k in rows}
        tracks = {w: rows[w]["false_tracks"] for w in ("field", "forensic", "gnn", "ehm2") if w in rows}
        text = "<= 1/5 of Stone Soup's false tracks an instant at Pd 0.5 (D); the second line counts tracks"
        found["false_at_pd_half"] = _goal(
            text, [false, tracks], false["ours"] <= rows[c["D"]["best_stonesoup"]]["false"] / 5
        )
    if "M" in c:
        ids = {w: r["ids_per_truth"] for w, r in c["M"]["rows"].items()}
        found["ids_per_truth_forensic_M"] = _goal("<= 1.1 at 35 % masked", ids, ids["forensic"] <= 1.1)
    real = {
        x: {w: c[x]["rows"][w]["switches"] for w in c[x]["rows"]}
        for x in ("paris", "switzerland")
        if x in c and "gnn" in c[x]["rows"]
    }
    half = [r["field"] <= r["gnn"] / 2 for r in real.values()]
    found["switches_on_real_trajectories"] = _goal(
        "<= half of Stone Soup GNN's (causal)", real, len(half) == 2 and all(half)
    )
    half = [r["forensic"] <= r["gnn"] / 2 for r in real.values()]
    found["switches_on_real_trajectories_forensic"] = _goal("the same, forensic", None, len(half) == 2 and all(half))
    found["switches_on_real_trajectories_forensic"]["reached"] = {x: r["forensic"] / r["gnn"] for x, r in real.items()}
    return found


GAPS = {"causal": ("field", "bound"), "forensic": ("forensic", "forensic_bound")}


def _whole_gap(c: Table, configs: list[str], way: str, bound: str) -> float:
    """Return the closed share of the gap between mean ratios (each configuration weighs alike)."""
    ours, best = (_mean([c[x]["gospa_ratio"][w] for x in configs]) for w in (way, bound))
    return (1.0 - ours) / (1.0 - best)


def _own_goals(out: Table) -> Table:
    found: Table = {}
    if cpu := out.get("cpu"):
        reached = {c: r["ratio_kernels"] for c, r in cpu.items()}
        table = {c: r["ratio_table_to_table"] for c, r in cpu.items()}
        text = ">= 1000 x Stone Soup's CPU a scan on A, B, E, kernels alone (second line: from table to table)"
        found["cpu"] = _goal(text, [reached, table], all(r["gnn"] >= 1000 for r in reached.values()))
    if s := out.get("scale"):
        found["thousand_targets"] = _goal(
            "<= 10 ms a scan, 1000 targets + 2000 false, kernels", s, s["kernels_ms"] <= 10.0
        )
    if d := out.get("day"):
        found["a_day_of_one_radar"] = _goal("seconds (< 60 s of CPU, table to table)", d, d["cpu_s"] < 60.0)
    if (k := out.get("strict")) and "D" in out["compared"]:
        found["false_at_pd_half_strict"] = _strict(k, out["compared"]["D"])
    if w := out.get("wrong_field"):
        kept = {c: {k: r[k] for k in ("missed_kept", "ids_kept")} for c, r in w.items()}
        met = all(v >= 0.5 for r in kept.values() for v in r.values())
        found["field_wrong_by_0.2"] = _goal(">= half of the gain in missed and IDs per truth kept, B and M", kept, met)
    if k := out.get("consistency"):
        error, cover = k["existence"]["error"], [k["ellipse95_all"], k["ellipse95_turns"]]
        brier = {"error": error, "brier": k["existence"]["brier"]}
        found["existence_calibrated"] = _goal("|reliability error| <= 0.05", brier, error <= 0.05)
        met = 0.92 <= cover[0] <= 0.98 and cover[1] >= 0.85
        found["ellipses_95"] = _goal("0.92-0.98 overall, >= 0.85 in turns", cover, met)
        nees = k["nees_per_dof_straight"]
        found["nees_per_dof_straight"] = _goal("0.8-1.3", nees, 0.8 <= nees <= 1.3)
    if r := out.get("registration"):
        worst = max(r["worst_range_error_share"], r["worst_azimuth_error_share"])
        met = worst <= 0.10 and r["corrected_over_unbiased"] <= 1.05 and r["radars_found"] == r["radars"]
        found["three_radars_biased"] = _goal("biases within 10 %, GOSPA within 5 % of unbiased", r, met)
    if t := out.get("ten_thousand"):
        grown = t["resident_mb_end"] / t["resident_mb_middle"]
        found["ten_thousand_targets"] = _goal(
            "update p99 < 0.5 s, memory does not grow (10 simulated minutes)", t | {"memory_end_over_middle": grown},
            t["latency_p99_s"] < 0.5 and grown < 1.05,
        )  # fmt: skip
    return found


def _strict(rows: Table, peer: Table) -> Table:
    """Return the goal on false tracks for the first threshold of ``reportable`` that meets it, else for the last."""
    best = peer["rows"][peer["best_stonesoup"]]
    for least, r in rows.items():
        met = r["false"] <= best["false"] / 5 and r["missed"] < best["missed"] and r["gospa"] < best["gospa"]
        reached = {"reportable": float(least), **r, "gospa_ratio": r["gospa"] / best["gospa"], "stonesoup": {
            k: best[k] for k in ("gospa", "missed", "false", "false_tracks")}}  # fmt: skip
        if met:
            break
    text = "the same for a reader who asks for more certainty, with fewer missed and a lower GOSPA than Stone Soup's"
    return _goal(text, reached, met)
