"""Every look counts: rows for the looks at which a chain had no plot, and what could have been seen at them.

The causal tracker writes no row for a track it hardly believes in; hindsight knows that the aircraft was there, so
that each of these looks was one at which it was not seen.
"""

from __future__ import annotations

import math

import numpy as np

from waman.jit import kernel
from waman.tracks.core import columns as col
from waman.tracks.core.look import detection_at
from waman.tracks.core.motion import Floats, Ints
from waman.tracks.core.state import Batch, Sensors


def frame_times(batch: Batch) -> Floats:
    """Return for every plot, by its row number, the time [s] of the look that brought it."""
    out = np.empty(len(batch.i))
    out[batch.i[:, col.P_ROW]] = np.repeat(batch.time, np.diff(batch.start))
    return out


def looks_between(batch: Batch, sensor: int, after_s: float, before_s: float) -> Floats:
    """Return the times of a sensor's looks strictly between two times."""
    a, b = np.searchsorted(batch.time, after_s, side="right"), np.searchsorted(batch.time, before_s, side="left")
    mine = (batch.sensor[a:b] == sensor) & (batch.look[a:b] > 0.0)
    return np.unique(batch.time[a:b][mine])


def unseen_rows(f: Floats, i: Ints, looks: Floats) -> tuple[Floats, Ints]:
    """Return one coasting row a look, made from the row (``f``, ``i``) before; Pd is not yet known."""
    out_f, out_i = np.tile(f, (len(looks), 1)), np.tile(i, (len(looks), 1))
    out_f[:, col.O_T], out_f[:, col.O_FACTOR], out_f[:, col.O_PD] = looks, 1.0, np.nan
    out_i[:, col.O_DETECTED], out_i[:, col.O_PLOT], out_i[:, col.O_STATE] = 0, -1, col.COASTING
    return out_f, out_i


def filled(f: Floats, i: Ints, batch: Batch) -> tuple[Floats, Ints]:
    """Return a chain's rows with a coasting row at every look of its first sensor between them that has none."""
    looks = looks_between(batch, int(i[0, col.O_SENSOR]), float(f[0, col.O_T]), float(f[-1, col.O_T]))
    looks = looks[~np.isin(looks, f[:, col.O_T])]
    if not len(looks):
        return f, i
    at = np.searchsorted(f[:, col.O_T], looks) - 1
    new_f, new_i = unseen_rows(f[0], i[0], looks)
    new_f[:, [col.O_ALT, col.O_ALT_SD]] = f[at][:, [col.O_ALT, col.O_ALT_SD]]
    new_f[:, col.O_R] = np.minimum(f[at, col.O_R], f[at + 1, col.O_R])
    order = np.argsort(np.concatenate([f[:, col.O_T], looks]), kind="stable")
    return np.concatenate([f, new_f])[order], np.concatenate([i, new_i])[order]


@kernel
def expected(x: Floats, f: Floats, i: Ints, sensors: Sensors) -> Floats:
    """Return the detection probability (n,) of each row's sensor at the smoothed place ``x`` (n, 4)."""
    out = np.empty(x.shape[0])
    for k in range(x.shape[0]):
        s = i[k, col.O_SENSOR]
        height = f[k, col.O_ALT] if i[k, col.O_ALT_FROM] else math.nan
        out[k] = detection_at(sensors.f[s], sensors.pd[s], sensors.ground, sensors.layer_m, x[k, 0], x[k, 1], height)
    return out
