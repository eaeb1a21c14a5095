"""The corridor's flights: when they come, to which strip, by which way, under which disguise.

Days that cannot be flown are shared by all flights (morning rain or fog). Loads, hours and ground
times follow the published figures (facts of the corridor, 3 and 5); the strip is chosen among those
open that day by habit, by mood of the week and by what was lost there (see ``balloon``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waman.geo.units import KNOT_MPS
from waman.sim.land.paths import Way, Ways
from waman.sim.motion import Leg
from waman.sim.places import OPEN, Place, StripLife
from waman.sim.randomness import stream
from waman.sim.scenario import Scenario
from waman.sim.trips import DAY_S, Filed, Fleet, Identity, Trip, foreign, local_s, squawk

Array = NDArray[np.float64]
PEAK_H = (6.0, 7.5, 9.0)  # arrivals, local time (facts 5, B)
GROUND_MIN = (5.0, 7.0, 12.0)  # minutes on the strip (facts 5, A)
TAKEN_OF_LOSSES = 0.2  # pilot taken in 5 of > 24 losses (facts 1 and 7, A)
OFF_TRACK_M = 1500.0  # sd of a pilot's own wandering about the least-cost line (assumption)
DISGUISES = ("cloned", "stolen", "plan_left", "open", "dark")


@dataclass(frozen=True)
class Weather:
    """Days that cannot be flown in the morning, shared by everybody: (days,) bool."""

    no_go: NDArray[np.bool_]


def weather(scenario: Scenario) -> Weather:
    """Draw the no-go days: a yearly share with a rainy season (December to March)."""
    from waman.geo.time import parse_utc_us
    from waman.geo.units import DAY_US

    day = (parse_utc_us(scenario.start) // DAY_US + np.arange(scenario.days)) % 365.25
    share = scenario.corridor.no_go * (1.0 + 0.6 * np.cos(2.0 * np.pi * (day - 32.0) / 365.25))
    draw = np.array([stream(scenario.seed, "weather", d).random() for d in range(scenario.days)])
    return Weather(draw < np.minimum(share, 1.0))


def habits(scenario: Scenario, strips: list[Place]) -> Array:
    """Return the usage weight of each strip: few are used often (log-normal, sd 1: assumption)."""
    return np.exp(stream(scenario.seed, "habits").standard_normal(len(strips)))


def corridor_trips(
    scenario: Scenario,
    ways: Ways,
    strips: list[Place],
    life: StripLife,
    known: Fleet,
    places: list[Place],
    *,
    air_share: Array,
    pull: Array,
) -> list[Trip]:
    """Return every flight of the corridor, in order of day and number.

    ``air_share`` (weeks,) scales the rate; ``pull`` (weeks, sectors) weighs the sectors of the strips.
    """
    no_go, weight = weather(scenario).no_go, habits(scenario, strips)
    sector = np.array([s.sector for s in strips], int)
    trips: list[Trip] = []
    for day in range(scenario.days):
        rng = stream(scenario.seed, "corridor", day)
        week = day // 7
        count = int(rng.poisson(scenario.corridor.flights_per_day * air_share[week]))
        usable = weight * (life.state[day] == OPEN) * pull[week][sector]
        if no_go[day] or not usable.sum():
            continue
        number = 0
        for _ in range(count):
            site = int(rng.choice(usable.size, p=usable / usable.sum()))
            bribed = bool(life.bribed[day // scenario.units.rotation_days, site])
            for trip in _party(scenario, rng, ways, strips[site], known, places, day, number, bribed):
                trips.append(trip)
                number += 1
    return trips


def _party(
    scenario: Scenario,
    rng: np.random.Generator,
    ways: Ways,
    strip: Place,
    known: Fleet,
    places: list[Place],
    day: int,
    number: int,
    bribed: bool,
) -> list[Trip]:
    """One aircraft, a pair some minutes apart, or a group of four or five."""
    c, draw = scenario.corridor, rng.random()
    size = int(rng.integers(4, 6)) if draw < c.groups else 2 if draw < c.groups + c.pairs else 1
    entry = int(rng.integers(c.entries))
    hour = float(rng.uniform(0.0, 24.0) if rng.random() < c.off_peak else rng.triangular(*PEAK_H))
    trips = []
    for i in range(size):
        at_s = local_s(scenario, day, hour) + i * float(rng.uniform(120.0, 420.0))
        trips.append(_trip(scenario, rng, ways, strip, known, places, day, number + i, at_s, entry, bribed))
    return trips


def _trip(
    scenario: Scenario,
    rng: np.random.Generator,
    ways: Ways,
    strip: Place,
    known: Fleet,
    places: list[Place],
    day: int,
    number: int,
    at_s: float,
    entry: int,
    bribed: bool,
) -> Trip:
    c = scenario.corridor
    variants = rng.integers(len(ways.variants), size=2)
    out_entry = entry if rng.random() < 0.7 else int(rng.integers(c.entries))
    speed = c.cruise_kt * KNOT_MPS * float(rng.uniform(0.93, 1.07))
    wait = 60.0 * float(rng.triangular(*GROUND_MIN))
    inward = _leg(rng, ways.to(entry, int(variants[0]), east_m=strip.east_m, north_m=strip.north_m), speed)
    outward = _leg(rng, ways.to(out_entry, int(variants[1]), east_m=strip.east_m, north_m=strip.north_m), speed)
    legs = [replace(inward, from_ground=False, wait_s=wait), _turned(replace(outward, from_ground=False))]
    stops = [f"border-{entry + 1}", strip.id, f"border-{out_entry + 1}"]
    load = float(np.exp(rng.normal(np.log(c.load_median_kg), c.load_sigma)))
    lost, where = rng.random() < c.loss * (0.3 if bribed else 1.0), float(rng.uniform(0.1, 0.9))
    taken = rng.random() < TAKEN_OF_LOSSES
    word = ""
    if lost and taken:
        legs, stops, word = legs[:1], stops[:2], "taken"
    elif lost:
        legs[1], stops[2], word = _cut(legs[1], where), "", "crashed"
    identity, plans, disguise = _disguise(scenario, rng, known, places, at_s)
    return Trip(
        f"C{day:05d}-{number:02d}", False, f"corridor_{disguise}", day, number, tuple(legs), tuple(stops), 0, at_s,
        identity, plans, load, word,
    )  # fmt: skip


def _leg(rng: np.random.Generator, way: Way, speed_mps: float) -> Leg:
    """Wander about the least-cost line: two slow waves that vanish at both ends."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(way.east_m), np.diff(way.north_m)))])
    f = along / max(along[-1], 1.0)
    size, phase = rng.normal(0.0, OFF_TRACK_M, (2, 2)), rng.uniform(0.0, 2.0 * np.pi, (2, 2))
    wave = [sum(size[k, i] * np.sin(2.0 * np.pi * (i + 1) * f + phase[k, i]) for i in range(2)) for k in range(2)]
    fade = np.minimum(1.0, np.minimum(f, 1.0 - f) * 8.0)
    return Leg(way.east_m + fade * wave[0], way.north_m + fade * wave[1], way.agl_m, False, speed_mps)


def _turned(leg: Leg) -> Leg:
    return replace(
        leg,
        east_m=leg.east_m[::-1],
        north_m=leg.north_m[::-1],
        level_m=leg.level_m[::-1],
        from_ground=True,
        to_ground=False,
    )


def _cut(leg: Leg, share: float) -> Leg:
    """End a leg on the ground after ``share`` of its vertices: an accident."""
    keep = max(int(share * leg.east_m.size), 2)
    return replace(
        leg, east_m=leg.east_m[:keep], north_m=leg.north_m[:keep], level_m=leg.level_m[:keep], to_ground=True
    )


def _disguise(
    scenario: Scenario, rng: np.random.Generator, known: Fleet, places: list[Place], at_s: float
) -> tuple[Identity, tuple[Filed, ...], str]:
    c = scenario.corridor
    kind, pick, code = rng.random(), rng.random(), squawk(rng, plain=True)
    stranger, late, far = foreign(rng), float(rng.normal(0.0, 600.0)), bool(rng.random() < 0.5)
    day = int(at_s // DAY_S)
    shares = np.cumsum([c.cloned, c.stolen, c.plan_left, max(c.transponder - c.cloned - c.stolen - c.plan_left, 0.0)])
    word = DISGUISES[int(np.searchsorted(shares, kind, side="right"))]
    if word == "dark":
        return Identity(), (), word
    if word == "cloned":
        # half of them wear the address of an aircraft that flies that very morning
        order = stream(scenario.seed, "fleet-day", max(day, 0)).permutation(len(known.identities))
        base = known.identities[int(order[int(pick * min(8, order.size))] if far else int(pick * order.size))]
    elif word == "stolen":
        base = known.dead[int(pick * len(known.dead))]
    else:
        base = stranger
    identity = replace(base, mode_3a=code, ssr=True, adsb=pick < 0.8 or word in ("cloned", "stolen"))
    if word != "plan_left":
        return identity, (), word
    aerodromes = [p.id for p in places if p.role == "aerodrome"]
    to = aerodromes[int(pick * len(aerodromes))]
    filed = Filed("ZZZZ", to, at_s - 5400.0 + late, base.callsign, base.registration, base.icao24, f"BORDER DCT {to}")
    return identity, (filed,), word
