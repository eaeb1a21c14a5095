"""The detection field."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from waman import tables
from waman.coverage import DetectionField, SensorModel, build_field, build_folder
from waman.coverage.evaluate import fit_projection
from waman.errors import InputError
from waman.geo.frames import Frame
from waman.terrain import ANDES_90M, open_sources

RADAR = SensorModel(
    id="ridge", kind="psr", lat_deg=-12.05, lon_deg=-76.75, method="radar", antenna_height_m=15.0, range_min_m=500.0,
    range_max_m=40_000.0, r90_m=30_000.0, elevation_min_deg=-1.0, elevation_max_deg=30.0,
    pattern_db=((-1.0, 0.0), (5.0, 0.0), (30.0, -12.0)), swerling=1, pulses=4,
)  # fmt: skip


@pytest.fixture(scope="module")
def field() -> DetectionField:
    sources, problems = open_sources([ANDES_90M])
    assert problems.count == 0
    link = msgspec.structs.replace(
        RADAR, id="mast", kind="ads_b", method="link", detection_probability=0.95, pattern_db=(), elevation_min_deg=None
    )
    return build_field([RADAR, link], sources, cell_m=180.0)


def somewhere(n: int, radius_m: float = 39_000.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(11)
    r, a = radius_m * np.sqrt(rng.random(n)), rng.random(n) * 2 * np.pi
    lat, lon = Frame(RADAR.lat_deg, RADAR.lon_deg).to_degrees(east_m=r * np.sin(a), north_m=r * np.cos(a))
    return lat, lon, rng.uniform(0.0, 4000.0, n)


def test_the_kernel_equals_projection_interpolation_and_exact_formulas_done_separately(field: DetectionField) -> None:
    lat, lon, height = somewhere(3000)
    for name in field.names:
        pd = field.detection_probability(lat, lon, height, name, 3.0)
        ref = field.evaluator(name).ref(lat, lon, height, rcs_m2=3.0)
        assert (pd > 0.1).mean() > 0.1
        # within 0.006 degrees of the edge of the beam the table blurs what the formula cuts
        assert (np.abs(pd - ref) > 2e-3).mean() < 2e-3


def test_all_sensors_come_as_columns_and_unknown_height_is_the_mean_over_assumed_heights(field: DetectionField) -> None:
    lat, lon, _ = somewhere(200)
    table = field.detection_probability(lat, lon)
    assert table.shape == (200, 2)
    by_hand = np.mean([field.detection_probability(lat, lon, h, "ridge") for h in RADAR.assumed_height_agl_m], axis=0)
    np.testing.assert_allclose(table[:, 0], by_hand, atol=1e-12)


def test_a_field_read_back_answers_the_same(field: DetectionField, tmp_path: Path) -> None:
    field.save(tmp_path)
    again = DetectionField.load(tmp_path)
    lat, lon, height = somewhere(500)
    np.testing.assert_array_equal(
        field.detection_probability(lat, lon, height), again.detection_probability(lat, lon, height)
    )
    assert again.sensors[0].resolution_class == "180 m"


def test_height_above_the_sea_is_turned_into_height_above_ground(field: DetectionField) -> None:
    lat, lon, height = somewhere(200)
    ground = field.ground_msl_m(lat, lon)
    a = field.detection_probability(lat, lon, height, "mast")
    b = field.detection_probability(lat, lon, sensor="mast", height_msl_m=ground + height)
    assert (np.abs(a - b) < 0.5).mean() > 0.98  # the ground of the nearest cell, against the interpolated one


def test_a_sensor_that_was_down_sees_nothing_and_one_of_unknown_state_is_unknown(field: DetectionField) -> None:
    hour = 3_600_000_000
    log = tables.table(
        "availability",
        {"sensor": ["mast", "mast"], "start": [0, hour], "end": [hour, 2 * hour], "state": ["up", "down"]},
    )
    timed = DetectionField(field.sensors, layers={n: field.evaluator(n).layers for n in field.names}, availability=log)
    at = (RADAR.lat_deg + 0.01, RADAR.lon_deg, 500.0)
    assert timed.detection_probability(*at, "mast", time=10)[0] > 0.9
    assert timed.detection_probability(*at, "mast", time=hour + 10)[0] == 0.0
    assert np.isnan(timed.detection_probability(*at, "mast", time=5 * hour)[0])
    assert np.isnan(timed.detection_probability(*at, "ridge", time=10)[0])


def test_aircraft_that_cross_at_right_angles_fall_into_the_notch() -> None:
    notch = msgspec.structs.replace(RADAR, min_radial_speed_mps=20.0)
    field = build_field([notch], (), cell_m=500.0)
    at = (RADAR.lat_deg + 0.2, RADAR.lon_deg, 1000.0)  # due north
    towards = field.detection_probability(*at, "ridge", vn_mps=-60.0, ve_mps=0.0)[0]
    across = field.detection_probability(*at, "ridge", vn_mps=0.0, ve_mps=60.0)[0]
    unknown = field.detection_probability(*at, "ridge")[0]
    assert across == 0.0 and 0.0 < unknown < towards


def test_a_valley_below_the_beam_is_dark_and_lit_without_the_lower_edge() -> None:
    # a smooth earth 2,000 m below the site: the valley of the issue
    site = msgspec.structs.replace(RADAR, antenna_height_m=None, antenna_msl_m=2000.0)
    beam = msgspec.structs.replace(site, pattern_db=((-1.0, 0.0), (30.0, 0.0)))
    open_ = msgspec.structs.replace(site, pattern_db=(), elevation_min_deg=None)
    near = (RADAR.lat_deg + 0.18, RADAR.lon_deg, 150.0)  # 20 km: 5 degrees down
    assert build_field([open_], (), cell_m=500.0).detection_probability(*near, "ridge")[0] > 0.9
    assert build_field([beam], (), cell_m=500.0).detection_probability(*near, "ridge")[0] == 0.0


def test_larger_targets_are_never_seen_less_and_every_value_is_a_probability(field: DetectionField) -> None:
    lat, lon, height = somewhere(1000)
    small, large = (field.detection_probability(lat, lon, height, "ridge", r) for r in (0.5, 5.0))
    assert (large >= small - 1e-12).all() and (small >= 0.0).all() and (large <= 1.0).all()


def test_the_polynomial_projection_is_within_a_centimetre_of_proj_over_the_disc() -> None:
    frame = Frame(-12.0, -76.0)
    east, north, error_m = fit_projection(frame, 400_000.0)
    assert error_m < 0.05
    lat, lon = frame.to_degrees(east_m=np.array([123_456.0]), north_m=np.array([-234_567.0]))
    u, w = float(lat[0]) + 12.0, (float(lon[0]) + 76.0) ** 2
    powers = [[u**i * w**j for j in range(east.shape[1])] for i in range(east.shape[0])]
    assert (float(lon[0]) + 76.0) * (np.array(powers) * east).sum() == pytest.approx(123_456.0, abs=0.05)
    assert (np.array(powers) * north).sum() == pytest.approx(-234_567.0, abs=0.05)


def test_finished_sensors_are_skipped_when_a_build_goes_on(tmp_path: Path) -> None:
    build_folder([RADAR], (), tmp_path, cell_m=500.0)
    first = (tmp_path / "ridge.tif").stat().st_mtime_ns
    build_folder([RADAR], (), tmp_path, cell_m=500.0)
    assert (tmp_path / "ridge.tif").stat().st_mtime_ns == first
    build_folder([msgspec.structs.replace(RADAR, range_max_m=30_000.0)], (), tmp_path, cell_m=500.0)
    assert (tmp_path / "ridge.tif").stat().st_mtime_ns != first


def test_a_sensor_off_the_terrain_or_an_antenna_under_ground_is_an_error_that_teaches(tmp_path: Path) -> None:
    sources, _ = open_sources([ANDES_90M])
    with pytest.raises(InputError, match="'ridge': no terrain at -20") as off:
        build_field([msgspec.structs.replace(RADAR, lat_deg=-20.0)], sources, cell_m=500.0)
    assert "waman terrain" in off.value.hint
    with pytest.raises(InputError, match="under the ground"):
        build_field([msgspec.structs.replace(RADAR, antenna_height_m=None, antenna_msl_m=10.0)], sources, cell_m=500.0)
    with pytest.raises(InputError, match="this is no field"):
        DetectionField.load(tmp_path)
