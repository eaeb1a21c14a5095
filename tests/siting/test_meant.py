"""What a plan would have meant: plots where the aircraft was, and a flight counts the same whatever flew before it."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from waman.config import Sensor
from waman.coverage import DetectionField, build_field, resolve
from waman.siting.beside import meant as beside
from waman.siting.beside.meant import Flown, meant

RADARS = [
    Sensor(id=name, kind="psr", lat_deg=lat, lon_deg=lon, r90_m=25_000.0, range_max_m=40_000.0, antenna_height_m=15.0)
    for name, lat, lon in (("a", -11.85, -75.7), ("b", -11.62, -75.5), ("c", -11.85, -75.3))
]


def field() -> DetectionField:
    return build_field([resolve(s) for s in RADARS], [], cell_m=500.0)


def through(lat_deg: float) -> Flown:
    """A flight from the east to a strip in the west and back, 60 m/s."""
    lon = np.concatenate((np.linspace(-75.02, -75.9, 40), np.linspace(-75.9, -75.02, 40)))
    way = 96_000.0 / 60.0
    time = np.concatenate((np.linspace(0.0, way, 40), way + 420.0 + np.linspace(0.0, way, 40)))
    return Flown(time, np.full(80, lat_deg), lon, way)


def test_flights_seen_all_the_way_are_all_shown_however_many_flew_before() -> None:
    many = meant(field(), RADARS, [through(-11.8)] * 5, 300.0)
    assert many.shown == 5
    assert many.minutes_tracked == pytest.approx(
        meant(field(), RADARS, [through(-11.8)], 300.0).minutes_tracked, rel=0.2
    )


def test_a_flight_in_view_of_some_radar_is_shown_nearly_all_the_time() -> None:
    # 52 of its 60 minutes it flies within some radar's 40 km, above Pd 0.8; radars' plots are never one observation
    assert meant(field(), RADARS, [through(-11.8)], 300.0).minutes_tracked > 45.0


def test_every_radar_plots_the_aircraft_where_it_was_when_the_beam_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "FALSE_PLOTS_A_SCAN", 0.0)
    flown, precise = through(-11.8), [precisely(s) for s in RADARS]
    plots = beside._plots(build_field([resolve(s) for s in precise], [], cell_m=500.0), precise, flown, 300.0,
                          np.random.default_rng(1))  # fmt: skip
    time = plots["time"].cast(pa.int64()).to_numpy() / 1e6
    lon = np.interp(time, flown.time_s, flown.lon_deg)
    off_m = (plots["lon_deg"].to_numpy() - lon) * 109_000.0
    assert set(plots["sensor"].to_pylist()) == {"a", "b", "c"}
    assert np.abs(off_m).max() < 30.0  # a scan of 4 s would be 240 m


def precisely(sensor: Sensor) -> Sensor:
    return msgspec.structs.replace(sensor, sigma_range_m=0.1, sigma_azimuth_deg=1e-5)
