"""The geoid table against the sample values published with the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from waman.geo.geoid import msl_from_ellipsoid_m, undulation_m

PUBLISHED = np.loadtxt(Path(__file__).parents[2] / "authorities" / "egm96_samples.txt")


def test_undulation_is_within_60_cm_of_the_published_sample_values() -> None:
    lat, lon, published_m = PUBLISHED.T
    assert len(PUBLISHED) == 6
    assert np.abs(undulation_m(lat_deg=lat, lon_deg=lon) - published_m).max() < 0.6


def test_both_conventions_of_longitude_and_the_poles_give_one_answer() -> None:
    west, east = undulation_m(lat_deg=[-12.0, -12.0], lon_deg=[-75.0, 285.0])
    assert west == east
    poles = undulation_m(lat_deg=[90.0, 90.0, -90.0, -90.0], lon_deg=[0.0, 180.0, 359.99, -1.0])
    assert poles[0] == poles[1] and poles[2] == poles[3]


def test_an_unknown_position_has_no_undulation() -> None:
    assert np.isnan(undulation_m(lat_deg=[np.nan, 1.0, 91.0], lon_deg=[1.0, np.nan, 0.0])).all()


def test_height_above_sea_level_is_ellipsoid_height_less_undulation() -> None:
    at = {"lat_deg": [46.874319], "lon_deg": [102.448729]}
    assert abs(msl_from_ellipsoid_m(height_m=[0.0], **at)[0] - 43.575) < 0.6
