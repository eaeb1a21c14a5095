"""Times: UTC microseconds since 1970 as ``int64``, and the day a time of day belongs to.

Everything inside Waman holds times as int64 microseconds (exact, sortable) or as float64
seconds relative to a chosen start. A time that people write needs a zone.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from waman.errors import InputError
from waman.geo.units import DAY_US, SECOND_US


def zone(name: str) -> tzinfo:
    """Return the IANA time zone ``name``, or raise InputError.

    >>> zone("America/Lima").utcoffset(datetime(2015, 10, 1)).total_seconds()
    -18000.0
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as why:
        raise InputError(f"no time zone {name!r}", hint="use an IANA name such as America/Lima") from why


def parse_utc_us(text: str, *, timezone: tzinfo | None = None) -> int:
    """Return the UTC microseconds of an ISO 8601 time; without a zone ``timezone`` must be given.

    >>> parse_utc_us("2015-10-14T06:06:00-05:00") == parse_utc_us("2015-10-14T11:06:00Z")
    True
    """
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError as why:
        raise InputError(f"{text!r} is not a time", hint="write ISO 8601, as in 2015-10-14T06:06:00-05:00") from why
    if when.tzinfo is None:
        if timezone is None:
            raise InputError(
                f"{text!r} names no time zone", hint="add Z or an offset, or set timezone in the area file"
            )
        when = when.replace(tzinfo=timezone)
    return datetime_us(when)


def datetime_us(when: datetime) -> int:
    """Return the UTC microseconds of an aware datetime.

    >>> datetime_us(datetime(1970, 1, 2, tzinfo=UTC)) == DAY_US
    True
    """
    delta = when - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * SECOND_US + delta.microseconds


def us_text(time_us: int, *, timezone: tzinfo = UTC) -> str:
    """Return a time as people read it: ISO 8601 to the second, with its zone.

    >>> us_text(0)
    '1970-01-01T00:00:00Z'
    """
    seconds, micros = divmod(int(time_us), SECOND_US)
    when = datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=micros).astimezone(timezone)
    return when.isoformat(timespec="seconds").replace("+00:00", "Z")


def unwrap_time_of_day(tod_s: NDArray[np.float64], near_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the UTC microseconds whose time of day is ``tod_s`` and that lie nearest to ``near_us``.

    A time of day of 86,399 s received just after midnight belongs to the day before. NaN gives
    the minimum int64 (see :data:`NO_TIME_US`). Valid for clocks less than 12 hours apart.

    Parameters
    ----------
    tod_s : (n,) float64, seconds after midnight UTC [s]
    near_us : (n,) or () int64, capture times or any time of the right day [µs]

    >>> day = 20_000 * DAY_US
    >>> int(unwrap_time_of_day(np.array([86_399.0]), np.array([day + 5 * SECOND_US]))[0] - day) // SECOND_US
    -1
    """
    near = np.broadcast_to(np.asarray(near_us, np.int64), np.shape(tod_s))
    known = np.isfinite(tod_s)
    tod_us = np.round(np.where(known, tod_s, 0.0) * SECOND_US).astype(np.int64)
    midnight = near - near % DAY_US
    off = tod_us - (near - midnight)
    shift = (off < -DAY_US // 2).astype(np.int64) - (off > DAY_US // 2).astype(np.int64)
    return np.where(known, midnight + tod_us + shift * DAY_US, NO_TIME_US)


NO_TIME_US = np.iinfo(np.int64).min
"""Stands for "no time" in int64 time columns inside a stage; never leaves it."""
