"""Fields that an aircraft sends in separate messages, joined to its position, height and code messages.

ADS-B sends the position in one message, the speed in another, the callsign in a third. A plot
is made of each message that says where, how high or which code; what other messages of that
aircraft said shortly before is carried to it, each for as long as it stays true enough.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from waman.geo.units import SECOND_US
from waman.plots.records.columns import Floats, Offsets

# how long a value may be carried: the aircraft turns at up to 3 deg/s, changes speed by about
# 1 m/s each second, and its geometric-minus-pressure difference follows the weather
VELOCITY_AGE_US = 2 * SECOND_US
DIFFERENCE_AGE_US = 30 * SECOND_US
CODE_AGE_US = 60 * SECOND_US
CALLSIGN_AGE_US = 600 * SECOND_US


def carried(aircraft: Offsets, time_us: Offsets, values: Floats, age_max_us: int) -> Floats:
    """Return ``values`` with each NaN replaced by the last value of that aircraft, if not older than ``age_max_us``.

    Parameters
    ----------
    aircraft : (n,) int64, a number for each aircraft; negative is nobody
    time_us : (n,) int64 [µs], in any order
    values : (n,) float64, NaN where a message does not say

    >>> carried(np.zeros(3, np.int64), np.arange(3) * SECOND_US, np.array([5.0, np.nan, np.nan]), SECOND_US).tolist()
    [5.0, 5.0, nan]
    """
    order = np.lexsort((time_us, aircraft))
    who, when, what = aircraft[order], time_us[order], values[order]
    rows = np.arange(len(order))
    last = np.maximum.accumulate(np.where(np.isfinite(what), rows, -1)) if len(rows) else rows
    usable = (last >= 0) & (who[last] == who) & (who >= 0) & (when - when[last] <= age_max_us)
    out = np.empty(len(values))
    out[order] = np.where(usable, what[last], what)
    return out


def carried_ref(aircraft: Offsets, time_us: Offsets, values: Floats, age_max_us: int) -> Floats:
    """Return what :func:`carried` returns, by comparing every message with every other."""
    spoke = np.isfinite(values)[None, :] & (aircraft[None, :] == aircraft[:, None]) & (aircraft[:, None] >= 0)
    age = time_us[:, None] - time_us[None, :]
    rows = np.arange(len(values))
    earlier = (age > 0) | ((age == 0) & (rows[None, :] <= rows[:, None]))
    # the latest of them: least age, then the last in the file
    rank = np.where(spoke & earlier, age * len(rows) - rows[None, :], np.iinfo(np.int64).max)
    best = rank.argmin(axis=1) if len(rows) else rows
    good = spoke[rows, best] & earlier[rows, best] & (age[rows, best] <= age_max_us)
    return np.where(np.isfinite(values), values, np.where(good, values[best], np.nan))


def carry_all(
    aircraft: Offsets, time_us: Offsets, fields: Mapping[str, Floats], ages_us: Mapping[str, int]
) -> dict[str, NDArray[np.float64]]:
    """Return the fields, those named in ``ages_us`` carried."""
    return {
        name: carried(aircraft, time_us, values, ages_us[name]) if name in ages_us else values
        for name, values in fields.items()
    }
