"""State vectors: what an ADS-B network made of an aircraft's messages at a time.

Two dialects, told apart by their column names. OpenSky's own: ``time, lat, lon, velocity,
baroaltitude, geoaltitude`` in metres and metres a second (OpenSky REST documentation, "State
vectors"). The ``traffic`` library's: ``timestamp, latitude, longitude, groundspeed, altitude,
geoaltitude`` in feet and knots. Barometric altitude is pressure and stays a flight level;
geometric altitude is height above the ellipsoid and becomes height above the geoid.

A network repeats the last position it heard until it hears another. A repeated position is not
a measurement: its row keeps altitude and speed, and loses the position; a row that repeats
everything is left out. Where the time of the position is given, it is the time of the plot.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waman import tables
from waman.errors import Problems
from waman.geo.geoid import msl_from_ellipsoid_m
from waman.geo.time import NO_TIME_US
from waman.geo.units import FEET_M, FLIGHT_LEVEL_M, KNOT_MPS, SECOND_US
from waman.plots.records.columns import Flags, Floats, Offsets, constant, numbers, times_us, words
from waman.plots.records.identity import Source, callsign_word, icao24_word, squawk_codes, tell

STALE_US = 300 * SECOND_US  # OpenSky drops an aircraft after 300 s without a message
STALE_SPEED_MPS = 5.0  # faster than this, two equal positions in a row are one measurement
FEET, METRES, KNOTS, MPS = FEET_M, 1.0, KNOT_MPS, 1.0


class State(msgspec.Struct):
    """The fields of both dialects as JSON holds them; what a file lacks stays None."""

    timestamp: float | str | None = None
    time: float | str | None = None
    icao24: str | int | None = None
    callsign: str | float | None = None
    latitude: float | None = None
    lat: float | None = None
    longitude: float | None = None
    lon: float | None = None
    altitude: float | None = None
    baroaltitude: float | None = None
    geoaltitude: float | None = None
    groundspeed: float | None = None
    velocity: float | None = None
    track: float | None = None
    heading: float | None = None
    squawk: str | float | None = None
    last_position: float | str | None = None
    lastposupdate: float | str | None = None


NAMES: Mapping[str, tuple[str, ...]] = {
    "time": ("timestamp", "time", "time_us"),
    "icao24": ("icao24", "icao", "hex"),
    "callsign": ("callsign", "flight"),
    "lat": ("latitude", "lat"),
    "lon": ("longitude", "lon"),
    "heading": ("track", "true_track", "heading"),
    "squawk": ("squawk",),
    "position_time": ("last_position", "lastposupdate", "time_position"),
}
UNITS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "pressure": (("altitude", FEET), ("baroaltitude", METRES), ("baro_altitude", METRES)),
    "geometric": (("geoaltitude", METRES), ("geo_altitude", METRES)),
    "speed": (("groundspeed", KNOTS), ("velocity", MPS)),
}


def looks_like_states(names: set[str]) -> bool:
    """Return whether columns of these names are state vectors.

    >>> looks_like_states({"timestamp", "icao24", "latitude", "longitude"}), looks_like_states({"flight", "time"})
    (True, False)
    """
    has = {key for key, choices in NAMES.items() if names & set(choices)}
    return {"time", "icao24", "lat", "lon"} <= has


def to_plots(columns: Mapping[str, pa.Array], source: Source, problems: Problems) -> tuple[pa.Table, int]:
    """Return the plots of state-vector columns, and how many rows were repeats.

    Rows without a time are left out with a problem; a value out of its range becomes null with one.
    """
    rows = len(source.offsets)
    clock = _times(columns, source, problems)
    lat, lon = _positions(columns, source, problems)
    pressure_m = _scaled(columns, "pressure", source, problems)
    geometric_m = _scaled(columns, "geometric", source, problems)
    speed = _scaled(columns, "speed", source, problems)
    heading = _number(columns, "heading", source, problems) % 360.0
    icao24, refused = words(_column(columns, "icao24", rows), icao24_word)
    tell(problems, source, refused, "not a 24-bit address", _column(columns, "icao24", rows))
    position_time = times_us(_column(columns, "position_time", rows), timezone=source.timezone)
    stale, repeat = _repeats(icao24, clock, lat, lon, position_time, speed, pressure_m)
    age = clock - np.where(position_time == NO_TIME_US, clock, position_time)
    measured = np.where((age > 0) & (age <= STALE_US) & ~stale, position_time, clock)
    lat, lon = np.where(stale, np.nan, lat), np.where(stale, np.nan, lon)
    keep = (clock != NO_TIME_US) & ~repeat
    callsign, _ = words(_column(columns, "callsign", rows), callsign_word)
    located = np.isfinite(lat)
    table = tables.table(
        "plots",
        {
            "time": pa.array(measured[keep]).cast(tables.TIME),
            "received": pa.array(clock[keep]).cast(tables.TIME),
            "sensor": constant(source.sensor, int(keep.sum())),
            "kind": _kinds(columns.get("plot_kind"), located).filter(pa.array(keep)),
            "lat_deg": lat[keep],
            "lon_deg": lon[keep],
            "altitude_fl": (pressure_m / FLIGHT_LEVEL_M)[keep],
            "altitude_msl_m": msl_from_ellipsoid_m(height_m=geometric_m, lat_deg=lat, lon_deg=lon)[keep],
            "mode_3a": squawk_codes(_column(columns, "squawk", rows), source, problems).filter(pa.array(keep)),
            "icao24": icao24.filter(pa.array(keep)),
            "callsign": callsign.filter(pa.array(keep)),
            "ground_speed_mps": speed[keep],
            "heading_deg": heading[keep],
            "sigma_m": columns.get("plot_sigma_m", pa.nulls(rows, pa.float64())).filter(pa.array(keep)),
            "source": constant(source.content.name, int(keep.sum())),
            "offset": source.offsets[keep],
        },
    )
    return table, int(repeat.sum())


def _kinds(given: pa.Array | None, located: Flags) -> pa.Array:
    """Return the kind of each row: what the file says of its positions, else ``ads_b``; ``mode_s`` without one."""
    position = pa.array(["ads_b"] * len(located)) if given is None else pc.fill_null(given, "ads_b")
    return pc.if_else(pa.array(located), position, "mode_s").dictionary_encode()


def _column(columns: Mapping[str, pa.Array], key: str, rows: int) -> pa.Array:
    for name in NAMES[key]:
        if name in columns:
            return columns[name]
    return pa.nulls(rows, pa.string())


def _times(columns: Mapping[str, pa.Array], source: Source, problems: Problems) -> Offsets:
    values = _column(columns, "time", len(source.offsets))
    clock = times_us(values, timezone=source.timezone)
    tell(problems, source, clock == NO_TIME_US, "no time, or one without a zone: the row is left out", values)
    return clock


def _number(columns: Mapping[str, pa.Array], key: str, source: Source, problems: Problems) -> Floats:
    values = _column(columns, key, len(source.offsets))
    out, bad = numbers(values)
    tell(problems, source, bad, f"{key} is not a number", values)
    return out


def _scaled(columns: Mapping[str, pa.Array], key: str, source: Source, problems: Problems) -> Floats:
    """Return altitudes [m] or speeds [m/s]; geometric altitude is in feet where the pressure altitude is."""
    for name, unit in UNITS[key]:
        if name in columns:
            out, bad = numbers(columns[name])
            tell(problems, source, bad, f"{name} is not a number", columns[name])
            feet = key == "geometric" and "altitude" in columns
            return out * (FEET if feet else unit)
    return np.full(len(source.offsets), np.nan)


def _positions(columns: Mapping[str, pa.Array], source: Source, problems: Problems) -> tuple[Floats, Floats]:
    lat, lon = _number(columns, "lat", source, problems), _number(columns, "lon", source, problems)
    bad = (np.abs(lat) > 90.0) | (np.abs(lon) > 180.0)
    tell(problems, source, bad, "position outside the globe", _column(columns, "lat", len(lat)))
    known = np.isfinite(lat) & np.isfinite(lon) & ~bad
    return np.where(known, lat, np.nan), np.where(known, lon, np.nan)


def _repeats(
    icao24: pa.DictionaryArray,
    clock: Offsets,
    lat: Floats,
    lon: Floats,
    position_time: Offsets,
    speed: Floats,
    pressure_m: Floats,
) -> tuple[Flags, Flags]:
    """Return which rows repeat the position of the row before (of that aircraft), and which repeat all of it."""
    code = np.asarray(pc.fill_null(icao24.indices, -1).to_numpy(zero_copy_only=False), np.int64)
    order = np.lexsort((clock, code))
    before, after = order[:-1], order[1:]

    def same(values: Floats | Offsets) -> Flags:
        a, b = values[before], values[after]
        return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)), np.bool_)

    one = (code[after] >= 0) & (code[before] == code[after]) & (clock[after] - clock[before] <= STALE_US)
    place = one & (lat[before] == lat[after]) & (lon[before] == lon[after])
    given = position_time[after] != NO_TIME_US
    unmoved = np.where(given, position_time[before] == position_time[after], speed[after] > STALE_SPEED_MPS)
    stale, repeat = np.zeros(len(code), np.bool_), np.zeros(len(code), np.bool_)
    stale[after] = place & unmoved
    repeat[after] = place & ((unmoved & same(pressure_m) & same(speed)) | (clock[before] == clock[after]))
    return stale, repeat
