"""The scenario file: one TOML that fixes a simulated world. Nothing else does, except its seed.

Every value that stands for the corridor carries its source (sections of docs: facts of the
corridor) and grade: A two or more independent sources, B one named source, C one claim; the rest are
assumptions and say so. An unknown key is an error that names the nearest known one.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from waman.config import Sensor, Share, Team, read_record
from waman.errors import ConfigError

Count = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Rate = Annotated[float, msgspec.Meta(ge=0.0, le=1000.0)]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the scenario file."""


class Land(_Part, frozen=True):
    """The ground: generated relief, or elevation files (then the sim says "stand-in terrain")."""

    sources: tuple[str, ...] = ()  # files, or "andes_90m" for the one that comes with Waman
    spacing_arcsec: Annotated[float, msgspec.Meta(gt=0.0, le=60.0)] = 9.0
    path_cell_m: Annotated[float, msgspec.Meta(ge=500.0)] = 3000.0
    seed: int = 1


class Corridor(_Part, frozen=True):
    """Flights that use unlisted strips to carry loads over the border."""

    flights_per_day: Rate = 4.0  # on days that can be flown; claims range 1.3 to 13 (facts 2, C)
    no_go: Share = 0.25  # share of days lost to morning rain or fog, yearly mean (assumption)
    strips: Count = 60  # 60-130 open (facts 4, B)
    strip_length_m: tuple[float, float] = (300.0, 600.0)  # facts 4, A
    off_peak: Share = 0.15  # "any hour" (facts 5); share assumed
    pairs: Share = 0.20  # pairs and groups are reported (facts 3, A), shares assumed
    groups: Share = 0.02
    load_median_kg: float = 330.0  # facts 3, A
    load_sigma: float = 0.15
    loss: Share = 0.0175  # crashed or taken, per flight: 1-2.5 % (facts 7, A)
    heights_agl_m: tuple[float, ...] = (100.0, 300.0, 1000.0)  # unknown (facts 3, C): layers offered to the pilot
    awareness: tuple[float, ...] = (0.0, 2.0, 6.0)  # weight of being seen against a kilometre flown (assumption)
    ceiling_m: tuple[float, ...] = (1200.0, 2000.0)  # ground a pilot would rather fly around (assumption)
    entries: Annotated[int, msgspec.Meta(ge=1, le=40)] = 5
    beyond_km: float = 250.0  # from the edge to where the flight began: time and fuel only
    cruise_kt: float = 140.0  # C206 (facts 3, A)
    transponder: Share = 0.3  # assumption
    cloned: Share = 0.08  # share of flights under the address of a lawful aircraft (assumption)
    stolen: Share = 0.06  # registration cancelled, destroyed, seized, or of another type (assumption)
    plan_left: Share = 0.06  # plan filed, then left (seen July 2018, facts 8; share assumed)
    destroyed_per_year: Rate = 185.0  # facts 4, A; scaled by strips / 65
    rebuilt: Share = 0.265  # 49 of 185 (facts 4, A)
    known: Share = 0.5  # share of strips that imagery has shown (assumption)
    conspicuous_sd: float = 0.0  # sd on the logit of a flight's own visibility, shared by all sensors


class Lawful(_Part, frozen=True):
    """Everybody else in the sky. No traffic counts are public, so every share is an assumption."""

    per_corridor_flight: Rate = 4.0  # never below 3 in a test of explanation
    hard: Share = 0.05  # unlisted mission strips, medevac at dawn
    mix: dict[str, float] = {}  # class -> weight; empty takes DEFAULT_MIX
    plan: Share = 0.7  # share of flights of plan-filing classes that file here
    transponder: Share = 0.8
    aircraft: Annotated[int, msgspec.Meta(ge=5, le=2000)] = 60
    aerodromes: Annotated[int, msgspec.Meta(ge=2, le=50)] = 5
    villages: Annotated[int, msgspec.Meta(ge=2, le=500)] = 24
    missions: Annotated[int, msgspec.Meta(ge=1, le=200)] = 8
    villages_listed: Share = 0.6  # community strips a list knows
    villages_mapped: Share = 0.85  # settlements that a map or census has, whatever strip lists say (assumption)
    missions_mapped: Share = 0.5  # mission stations, smaller and newer (assumption)


class Observers(_Part, frozen=True):
    """People on the ground who report, late and imperfectly."""

    count: Count = 20
    deaf: Share = 0.15  # never notice
    silent: Share = 0.15  # notice and do not tell
    logit_mean: float = -1.2  # flow prior; sd assumed
    logit_sd: float = 0.5
    reach_m: float = 9000.0  # a light aircraft at low height heard by day (assumption)
    radio: Share = 0.3  # share that reports within the hour; the others after 1-14 days
    false: Share = 0.05
    duplicate: Share = 0.10


class Outages(_Part, frozen=True):
    """When sensors are off. Blocks of hours to days."""

    uptime: Share = 0.9  # scenario range .6-.95
    block_h: float = 12.0
    unknown: Share = 0.1  # share of blocks whose state nobody recorded


class Units(_Part, frozen=True):
    """Units that may be told of a tip, and those that leak or sell tolerance."""

    names: tuple[str, ...] = ("unit-a", "unit-b", "unit-c", "unit-d", "unit-e", "unit-f")
    theta: dict[str, Share] = {}  # leak strength; a spike at 0: most units are clean
    theta_mobilise: Share = 0.0  # visible mobilisation that stops a flight without anybody selling anything
    bribed: Share = 0.1  # share of (strip, rotation) under a bribe (claimed, facts 1 C; share assumed)
    rotation_days: Annotated[int, msgspec.Meta(ge=1)] = 90


class Tips(_Part, frozen=True):
    """Tips about a strip and a morning, and how they are shared."""

    per_week: Rate = 2.0
    regime: Literal["randomised", "delay", "confounded", "withheld"] = "randomised"
    share_probability: Share = 0.5
    confounding: float = 1.0  # logit of sharing per unit of difficulty; used by "confounded"
    quality: tuple[float, float] = (8.0, 3.0)  # Beta: a tip is right


class Balloon(_Part, frozen=True):
    """How the flow moves when pressed: the values of Magliocca et al. 2019 as centre of a sweep, never as fitted."""

    learn_month: float = 0.6551  # rt_learn
    base_risk: float = 0.4017  # baserisk
    risk_multiplier: float = 2.0  # riskmltplr
    loss_limit: float = 0.0473  # losslim
    expand_month: float = 8.0  # expandmax
    spill: float = 0.5  # locthink
    pressure: tuple[tuple[int, float], ...] = ()  # (week from, loss per flight in every sector)


class Record(_Part, frozen=True):
    """Which part of the run is written as plots, and how finely the truth is kept."""

    truth_step_s: Annotated[float, msgspec.Meta(ge=1.0, le=300.0)] = 10.0
    plots_start_h: float = 0.0  # hours after the start of the scenario
    plots_hours: float = 24.0
    false_plots: bool = True
    clutter_spots: Count = 12
    clutter_share: Share = 0.5  # share of false plots that come from the spots (ridges, roads, rain)


class Scenario(_Part, frozen=True):
    """A whole scenario. ``folder`` is where relative paths start."""

    name: str
    seed: int
    start: str = "2015-07-06T00:00:00-05:00"
    days: Annotated[int, msgspec.Meta(ge=1, le=36600)] = 1
    bbox: tuple[float, float, float, float] = (-97.0, -13.0, -95.0, -11.0)
    timezone: str = "America/Lima"
    alternative: str = "base"
    isa_offset_c: float = 15.0  # air warmer than standard: pressure height is not height
    qnh_hpa: float = 1011.0
    land: Land = Land()
    corridor: Corridor = Corridor()
    lawful: Lawful = Lawful()
    observers: Observers = Observers()
    outages: Outages = Outages()
    units: Units = Units()
    tips: Tips = Tips()
    balloon: Balloon = Balloon()
    record: Record = Record()
    sensor: tuple[Sensor, ...] = ()
    team: tuple[Team, ...] = ()
    folder: str = "."

    def parameter_hash(self) -> str:
        """Return 16 hex digits that change with any parameter but the seed and the folder.

        >>> Scenario(name="a", seed=1).parameter_hash() == Scenario(name="a", seed=2).parameter_hash()
        True
        """
        plain = msgspec.to_builtins(msgspec.structs.replace(self, seed=0, folder="."))
        return hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()[:16]


DEFAULT_MIX = {
    "air_taxi": 0.32,
    "mission": 0.08,
    "medevac": 0.06,
    "military": 0.09,
    "survey": 0.06,
    "charter": 0.07,
    "overflight": 0.18,
    "helicopter": 0.10,
    "firefighting": 0.04,
}
"""Lawful classes and their shares (assumptions); the hard class comes on top as ``Lawful.hard``."""


def load_scenario(path: Path | str, *, seed: int | None = None, alternative: str | None = None) -> Scenario:
    """Read a scenario file and apply one of the alternative simulators to it.

    ``corridor_night`` without a folder or suffix names the night that comes with Waman.
    Raises ConfigError with the file, the key and the nearest known key.
    """
    file = Path(path)
    if str(path) == "corridor_night":
        file = Path(__file__).parent / "corridor_night.toml"
    if not file.is_file():
        raise ConfigError(f"{file}: no such scenario", hint="examples/scenarios holds some to start from")
    found = parse_scenario(file.read_text(encoding="utf-8"), name=str(file), folder=str(file.parent))
    if seed is not None:
        found = msgspec.structs.replace(found, seed=seed)
    from waman.sim.alternatives import with_alternative

    return with_alternative(found, alternative or found.alternative)


def parse_scenario(text: str, *, name: str = "scenario.toml", folder: str = ".") -> Scenario:
    r"""Check the text of a scenario file.

    >>> parse_scenario('name = "A"\nseed = 3').days
    1
    """
    found = read_record(text, Scenario, name=name, folder=folder)
    west, south, east, north = found.bbox
    if not (-180 <= west < east <= 180 and -85 <= south < north <= 85):
        raise ConfigError(f"{name}: bbox {list(found.bbox)} is empty", hint="the order is west, south, east, north")
    for sensor in found.sensor:
        if not sensor.surveyed or sensor.range_max_m is None:
            raise ConfigError(
                f"{name}: sensor {sensor.id!r} needs lat_deg, lon_deg and range_max_m",
                hint="a simulated sensor stands somewhere and sees so far",
            )
    return found
