"""The area file: one TOML that names sensors, terrain, places, plans and people.

Every key is written once, as a field of a record here; an unknown key is an error that names
the nearest known one. Relative paths are relative to the file. Nothing is guessed: a sensor
without a beam or a detection model says so in every result that uses it.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

import msgspec

from waman.errors import ConfigError

SensorKind = Literal["psr", "ssr", "psr_ssr", "mode_s", "ads_b", "mlat", "observer", "network"]
Latitude = Annotated[float, msgspec.Meta(ge=-90.0, le=90.0)]
Longitude = Annotated[float, msgspec.Meta(ge=-180.0, le=180.0)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Positive = Annotated[float, msgspec.Meta(gt=0.0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0.0)]


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the area file."""


class Terrain(_Record, frozen=True):
    """Where elevation comes from; no sources means smooth earth, and every result says so.

    ``canopy`` are rasters of the height [m] of what stands on the ground and screens, such as forest.
    """

    sources: tuple[str, ...] = ()
    canopy: tuple[str, ...] = ()


class Sensor(_Record, frozen=True):
    """One sensor: where it stands, what it measures, how far it sees."""

    id: str
    kind: SensorKind
    lat_deg: Latitude | None = None
    lon_deg: Longitude | None = None
    antenna_height_m: NotNegative | None = None
    altitude_msl_m: float | None = None
    range_min_m: NotNegative = 0.0
    range_max_m: Positive | None = None
    scan_period_s: Positive | None = None
    sigma_range_m: Positive = 60.0
    sigma_azimuth_deg: Positive = 0.12
    elevation_min_deg: float | None = None
    elevation_max_deg: float | None = None
    pattern: str = "flat"
    false_plots_per_scan: NotNegative = 100.0
    r90_m: Positive | None = None
    model: str | None = None
    detection_probability: Share | None = None
    rcs_m2: Positive = 2.0
    swerling: Annotated[int, msgspec.Meta(ge=0, le=4)] = 1
    pfa: Annotated[float, msgspec.Meta(gt=0.0, lt=0.1)] = 1e-6
    min_radial_speed_mps: NotNegative = 0.0
    assumed_height_agl_m: tuple[float, ...] = (100.0, 300.0, 1000.0)
    sac: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None
    sic: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None

    @property
    def surveyed(self) -> bool:
        """Whether the position of the sensor is known."""
        return self.lat_deg is not None and self.lon_deg is not None


class Feed(_Record, frozen=True):
    """One live feed of ``waman live``."""

    id: str
    format: Literal["asterix", "beast", "sbs", "cot", "nats"]
    address: str
    sensor: str | None = None


class Team(_Record, frozen=True):
    """People who can be at a strip, and whom asking for their transport would tell."""

    id: str
    lat_deg: Latitude
    lon_deg: Longitude
    speed_kmh: Positive = 40.0
    ready_min: NotNegative = 15.0
    transport_unit: str | None = None
    observe_only: bool = False


class Places(_Record, frozen=True):
    """Places the user knows, and whether the public aerodrome list is added."""

    files: tuple[str, ...] = ()
    aerodromes: bool = True


class Plans(_Record, frozen=True):
    """A source of flight plans and the share of flights that file there (None: unknown)."""

    file: str
    completeness: tuple[Share, Share] | None = None


class Registers(_Record, frozen=True):
    """Registers of aircraft."""

    aircraft: tuple[str, ...] = ()


class Files(_Record, frozen=True):
    """Files or patterns such as ``recordings/*``."""

    files: tuple[str, ...] = ()


class Siting(_Record, frozen=True):
    """The adversary's exits, costs and limits for ``waman plan``.

    ``heights_agl_m`` (lowest first) lets him choose among heights; absent, he flies at ``height_agl_m``.
    ``band_weight_per_km`` is what a kilometre costs in each beyond distance. ``slope_max`` [m/m] is the steepest
    ground he follows, ``ceiling_msl_m`` the highest he flies, ``range_max_km`` the longest way out his fuel allows.
    ``roads`` is a GeoJSON of lines: a summit further than ``road_km`` from all of them is not proposed.
    """

    exits: str | None = None
    roads: str | None = None
    road_km: Positive = 15.0
    height_agl_m: Positive = 200.0
    grid_m: Positive = 1000.0
    looks_per_km: Positive = 0.02
    distance_weight_per_km: NotNegative = 0.0005
    heights_agl_m: tuple[Positive, ...] = ()
    band_weight_per_km: tuple[NotNegative, ...] = ()
    slope_max: Positive | None = None
    ceiling_msl_m: Positive | None = None
    range_max_km: Positive | None = None


class People(_Record, frozen=True):
    """Where the records about people live."""

    database: str = "sqlite:///people.db"


class Output(_Record, frozen=True):
    """What the pages look like."""

    languages: tuple[Literal["es", "en", "pt", "qu"], ...] = ("es", "en")


class Area(_Record, frozen=True):
    """A whole area file, checked. ``folder`` is where its relative paths start."""

    name: str
    bbox: tuple[Longitude, Latitude, Longitude, Latitude]
    timezone: str = "UTC"
    terrain: Terrain = Terrain()
    sensor: tuple[Sensor, ...] = ()
    feed: tuple[Feed, ...] = ()
    team: tuple[Team, ...] = ()
    places: Places = Places()
    plans: tuple[Plans, ...] = ()
    registers: tuple[Registers, ...] = ()
    recordings: Files = Files()
    reports: Files = Files()
    availability: Files = Files()
    scenes: Files = Files()
    siting: Siting = Siting()
    people: People = People()
    output: Output = Output()
    folder: str = "."

    def path(self, text: str) -> Path:
        """Return a path of the file as it is on this machine."""
        return Path(self.folder) / text

    def files(self, patterns: tuple[str, ...]) -> list[Path]:
        """Return the files that match the patterns, sorted; a pattern that matches nothing gives none."""
        found: set[Path] = set()
        for pattern in patterns:
            whole = self.path(pattern)
            if any(c in pattern for c in "*?["):
                anchor = Path(whole.anchor) if whole.is_absolute() else Path()
                relative = whole.relative_to(anchor) if whole.is_absolute() else whole
                found.update(p for p in anchor.glob(str(relative)) if p.is_file())
            else:
                found.add(whole)
        return sorted(found)

    def sensor_by_id(self, name: str) -> Sensor:
        """Return the sensor called ``name``, or raise ConfigError naming the nearest."""
        for sensor in self.sensor:
            if sensor.id == name:
                return sensor
        raise ConfigError(f"no sensor {name!r} in area {self.name!r}", hint=_nearest(name, [s.id for s in self.sensor]))


def load_area(path: Path | str) -> Area:
    """Read and check an area file, or the ``area.toml`` of a workspace folder.

    Raises ConfigError with the file, the key, the value and the nearest known key.
    """
    file = Path(path)
    if file.is_dir():
        file = file / "area.toml"
    if not file.is_file():
        raise ConfigError(f"{file}: no such area file", hint="make a workspace with: waman new DIR")
    return parse_area(file.read_text(encoding="utf-8"), name=str(file), folder=str(file.parent))


def parse_area(text: str, *, name: str = "area.toml", folder: str = ".") -> Area:
    r"""Check the text of an area file.

    >>> parse_area('name = "A"\nbbox = [-78, -13, -76, -11]').name
    'A'
    """
    area = read_record(text, Area, name=name, folder=folder, lists=("plans", "registers"))
    _check(name, area)
    return area


R = TypeVar("R", bound=msgspec.Struct)


def read_record(text: str, record: type[R], *, name: str, folder: str, lists: tuple[str, ...] = ()) -> R:
    """Read a TOML file as one checked record with a ``folder``; area and scenario files share this.

    ``lists`` are keys whose single table stands for a list of one. Raises ConfigError with the file, the key, the
    value and the nearest known key.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as why:
        raise ConfigError(f"{name}: not valid TOML: {why}", hint="strings need quotes, tables need [brackets]") from why
    if "folder" in raw:
        raise ConfigError(f"{name}: unknown key 'folder'", hint="paths are relative to the file itself")
    for key in lists:
        if isinstance(raw.get(key), dict):
            raw[key] = [raw[key]]
    try:
        return msgspec.convert({**raw, "folder": folder}, record)
    except msgspec.ValidationError as why:
        raise _explain(name, raw, str(why), record) from why


def _check(name: str, area: Area) -> None:
    west, south, east, north = area.bbox
    if not (west < east and south < north):
        raise ConfigError(
            f"{name}: bbox {list(area.bbox)} is empty", hint="the order is west, south, east, north in degrees"
        )
    seen: set[str] = set()
    for sensor in area.sensor:
        if sensor.id in seen:
            raise ConfigError(f"{name}: two sensors are called {sensor.id!r}", hint="give each its own id")
        seen.add(sensor.id)
        _check_sensor(name, sensor)
    for feed in area.feed:
        if feed.sensor is not None:
            area.sensor_by_id(feed.sensor)


def _check_sensor(name: str, s: Sensor) -> None:
    where = f"{name}: sensor {s.id!r}"
    models = [k for k in ("r90_m", "model", "detection_probability") if getattr(s, k) is not None]
    if len(models) > 1:
        raise ConfigError(f"{where} has {' and '.join(models)}", hint="give exactly one of them")
    if (s.lat_deg is None) != (s.lon_deg is None):
        raise ConfigError(f"{where} has only one of lat_deg and lon_deg", hint="give both, or none where unknown")
    if (s.sac is None) != (s.sic is None):
        raise ConfigError(f"{where} has only one of sac and sic", hint="ASTERIX names a sensor by both")
    if s.antenna_height_m is not None and s.altitude_msl_m is not None:
        raise ConfigError(f"{where} has antenna_height_m and altitude_msl_m", hint="give the surveyed one")
    if s.range_max_m is not None and s.range_min_m >= s.range_max_m:
        raise ConfigError(f"{where}: range_min_m {s.range_min_m:g} is not below range_max_m {s.range_max_m:g}")


_UNKNOWN = re.compile(r"unknown field `([^`]+)`")
_MISSING = re.compile(r"missing required field `([^`]+)`")
_PLACE = re.compile(r" - at `\$\.?([^`]*)`")


def _explain(name: str, raw: dict[str, object], why: str, root: type[msgspec.Struct]) -> ConfigError:
    place = _PLACE.search(why)
    where = place.group(1) if place else ""
    keys = list(_record_at(where, root).__struct_fields__)
    bare = re.sub(r"\[[0-9.]*\]", "", where)
    table = f" in [{bare}]" if where else ""
    if unknown := _UNKNOWN.search(why):
        return ConfigError(f"{name}: unknown key {unknown.group(1)!r}{table}", hint=_nearest(unknown.group(1), keys))
    if missing := _MISSING.search(why):
        return ConfigError(f"{name}: key {missing.group(1)!r} is missing{table}", hint="see waman new for an example")
    return ConfigError(
        f"{name}: {where or 'the file'}: {_PLACE.sub('', why)} (got {_value_at(raw, where)!r})",
        hint="see docs/reference for what each key holds",
    )


def _record_at(where: str, record: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """Return the record below ``record`` that a msgspec path such as ``sensor[0]`` points into."""
    for part in re.findall(r"[a-z_0-9]+(?=[\[.]|$)", re.sub(r"\[[0-9.]*\]", "", where)):
        field = next((f for f in msgspec.structs.fields(record) if f.name == part), None)
        if field is None:
            return record
        inner = [t for t in (field.type, *get_args(field.type)) if isinstance(t, type)]
        record = next((t for t in inner if issubclass(t, msgspec.Struct)), record)
    return record


def _value_at(raw: object, where: str) -> object:
    for part in re.findall(r"[a-z_0-9]+", where):
        if isinstance(raw, dict):
            raw = raw.get(part)
        elif isinstance(raw, list) and part.isdigit() and int(part) < len(raw):
            raw = raw[int(part)]
    return raw


def _nearest(word: str, known: list[str]) -> str:
    known = [k for k in known if k != "folder"]
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else "known: " + ", ".join(known)
