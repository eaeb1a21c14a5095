"""Where people live and aircraft land in a simulated world, and how strips come and go.

All places are invented. A strip that no list knows may be a mission's, a village's or the
corridor's: being unlisted says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waman.sim.land.plane import CELL_M, Plane
from waman.sim.randomness import stream
from waman.sim.scenario import Scenario

Array = NDArray[np.float64]
CLOSED, OPEN, DESTROYED, FLOODED = 0, 1, 2, 3
POOL = 2.5  # sites known to the builders for each strip in use (assumption)
SITES_MAX = 2000
SHY_M = {"aerodrome": 12_000.0, "mission": 3000.0, "village": 2000.0}
"""The corridor's builders keep out of sight of these (assumption)."""
SEA_M = 1.0  # elevation files give the sea as 0 or a little less
STRIPS_OF_FIGURE = 65.0  # strips of the year whose 185 destructions are the source figure (facts 4)
WEEKS_BEFORE_REUSE = 12


@dataclass(frozen=True)
class Place:
    """One place on the ground; ``role`` is what it truly is, ``kind`` what a list would call it."""

    id: str
    role: str
    kind: str
    listed: bool
    known: bool
    east_m: float
    north_m: float
    elevation_m: float
    length_m: float
    heading_deg: float
    sector: int = 0
    surface: str = "firm"
    mapped: bool = False
    """A settlement that maps and the census have, whether or not a list has its strip."""


@dataclass(frozen=True)
class StripLife:
    """State of each site by day, (days, sites) int8, and the dated events: (day, site, word)."""

    state: NDArray[np.int8]
    events: tuple[tuple[int, int, str], ...]
    bribed: NDArray[np.bool_]  # (rotations, sites)


def settle(scenario: Scenario, plane: Plane) -> tuple[list[Place], list[Place]]:
    """Return the lawful places and the sites of the corridor's strips, each found by slope and height."""
    lawful, corridor = scenario.lawful, scenario.corridor
    kinds = [("aerodrome", lawful.aerodromes), ("village", lawful.villages), ("mission", lawful.missions)]
    wanted = sum(n for _, n in kinds)
    spots = _spots(scenario, plane, "places", wanted, apart_m=6000.0, east_share=0.92)
    rng, maps = stream(scenario.seed, "listed"), stream(scenario.seed, "mapped")
    share = {"aerodrome": 0.0, "village": lawful.villages_mapped, "mission": lawful.missions_mapped}
    places: list[Place] = []
    for role, count in kinds:
        for i in range(count):
            listed = role == "aerodrome" or (role == "village" and rng.random() < lawful.villages_listed)
            known = listed or rng.random() < 0.5
            length = 1200.0 if role == "aerodrome" else 400.0 + 500.0 * rng.random()
            kind = "aerodrome" if role == "aerodrome" else "strip"
            e, n = spots[len(places)]
            name = f"{role[0].upper()}{i + 1:02d}"
            heading = round(180.0 * rng.random(), 1)
            place = _place(plane, name, role, kind, listed, known, e, n, round(length), heading)
            places.append(replace(place, mapped=bool(maps.random() < share[role])))
    count = min(int(np.ceil(POOL * corridor.strips)), SITES_MAX)
    sites = _spots(scenario, plane, "strips", count, apart_m=2500.0, east_share=0.85, avoid=places)
    order = np.argsort([e for e, _ in sites], kind="stable")
    rng = stream(scenario.seed, "strip-kinds")
    strips = []
    for rank, i in enumerate(order):
        surface = str(rng.choice(["firm", "beach", "islet"], p=[0.50, 0.14, 0.36]))  # facts 4
        low, high = corridor.strip_length_m
        length, heading, known = low + (high - low) * rng.random(), 180.0 * rng.random(), rng.random() < corridor.known
        e, n = sites[i]
        place = _place(
            plane, f"S{rank + 1:03d}", "strip", "strip", False, bool(known), e, n, round(length), round(heading, 1)
        )
        strips.append(replace(place, sector=3 * rank // max(count, 1), surface=surface))
    return places, strips


def _place(
    plane: Plane,
    name: str,
    role: str,
    kind: str,
    listed: bool,
    known: bool,
    e: float,
    n: float,
    length: float,
    heading: float,
) -> Place:
    lat, lon = plane.frame.to_degrees(east_m=e, north_m=n)
    return Place(name, role, kind, listed, known, e, n, float(plane.ground.elevation(lat, lon).item()), length, heading)


def _spots(
    scenario: Scenario,
    plane: Plane,
    element: str,
    count: int,
    *,
    apart_m: float,
    east_share: float,
    avoid: Sequence[Place] = (),
) -> list[tuple[float, float]]:
    """Level, low places in random order, none nearer to another than ``apart_m`` (less where land is short)."""
    rows, columns = plane.heights_m.shape
    edge = max(int(5000.0 / CELL_M), 1)
    fit = np.zeros((rows, columns), bool)
    fit[edge:-edge, edge : int(columns * east_share)] = True
    land = plane.heights_m > SEA_M
    for slope, share in ((0.05, 0.45), (0.1, 0.45), (0.2, 0.6), (1e9, 1.0)):
        low = np.quantile(plane.heights_m[land], share)
        flat = np.flatnonzero((fit & land & (plane.slope < slope) & (plane.heights_m <= low)).ravel())
        if flat.size >= 40 * count:
            break
    order = stream(scenario.seed, element).permutation(flat)[: 400 * max(count, 1)]
    east = plane.east0_m + CELL_M * (order % columns)
    north = plane.north0_m + CELL_M * (order // columns)
    clear = np.ones(order.size, bool)
    for p in avoid:
        clear &= np.hypot(east - p.east_m, north - p.north_m) > SHY_M.get(p.role, 0.0)
    east, north = east[clear], north[clear]
    chosen: list[int] = []
    for gap in (apart_m, apart_m / 2, apart_m / 4, 0.0):
        for i in range(east.size):
            if len(chosen) == count:
                break
            near = np.hypot(east[chosen] - east[i], north[chosen] - north[i])
            if not near.size or near.min() > gap:
                chosen.append(i)
    return [(float(east[i]), float(north[i])) for i in chosen]


def strip_life(scenario: Scenario, strips: list[Place]) -> StripLife:
    """Run the sites day by day: opened, destroyed, rebuilt in 1-10 days or given up, flooded by the river."""
    n, days, c = len(strips), scenario.days, scenario.corridor
    state = np.zeros((days, n), np.int8)
    events: list[tuple[int, int, str]] = []
    start = stream(scenario.seed, "strip-start").permutation(n)
    now = np.zeros(n, np.int8)
    now[start[: c.strips]] = OPEN
    back = np.full(n, -1)  # day on which a destroyed strip is open again
    idle = np.full(n, -10_000)  # day on which a site was given up
    bribed = _bribes(scenario, n)
    hazard = c.destroyed_per_year / 365.0 / STRIPS_OF_FIGURE
    floods = np.array([{"firm": 9.0, "beach": 0.6, "islet": 0.2}[s.surface] for s in strips])
    level = _river(scenario)
    for day in range(days):
        rng = stream(scenario.seed, "strip-day", day)
        hit_draw, rebuild, repair, birth = (
            rng.random(n),
            rng.random(n),
            rng.triangular(1.0, 1.0, 10.0, n),
            rng.random(n),
        )
        protected = bribed[day // scenario.units.rotation_days]
        hit = (now == OPEN) & (hit_draw < hazard * np.where(protected, 0.2, 1.0 + 0.8 * bribed.mean()))
        ready = (now == DESTROYED) & (back == day)
        now[ready], now[hit] = OPEN, DESTROYED
        back[hit] = np.where(rebuild[hit] < c.rebuilt, day + np.ceil(repair[hit]).astype(int), -1)
        gone = hit & (back == -1)
        idle[gone] = day
        free = np.flatnonzero((now == CLOSED) | ((now == DESTROYED) & (idle > -10_000)))
        free = free[(day - idle[free]) > 7 * WEEKS_BEFORE_REUSE]
        missing = c.strips - int(np.sum((now == OPEN) | ((now == DESTROYED) & (back >= 0))))
        # a given-up strip is replaced within weeks: at most a tenth of what is missing a day
        born = free[np.argsort(birth[free], kind="stable")[: int(np.ceil(max(missing, 0) / 10.0))]]
        now[born], idle[born], back[born] = OPEN, -10_000, -1
        for word, which in (("rebuilt", ready), ("destroyed", hit)):
            events += [(day, int(i), word) for i in np.flatnonzero(which)]
        events += [(day, int(i), "opened") for i in sorted(born)]
        state[day] = np.where((now == OPEN) & (level[day] > floods), FLOODED, now)
    return StripLife(state, tuple(events), bribed)


def _bribes(scenario: Scenario, n: int) -> NDArray[np.bool_]:
    rotations = scenario.days // scenario.units.rotation_days + 1
    return stream(scenario.seed, "bribes").random((rotations, n)) < scenario.units.bribed


def _river(scenario: Scenario) -> Array:
    """River level by day, about -1 in the dry season (July) to 1 in February, with weeks of noise."""
    from waman.geo.time import parse_utc_us
    from waman.geo.units import DAY_US

    day = (parse_utc_us(scenario.start) // DAY_US + np.arange(scenario.days)) % 365.25
    noise = stream(scenario.seed, "river").standard_normal(scenario.days)
    level = np.zeros(scenario.days)
    for i in range(1, scenario.days):
        level[i] = 0.9 * level[i - 1] + 0.1 * noise[i]
    return np.asarray(np.cos(2.0 * np.pi * (day - 45.0) / 365.25) + level, np.float64)
