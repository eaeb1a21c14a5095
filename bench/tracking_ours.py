"""Waman's side of the tracking benchmark: the scenario as plots and sensor, the runs, the pictures scored."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pyarrow as pa
from tracking_scenario import SCAN_S, SIGMA_AZ_RAD, SIGMA_R_M, Scenario

from waman import tables
from waman.config import Sensor
from waman.geo.frames import Frame
from waman.tracks import Params, Tracker, track
from waman.tracks.metrics.picture import Picture, picture, plane, shown

FRAME = Frame(lat0_deg=-12.0, lon0_deg=-75.0)
T0_US = 1_700_000_000_000_000
HOLD_US = round(1.5 * SCAN_S * 1e6)
"""A track is in the picture of a scan by its row of that scan: nothing is interpolated over scans without one."""


def sensor(s: Scenario) -> Sensor:
    """Return the radar of the scenario; its false plots fall on a square, so the density is put by the range."""
    reach = float(np.sqrt(s.side_m**2 / np.pi))
    return Sensor(
        id="radar", kind="psr", lat_deg=FRAME.lat0_deg, lon_deg=FRAME.lon0_deg, range_max_m=None,
        scan_period_s=SCAN_S, sigma_range_m=SIGMA_R_M, sigma_azimuth_deg=float(np.degrees(SIGMA_AZ_RAD)),
        false_plots_per_scan=s.clutter, assumed_height_agl_m=(0.0,),
    ) if reach else Sensor(id="radar", kind="psr")  # fmt: skip


def plots_table(s: Scenario, *, identify: bool = False) -> pa.Table:
    """Return the plots as the contract table; ``identify`` writes the true target as address (the bound)."""
    z = np.concatenate(s.plots)
    who = np.concatenate(s.owner)
    scan = np.repeat(np.arange(len(s.plots)), [len(p) for p in s.plots])
    lat, lon = FRAME.to_degrees(east_m=z[:, 0], north_m=z[:, 1])
    columns: dict[str, Any] = {
        "time": T0_US + (scan * SCAN_S * 1e6).astype(np.int64),
        "sensor": ["radar"] * len(z),
        "kind": ["psr"] * len(z),
        "lat_deg": lat,
        "lon_deg": lon,
        "range_m": np.hypot(z[:, 0], z[:, 1]),
        "azimuth_deg": np.degrees(np.arctan2(z[:, 0], z[:, 1])) % 360.0,
        "source": ["scenario"] * len(z),
        "offset": np.arange(len(z)),
    }
    if identify:
        columns["icao24"] = [f"{w:06x}" if w >= 0 else None for w in who]
    return tables.table("plots", columns)


def field(s: Scenario, *, wrong: float = 0.0, seed: int = 0) -> Any:
    """Return the true Pd as a field function; ``wrong`` shifts it by +- that much in random 20 km patches."""
    shift = np.zeros_like(s.pd)
    if wrong:
        n = len(s.pd)
        sign = np.random.default_rng(seed).choice([-wrong, wrong], (n // 20 + 1, n // 20 + 1))
        shift = np.kron(sign, np.ones((20, 20)))[:n, :n]
    pd = np.clip(s.pd + shift, 0.02, 0.98)
    bent = Scenario(s.side_m, s.pd0, s.clutter, s.truth, s.turning, [], [], pd)

    def ask(lat: Any, lon: Any, height: Any, sensor: str, time_us: Any) -> Any:
        east, north = FRAME.to_plane(lat_deg=lat, lon_deg=lon)
        return bent.pd_at(east, north)

    return ask


def run(s: Scenario, given: Any, *, causal: bool, params: Params | None = None, identify: bool = False) -> pa.Table:
    """Return the tracks table of one run."""
    return track(
        plots_table(s, identify=identify),
        detection_probability=given,
        causal=causal,
        sensors=[sensor(s)],
        params=params,
    )


def pictures(
    s: Scenario, rows: pa.Table, *, reportable: float = 0.5
) -> tuple[Picture, Picture | None, np.ndarray[Any, Any]]:
    """Return truth, air picture and instants."""
    at = T0_US + (np.arange(len(s.plots)) * SCAN_S * 1e6).astype(np.int64)
    true = Picture(np.arange(s.truth.shape[1]), s.truth[:, :, 0], s.truth[:, :, 1])
    rows = shown(rows, reportable=reportable)
    if not rows.num_rows:
        return true, None, at
    t, x, y = plane(rows, FRAME)
    return true, picture(rows["track"].to_numpy(), t, x, y, at, hold_us=HOLD_US), at


def core_cpu_s(s: Scenario, given: Any, *, repeat: int = 5) -> tuple[float, float]:
    """Return CPU seconds a scan: kernels alone (plots already arrays), and the whole stage from table to table."""
    from waman.tracks import prepare

    table = plots_table(s)
    core, whole = [], []
    for _ in range(repeat):
        tracker = Tracker(sensors=[sensor(s)], detection_probability=given)
        placed = tracker._place(prepare.usable(table, tracker.problems))
        batch, _, _ = prepare.make_batch(placed, tracker._models, tracker._origin_us, tracker._words)
        t0 = time.process_time()
        tracker._run(batch, tracker._state)
        core.append(time.process_time() - t0)
        t0 = time.process_time()
        track(table, detection_probability=given, causal=True, sensors=[sensor(s)])
        whole.append(time.process_time() - t0)
    return float(np.median(core)) / len(s.plots), float(np.median(whole)) / len(s.plots)
