"""What a look changes in a track: existence, state, height, identity."""

from __future__ import annotations

import math

from waman.jit import lean_kernel
from waman.tracks.core import columns as col
from waman.tracks.core.motion import IA, IB, Floats, Ints, predict_model, update_model
from waman.tracks.core.pressure import PLOT_VAR, STEP_VAR, altitude_of, learn_pressure, pressure_var
from waman.tracks.core.state import Batch, Params, State

FORKS_MAX = 4
"""Plots in the gate of a young track beyond the four likeliest share less than a few per cent of it."""


WORK = 30
"""Columns of the work space of :func:`blend`: weight, sums of offset (4) and of second moments (10); then of one
hypothesis its offset (4), covariance (10) and log-likelihood."""


@lean_kernel
def blend(
    xs: Floats,
    ps: Floats,
    mu: Floats,
    plots: Floats,
    time_s: float,
    plot: Ints,
    share: Floats,
    whole: float,
    factor: Floats,
    missed: float,
    work: Floats,
) -> None:
    """Replace each model of a track (``xs``, ``ps``, ``mu``) by the moments of its hypotheses.

    ``share / whole`` are the normalised weights of the gated plots, ``missed`` that of none. ``work`` is
    (models, WORK).
    """
    count = work.shape[0]
    for m in range(count):
        for k in range(15):
            work[m, k] = 0.0
        if missed >= 1e-5:
            hold(work[m], xs[m], ps[m])
            settle(work[m], xs[m], xs[m], missed * mu[m])
    for e in range(plot.shape[0]):
        weight = share[e] / whole
        if weight < 1e-5:
            continue
        f, top = plots[plot[e]], -math.inf
        for m in range(count):
            hold(work[m], xs[m], ps[m])
            work[m, 29] = try_plot(f, work[m, 15:19], work[m, 19:29], time_s, factor[e])
            top = max(top, work[m, 29])
        total = 0.0
        for m in range(count):
            work[m, 29] = mu[m] * math.exp(work[m, 29] - top)
            total += work[m, 29]
        for m in range(count):
            settle(work[m], work[m, 15:19], xs[m], weight * work[m, 29] / total)
    total = 0.0
    for m in range(count):
        total += work[m, 0]
    for m in range(count):
        mu[m] = max(work[m, 0] / total, 1e-6)
        finish(xs[m], ps[m], work[m])


@lean_kernel
def try_plot(f: Floats, x: Floats, p: Floats, time_s: float, factor: float) -> float:
    """Update one model by a plot whose noise is stretched by ``factor`` (-1: restart there); log-likelihood."""
    if factor < 0.0:
        one_point(f, x, p, time_s, 100.0)
        return 0.0
    rxx, rxy, ryy = factor * f[col.P_RXX], factor * f[col.P_RXY], factor * f[col.P_RYY]
    return update_model(x, p, f[col.P_X], f[col.P_Y], rxx, rxy, ryy, f[col.P_T] - time_s)


@lean_kernel
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


@lean_kernel
def hold(work: Floats, x: Floats, p: Floats) -> None:
    """Begin a hypothesis with the predicted state of a model."""
    for k in range(4):
        work[15 + k] = x[k]
    for k in range(10):
        work[19 + k] = p[k]


@lean_kernel
def settle(work: Floats, x: Floats, origin: Floats, weight: float) -> None:
    """Add the held hypothesis of a model with its weight; moments are about the prediction ``origin``."""
    d0, d1, d2, d3 = x[0] - origin[0], x[1] - origin[1], x[2] - origin[2], x[3] - origin[3]
    off = (d0, d1, d2, d3)
    work[0] += weight
    for k in range(4):
        work[1 + k] += weight * off[k]
    for k in range(10):
        work[5 + k] += weight * (work[19 + k] + off[IA[k]] * off[IB[k]])


@lean_kernel
def finish(x: Floats, p: Floats, work: Floats) -> None:
    """Turn the sums of one model into its mean and covariance; a model nobody used keeps its prediction."""
    w = work[0]
    if w < 1e-12:
        return
    off = (work[1] / w, work[2] / w, work[3] / w, work[4] / w)
    for k in range(10):
        p[k] = work[5 + k] / w - off[IA[k]] * off[IB[k]]
    for k in range(4):
        x[k] += off[k]


@lean_kernel
def update_height(val: Floats, tag: Ints, f: Floats, dz: Floats) -> None:
    """Update the height filter of a track by its most likely plot; five agreeing outliers restart it.

    What all its pressure heights share (air, altimeter) is no news of this one and would not average away beside a
    geometric height: the two are never mixed. A geometric one replaces a pressure one at once, a pressure one a
    geometric one that has grown older than it is good.
    """
    height, var, source = altitude_of(f, dz)
    if source == 0:
        return
    learn_pressure(val, f, dz)
    noise = PLOT_VAR if source == col.GEOMETRIC else STEP_VAR
    if tag[col.ALT_FROM]:
        shared = pressure_var(val[col.ALT], dz) if tag[col.ALT_FROM] == col.PRESSURE else 0.0
        off = height - val[col.ALT]
        if off * off <= 25.0 * (val[col.ALT_PP] + max(var, shared + noise)):
            tag[col.ALT_BAD] = 0
            if source == tag[col.ALT_FROM]:
                s = val[col.ALT_PP] + noise
                gain, rate_gain = val[col.ALT_PP] / s, val[col.ALT_PV] / s
                val[col.ALT] += gain * off
                val[col.ALT_RATE] += rate_gain * off
                val[col.ALT_VV] -= rate_gain * val[col.ALT_PV]
                val[col.ALT_PV] -= gain * val[col.ALT_PV]
                val[col.ALT_PP] -= gain * val[col.ALT_PP]
            elif source == col.GEOMETRIC or val[col.ALT_PP] > var:
                val[col.ALT], val[col.ALT_PP], val[col.ALT_PV] = height, noise, 0.0
                tag[col.ALT_FROM] = source
            return
        tag[col.ALT_BAD] += 1
        if tag[col.ALT_BAD] < 5:
            return
    val[col.ALT], val[col.ALT_PP] = height, noise
    val[col.ALT_RATE], val[col.ALT_PV], val[col.ALT_VV] = 0.0, 0.0, 100.0
    tag[col.ALT_FROM], tag[col.ALT_BAD] = source, 0


@lean_kernel
def take_tags(tag: Ints, k: Ints, ident: Ints) -> None:
    """Give a track the identity, code and callsign that a plot (``k``) carries."""
    icao = k[col.P_ICAO]
    if icao >= 0 and tag[col.ICAO] < 0:
        tag[col.ICAO] = icao
        ident[icao, 0] += 1
    if k[col.P_M3A] >= 0:
        tag[col.M3A] = k[col.P_M3A]
    if k[col.P_CALL] >= 0:
        tag[col.CALL] = k[col.P_CALL]


@lean_kernel
def fork(
    state: State, batch: Batch, first: int, time_s: float, par: Params, i: int, e: int, share: float, logs: Floats
) -> None:
    """Copy track ``i`` as one that surely had plot ``e`` of the frame, with existence ``share``.

    A young track's gate is so wide that two plots in it mean two quite different velocities: their mean is that
    of neither, so each becomes a track of its own and the next look decides.
    """
    n = state.counters[0]
    copy_track(state.x, state.p, state.mu, state.val, state.tag, i, n)
    val, tag, mu = state.val[n], state.tag[n], state.mu[n]
    f = batch.f[first + e]
    if tag[col.MODES] == 1:
        try_plot(f, state.x[n, 0], state.p[n, 0], time_s, 1.0)
    else:
        sure(f, state.x[n], state.p[n], mu, time_s, logs)
    tag[col.ID] = state.counters[1]
    tag[col.SEEN_NOW], tag[col.PLOT] = 1, batch.i[first + e, col.P_ROW]
    tag[col.HITS] += 1
    if tag[col.HITS] == 2:  # the copy of a copy has no row of its own at its second plot
        tag[col.SECOND] = tag[col.PLOT]
    val[col.R], val[col.SEEN], val[col.FACTOR], val[col.ROW] = share, time_s, 1.0, -math.inf
    update_height(val, tag, f, state.dz)
    take_tags(tag, batch.i[first + e], state.ident_i)
    if grows(val, tag, par.expand, par.confirm):
        widen(state, par, n)
    state.counters[0] += 1
    state.counters[1] += 1


@lean_kernel
def sure(f: Floats, xs: Floats, ps: Floats, mu: Floats, time_s: float, logs: Floats) -> None:
    """Update all models of a track by a plot that is surely its own: one hypothesis, nothing to blend.

    ``logs`` (models,) is work space.
    """
    total, top = 0.0, -math.inf
    for m in range(mu.shape[0]):
        logs[m] = try_plot(f, xs[m], ps[m], time_s, 1.0)
        top = max(top, logs[m])
    for m in range(mu.shape[0]):
        mu[m] *= math.exp(logs[m] - top)
        total += mu[m]
    for m in range(mu.shape[0]):
        mu[m] = max(mu[m] / total, 1e-6)


@lean_kernel
def copy_track(x: Floats, p: Floats, mu: Floats, val: Floats, tag: Ints, i: int, n: int) -> None:
    """Write track ``i`` to place ``n``: the models it has and what is known of it."""
    for m in range(tag[i, col.MODES]):
        mu[n, m] = mu[i, m]
        for k in range(4):
            x[n, m, k] = x[i, m, k]
        for k in range(10):
            p[n, m, k] = p[i, m, k]
    for k in range(col.VAL_COLUMNS):
        val[n, k] = val[i, k]
    for k in range(col.TAG_COLUMNS):
        tag[n, k] = tag[i, k]


@lean_kernel
def grows(val: Floats, tag: Ints, expand: float, confirm: float) -> bool:
    """Return whether :func:`widen` would change a track."""
    young = tag[col.MODES] == 1 and tag[col.HITS] > 1 and val[col.R] > expand
    return bool(young or (tag[col.CONFIRMED] == 0 and val[col.R] >= confirm))


@lean_kernel
def widen(state: State, par: Params, i: int) -> None:
    """Give a track all motion models once it is likely enough, and confirm it once it is likelier still."""
    val, tag = state.val[i], state.tag[i]
    if tag[col.MODES] == 1 and val[col.R] > par.expand and tag[col.HITS] > 1:
        for m in range(1, par.q.shape[0]):
            for k in range(4):
                state.x[i, m, k] = state.x[i, 0, k]
            for k in range(10):
                state.p[i, m, k] = state.p[i, 0, k]
        for m in range(par.q.shape[0]):
            state.mu[i, m] = par.stationary[m]
        tag[col.MODES] = par.q.shape[0]
    if val[col.R] >= par.confirm:
        tag[col.CONFIRMED] = 1


@lean_kernel
def may_fork(tag: Ints, fork_hits: int) -> bool:
    """Return whether a track is young enough to be split by its plots."""
    return bool(tag[col.CONFIRMED] == 0 and tag[col.HITS] <= fork_hits and tag[col.ICAO] < 0)


@lean_kernel
def split(
    state: State,
    batch: Batch,
    first: int,
    time_s: float,
    par: Params,
    i: int,
    plot: Ints,
    chosen: Floats,
    owner: Ints,
    logs: Floats,
) -> None:
    """Fork a young track by its ``FORKS_MAX`` likeliest plots; its ``chosen`` shares are taken out.

    ``owner`` (capacity,) keeps the plot of every fork.
    """
    for _ in range(FORKS_MAX):
        e = chosen.argmax()
        if chosen[e] < par.prune:
            break
        owner[state.counters[0]] = plot[e]
        fork(state, batch, first, time_s, par, i, plot[e], chosen[e], logs)
        chosen[e] = 0.0
    chosen[:] = 0.0


@lean_kernel
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
    owner: Ints,
    work: Floats,
) -> None:
    """Update existence and state of every track from the association marginals; young ones fork (see :func:`fork`).

    ``work`` (models, WORK) is work space.
    """
    tracks = state.counters[0]
    fork_hits, expand, confirm = par.fork_hits, par.expand, par.confirm
    xs, ps, mu, dz, ident, bf, bi = state.x, state.p, state.mu, state.dz, state.ident_i, batch.f, batch.i
    vals, tags, frame = state.val, state.tag, batch.f[first:]
    for i in range(tracks):
        a, b = start[i], start[i + 1]
        val, tag = vals[i], tags[i]
        r, seen, best, best_share, best_factor = val[col.R], 0.0, -1, 0.0, 1.0
        miss_pd = min(pd[i], par.miss_pd_max) * look
        for e in range(a, b):
            seen += chosen[e]
            if chosen[e] > best_share:
                best, best_share, best_factor = plot[e], chosen[e], factor[e]
        alive = none[i] * r * (1.0 - miss_pd) / (1.0 - r * miss_pd)
        if b > a and may_fork(tag, fork_hits):
            split(state, batch, first, time_s, par, i, plot[a:b], chosen[a:b], owner, work[:, 0])
            seen, best_share = 0.0, 0.0
        r_new = seen + alive
        tag[col.SEEN_NOW], tag[col.PLOT] = 0, -1
        val[col.PD] = pd[i]
        if seen > 1e-5 and r_new > 0.0:
            gone, mine = alive / r_new, work[: tag[col.MODES]]
            blend(xs[i], ps[i], mu[i], frame, time_s, plot[a:b], chosen[a:b], r_new, factor[a:b], gone, mine)
        val[col.R] = min(r_new, 1.0)
        if best_share > 0.5:
            tag[col.SEEN_NOW], tag[col.PLOT] = 1, bi[first + best, col.P_ROW]
            tag[col.HITS] += 1
            val[col.SEEN], val[col.FACTOR] = time_s, best_factor
            off = math.hypot(xs[i, 0, 0] - val[col.X0], xs[i, 0, 1] - val[col.Y0])
            val[col.FAR] = max(val[col.FAR], off)
            update_height(val, tag, bf[first + best], dz)
            take_tags(tag, bi[first + best], ident)
        if grows(val, tag, expand, confirm):
            widen(state, par, i)
