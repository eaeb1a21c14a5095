"""Track-oriented Poisson multi-Bernoulli update: which aircraft exist, and where.

Each track is a Bernoulli (existence probability and a mixture of motion models), aircraft never yet
detected are a Poisson intensity. One frame (one look of one sensor) predicts, gates, finds association
marginals, merges the hypotheses of each track and starts a track from every plot that may be new.
Source: Williams, IEEE Trans. Aerospace and Electronic Systems 51 (2015) 1664-1687 (TOMB/P).
"""

from __future__ import annotations

import math

import numpy as np

from waman.jit import kernel, lean_kernel
from waman.tracks.core import columns as col
from waman.tracks.core.association.coalescence import part_close_tracks
from waman.tracks.core.association.marginals import marginals
from waman.tracks.core.gates import gate_all
from waman.tracks.core.lives import drop_tracks, merge_tracks, start_tracks
from waman.tracks.core.look import detection_at, expect, predict_all
from waman.tracks.core.maps import cell_at, clutter_gain, empty_unseen, fill_unseen, learn_clutter
from waman.tracks.core.motion import Floats, Ints, moments, within
from waman.tracks.core.pressure import pressure_var
from waman.tracks.core.state import Batch, Params, Sensors, State
from waman.tracks.core.update import FORKS_MAX, WORK, may_fork, update_tracks

PD_MIN = 0.02
"""A plot in a place where none can come proves the field wrong by a little, not by everything."""


@lean_kernel
def write_rows(
    state: State,
    time_s: float,
    frame: int,
    s: int,
    look: float,
    par: Params,
    out_f: Floats,
    out_i: Ints,
    used: int,
    mean: Floats,
    cov: Floats,
) -> int:
    """Append one row for each track worth showing after this frame; return the new number of rows.

    ``mean`` (4,) and ``cov`` (10,) are work space.
    """
    for i in range(state.counters[0]):
        val, tag = state.val[i], state.tag[i]
        if val[col.R] < par.row_min and not tag[col.CONFIRMED]:
            continue
        due = tag[col.SEEN_NOW] == 1
        if not due and tag[col.CONFIRMED]:
            due = look > 0.0 or time_s - val[col.ROW] >= par.coast_row_s
        if not due:
            continue
        if tag[col.MODES] == 1:
            for k in range(4):
                mean[k] = state.x[i, 0, k]
            for k in range(10):
                cov[k] = state.p[i, 0, k]
        else:
            moments(state.x[i], state.p[i], state.mu[i], mean, cov)
        report = val[col.R] * within(cov[0], cov[1], cov[2], par.report_radius_m)
        f, n = out_f[used], out_i[used]
        f[col.O_T], f[col.O_X], f[col.O_Y], f[col.O_VX], f[col.O_VY] = time_s, mean[0], mean[1], mean[2], mean[3]
        f[col.O_PXX], f[col.O_PXY], f[col.O_PYY] = cov[0], cov[1], cov[2]
        f[col.O_ALT] = val[col.ALT] if tag[col.ALT_FROM] else math.nan
        shared = pressure_var(val[col.ALT], state.dz) if tag[col.ALT_FROM] == col.PRESSURE else 0.0
        f[col.O_ALT_SD] = math.sqrt(max(val[col.ALT_PP], 0.0) + shared) if tag[col.ALT_FROM] else math.nan
        f[col.O_R], f[col.O_PD] = val[col.R], val[col.PD]
        f[col.O_REPORT], f[col.O_FACTOR] = report, val[col.FACTOR]
        n[col.O_BIRTH], n[col.O_SECOND] = tag[col.BIRTH], tag[col.SECOND]
        n[col.O_ID], n[col.O_DETECTED], n[col.O_SENSOR], n[col.O_FRAME] = tag[col.ID], tag[col.SEEN_NOW], s, frame
        n[col.O_STATE] = 0 if not tag[col.CONFIRMED] else (1 if tag[col.SEEN_NOW] else 2)
        n[col.O_ALT_FROM], n[col.O_ICAO], n[col.O_M3A], n[col.O_CALL], n[col.O_PLOT] = (
            tag[col.ALT_FROM],
            tag[col.ICAO],
            tag[col.M3A],
            tag[col.CALL],
            tag[col.PLOT],
        )
        val[col.ROW] = time_s
        used += 1
    return used


@lean_kernel
def weigh_new(
    state: State,
    batch: Batch,
    first: int,
    last: int,
    sensors: Sensors,
    s: int,
    par: Params,
    fresh: Floats,
    birth: Floats,
    there: Floats,
) -> None:
    """Write for each plot of a frame its density as false or new, the share of new in it, and the Pd there."""
    sf, spd = sensors.f[s], sensors.pd[s]
    counted, (ny, nx), cell2 = sf[col.S_COUNTED] > 0.0, state.unseen.shape, state.grid[2] ** 2
    # arrays by name: a record handed to a kernel in the loop is copied field by field at every call
    grid, unseen, false_n, prior = state.grid, state.unseen, state.false_n, par.clutter_prior
    ground, layer_m, unit = sensors.ground, sensors.layer_m, state.false_w[s, 0]
    expected = max(sf[col.S_FALSE] * cell2, 1e-6) * state.false_w[s, 1] / unit
    for j in range(first, last):
        x, y = batch.f[j, col.P_X], batch.f[j, col.P_Y]
        there[j - first] = detection_at(sf, spd, ground, layer_m, x, y, math.nan)
        false = batch.f[j, col.P_FRESH]
        density = sf[col.S_BIRTH]
        if counted:
            k, c = cell_at(grid, ny, nx, x, y)
            density = unseen[k, c] / cell2
            if batch.i[j, col.P_ICAO] < 0:
                false *= clutter_gain(false_n[s, k, c], unit, expected, prior)
        hope = density * there[j - first]
        fresh[j - first] = false + hope
        birth[j - first] = hope / fresh[j - first]


@lean_kernel
def room_needed(state: State, plots: int, par: Params) -> int:
    """Return for how many tracks to make room where a frame found too little of it.

    One in four young tracks is taken to fork: all that may, by :data:`FORKS_MAX` plots each, would be many times
    what there ever is. Always more than the room there is, so that asking again gets there.
    """
    need, young = state.counters[0] + plots, 0
    for i in range(state.counters[0]):
        young += may_fork(state.tag[i], par.fork_hits)
    return int(max(need + young // 4, state.x.shape[0] + 1))


@lean_kernel
def forks_coming(tag: Ints, start: Ints, chosen: Floats, par: Params) -> int:
    """Return how many tracks the forks of a frame will add (see :func:`waman.tracks.core.update.split`)."""
    forks = 0
    for i in range(start.shape[0] - 1):
        if start[i + 1] > start[i] and may_fork(tag[i], par.fork_hits):
            likely = 0
            for e in range(start[i], start[i + 1]):
                likely += chosen[e] >= par.prune
            forks += min(likely, FORKS_MAX)
    return forks


@kernel
def run_frames(
    state: State, batch: Batch, sensors: Sensors, par: Params, frame0: int, frame_end: int
) -> tuple[int, Floats, Ints]:
    """Run frames in order; return the first frame not run (room for tracks was short), and the rows written.

    A frame that finds too little room stops before it changes anything but the time of the state: its tracks have
    moved to its time, and are not moved again when it is run with more room.
    """
    models = par.q.shape[0]
    mean, cov, turn, work = np.empty(4), np.empty(10), np.empty((models, 4)), np.zeros((models, WORK))
    out_f, out_i, used = np.empty((4096, col.ROW_FLOATS)), np.empty((4096, col.ROW_INTS), np.int64), 0
    frame, row, forked = frame0, np.empty((2, state.unseen.shape[1])), np.empty(state.x.shape[0], np.int64)
    while frame < frame_end:
        first, last, t, s = batch.start[frame], batch.start[frame + 1], batch.time[frame], batch.sensor[frame]
        dt = t - state.clock[0]
        if dt > 0.0 or frame > frame0:  # a frame run anew has dropped its tracks before they moved
            drop_tracks(state, max(t, state.clock[0]), par)  # what is overdue must not claim a plot
        if dt > 0.0 and state.counters[0] > 0:
            predict_all(state, dt, par, mean, cov, turn)
        state.clock[0] = max(state.clock[0], t)
        n, look = state.counters[0], batch.look[frame]
        pd = np.empty(n)
        expect(state, sensors, s, par, cov, mean, np.empty((6, n)), pd)
        start, plot, weight, factor = gate_all(state, batch, first, last, t, par)
        counts = sensors.f[s, col.S_COUNTED] > 0.0 and look > 0.0
        if counts:
            fill_unseen(state, sensors, s, par, t, row)
        fresh, birth, there = np.empty(last - first), np.empty(last - first), np.empty(last - first)
        weigh_new(state, batch, first, last, sensors, s, par, fresh, birth, there)
        miss = np.empty(n)
        for i in range(n):
            r = state.val[i, col.R]
            miss[i] = 1.0 - r * min(pd[i], par.miss_pd_max) * look
            for e in range(start[i], start[i + 1]):
                # the plot says where it is: Pd there, unless only the track knows the height
                here = pd[i] if state.tag[i, col.ALT_FROM] else max(there[plot[e]], PD_MIN)
                weight[e] *= r * here
        chosen, none, new_share = marginals(start, plot, weight, miss, fresh, par.tolerance)
        part_close_tracks(state.tag, start, plot, weight, miss, fresh, chosen, none, new_share)
        spare = state.x.shape[0] - n - (last - first)
        if plot.shape[0] > spare and forks_coming(state.tag, start, chosen, par) > spare:
            break
        if counts:
            learn_clutter(state, batch, first, last, s, par, start, plot, chosen, np.empty(last - first), mean, cov)
        update_tracks(state, batch, first, t, par, start, plot, factor, chosen, none, pd, look, forked, work)
        merge_tracks(state, start, plot, chosen, np.empty(last - first, np.int64), forked)
        start_tracks(state, batch, first, last, t, sensors, s, par, new_share, birth, there)
        if counts:
            empty_unseen(state, sensors, s, look)
        while used + state.counters[0] > out_f.shape[0]:
            out_f = np.concatenate((out_f, np.empty_like(out_f)))
            out_i = np.concatenate((out_i, np.empty_like(out_i)))
        used = write_rows(state, t, frame, s, look, par, out_f, out_i, used, mean, cov)
        frame += 1
    if frame == frame_end > frame0:
        drop_tracks(state, max(batch.time[frame - 1], state.clock[0]), par)
    return frame, out_f[:used], out_i[:used]
