"""What one flight is before it is flown, and who it says it is: trips, identities, plans, registers.

Registrations begin with ZZ and addresses with f0 (ICAO gives f00000-f07fff to nobody for long), so that
no simulated aircraft can be taken for a real one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from waman.sim.motion import Leg
from waman.sim.randomness import stream
from waman.sim.scenario import Scenario

HOUR_S = 3600.0
DAY_S = 86_400.0
DEAD_ENTRIES = 15
TYPES = {
    "light": ("C206", "C210", "PC6", "DHC6", "C208", "PA34", "B350"),
    "helicopter": ("H125", "B06"),
    "airliner": ("A320", "B738"),
}
POOLS = {"overflight": "airliner", "helicopter": "helicopter"}
"""Lawful class -> kind of aircraft that flies it; all others are light."""


@dataclass(frozen=True)
class Identity:
    """What an aircraft sends and shows. Without ``ssr`` only primary radar and people notice it."""

    registration: str = ""
    icao24: str = ""
    callsign: str = ""
    mode_3a: int = 0
    ssr: bool = False
    adsb: bool = False


@dataclass(frozen=True)
class Filed:
    """A flight plan as filed: times are seconds from the start of the scenario."""

    origin: str
    destination: str
    off_block_s: float
    callsign: str
    registration: str
    icao24: str
    route: str = ""


@dataclass(frozen=True)
class Trip:
    """One flight, out and back. ``stops`` are the place ids before, between and after its legs."""

    flight: str
    lawful: bool
    category: str
    day: int
    number: int
    legs: tuple[Leg, ...]
    stops: tuple[str, ...]
    anchor_leg: int
    anchor_s: float
    identity: Identity
    plans: tuple[Filed, ...] = ()
    load_kg: float = 0.0
    lost: str = ""


@dataclass(frozen=True)
class Fleet:
    """Lawful aircraft and the dead entries of the register; index i of each tuple is one aircraft."""

    identities: tuple[Identity, ...]
    types: tuple[str, ...]
    dead: tuple[Identity, ...]
    dead_status: tuple[str, ...]


def fleet(scenario: Scenario) -> Fleet:
    """Return the aircraft of this world, the same whether or not lawful traffic is switched on."""
    rng = stream(scenario.seed, "fleet")
    count = scenario.lawful.aircraft
    codes = rng.permutation(0x7000)[: count + DEAD_ENTRIES]
    identities = tuple(_named(1000 + i, int(code)) for i, code in enumerate(codes))
    # one in four an airliner, one in five a helicopter: assumptions
    kinds = rng.choice(["airliner", "helicopter", "light"], size=len(identities), p=[0.25, 0.2, 0.55])
    types = tuple(str(rng.choice(TYPES[str(kind)])) for kind in kinds)
    status = tuple(str(rng.choice(["cancelled", "destroyed", "seized"])) for _ in range(DEAD_ENTRIES))
    return Fleet(identities[:count], types[:count], identities[count:], status)


def _named(number: int, code: int) -> Identity:
    return Identity(f"ZZ-{number}", f"f{code:05x}", f"ZZ{number}")


def of_kind(known: Fleet, order: list[int], kind: str) -> Identity | None:
    """Take the next aircraft of a kind out of the day's order; None when all have been taken."""
    for at, index in enumerate(order):
        if known.types[index] in TYPES[kind]:
            return known.identities[order.pop(at)]
    return None


def foreign(rng: np.random.Generator) -> Identity:
    """Return an identity no register here knows."""
    return _named(int(rng.integers(5000, 9999)), 0x7000 + int(rng.integers(0, 0xFFF)))


def squawk(rng: np.random.Generator, *, plain: bool) -> int:
    """Return a mode 3/A code: 2000 or 7000 where none was given, else a discrete one (never 75xx-77xx)."""
    return int(rng.choice([0o2000, 0o7000])) if plain else int(rng.integers(0o0101, 0o7477))


def hour_of(scenario: Scenario) -> float:
    """Return the local hour at which the scenario starts."""
    from datetime import datetime

    from waman.geo.time import zone

    start = datetime.fromisoformat(scenario.start).astimezone(zone(scenario.timezone))
    return start.hour + start.minute / 60.0 + start.second / 3600.0


def local_s(scenario: Scenario, day: int, hour: float) -> float:
    """Return seconds from the start of the scenario of a local hour of its day ``day``."""
    return day * DAY_S + (hour - hour_of(scenario)) * HOUR_S


def register_rows(known: Fleet) -> list[dict[str, str]]:
    """Return ``register.csv``: registration, icao24, type, status."""
    rows = [
        {"registration": i.registration, "icao24": i.icao24, "type": t, "status": "valid"}
        for i, t in zip(known.identities, known.types, strict=True)
    ]
    rows += [
        {"registration": i.registration, "icao24": i.icao24, "type": "C206", "status": s}
        for i, s in zip(known.dead, known.dead_status, strict=True)
    ]
    return sorted(rows, key=lambda r: r["registration"])
