"""A simulated corridor night through the whole chain, and what the chain saw of it beside what was true.

The one place where Waman's own output can be held against the truth of such a night: there is no open recording of
one. Everything printed says that it is simulated.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from waman.cli._stages import Run, Say, run_workspace

if TYPE_CHECKING:
    from waman.sim import World

SAME_M = 2500.0
"""A track row nearer than this to where an aircraft truly was at that time is of that aircraft."""
SEEN_S = 60.0
NOTE = {
    "en": "SIMULATED on stand-in terrain: every place, aircraft and person here is invented.",
    "es": "SIMULADO sobre un terreno sustituto: todo lugar, aeronave y persona es inventado.",
}
TITLE = "Noche del corredor / Corridor night: SIMULADO / SIMULATED"
PAGES = {"en": "night.html", "es": "noche.html"}
WATCHED_H = (5.25, 4.0)
"""The demo watches the hours of the corridor, from 05:15 for four hours: `waman simulate` writes the whole night."""


def corridor_night(folder: Path, *, say: Say, hours: tuple[float, float] | None = WATCHED_H) -> Run:
    """Simulate the night into ``folder``, run every stage on it, and say what was seen of it beside what was true.

    Besides the report it writes the same answers as a page in each language (PAGES).
    """
    import msgspec

    from waman.cli.simulate import write_world
    from waman.report import write_beside
    from waman.report.beside import answers
    from waman.sim import load_scenario, simulate
    from waman.store import open_workspace, write_file

    scenario = load_scenario("corridor_night")
    if hours is not None:
        record = msgspec.structs.replace(scenario.record, plots_start_h=hours[0], plots_hours=hours[1])
        scenario = msgspec.structs.replace(scenario, record=record)
    world = simulate(scenario)
    write_world(world, folder)
    run = run_workspace(open_workspace(folder), say=say, title=TITLE, notes=[NOTE])
    night = beside(world, run.tracks, run.flights, _heard(folder))
    for language, name in PAGES.items():
        other = next(code for code in PAGES if code != language)
        page = write_beside(night, language=language, report="report.html", other=PAGES[other])
        write_file(page, folder / name)
    say("  SIMULATED night: truth is known, and stands beside what the chain saw.")
    for question, answer in answers(night, "en"):
        say(f"  {question} {answer}")
    say(f"  {folder / PAGES['en']}, {folder / PAGES['es']}")
    return run


def beside(world: World, tracks: pa.Table, flights: pa.Table, heard: dict[int, int]) -> dict[str, Any]:
    """Return what came, where it touched down, how long it stayed and what passed unseen, truth and sight together.

    Only flights under way in the watched hours count; ``heard`` are village reports by target.
    """
    seen = seconds_seen(world, tracks)
    target = target_of_track(world, tracks)
    stops = _stops(flights, target)
    trips = [i for i in range(len(world.trips)) if _watched(world, i)]
    corridor = [i for i in trips if not world.trips[i].lawful]
    lawful = [i for i in trips if world.trips[i].lawful]
    rows = [_one(world, i, seen.get(i + 1, 0.0), stops.get(i + 1, []), heard.get(i + 1, 0)) for i in corridor]
    unseen = [r["flight"] for i, r in zip(corridor, rows, strict=True) if seen.get(i + 1, 0.0) < SEEN_S]
    record = world.scenario.record
    return {
        "hours": {"start": _hhmm(3600.0 * record.plots_start_h),
                  "end": _hhmm(3600.0 * (record.plots_start_h + record.plots_hours))},
        "came": len(corridor),
        "lawful": len(lawful),
        "seen": len(corridor) - len(unseen),
        "lawful_seen": sum(seen.get(i + 1, 0.0) >= SEEN_S for i in lawful),
        "heard": sum(heard.get(i + 1, 0) > 0 for i in corridor),
        "flights": rows,
        "unseen": unseen,
        "missed_most": 1.0 - min((r["seen_share"] for r in rows), default=1.0),
        "called": _called(world, flights, target),
        "false_tracks": int(sum(not any(t in target for t in row["tracks"]) for row in flights.to_pylist())),
    }  # fmt: skip


def _heard(folder: Path) -> dict[int, int]:
    """Return how many reports each target has (the links are truth, kept apart from the reports)."""
    import pyarrow.parquet as pq

    return dict(Counter(pq.read_table(folder / "report_links.parquet")["target"].to_pylist()))


def _watched(world: World, i: int) -> bool:
    """Return whether a trip is under way in the hours that the sensors recorded."""
    m, record = world.motion, world.scenario.record
    start = 3600.0 * record.plots_start_h
    first, last = m.time_s[m.offsets[i]], m.time_s[m.offsets[i + 1] - 1]
    return bool(last >= start and first <= start + 3600.0 * record.plots_hours)


def _stops(flights: pa.Table, target: dict[int, int]) -> dict[int, list[float | None]]:
    """Return for each target the ground times of the stops that were found."""
    stops = defaultdict(list)
    for row in flights.to_pylist():
        found = [f for f in row["findings"] if f["rule"].startswith(("stop.", "end.landed"))]
        for track in row["tracks"]:
            if target.get(track) is not None and (row["landed"] or found):
                stops[target[track]].append(row["ground_time_s"])
    return dict(stops)


def _called(world: World, flights: pa.Table, target: dict[int, int]) -> dict[str, int]:
    """Count whose the flights called unexplained truly were: the figure that may not be wrong."""
    count = {"corridor": 0, "lawful": 0, "false_plots": 0}
    for row in flights.to_pylist():
        if row["verdict"] == "unexplained":
            number = next((target[t] for t in row["tracks"] if t in target), None)
            lawful = number is not None and world.trips[number - 1].lawful
            count["false_plots" if number is None else "lawful" if lawful else "corridor"] += 1
    return count


def _one(world: World, i: int, seen_s: float, stops: list[float | None], reports: int) -> dict[str, Any]:
    trip, m = world.trips[i], world.motion
    first = int(m.leg_offsets[i])
    last = int(m.leg_offsets[i + 1]) - 1
    flown = float(np.sum(m.leg_end_s[first : last + 1] - m.leg_start_s[first : last + 1]))
    away = [s for s in stops if s is not None]
    return {
        "flight": trip.flight,
        "category": trip.category,
        "strip": trip.stops[1],
        "touched_down": _hhmm(float(m.leg_end_s[first])),
        "stayed_min": trip.legs[0].wait_s / 60.0 if len(trip.legs) > 1 else None,
        "seen_share": min(seen_s / flown, 1.0),
        "stop_seen": bool(stops),
        "away_min": away[0] / 60.0 if away else None,
        "reports": reports,
    }


def _hhmm(seconds: float) -> str:
    minutes = int(seconds // 60.0) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


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
