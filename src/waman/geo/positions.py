"""Positions as people write them: decimal degrees, degrees-minutes-seconds, UTM and MGRS.

The original text is kept with the result. A list in another datum must say so: PSAD56, still
found on Peruvian maps, moves points by some 400 m.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import pyproj

from waman.errors import InputError

Datum = Literal["WGS84", "PSAD56"]

# PSAD56 to WGS 84 for Peru: geocentric shift with its one-sigma of 6, 8 and 12 m
# (NIMA TR8350.2, third edition, table B.8, "Provisional South American 1956, Peru").
PSAD56_PERU = "+ellps=intl +towgs84=-279,175,-379"
PSAD56_SIGMA_M = 16.0

BAND_LETTERS = "CDEFGHJKLMNPQRSTUVWX"  # 8 degree latitude bands from 80 S (NGA.SIG.0012)
COLUMN_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
ROW_LETTERS = "ABCDEFGHJKLMNPQRSTUV"
HINT = "write -12.5, -74.2 or 12°30'00\"S 74°12'00\"W or 18S 587000 8617000 (UTM) or 18LWM8700017000 (MGRS)"


@dataclass(frozen=True)
class Position:
    """A position in WGS 84 and the text it was read from."""

    lat_deg: float
    lon_deg: float
    text: str
    datum: Datum


def parse_position(text: str, *, datum: str = "WGS84") -> Position:
    r"""Return the WGS 84 position that a text names.

    In UTM a letter S or N after the zone is the hemisphere; any other is a latitude band.
    Raises InputError where the text is no position, lies outside the earth, or the datum is unknown.
    Source: NGA.SIG.0012 (UTM, MGRS); NIMA TR8350.2 (PSAD56).

    >>> p = parse_position("12°30'00\"S 74°12'00\"W")
    >>> round(p.lat_deg, 4), round(p.lon_deg, 4)
    (-12.5, -74.2)
    """
    if datum not in get_args(Datum):
        raise InputError(f"no datum {datum!r}", hint="datums: " + ", ".join(get_args(Datum)))
    clean = " ".join(text.replace("º", "°").replace("’", "'").replace("”", '"').upper().split())
    for reader in (_mgrs, _utm, _degrees):
        found = reader(clean, datum)
        if found is not None:
            lat, lon = found
            if not (-90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0):
                raise InputError(f"{text!r} lies outside the earth ({lat:.4f}, {lon:.4f})", hint=HINT)
            return Position(lat, lon, text, "PSAD56" if datum == "PSAD56" else "WGS84")
    raise InputError(f"{text!r} is not a position", hint=HINT)


_NUMBER = r"(\d{1,3}(?:\.\d+)?)"
_ANGLE = rf"([+-]?){_NUMBER}\s*°?\s*(?:{_NUMBER}\s*')?\s*(?:{_NUMBER}\s*(?:\"|''))?\s*([NSEWO]?)"
_PAIR = re.compile(rf"^{_ANGLE}\s*[,;]?\s*{_ANGLE}$")


def _degrees(text: str, datum: str) -> tuple[float, float] | None:
    found = _PAIR.match(text)
    if not found:
        return None
    parts = found.groups()
    first, second = _angle(parts[:5]), _angle(parts[5:])
    if first is None or second is None:
        return None
    # a longitude may come first when its letter says so; O is oeste
    if parts[4] in ("E", "W", "O") or parts[9] in ("N", "S"):
        first, second = second, first
    return _to_wgs84(first, second, datum)


def _angle(parts: tuple[str | None, ...]) -> float | None:
    sign, degrees, minutes, seconds, letter = parts
    m, s = float(minutes or 0.0), float(seconds or 0.0)
    if m >= 60.0 or s >= 60.0:
        return None
    value = float(degrees or 0.0) + m / 60.0 + s / 3600.0
    return -value if sign == "-" or letter in ("S", "W", "O") else value


_UTM = re.compile(r"^(\d{1,2})\s*([A-Z])\s+(\d{5,7}(?:\.\d+)?)\s*(?:M?E)?[\s,;]+(\d{6,8}(?:\.\d+)?)\s*(?:M?N)?$")


def _utm(text: str, datum: str) -> tuple[float, float] | None:
    found = _UTM.match(text)
    if not found or not 1 <= int(found[1]) <= 60 or found[2] in "IOABYZ":
        return None
    south = found[2] == "S" or (found[2] != "N" and found[2] < "N")
    return _from_utm(int(found[1]), south, float(found[3]), float(found[4]), datum)


_MGRS = re.compile(r"^(\d{1,2})([C-HJ-NP-X])\s*([A-HJ-NP-Z])([A-HJ-NP-V])\s*(\d*)\s*(\d*)$")


def _mgrs(text: str, datum: str) -> tuple[float, float] | None:
    found = _MGRS.match(text)
    digits = found[5] + found[6] if found else ""
    if not found or not 1 <= int(found[1]) <= 60 or len(digits) % 2 or len(digits) > 10:
        return None
    zone, band = int(found[1]), found[2]
    half = len(digits) // 2
    unit = 10.0 ** (5 - half)
    # the middle of the square that the digits name
    east_in = (int(digits[:half] or 0) + 0.5) * unit
    north_in = (int(digits[half:] or 0) + 0.5) * unit
    column = COLUMN_LETTERS.index(found[3]) - 8 * ((zone - 1) % 3)
    if not 0 <= column < 8:
        return None
    row = (ROW_LETTERS.index(found[4]) - (5 if zone % 2 == 0 else 0)) % 20
    south = band < "N"
    lowest = _band_northing_m(zone, band)
    north = row * 100_000.0 + north_in
    while north < lowest - 100_000.0:
        north += 2_000_000.0
    return _from_utm(zone, south, (column + 1) * 100_000.0 + east_in, north, datum)


def _band_northing_m(zone: int, band: str) -> float:
    lat = -80.0 + 8.0 * BAND_LETTERS.index(band)
    _, north = _projection(zone, lat < 0.0, "WGS84")(zone * 6.0 - 183.0, lat)
    return float(north)


def _from_utm(zone: int, south: bool, east_m: float, north_m: float, datum: str) -> tuple[float, float]:
    lon, lat = _projection(zone, south, datum)(east_m, north_m, inverse=True)
    return _to_wgs84(float(lat), float(lon), datum)


@cache
def _projection(zone: int, south: bool, datum: str) -> pyproj.Proj:
    ellipsoid = "intl" if datum == "PSAD56" else "WGS84"
    return pyproj.Proj(f"+proj=utm +zone={zone} {'+south' if south else ''} +ellps={ellipsoid}")


@cache
def _shift() -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(f"+proj=longlat {PSAD56_PERU} +no_defs", "EPSG:4326", always_xy=True)


def _to_wgs84(lat: float, lon: float, datum: str) -> tuple[float, float]:
    if datum == "WGS84" or not (-90.0 <= lat <= 90.0):
        return lat, lon
    new_lon, new_lat = _shift().transform(lon, lat)
    return float(new_lat), float(new_lon)
