"""Where an aircraft may be after a time out of sight: many flown paths instead of one Gaussian.

After minutes unseen an aircraft has turned some times, and what is left of its state is a ring of courses, not an
ellipse. Paths are flown forward from an end and backward from a beginning to the middle of the gap; how well the two
bundles meet there is the density of one given the other. Each look that would have shown a path lowers its weight, and
so does ground that rises faster than it could climb: what is left are the ways along the valleys and behind the ridges.

Where no height was told each path keeps one of its own above the ground. Heights must not be averaged look by look: who
is too low to be seen at one look is so at the next, and a minute out of sight says low, not gone.
"""

from __future__ import annotations

import math

import numpy as np

from waman.jit import kernel
from waman.tracks.core import columns as col
from waman.tracks.core.look import Grid, detection_at
from waman.tracks.core.maps import cell_at
from waman.tracks.core.motion import Floats
from waman.tracks.core.state import Params, Sensors

PATHS = 300
LOOKS_MAX = 200
TURN_MAX = math.radians(3.0)
"""Turns are drawn up to 3 deg/s, the standard rate of instrument flight: a circle in two minutes."""
PLACE_SD_M, SPEED_SD_MPS = 500.0, 8.0
"""How near two paths must come in the middle to be one: a kernel of this width smooths the bundles."""
LOW_AGL_M = (100.0, 300.0, 1000.0, 2000.0)
"""Heights above ground drawn, alike often, where none is known (assumption: what answers nothing flies low)."""
CLIMB_MPS, RIDGE_M = 5.0, 100.0
"""A light aircraft climbs 1,000 ft a minute; ground that rises more costs a factor e for each 100 m (assumption)."""


def draws() -> tuple[Floats, Floats, Floats]:
    """Return the random numbers of all bundles, always the same: normal (2, paths, 4), uniform (2, paths, looks, 2).

    And heights above ground [m] (2, paths).
    """
    rng = np.random.default_rng(1)
    normal, uniform = rng.standard_normal((2, PATHS, 4)), rng.random((2, PATHS, LOOKS_MAX + 1, 2))
    return normal, uniform, rng.choice(LOW_AGL_M, (2, PATHS))


@kernel
def ground_at(f: Floats, ground: Grid, x: float, y: float) -> float:
    """Return the sampled ground height [m] of a place; of the nearest cell outside, 0 where no ground is known."""
    if ground.shape[0] == 1:
        return 0.0
    k, c = cell_at(f[col.S_GX :], ground.shape[0], ground.shape[1], x, y)  # west, south and cell size side by side
    return float(ground[k, c])


@kernel
def fly(
    x: Floats, root: Floats, back: float, normal: Floats, uniform: Floats, agl: Floats, times: Floats, looked: Floats,
    par: Params, height_m: float, sensors: Sensors, s: int, out: Floats, weight: Floats,
) -> None:  # fmt: skip
    """Fly every path from the state ``x`` (4,), spread by ``root`` (4, 4), through ``times`` (seconds after the start).

    ``back`` is -1 for flight back in time, else 1. ``looked`` is 1 at times at which the sensor looked. ``height_m`` is
    the height above sea level, NaN where unknown: then ``agl`` (paths,) are heights above ground. ``out`` (paths, 4)
    are the states at the last time, ``weight`` (paths,) the chance that no look showed and no ridge stopped them.
    """
    f, pd, ground, layer_m = sensors.f[s], sensors.pd[s], sensors.ground, sensors.layer_m
    straight = par.stationary[0] + par.stationary[1]
    for n in range(normal.shape[0]):
        for i in range(4):
            total = x[i]
            for j in range(i + 1):
                total += root[i, j] * normal[n, j]
            out[n, i] = total
        px, py, vx, vy, at, w = out[n, 0], out[n, 1], back * out[n, 2], back * out[n, 3], 0.0, 1.0
        low, level = height_m != height_m, height_m
        below = ground_at(f, ground, px, py) if low else height_m
        first = uniform[n, times.shape[0]]
        rate = 0.0 if first[0] < straight else (2.0 * first[1] - 1.0) * TURN_MAX
        for k in range(times.shape[0]):
            dt, u = times[k] - at, uniform[n, k]
            at = times[k]
            leave = par.jump_rate * ((1.0 - straight) if rate == 0.0 else straight)
            if u[0] < 1.0 - math.exp(-leave * dt):
                rate = (2.0 * u[1] - 1.0) * TURN_MAX if rate == 0.0 else 0.0
            # half of the turn, the leg, the other half: exact to second order
            a, b = math.cos(0.5 * rate * dt), math.sin(0.5 * rate * dt)
            mx, my = a * vx - b * vy, b * vx + a * vy
            px, py = px + dt * mx, py + dt * my
            vx, vy = a * mx - b * my, b * mx + a * my
            here = ground_at(f, ground, px, py)
            # low, it follows the ground; else it climbs only where ground comes up to it. Back in time up is down
            wall = back * (here - below) if low else here - below
            w *= math.exp(-max(wall - CLIMB_MPS * dt, 0.0) / RIDGE_M)
            below = here if low else max(here, below)
            level = here + agl[n] if low else below
            if looked[k] > 0.0:
                w *= 1.0 - min(detection_at(f, pd, ground, layer_m, px, py, level), par.miss_pd_max)
        out[n, 0], out[n, 1], out[n, 2], out[n, 3], weight[n] = px, py, back * vx, back * vy, w


@kernel
def meet(a: Floats, wa: Floats, b: Floats, wb: Floats) -> float:
    """Return the density at which two bundles of states (paths, 4) with weights (paths,) meet."""
    total, near = 0.0, 5.7 * PLACE_SD_M
    for i in range(a.shape[0]):
        if wa[i] < 1e-9:
            continue
        for j in range(b.shape[0]):
            dx, dy = a[i, 0] - b[j, 0], a[i, 1] - b[j, 1]
            if abs(dx) > near or abs(dy) > near:
                continue
            du, dv = a[i, 2] - b[j, 2], a[i, 3] - b[j, 3]
            off = (dx * dx + dy * dy) / PLACE_SD_M**2 + (du * du + dv * dv) / SPEED_SD_MPS**2
            if off < 32.0:
                total += wa[i] * wb[j] * math.exp(-0.5 * off)
    return float(total / (a.shape[0] * b.shape[0] * (2.0 * math.pi * PLACE_SD_M * SPEED_SD_MPS) ** 2))


def meet_ref(a: Floats, wa: Floats, b: Floats, wb: Floats) -> float:
    """Return the same density by whole arrays: the twin of :func:`meet`."""
    off = (a[:, None] - b[None]) / np.array([PLACE_SD_M, PLACE_SD_M, SPEED_SD_MPS, SPEED_SD_MPS])
    height = np.exp(-0.5 * (off**2).sum(axis=2)) / (2.0 * np.pi * PLACE_SD_M * SPEED_SD_MPS) ** 2
    return float(wa @ height @ wb / (len(a) * len(b)))
