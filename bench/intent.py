"""Where a flight is going: top-3 and 90 % sets on simulated flights of fresh seeds and fresh ground.

The flights come from the corridor simulator, whose pilots weigh radar, ceilings and heights that the model does not
know. Baseline: the nearest strip within 30 degrees of the course. Positions carry 600 m of noise.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "bench")]

import _result  # noqa: E402
from simulated import scenario  # noqa: E402

from waman.flights.ahead.intent import CELL_M, Habit, Land, land_of, usage_of, whither  # noqa: E402
from waman.sim import simulate  # noqa: E402

SHARES = (0.25, 0.5, 0.75, 0.9)
SEEDS = (301, 302, 303, 304, 305, 306)
DAYS = 60
LEARN_DAYS = 30
STEP_S = 10.0


@dataclass(frozen=True)
class Course:
    """One world prepared: the land, habits learned from its first days, and the later flights to be judged."""

    land: Land
    usage: NDArray[np.float64]
    flights: list[tuple[int, NDArray[np.float64]]]
    """Index of the true strip, and (n, 3) time, east, north of the way in."""


def course(seed: int, *, days: int = DAYS, strips: int = 16) -> Course:
    """Return one world with 40 sites (2.5 for each strip in use), its own ground, and one flight a row."""
    found = scenario(seed=seed, days=days)
    found = msgspec.structs.replace(
        found,
        land=msgspec.structs.replace(found.land, seed=seed),
        corridor=msgspec.structs.replace(found.corridor, strips=strips, flights_per_day=6.0),
        lawful=msgspec.structs.replace(found.lawful, per_corridor_flight=0.0),
        record=msgspec.structs.replace(found.record, truth_step_s=STEP_S),
    )
    world = simulate(found)
    plane = world.plane
    east = np.arange(plane.east0_m, plane.east0_m + plane.width_m, CELL_M)
    north = np.arange(plane.north0_m, plane.north0_m + plane.height_m, CELL_M)
    lat, lon = plane.frame.to_degrees(
        east_m=np.broadcast_to(east, (north.size, east.size)),
        north_m=np.broadcast_to(north[:, None], (north.size, east.size)),
    )
    places = [(s.id, s.east_m, s.north_m) for s in world.strips]
    land = land_of(
        world.ground.elevation(lat, lon), frame=plane.frame, east0_m=east[0], north0_m=north[0], places=places
    )
    index, rng = {p[0]: i for i, p in enumerate(places)}, np.random.default_rng(seed)
    visits, flights = np.zeros(len(places)), []
    m = world.motion
    for i, trip in enumerate(world.trips):
        true, at = index[trip.stops[1]], slice(m.offsets[i], m.offsets[i + 1])
        rows = np.stack([m.time_s[at], m.east_m[at], m.north_m[at]], axis=1)
        rows = rows[rows[:, 0] <= m.leg_end_s[m.leg_offsets[i]]]
        if trip.day < LEARN_DAYS:
            visits[true] += 1.0
        elif len(rows) > 20:
            rows[:, 1:] += rng.normal(0.0, 600.0, rows[:, 1:].shape)
            flights.append((true, rows))
    return Course(land, usage_of(visits), flights)


def ahead(land: Land, rows: NDArray[np.float64]) -> list[int]:
    """Return strips by the baseline: the nearest within 30 degrees of the course first, then by distance."""
    last = rows[-1, 1:]
    back = rows[max(0, len(rows) - 1 - int(180 / STEP_S)), 1:]
    de, dn = last - back
    x, y = land.east_m - last[0], land.north_m - last[1]
    off = np.abs(np.arctan2(x * dn - y * de, x * de + y * dn))
    away = np.hypot(x, y)
    return np.lexsort((away, off > np.radians(30.0))).tolist()


def scores(worlds: list[Course], habit: Habit) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for share in SHARES:
        top1, top3, base1, base3, held, size, log = [], [], [], [], [], [], []
        for w in worlds:
            for true, rows in w.flights:
                part = rows[: max(3, int(share * len(rows)))]
                answer = whither(
                    w.land, east_m=part[:, 1], north_m=part[:, 2], time_s=part[:, 0], usage=w.usage, habit=habit
                )
                order = np.argsort(-answer.probability[:-1], kind="stable")[:3].tolist()
                first = ahead(w.land, part)[:3]
                names = answer.likeliest()
                top1.append(order[0] == true)
                top3.append(true in order)
                base1.append(first[0] == true)
                base3.append(true in first)
                held.append(w.land.ids[true] in names)
                size.append(len(names))
                log.append(np.log(max(answer.probability[true], 1e-9)))
        out[f"{share:.0%} of the way"] = {
            "flights": len(top1), "top1": np.mean(top1), "top3": np.mean(top3), "heading_top1": np.mean(base1),
            "heading_top3": np.mean(base3), "set90_holds": np.mean(held), "set90_size": np.mean(size),
            "log_score": np.mean(log),
        }  # fmt: skip
    return out


def milliseconds(strips: int = 80) -> dict[str, float]:
    """Return the time of one update with 200 sites."""
    w = course(399, days=LEARN_DAYS + 2, strips=strips)
    rows = w.flights[0][1]
    spent = []
    for _ in range(60):
        start = time.process_time()
        whither(w.land, east_m=rows[:, 1], north_m=rows[:, 2], time_s=rows[:, 0], usage=w.usage)
        spent.append(1000.0 * (time.process_time() - start))
    return {"sites": len(w.land.ids), **_result.spread(spent)}


def main() -> None:
    worlds = [course(seed) for seed in SEEDS]
    figures = {
        "seeds": SEEDS,
        "strips": len(worlds[0].land.ids),
        "table": scores(worlds, Habit()),
        "without_usage": scores(
            [Course(w.land, usage_of(np.zeros(len(w.usage)).tolist()), w.flights) for w in worlds], Habit()
        ),
        "update_ms": milliseconds(),
    }
    _result.write("intent", figures, packages=["scipy"])
    print(json.dumps(figures, indent=1, default=float))


if __name__ == "__main__":
    main()
