"""Everybody else: nine lawful classes and the hard ones, each a trap for a careless rule.

The hard class is what killed people in 2001: a mission strip that no list knows, a medical
flight at dawn to a village, no plan, no transponder. It is a fixed share of all lawful flights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from waman.geo.units import KNOT_MPS
from waman.sim.corridor import weather
from waman.sim.land.plane import Plane
from waman.sim.motion import Leg
from waman.sim.places import Place
from waman.sim.randomness import stream
from waman.sim.scenario import DEFAULT_MIX, Scenario
from waman.sim.trips import POOLS, Filed, Fleet, Identity, Trip, local_s, of_kind, squawk

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Class:
    """How one class behaves: hours, speed [kt], level [m], share that files, squawks, sends ADS-B."""

    hours: tuple[float, float, float]
    speed_kt: tuple[float, float]
    level_m: tuple[float, float]
    above_sea: bool
    wait_min: tuple[float, float]
    plan: float | None  # None: the scenario's share
    transponder: float | None
    adsb: float = 0.6


CLASSES = {
    "air_taxi": _Class((6.0, 8.0, 17.0), (120, 165), (300, 900), False, (12, 45), None, None),
    "mission": _Class((6.0, 9.0, 16.0), (105, 140), (300, 800), False, (15, 120), 0.35, 0.6),
    "medevac": _Class((0.0, 9.0, 24.0), (120, 160), (300, 900), False, (8, 40), 0.3, 0.8),
    "military": _Class((6.0, 10.0, 18.0), (120, 180), (150, 900), False, (10, 60), 0.1, 0.5, 0.0),
    "survey": _Class((7.0, 9.0, 14.0), (95, 130), (450, 900), False, (5, 10), 0.8, 0.9),
    "charter": _Class((6.0, 9.0, 16.0), (140, 190), (2500, 4200), True, (25, 90), 0.95, 0.95),
    "overflight": _Class((0.0, 12.0, 24.0), (250, 460), (6000, 11500), True, (0, 0), 0.98, 1.0, 0.95),
    "helicopter": _Class((6.0, 10.0, 17.0), (80, 115), (100, 350), False, (5, 30), 0.3, 0.7),
    "firefighting": _Class((8.0, 13.0, 17.0), (100, 150), (80, 400), False, (5, 15), 0.4, 0.9),
    "hard_mission": _Class((5.8, 7.5, 10.0), (105, 145), (100, 500), False, (6, 25), 0.0, 0.35),
    "hard_medevac": _Class((5.3, 6.2, 7.2), (110, 160), (100, 500), False, (6, 15), 0.0, 0.35),
}
"""Shares, hours and levels are assumptions: no traffic counts of the corridor are public."""

FOREIGN_HARD = 0.25  # share of hard flights that come over the border (assumption)
HARD = ("hard_mission", "hard_medevac")
TRIPS_A_DAY_MAX = 20_000


def lawful_trips(scenario: Scenario, plane: Plane, places: list[Place], known: Fleet) -> list[Trip]:
    """Return every lawful flight, in order of day and number. No corridor flight depends on them."""
    law = scenario.lawful
    mix = law.mix or DEFAULT_MIX
    names = list(mix)
    share = np.array([mix[n] for n in names])
    no_go = weather(scenario).no_go
    trips: list[Trip] = []
    for day in range(scenario.days):
        rng = stream(scenario.seed, "lawful", day)
        order = stream(scenario.seed, "fleet-day", day).permutation(len(known.identities)).tolist()
        count = min(int(rng.poisson(law.per_corridor_flight * scenario.corridor.flights_per_day)), TRIPS_A_DAY_MAX)
        for number in range(count):
            hard, pick = rng.random() < law.hard, rng.random()
            name = HARD[int(pick < 0.5)] if hard else str(rng.choice(names, p=share / share.sum()))
            base = of_kind(known, order, POOLS.get(name, "light"))
            trips.append(_trip(scenario, rng, plane, places, name, base, day, number, bool(no_go[day])))
    return trips


def _trip(
    scenario: Scenario,
    rng: np.random.Generator,
    plane: Plane,
    places: list[Place],
    name: str,
    base: Identity | None,
    day: int,
    number: int,
    no_go: bool,
) -> Trip:
    c, law = CLASSES[name], scenario.lawful
    hour = float(rng.triangular(*c.hours))
    if no_go and name not in ("overflight", "charter", "medevac", "hard_medevac"):
        hour = max(hour, 9.0 + 4.0 * float(rng.random()))  # they wait for the fog to lift
    speed, level = float(rng.uniform(*c.speed_kt)) * KNOT_MPS, float(rng.uniform(*c.level_m))
    legs, stops = SHAPES[name](rng, plane, places, c, speed, level)
    wait = 60.0 * float(rng.uniform(*c.wait_min))
    whole = tuple(replace(leg, wait_s=wait if i < len(legs) - 1 else 0.0) for i, leg in enumerate(legs))
    ssr = rng.random() < (law.transponder if c.transponder is None else c.transponder)
    adsb = bool(rng.random() < c.adsb and ssr)
    planned = rng.random() < (law.plan if c.plan is None else c.plan)
    code = squawk(rng, plain=not planned)
    # where all aircraft of the day are out, one without transponder or plan flies
    identity = replace(base, mode_3a=code, ssr=bool(ssr), adsb=adsb) if base else Identity()
    start = local_s(scenario, day, hour)
    trip = Trip(f"L{day:05d}-{number:02d}", True, name, day, number, whole, tuple(stops), -1, start, identity)
    return replace(trip, plans=_plans(trip, float(rng.normal(0.0, 420.0)))) if planned and base else trip


def _plans(trip: Trip, late_s: float) -> tuple[Filed, ...]:
    """One plan a leg, with off-block times as inexact as they are in life."""
    i, plans, at = trip.identity, [], trip.anchor_s
    for k, leg in enumerate(trip.legs):
        route = "DCT" if k == 0 else "RETURN DCT"
        a, b = trip.stops[k], trip.stops[k + 1]
        plans.append(Filed(a, b, at + late_s, i.callsign, i.registration, i.icao24, route))
        length = float(np.hypot(np.diff(leg.east_m), np.diff(leg.north_m)).sum())
        at += 1.08 * length / leg.speed_mps + leg.wait_s
    return tuple(plans)


Shape = Callable[
    [np.random.Generator, Plane, list[Place], _Class, float, float], tuple[tuple[Leg, ...], tuple[str, ...]]
]


def _line(rng: np.random.Generator, a: tuple[float, float], b: tuple[float, float], bend: float = 0.06) -> Array:
    """Return a line with one bend: (3, 2) vertices [m]."""
    start, end = np.array(a), np.array(b)
    middle = 0.5 * (start + end) + bend * rng.normal(0.0, 1.0, 2) * float(np.hypot(*(end - start)))
    return np.vstack([start, middle, end])


def _leg(points: Array, c: _Class, speed: float, level: float, *, up: bool = True, down: bool = True) -> Leg:
    return Leg(points[:, 0], points[:, 1], np.full(len(points), level), c.above_sea, speed, up, down)


def _there(p: Place) -> tuple[float, float]:
    return p.east_m, p.north_m


def _of(rng: np.random.Generator, places: list[Place], *roles: str, listed: bool | None = None) -> Place:
    fit = [p for p in places if p.role in roles and (listed is None or p.listed == listed)]
    fit = fit or [p for p in places if p.role in roles]
    return fit[int(rng.integers(len(fit)))]


def _edge(rng: np.random.Generator, plane: Plane, side: int | None = None) -> tuple[float, float]:
    """Return a point on an edge of the world; side 1 is the border in the east."""
    side = int(rng.integers(4)) if side is None else side
    u, w, h = float(rng.uniform(0.1, 0.9)), plane.width_m, plane.height_m
    e, n = ((0.0, u * h), (w, u * h), (u * w, 0.0), (u * w, h))[side]
    return plane.east0_m + e, plane.north0_m + n


def _out_and_back(*roles: str, home: str = "aerodrome") -> Shape:
    def shape(
        rng: np.random.Generator, plane: Plane, places: list[Place], c: _Class, speed: float, level: float
    ) -> tuple[tuple[Leg, ...], tuple[str, ...]]:
        a, b = _of(rng, places, home), _of(rng, places, *roles)
        out, back = _line(rng, _there(a), _there(b)), _line(rng, _there(b), _there(a))
        return (_leg(out, c, speed, level), _leg(back, c, speed, level)), (a.id, b.id, a.id)

    return shape


def _survey(
    rng: np.random.Generator, plane: Plane, places: list[Place], c: _Class, speed: float, level: float
) -> tuple[tuple[Leg, ...], tuple[str, ...]]:
    """Parallel lines over a block, as photo surveys and sprayers fly."""
    a, near = _of(rng, places, "aerodrome"), _of(rng, places, "village", "mission")
    lines, length, gap = int(rng.integers(6, 12)), float(rng.uniform(8e3, 16e3)), float(rng.uniform(8e2, 2e3))
    turn = float(rng.uniform(0.0, np.pi))
    y = np.repeat(np.arange(lines) * gap, 2)
    x = np.tile([0.0, length, length, 0.0], (lines + 1) // 2)[: 2 * lines]
    e = near.east_m + x * np.cos(turn) - y * np.sin(turn)
    n = near.north_m + x * np.sin(turn) + y * np.cos(turn)
    points = _inside(plane, np.vstack([_there(a), np.column_stack([e, n]), _there(a)]))
    return (_leg(points, c, speed, level),), (a.id, a.id)


def _loiter(
    rng: np.random.Generator, plane: Plane, places: list[Place], c: _Class, speed: float, level: float
) -> tuple[tuple[Leg, ...], tuple[str, ...]]:
    """Circles over one spot: fires, holding, searching."""
    a, near = _of(rng, places, "aerodrome"), _of(rng, places, "village", "mission")
    radius, turns = float(rng.uniform(1.5e3, 4e3)), int(rng.integers(4, 12))
    angle = np.linspace(0.0, 2.0 * np.pi * turns, 16 * turns)
    centre = np.array(_there(near)) + rng.normal(0.0, 5e3, 2)
    ring = centre + radius * np.column_stack([np.cos(angle), np.sin(angle)])
    points = _inside(plane, np.vstack([_there(a), ring, _there(a)]))
    return (_leg(points, c, speed, level),), (a.id, a.id)


def _inside(plane: Plane, points: Array) -> Array:
    low = np.array([plane.east0_m, plane.north0_m])
    return np.clip(points, low, low + np.array([plane.width_m, plane.height_m]))


def _overflight(
    rng: np.random.Generator, plane: Plane, places: list[Place], c: _Class, speed: float, level: float
) -> tuple[tuple[Leg, ...], tuple[str, ...]]:
    sides = rng.permutation(4)[:2]
    points = _line(rng, _edge(rng, plane, int(sides[0])), _edge(rng, plane, int(sides[1])), 0.0)
    return (_leg(points, c, speed, level, up=False, down=False),), ("ZZZZ", "ZZZZ")


def _charter(
    rng: np.random.Generator, plane: Plane, places: list[Place], c: _Class, speed: float, level: float
) -> tuple[tuple[Leg, ...], tuple[str, ...]]:
    """Over the border to an aerodrome and back: crossing a border is lawful."""
    a, edge = _of(rng, places, "aerodrome"), _edge(rng, plane, 1)
    inward, outward = _line(rng, edge, _there(a), 0.03), _line(rng, _there(a), edge, 0.03)
    legs = (_leg(inward, c, speed, level, up=False), _leg(outward, c, speed, level, down=False))
    return legs, ("ZZZZ", a.id, "ZZZZ")


def _hop(
    rng: np.random.Generator, plane: Plane, places: list[Place], c: _Class, speed: float, level: float
) -> tuple[tuple[Leg, ...], tuple[str, ...]]:
    """From village to village and home, as helicopters work."""
    stops = [_of(rng, places, "aerodrome")] + [_of(rng, places, "village", "mission") for _ in range(2)]
    stops.append(stops[0])
    legs = tuple(
        _leg(_line(rng, _there(a), _there(b), 0.03), c, speed, level) for a, b in pairwise(stops) if a.id != b.id
    )
    ids = [stops[0].id] + [b.id for a, b in pairwise(stops) if a.id != b.id]
    return legs, tuple(ids)


def _hard(role: str) -> Shape:
    home = _out_and_back(role)

    def shape(
        rng: np.random.Generator, plane: Plane, places: list[Place], c: _Class, speed: float, level: float
    ) -> tuple[tuple[Leg, ...], tuple[str, ...]]:
        if rng.random() >= FOREIGN_HARD:
            return home(rng, plane, places, c, speed, level)
        b, edge = _of(rng, places, role, listed=False), _edge(rng, plane, 1)
        inward, outward = _line(rng, edge, _there(b)), _line(rng, _there(b), edge)
        legs = (_leg(inward, c, speed, level, up=False), _leg(outward, c, speed, level, down=False))
        return legs, ("ZZZZ", b.id, "ZZZZ")

    return shape


SHAPES: dict[str, Shape] = {
    "air_taxi": _out_and_back("village", "aerodrome", "village"),
    "mission": _out_and_back("mission", "village"),
    "medevac": _out_and_back("village", "mission"),
    "military": _loiter,
    "survey": _survey,
    "charter": _charter,
    "overflight": _overflight,
    "helicopter": _hop,
    "firefighting": _loiter,
    "hard_mission": _hard("mission"),
    "hard_medevac": _hard("village"),
}
