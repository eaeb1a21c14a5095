"""Records of a target category to rows of the contract table ``plots``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman import tables
from waman.config import Sensor
from waman.geo.geoid import msl_from_ellipsoid_m
from waman.geo.time import NO_TIME_US
from waman.plots.asterix import words
from waman.plots.asterix.columns import Records
from waman.plots.asterix.times import ROWS_AT_A_TIME

Array = NDArray[Any]

KIND = ("psr", "ssr", "psr_ssr", "mode_s", "ads_b", "mlat", "track")
KINDS: Mapping[int, tuple[str, ...]] = {
    1: ("track", "psr", "ssr", "psr_ssr"),  # I001/020 SSR/PSR; 0 is an extrapolated track
    10: ("mlat", "mlat", "ads_b", "psr", "", "mlat", "", ""),  # I010/020 TYP; loops and "other" are no plots
    48: ("track", "psr", "ssr", "psr_ssr", "mode_s", "mode_s", "psr_ssr", "psr_ssr"),  # I048/020 TYP
}
"""What a detection type is called in the contract; "" is left out and counted."""

ONE_KIND = {20: "mlat", 21: "ads_b", 62: "track"}

EPU_M = np.array([np.nan, 18520, 7408, 3704, 1852, 926, 555.6, 185.2, 92.6, 30, 10, 3, np.nan, np.nan, np.nan, np.nan])
"""95 % estimated position uncertainty [m] of NACp 0..15 (RTCA DO-260B, table 2-69)."""

SIGMAS_OF_95 = 2.4477  # sqrt(-2 ln 0.05): radius of 95 % of a circular normal distribution


@dataclass(frozen=True)
class Rows:
    """Which records become plots: (n,) bool ``keep`` and, for the rest, how many for which reason."""

    keep: NDArray[np.bool_]
    reasons: dict[str, NDArray[np.bool_]]


def wanted(records: Records, time_us: NDArray[np.int64]) -> Rows:
    """Say which records are plots of aircraft: not simulated, not test targets, with a sensor, a time and a kind."""
    c = records.columns
    number = records.category.number
    reasons: dict[str, NDArray[np.bool_]] = {}
    keep = np.ones(len(records), np.bool_)

    def leave_out(what: str, rows: NDArray[np.bool_]) -> None:
        rows = rows & keep
        if rows.any():
            reasons[what] = rows
            np.logical_and(keep, ~rows, out=keep)

    if number == 10:
        leave_out("", c["message"] > 1)  # heartbeats, counted as such
    leave_out("records without a data source (I/010)", c["source"] < 0)
    for column, what in (("simulated", "simulated"), ("test", "test"), ("fixed_transponder", "field monitor")):
        if column in c:
            leave_out(f"{what} targets left out", c[column] > 0)
    if number in KINDS:
        empty = np.array([k == "" for k in KINDS[number]] + [True])
        leave_out("records that name no kind of detection", empty[_type(records)])
    leave_out("records without a time", time_us == NO_TIME_US)
    return Rows(keep, reasons)


def _type(records: Records) -> Array:
    return records.columns["detection" if records.category.number == 1 else "typ"]


def table(
    records: Records,
    keep: NDArray[np.bool_],
    *,
    time_us: NDArray[np.int64],
    received_us: NDArray[np.int64],
    offset: NDArray[np.int64],
    name: str,
    sensors: Mapping[int, Sensor],
) -> pa.Table:
    """Return the rows of ``keep`` as the contract table ``plots``; ``sensors`` by sac * 256 + sic."""
    if not keep.all():
        select = np.flatnonzero(keep)
        columns = {k: v[select] for k, v in records.columns.items()}
        time_us, received_us, offset = time_us[select], received_us[select], offset[select]
    else:
        columns = dict(records.columns)
    rows = time_us.size
    out: dict[str, Any] = {
        "time": times(time_us),
        "sensor": words.dictionary(columns["source"], lambda codes: [sensor_name(c, sensors) for c in codes.tolist()]),
        "kind": _kinds(records.category.number, columns, rows),
        "source": pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([name])),
        "offset": pa.array(offset),
    }
    if (received_us != NO_TIME_US).any():
        out["received"] = times(received_us)
    out |= _measured(columns)
    fields = list(tables.SCHEMAS["plots"])
    nothing = _Nulls(rows)
    arrays = [_as(out[f.name], f.type) if f.name in out else nothing.of(f.type) for f in fields]
    return pa.table(arrays, schema=tables.SCHEMAS["plots"])


def _as(values: pa.Array, kind: pa.DataType) -> pa.Array:
    return values if values.type == kind else values.cast(kind)


def sensor_name(source: int, sensors: Mapping[int, Sensor]) -> str:
    """Return the area's id of a data source, else "sac/sic"."""
    known = sensors.get(source)
    return known.id if known else f"{source >> 8}/{source & 255}"


def times(time_us: NDArray[np.int64]) -> pa.Array:
    """Return a time column in which NO_TIME_US is null."""
    return words.column(time_us, time_us == NO_TIME_US, tables.TIME)


def _kinds(number: int, columns: Mapping[str, Array], rows: int) -> pa.Array:
    if number in ONE_KIND:
        codes = np.zeros(rows, np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array([ONE_KIND[number]]))
    index = np.array([KIND.index(k) if k else 0 for k in KINDS[number]], np.int32)
    codes = index[columns["detection" if number == 1 else "typ"]]
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(KIND))


def _measured(c: dict[str, Array]) -> dict[str, Any]:
    """Return the measured columns that this category has."""
    plain = ("range_m", "azimuth_deg", "altitude_fl", "range_rate_mps")
    out: dict[str, Any] = {k: _floats(c[k]) for k in plain if k in c}
    if "mode_3a" in c:
        out["mode_3a"] = words.column(c["mode_3a"], c["mode_3a"] < 0, pa.uint16())
    if "track_number" in c:
        out["track_number"] = words.integers(c["track_number"])
    if "address" in c:
        out["icao24"] = words.dictionary(c["address"], words.addresses)
    if "callsign" in c:
        code = c["callsign"]
        if "callsign_track" in c:
            code = np.where(code < 0, c["callsign_track"], code)
        out["callsign"] = words.dictionary(code, words.callsigns)
    lat, lon = c.get("lat_deg"), c.get("lon_deg")
    if lat is not None and lon is not None:
        fine = c.get("lat_fine_deg")
        if fine is not None:
            lat = np.where(np.isfinite(fine), fine, lat)
            lon = np.where(np.isfinite(fine), c["lon_fine_deg"], lon)
        out["lat_deg"], out["lon_deg"] = _floats(lat), _floats(lon)
        if "height_m" in c:
            out["altitude_msl_m"] = _floats(_msl(c["height_m"], lat, lon))
    speed, heading = _velocity(c)
    if speed is not None and heading is not None:
        out["ground_speed_mps"], out["heading_deg"] = _floats(speed), _floats(heading)
    sigma = _sigma(c)
    if sigma is not None:
        out["sigma_m"] = _floats(sigma)
    return out


def _msl(height_m: Array, lat_deg: Array, lon_deg: Array) -> Array:
    """Return heights above the geoid [m]: I020/105, I021/140 and I062/130 count from the ellipsoid."""
    out = np.full(height_m.size, np.nan, np.float32)
    rows = np.flatnonzero(np.isfinite(height_m) & np.isfinite(lat_deg))
    for first in range(0, rows.size, ROWS_AT_A_TIME):
        part = rows[first : first + ROWS_AT_A_TIME]
        out[part] = msl_from_ellipsoid_m(height_m=height_m[part], lat_deg=lat_deg[part], lon_deg=lon_deg[part])
    return out


def _velocity(c: Mapping[str, Array]) -> tuple[Array | None, Array | None]:
    speed, heading = c.get("ground_speed_mps"), c.get("heading_deg")
    if "vx_mps" in c:
        east, north = c["vx_mps"], c["vy_mps"]
        from_parts = np.hypot(east, north)
        bearing = np.where(from_parts > 0, np.degrees(np.arctan2(east, north)) % 360.0, np.nan)
        if speed is None or heading is None:
            return from_parts, bearing
        heading = np.where(np.isfinite(speed), heading, bearing)
        speed = np.where(np.isfinite(speed), speed, from_parts)
    return speed, heading


def _sigma(c: Mapping[str, Array]) -> Array | None:
    if "sigma_x_m" in c:
        return np.asarray(np.sqrt((c["sigma_x_m"] ** 2 + c["sigma_y_m"] ** 2) / 2))
    if "nac_p" in c:
        return EPU_M[c["nac_p"]] / SIGMAS_OF_95  # -1 (absent) picks the last, which is NaN
    return None


def _floats(values: Array) -> pa.Array:
    return words.column(values, np.isnan(values), pa.from_numpy_dtype(values.dtype))


class _Nulls:
    """Columns of nulls that share one buffer of zeros. State: the buffer."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._zeros = pa.py_buffer(bytes(8 * rows + 8))

    def of(self, kind: pa.DataType) -> pa.Array:
        """Return a column of nulls of the type."""
        if pa.types.is_dictionary(kind):
            index = self.of(kind.index_type)
            return pa.DictionaryArray.from_arrays(index, pa.array([], pa.string()))
        return pa.Array.from_buffers(kind, self._rows, [self._zeros, self._zeros], null_count=self._rows)
