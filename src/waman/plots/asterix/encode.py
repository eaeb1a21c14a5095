"""Rows of the plots table to blocks of CAT021 (edition 2.x) or CAT048, for tests and the demonstration.

What it writes is labelled re-encoded by its callers: a recording made here has the quantisation of
ASTERIX and nothing else of a radar (no false plots, no misses, no scan). Whole arrays; no Python per record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman.config import Sensor
from waman.errors import InputError
from waman.geo.frames import Frame
from waman.geo.geoid import undulation_m
from waman.geo.units import DAY_US, FEET_M, FLIGHT_LEVEL_M, NAUTICAL_MILE_M, SECOND_US

RECORDS_PER_BLOCK = 20
TYPES_048 = {"track": 0, "psr": 1, "ssr": 2, "psr_ssr": 3, "mode_s": 5}
ALPHABET = {c: i + 1 for i, c in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {c: 48 + int(c) for c in "0123456789"}
SPACE = 32


@dataclass(frozen=True)
class _Item:
    """One item of every record: field reference number, (n,) whether it is there, (n, octets) uint8."""

    frn: int
    there: NDArray[np.bool_]
    octets: NDArray[np.uint8]


def encode_021(plots: pa.Table, *, sac: int, sic: int) -> tuple[bytes, NDArray[np.int64]]:
    """Return CAT021 blocks (edition 2.x) and the rows that are in them: those with a time and a position.

    Written: I021/010, 040, 161, 071, 131, 080, 140 (height above the ellipsoid), 070, 145, 160, 170.
    """
    lat, lon = _column(plots, "lat_deg"), _column(plots, "lon_deg")
    rows = np.flatnonzero(np.isfinite(lat) & np.isfinite(lon))
    plots, lat, lon = plots.take(pa.array(rows)), lat[rows], lon[rows]
    always = np.ones(rows.size, np.bool_)
    height_m = _column(plots, "altitude_msl_m") + undulation_m(lat_deg=lat, lon_deg=lon)
    places = [_integer(lat / (180 / 2**30), 4), _integer(lon / (180 / 2**30), 4)]
    items = [
        _source(1, rows.size, sac, sic),
        _Item(2, always, np.zeros((rows.size, 1), np.uint8)),
        _number(3, _column(plots, "track_number"), 1.0, 2, 0, 4095),
        _time(5, plots),
        _Item(7, always, np.concatenate(places, axis=1)),
        _address(11, plots),
        _number(16, height_m, 6.25 * FEET_M, 2, -(2**15), 2**15 - 1),
        _number(19, _column(plots, "mode_3a"), 1.0, 2, 0, 4095),
        _number(21, _column(plots, "altitude_fl"), 0.25, 2, -(2**15), 2**15 - 1),
        _vector(26, plots),
        _callsign(29, plots),
    ]
    return _blocks(21, items, rows.size), rows


def encode_048(plots: pa.Table, *, sensor: Sensor) -> tuple[bytes, NDArray[np.int64]]:
    """Return CAT048 blocks as the radar ``sensor`` (with sac and sic) would send them, and the rows in them.

    A row without range and azimuth gets them from its position and that of the sensor: slant range over the
    flat frame of the sensor, as ``project`` undoes it. Rows beyond 256 NM or without either are not in the result.
    Written: I048/010, 140, 020, 040, 070, 090, 220, 240, 161, 200.
    """
    if sensor.sac is None or sensor.sic is None:
        raise InputError(f"sensor {sensor.id!r} has no sac and sic", hint="ASTERIX names a sensor by both")
    range_m, azimuth_deg = _polar(plots, sensor)
    steps = np.round(range_m / (NAUTICAL_MILE_M / 256))
    rows = np.flatnonzero(np.isfinite(steps + azimuth_deg) & (np.nan_to_num(steps, nan=np.inf) < 65_536))
    plots = plots.take(pa.array(rows))
    always = np.ones(rows.size, np.bool_)
    kinds = plots["kind"].cast(pa.string()).to_numpy(zero_copy_only=False)
    types = np.array([TYPES_048.get(k, 5) for k in kinds], np.uint8)
    angle = np.round(azimuth_deg[rows] / (360 / 65_536)) % 65_536
    items = [
        _source(1, rows.size, sensor.sac, sensor.sic),
        _time(2, plots),
        _Item(3, always, (types << np.uint8(5)).astype(np.uint8)[:, None]),
        _Item(4, always, np.concatenate([_integer(steps[rows], 2), _integer(angle, 2)], axis=1)),
        _number(5, _column(plots, "mode_3a"), 1.0, 2, 0, 4095),
        _level(6, plots),
        _address(8, plots),
        _callsign(9, plots),
        _number(11, _column(plots, "track_number"), 1.0, 2, 0, 4095),
        _vector(13, plots),
    ]
    return _blocks(48, items, rows.size), rows


def _polar(plots: pa.Table, sensor: Sensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    range_m, azimuth_deg = _column(plots, "range_m"), _column(plots, "azimuth_deg")
    if sensor.lat_deg is None or sensor.lon_deg is None:
        return range_m, azimuth_deg
    frame = Frame(lat0_deg=sensor.lat_deg, lon0_deg=sensor.lon_deg)
    east, north = frame.to_plane(lat_deg=_column(plots, "lat_deg"), lon_deg=_column(plots, "lon_deg"))
    rise = _column(plots, "altitude_fl") * FLIGHT_LEVEL_M - (sensor.altitude_msl_m or 0.0)
    known_rise = np.nan_to_num(rise if sensor.altitude_msl_m is not None else np.zeros(rise.size), nan=0.0)
    slant = np.sqrt(east**2 + north**2 + known_rise**2)
    bearing = np.degrees(np.arctan2(east, north)) % 360.0
    measured = np.isfinite(range_m) & np.isfinite(azimuth_deg)
    return np.where(measured, range_m, slant), np.where(measured, azimuth_deg, bearing)


def _column(plots: pa.Table, name: str) -> NDArray[np.float64]:
    return np.asarray(plots[name].cast(pa.float64()).to_numpy(), np.float64)


def _integer(values: NDArray[np.float64], octets: int) -> NDArray[np.uint8]:
    """Return rounded values in two's complement, most significant octet first; NaN gives zeros."""
    whole = np.nan_to_num(np.round(values), nan=0.0).astype(np.int64)
    shifts = np.arange(8 * (octets - 1), -1, -8)
    return ((whole[:, None] >> shifts) & 0xFF).astype(np.uint8)


def _number(frn: int, values: NDArray[np.float64], lsb: float, octets: int, low: int, high: int) -> _Item:
    steps = np.round(values / lsb)
    there = np.isfinite(steps) & (steps >= low) & (steps <= high)
    return _Item(frn, there, _integer(np.where(there, steps, 0.0), octets))


def _level(frn: int, plots: pa.Table) -> _Item:
    item = _number(frn, _column(plots, "altitude_fl"), 0.25, 2, -(2**13), 2**13 - 1)
    item.octets[:, 0] &= 0x3F  # V and G: validated, not garbled
    return item


def _source(frn: int, rows: int, sac: int, sic: int) -> _Item:
    return _Item(frn, np.ones(rows, np.bool_), np.tile(np.array([sac, sic], np.uint8), (rows, 1)))


def _time(frn: int, plots: pa.Table) -> _Item:
    tod_us = plots["time"].cast(pa.int64()).to_numpy() % DAY_US
    ticks = np.round(tod_us / SECOND_US * 128) % (86_400 * 128)
    return _Item(frn, np.ones(ticks.size, np.bool_), _integer(ticks, 3))


def _vector(frn: int, plots: pa.Table) -> _Item:
    speed = np.round(_column(plots, "ground_speed_mps") / (NAUTICAL_MILE_M / 2**14))
    heading = np.round(_column(plots, "heading_deg") / (360 / 65_536)) % 65_536
    there = np.isfinite(speed + heading) & (speed >= 0) & (speed < 2**15)
    return _Item(frn, there, np.concatenate([_integer(speed, 2), _integer(heading, 2)], axis=1))


def _words(plots: pa.Table, name: str) -> tuple[NDArray[np.int64], Sequence[str]]:
    column = plots[name].combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    return np.asarray(column.indices.fill_null(-1).to_numpy(), np.int64), column.dictionary.to_pylist()


def _coded(frn: int, plots: pa.Table, name: str, codes: list[int], octets: int) -> _Item:
    index, _ = _words(plots, name)
    table = np.array([*codes, -1], np.int64)[index]
    shifts = np.arange(8 * (octets - 1), -1, -8)
    return _Item(frn, table >= 0, ((np.maximum(table, 0)[:, None] >> shifts) & 0xFF).astype(np.uint8))


def _address(frn: int, plots: pa.Table) -> _Item:
    codes = [int(w, 16) if len(w) == 6 else -1 for w in _words(plots, "icao24")[1]]
    return _coded(frn, plots, "icao24", codes, 3)


def _callsign(frn: int, plots: pa.Table) -> _Item:
    return _coded(frn, plots, "callsign", [_six_bit(w) for w in _words(plots, "callsign")[1]], 6)


def _six_bit(word: str) -> int:
    if len(word) > 8 or not all(c in ALPHABET for c in word):
        return -1
    code = 0
    for c in word.ljust(8):
        code = code << 6 | ALPHABET.get(c, SPACE)
    return code


def _blocks(category: int, items: list[_Item], rows: int) -> bytes:
    """Join the items of each record behind its FSPEC, and the records into blocks."""
    if rows == 0:
        return b""
    last_frn = np.zeros(rows, np.int64)
    body = np.zeros(rows, np.int64)
    for item in items:
        last_frn = np.where(item.there, item.frn, last_frn)
        body += np.where(item.there, item.octets.shape[1], 0)
    spec = (last_frn + 6) // 7
    length = spec + body
    header = 3 * (np.arange(rows) % RECORDS_PER_BLOCK == 0)
    start = np.cumsum(header + length) - length
    out = np.zeros(int(start[-1] + length[-1]), np.uint8)
    here = start + spec
    for item in items:
        mine = np.flatnonzero(item.there)
        octet, bit = divmod(item.frn - 1, 7)
        out[start[mine] + octet] |= np.uint8(0x80 >> bit)
        width = item.octets.shape[1]
        out[here[mine][:, None] + np.arange(width)] = item.octets[mine]
        here[mine] += width
    for octet in range(int(spec.max()) - 1):
        out[start[spec > octet + 1] + octet] |= 1  # FX: another FSPEC octet follows
    first = np.flatnonzero(header)
    size = np.add.reduceat(length, first) + 3
    assert size.max() < 65_536
    at = start[first] - 3
    out[at], out[at + 1], out[at + 2] = category, size >> 8, size & 0xFF
    return out.tobytes()
