"""Sanity gates: a recording read with the wrong edition gives plausible garbage, so what cannot be is left out.

One impossible record is left out alone. Where a data source contradicts itself too often, all its records of
that category are left out, with a problem that asks for the edition: garbage rows are worse than none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waman.errors import Problems
from waman.geo.time import NO_TIME_US
from waman.geo.units import DAY_US, SECOND_US
from waman.plots.asterix.columns import Records
from waman.plots.asterix.registry import CATEGORIES

BAD_SHARE_MAX = 0.05
"""Share of impossible records, or of blocks not used up exactly, beyond which the edition is doubted."""

CLOCK_SPREAD_S = 600.0
CLOCK_SHARE_MAX = 0.5
"""Half the records more than 10 minutes off the median clock offset: the field is no time of day."""

RECORDS_MIN = 5
SPEED_MAX_MPS = 1100.0
"""Faster than any aircraft that ASTERIX can be asked about (Mach 3); CAT048 itself can say 7,400 m/s."""


def sound(
    records: Records,
    keep: NDArray[np.bool_],
    time_us: NDArray[np.int64],
    received_us: NDArray[np.int64],
    offset: NDArray[np.int64],
    name: str,
    problems: Problems,
) -> NDArray[np.bool_]:
    """Return which of the ``keep`` records are believed; say why the others are not."""
    impossible = _impossible(records) & keep
    believed = keep & ~impossible
    if impossible.any():
        _say(records, impossible, offset, name, problems, "values that cannot be (a wrong edition?)")
    elif not records.errors.any() and not (received_us != NO_TIME_US).any():
        return believed
    failed = np.zeros(records.errors.shape[0], np.bool_)
    failed[records.errors[:, 0] > 0] = True
    source = records.columns["source"]
    for number in np.flatnonzero(np.bincount(source[keep], minlength=1)).tolist():
        mine = keep & (source == number)
        doubt = _doubt(mine, impossible, failed[records.block], time_us, received_us)
        if doubt:
            believed &= ~mine
            known = ", ".join(c.editions[0] for c in CATEGORIES[records.category.number])
            what = f"all records of {number >> 8}/{number & 255} left out: {doubt}; a wrong edition? (known: {known})"
            _say(records, mine, offset, name, problems, what)
    return believed


def _impossible(records: Records) -> NDArray[np.bool_]:
    c = records.columns
    bad = np.zeros(len(records), np.bool_)
    for column, limit in (("lat_deg", 90.0), ("lon_deg", 180.0), ("lat_fine_deg", 90.0), ("lon_fine_deg", 180.0)):
        if column in c:
            bad |= np.abs(c[column]) > limit
    for column in ("tod_s", "tod_reception_s", "tod_report_s"):
        if column in c:
            bad |= c[column] >= DAY_US / SECOND_US
    if "vx_mps" in c:
        bad |= np.hypot(c["vx_mps"], c["vy_mps"]) > SPEED_MAX_MPS
    return bad


def _doubt(
    mine: NDArray[np.bool_],
    impossible: NDArray[np.bool_],
    in_failed_block: NDArray[np.bool_],
    time_us: NDArray[np.int64],
    received_us: NDArray[np.int64],
) -> str:
    count = int(mine.sum())
    if count < RECORDS_MIN:
        return ""
    if (mine & impossible).sum() > BAD_SHARE_MAX * count:
        return f"{int((mine & impossible).sum())} of {count} hold values that cannot be"
    if (mine & in_failed_block).sum() > BAD_SHARE_MAX * count and (mine & in_failed_block).sum() >= RECORDS_MIN:
        return f"{int((mine & in_failed_block).sum())} of {count} lie in blocks that do not end with a record"
    timed = mine & (received_us != NO_TIME_US) & (time_us != NO_TIME_US)
    if timed.sum() >= RECORDS_MIN:
        off_s = (time_us[timed] - received_us[timed]) / SECOND_US
        wild = np.abs(off_s - np.median(off_s)) > CLOCK_SPREAD_S
        if wild.mean() > CLOCK_SHARE_MAX:
            return f"{int(wild.sum())} of {int(timed.sum())} times contradict the capture times"
    return ""


def _say(
    records: Records, which: NDArray[np.bool_], offset: NDArray[np.int64], name: str, problems: Problems, what: str
) -> None:
    first, count = int(offset[np.flatnonzero(which)[0]]), int(which.sum())
    problems.add(f"{name}@{first}", f"CAT{records.category.number:03d}: {what}", f"{count} records", times=count)
