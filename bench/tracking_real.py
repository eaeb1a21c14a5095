"""Real trajectories as truth: positions that aircraft told themselves, seen by a simulated radar, identities hidden.

The recordings are the samples "paris" and "switzerland" (``waman sample fetch``). Each aircraft's own positions are
interpolated to the radar's scans while it flies: what taxies or stands at an airport is no target of a radar 100 km
away, and no tracker is asked for it. Detection, noise, mask and false plots are those of tracking_scenario.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tracking_scenario import SCAN_S, Scenario, mask_field, scan

from waman.geo.frames import Frame
from waman.plots import read
from waman.store import samples

GAP_MAX_S = 30.0
"""Across longer silences of an aircraft its truth is absent."""
FLYING_MPS = 30.0
"""What moves less within 16 s stands, taxies or rolls, or repeats an old position: no truth of a flight (58 knots)."""
PLACES = {  # side [m], pd0, clutter a scan, scans, hours after the record's first position
    "paris": (300e3, 0.8, 100.0, 60, 1.5),
    "switzerland": (300e3, 0.8, 100.0, 60, 7.0),
}


def truth(name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return (scans, aircraft, 4) of position and velocity in the square, NaN where absent, and whether it turns."""
    files = samples.sample_files(name)
    if not files:
        raise SystemExit(f"sample {name!r} is not here: waman sample fetch")
    side, _, _, scans, hours = PLACES[name]
    table = read(files[0]).plots
    time = table["time"].cast("int64").to_numpy() / 1e6
    lat, lon = table["lat_deg"].to_numpy(zero_copy_only=False), table["lon_deg"].to_numpy(zero_copy_only=False)
    who = table["icao24"].cast("string").combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    ok = np.isfinite(lat) & np.isfinite(lon)
    frame = Frame(lat0_deg=float(np.median(lat[ok])), lon0_deg=float(np.median(lon[ok])))
    x, y = frame.to_plane(lat_deg=lat, lon_deg=lon)
    start = time.min() + 3600.0 * hours
    grid = start + SCAN_S * np.arange(scans)
    near = ok & (time > start - 60.0) & (time < grid[-1] + 60.0)
    rows = []
    for one in np.unique(who[near]):
        mine = np.flatnonzero(near & (who == one))
        t, first = np.unique(time[mine], return_index=True)
        if len(t) < 3:
            continue
        mine = mine[first]
        after = np.clip(np.searchsorted(t, grid), 1, len(t) - 1)
        here = (grid >= t[0]) & (grid <= t[-1]) & (t[after] - t[after - 1] <= GAP_MAX_S)
        px, py = np.interp(grid, t, x[mine]), np.interp(grid, t, y[mine])
        here &= (np.abs(px) < side / 2) & (np.abs(py) < side / 2)
        here &= flies(px, py)
        path = np.stack([px, py, np.gradient(px, SCAN_S), np.gradient(py, SCAN_S)], 1)
        if here.sum() >= 3:
            rows.append(np.where(here[:, None], path, np.nan))
    states = np.stack(rows, axis=1)
    course = np.unwrap(np.nan_to_num(np.arctan2(states[..., 3], states[..., 2])), axis=0)
    return states, np.abs(np.gradient(course, SCAN_S, axis=0)) > np.radians(0.5)


def flies(x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return for each scan whether an aircraft moved as fast as FLYING_MPS from two scans before to two after."""
    k = np.arange(len(x_m))
    a, b = np.maximum(k - 2, 0), np.minimum(k + 2, len(k) - 1)
    return np.hypot(x_m[b] - x_m[a], y_m[b] - y_m[a]) >= FLYING_MPS * SCAN_S * (b - a)


def make_real(name: str, seed: int) -> Scenario:
    """Return the scenario of one place; the seed draws mask, detections, noise and false plots."""
    side, pd0, clutter, scans, _ = PLACES[name]
    rng = np.random.default_rng(seed)
    states, turning = truth(name)
    s = Scenario(side, pd0, clutter, states, turning, [], [], mask_field(rng, side, pd0, 0.25))
    for k in range(scans):
        z, owner = scan(rng, s, states[k])
        s.plots.append(z)
        s.owner.append(owner)
    return s
