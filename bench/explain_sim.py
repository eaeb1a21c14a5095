"""Explanations held against simulated truth: who stays explained, who is called unexplained, by how much was seen.

    python bench/explain_sim.py [--seeds 20] [--days 20] [--days-others 2] [--only base,low] [--from-seed 1000]

Seeds begin at 1000; none of them is used by tools/fit_weights.py. Tracks come from ``waman.sim.seen.tracked`` (ideal
association: nothing here judges the tracker). A flight counts as unexplained where any of its legs is, as explained
where any of its legs is. Radar gives no height to aircraft without transponder; ADS-B alone gives a name.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [p for p in (str(ROOT / "src"), str(ROOT / "bench")) if p not in sys.path]

import _result  # noqa: E402
import msgspec  # noqa: E402
import numpy as np  # noqa: E402

from waman.flights import explain, given_of  # noqa: E402
from waman.flights.record import Given  # noqa: E402
from waman.sim import ALTERNATIVES, Scenario, World, load_scenario, simulate, with_alternative  # noqa: E402
from waman.sim.land.ground import generated  # noqa: E402
from waman.sim.land.seeing import OwnSeeing, own_seeing  # noqa: E402
from waman.sim.seen import tell  # noqa: E402
from waman.sim.seen.outages import Blocks, blocks  # noqa: E402
from waman.sim.seen.tracked import associated  # noqa: E402
from waman.sim.trips import register_rows  # noqa: E402
from waman.sim.world import micros  # noqa: E402

NIGHT = ROOT / "examples" / "scenarios" / "corridor_night.toml"
EDGES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.01)
DISGUISED = ("corridor_cloned", "corridor_stolen", "corridor_plan_left")
PLAIN = ("corridor_dark", "corridor_open")


@dataclass(frozen=True)
class Watched:
    """The simulator's sight as the rules may ask it: off gives 0, a state nobody wrote down gives NaN."""

    world: World
    states: dict[str, Blocks]

    def detection_probability(
        self,
        lat_deg: Any,
        lon_deg: Any,
        height_agl_m: Any,
        sensor: str | None = None,
        rcs_m2: float = 2.0,
        time: Any = None,
    ) -> Any:
        assert sensor is not None
        height = np.nan_to_num(np.asarray(height_agl_m, np.float64), nan=300.0)
        pd = self.world.seeing.detection_probability(np.asarray(lat_deg), np.asarray(lon_deg), height, sensor, rcs_m2)
        state = self.states[sensor]
        start = int(micros(self.world, np.array(0.0)))
        at = np.clip(np.searchsorted(state.start_s, (np.asarray(time) - start) / 1e6, side="right") - 1, 0, None)
        known = np.array([s in ("up", "down") for s in state.state])[at]
        return np.where(known, pd * state.factor[at], np.nan)


def given(world: World) -> Given:
    """Return what people could know of a world."""
    features = json.loads(tell.places_geojson(world))["features"]
    places = [
        {**f["properties"], "lat_deg": f["geometry"]["coordinates"][1], "lon_deg": f["geometry"]["coordinates"][0]}
        for f in features
    ]
    border = json.loads(tell.border_geojson(world))["features"][0]["geometry"]["coordinates"]
    plan = world.scenario.lawful.plan
    return given_of(
        bbox=world.scenario.bbox,
        places=places,
        borders=[np.array(border)],
        aerodromes=False,
        plans=tell.plan_rows(world),
        completeness=(max(plan - 0.15, 0.0), min(plan + 0.15, 1.0)),
        register=register_rows(world.fleet),
        field=Watched(world, {s.id: blocks(world.scenario, s.id) for s in world.scenario.sensor}),
        transponder_sensors=[s.id for s in world.scenario.sensor if s.kind == "ads_b"],
        terrain=world.ground.elevation,
    )


_SIGHT: dict[str, OwnSeeing] = {}


def _sight(scenario: Scenario) -> OwnSeeing:
    """Sweep the horizons once: all worlds here share their ground and sensors."""
    if not _SIGHT:
        spacing = scenario.land.spacing_arcsec / 3600.0
        ground = generated(scenario.bbox, spacing_deg=spacing, seed=scenario.land.seed)
        _SIGHT["night"] = own_seeing(scenario.sensor, ground)
    return _SIGHT["night"]


def judged(job: tuple[str, int, int]) -> list[dict[str, Any]]:
    """Simulate one world and return one row a flight that was seen: class, share seen, traces, verdicts of its legs."""
    name, seed, days = job
    found = with_alternative(load_scenario(NIGHT, seed=seed), name)
    land = msgspec.structs.replace(found.land, spacing_arcsec=15.0, path_cell_m=4000.0)
    record = msgspec.structs.replace(found.record, truth_step_s=10.0)
    scenario = msgspec.structs.replace(found, days=days, land=land, record=record)
    world = simulate(scenario, seeing=_sight(scenario))
    tracks, links = associated(world)
    target = dict(zip(links["track"].to_pylist(), links["target"].to_pylist(), strict=True))
    seen = dict(zip(links["target"].to_pylist(), links["path_seen"].to_pylist(), strict=True))
    heard = {target[t] for t, a in zip(tracks["track"].to_pylist(), tracks["icao24"].to_pylist(), strict=True) if a}
    verdicts: dict[int, list[str]] = {}
    for row in explain(tracks, given(world)).to_pylist():
        verdicts.setdefault(target[row["tracks"][0]], []).append(row["verdict"])
    cloned = {(t.day, t.identity.icao24) for t in world.trips if t.category == "corridor_cloned"}
    listed = {p.id for p in world.places if p.listed}
    rows = []
    for number, legs in verdicts.items():
        t = world.trips[number - 1]
        trace = bool(t.plans) or number in heard or bool(listed & set(t.stops))
        twin = t.lawful and (t.day, t.identity.icao24) in cloned
        rows.append(
            {
                "category": t.category,
                "lawful": t.lawful,
                "seen": seen[number],
                "trace": trace,
                "twin": twin,
                "legs": legs,
            }
        )
    return rows


def share(rows: list[dict[str, Any]], verdict: str) -> dict[str, float | int]:
    """Return how many flights have a leg of this verdict, with the 95 % interval of the share (Wilson 1927)."""
    n, k, z = len(rows), sum(verdict in r["legs"] for r in rows), 1.96
    if not n:
        return {"n": 0, "count": 0, "share": math.nan}
    centre, half = (k + z * z / 2) / (n + z * z), z * math.sqrt(k * (n - k) / n + z * z / 4) / (n + z * z)
    return {"n": n, "count": k, "share": k / n, "low": max(centre - half, 0.0), "high": min(centre + half, 1.0)}


def figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures that the claims are about, for one simulator."""
    lawful = [r for r in rows if r["lawful"]]
    hard = [r for r in lawful if r["category"].startswith("hard")]
    ordinary = [r for r in lawful if not r["category"].startswith("hard")]
    traced = [r for r in ordinary if r["trace"]]
    half = [r for r in rows if r["category"] in PLAIN and r["seen"] >= 0.5]
    disguised = [r for r in rows if r["category"] in DISGUISED]
    return {
        "lawful_with_trace_unexplained": share(traced, "unexplained"),
        "lawful_without_trace_unexplained": share([r for r in ordinary if not r["trace"]], "unexplained"),
        "hard_unexplained": share(hard, "unexplained"),
        "lawful_explained": share(ordinary, "explained"),
        "corridor_seen_half_unexplained": share(half, "unexplained"),
        "corridor_explained": share([r for r in rows if r["category"] in PLAIN], "explained"),
        "disguised_explained": share(disguised, "explained"),
        "twins_unexplained": share([r for r in lawful if r["twin"]], "unexplained"),
        "by_class": {
            c: {v: share([r for r in rows if r["category"] == c], v) for v in ("explained", "unexplained")}
            for c in sorted({r["category"] for r in rows})
        },
        "curve": [
            {
                "seen_from": a,
                "seen_to": min(b, 1.0),
                "corridor_unexplained": share(_between(rows, PLAIN, a, b), "unexplained"),
                "lawful_unexplained": share([r for r in ordinary if a <= r["seen"] < b], "unexplained"),
                "lawful_explained": share([r for r in ordinary if a <= r["seen"] < b], "explained"),
            }
            for a, b in pairwise(EDGES)
        ],
    }


def _between(rows: list[dict[str, Any]], kinds: tuple[str, ...], a: float, b: float) -> list[dict[str, Any]]:
    return [r for r in rows if r["category"] in kinds and a <= r["seen"] < b]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seeds", type=int, default=20)
    asked.add_argument("--days", type=int, default=20, help="days of each seed of the base simulator")
    asked.add_argument("--days-others", type=int, default=2, help="days of each seed of the alternatives")
    asked.add_argument("--from-seed", type=int, default=1000)
    asked.add_argument("--only", default=",".join(ALTERNATIVES))
    asked.add_argument("--print", action="store_true", help="print the figures and write nothing")
    a = asked.parse_args()
    names = a.only.split(",")
    days = {name: a.days if name == "base" else a.days_others for name in names}
    settings = {"seeds": [a.from_seed, a.from_seed + a.seeds - 1], "days_each": days, "association": "ideal"}
    out: dict[str, Any] = {}
    for name in names:
        rows = [row for k in range(a.seeds) for row in judged((name, a.from_seed + k, days[name]))]
        out[name] = figures(rows)
        counts = {k: (v["count"], v["n"]) for k, v in out[name].items() if isinstance(v, dict) and "n" in v}
        print(name, counts, flush=True)
        if a.print:
            print(json.dumps(out[name]["curve"], indent=1))
        else:
            # written after each simulator: a run that is stopped keeps what it has measured
            _result.write("explain_sim", {"settings": settings, "simulators": out}, packages=["scipy", "pyarrow"])


if __name__ == "__main__":
    main()
