"""Biases of three radars come back from traffic that says who it is; silences are told in words."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from waman import tables
from waman.config import Sensor
from waman.geo.frames import Frame
from waman.tracks.forensic.looks import silences
from waman.tracks.register import corrected, register

T0_US = 1_700_000_000_000_000
RADARS = [
    Sensor(id=f"r{k}", kind="psr_ssr", lat_deg=-12.0 + 0.3 * k, lon_deg=-75.0 + 0.4 * (k % 2), altitude_msl_m=0.0)
    for k in range(3)
]
TRUE = {"r0": (200.0, 0.3), "r1": (-200.0, 0.3), "r2": (200.0, -0.3)}


def world(seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    frame = Frame(lat0_deg=-12.0, lon0_deg=-75.0)
    start, v = rng.uniform(-80e3, 80e3, (12, 2)), rng.uniform(-180, 180, (12, 2))
    parts = []

    def add(sensor: str, kind: str, t: np.ndarray, who: int, lat: np.ndarray, lon: np.ndarray, **polar: object) -> None:
        n = len(t)
        parts.append(
            tables.table(
                "plots",
                {
                    "time": T0_US + np.round(t * 1e6).astype(np.int64), "sensor": [sensor] * n, "kind": [kind] * n,
                    "lat_deg": lat, "lon_deg": lon, "icao24": [f"0a00{who:02x}"] * n, "source": ["made"] * n,
                    "offset": np.arange(n), "altitude_msl_m": np.full(n, 5000.0), **polar,
                },
            )
        )  # fmt: skip

    for who in range(12):
        t = np.arange(0.0, 400.0, 1.0)
        at = start[who] + v[who] * t[:, None]
        lat, lon = frame.to_degrees(east_m=at[:, 0], north_m=at[:, 1])
        add("net", "ads_b", t, who, lat, lon)
        for radar in RADARS:
            own = Frame(lat0_deg=radar.lat_deg, lon0_deg=radar.lon_deg)
            east, north = own.to_plane(lat_deg=lat[2::4], lon_deg=lon[2::4])
            dr, da = TRUE[radar.id]
            rho = np.hypot(np.hypot(east, north), 5000.0) + dr + rng.normal(0, 60, len(east))
            azimuth = np.degrees(np.arctan2(east, north)) + da + rng.normal(0, 0.12, len(east))
            ground, angle = np.sqrt(rho**2 - 5000.0**2), np.radians(azimuth)
            plat, plon = own.to_degrees(east_m=ground * np.sin(angle), north_m=ground * np.cos(angle))
            add(radar.id, "psr_ssr", t[2::4], who, plat, plon, range_m=rho, azimuth_deg=azimuth % 360.0)
    return tables.concat("plots", parts)


def test_three_radars_get_their_biases_back_within_ten_per_cent() -> None:
    plots = world(1)
    found = {b.sensor: b for b in register(plots, RADARS)}
    for name, (dr, da) in TRUE.items():
        assert found[name].range_m == pytest.approx(dr, rel=0.1)
        assert found[name].azimuth_deg == pytest.approx(da, rel=0.1)
        assert found[name].time_s == 0.0  # cannot be told from none, so none
        assert 0.0 < found[name].time_sigma_s < 0.2


def test_a_radar_that_stamps_half_a_second_late_is_found() -> None:
    plots = world(1)
    late = np.asarray(plots["sensor"].cast(pa.string()).to_pylist()) == "r1"
    time = plots["time"].cast(pa.int64()).to_numpy() + np.where(late, 500_000, 0)
    plots = plots.set_column(0, plots.schema.field("time"), pa.array(time).cast(tables.TIME))
    found = {b.sensor: b.time_s for b in register(plots, RADARS)}
    assert found["r1"] == pytest.approx(0.5, abs=0.15)
    assert found["r0"] == found["r2"] == 0.0


def test_corrected_plots_show_no_bias_any_more() -> None:
    plots = world(2)
    again = register(corrected(plots, register(plots, RADARS), RADARS), RADARS)
    assert len(again) == 3
    assert all(abs(b.range_m) < 10.0 and abs(b.azimuth_deg) < 0.02 for b in again)


def test_a_radar_without_identified_traffic_is_left_out() -> None:
    plots = world(3)
    bare = plots.set_column(plots.schema.get_field_index("icao24"), "icao24", pa.nulls(plots.num_rows, pa.string()))
    assert register(tables.check("plots", bare), RADARS) == []


def test_a_silence_behind_a_ridge_says_that_it_is_no_evidence() -> None:
    n = 8
    rows = tables.table(
        "tracks",
        {
            "track": [1] * n, "time": T0_US + 4_000_000 * np.arange(n), "lat_deg": [0.0] * n, "lon_deg": [0.0] * n,
            "state": ["confirmed"] * n, "detected": [True, True, False, False, False, True, False, True],
            "pd": [0.9, 0.9, 0.02, 0.03, 0.02, 0.9, 0.9, 0.9],
        },
    )  # fmt: skip
    first, second = silences(rows)
    assert (first.looks, second.looks) == (3, 1)
    assert "no evidence of absence" in first.text and "0.9 detections expected" in second.text
