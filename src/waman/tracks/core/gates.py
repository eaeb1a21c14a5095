"""Which plots of a look each track may have, and how likely each pair is.

The kernels here change nothing; :mod:`waman.tracks.core.pmb` decides.
"""

from __future__ import annotations

import math

import numpy as np

from waman.jit import kernel, lean_kernel
from waman.tracks.core import columns as col
from waman.tracks.core.motion import Floats, Ints, innovation
from waman.tracks.core.pressure import altitude_of
from waman.tracks.core.state import Batch, Params, State


@lean_kernel
def tag_gain(val: Floats, tag: Ints, dz: Floats, f: Floats, k: Ints, par: Params) -> float:
    """Return the likelihood ratio of identity, code and height of a plot (``f``, ``k``) on a track; 0 forbids it."""
    gain = 1.0
    have, got = tag[col.ICAO], k[col.P_ICAO]
    same = have >= 0 and have == got
    if have >= 0 and got >= 0:
        if not same:
            return 0.0
        gain = par.identity_gain
    elif tag[col.M3A] >= 0 and k[col.P_M3A] >= 0:
        gain = par.code_gain if tag[col.M3A] == k[col.P_M3A] else par.code_loss
    if tag[col.ALT_FROM] and not same:
        height, var, source = altitude_of(f, dz)
        if source:
            s = val[col.ALT_PP] + var
            off = (height - val[col.ALT]) ** 2 / s
            fits = math.exp(-0.5 * min(off, 60.0)) / math.sqrt(2.0 * math.pi * s) * par.altitude_window_m
            gain *= 0.98 * fits + 0.02  # one reported height in fifty is wrong or garbled
    return gain


@lean_kernel
def inside(x: Floats, p: Floats, count: int, spot: Floats, n: int, gate: float) -> bool:
    """Return whether plot ``n`` of :func:`line_up` lies in the gate of any model, as :func:`innovation` has it.

    No division and no logarithm: for most pairs the answer is no.
    """
    zx, zy, rxx, rxy, ryy, t = spot[n, 0], spot[n, 1], spot[n, 2], spot[n, 3], spot[n, 4], spot[n, 5]
    for m in range(count):
        sxx, sxy, syy, nx, ny = p[m, 0] + rxx, p[m, 1] + rxy, p[m, 2] + ryy, zx - x[m, 0], zy - x[m, 1]
        if t != 0.0:
            sxx += t * (2.0 * p[m, 3] + t * p[m, 7])
            sxy += t * (p[m, 4] + p[m, 5] + t * p[m, 8])
            syy += t * (2.0 * p[m, 6] + t * p[m, 9])
            nx, ny = nx - t * x[m, 2], ny - t * x[m, 3]
        if syy * nx * nx - 2.0 * sxy * nx * ny + sxx * ny * ny <= gate * (sxx * syy - sxy * sxy):
            return True
    return False


@lean_kernel
def likelihood(x: Floats, p: Floats, mu: Floats, count: int, spot: Floats, n: int) -> float:
    """Return the likelihood [1/m^2] of the place of plot ``n`` of :func:`line_up` over the models of a track."""
    total = 0.0
    for m in range(count):
        rxx, rxy, ryy = spot[n, 2], spot[n, 3], spot[n, 4]
        d2, det = innovation(x[m], p[m], spot[n, 0], spot[n, 1], rxx, rxy, ryy, spot[n, 5])
        if d2 < 200.0:  # beyond, less than 1e-43 of the peak
            total += (1.0 if count == 1 else mu[m]) * math.exp(-0.5 * d2) / (2.0 * math.pi * math.sqrt(det))
    return total


@lean_kernel
def stray(x: Floats, p: Floats, count: int, seen_s: float, f: Floats, lag_s: float, par: Params) -> tuple[float, float]:
    """Return the weight of a plot outside the gate that carries the track's own address, and how to use it.

    Such a plot is never given to chance: where the aircraft could have flown, it is used with noise stretched by
    the second number until it fits (a stale or jumpy position), or, where that is -1 (after a gap long enough to
    turn in), the track restarts there. Weight 0: it could not have flown there.
    """
    y, v = x[count - 1], p[count - 1]
    gap = max(f[col.P_T] - seen_s, 0.0)
    speed = min(math.hypot(y[2], y[3]), par.speed_max_mps)
    back = gap - lag_s
    far = math.hypot(f[col.P_X] - y[0] + back * y[2], f[col.P_Y] - y[1] + back * y[3])
    reach = (1.3 * speed + 30.0) * gap + 500.0
    slack = 20.0 * speed + 1000.0  # networks stamp some positions many seconds late
    if far > reach + slack:
        return 0.0, 1.0
    low = par.identity_gain * 1e-3 / (math.pi * reach * reach)
    noise = f[col.P_RXX] + f[col.P_RYY]
    if far <= reach and v[0] + v[2] > 4.0 * noise:
        return low, -1.0
    off = (f[col.P_X] - y[0]) ** 2 + (f[col.P_Y] - y[1]) ** 2
    return low, max(off / (0.5 * par.gate * noise), 1.0)


@kernel
def bucket_plots(f: Floats, first: int, last: int) -> tuple[Ints, Ints, Floats]:
    """Sort the plots of a frame into square cells, about one plot a cell.

    Returns ``start`` (cells + 1,), ``order`` (plots,) and ``grid`` = (west, south, cell size, columns, rows):
    the plots of neighbouring cells of a row lie side by side in ``order``.
    """
    n = last - first
    west, south, east, north = math.inf, math.inf, -math.inf, -math.inf
    for j in range(first, last):
        west, east = min(west, f[j, col.P_X]), max(east, f[j, col.P_X])
        south, north = min(south, f[j, col.P_Y]), max(north, f[j, col.P_Y])
    wide, high = east - west, north - south
    cell = max(math.sqrt(wide * high / n), max(wide, high) / (2.0 * n), 500.0)
    columns, rows = int(wide / cell) + 1, int(high / cell) + 1
    start, order, home = np.zeros(columns * rows + 1, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    for j in range(n):
        home[j] = int((f[first + j, col.P_Y] - south) / cell) * columns + int((f[first + j, col.P_X] - west) / cell)
        start[home[j] + 1] += 1
    for k in range(columns * rows):
        start[k + 1] += start[k]
    for j in range(n - 1, -1, -1):
        start[home[j] + 1] -= 1
        order[start[home[j] + 1]] = j
    # each start now holds the end of the cell before it: shift back by one
    for k in range(columns * rows):
        start[k] = start[k + 1]
    start[columns * rows] = n
    return start, order, np.array([west, south, cell, float(columns), float(rows)])


@lean_kernel
def gate_window(
    x: Floats, p: Floats, count: int, gate: float, lag_s: float, rxx: float, ryy: float
) -> tuple[float, float]:
    """Return how far [m] east or west, and north or south, of the first model's position a gated plot may lie.

    ``rxx`` and ``ryy`` are the greatest noise variances of the plots, ``lag_s`` the greatest lag of any.
    """
    east = north = 0.0
    for m in range(count):
        xx, yy = p[m, 0], p[m, 2]
        off_e, off_n = abs(x[m, 0] - x[0, 0]), abs(x[m, 1] - x[0, 1])
        if lag_s > 0.0:
            xx, yy = math.sqrt(xx) + lag_s * math.sqrt(p[m, 7]), math.sqrt(yy) + lag_s * math.sqrt(p[m, 9])
            xx, yy = xx * xx, yy * yy
            off_e, off_n = off_e + lag_s * abs(x[m, 2]), off_n + lag_s * abs(x[m, 3])
        east = max(east, off_e + math.sqrt(gate * (xx + rxx)))
        north = max(north, off_n + math.sqrt(gate * (yy + ryy)))
    return east, north


@lean_kernel
def line_up(f: Floats, k: Ints, first: int, time_s: float, order: Ints, spot: Floats, named: Ints) -> None:
    """Write the plots of a frame in ``order`` side by side: place, noise and lag; their addresses to ``named``.

    The gates read them over and over: ``spot`` (plots, 8) holds a plot in one line of the cache.
    """
    for n in range(order.shape[0]):
        j = first + order[n]
        spot[n, 0], spot[n, 1] = f[j, col.P_X], f[j, col.P_Y]
        spot[n, 2], spot[n, 3], spot[n, 4] = f[j, col.P_RXX], f[j, col.P_RXY], f[j, col.P_RYY]
        spot[n, 5] = f[j, col.P_T] - time_s
        named[n] = k[j, col.P_ICAO]


@kernel
def gate_all(
    state: State, batch: Batch, first: int, last: int, time_s: float, par: Params
) -> tuple[Ints, Ints, Floats, Floats]:
    """Return the gated pairs in CSR form: start (tracks + 1,), plot, likelihood and noise factor (pairs,)."""
    tracks, plots = state.counters[0], last - first
    start = np.zeros(tracks + 1, np.int64)
    plot, weight, factor = np.empty(2 * tracks + 64, np.int64), np.empty(2 * tracks + 64), np.empty(2 * tracks + 64)
    if plots == 0:
        return start, plot[:0], weight[:0], factor[:0]
    cells, order, grid = bucket_plots(batch.f, first, last)
    spot, named = np.empty((plots, 8)), np.empty(plots, np.int64)
    line_up(batch.f, batch.i, first, time_s, order, spot, named)
    done = 0
    while True:
        done = gate_tracks(state, batch, first, par, cells, order, grid, spot, named, done, start, plot, weight, factor)
        if done == tracks:
            break
        more = plot.shape[0] + plots
        plot = np.concatenate((plot, np.empty(more, np.int64)))
        weight, factor = np.concatenate((weight, np.empty(more))), np.concatenate((factor, np.empty(more)))
    used = start[tracks]
    return start, plot[:used], weight[:used], factor[:used]


@lean_kernel
def gate_tracks(
    state: State,
    batch: Batch,
    first: int,
    par: Params,
    cells: Ints,
    order: Ints,
    grid: Floats,
    spot: Floats,
    named: Ints,
    done: int,
    start: Ints,
    plot: Ints,
    weight: Floats,
    factor: Floats,
) -> int:
    """Gate the tracks from ``done`` on; return how many are done: fewer than there are where room was short."""
    xs, ps, mus, vals, tags, dz, f, k = state.x, state.p, state.mu, state.val, state.tag, state.dz, batch.f, batch.i
    west, south, per_m, columns, rows = grid[0], grid[1], 1.0 / grid[2], int(grid[3]), int(grid[4])
    gate, gate_young, plots, used = par.gate, par.gate_young, spot.shape[0], start[done]
    rxx = ryy = lag_max = 0.0
    for n in range(plots):
        rxx, ryy, lag_max = max(rxx, spot[n, 2]), max(ryy, spot[n, 4]), max(lag_max, abs(spot[n, 5]))
    for i in range(done, state.counters[0]):
        if used + plots > weight.shape[0]:
            return i
        x, p, mu, val, tag = xs[i], ps[i], mus[i], vals[i], tags[i]
        own = gate if tag[col.HITS] > 1 else gate_young
        one, modes = tag[col.ICAO], tag[col.MODES]
        told = one >= 0 or tag[col.M3A] >= 0 or tag[col.ALT_FROM] > 0
        c0, c1, k0, k1 = 0, columns - 1, 0, rows - 1  # an address may reappear anywhere it could have flown
        if one < 0:
            east, north = gate_window(x, p, modes, own, lag_max, rxx, ryy)
            u, v = x[0, 0] - west, x[0, 1] - south
            c0, c1 = max(math.floor((u - east) * per_m), 0), min(math.floor((u + east) * per_m), columns - 1)
            k0, k1 = max(math.floor((v - north) * per_m), 0), min(math.floor((v + north) * per_m), rows - 1)
            if c0 > c1:
                k1 = k0 - 1
        for row in range(k0, k1 + 1):
            for slot in range(cells[row * columns + c0], cells[row * columns + c1 + 1]):
                if one >= 0 and named[slot] >= 0 and one != named[slot]:
                    continue
                if inside(x, p, modes, spot, slot, own):
                    w, scale = likelihood(x, p, mu, modes, spot, slot), 1.0
                    if told:
                        j = first + order[slot]
                        w *= tag_gain(val, tag, dz, f[j], k[j], par)
                elif one >= 0 and one == named[slot]:
                    w, scale = stray(x, p, modes, val[col.SEEN], f[first + order[slot]], spot[slot, 5], par)
                else:
                    continue
                if w > 0.0:
                    plot[used], weight[used], factor[used] = order[slot], w, scale
                    used += 1
        start[i + 1] = used
    return int(state.counters[0])


def gate_ref(x: Floats, p: Floats, z: Floats, r: Floats, gate: float) -> set[tuple[int, int]]:
    """Return the gated (track, plot) pairs by trying all, in matrix form: the twin of :func:`gate_all`.

    One model a track: ``x`` (tracks, 4), ``p`` (tracks, 10), ``z`` (plots, 2), ``r`` (plots, 2, 2).
    """
    cov = np.stack([p[:, [0, 1]], p[:, [1, 2]]], axis=1)
    s = cov[:, None] + r[None]
    off = z[None, :, :] - x[:, None, :2]
    d2 = np.einsum("ija,ijab,ijb->ij", off, np.linalg.inv(s), off)
    return set(zip(*(v.tolist() for v in np.nonzero(d2 <= gate)), strict=True))
