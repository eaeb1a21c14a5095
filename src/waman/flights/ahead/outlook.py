"""The moment seen from the ground: who is in the air and where to, who is no longer seen, who could be there.

Composes intent, ending and response for one time of a workspace. Nothing here leaves the workspace, and nothing is
for the air: it tells people on the ground where to look, and when to keep away.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waman.config import Team
from waman.flights.ahead.ending import Ending, ending
from waman.flights.ahead.intent import (
    CELL_M,
    EDGE,
    KNOWN,
    STRIP,
    Land,
    Whither,
    edge_points,
    land_of,
    usage_of,
    whither,
)
from waman.flights.ahead.response import Destination, Response, response
from waman.geo.frames import Frame
from waman.geo.time import datetime_us

F = NDArray[np.float64]
CELLS_MAX = 200
SEEN_WITHIN_S = 60.0
LOST_WITHIN_S = 1800.0
RECENT_S = 60.0
VISITS_MAX = 10.0
"""No place gains more habit than this from the system's own flights, or it would confirm itself."""
LANDING_KINDS = frozenset({"aerodrome", "heliport", "strip"})
LAWFUL_KINDS = frozenset({"aerodrome", "heliport"})


@dataclass(frozen=True)
class Scene:
    """The ground prepared once: land, landing places in its order, and what each of them is."""

    land: Land
    spots: tuple[Destination, ...]
    lawful: NDArray[np.bool_]
    ground_m: Callable[[Any, Any], Any] | None


@dataclass(frozen=True)
class Outlook:
    """One flight at one time. In the air: ``whither`` and ``response``; no longer seen: ``ending``."""

    flight: str
    seen_s_ago: float
    whither: Whither | None
    response: Response | None
    ending: Ending | None


def scene_of(
    bbox: tuple[float, float, float, float],
    places: Sequence[Mapping[str, Any]],
    ground_m: Callable[[Any, Any], Any] | None,
) -> Scene:
    """Return the land of a box with its landing places and the points of its edge.

    ``places`` are rows of the places contract; a strip that no list knows counts as one where armed guards are
    likely, which only makes the advice more careful.
    """
    west, south, east, north = bbox
    frame = Frame(lat0_deg=0.5 * (south + north), lon0_deg=0.5 * (west + east))
    xs, ys = frame.to_plane(lat_deg=np.array([south, south, north, north]), lon_deg=np.array([west, east, west, east]))
    width, height = float(np.ptp(xs)), float(np.ptp(ys))
    cell = max(CELL_M, width / CELLS_MAX, height / CELLS_MAX)
    e, n = np.arange(xs.min(), xs.max(), cell), np.arange(ys.min(), ys.max(), cell)
    grid_e, grid_n = np.meshgrid(e, n)
    lat, lon = frame.to_degrees(east_m=grid_e, north_m=grid_n)
    heights = np.zeros(grid_e.shape) if ground_m is None else np.asarray(ground_m(lat, lon), np.float64)
    mine = [p for p in places if p["kind"] in LANDING_KINDS and west <= p["lon_deg"] <= east]
    mine = [p for p in mine if south <= p["lat_deg"] <= north]
    at = frame.to_plane(lat_deg=np.array([p["lat_deg"] for p in mine]), lon_deg=np.array([p["lon_deg"] for p in mine]))
    edge = edge_points(east0_m=float(xs.min()), north0_m=float(ys.min()), width_m=width, height_m=height)
    named = [(str(p["id"]), float(a), float(b)) for p, a, b in zip(mine, *at, strict=True)]
    land = land_of(
        heights, frame=frame, east0_m=float(xs.min()), north0_m=float(ys.min()), places=[*named, *edge], cell_m=cell,
        kind=[STRIP if p["kind"] == "strip" and not p.get("listed") else KNOWN for p in mine] + [EDGE] * len(edge),
    )  # fmt: skip
    lat, lon = frame.to_degrees(east_m=land.east_m, north_m=land.north_m)
    guards = [p["kind"] == "strip" and not p.get("listed") for p in mine] + [False] * len(edge)
    spots = tuple(Destination(i, float(a), float(b), g) for i, a, b, g in zip(land.ids, lat, lon, guards, strict=True))
    lawful = np.array([p["kind"] in LAWFUL_KINDS for p in mine] + [False] * len(edge), bool)
    return Scene(land, spots, lawful, ground_m)


def outlook(
    scene: Scene,
    tracks: pa.Table,
    flights: pa.Table,
    *,
    at_us: int,
    teams: Sequence[Team] = (),
    pd: Callable[[F, F, F, int], F] | None = None,
) -> list[Outlook]:
    """Return every flight of a moment: possible impacts first, then who is in the air, then who is no longer seen.

    Parameters
    ----------
    tracks, flights : contract tables; only rows up to ``at_us`` are used for where a flight goes
    pd : probability that any sensor sees an aircraft at (lat, lon, height above ground, time); None is unknown
    """
    out = []
    for row in flights.to_pylist():
        start, end = datetime_us(row["start"]), datetime_us(row["end"])
        if start > at_us or end < at_us - LOST_WITHIN_S * 1e6:
            continue
        so_far = _so_far(tracks, row["tracks"], start, min(at_us, end))
        if so_far.shape[1] < 2:
            continue
        ago = at_us / 1e6 - so_far[0, -1]
        if ago > SEEN_WITHIN_S:
            out.append(Outlook(row["flight"], ago, None, None, _ending(scene, so_far, at_us, pd)))
            continue
        named = _named(row)
        usage = usage_of(_visits(scene, flights, before_us=start, named=named))
        answer = _whither(scene, so_far, usage, named)
        mass = float(answer.probability[:-1][scene.lawful].sum())
        lawful = 1.0 if row["verdict"] == "explained" else mass
        out.append(Outlook(row["flight"], ago, answer, response(answer, scene.spots, teams, lawful=lawful), None))
    return sorted(out, key=lambda o: (not (o.ending and o.ending.rescue_first), o.whither is None, o.flight))


def _named(row: Mapping[str, Any]) -> bool:
    return bool(row.get("icao24") or row.get("callsign"))


def _so_far(tracks: pa.Table, numbers: Sequence[int], start_us: int, end_us: int) -> F:
    """Return (6, n): time [s], latitude, longitude, height, north and east velocity of the detected rows, in order."""
    kind = tracks["time"].type
    keep = pc.and_(
        pc.is_in(tracks["track"], pa.array(numbers, pa.int64())),
        pc.and_(
            pc.greater_equal(tracks["time"], pa.scalar(start_us, kind)),
            pc.less_equal(tracks["time"], pa.scalar(end_us, kind)),
        ),
    )
    mine = tracks.filter(pc.and_(keep, tracks["detected"])).sort_by("time")
    time = mine["time"].cast(pa.int64()).to_numpy() / 1e6
    names = ("lat_deg", "lon_deg", "altitude_msl_m", "vn_mps", "ve_mps")
    rows = np.stack([time, *(mine[n].cast(pa.float64()).to_numpy(zero_copy_only=False) for n in names)])
    # several sensors see one moment: a row a second is enough, and equal times have no speed
    return np.asarray(rows[:, np.append(True, np.diff(time) >= 1.0)] if rows.shape[1] else rows, np.float64)


def _climb(rows: F) -> float:
    """Return the mean climb of the last minute [m/s], NaN where heights are unknown."""
    recent = rows[:, rows[0] >= rows[0, -1] - RECENT_S]
    recent = recent[:, np.isfinite(recent[3])]
    span = recent[0, -1] - recent[0, 0] if recent.shape[1] > 1 else 0.0
    return float((recent[3, -1] - recent[3, 0]) / span) if span >= 5.0 else math.nan


def _whither(scene: Scene, rows: F, usage: F, named: bool) -> Whither:
    east, north = scene.land.frame.to_plane(lat_deg=rows[1], lon_deg=rows[2])
    return whither(
        scene.land, east_m=east, north_m=north, time_s=rows[0], usage=usage, named=named, climb_mps=_climb(rows),
        height_msl_m=float(rows[3, -1]),
    )  # fmt: skip


def _visits(scene: Scene, flights: pa.Table, *, before_us: int, named: bool) -> list[float]:
    """Return how often earlier flights of the kind (named or not) went to each place."""
    index = {name: i for i, name in enumerate(scene.land.ids)}
    visits = np.zeros(len(scene.land.ids))
    for row in flights.to_pylist():
        if row["destination"] in index and datetime_us(row["end"]) < before_us and _named(row) == named:
            visits[index[row["destination"]]] += row["destination_probability"] or 0.0
    return [min(float(v), VISITS_MAX) for v in visits]


def _ending(scene: Scene, rows: F, at_us: int, pd: Callable[[F, F, F, int], F] | None) -> Ending:
    last = rows[:, -1]
    land = scene.land
    east, north = (float(v) for v in land.frame.to_plane(lat_deg=last[1], lon_deg=last[2]))
    ground = 0.0 if scene.ground_m is None else float(np.asarray(scene.ground_m(last[1:2], last[2:3]))[0])
    agl = float(last[3]) - ground if scene.ground_m is not None else math.nan
    away = np.hypot(land.east_m - east, land.north_m - north)
    return ending(
        climb_mps=_climb(rows),
        height_agl_m=agl,
        unseen=_unseen(rows, agl, at_us, pd),
        place_m=float(np.min(away[~land.leaves], initial=np.inf)),
        out_s=_out_s(land, east, north, float(last[5]), float(last[4])),
    )


def _unseen(rows: F, agl_m: float, at_us: int, pd: Callable[[F, F, F, int], F] | None) -> float:
    """Return the probability of this silence if it flew on as it did: ten looks a minute apart, none seen."""
    last = rows[:, -1]
    if pd is None or not np.isfinite(last[4:6]).all():
        return 1.0
    ahead_s = np.arange(1.0, min(10.0, (at_us / 1e6 - last[0]) / 60.0) + 1e-9) * 60.0
    if not ahead_s.size:
        return 1.0
    lat = last[1] + ahead_s * last[4] / 111_195.0
    lon = last[2] + ahead_s * last[5] / (111_195.0 * math.cos(math.radians(last[1])))
    seen = np.nan_to_num(pd(lat, lon, np.full(ahead_s.size, agl_m), int(last[0] * 1e6)))
    return float(np.clip(np.prod(1.0 - np.clip(seen, 0.0, 0.99)), 0.0, 1.0))


def _out_s(land: Land, east: float, north: float, ve: float, vn: float) -> float:
    """Return after how many seconds the last velocity leads over the edge; infinite where it is unknown."""
    rows, cols = land.cost.shape
    best = math.inf
    for at, v, low, size in ((east, ve, land.east0_m, cols), (north, vn, land.north0_m, rows)):
        if math.isfinite(v) and abs(v) > 1.0:
            edge = low + (size - 1) * land.cell_m if v > 0 else low
            best = min(best, max((edge - at) / v, 0.0))
    return best
