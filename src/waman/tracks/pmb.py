"""Track-oriented Poisson multi-Bernoulli update: which aircraft exist, and where.

Each track is a Bernoulli (existence probability and a mixture of motion models), aircraft never yet
detected are a Poisson intensity. One frame (one look of one sensor) predicts, gates, finds association
marginals, merges the hypotheses of each track and starts a track from every plot that may be new.
Source: Williams, IEEE Trans. Aerospace and Electronic Systems 51 (2015) 1664-1687 (TOMB/P).
"""

from __future__ import annotations

import math

import numpy as np

from waman.jit import kernel
from waman.tracks.lbp import marginals
from waman.tracks.look import altitude_of, detection_at, expect, gate_all, learn_pressure, predict_all
from waman.tracks.motion import Floats, Ints, moments, predict_model, update_model, within
from waman.tracks.state import (
    ALT,
    ALT_BAD,
    ALT_FROM,
    ALT_PP,
    ALT_PV,
    ALT_RATE,
    ALT_VV,
    BORN,
    CALL,
    CONFIRMED,
    HITS,
    ICAO,
    ID,
    M3A,
    MODES,
    O_ALT,
    O_ALT_FROM,
    O_ALT_SD,
    O_CALL,
    O_DETECTED,
    O_FRAME,
    O_ICAO,
    O_ID,
    O_M3A,
    O_PD,
    O_PLOT,
    O_PXX,
    O_PXY,
    O_PYY,
    O_R,
    O_REPORT,
    O_SENSOR,
    O_STATE,
    O_T,
    O_VX,
    O_VY,
    O_X,
    O_Y,
    P_CALL,
    P_FRESH,
    P_ICAO,
    P_M3A,
    P_ROW,
    P_RXX,
    P_RXY,
    P_RYY,
    P_T,
    P_VX,
    P_VY,
    P_X,
    P_Y,
    PD,
    PLOT,
    ROW,
    ROW_FLOATS,
    ROW_INTS,
    S_BIRTH,
    S_COUNTED,
    S_VSIGMA,
    SEEN,
    SEEN_NOW,
    Batch,
    Params,
    R,
    Sensors,
    State,
)


@kernel
def blend(
    state: State, i: int, batch: Batch, first: int, time_s: float, plot: Ints, share: Floats, missed: float, work: Floats
) -> None:
    """Replace each model of track ``i`` by the moments of its hypotheses.

    ``share`` are the normalised weights of the gated plots, ``missed`` that of none. ``work`` is
    (models, 2 + 15): per model its new weight, then sums of offset (4) and second moments (10).
    """
    count = state.tag[i, MODES]
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
                log_l = update_model(x, p, f[P_X], f[P_Y], f[P_RXX], f[P_RXY], f[P_RYY], f[P_T] - time_s)
                logs[m] = log_l
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
    if tag[ALT_FROM]:
        s = val[ALT_PP] + var
        off = height - val[ALT]
        if off * off <= 25.0 * s:
            gain, rate_gain = val[ALT_PP] / s, val[ALT_PV] / s
            val[ALT] += gain * off
            val[ALT_RATE] += rate_gain * off
            val[ALT_VV] -= rate_gain * val[ALT_PV]
            val[ALT_PV] -= gain * val[ALT_PV]
            val[ALT_PP] -= gain * val[ALT_PP]
            tag[ALT_FROM], tag[ALT_BAD] = source, 0
            return
        tag[ALT_BAD] += 1
        if tag[ALT_BAD] < 5:
            return
    val[ALT], val[ALT_PP], val[ALT_RATE], val[ALT_PV], val[ALT_VV] = height, var, 0.0, 0.0, 100.0
    tag[ALT_FROM], tag[ALT_BAD] = source, 0


@kernel
def take_tags(state: State, i: int, batch: Batch, j: int) -> None:
    """Give track ``i`` the identity, code and callsign that plot ``j`` carries."""
    tag = state.tag[i]
    icao = batch.i[j, P_ICAO]
    if icao >= 0 and tag[ICAO] < 0:
        tag[ICAO] = icao
        state.ident_i[icao, 0] += 1
    if batch.i[j, P_M3A] >= 0:
        tag[M3A] = batch.i[j, P_M3A]
    if batch.i[j, P_CALL] >= 0:
        tag[CALL] = batch.i[j, P_CALL]


@kernel
def update_tracks(
    state: State,
    batch: Batch,
    first: int,
    time_s: float,
    par: Params,
    start: Ints,
    plot: Ints,
    weight: Floats,
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
        r, seen, best, best_share = val[R], 0.0, -1, 0.0
        miss_pd = pd[i] * look
        for e in range(a, b):
            seen += chosen[e]
            if chosen[e] > best_share:
                best, best_share = plot[e], chosen[e]
        alive = none[i] * r * (1.0 - miss_pd) / (1.0 - r * miss_pd)
        r_new = seen + alive
        tag[SEEN_NOW], tag[PLOT] = 0, -1
        val[PD] = pd[i]
        if seen > 1e-5 and r_new > 0.0:
            blend(
                state, i, batch, first, time_s, plot[a:b], chosen[a:b] / r_new, alive / r_new, work[: tag[MODES]]
            )
        val[R] = min(r_new, 1.0)
        if best_share > 0.5:
            tag[SEEN_NOW], tag[PLOT] = 1, batch.i[first + best, P_ROW]
            tag[HITS] += 1
            val[SEEN] = time_s
            update_height(state, i, batch, first + best)
            take_tags(state, i, batch, first + best)
        if tag[MODES] == 1 and val[R] > par.expand and tag[HITS] > 1:
            for m in range(1, models):
                state.x[i, m], state.p[i, m] = state.x[i, 0], state.p[i, 0]
            state.mu[i] = par.stationary
            tag[MODES] = models
        if val[R] >= par.confirm:
            tag[CONFIRMED] = 1


@kernel
def start_tracks(
    state: State,
    batch: Batch,
    first: int,
    last: int,
    time_s: float,
    sensors: Sensors,
    s: int,
    par: Params,
    new_share: Floats,
    birth: Floats,
) -> None:
    """Start a one-point track from every plot whose probability of a new aircraft is worth keeping."""
    for j in range(first, last):
        r = birth[j - first] * new_share[j - first]
        if r < par.prune:
            continue
        f, n = batch.f[j], state.counters[0]
        x, p, tag, val = state.x[n, 0], state.p[n, 0], state.tag[n], state.val[n]
        known = f[P_VX] == f[P_VX] and f[P_VY] == f[P_VY]
        sigma = 10.0 if known else sensors.f[s, S_VSIGMA]
        vx, vy = (f[P_VX], f[P_VY]) if known else (0.0, 0.0)
        lag = time_s - f[P_T]
        x[0], x[1], x[2], x[3] = f[P_X], f[P_Y], vx, vy
        p[:] = 0.0
        p[0], p[1], p[2] = f[P_RXX], f[P_RXY], f[P_RYY]
        p[7], p[9] = sigma * sigma, sigma * sigma
        if lag != 0.0:
            predict_model(x, p, lag, 0.0, 0.0)
        state.mu[n] = 0.0
        state.mu[n, 0] = 1.0
        val[:] = 0.0
        tag[:] = -1
        val[R], val[SEEN], val[ROW], val[BORN] = r, time_s, -math.inf, time_s
        val[PD] = detection_at(sensors, s, f[P_X], f[P_Y], math.nan)
        tag[MODES], tag[CONFIRMED], tag[HITS], tag[SEEN_NOW] = 1, 0, 1, 1
        tag[ALT_FROM], tag[ALT_BAD] = 0, 0
        tag[PLOT] = batch.i[j, P_ROW]
        tag[ID] = name_track(state, batch, j, par)
        take_tags(state, n, batch, j)
        update_height(state, n, batch, j)
        state.counters[0] += 1


@kernel
def name_track(state: State, batch: Batch, j: int, par: Params) -> int:
    """Return the id of a new track: that of a lost track of the same address if one flight could join them."""
    icao = batch.i[j, P_ICAO]
    if icao >= 0 and state.ident_i[icao, 0] == 0 and state.ident_i[icao, 1] >= 0:
        gone = batch.f[j, P_T] - state.ident_f[icao, 0]
        far = math.hypot(batch.f[j, P_X] - state.ident_f[icao, 1], batch.f[j, P_Y] - state.ident_f[icao, 2])
        if far <= par.speed_max_mps * gone + 2000.0:
            return int(state.ident_i[icao, 1])
    state.counters[1] += 1
    return int(state.counters[1] - 1)


@kernel
def drop_tracks(state: State, time_s: float, par: Params) -> None:
    """Forget tracks that no longer matter, keeping the order of the others; remember lost addresses."""
    kept = 0
    for i in range(state.counters[0]):
        val, tag = state.val[i], state.tag[i]
        named = tag[ICAO] >= 0
        idle = time_s - val[SEEN]
        spread = state.p[i, 0, 0] + state.p[i, 0, 2]
        keep = val[R] >= par.prune and idle <= (par.coast_identified_s if named else par.coast_max_s)
        if not named and spread > 2.0 * par.sigma_max_m**2:
            keep = False
        if not keep:
            if named:
                c = tag[ICAO]
                state.ident_i[c, 0] -= 1
                if tag[CONFIRMED] or state.ident_i[c, 1] < 0:
                    state.ident_i[c, 1] = tag[ID]
                    state.ident_f[c, 0], state.ident_f[c, 1] = val[SEEN], state.x[i, 0, 0] - idle * state.x[i, 0, 2]
                    state.ident_f[c, 2] = state.x[i, 0, 1] - idle * state.x[i, 0, 3]
            continue
        if kept < i:
            state.x[kept], state.p[kept], state.mu[kept] = state.x[i], state.p[i], state.mu[i]
            state.val[kept], state.tag[kept] = state.val[i], state.tag[i]
        kept += 1
    state.counters[0] = kept


@kernel
def merge_tracks(state: State, start: Ints, plot: Ints, chosen: Floats, plots: int) -> None:
    """Let one of two tracks go that follow the same aircraft: same best plot, same place, same velocity."""
    owner = np.full(plots, -1)
    for i in range(start.shape[0] - 1):
        for e in range(start[i], start[i + 1]):
            if chosen[e] < 0.05:
                continue
            k = owner[plot[e]]
            if k < 0:
                owner[plot[e]] = i
            elif twins(state, i, k):
                keep, lose = (k, i) if state.val[k, R] >= state.val[i, R] else (i, k)
                owner[plot[e]] = keep
                if state.tag[lose, ICAO] >= 0 and state.tag[keep, ICAO] < 0:
                    keep, lose = lose, keep
                state.val[keep, R] = max(state.val[keep, R], state.val[lose, R])
                if state.tag[lose, CONFIRMED] and state.val[lose, BORN] < state.val[keep, BORN]:
                    state.tag[keep, ID], state.tag[lose, ID] = state.tag[lose, ID], state.tag[keep, ID]
                    state.val[keep, BORN] = state.val[lose, BORN]
                state.val[lose, R] = 0.0


@kernel
def twins(state: State, i: int, k: int) -> bool:
    """Return whether two tracks are too alike in place and velocity to be two aircraft."""
    if state.val[i, R] <= 0.0 or state.val[k, R] <= 0.0:
        return False
    a, b = state.tag[i, ICAO], state.tag[k, ICAO]
    if a >= 0 and b >= 0:
        return False
    if state.tag[i, ALT_FROM] and state.tag[k, ALT_FROM] and abs(state.val[i, ALT] - state.val[k, ALT]) > 150.0:
        return False
    x, y, p, q = state.x[i, 0], state.x[k, 0], state.p[i, 0], state.p[k, 0]
    near = (x[0] - y[0]) ** 2 + (x[1] - y[1]) ** 2 < 0.5 * (p[0] + p[2] + q[0] + q[2])
    return bool(near and (x[2] - y[2]) ** 2 + (x[3] - y[3]) ** 2 < 0.5 * (p[7] + p[9] + q[7] + q[9]))


@kernel
def write_rows(
    state: State, time_s: float, frame: int, s: int, look: float, par: Params, out_f: Floats, out_i: Ints, used: int
) -> int:
    """Append one row for each track worth showing after this frame; return the new number of rows."""
    mean, cov = np.empty(4), np.empty(10)
    for i in range(state.counters[0]):
        val, tag = state.val[i], state.tag[i]
        if val[R] < par.row_min:
            continue
        due = tag[SEEN_NOW] == 1
        if not due and tag[CONFIRMED]:
            due = look > 0.0 or time_s - val[ROW] >= par.coast_row_s
        if not due:
            continue
        if tag[MODES] == 1:
            mean[:], cov[:] = state.x[i, 0], state.p[i, 0]
        else:
            moments(state.x[i], state.p[i], state.mu[i], mean, cov)
        f, k = out_f[used], out_i[used]
        f[O_T], f[O_X], f[O_Y], f[O_VX], f[O_VY] = time_s, mean[0], mean[1], mean[2], mean[3]
        f[O_PXX], f[O_PXY], f[O_PYY] = cov[0], cov[1], cov[2]
        f[O_ALT] = val[ALT] if tag[ALT_FROM] else math.nan
        f[O_ALT_SD] = math.sqrt(max(val[ALT_PP], 0.0)) if tag[ALT_FROM] else math.nan
        f[O_R], f[O_PD] = val[R], val[PD]
        f[O_REPORT] = val[R] * within(cov[0], cov[1], cov[2], par.report_radius_m)
        k[O_ID], k[O_DETECTED], k[O_SENSOR], k[O_FRAME] = tag[ID], tag[SEEN_NOW], s, frame
        k[O_STATE] = 0 if not tag[CONFIRMED] else (1 if tag[SEEN_NOW] else 2)
        k[O_ALT_FROM], k[O_ICAO], k[O_M3A], k[O_CALL], k[O_PLOT] = tag[ALT_FROM], tag[ICAO], tag[M3A], tag[CALL], tag[PLOT]
        val[ROW] = time_s
        used += 1
    return used


@kernel
def births_expected(state: State, par: Params) -> float:
    """Return how many aircraft a look is expected to show for the first time; ten times that before any is known."""
    known = 0
    for i in range(state.counters[0]):
        known += state.tag[i, CONFIRMED]
    return max(par.births_min * (10.0 if state.counters[1] == 1 else 1.0), par.births_share * known)


@kernel
def run_frames(
    state: State, batch: Batch, sensors: Sensors, par: Params, frame0: int, frame_end: int
) -> tuple[int, Floats, Ints]:
    """Run frames in order; return the first frame not run (room for tracks was short), and the rows written."""
    mean, cov = np.empty(4), np.empty(10)
    out_f, out_i, used = np.empty((4096, ROW_FLOATS)), np.empty((4096, ROW_INTS), np.int64), 0
    frame = frame0
    while frame < frame_end:
        first, last, t, s = batch.start[frame], batch.start[frame + 1], batch.time[frame], batch.sensor[frame]
        if state.counters[0] + last - first > state.x.shape[0]:
            break
        dt = t - state.clock[0]
        if dt > 0.0 and state.counters[0] > 0:
            predict_all(state, dt, par, mean, cov)
        state.clock[0] = max(state.clock[0], t)
        n, look = state.counters[0], batch.look[frame]
        pd = np.empty(n)
        expect(state, sensors, s, par, cov, mean, pd)
        learn_pressure(batch, first, last, state.dz)
        start, plot, weight = gate_all(state, batch, first, last, t, par)
        miss = np.empty(n)
        for i in range(n):
            r = state.val[i, R]
            miss[i] = 1.0 - r * pd[i] * look
            for e in range(start[i], start[i + 1]):
                weight[e] *= r * pd[i]
        births = births_expected(state, par) if sensors.f[s, S_COUNTED] > 0.0 else 1.0
        fresh, birth = np.empty(last - first), np.empty(last - first)
        for j in range(first, last):
            hope = births * sensors.f[s, S_BIRTH] * detection_at(sensors, s, batch.f[j, P_X], batch.f[j, P_Y], math.nan)
            fresh[j - first] = batch.f[j, P_FRESH] + hope
            birth[j - first] = hope / fresh[j - first]
        chosen, none, new_share = marginals(start, plot, weight, miss, fresh, par.tolerance)
        update_tracks(state, batch, first, t, par, start, plot, weight, chosen, none, pd, look)
        merge_tracks(state, start, plot, chosen, last - first)
        start_tracks(state, batch, first, last, t, sensors, s, par, new_share, birth)
        drop_tracks(state, t, par)
        while used + state.counters[0] > out_f.shape[0]:
            out_f = np.concatenate((out_f, np.empty_like(out_f)))
            out_i = np.concatenate((out_i, np.empty_like(out_i)))
        used = write_rows(state, t, frame, s, look, par, out_f, out_i, used)
        frame += 1
    return frame, out_f[:used], out_i[:used]
