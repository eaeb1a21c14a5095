"""Elevation read, joined and warped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine

from waman.geo.frames import Frame
from waman.terrain import ANDES_90M, ground_msl_m, open_sources, resolution_class, window


def write(path: Path, heights: np.ndarray, west: float, north: float, step: float) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", height=heights.shape[0], width=heights.shape[1], count=1, dtype="float32",
        crs="EPSG:4326", transform=Affine(step, 0.0, west, 0.0, -step, north), nodata=-32768,
    ) as data:  # fmt: skip
        data.write(heights.astype(np.float32), 1)
    return path


def plane(west: float, north: float, step: float, size: int) -> np.ndarray:
    rows, cols = np.indices((size, size))
    return 1000.0 + 500.0 * (north - (rows + 0.5) * step + 12.0) + 300.0 * (west + (cols + 0.5) * step + 76.0)


def test_two_tiles_join_without_a_seam_and_nothing_is_shifted(tmp_path: Path) -> None:
    step, size = 0.01, 100
    files = [
        write(tmp_path / f"{k}.tif", plane(west, -11.5, step, size), west, -11.5, step)
        for k, west in enumerate((-77.0, -76.0))
    ]
    sources, problems = open_sources([*files, tmp_path / "none.tif"])
    assert len(sources) == 2 and problems.count == 1
    lat, lon = np.array([-12.0, -12.003, -11.7]), np.array([-76.0, -75.9961, -76.4])
    expected = 1000.0 + 500.0 * (lat + 12.0) + 300.0 * (lon + 76.0)
    np.testing.assert_allclose(ground_msl_m(sources, lat_deg=lat, lon_deg=lon)[2], expected[2], atol=0.05)
    e = window(sources, Frame(-12.0, -76.0), radius_m=20_000, cell_m=500.0)
    east, north = np.meshgrid((np.arange(81) - 40) * 500.0, (40 - np.arange(81)) * 500.0)
    la, lo = e.frame.to_degrees(east_m=east, north_m=north)
    wanted = 1000.0 + 500.0 * (la + 12.0) + 300.0 * (lo + 76.0)
    assert np.abs(e.ground_m - wanted).max() < 1.5, "half a cell of shift would be 1.7 m or more"
    assert e.missing_share == 0.0


def test_a_void_is_filled_and_counted_and_ground_beyond_the_files_is_unknown(tmp_path: Path) -> None:
    heights = plane(-76.5, -11.5, 0.005, 200)
    heights[90:95, 90:95] = -32768
    sources, _ = open_sources([write(tmp_path / "a.tif", heights, -76.5, -11.5, 0.005)])
    e = window(sources, Frame(-12.0, -76.0), radius_m=80_000, cell_m=500.0)
    assert 0.0 < e.void_share < 0.01 and 0.2 < e.missing_share < 0.9
    assert np.isnan(e.ground_m[0, 0]) and np.isfinite(e.ground_m[e.half - 10 : e.half + 10, e.half - 10 : e.half]).all()


def test_the_shipped_mosaic_is_real_ground_and_coarse_ground_is_called_a_bound() -> None:
    sources, problems = open_sources([ANDES_90M])
    assert problems.count == 0 and resolution_class(sources[0].native_m) == "90 m"
    heights = ground_msl_m(sources, lat_deg=[-12.05, -11.60], lon_deg=[-77.04, -76.19])
    assert 100.0 < heights[0] < 220.0 and heights[1] > 4000.0  # Lima, and the mines above it
    assert "optimistic bound, shows 7% to 22%" in resolution_class(925.0)
    assert "optimistic bound" in resolution_class(float("nan")) and "bound" not in resolution_class(300.0)
