"""Radar recordings: the framing is taken off, then the ASTERIX blocks become plots and availability."""

from __future__ import annotations

from datetime import UTC, datetime, time
from datetime import date as Date
from typing import TYPE_CHECKING

from waman.errors import Problems
from waman.geo.time import NO_TIME_US, datetime_us
from waman.plots import asterix, capture
from waman.plots.result import Decoded

if TYPE_CHECKING:
    from waman.plots.reader import Context
    from waman.plots.records.envelope import Content

HEAD_BYTES = 4096


def looks_like(data: bytes) -> bool:
    """Say whether the bytes are ASTERIX, bare or in a framing that recorders use.

    >>> looks_like(bytes([34, 0, 11, 0xE0, 1, 2, 1, 0, 0, 0, 0])), looks_like(b"time,lat,lon")
    (True, False)
    """
    head = bytes(data[:HEAD_BYTES])
    return capture.looks_like(head) is not None or asterix.looks_like(head)


def read(content: Content, context: Context, problems: Problems) -> Decoded:
    """Read a radar recording. ASTERIX has no date: the capture's, else the one given, else the file's (a problem)."""
    payloads, found = capture.read(content.data, name=content.name)
    problems.extend(found)
    near_us = _noon_us(context.date) if context.date is not None else None
    if near_us is None and len(payloads) and bool((payloads.time_us == NO_TIME_US).all()):
        near_us = context.file_us
        when = datetime.fromtimestamp((near_us or 0) / 1e6, UTC).date().isoformat()
        problems.add(content.name, "no date in the recording: the file's own date was taken; say --date", when)
    decoded = asterix.decode(
        payloads,
        name=content.name,
        near_us=near_us,
        editions=context.editions,
        sensors=context.area.sensor if context.area is not None else (),
    )
    problems.extend(decoded.problems)
    return decoded


def _noon_us(day: Date) -> int:
    """Return noon of a day, so that every time of day of it lies within twelve hours."""
    return datetime_us(datetime.combine(day, time(12), tzinfo=UTC))
