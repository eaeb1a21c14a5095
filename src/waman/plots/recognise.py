"""Names the format of a recording by its first bytes, never by its extension."""

from __future__ import annotations

import re

HEAD_BYTES = 1 << 16

_AVR = re.compile(
    rb"^[*@](?:[0-9A-Fa-f]{4}|[0-9A-Fa-f]{14}|[0-9A-Fa-f]{16}|[0-9A-Fa-f]{28}|[0-9A-Fa-f]{26}|[0-9A-Fa-f]{40});\s*$",
    re.M,
)
_SBS = re.compile(rb"^(?:MSG|SEL|ID|AIR|STA|CLK),\d*,", re.M)
_RAW_CSV = re.compile(rb"^\d{9,}(?:\.\d+)?,\s*(?:[0-9A-Fa-f]{14}|[0-9A-Fa-f]{28})\s*$", re.M)


def recognise(data: bytes) -> str:
    """Return the name of the format, "" for none that is known.

    >>> recognise(b'[{"timestamp":1,"icao24":"abcdef","latitude":1,"longitude":2}]')
    'states_json'
    >>> recognise(b"MSG,3,1,1,4CA2D6,1,2015/10/14,11:06:00.000,,,,,,,,,,,,,,")
    'sbs'
    """
    if data[:4] == b"PAR1":
        return "parquet"
    head = data[:HEAD_BYTES].removeprefix(b"\xef\xbb\xbf")
    text = head.lstrip()
    if text[:1] in (b"{", b"["):
        return _json(text)
    if _SBS.match(text):
        return "sbs"
    if _AVR.search(head):
        return "avr"
    if _RAW_CSV.match(text):
        return "frames_csv"
    return _csv(text)


def _json(text: bytes) -> str:
    """Tell JSON formats apart by the keys of their first objects."""
    keys = set(re.findall(rb'"([A-Za-z0-9_]+)"\s*:', text[:8192]))
    if b"FeatureCollection" in text[:4096] or (b"geometry" in keys and b"properties" in keys):
        return "reports_geojson"
    if b"trace" in keys and b"icao" in keys:
        return "readsb_trace"
    if b"aircraft" in keys or b"hex" in keys:
        return "readsb_aircraft"
    if b"states" in keys:
        return "opensky_api"
    if keys & {b"frame", b"rawmsg", b"raw"}:
        return "frames_json"
    if re.match(rb'\{\s*"[A-Za-z0-9_]+"\s*:\s*\{\s*"\d+"\s*:', text):
        return "states_columns"
    if keys & {b"icao24", b"icao"}:
        return "states_json"
    return "json"


def header(text: bytes) -> list[str]:
    r"""Return the column names of a table's first line, lower case; empty if it is no such line.

    >>> header(b"time;icao24;lat;lon\n1;2;3;4")
    ['time', 'icao24', 'lat', 'lon']
    """
    line = text.lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\n", 1)[0].strip()
    if not line or len(line) > 8192 or any(c < 9 for c in line):
        return []
    names = line.decode("utf-8", "replace").split(separator(line).decode())
    return [n.strip().strip('"').lower() for n in names]


def separator(line: bytes) -> bytes:
    """Return what separates the fields of a line: comma, semicolon or tab, whichever is most frequent.

    >>> separator(b"a;b;c,d")
    b';'
    """
    return max((b",", b";", b"\t"), key=line.count)


def _csv(text: bytes) -> str:
    names = set(header(text))
    if "event" in names and names & {"time", "time_earliest", "observer_cell", "observer_lat", "observer_position"}:
        return "reports_csv"
    if names & {"icao24", "icao", "hex"} and names & {"lat", "latitude"}:
        return "states_csv"
    if names & {"frame", "rawmsg", "raw"} and names & {"time", "timestamp", "mintime"}:
        return "frames_csv"
    if {"origin", "destination"} <= names or "off_block" in names:
        return "plans_csv"
    return "csv" if len(names) > 2 else ""
