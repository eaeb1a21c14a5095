"""A simulated corridor night through the whole chain, and what the chain saw of it beside what was true.

The one place where Waman's own output can be held against the truth of such a night: there is no open recording of
one. Everything printed says that it is simulated.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from waman.cli._stages import Run, Say, run_workspace

if TYPE_CHECKING:
    from waman.sim import World

SAME_M = 2500.0
"""A track row nearer than this to where an aircraft truly was at that time is of that aircraft."""
NOTE = {
    "en": "Simulated on stand-in terrain: every place, aircraft and person here is invented.",
    "es": "Simulado sobre un terreno sustituto: todo lugar, aeronave y persona es inventado.",
}


def corridor_night(folder: Path, *, say: Say) -> Run:
    """Simulate the night into ``folder``, run every stage on it, and say what was seen of it beside what was true."""
    from waman.cli.simulate import write_world
    from waman.sim import load_scenario, simulate
    from waman.store import open_workspace

    world = simulate(load_scenario("corridor_night"))
    write_world(world, folder)
    run = run_workspace(open_workspace(folder), say=say, title=world.scenario.name, notes=[NOTE])
    for line in answers(world, run.tracks, run.flights):
        say(line)
    return run


def answers(world: World, tracks: pa.Table, flights: pa.Table) -> list[str]:
    """Return how many came, where they touched down, how long they stayed, and what passed unseen, truth beside."""
    seen = seconds_seen(world, tracks)
    stops = defaultdict(list)
    target = target_of_track(world, tracks)
    for row in flights.to_pylist():
        found = [f for f in row["findings"] if f["rule"].startswith(("stop.", "end.landed"))]
        for track in row["tracks"]:
            if target.get(track) is not None and (row["landed"] or found):
                stops[target[track]].append(row["ground_time_s"])
    corridor = [i for i, t in enumerate(world.trips) if not t.lawful]
    lawful = [i for i, t in enumerate(world.trips) if t.lawful]
    unseen = [i for i in corridor if seen.get(i + 1, 0.0) < 60.0]
    lines = [
        "  SIMULATED night: truth is known, and stands beside what the chain saw.",
        f"  came: {len(corridor)} corridor flights and {len(lawful)} lawful ones; seen for a minute or more: "
        f"{len(corridor) - len(unseen)} and {sum(seen.get(i + 1, 0.0) >= 60.0 for i in lawful)}",
    ]
    lines += [_one(world, i, seen.get(i + 1, 0.0), stops.get(i + 1, [])) for i in corridor]
    names = ", ".join(world.trips[i].flight for i in unseen) or "none"
    lines.append(f"  passed unseen: {len(unseen)} of {len(corridor)} ({names})")
    lines.append("  flights called unexplained: " + _whose(world, flights, target))
    return lines


def _whose(world: World, flights: pa.Table, target: dict[int, int]) -> str:
    """Say of whom the flights called unexplained truly were: the figure that may not be wrong."""
    count = {"of the corridor": 0, "lawful": 0, "of false plots": 0}
    for row in flights.to_pylist():
        if row["verdict"] == "unexplained":
            number = next((target[t] for t in row["tracks"] if t in target), None)
            lawful = number is not None and world.trips[number - 1].lawful
            count["of false plots" if number is None else "lawful" if lawful else "of the corridor"] += 1
    return ", ".join(f"{n} {word}" for word, n in count.items())


def _one(world: World, i: int, seen_s: float, stops: list[float | None]) -> str:
    trip, m = world.trips[i], world.motion
    first = int(m.leg_offsets[i])
    last = int(m.leg_offsets[i + 1]) - 1
    flown = float(np.sum(m.leg_end_s[first : last + 1] - m.leg_start_s[first : last + 1]))
    stay = f"{trip.legs[0].wait_s / 60.0:.0f} min" if len(trip.legs) > 1 else "did not leave again"
    hour = (m.leg_end_s[first] / 3600.0) % 24.0
    known = [s for s in stops if s is not None]
    stop = "a stop seen" if stops else "no stop seen"
    if known:
        stop += f", out of sight {known[0] / 60.0:.0f} min"
    when = f"{int(hour):02d}:{int(hour * 60) % 60:02d}"
    return (
        f"    {trip.flight} ({trip.category.removeprefix('corridor_')}): touched down at {trip.stops[1]} {when} local, "
        f"stayed {stay}; seen {min(seen_s / flown, 1.0):.0%} of its way, {stop}"
    )


def seconds_seen(world: World, tracks: pa.Table) -> dict[int, float]:
    """Return for each target the seconds in which a track followed it (rows at most a minute apart)."""
    out: dict[int, float] = {}
    hits = _matches(world, tracks)
    for number in np.unique(hits[:, 1]):
        times = np.sort(hits[hits[:, 1] == number, 2])
        steps = np.diff(times)
        out[int(number)] = float(steps[steps <= 60.0].sum())
    return out


def target_of_track(world: World, tracks: pa.Table) -> dict[int, int]:
    """Return the target that most rows of each track follow; tracks of nothing are left out."""
    votes: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for track, number, _ in _matches(world, tracks):
        votes[int(track)][int(number)] += 1
    rows: dict[Any, int] = {}
    for value, count in zip(*np.unique(tracks["track"].to_numpy(), return_counts=True), strict=True):
        rows[int(value)] = int(count)
    best = {t: max(v.items(), key=lambda item: (item[1], -item[0])) for t, v in votes.items()}
    return {t: number for t, (number, count) in best.items() if count >= 0.5 * rows[t]}


def _matches(world: World, tracks: pa.Table) -> Any:
    """Return (track, target, seconds) of every detected row of the air picture that lies where a target was."""
    from waman.sim.world import micros

    detected = tracks["detected"].to_numpy(zero_copy_only=False)
    firm = np.array(tracks["state"].to_pylist()) != "tentative"
    rows = tracks.filter(pa.array(detected & firm))
    start = int(micros(world, np.array(0.0)))
    time = (rows["time"].cast(pa.int64()).to_numpy() - start) / 1e6
    east, north = world.plane.frame.to_plane(lat_deg=rows["lat_deg"].to_numpy(), lon_deg=rows["lon_deg"].to_numpy())
    track, m, found = rows["track"].to_numpy(), world.motion, []
    for i in range(len(world.trips)):
        a, b = m.offsets[i], m.offsets[i + 1]
        span = (time >= m.time_s[a]) & (time <= m.time_s[b - 1])
        e, n = (np.interp(time[span], m.time_s[a:b], v[a:b]) for v in (m.east_m, m.north_m))
        near = np.hypot(east[span] - e, north[span] - n) < SAME_M
        found.append(np.column_stack([track[span][near], np.full(near.sum(), i + 1.0), time[span][near]]))
    return np.concatenate(found) if found else np.empty((0, 3))
