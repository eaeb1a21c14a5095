"""Evidence: originals by digest, never altered; copies that leave lose their metadata; where the sun stood.

Values in, values out; the original stays where it is.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from waman.cases.video import container
from waman.errors import InputError

EVIDENCE_BYTES_MAX = 4_000_000_000
_EXIF = {0x010F: "make", 0x0110: "model", 0x0132: "changed", 0x9003: "taken"}


@dataclass(frozen=True, slots=True)
class Sun:
    """Position of the sun: azimuth clockwise from true north and elevation (no refraction), degrees."""

    azimuth_deg: float
    elevation_deg: float


def describe(data: bytes) -> dict[str, Any]:
    """Return digest, length, kind and, for MP4/MOV, what the container or EXIF says of its making."""
    found: dict[str, Any] = {"sha256": sha256(data).hexdigest(), "bytes": len(data), "media_type": _kind(data)}
    if found["media_type"] == "video/mp4":
        found["container"] = container(data)
    if found["media_type"] == "image/jpeg":
        found["exif"] = _exif(data)
    return found


def bare_jpeg(data: bytes) -> bytes:
    """Return a JPEG without EXIF, XMP, IPTC, comments and embedded previews; the picture's own bytes are copied.

    Raises InputError for what is no JPEG. Bytes after the end of the picture are dropped (some cameras
    append a second file there).
    """
    if data[:2] != b"\xff\xd8":
        raise InputError("not a JPEG", hint="only JPEG copies are cleaned so far; convert the copy, not the original")
    out, at = [b"\xff\xd8"], 2
    while at + 4 <= len(data):
        marker, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at] != 0xFF or size < 2 or at + 2 + size > len(data):
            raise InputError(f"the JPEG is damaged at byte {at}")
        if marker == 0xDA:
            end = _end_of_scan(data, at + 2 + size)
            return b"".join([*out, data[at:end], b"\xff\xd9"])
        if marker in _KEPT_MARKERS:
            out.append(data[at : at + 2 + size])
        at += 2 + size
    raise InputError("the JPEG holds no picture")


def sun_at(lat_deg: float, lon_deg: float, time: datetime) -> Sun:
    """Return where the sun stood; for comparing shadows in a picture with its claimed place and time.

    Good to about 0.05 degrees for 1950 to 2050 (Astronomical Almanac, low-precision formulas, as in
    Michalsky 1988). Raises InputError for a time without zone.

    >>> sun = sun_at(0.0, 0.0, datetime(2015, 3, 20, 12, 7, 30, tzinfo=UTC))
    >>> sun.elevation_deg > 89.0
    True
    """
    if time.tzinfo is None:
        raise InputError("a time without zone cannot place the sun")
    days = (time.astimezone(UTC) - datetime(2000, 1, 1, 12, tzinfo=UTC)) / timedelta(days=1)
    mean_longitude = math.radians((280.460 + 0.9856474 * days) % 360)
    anomaly = math.radians((357.528 + 0.9856003 * days) % 360)
    longitude = mean_longitude + math.radians(1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly))
    tilt = math.radians(23.439 - 4e-7 * days)
    right_ascension = math.atan2(math.cos(tilt) * math.sin(longitude), math.cos(longitude))
    declination = math.asin(math.sin(tilt) * math.sin(longitude))
    sidereal = math.radians((280.46062 + 360.98564737 * days + lon_deg) % 360)
    hour, lat = sidereal - right_ascension, math.radians(lat_deg)
    up = math.sin(lat) * math.sin(declination) + math.cos(lat) * math.cos(declination) * math.cos(hour)
    east = -math.cos(declination) * math.sin(hour)
    north = math.sin(declination) * math.cos(lat) - math.cos(declination) * math.cos(hour) * math.sin(lat)
    return Sun(math.degrees(math.atan2(east, north)) % 360, math.degrees(math.asin(max(-1.0, min(1.0, up)))))


_KEPT_MARKERS = {0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD}
"""Frame, Huffman and quantisation tables, restart interval: what a decoder needs, and nothing else."""


def _end_of_scan(data: bytes, at: int) -> int:
    """Return the byte where the picture's end marker begins; further scans of a progressive picture are within."""
    while (at := data.find(b"\xff", at)) >= 0:
        marker = data[at + 1 : at + 2]
        if marker == b"\xd9":
            return at
        if marker and marker[0] in _KEPT_MARKERS | {0xDA}:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        elif not marker:
            break
        elif 0xE0 <= marker[0] <= 0xEF or marker[0] == 0xFE:
            raise InputError(f"the JPEG holds metadata inside the picture at byte {at}", hint="re-encode the copy")
        else:
            at += 1 if marker == b"\xff" else 2
    return len(data)


def _kind(data: bytes) -> str:
    if data[:3] == b"\xff\xd8\xff":
        return "image/jpeg"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    if data[4:8] == b"ftyp":
        return "video/mp4"
    return "application/pdf" if data[:5] == b"%PDF-" else "application/octet-stream"


def _exif(data: bytes) -> dict[str, Any]:
    """Return what a photograph says of its making; it stays in the sealed event, copies lose it."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as picture:
            tags = picture.getexif()
            inner, place = dict(tags.get_ifd(0x8769)), dict(tags.get_ifd(0x8825))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return {}
    found = {word: str(value)[:100] for tag, word in _EXIF.items() if (value := inner.get(tag, tags.get(tag)))}
    try:
        for word, tag, ref in (("lat_deg", 2, 1), ("lon_deg", 4, 3)):
            degrees, minutes, seconds = (float(x) for x in place[tag])
            value = degrees + minutes / 60 + seconds / 3600
            found[word] = str(round(-value if place.get(ref) in ("S", "W") else value, 6))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        pass
    return found
