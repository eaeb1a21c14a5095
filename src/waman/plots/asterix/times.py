"""The day that a time of day belongs to: by capture time where there is one, else by the order of the file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waman.geo.time import NO_TIME_US, unwrap_time_of_day
from waman.geo.units import DAY_US, SECOND_US

HALF_DAY_S = 43_200.0
TRUNCATED_S = 512.0
"""I001/141 has 16 bits of 1/128 s."""

ROWS_AT_A_TIME = 65_536


def absolute(tod_s: NDArray[np.float64], received_us: NDArray[np.int64], near_us: int) -> NDArray[np.int64]:
    """Return UTC times [µs] of records in file order; NO_TIME_US where there is no time of day.

    With a capture time the nearest day is right. Without, the first record lies on the day nearest to
    ``near_us`` and the day changes where the time of day falls (or rises) by more than half a day.

    >>> noon = 20_000 * DAY_US + DAY_US // 2
    >>> t = absolute(np.array([86_399.0, 1.0]), np.full(2, NO_TIME_US), noon)
    >>> (t - t[0]).tolist()
    [0, 2000000]
    """
    out = np.full(tod_s.size, NO_TIME_US)
    unknown = received_us == NO_TIME_US
    if not unknown.all():
        for first in range(0, tod_s.size, ROWS_AT_A_TIME):
            part = slice(first, first + ROWS_AT_A_TIME)
            out[part] = unwrap_time_of_day(tod_s[part], received_us[part])
    if unknown.any():
        rows = np.flatnonzero(unknown & np.isfinite(tod_s))
        if rows.size:
            steps = np.diff(tod_s[rows], prepend=tod_s[rows[0]])
            days = np.cumsum((steps < -HALF_DAY_S).astype(np.int64) - (steps > HALF_DAY_S))
            first_us = unwrap_time_of_day(tod_s[rows[:1]], np.array([near_us]))[0]
            begin = first_us - round(float(tod_s[rows[0]]) * SECOND_US)
            out[rows] = begin + days * DAY_US + np.round(tod_s[rows] * SECOND_US).astype(np.int64)
        out[unknown & ~np.isfinite(tod_s)] = NO_TIME_US
    return out


def from_truncated(truncated_s: NDArray[np.float64], near_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return UTC times [µs] of truncated times of day (they wrap every 512 s and start again at midnight).

    ``near_us`` must be right to 256 s: the last whole time of the same radar (CAT002), or the capture time.

    >>> near = np.array([20_000 * DAY_US + 600 * SECOND_US])
    >>> int(from_truncated(np.array([90.0]), near)[0] - near[0]) // SECOND_US  # 602 s mod 512 s
    2
    """
    known = np.isfinite(truncated_s) & (near_us != NO_TIME_US)
    near = np.where(known, near_us, 0)
    tod_s = (near % DAY_US) / SECOND_US
    value = np.where(known, truncated_s, 0.0)
    best = np.full(value.size, np.inf)
    for day_s in (
        -86_400.0,
        0.0,
        86_400.0,
    ):  # the counter starts again at midnight: 86,400 s is not a multiple of 512 s
        there = tod_s + day_s
        step = (value - there + TRUNCATED_S / 2) % TRUNCATED_S - TRUNCATED_S / 2
        same_day = (there + step >= 0) & (there + step < 86_400.0)
        best = np.where(same_day & (np.abs(step) < np.abs(best)), step, best)
    known &= np.isfinite(best)
    return np.where(known, near + np.round(np.where(known, best, 0.0) * SECOND_US).astype(np.int64), NO_TIME_US)
