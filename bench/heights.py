"""Whether 90 % intervals of height hold nine times in ten where the air is not standard.

    python bench/heights.py [--seeds 3]

Simulated nights in air 20 degrees colder than standard, standard, and 20 degrees warmer, with another sea-level
pressure each: one radar with a transponder interrogator, one ADS-B receiver, no clutter, tracked with hindsight. A row
counts when it was detected and its height comes from pressure or geometry; its interval is the height and 1.645 sigma
on either side, as the dossier draws it. The lowest height above ground of each flight counts beside it, against the
lowest of the truth at the times of its rows. Without the receiver nothing says how far the air is from standard.
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
from waman.sim.world import micros  # noqa: E402
from waman.tracks import track  # noqa: E402

SEEDS = 3
AIR = ((-20.0, 1021.0), (0.0, 1013.25), (20.0, 1005.0))
GOAL = (0.87, 0.93)
HALF = 1.645
SAME_M = 2500.0


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    args = parser.parse_args()
    out: dict[str, Any] = {"goal": GOAL, "seeds": list(range(501, 501 + args.seeds))}
    for offset, qnh in AIR:
        both: dict[str, list[Any]] = {}
        for seed in out["seeds"]:
            world = night(seed, offset, qnh)
            plots = observed(world).plots
            radar = plots.filter(pc.not_equal(plots["kind"].cast(pa.string()), "ads_b"))
            for name, given in (("with_receiver", plots), ("radar_alone", radar)):
                for word, rows in held(world, given).items():
                    both.setdefault(f"{name}: {word}", []).extend(rows)
        out[f"air {offset:+.0f} degrees, {qnh:.0f} hPa"] = {word: figures(rows) for word, rows in both.items()}
        print(json.dumps(out, indent=1, default=float))
    low, high = GOAL
    worst = [v["held"] for k, air in out.items() if k.startswith("air") for v in air.values() if v["n"]]
    out["reached"] = {"all_87_to_93": all(low <= h <= high for h in worst)}
    _result.write("heights", out, packages=["scipy"])
    print(json.dumps(out, indent=1, default=float))


if __name__ == "__main__":
    main()
