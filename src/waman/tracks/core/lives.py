"""How tracks begin, merge and end, and what they are called."""

from __future__ import annotations

import math

from waman.jit import lean_kernel
from waman.tracks.core import columns as col
from waman.tracks.core.maps import recycle
from waman.tracks.core.motion import Floats, Ints
from waman.tracks.core.state import Batch, Params, Sensors, State
from waman.tracks.core.update import copy_track, one_point, take_tags, update_height


@lean_kernel
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
    there: Floats,
) -> None:
    """Start a one-point track from every plot whose probability of a new aircraft is worth keeping."""
    for j in range(first, last):
        r = birth[j - first] * new_share[j - first]
        if r < par.prune:
            continue
        f, n = batch.f[j], state.counters[0]
        tag, val = state.tag[n], state.val[n]
        silent = batch.i[j, col.P_ICAO] < 0 and batch.i[j, col.P_M3A] < 0
        sigma = min(sensors.f[s, col.S_VSIGMA], par.silent_mps) if silent else sensors.f[s, col.S_VSIGMA]
        one_point(f, state.x[n, 0], state.p[n, 0], time_s, sigma)
        state.mu[n] = 0.0
        state.mu[n, 0] = 1.0
        val[:] = 0.0
        tag[:] = -1
        val[col.R], val[col.SEEN], val[col.ROW], val[col.BORN] = r, time_s, -math.inf, time_s
        val[col.PD], val[col.X0], val[col.Y0] = there[j - first], f[col.P_X], f[col.P_Y]
        tag[col.MODES], tag[col.CONFIRMED], tag[col.HITS], tag[col.SEEN_NOW] = 1, 0, 1, 1
        tag[col.ALT_FROM], tag[col.ALT_BAD] = 0, 0
        tag[col.PLOT] = tag[col.BIRTH] = batch.i[j, col.P_ROW]
        val[col.FACTOR] = 1.0
        icao = batch.i[j, col.P_ICAO]
        if icao >= 0 and state.ident_i[icao, 1] >= 0:
            val[col.BOTH_BAND] = -1.0  # an altimeter met before
        if icao >= 0:
            tag[col.ID] = name_track(state, batch, j, par)
        else:
            tag[col.ID] = state.counters[1]
            state.counters[1] += 1
        take_tags(tag, batch.i[j], state.ident_i)
        update_height(val, tag, f, state.dz)
        state.counters[0] += 1


@lean_kernel
def name_track(state: State, batch: Batch, j: int, par: Params) -> int:
    """Return the id of a new track: that of a lost track of the same address if one flight could join them."""
    icao = batch.i[j, col.P_ICAO]
    if state.ident_i[icao, 0] == 0 and state.ident_i[icao, 1] >= 0:
        gone = batch.f[j, col.P_T] - state.ident_f[icao, 0]
        far = math.hypot(batch.f[j, col.P_X] - state.ident_f[icao, 1], batch.f[j, col.P_Y] - state.ident_f[icao, 2])
        if far <= par.speed_max_mps * gone + 2000.0:
            return int(state.ident_i[icao, 1])
    state.counters[1] += 1
    return int(state.counters[1] - 1)


@lean_kernel
def drop_tracks(state: State, time_s: float, par: Params) -> None:
    """Forget tracks that no longer matter, keeping the order of the others; remember lost addresses."""
    kept, x, p, mu, vals, tags = 0, state.x, state.p, state.mu, state.val, state.tag
    grid, unseen, prune, widest = state.grid, state.unseen, par.prune, 2.0 * par.sigma_max_m**2
    coast_s, coast_named_s = par.coast_max_s, par.coast_identified_s
    for i in range(state.counters[0]):
        val, tag = vals[i], tags[i]
        named = tag[col.ICAO] >= 0
        idle = time_s - val[col.SEEN]
        spread = p[i, 0, 0] + p[i, 0, 2]
        keep = val[col.R] >= prune and idle <= (coast_named_s if named else coast_s)
        if not named and spread > widest:
            keep = False
        if not keep:
            recycle(grid, unseen, x[i, 0, 0], x[i, 0, 1], val[col.R])
            if named:
                c = tag[col.ICAO]
                state.ident_i[c, 0] -= 1
                if tag[col.CONFIRMED] or state.ident_i[c, 1] < 0:
                    state.ident_i[c, 1] = tag[col.ID]
                    back = state.clock[0] - val[col.SEEN]
                    state.ident_f[c, 0], state.ident_f[c, 1] = val[col.SEEN], state.x[i, 0, 0] - back * state.x[i, 0, 2]
                    state.ident_f[c, 2] = state.x[i, 0, 1] - back * state.x[i, 0, 3]
            continue
        if kept < i:
            copy_track(x, p, mu, vals, tags, i, kept)
        kept += 1
    state.counters[0] = kept


@lean_kernel
def merge_tracks(state: State, start: Ints, plot: Ints, chosen: Floats, owner: Ints, forked: Ints) -> None:
    """Let one of two tracks go that follow the same aircraft: same best plot, same place, same velocity.

    ``forked`` (capacity,) names the plot of each track that this frame's forks added at the end; ``owner`` (plots,)
    is work space.
    """
    owner[:] = -1
    tracks = start.shape[0] - 1
    for i in range(tracks):
        for e in range(start[i], start[i + 1]):
            if chosen[e] >= 0.05:
                if owner[plot[e]] < 0:
                    owner[plot[e]] = i
                else:
                    meet(state, owner, plot[e], i)
    for i in range(tracks, state.counters[0]):
        if owner[forked[i]] < 0:
            owner[forked[i]] = i
        else:
            meet(state, owner, forked[i], i)


@lean_kernel
def meet(state: State, owner: Ints, j: int, i: int) -> None:
    """Let track ``i`` meet the track that had plot ``j`` before it, and merge the two if they are one aircraft."""
    k = owner[j]
    if twins(state, i, k):
        keep, lose = (k, i) if state.val[k, col.R] >= state.val[i, col.R] else (i, k)
        owner[j] = keep
        if state.tag[lose, col.ICAO] >= 0 and state.tag[keep, col.ICAO] < 0:
            keep, lose = lose, keep
        state.val[keep, col.R] = min(state.val[keep, col.R] + state.val[lose, col.R], 1.0)
        if state.tag[lose, col.CONFIRMED] and state.val[lose, col.BORN] < state.val[keep, col.BORN]:
            state.tag[keep, col.ID], state.tag[lose, col.ID] = state.tag[lose, col.ID], state.tag[keep, col.ID]
            state.val[keep, col.BORN] = state.val[lose, col.BORN]
        state.val[lose, col.R] = 0.0


@lean_kernel
def twins(state: State, i: int, k: int) -> bool:
    """Return whether two tracks are too alike in place and velocity to be two aircraft."""
    if state.val[i, col.R] <= 0.0 or state.val[k, col.R] <= 0.0:
        return False
    a, b = state.tag[i, col.ICAO], state.tag[k, col.ICAO]
    if a >= 0 and b >= 0:
        return False
    if (
        state.tag[i, col.ALT_FROM]
        and state.tag[k, col.ALT_FROM]
        and abs(state.val[i, col.ALT] - state.val[k, col.ALT]) > 150.0
    ):
        return False
    x, y, p, q = state.x[i, 0], state.x[k, 0], state.p[i, 0], state.p[k, 0]
    near = (x[0] - y[0]) ** 2 + (x[1] - y[1]) ** 2 < 0.5 * (p[0] + p[2] + q[0] + q[2])
    return bool(near and (x[2] - y[2]) ** 2 + (x[3] - y[3]) ** 2 < 0.5 * (p[7] + p[9] + q[7] + q[9]))
