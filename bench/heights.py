"""Whether 90 % intervals of height hold nine times in ten where the air is not standard.

    python bench/heights.py [--draws 1500] [--seeds 2]

Air 20 degrees colder than standard, standard, and 20 degrees warmer. ``model`` draws the sea-level pressure anew
1500 times (sd 10 hPa) and asks what the tracker makes of each pressure height of a simulated night, with the line it
learned from aircraft that send both heights, and without any; the errors of encoder and receiver are drawn too.
``nights`` takes whole nights through the tracker (hindsight, no clutter), the sea-level pressure 10 hPa off
by turns: heights of detected rows, and the lowest height above ground of each flight against the lowest of the truth
at its rows.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "bench")]

import _result  # noqa: E402
import msgspec  # noqa: E402
import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.compute as pc  # noqa: E402

from waman.flights import explain, given_of  # noqa: E402
from waman.sim import World, load_scenario, observed, simulate  # noqa: E402
from waman.sim.land.air import pressure_height_m  # noqa: E402
from waman.sim.world import micros  # noqa: E402
from waman.tracks import track  # noqa: E402
from waman.tracks.core import columns as col  # noqa: E402
from waman.tracks.core.look import altitude_of, fit_pressure  # noqa: E402

SEEDS = 2
DRAWS = 1500
QNH_SD_HPA = 10.0
AIR = (-20.0, 0.0, 20.0)
GOAL = (0.87, 0.93)
HALF = 1.645
SAME_M = 2500.0
FOOT_100 = 30.48


def night(seed: int, isa_offset_c: float, qnh_hpa: float) -> World:
    found = load_scenario("corridor_night", seed=seed)
    return simulate(
        msgspec.structs.replace(
            found,
            isa_offset_c=isa_offset_c,
            qnh_hpa=qnh_hpa,
            land=msgspec.structs.replace(found.land, spacing_arcsec=18.0, path_cell_m=4000.0),
            record=msgspec.structs.replace(found.record, false_plots=False, plots_start_h=5.0, plots_hours=6.0),
        )
    )


def matched(world: World, tracks: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Return for each row the true height and the trip it follows (nearest in the plane at its time); -1 none."""
    start = int(micros(world, np.array(0.0)))
    time = (tracks["time"].cast(pa.int64()).to_numpy() - start) / 1e6
    east, north = world.plane.frame.to_plane(lat_deg=tracks["lat_deg"].to_numpy(), lon_deg=tracks["lon_deg"].to_numpy())
    best, height, trip, m = np.full(len(time), SAME_M), np.full(len(time), np.nan), np.full(len(time), -1), world.motion
    for i in range(len(world.trips)):
        at = slice(m.offsets[i], m.offsets[i + 1])
        span = np.flatnonzero((time >= m.time_s[at][0]) & (time <= m.time_s[at][-1]))
        e, n, h = (np.interp(time[span], m.time_s[at], v[at]) for v in (m.east_m, m.north_m, m.height_m))
        away = np.hypot(east[span] - e, north[span] - n)
        nearer = span[away < best[span]]
        height[nearer], trip[nearer], best[nearer] = h[away < best[span]], i, away[away < best[span]]
    return height, trip


def held(world: World, plots: pa.Table) -> dict[str, list[Any]]:
    """Return, for rows and for lowest heights of flights, whether the interval holds the truth and how wide it is."""
    tracks = track(plots, sensors=world.scenario.sensor)
    tracks = tracks.filter(pc.and_(tracks["detected"], pc.not_equal(tracks["state"].cast(pa.string()), "tentative")))
    true, trip = matched(world, tracks)
    own = np.array([t.identity.ssr for t in world.trips])[np.maximum(trip, 0)] & (trip >= 0)
    source = np.array(tracks["altitude_source"].to_pylist())
    height, sigma = (
        tracks[n].cast(pa.float64()).to_numpy(zero_copy_only=False) for n in ("altitude_msl_m", "altitude_sigma_m")
    )
    out: dict[str, list[Any]] = {}
    for word in ("pressure", "geometric"):
        use = own & (source == word) & np.isfinite(height + true + sigma)
        error = height[use] - true[use]
        out[word] = list(
            zip((np.abs(error) <= HALF * sigma[use]).tolist(), error.tolist(), sigma[use].tolist(), strict=True)
        )
    out["lowest"] = lowest(world, tracks, true, trip)
    return out


def floats(tracks: pa.Table, name: str) -> np.ndarray:
    return tracks[name].cast(pa.float64()).to_numpy(zero_copy_only=False)


def lowest(world: World, tracks: pa.Table, true: np.ndarray, trip: np.ndarray) -> list[Any]:
    """Return whether the interval of the lowest height above ground holds it, for each flight with known heights."""
    given = given_of(bbox=world.scenario.bbox, aerodromes=False, terrain=world.ground.elevation)
    time, number = tracks["time"].cast(pa.int64()).to_numpy(), tracks["track"].to_numpy()
    ground = np.asarray(world.ground.elevation(tracks["lat_deg"].to_numpy(), tracks["lon_deg"].to_numpy()))
    known = np.isfinite(floats(tracks, "altitude_msl_m")) & np.isfinite(true)
    out = []
    for row in explain(tracks, given).to_pylist():
        if row["min_agl_low_m"] is None:
            continue
        start, end = (int(row[k].timestamp() * 1e6) for k in ("start", "end"))
        mine = np.isin(number, row["tracks"]) & (time >= start - 1) & (time <= end + 1) & known
        if mine.any() and np.all(trip[mine] >= 0):
            least = max(float(np.min(true[mine] - ground[mine])), 0.0)
            low, high = row["min_agl_low_m"], row["min_agl_high_m"]
            out.append((low <= least <= high, 0.5 * (low + high) - least, (high - low) / (2 * HALF)))
    return out


def figures(rows: list[Any]) -> dict[str, Any]:
    if not rows:
        return {"n": 0}
    inside, error, sigma = (np.array([r[k] for r in rows], float) for k in range(3))
    return {
        "n": len(rows), "held": float(inside.mean()), "error": float(inside.std() / math.sqrt(len(rows))),
        "median_error_m": float(np.median(error)), "rms_error_m": float(np.sqrt(np.mean(error**2))),
        "median_sigma_m": float(np.median(sigma)),
    }  # fmt: skip


def model(plots: pa.Table, world: World, offset_c: float, draws: int) -> dict[str, dict[str, float]]:
    """Return how often the interval of one pressure height holds the truth, over draws of the sea-level pressure.

    A third of the draws hears no aircraft with both heights, a third only those above 5,000 m, a third all of them.
    """
    start = int(micros(world, np.array(0.0)))
    links = observed(world).links
    rng, out = np.random.default_rng(7), {"nobody": [], "high ones only": [], "all": []}
    radar, both = (true_heights(world, plots, links, start, word) for word in ("psr_ssr", "ads_b"))
    for number in range(draws):
        word = list(out)[number % 3]
        air = {"isa_offset_c": offset_c, "qnh_hpa": 1013.25 + QNH_SD_HPA * rng.standard_normal()}
        dz = np.zeros((col.BANDS + col.LINE_ROWS, 3))
        heard = {"nobody": both[:0], "high ones only": both[both > 5000.0], "all": both}[word]
        level = pressure_height_m(heard, **air)
        for band in np.unique(level // 1000.0).astype(int):
            mine = level // 1000.0 == band
            noise = 15.0 * rng.standard_normal() / math.sqrt(mine.sum())
            off_m = float(np.mean(heard[mine] - level[mine])) + noise
            dz[band] = off_m, min(int(mine.sum()), 200), float(np.mean(level[mine]))
        if heard.size:
            fit_pressure(dz)
        true = rng.choice(radar, 40)
        sent = np.round((pressure_height_m(true, **air) + 7.6 * rng.standard_normal(40)) / FOOT_100) * FOOT_100
        for h, fl in zip(true, sent, strict=True):
            f = np.full(64, np.nan)
            f[col.P_FL] = fl
            height, var, _ = altitude_of(f, dz)
            out[word].append((abs(height - h) <= HALF * math.sqrt(var), height - h, math.sqrt(var)))
    return {word: figures(rows) for word, rows in out.items()}


def true_heights(world: World, plots: pa.Table, links: pa.Table, start: int, kind: str) -> np.ndarray:
    """Return the true heights at the plots of a kind (links: source and offset to target)."""
    known = {(r["source"], r["offset"]): r["target"] for r in links.to_pylist()}
    at_plot = zip(plots["source"].to_pylist(), plots["offset"].to_pylist(), strict=True)
    target = np.array([known.get(where, 0) - 1 for where in at_plot])
    use = np.flatnonzero((np.array(plots["kind"].to_pylist()) == kind) & (target >= 0))
    use = use[~np.isnan(floats(plots, "altitude_fl")[use])]
    time, m = (plots["time"].cast(pa.int64()).to_numpy()[use] - start) / 1e6, world.motion
    out = np.empty(use.size)
    for i in np.unique(target[use]):
        at, mine = slice(m.offsets[i], m.offsets[i + 1]), target[use] == i
        out[mine] = np.interp(time[mine], m.time_s[at], m.height_m[at])
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    args = parser.parse_args()
    seeds = list(range(601, 601 + args.seeds))
    out: dict[str, Any] = {"goal": GOAL, "seeds": seeds, "draws": args.draws, "qnh_sd_hpa": QNH_SD_HPA}
    off = []
    for offset in AIR:
        nights: dict[str, list[Any]] = {}
        for number, seed in enumerate(seeds):
            world = night(seed, offset, 1013.25 + QNH_SD_HPA * (-1.0) ** number)
            plots = observed(world).plots
            for word, rows in held(world, plots).items():
                nights.setdefault(word, []).extend(rows)
        found = {"model": model(plots, world, offset, args.draws), "nights": {w: figures(r) for w, r in nights.items()}}
        out[f"air {offset:+.0f} degrees"] = found
        off += [found["model"][w]["held"] for w in found["model"] if offset]
        print(json.dumps(found, indent=1, default=float), flush=True)
    out["note"] = (
        "the two widths before anything is heard (look.GROUND_SD_M, look.WARM_SD) were chosen by hand after several "
        "looks at this model on seed 501 and on these draws of the pressure; nights are of other seeds"
    )
    out["reached"] = {
        "nights_20_degrees_off": all(
            GOAL[0] <= v["held"] <= GOAL[1]
            for k, a in out.items()
            if k in ("air -20 degrees", "air +20 degrees")
            for v in a["nights"].values()
            if v["n"]
        ),
        "model_20_degrees_off": all(GOAL[0] <= h <= GOAL[1] for h in off),
    }
    _result.write("heights", out, packages=["scipy"])


if __name__ == "__main__":
    main()
