"""One look of one sensor at the tracks it already has: move, expect, gate.

The kernels here change only the predicted state; :mod:`waman.tracks.core.pmb` decides.
"""

from __future__ import annotations

import math

import numpy as np

from waman.jit import kernel
from waman.tracks.core import columns as col
from waman.tracks.core.motion import Floats, Ints, innovation, mix, moments, predict_model
from waman.tracks.core.state import Batch, Params, Sensors, State


@kernel
def predict_all(state: State, dt_s: float, par: Params, mean: Floats, cov: Floats) -> None:
    """Move every track forward by ``dt_s``: mix, predict, survive; height by its own two-state filter."""
    stay = math.exp(-par.jump_rate * dt_s)
    live = math.exp(-dt_s / par.lifetime_s)
    for i in range(state.counters[0]):
        val = state.val[i]
        val[col.R] *= live
        if state.tag[i, col.MODES] == 1:
            predict_model(state.x[i, 0], state.p[i, 0], dt_s, 0.0, par.q_young)
        else:
            mix(state.x[i], state.p[i], state.mu[i], par.stationary, stay, mean, cov)
            for m in range(par.q.shape[0]):
                predict_model(state.x[i, m], state.p[i, m], dt_s, par.omega[m], par.q[m])
        if state.tag[i, col.ALT_FROM]:
            val[col.ALT] += dt_s * val[col.ALT_RATE]
            val[col.ALT_PP] += dt_s * (2.0 * val[col.ALT_PV] + dt_s * val[col.ALT_VV]) + par.altitude_q * dt_s**3 / 3.0
            val[col.ALT_PV] += dt_s * val[col.ALT_VV] + par.altitude_q * dt_s**2 / 2.0
            val[col.ALT_VV] = min(val[col.ALT_VV] + par.altitude_q * dt_s, 400.0)


@kernel
def detection_at(sensors: Sensors, s: int, x: float, y: float, altitude_m: float) -> float:
    """Return the sampled detection probability of sensor ``s`` at a place; NaN altitude is "unknown height"."""
    f = sensors.f[s]
    ny, nx = sensors.pd.shape[2], sensors.pd.shape[3]
    if f[col.S_RANGE] > 0.0 and (x - f[col.S_X]) ** 2 + (y - f[col.S_Y]) ** 2 > f[col.S_RANGE] ** 2:
        return 0.0
    if nx * ny == 1:
        return float(sensors.pd[s, 0, 0, 0])
    c = math.floor((x - f[col.S_GX]) / f[col.S_CELL])
    k = math.floor((y - f[col.S_GY]) / f[col.S_CELL])
    if c < 0 or k < 0 or c >= nx or k >= ny:
        return 0.0
    layers = sensors.layer_m.shape[0]
    if altitude_m != altitude_m or layers == 1:
        return float(sensors.pd[s, 0, k, c])
    above = altitude_m
    if sensors.ground.shape[0] > 1:
        above -= sensors.ground[k, c]
    for layer in range(1, layers - 1):
        low, high = sensors.layer_m[layer], sensors.layer_m[layer + 1]
        if above < high or layer == layers - 2:
            share = min(max((above - low) / (high - low), 0.0), 1.0)
            return float((1.0 - share) * sensors.pd[s, layer, k, c] + share * sensors.pd[s, layer + 1, k, c])
    return float(sensors.pd[s, 0, k, c])


@kernel
def expect(state: State, sensors: Sensors, s: int, par: Params, cov: Floats, mean: Floats, pd: Floats) -> None:
    """Write to ``pd`` the detection probability averaged over five points of each track's predicted covariance.

    Weights 2,1,1,1,1 at the mean and at +- sqrt(3) standard deviations along both axes: exact for
    fields quadratic across the ellipse (sigma-point rule with kappa = 1).
    """
    flat = sensors.pd.shape[2] * sensors.pd.shape[3] == 1 and sensors.f[s, col.S_RANGE] <= 0.0
    for i in range(state.counters[0]):
        height = state.val[i, col.ALT] if state.tag[i, col.ALT_FROM] else math.nan
        if flat:
            pd[i] = sensors.pd[s, 0, 0, 0]
            continue
        if state.tag[i, col.MODES] == 1:
            mean[:], cov[:] = state.x[i, 0], state.p[i, 0]
        else:
            moments(state.x[i], state.p[i], state.mu[i], mean, cov)
        half = 0.5 * (cov[0] + cov[2])
        root = math.sqrt(0.25 * (cov[0] - cov[2]) ** 2 + cov[1] ** 2)
        angle = 0.5 * math.atan2(2.0 * cov[1], cov[0] - cov[2])
        a, b = math.sqrt(3.0 * (half + root)), math.sqrt(max(3.0 * (half - root), 0.0))
        ca, sa = math.cos(angle), math.sin(angle)
        total = 2.0 * detection_at(sensors, s, mean[0], mean[1], height)
        total += detection_at(sensors, s, mean[0] + a * ca, mean[1] + a * sa, height)
        total += detection_at(sensors, s, mean[0] - a * ca, mean[1] - a * sa, height)
        total += detection_at(sensors, s, mean[0] - b * sa, mean[1] + b * ca, height)
        total += detection_at(sensors, s, mean[0] + b * sa, mean[1] - b * ca, height)
        pd[i] = total / 6.0


@kernel
def altitude_of(batch: Batch, j: int, dz: Floats) -> tuple[float, float, int]:
    """Return height above sea level [m], variance and source (0 none, 1 pressure, 2 geometric) of a plot.

    A pressure height is moved by the learned local difference; where there is none, a standard
    atmosphere may be off by 4 % of the height and 150 m at the ground (1013 against 995 hPa), which
    the variance then says.
    """
    geo, fl = batch.f[j, col.P_GEO], batch.f[j, col.P_FL]
    if geo == geo:
        return geo, 225.0, 2
    if fl != fl:
        return 0.0, 0.0, 0
    band = min(max(int(fl // 1000.0), 0), dz.shape[0] - 1)
    for away in range(3):
        for side in (-away, away):
            b = min(max(band + side, 0), dz.shape[0] - 1)
            if dz[b, 1] >= 3.0:
                return fl + dz[b, 0], 225.0 + (20.0 * away) ** 2, 1
    return fl, 225.0 + (150.0 + 0.04 * fl) ** 2 / 3.0, 1


@kernel
def learn_pressure(batch: Batch, first: int, last: int, dz: Floats) -> None:
    """Update the mean geometric-minus-pressure difference of each height band (memory of 200 plots)."""
    for j in range(first, last):
        geo, fl = batch.f[j, col.P_GEO], batch.f[j, col.P_FL]
        if geo != geo or fl != fl or abs(geo - fl) > 1500.0:
            continue
        band = min(max(int(fl // 1000.0), 0), dz.shape[0] - 1)
        weight = min(dz[band, 1] + 1.0, 200.0)
        dz[band, 0] += (geo - fl - dz[band, 0]) / weight
        dz[band, 1] = weight


@kernel
def tag_gain(state: State, i: int, batch: Batch, j: int, par: Params) -> float:
    """Return the likelihood ratio of identity, code and height of plot ``j`` on track ``i``; 0 forbids the pair."""
    gain = 1.0
    have, got = state.tag[i, col.ICAO], batch.i[j, col.P_ICAO]
    same = have >= 0 and have == got
    if have >= 0 and got >= 0:
        if not same:
            return 0.0
        gain = par.identity_gain
    elif state.tag[i, col.M3A] >= 0 and batch.i[j, col.P_M3A] >= 0:
        gain = par.code_gain if state.tag[i, col.M3A] == batch.i[j, col.P_M3A] else par.code_loss
    if state.tag[i, col.ALT_FROM] and not same:
        height, var, source = altitude_of(batch, j, state.dz)
        if source:
            s = state.val[i, col.ALT_PP] + var
            off = (height - state.val[i, col.ALT]) ** 2 / s
            fits = math.exp(-0.5 * min(off, 60.0)) / math.sqrt(2.0 * math.pi * s) * par.altitude_window_m
            gain *= 0.98 * fits + 0.02  # one reported height in fifty is wrong or garbled
    return gain


@kernel
def pair_weight(state: State, i: int, batch: Batch, j: int, lag_s: float, par: Params) -> tuple[float, float]:
    """Return the likelihood of plot ``j`` on track ``i`` and how to use it; 0 outside the gate or where forbidden.

    The second number is the factor on the plot's noise (1 as it is), or -1: restart the state here.
    A plot outside the gate that carries the track's own address is never given to chance: where the
    aircraft could have flown, it is used with noise stretched until it fits (a stale or jumpy position), or,
    after a gap long enough to turn in, the track restarts there.
    """
    f = batch.f[j]
    count = state.tag[i, col.MODES]
    best, total = 1e300, 0.0
    for m in range(count):
        share = 1.0 if count == 1 else state.mu[i, m]
        d2, log_l = innovation(
            state.x[i, m], state.p[i, m], f[col.P_X], f[col.P_Y], f[col.P_RXX], f[col.P_RXY], f[col.P_RYY], lag_s
        )
        best = min(best, d2)
        total += share * math.exp(log_l)
    if best <= par.gate:
        return total * tag_gain(state, i, batch, j, par), 1.0
    if state.tag[i, col.ICAO] < 0 or state.tag[i, col.ICAO] != batch.i[j, col.P_ICAO]:
        return 0.0, 1.0
    x, p = state.x[i, count - 1], state.p[i, count - 1]
    gap = max(f[col.P_T] - state.val[i, col.SEEN], 0.0)
    speed = min(math.hypot(x[2], x[3]), par.speed_max_mps)
    back = gap - lag_s
    far = math.hypot(f[col.P_X] - x[0] + back * x[2], f[col.P_Y] - x[1] + back * x[3])
    reach = (1.3 * speed + 30.0) * gap + 500.0
    slack = 20.0 * speed + 1000.0  # networks stamp some positions many seconds late
    if far > reach + slack:
        return 0.0, 1.0
    low = par.identity_gain * 1e-3 / (math.pi * reach * reach)
    if far <= reach and p[0] + p[2] > 4.0 * (f[col.P_RXX] + f[col.P_RYY]):
        return low, -1.0
    off = (f[col.P_X] - x[0]) ** 2 + (f[col.P_Y] - x[1]) ** 2
    return low, max(off / (0.5 * par.gate * (f[col.P_RXX] + f[col.P_RYY])), 1.0)


@kernel
def gate_radius(state: State, i: int, par: Params, lag_s: float) -> tuple[float, float, float]:
    """Return centre and radius [m] of a circle that holds the gates of all models of track ``i``."""
    reach, count = 0.0, state.tag[i, col.MODES]
    for m in range(count):
        p = state.p[i, m]
        half, root = 0.5 * (p[0] + p[2]), math.sqrt(0.25 * (p[0] - p[2]) ** 2 + p[1] ** 2)
        sd = math.sqrt(half + root) + lag_s * math.sqrt(p[7] + p[9])
        speed = math.hypot(state.x[i, m, 2], state.x[i, m, 3])
        off = math.hypot(state.x[i, m, 0] - state.x[i, 0, 0], state.x[i, m, 1] - state.x[i, 0, 1])
        reach = max(reach, off + sd * math.sqrt(par.gate) + lag_s * speed)
    if state.tag[i, col.ICAO] >= 0:
        reach = 1e9  # an address may reappear anywhere it could have flown
    return state.x[i, 0, 0], state.x[i, 0, 1], reach


@kernel
def hash_plots(batch: Batch, first: int, last: int, cell_m: float) -> tuple[Ints, Ints]:
    """Return ``head`` (buckets,) and ``after`` (plots,): linked lists of the plots of each cell's bucket."""
    size = 16
    while size < 2 * (last - first):
        size *= 2
    head = np.full(size, -1)
    after = np.full(last - first, -1)
    for j in range(last - 1, first - 1, -1):
        cx = math.floor(batch.f[j, col.P_X] / cell_m)
        cy = math.floor(batch.f[j, col.P_Y] / cell_m)
        bucket = (cx * 73856093 ^ cy * 19349663) & (size - 1)
        after[j - first] = head[bucket]
        head[bucket] = j - first
    return head, after


@kernel
def gate_all(
    state: State, batch: Batch, first: int, last: int, time_s: float, par: Params
) -> tuple[Ints, Ints, Floats, Floats]:
    """Return the gated pairs in CSR form: start (tracks + 1,), plot, likelihood and noise factor (pairs,).

    Plots are found through a hash of square cells; a track whose gate covers more cells than there
    are plots tries every plot instead, so one lost track never costs more than a scan.
    """
    tracks, plots = state.counters[0], last - first
    start = np.zeros(tracks + 1, np.int64)
    plot, weight, factor = np.empty(2 * tracks + 64, np.int64), np.empty(2 * tracks + 64), np.empty(2 * tracks + 64)
    head, after = hash_plots(batch, first, last, par.hash_cell_m)
    lag_max, r_max = 0.0, 0.0
    for j in range(first, last):
        lag_max = max(lag_max, abs(batch.f[j, col.P_T] - time_s))
        r_max = max(r_max, batch.f[j, col.P_RXX] + batch.f[j, col.P_RYY])
    extra = math.sqrt(r_max * par.gate)
    used = 0
    for i in range(tracks):
        cx, cy, reach = gate_radius(state, i, par, lag_max)
        reach += extra
        x0, x1 = math.floor((cx - reach) / par.hash_cell_m), math.floor((cx + reach) / par.hash_cell_m)
        y0, y1 = math.floor((cy - reach) / par.hash_cell_m), math.floor((cy + reach) / par.hash_cell_m)
        brute = (x1 - x0 + 1) * (y1 - y0 + 1) >= plots
        if used + plots > weight.shape[0]:
            plot = np.concatenate((plot, np.empty(plot.shape[0] + plots, np.int64)))
            weight = np.concatenate((weight, np.empty(weight.shape[0] + plots)))
            factor = np.concatenate((factor, np.empty(factor.shape[0] + plots)))
        if brute:
            for j in range(plots):
                w, scale = pair_weight(state, i, batch, first + j, batch.f[first + j, col.P_T] - time_s, par)
                if w > 0.0:
                    plot[used], weight[used], factor[used] = j, w, scale
                    used += 1
        else:
            for ix in range(x0, x1 + 1):
                for iy in range(y0, y1 + 1):
                    j = head[(ix * 73856093 ^ iy * 19349663) & (head.shape[0] - 1)]
                    while j >= 0:
                        if (
                            math.floor(batch.f[first + j, col.P_X] / par.hash_cell_m) == ix
                            and math.floor(batch.f[first + j, col.P_Y] / par.hash_cell_m) == iy
                        ):
                            w, scale = pair_weight(
                                state, i, batch, first + j, batch.f[first + j, col.P_T] - time_s, par
                            )
                            if w > 0.0:
                                plot[used], weight[used], factor[used] = j, w, scale
                                used += 1
                        j = after[j]
        start[i + 1] = used
    return start, plot[:used], weight[:used], factor[:used]
