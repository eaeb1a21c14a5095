"""The benchmark scenario: a rotating radar among masked ground, with its exact truth. Seeded, NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Floats = NDArray[np.float64]

SCAN_S = 4.0
SIGMA_R_M, SIGMA_AZ_RAD = 60.0, np.radians(0.12)
CONFIGS = {  # targets, side [m], pd0, clutter a scan, scans, mask share
    "A": (20, 100e3, 0.8, 30, 50, 0.25),
    "B": (100, 200e3, 0.8, 100, 50, 0.25),
    "C": (300, 400e3, 0.8, 200, 50, 0.25),
    "D": (100, 200e3, 0.5, 200, 50, 0.25),
    "E": (100, 100e3, 0.7, 500, 50, 0.25),
    "M": (60, 200e3, 0.85, 60, 120, 0.35),
}


@dataclass(frozen=True)
class Scenario:
    """Truth (scans, targets, 4), NaN before birth; plots a scan with the target of each (-1 clutter); Pd cells."""

    side_m: float
    pd0: float
    clutter: float
    truth: Floats
    turning: NDArray[np.bool_]
    plots: list[Floats]
    owner: list[NDArray[np.int64]]
    pd: Floats  # (n, n) of 1 km cells, row = y

    def pd_at(self, x: Floats, y: Floats) -> Floats:
        """Return Pd of the nearest cell; 0 outside the square."""
        n = len(self.pd)
        i, j = (np.floor((v + self.side_m / 2) / (self.side_m / n)).astype(int) for v in (x, y))
        inside = (i >= 0) & (j >= 0) & (i < n) & (j < n)
        return np.where(inside, self.pd[np.clip(j, 0, n - 1), np.clip(i, 0, n - 1)], 0.0)


def mask_field(rng: np.random.Generator, side_m: float, pd0: float, share: float) -> Floats:
    """Return Pd on 1 km cells: smoothed noise, masked below its ``share`` quantile, soft edges."""
    n = int(side_m / 1000)
    f = gaussian_filter(rng.standard_normal((n, n)), 4.0, mode="wrap")
    w = np.clip((f - np.quantile(f, share)) / (0.15 * f.std()) + 0.5, 0.0, 1.0)
    return 0.02 + (pd0 - 0.02) * w


def fly(rng: np.random.Generator, side_m: float, seconds: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return one target's (x, y, vx, vy) each second, and whether it turns."""
    pos = rng.uniform(-0.95, 0.95, 2) * side_m / 2
    heading = rng.uniform(0, 2 * np.pi)
    slow = rng.random() < 0.5
    speed = rng.uniform(50, 75) if slow else rng.uniform(90, 130)
    left, rate, turn_left = rng.exponential(60.0), 0.0, 0.0
    out, turning = np.empty((seconds, 4)), np.zeros(seconds, bool)
    for k in range(seconds):
        out[k] = *pos, speed * np.cos(heading), speed * np.sin(heading)
        turning[k] = rate != 0.0
        if turn_left > 0.0:
            turn_left -= 1.0
            if turn_left <= 0.0:
                rate, left = 0.0, rng.exponential(70.0 if slow else 140.0)
        else:
            left -= 1.0
            if left <= 0.0:
                rate = rng.choice([-1.0, 1.0]) * np.radians(rng.uniform(1, 3)) * (1.0 if slow else 0.5)
                turn_left = rng.uniform(8, 35)
        turn = rate
        if np.abs(pos).max() > 0.97 * side_m / 2:
            off = (np.arctan2(-pos[1], -pos[0]) - heading + np.pi) % (2 * np.pi) - np.pi
            turn = float(np.clip(off, -np.radians(3.0), np.radians(3.0)))
            turning[k] = turning[k] or abs(turn) > 1e-6
        heading += turn
        pos = pos + speed * np.array([np.cos(heading), np.sin(heading)])
    return out, turning


def make(config: str, seed: int, *, scans: int | None = None) -> Scenario:
    """Return a whole scenario; the same seed gives the same plots."""
    targets, side_m, pd0, clutter, default_scans, share = CONFIGS[config]
    scans = scans or default_scans
    rng = np.random.default_rng(seed)
    pd = mask_field(rng, side_m, pd0, share)
    truth, turning = np.full((scans, targets, 4), np.nan), np.zeros((scans, targets), bool)
    for j in range(targets):
        birth = 0 if j < targets // 2 else int(rng.integers(1, max(scans // 3, 2)))
        path, turns = fly(rng, side_m, int((scans - birth) * SCAN_S))
        truth[birth:, j] = path[:: int(SCAN_S)]
        turning[birth:, j] = turns[:: int(SCAN_S)]
    scenario = Scenario(side_m, pd0, clutter, truth, turning, [], [], pd)
    for k in range(scans):
        z, who = scan(rng, scenario, truth[k])
        scenario.plots.append(z)
        scenario.owner.append(who)
    return scenario


def scan(rng: np.random.Generator, s: Scenario, states: Floats) -> tuple[Floats, NDArray[np.int64]]:
    alive = np.flatnonzero(np.isfinite(states[:, 0]))
    hit = alive[rng.random(len(alive)) < s.pd_at(states[alive, 0], states[alive, 1])]
    r = np.hypot(states[hit, 0], states[hit, 1]) + rng.normal(0, SIGMA_R_M, len(hit))
    az = np.arctan2(states[hit, 1], states[hit, 0]) + rng.normal(0, SIGMA_AZ_RAD, len(hit))
    real = np.stack([r * np.cos(az), r * np.sin(az)], 1)
    false = rng.uniform(-s.side_m / 2, s.side_m / 2, (rng.poisson(s.clutter), 2))
    z, who = np.concatenate([real, false]), np.concatenate([hit, np.full(len(false), -1)])
    order = rng.permutation(len(z))
    return z[order], who[order].astype(np.int64)
