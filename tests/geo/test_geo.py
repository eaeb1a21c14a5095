"""The ground everything stands on: frames, geodesy, time and written positions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waman.errors import InputError
from waman.geo.frames import Frame, polar_to_plane
from waman.geo.geodesy import destination, distance_m, inverse
from waman.geo.positions import parse_position
from waman.geo.time import NO_TIME_US, parse_utc_us, unwrap_time_of_day, us_text, zone
from waman.geo.units import DAY_US, SECOND_US

latitudes = st.floats(-60.0, 60.0)
longitudes = st.floats(-179.0, 179.0)


@given(latitudes, longitudes, st.floats(0.0, 360.0), st.floats(10.0, 300_000.0))
def test_the_frame_keeps_distance_and_azimuth_from_its_centre(lat: float, lon: float, az: float, d: float) -> None:
    lat2, lon2 = destination(lat_deg=lat, lon_deg=lon, azimuth_deg=az, distance_m=d)
    east, north = Frame(lat0_deg=lat, lon0_deg=lon).to_plane(lat_deg=lat2, lon_deg=lon2)
    assert np.hypot(east, north) == pytest.approx(d, rel=1e-6, abs=1e-3)
    turned = (np.degrees(np.arctan2(east, north)) - az + 180.0) % 360.0 - 180.0
    assert abs(turned) < 1e-4


@given(latitudes, longitudes, st.floats(-2e5, 2e5), st.floats(-2e5, 2e5))
def test_the_frame_returns_where_it_came_from(lat: float, lon: float, e: float, n: float) -> None:
    frame = Frame(lat0_deg=lat, lon0_deg=lon)
    lat2, lon2 = frame.to_degrees(east_m=e, north_m=n)
    e2, n2 = frame.to_plane(lat_deg=lat2, lon_deg=lon2)
    assert abs(e2 - e) < 1e-3 and abs(n2 - n) < 1e-3


def test_what_was_not_measured_stays_so() -> None:
    east, north = Frame(lat0_deg=0.0, lon0_deg=0.0).to_plane(lat_deg=[np.nan, 1.0], lon_deg=[0.0, 1.0])
    assert np.isnan(east[0]) and np.isnan(north[0]) and np.isfinite(east[1])


@given(latitudes, longitudes, st.floats(0.0, 360.0), st.floats(1.0, 400_000.0))
def test_the_fast_distance_stays_within_six_per_mille_of_the_ellipsoid(
    lat: float, lon: float, az: float, d: float
) -> None:
    lat2, lon2 = destination(lat_deg=lat, lon_deg=lon, azimuth_deg=az, distance_m=d)
    fast = distance_m(lat1_deg=lat, lon1_deg=lon, lat2_deg=lat2, lon2_deg=lon2)
    assert fast == pytest.approx(d, rel=6e-3)


def test_the_geodesic_equals_the_published_line_of_vincenty() -> None:
    # authorities/geodesy.md: Flinders Peak to Buninyon, Geoscience Australia, GRS80 (WGS 84 to 0.1 mm here)
    d, az = inverse(
        lat1_deg=-(37 + 57 / 60 + 3.72030 / 3600),
        lon1_deg=144 + 25 / 60 + 29.52440 / 3600,
        lat2_deg=-(37 + 39 / 60 + 10.15610 / 3600),
        lon2_deg=143 + 55 / 60 + 35.38390 / 3600,
    )
    assert float(d) == pytest.approx(54_972.271, abs=0.001)
    assert float(az) == pytest.approx(306 + 52 / 60 + 5.37 / 3600, abs=1e-5)


def test_a_slant_range_becomes_a_ground_range_where_the_height_is_known() -> None:
    east, north = polar_to_plane(range_m=[5000.0, 5000.0], azimuth_deg=[0.0, 0.0], height_m=[3000.0, np.nan])
    assert north[0] == pytest.approx(4000.0) and north[1] == pytest.approx(5000.0)
    assert np.allclose(east, 0.0)


@given(st.integers(10_000, 25_000), st.floats(0.0, 86_399.9), st.floats(-40_000.0, 40_000.0))
def test_a_time_of_day_lands_within_half_a_day_of_its_capture(day: int, tod: float, lag: float) -> None:
    truth = day * DAY_US + round(tod * SECOND_US)
    near = np.array([truth + round(lag * SECOND_US)])
    assert unwrap_time_of_day(np.array([tod]), near)[0] == truth


def test_an_unknown_time_of_day_has_no_time() -> None:
    assert unwrap_time_of_day(np.array([np.nan]), np.array([0]))[0] == NO_TIME_US


def test_a_time_without_a_zone_is_refused_unless_the_area_names_one() -> None:
    with pytest.raises(InputError, match="names no time zone"):
        parse_utc_us("2015-10-14T06:06:00")
    lima = parse_utc_us("2015-10-14T06:06:00", timezone=zone("America/Lima"))
    assert us_text(lima) == "2015-10-14T11:06:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "-12.5, -74.2",
        "12.5 S 74.2 W",
        "12°30'S 74°12'O",
        "74°12'00\"W, 12°30'00\"S",
        "18S 586926 8618025",
        "18L 586926 8618025",
        "18LWM8692618025",
        "18L WM 86926 18025",
    ],
)
def test_every_way_to_write_a_position_names_the_same_place(text: str) -> None:
    found = parse_position(text)
    off = distance_m(lat1_deg=found.lat_deg, lon1_deg=found.lon_deg, lat2_deg=-12.5, lon2_deg=-74.2)
    assert off < 2.0 and found.text == text


def test_the_old_peruvian_datum_moves_a_point_by_some_four_hundred_metres() -> None:
    new, old = parse_position("18S 586926 8618025"), parse_position("18S 586926 8618025", datum="PSAD56")
    moved = distance_m(lat1_deg=new.lat_deg, lon1_deg=new.lon_deg, lat2_deg=old.lat_deg, lon2_deg=old.lon_deg)
    assert 350.0 < moved < 480.0


@pytest.mark.parametrize("text", ["", "Pichari", "95, 10", "12°75'S 74°W", "18I 586926 8618025", "99LWM12", "18LWM123"])
def test_what_is_no_position_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError) as why:
        parse_position(text)
    assert "UTM" in why.value.hint


def test_an_unknown_datum_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError) as why:
        parse_position("-12.5, -74.2", datum="SAD69")
    assert "PSAD56" in why.value.hint
