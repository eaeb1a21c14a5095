"""What a look changes in a track: existence, state, height, identity."""

from __future__ import annotations

import math

import numpy as np

from waman.jit import kernel
from waman.tracks.core import columns as col
from waman.tracks.core.look import altitude_of
from waman.tracks.core.motion import Floats, Ints, predict_model, update_model
from waman.tracks.core.state import Batch, Params, State


@kernel
def blend(
    state: State,
    i: int,
    batch: Batch,
    first: int,
    time_s: float,
    plot: Ints,
    share: Floats,
    factor: Floats,
    missed: float,
    work: Floats,
) -> None:
    """Replace each model of track ``i`` by the moments of its hypotheses.

    ``share`` are the normalised weights of the gated plots, ``missed`` that of none. ``work`` is
    (models, 2 + 15): per model its new weight, then sums of offset (4) and second moments (10).
    """
    count = state.tag[i, col.MODES]
    x, p = np.empty(4), np.empty(10)
    work[:] = 0.0
    logs = np.empty(count)
    for e in range(-1, plot.shape[0]):
        weight = missed if e < 0 else share[e]
        if weight < 1e-5:
            continue
        if e >= 0:
            f = batch.f[first + plot[e]]
            for m in range(count):
                x[:], p[:] = state.x[i, m], state.p[i, m]
                if factor[e] < 0.0:
                    logs[m] = 0.0
                    one_point(f, x, p, time_s, 100.0)
                else:
                    k = factor[e]
                    logs[m] = update_model(
                        x,
                        p,
                        f[col.P_X],
                        f[col.P_Y],
                        k * f[col.P_RXX],
                        k * f[col.P_RXY],
                        k * f[col.P_RYY],
                        f[col.P_T] - time_s,
                    )
                accumulate(work, count, m, x, p, state.x[i, m])
            top = logs.max()
            total = 0.0
            for m in range(count):
                logs[m] = state.mu[i, m] * math.exp(logs[m] - top)
                total += logs[m]
            for m in range(count):
                settle(work, m, weight * logs[m] / total)
        else:
            for m in range(count):
                accumulate(work, count, m, state.x[i, m], state.p[i, m], state.x[i, m])
                settle(work, m, weight * state.mu[i, m])
    total = 0.0
    for m in range(count):
        total += work[m, 0]
    for m in range(count):
        w = max(work[m, 0], 1e-12)
        state.mu[i, m] = max(work[m, 0] / total, 1e-6)
        for k in range(4):
            work[m, 1 + k] /= w
        finish(state, i, m, work, w)


@kernel
def one_point(f: Floats, x: Floats, p: Floats, time_s: float, sigma_mps: float) -> None:
    """Write the state that one plot alone gives, moved to ``time_s``; its own velocity serves where it has one."""
    known = f[col.P_VX] == f[col.P_VX] and f[col.P_VY] == f[col.P_VY]
    sigma = 10.0 if known else sigma_mps
    x[0], x[1] = f[col.P_X], f[col.P_Y]
    x[2], x[3] = (f[col.P_VX], f[col.P_VY]) if known else (0.0, 0.0)
    p[:] = 0.0
    p[0], p[1], p[2] = f[col.P_RXX], f[col.P_RXY], f[col.P_RYY]
    p[7], p[9] = sigma * sigma, sigma * sigma
    if time_s != f[col.P_T]:
        predict_model(x, p, time_s - f[col.P_T], 0.0, 0.0)


@kernel
def accumulate(work: Floats, count: int, m: int, x: Floats, p: Floats, origin: Floats) -> None:
    """Hold the offset and second moments of one hypothesis of model ``m`` until its weight is known."""
    for k in range(4):
        work[m, 15 + k] = x[k] - origin[k]
    for k in range(10):
        work[m, 19 + k] = p[k]


@kernel
def settle(work: Floats, m: int, weight: float) -> None:
    """Add the held hypothesis of model ``m`` with its weight."""
    d = work[m, 15:19]
    work[m, 0] += weight
    for k in range(4):
        work[m, 1 + k] += weight * d[k]
    work[m, 5] += weight * (work[m, 19] + d[0] * d[0])
    work[m, 6] += weight * (work[m, 20] + d[0] * d[1])
    work[m, 7] += weight * (work[m, 21] + d[1] * d[1])
    work[m, 8] += weight * (work[m, 22] + d[0] * d[2])
    work[m, 9] += weight * (work[m, 23] + d[0] * d[3])
    work[m, 10] += weight * (work[m, 24] + d[1] * d[2])
    work[m, 11] += weight * (work[m, 25] + d[1] * d[3])
    work[m, 12] += weight * (work[m, 26] + d[2] * d[2])
    work[m, 13] += weight * (work[m, 27] + d[2] * d[3])
    work[m, 14] += weight * (work[m, 28] + d[3] * d[3])


@kernel
def finish(state: State, i: int, m: int, work: Floats, w: float) -> None:
    """Turn the sums of model ``m`` into its mean and covariance; a model nobody used keeps its prediction."""
    if work[m, 0] < 1e-12:
        return
    d, p, x = work[m, 1:5], state.p[i, m], state.x[i, m]
    for k in range(10):
        p[k] = work[m, 5 + k] / w
    p[0] -= d[0] * d[0]
    p[1] -= d[0] * d[1]
    p[2] -= d[1] * d[1]
    p[3] -= d[0] * d[2]
    p[4] -= d[0] * d[3]
    p[5] -= d[1] * d[2]
    p[6] -= d[1] * d[3]
    p[7] -= d[2] * d[2]
    p[8] -= d[2] * d[3]
    p[9] -= d[3] * d[3]
    for k in range(4):
        x[k] += d[k]


@kernel
def update_height(state: State, i: int, batch: Batch, j: int) -> None:
    """Update the height filter of track ``i`` by its most likely plot; five agreeing outliers restart it."""
    height, var, source = altitude_of(batch, j, state.dz)
    if source == 0:
        return
    val, tag = state.val[i], state.tag[i]
    if tag[col.ALT_FROM]:
        s = val[col.ALT_PP] + var
        off = height - val[col.ALT]
        if off * off <= 25.0 * s:
            gain, rate_gain = val[col.ALT_PP] / s, val[col.ALT_PV] / s
            val[col.ALT] += gain * off
            val[col.ALT_RATE] += rate_gain * off
            val[col.ALT_VV] -= rate_gain * val[col.ALT_PV]
            val[col.ALT_PV] -= gain * val[col.ALT_PV]
            val[col.ALT_PP] -= gain * val[col.ALT_PP]
            tag[col.ALT_FROM], tag[col.ALT_BAD] = source, 0
            return
        tag[col.ALT_BAD] += 1
        if tag[col.ALT_BAD] < 5:
            return
    val[col.ALT], val[col.ALT_PP], val[col.ALT_RATE], val[col.ALT_PV], val[col.ALT_VV] = height, var, 0.0, 0.0, 100.0
    tag[col.ALT_FROM], tag[col.ALT_BAD] = source, 0


@kernel
def take_tags(state: State, i: int, batch: Batch, j: int) -> None:
    """Give track ``i`` the identity, code and callsign that plot ``j`` carries."""
    tag = state.tag[i]
    icao = batch.i[j, col.P_ICAO]
    if icao >= 0 and tag[col.ICAO] < 0:
        tag[col.ICAO] = icao
        state.ident_i[icao, 0] += 1
    if batch.i[j, col.P_M3A] >= 0:
        tag[col.M3A] = batch.i[j, col.P_M3A]
    if batch.i[j, col.P_CALL] >= 0:
        tag[col.CALL] = batch.i[j, col.P_CALL]


@kernel
def update_tracks(
    state: State,
    batch: Batch,
    first: int,
    time_s: float,
    par: Params,
    start: Ints,
    plot: Ints,
    factor: Floats,
    chosen: Floats,
    none: Floats,
    pd: Floats,
    look: float,
) -> None:
    """Update existence and state of every track from the association marginals."""
    models = par.q.shape[0]
    work = np.zeros((models, 29))
    for i in range(state.counters[0]):
        a, b = start[i], start[i + 1]
        val, tag = state.val[i], state.tag[i]
        r, seen, best, best_share = val[col.R], 0.0, -1, 0.0
        miss_pd = pd[i] * look
        for e in range(a, b):
            seen += chosen[e]
            if chosen[e] > best_share:
                best, best_share = plot[e], chosen[e]
        alive = none[i] * r * (1.0 - miss_pd) / (1.0 - r * miss_pd)
        r_new = seen + alive
        tag[col.SEEN_NOW], tag[col.PLOT] = 0, -1
        val[col.PD] = pd[i]
        if seen > 1e-5 and r_new > 0.0:
            share, gone = chosen[a:b] / r_new, alive / r_new
            blend(state, i, batch, first, time_s, plot[a:b], share, factor[a:b], gone, work[: tag[col.MODES]])
        val[col.R] = min(r_new, 1.0)
        if best_share > 0.5:
            tag[col.SEEN_NOW], tag[col.PLOT] = 1, batch.i[first + best, col.P_ROW]
            tag[col.HITS] += 1
            val[col.SEEN] = time_s
            update_height(state, i, batch, first + best)
            take_tags(state, i, batch, first + best)
        if tag[col.MODES] == 1 and val[col.R] > par.expand and tag[col.HITS] > 1:
            for m in range(1, models):
                state.x[i, m], state.p[i, m] = state.x[i, 0], state.p[i, 0]
            state.mu[i] = par.stationary
            tag[col.MODES] = models
        if val[col.R] >= par.confirm:
            tag[col.CONFIRMED] = 1
