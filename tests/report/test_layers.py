"""The layers of what could not be seen lie where they belong and can be told apart without colour."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.image import imread

from waman.coverage import DetectionField, SensorModel, build_field
from waman.report import coverage_layers
from waman.report.layers import SEEN, UNKNOWN, UNSEEN, _mercator_rows, patterned, png
from waman.terrain import ANDES_90M, open_sources

BOX = (-77.2, -12.5, -76.3, -11.6)
RADAR = SensorModel(
    id="ridge", kind="psr", lat_deg=-12.05, lon_deg=-76.75, method="radar", antenna_height_m=15.0, range_min_m=500.0,
    range_max_m=40_000.0, r90_m=30_000.0, elevation_min_deg=-1.0, elevation_max_deg=30.0, swerling=1, pulses=4,
)  # fmt: skip


@pytest.fixture(scope="module")
def field() -> DetectionField:
    sources, _ = open_sources([ANDES_90M])
    return build_field([RADAR], sources, cell_m=360.0)


def opened(picture: bytes) -> np.ndarray:
    return imread(io.BytesIO(picture), format="png")


def test_a_picture_is_read_back_by_another_program_as_it_was_drawn() -> None:
    state = np.array([[SEEN, UNSEEN], [UNKNOWN, SEEN]]).repeat(30, axis=0).repeat(30, axis=1)
    picture = opened(png(patterned(state)))
    assert picture.shape == (60, 60, 4)
    assert picture[:30, :30, 3].max() == 0.0
    unseen, unknown = picture[:30, 30:, 3], picture[30:, :30, 3]
    assert unseen.min() > 0.0 and len(np.unique(unseen)) == 2
    assert 0.0 < (unknown > 0).mean() < 0.3


def test_lower_heights_hide_more_and_beyond_the_range_nothing_is_seen(field: DetectionField) -> None:
    layers = coverage_layers(field, BOX, heights_agl_m=(150.0, 3000.0))
    low, high = (opened(layer.png)[..., 3] > 0 for layer in layers)
    assert low.mean() > high.mean() + 0.05
    assert high[0, 0] and high[-1, -1], "the corners lie beyond 40 km"
    middle = tuple(n // 2 for n in high.shape)
    assert not high[middle[0] - 12 : middle[0] - 8, middle[1] + 20].all(), "close to the radar at 3000 m"


def test_layers_are_exact_and_explain_themselves_in_both_languages(field: DetectionField) -> None:
    (layer,) = coverage_layers(field, BOX, heights_agl_m=(300.0,))
    assert layer.exact
    assert layer.caption == {"en": "not seen at 300 m above ground", "es": "no visible a 300 m sobre el suelo"}
    assert "360 m" in layer.caveat["en"] and "Rayado" in layer.caveat["es"]


def test_rows_are_spaced_as_on_a_mercator_map() -> None:
    south, north, n = 40.0, 60.0, 400
    lat = north - (np.arange(n) + 0.5) * (north - south) / n
    rows = _mercator_rows(lat, (0.0, south, 10.0, north))
    # the middle of the picture lies at the latitude whose Mercator ordinate is the mean of both edges
    y = [np.log(np.tan(np.pi / 4 + np.radians(v) / 2)) for v in (south, north)]
    expected = np.degrees(2 * np.arctan(np.exp(sum(y) / 2)) - np.pi / 2)
    assert lat[rows[n // 2]] == pytest.approx(expected, abs=0.06)
    assert expected > 50.5
