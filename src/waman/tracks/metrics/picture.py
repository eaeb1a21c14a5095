"""The air picture and the truth at the same instants, from tables of rows at any times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman.geo.frames import Frame
from waman.geo.units import SECOND_US
from waman.tracks.metrics.gospa import Floats, Ints

INSTANTS_MAX = 20_000


@dataclass(frozen=True)
class Picture:
    """Positions of many objects at common instants: ``x_m[k, j]`` is NaN where object j is absent at instant k."""

    ids: Ints  # (objects,)
    x_m: Floats  # (instants, objects)
    y_m: Floats


def instants(time_us: Ints, owner: Ints) -> Ints:
    """Return the instants [us] at which truth is scored: its own times where shared, else a grid of its median step.

    >>> instants(np.array([0, 0, 4, 4]) * 1_000_000, np.array([1, 2, 1, 2])).tolist()
    [0, 4000000]
    """
    stamps = np.unique(time_us)
    if len(stamps) <= 2 or (len(stamps) <= 0.5 * len(time_us) and len(stamps) <= INSTANTS_MAX):
        return stamps
    order = np.lexsort((time_us, owner))
    step = np.diff(time_us[order])[np.diff(owner[order]) == 0]
    width = max(int(np.median(step[step > 0])) if (step > 0).any() else SECOND_US, SECOND_US)
    width = max(width, int((stamps[-1] - stamps[0]) // INSTANTS_MAX))
    return np.arange(stamps[0], stamps[-1] + 1, width, dtype=np.int64)


def picture(
    owner: Ints, time_us: Ints, x_m: Floats, y_m: Floats, at_us: Ints, *, hold_us: NDArray[np.int64] | int
) -> Picture:
    """Return each owner's position interpolated to ``at_us``; across gaps longer than ``hold_us`` it is absent.

    An instant within ``hold_us`` / 4 after the last row still shows the last row, so that stamps that
    differ by rounding do not count as absence.
    """
    ids = np.unique(owner)
    out_x, out_y = (np.full((len(at_us), len(ids)), np.nan) for _ in range(2))
    order = np.lexsort((time_us, owner))
    bounds = np.searchsorted(owner[order], np.append(ids, ids[-1] + 1 if len(ids) else 0))
    hold = np.broadcast_to(hold_us, len(ids))
    for k in range(len(ids)):
        mine = order[bounds[k] : bounds[k + 1]]
        t = time_us[mine]
        after = np.searchsorted(t, at_us, side="left")
        before = np.searchsorted(t, at_us, side="right") - 1
        exact = before >= after
        inside = (before >= 0) & (after < len(t))
        a, b = np.clip(before, 0, len(t) - 1), np.clip(after, 0, len(t) - 1)
        near = inside & (exact | (t[b] - t[a] <= hold[k]))
        share = np.where(t[b] > t[a], (at_us - t[a]) / np.maximum(t[b] - t[a], 1), 0.0)
        late = (before == len(t) - 1) & (at_us - t[-1] <= hold[k] // 4)
        ok = near | late
        out_x[ok, k] = (x_m[mine][a] + share * (x_m[mine][b] - x_m[mine][a]))[ok]
        out_y[ok, k] = (y_m[mine][a] + share * (y_m[mine][b] - y_m[mine][a]))[ok]
    return Picture(ids, out_x, out_y)


def shown(tracks: pa.Table, *, reportable: float = 0.5) -> pa.Table:
    """Return the rows of the air picture: not tentative, ``reportable`` at least 0.5 or what is asked."""
    state = np.asarray(tracks["state"].cast(pa.string()).to_pylist(), object)
    return tracks.filter(pa.array((state != "tentative") & (tracks["reportable"].to_numpy() >= reportable)))


def plane(table: pa.Table, frame: Frame) -> tuple[Ints, Floats, Floats]:
    """Return time [us], east and north [m] of a table's rows."""
    x, y = frame.to_plane(lat_deg=table["lat_deg"].to_numpy(), lon_deg=table["lon_deg"].to_numpy())
    time: Ints = table["time"].cast(pa.int64()).to_numpy()
    return time, x, y
