"""Rows of the tracking benchmark without a peer: scale, a day, a wrong field, honesty, registration, 10,000 targets."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec.structs import replace
from tracking_ours import FRAME, SCAN_S, T0_US, core_cpu_s, field, pictures, run, sensor
from tracking_scenario import CONFIGS, SIGMA_AZ_RAD, SIGMA_R_M, Scenario, make
from tracking_scenario import scan as draw_scan
from tracking_stonesoup import SEEDS
from tracking_stonesoup import scenario as make_scored

from waman import tables
from waman.config import Sensor
from waman.geo.frames import Frame
from waman.tracks import Tracker, track
from waman.tracks.metrics import judge
from waman.tracks.metrics.consistency import CHI2_2_95, nees, reliability
from waman.tracks.register import corrected, register

STRICT = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
"""Thresholds of ``reportable``; 0.5 is the air picture of the contract, nearly the best for GOSPA."""


def scale() -> dict[str, Any]:
    """Return milliseconds a scan for 1,000 targets and 2,000 false plots over 400 km (30 scans, all counted)."""
    CONFIGS["S"] = (1000, 400e3, 0.8, 2000, 30, 0.25)
    s = make("S", 1)
    core, whole = core_cpu_s(s, field(s), repeat=3)
    return {"kernels_ms": 1e3 * core, "table_to_table_ms": 1e3 * whole}


def day() -> dict[str, Any]:
    """Return CPU seconds for 24 hours of one radar at the load of B: 100 targets, 100 false plots, 21,600 scans."""
    rng = np.random.default_rng(4)
    scans, n, side = 21_600, 100, 200e3
    base = make("B", 4, scans=1)
    pos, course = rng.uniform(-side / 2, side / 2, (n, 2)), rng.uniform(0, 2 * np.pi, n)
    speed, parts, when = rng.uniform(50, 130, n), [], []
    for k in range(scans):
        course += np.where(rng.random(n) < 0.02, rng.normal(0, 0.5, n), 0.0)
        out = np.abs(pos).max(axis=1) > 0.97 * side / 2
        course[out] = np.arctan2(-pos[out, 1], -pos[out, 0])
        pos = pos + SCAN_S * speed[:, None] * np.stack([np.cos(course), np.sin(course)], 1)
        hit = pos[rng.random(n) < base.pd_at(pos[:, 0], pos[:, 1])]
        z = np.concatenate([noisy(rng, hit), rng.uniform(-side / 2, side / 2, (rng.poisson(base.clutter), 2))])
        parts.append(z)
        when.append(np.full(len(z), k))
    table = polar_table(np.concatenate(parts), SCAN_S * np.concatenate(when), "radar")
    t0 = time.process_time()
    rows = track(table, detection_probability=field(base), causal=True, sensors=[sensor(base)])
    return {"cpu_s": time.process_time() - t0, "plots": table.num_rows, "rows": rows.num_rows, "scans": scans}


def noisy(rng: np.random.Generator, at: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return positions as the radar at the origin measures them."""
    r = np.hypot(at[:, 0], at[:, 1]) + rng.normal(0, SIGMA_R_M, len(at))
    az = np.arctan2(at[:, 1], at[:, 0]) + rng.normal(0, SIGMA_AZ_RAD, len(at))
    return np.stack([r * np.cos(az), r * np.sin(az)], 1)


def polar_table(z: np.ndarray[Any, Any], time_s: np.ndarray[Any, Any], name: str, **more: Any) -> pa.Table:
    """Return plots (n, 2) about FRAME's centre as the contract table."""
    lat, lon = FRAME.to_degrees(east_m=z[:, 0], north_m=z[:, 1])
    columns: dict[str, Any] = {
        "time": T0_US + np.round(time_s * 1e6).astype(np.int64),
        "sensor": pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(z), np.int32)), pa.array([name])),
        "kind": pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(z), np.int32)), pa.array(["psr"])),
        "lat_deg": lat, "lon_deg": lon, "range_m": np.hypot(z[:, 0], z[:, 1]),
        "azimuth_deg": np.degrees(np.arctan2(z[:, 0], z[:, 1])) % 360.0, "offset": np.arange(len(z)),
        "source": pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(z), np.int32)), pa.array(["scenario"])),
    }  # fmt: skip
    return tables.table("plots", columns | more)


def wrong_field(seeds: int) -> dict[str, Any]:
    """Return how much of the field's gain (missed targets, IDs per truth) remains with a field wrong by +-0.2.

    The gain in IDs on B is a handful of identities a run, so that four times the seeds are run.
    """
    out = {}
    for config in ("B", "M"):
        rows: dict[str, list[tuple[float, float]]] = {"const": [], "field": [], "wrong": []}
        for seed in range(SEEDS[config].start, SEEDS[config].start + 4 * seeds):
            s = make(config, seed)
            for way, given in (("const", 0.85 * s.pd0), ("field", field(s)), ("wrong", field(s, wrong=0.2, seed=seed))):
                m = judge(*pictures(s, run(s, given, causal=True)), skip=8)
                rows[way].append((m["missed_per_instant"], m["ids_per_truth"]))
        mean = {w: np.mean(v, axis=0) for w, v in rows.items()}
        gain = mean["const"] - mean["field"]
        kept = (mean["const"] - mean["wrong"]) / np.where(np.abs(gain) > 1e-9, gain, np.nan)
        out[config] = {
            "missed_kept": float(kept[0]), "ids_kept": float(kept[1]), "seeds": len(rows["const"]),
            "missed": {w: float(v[0]) for w, v in mean.items()},
            "ids_per_truth": {w: float(v[1]) for w, v in mean.items()},
        }  # fmt: skip
    return out


def strict(seeds: int) -> dict[str, Any]:
    """Return what a reader gets at Pd 0.5 who asks for more certainty: ``reportable`` at least so much, causal."""
    runs = {seed: make_scored("D", seed) for seed in list(SEEDS["D"])[:seeds]}
    rows = {seed: run(s, field(s), causal=True) for seed, s in runs.items()}
    out: dict[str, Any] = {}
    for least in STRICT:
        found = [judge(*pictures(runs[seed], rows[seed], reportable=least), skip=8) for seed in runs]
        out[f"{least:g}"] = {
            "gospa": float(np.mean([m["gospa"]["total"] for m in found])),
            "missed": float(np.mean([m["missed_per_instant"] for m in found])),
            "false": float(np.mean([m["false_per_instant"] for m in found])),
            "false_tracks": float(np.mean([m["false_tracks"] for m in found])),
        }
    return out


def third_plot(seeds: int) -> dict[str, Any]:
    """Return GOSPA of a tracker told whose each plot is that shows an aircraft from its third plot on, causal."""
    out: dict[str, Any] = {}
    for config in "ABCDE":
        for seed in list(SEEDS[config])[:seeds]:
            s = make_scored(config, seed)
            rows = run(s, field(s), causal=True, identify=True)
            late = pa.array(hits_so_far(rows) >= 3)
            found = judge(*pictures(s, rows.filter(late)), skip=8)
            out.setdefault(config, {})[str(seed)] = found["gospa"]["total"]
    return out


def hits_so_far(rows: pa.Table) -> np.ndarray[Any, Any]:
    """Return for each row of a tracks table how many plots its track has had."""
    track_id, time_us = rows["track"].to_numpy(), rows["time"].cast("int64").to_numpy()
    order = np.lexsort((time_us, track_id))
    total = np.cumsum(rows["detected"].to_numpy(zero_copy_only=False)[order])
    first = np.searchsorted(track_id[order], track_id[order])
    out = np.empty(len(order), np.int64)
    out[order] = total - np.where(first > 0, total[first - 1], 0)
    return out


def abreast(seeds: int) -> dict[str, Any]:
    """Return GOSPA, switches and IDs of four aircraft that come together to 150 m and fly abreast for two minutes."""
    scans, n, rows = 60, 4, []
    t = SCAN_S * (np.arange(scans) - scans // 2)
    for seed in range(80, 80 + 4 * seeds):
        rng = np.random.default_rng(seed)
        truth = np.zeros((scans, n, 4))
        for j in range(n):
            truth[:, j, 0] = 20e3 + 60.0 * t
            truth[:, j, 1] = 10e3 + (j - (n - 1) / 2) * (150.0 + 0.01 * np.maximum(np.abs(t) - 60.0, 0.0) ** 2)
        shell = Scenario(100e3, 0.9, 20.0, truth, np.zeros((scans, n), bool), [], [], np.full((100, 100), 0.9))
        for k in range(scans):
            z, owner = draw_scan(rng, shell, truth[k])
            shell.plots.append(z)
            shell.owner.append(owner)
        m = judge(*pictures(shell, run(shell, field(shell), causal=True)), skip=12)
        rows.append((m["gospa"]["total"], m["switches"], m["ids_per_truth"], m["missed_per_instant"]))
    mean = np.mean(rows, axis=0)
    return dict(zip(("gospa", "switches", "ids_per_truth", "missed"), mean.tolist(), strict=True)) | {
        "seeds": len(rows)
    }


def consistency(seeds: int) -> dict[str, Any]:
    """Return NEES, ellipse cover (all, turns) and reliability of existence on B, causal with the field."""
    straight, turns, said, was = [], [], [], []
    for seed in list(SEEDS["B"])[:seeds]:
        s = make("B", seed)
        rows = run(s, field(s), causal=True)
        t = rows["time"].cast("int64").to_numpy()
        scan = np.round((t - T0_US) / (SCAN_S * 1e6)).astype(int)
        x, y = FRAME.to_plane(lat_deg=rows["lat_deg"].to_numpy(), lon_deg=rows["lon_deg"].to_numpy())
        d = np.hypot(s.truth[scan, :, 0] - x[:, None], s.truth[scan, :, 1] - y[:, None])
        near = np.nanargmin(np.where(np.isfinite(d), d, np.inf), axis=1)
        away = d[np.arange(len(x)), near]
        major = rows["sigma_major_m"].to_numpy().astype(float)
        existence = rows["existence"].to_numpy().astype(float)
        real = away < np.maximum(1000.0, 3.0 * major)
        said.append(existence)
        was.append(real)
        ok = (scan >= 8) & rows["detected"].to_numpy(zero_copy_only=False) & real & (existence > 0.6)
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
        "existence": reliability(np.concatenate(said), np.concatenate(was)), "rows": len(both), "seeds": seeds,
    }  # fmt: skip


RADARS = {"north": (0.0, 60e3), "west": (-50e3, -30e3), "east": (50e3, -30e3)}
TRUE_BIAS = {"north": (200.0, 0.3), "west": (-200.0, 0.3), "east": (200.0, -0.3)}


def three_radars(s: Scenario, seed: int, *, biased: bool) -> tuple[pa.Table, list[Sensor]]:
    """Return the plots of three radars, every fourth aircraft with an address and its own reports, and the radars."""
    rng = np.random.default_rng(seed)
    parts, sensors = [], []
    named = np.arange(s.truth.shape[1]) % 4 == 0
    for k in range(len(s.plots)):
        at = s.truth[k]
        told = np.flatnonzero(named & np.isfinite(at[:, 0]))
        lat, lon = FRAME.to_degrees(east_m=at[told, 0], north_m=at[told, 1])
        parts.append(tables.table("plots", {
            "time": np.full(len(told), T0_US + int(k * SCAN_S * 1e6)), "sensor": ["net"] * len(told),
            "kind": ["ads_b"] * len(told), "lat_deg": lat, "lon_deg": lon, "icao24": [f"{w:06x}" for w in told],
            "source": ["net"] * len(told), "offset": np.arange(len(told)) + 1000 * k,
        }))  # fmt: skip
    for name, (e, n) in RADARS.items():
        lat0, lon0 = (float(v) for v in FRAME.to_degrees(east_m=np.array(e), north_m=np.array(n)))
        own = Frame(lat0_deg=lat0, lon0_deg=lon0)
        one = Sensor(
            id=name, kind="psr_ssr", lat_deg=lat0, lon_deg=lon0, altitude_msl_m=0.0, range_max_m=160e3,
            scan_period_s=SCAN_S, sigma_range_m=SIGMA_R_M, sigma_azimuth_deg=float(np.degrees(SIGMA_AZ_RAD)),
            false_plots_per_scan=60.0, assumed_height_agl_m=(0.0,),
        )  # fmt: skip
        sensors.append(one)
        dr, da = TRUE_BIAS[name] if biased else (0.0, 0.0)
        for k in range(len(s.plots)):
            alive = np.flatnonzero(np.isfinite(s.truth[k, :, 0]))
            lat, lon = FRAME.to_degrees(east_m=s.truth[k, alive, 0], north_m=s.truth[k, alive, 1])
            at = np.stack(own.to_plane(lat_deg=lat, lon_deg=lon), 1)
            hit = (rng.random(len(alive)) < 0.8) & (np.hypot(*at.T) < 160e3)
            false = rng.uniform(-1, 1, (rng.poisson(60.0), 2)) * 140e3
            z = np.concatenate([noisy(rng, at[hit]), false])
            who = np.concatenate([alive[hit], np.full(len(false), -1)])
            rho, az = np.hypot(*z.T) + dr, np.degrees(np.arctan2(z[:, 0], z[:, 1])) + da
            lat, lon = own.to_degrees(east_m=rho * np.sin(np.radians(az)), north_m=rho * np.cos(np.radians(az)))
            parts.append(tables.table("plots", {
                "time": np.full(len(z), T0_US + int(k * SCAN_S * 1e6)), "sensor": [name] * len(z),
                "kind": ["psr_ssr"] * len(z), "lat_deg": lat, "lon_deg": lon, "range_m": rho, "azimuth_deg": az % 360.0,
                "icao24": [f"{w:06x}" if w >= 0 and named[w] else None for w in who],
                "source": [name] * len(z), "offset": np.arange(len(z)) + 1000 * k,
            }))  # fmt: skip
    return tables.concat("plots", parts), sensors


def registration(seeds: int) -> dict[str, Any]:
    """Return the biases found, and GOSPA of unbiased, biased and corrected plots (targets without address too)."""
    CONFIGS["R"] = (60, 200e3, 0.8, 60, 50, 0.0)
    ways: dict[str, list[float]] = {"unbiased": [], "biased": [], "corrected": []}
    worst_range, worst_azimuth = [], []
    for seed in range(20, 20 + seeds):
        s = make("R", seed)
        clean, sensors = three_radars(s, seed, biased=False)
        bad, _ = three_radars(s, seed, biased=True)
        found = register(bad, sensors)
        worst_range += [abs(b.range_m - TRUE_BIAS[b.sensor][0]) / 200.0 for b in found]
        worst_azimuth += [abs(b.azimuth_deg - TRUE_BIAS[b.sensor][1]) / 0.3 for b in found]
        for way, plots in (("unbiased", clean), ("biased", bad), ("corrected", corrected(bad, found, sensors))):
            rows = track(plots, detection_probability=0.8, causal=True, sensors=sensors)
            ways[way].append(judge(*pictures(s, rows), skip=8)["gospa"]["total"])
    mean = {w: float(np.mean(v)) for w, v in ways.items()}
    return {
        "gospa": mean, "corrected_over_unbiased": mean["corrected"] / mean["unbiased"], "seeds": seeds,
        "radars_found": len(worst_range), "radars": 3 * seeds,
        "worst_range_error_share": float(np.max(worst_range)),
        "worst_azimuth_error_share": float(np.max(worst_azimuth)),
    }  # fmt: skip


def ten_thousand(minutes: float = 10.0, *, targets: int = 10_000) -> dict[str, Any]:
    """Return what 10,000 targets at 4 s scans do to update latency and resident memory, ten simulated minutes long."""
    rng = np.random.default_rng(3)
    scans, side = int(minutes * 60 / SCAN_S), 800e3
    pos, vel = rng.uniform(-side / 2, side / 2, (targets, 2)), rng.uniform(-90, 90, (targets, 2))
    shell = Scenario(side, 0.8, 500.0, np.zeros((1, targets, 4)), np.zeros((1, targets), bool), [], [], np.ones((1, 1)))
    radar = replace(sensor(shell), range_max_m=0.75 * side)
    tracker = Tracker(sensors=[radar], detection_probability=0.8)
    wall, cpu, used, shown = [], [], [], 0
    for k in range(scans):
        vel = np.where(np.abs(pos) > side / 2, -np.sign(pos) * np.abs(vel), vel)
        pos = pos + vel * SCAN_S
        hit = pos[rng.random(targets) < 0.8]
        z = np.concatenate([noisy(rng, hit), rng.uniform(-side / 2, side / 2, (500, 2))])
        table = polar_table(z, np.full(len(z), k * SCAN_S), "radar")
        w0, c0 = time.perf_counter(), time.process_time()
        _, recent = tracker.update(table)
        wall.append(time.perf_counter() - w0)
        cpu.append(time.process_time() - c0)
        used.append(resident_mb())
        shown = recent.num_rows
    third = used[scans // 3 : scans // 2]
    return {
        "targets": targets, "scans": scans, "tracks_in_last_rows": shown,
        "latency_p99_s": float(np.quantile(wall[5:], 0.99)), "latency_median_s": float(np.median(wall)),
        "cpu_p99_s": float(np.quantile(cpu[5:], 0.99)), "cpu_median_s": float(np.median(cpu)),
        "resident_mb_middle": float(np.median(third)), "resident_mb_end": float(np.median(used[-len(third) :])),
    }  # fmt: skip


def resident_mb() -> float:
    """Return the resident memory of this process now; its peak where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096 / 2**20
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
