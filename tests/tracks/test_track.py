"""The stage as its users see it: plots in, tracks out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from waman import tables
from waman.config import Sensor
from waman.geo.frames import Frame
from waman.tracks import track

T0_US = 1_700_000_000_000_000
FRAME = Frame(lat0_deg=-12.0, lon0_deg=-75.0)


def radar_plots(
    east_m: np.ndarray, north_m: np.ndarray, time_s: np.ndarray, *, kind: str = "psr", **columns: object
) -> pa.Table:
    lat, lon = FRAME.to_degrees(east_m=east_m, north_m=north_m)
    n = len(lat)
    return tables.table(
        "plots",
        {
            "time": T0_US + np.round(np.asarray(time_s) * 1e6).astype(np.int64),
            "sensor": ["hill"] * n,
            "kind": [kind] * n,
            "lat_deg": lat,
            "lon_deg": lon,
            "source": ["made.bin"] * n,
            "offset": np.arange(n),
            **columns,
        },
    )


def straight(steps: int, *, speed_mps: float = 70.0, start_m: tuple[float, float] = (0.0, 0.0)) -> tuple:
    t = 4.0 * np.arange(steps)
    return start_m[0] + speed_mps * t, start_m[1] + 0.0 * t, t


def test_one_aircraft_on_radar_becomes_one_confirmed_track_with_its_velocity() -> None:
    rng = np.random.default_rng(1)
    x, y, t = straight(40)
    rows = track(radar_plots(x + rng.normal(0, 60, 40), y + rng.normal(0, 60, 40), t))
    shown = rows.filter(pa.compute.equal(rows["state"].cast(pa.string()), "confirmed"))
    assert len(shown["track"].unique()) == 1
    assert shown.num_rows >= 38
    assert shown["ve_mps"].to_numpy()[-1] == pytest.approx(70.0, abs=5.0)
    assert shown["existence"].to_numpy()[-1] > 0.99
    assert shown["offset"].to_pylist()[-1] == 39


def test_false_plots_alone_show_less_than_one_aircraft_in_two_scans() -> None:
    rng = np.random.default_rng(2)
    n = 1500
    t = np.repeat(4.0 * np.arange(50), 30)
    hill = Sensor(id="hill", kind="psr", false_plots_per_scan=30.0)
    rows = track(radar_plots(rng.uniform(-50e3, 50e3, n), rng.uniform(-50e3, 50e3, n), t), sensors=[hill], causal=True)
    shown = pa.compute.and_(
        pa.compute.not_equal(rows["state"].cast(pa.string()), "tentative"),
        pa.compute.greater_equal(rows["reportable"], 0.5),
    )
    assert rows.filter(shown).num_rows / 50 < 0.5


def test_aircraft_with_addresses_keep_one_track_each_even_when_they_cross() -> None:
    x, y, t = straight(60)
    both = pa.concat_tables(
        [
            radar_plots(x, y, t, kind="ads_b", icao24=["0a0001"] * 60),
            radar_plots(x[::-1], y + 10.0, t, kind="ads_b", icao24=["0a0002"] * 60),
        ]
    )
    rows = track(both)
    pairs = set(zip(rows["track"].to_pylist(), rows["icao24"].cast(pa.string()).to_pylist(), strict=True))
    assert len(pairs) == 2


def test_a_single_impossible_position_of_an_address_is_not_followed() -> None:
    x, y, t = straight(60, speed_mps=100.0)
    x = x.copy()
    x[30] += 150_000.0
    rows = track(radar_plots(x, y, t, kind="ads_b", icao24=["0a0001"] * 60))
    main = rows.filter(pa.compute.equal(rows["track"], rows["track"][0]))
    east, _ = FRAME.to_plane(lat_deg=main["lat_deg"].to_numpy(), lon_deg=main["lon_deg"].to_numpy())
    assert main.num_rows >= 58
    assert east.max() < 30_000.0


def test_shuffled_and_doubled_plots_give_the_same_tracks() -> None:
    rng = np.random.default_rng(3)
    x, y, t = straight(30)
    plots = radar_plots(x + rng.normal(0, 60, 30), y, t)
    order = rng.permutation(np.concatenate([np.arange(30), np.arange(30)]))
    assert track(plots).equals(track(plots.take(pa.array(order))))


def test_pressure_height_moves_by_the_local_difference_that_others_show() -> None:
    n = 40
    x, y, t = straight(n)
    shown = radar_plots(
        x, y, t, kind="ads_b", icao24=["0a0001"] * n,
        altitude_fl=np.full(n, 100.0), altitude_msl_m=np.full(n, 3048.0 + 140.0),
    )  # fmt: skip
    hidden = radar_plots(x, y + 20_000.0, t, kind="ads_b", icao24=["0a0002"] * n, altitude_fl=np.full(n, 101.0))
    rows = track(pa.concat_tables([shown, hidden]))
    second = rows.filter(pa.compute.equal(rows["icao24"].cast(pa.string()), "0a0002"))
    assert second["altitude_source"].cast(pa.string()).to_pylist()[-1] == "pressure"
    assert second["altitude_msl_m"].to_numpy()[-1] == pytest.approx(101 * 30.48 + 140.0, abs=10.0)


def test_plots_without_a_position_are_counted_not_raised() -> None:
    from waman.errors import Problems

    x, y, t = straight(3)
    plots = radar_plots(x, y, t, kind="ads_b")
    bare = plots.set_column(plots.schema.get_field_index("lat_deg"), "lat_deg", pa.nulls(3, pa.float64()))
    problems = Problems()
    assert track(bare, problems=problems).num_rows == 0
    assert problems.count == 3


def test_a_track_outlives_misses_where_the_field_claims_to_see_everything() -> None:
    x, y, t = straight(40)
    kept = np.r_[0:20, 25:40]
    # the second aircraft, always seen, proves that the radar looked
    plots = radar_plots(np.r_[x[kept], x], np.r_[y[kept], y + 30e3], np.r_[t[kept], t])
    rows = track(plots, detection_probability=0.98, causal=True)
    confirmed = rows.filter(pa.compute.not_equal(rows["state"].cast(pa.string()), "tentative"))
    assert len(confirmed["track"].unique()) == 2
