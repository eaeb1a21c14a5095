"""Bad input to waman cover: one line that says what is wrong, one that says what to do, exit code 2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from waman.cli import main
from waman.config import load_area
from waman.coverage.run import cover
from waman.terrain import ANDES_90M

AREA = 'name = "A"\nbbox = [-77.0, -12.5, -76.2, -11.8]\n'
SENSOR = '[[sensor]]\nid = "a"\nkind = "psr"\nlat_deg = -12.0\nlon_deg = -76.6\nrange_max_m = 8000\n'
GROUND = f'[terrain]\nsources = ["{ANDES_90M}"]\n'
R90 = "r90_m = 8000\n"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (GROUND + SENSOR.replace("-76.6", "-60.0") + R90, "no terrain at -12.0000, -60.0000", "waman terrain fetch"),
        ('[terrain]\nsources = ["dem/S12W077.tif"]\n' + SENSOR + R90, "S12W077.tif does not exist", "waman terrain"),
        ('[terrain]\nsources = ["area.toml"]\n' + SENSOR + R90, "none of the terrain files", "waman terrain fetch"),
        (GROUND + SENSOR + R90 + "altitude_msl_m = 100\n", "under the ground", "antenna_height_m"),
        (GROUND + SENSOR + 'model = "magic"\n', "unknown model 'magic'", "known models: acoustic_sensor"),
        (GROUND + SENSOR + R90 + "detection_probability = 0.8\n", "r90_m", "one"),
        (GROUND + SENSOR + R90 + 'model = "observer_post"\n', "r90_m", "one"),
        (GROUND + SENSOR, "says nothing about how surely it detects", "give r90_m"),
        ('[terrain]\ncanopy = ["area.toml"]\n' + SENSOR + R90, "canopy", "height of what stands"),
    ],
)
def test_an_error_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str, hint: str
) -> None:
    (tmp_path / "area.toml").write_text(AREA + text)
    with pytest.raises(SystemExit) as stop:
        main(["cover", str(tmp_path), "--no-maps", "--cell-m", "500"])
    said = capsys.readouterr().err
    assert stop.value.code == 2
    first, second = said[said.index("waman: error:") :].split("waman: hint:")
    assert message in first and hint in second, said


def test_a_tile_or_a_void_that_is_missing_is_counted_unknown_and_says_where_to_get_it(tmp_path: Path) -> None:
    with rasterio.open(ANDES_90M) as data:
        ground, profile = data.read(1), data.profile
    # the sensor's north-east lies outside the file, and a hole too large to fill in the south
    ground[1200:1500, 1500:1800] = -32768
    profile.update(nodata=-32768, driver="GTiff", compress="deflate")
    with rasterio.open(tmp_path / "cut.tif", "w", **profile) as data:
        data.write(ground, 1)
    site = SENSOR.replace("-12.0", "-11.05").replace("8000", "30000")
    (tmp_path / "area.toml").write_text(AREA + '[terrain]\nsources = ["cut.tif"]\n' + site + "r90_m = 30000\n")
    done = cover(load_area(tmp_path), tmp_path / "f", cell_m=500.0, maps=False)
    model = done.field.sensors[0]
    assert 0.3 < model.missing_share < 0.6
    assert "without terrain: unknown" in done.text and "waman terrain fetch AREA --margin-km 30" in done.text
    beyond, inside = done.field.detection_probability([-10.9, -11.2], -76.6, 5000.0, "a")
    assert np.isnan(beyond) and np.isfinite(inside)


def test_a_forest_given_as_canopy_screens_and_is_no_longer_called_missing(tmp_path: Path) -> None:
    with rasterio.open(ANDES_90M) as data:
        profile = {**data.profile, "driver": "GTiff", "dtype": "float32", "nodata": None}
    with rasterio.open(tmp_path / "forest.tif", "w", **profile) as data:
        data.write(np.full((profile["height"], profile["width"]), 40.0, np.float32), 1)
    shares = []
    for extra in ("", 'canopy = ["forest.tif"]\n'):
        (tmp_path / "area.toml").write_text(AREA + GROUND + extra + SENSOR + R90 + "antenna_height_m = 60\n")
        field = cover(load_area(tmp_path), tmp_path / "f", cell_m=200.0, maps=False).field
        pd = field.detection_probability(np.linspace(-12.06, -11.94, 40), -76.57, 150.0, "a")
        shares.append(float((pd > 0.5).mean()))
        assert ("vegetation" in " ".join(field.sensors[0].not_modelled)) == (extra == "")
    assert shares[1] < shares[0]
