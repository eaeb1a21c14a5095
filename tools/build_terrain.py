"""Build the 90 m terrain of demo, tests and benchmarks from the SRTM tiles inside the PyPI package perusatproc.

    pip download --no-deps perusatproc==0.1.6
    python tools/build_terrain.py perusatproc-0.1.6-py2.py3-none-any.whl src/waman/terrain/data/andes_90m.tif

Each one-degree tile has 3601 x 3601 posts and shares its edge posts with its neighbours. The
four tiles become one grid of 7201 x 7201 posts, every shared edge once; each post of the
result is the mean of the 3 x 3 posts about every third post. Then every tile is checked by
itself: the shift at which the mosaic fits it best must be zero, and no cell may lie below
-500 m. The report is written beside the raster.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import rasterio
from rasterio.io import MemoryFile
from rasterio.transform import Affine

TILES = {(0, 0): "S12W078", (0, 1): "S12W077", (1, 0): "S13W078", (1, 1): "S13W077"}
POSTS = 3601
STEP = 3
WEST, NORTH, SECOND = -78.0, -11.0, 1.0 / 3600.0


def read_tiles(wheel: Path) -> dict[tuple[int, int], np.ndarray]:
    tiles = {}
    with zipfile.ZipFile(wheel) as archive:
        for place, name in TILES.items():
            with MemoryFile(archive.read(f"perusatproc/data/dem/{name}.tif")) as memory, memory.open() as data:
                assert data.shape == (POSTS, POSTS), f"{name}: {data.shape}"
                west, north = WEST + place[1], NORTH - place[0]
                assert abs(data.transform.c - (west - SECOND / 2)) < 1e-9, f"{name}: {data.transform}"
                assert abs(data.transform.f - (north + SECOND / 2)) < 1e-9, f"{name}: {data.transform}"
                tiles[place] = data.read(1)
    return tiles


def join(tiles: dict[tuple[int, int], np.ndarray]) -> np.ndarray:
    whole = np.full((2 * POSTS - 1, 2 * POSTS - 1), -32768, np.int16)
    for (row, col), tile in tiles.items():
        view = whole[row * (POSTS - 1) :, col * (POSTS - 1) :][:POSTS, :POSTS]
        met = view != -32768
        differ = int((view[met] != tile[met]).sum())
        assert differ == 0, f"{TILES[row, col]}: {differ} shared posts differ"
        view[:] = tile
    return whole


def thin(whole: np.ndarray) -> np.ndarray:
    """Return the mean of the 3 x 3 posts about every third post (fewer at the rim)."""
    padded = np.pad(whole.astype(np.float64), 1, constant_values=np.nan)
    posts = (whole.shape[0] - 1) // STEP + 1
    shifted = [padded[r::STEP, c::STEP][:posts, :posts] for r in range(3) for c in range(3)]
    return np.rint(np.nanmean(shifted, axis=0)).astype(np.int16)


def best_shift(tile: np.ndarray, mosaic: np.ndarray, row: int, col: int) -> tuple[int, int]:
    """Return the shift [posts of the tile] at which the mosaic fits the tile best."""
    step = (POSTS - 1) // STEP
    part = mosaic[row * step + 5 : (row + 1) * step - 4, col * step + 5 : (col + 1) * step - 4].astype(np.float64)
    shifts = [(dr, dc) for dr in range(-4, 5) for dc in range(-4, 5)]
    at = slice(15, None)

    def misfit(shift: tuple[int, int]) -> float:
        moved = tile[at.start + shift[0] :: STEP, at.start + shift[1] :: STEP][: part.shape[0], : part.shape[1]]
        return float(np.abs(moved - part).mean())

    return min(shifts, key=misfit)


def main(wheel: Path, out: Path) -> None:
    tiles = read_tiles(wheel)
    mosaic = thin(join(tiles))
    shifts = {TILES[p]: best_shift(t, mosaic, *p) for p, t in tiles.items()}
    assert all(s == (0, 0) for s in shifts.values()), shifts
    assert mosaic.min() > -500, mosaic.min()
    cell = STEP * SECOND
    transform = Affine(cell, 0.0, WEST - cell / 2, 0.0, -cell, NORTH + cell / 2)
    out.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        out,
        "w",
        driver="COG",
        dtype="int16",
        count=1,
        height=mosaic.shape[0],
        width=mosaic.shape[1],
        crs="EPSG:4326",
        transform=transform,
        nodata=-32768,
        compress="DEFLATE",
        level=9,
        predictor=2,
        overviews="NONE",
    ) as data:
        data.write(mosaic, 1)
        data.update_tags(source="NASA SRTM 1 arc second, public domain; tiles of the PyPI package perusatproc 0.1.6")
    report = {
        "source": "SRTM 1 arc second (public domain), tiles S12W077 S12W078 S13W077 S13W078",
        "package": "perusatproc 0.1.6 (MIT)",
        "package_sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "raster_sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
        "raster_bytes": out.stat().st_size,
        "shape": list(mosaic.shape),
        "lowest_m": int(mosaic.min()),
        "highest_m": int(mosaic.max()),
        "best_shift_posts": {k: list(v) for k, v in shifts.items()},
        "built_with": f"rasterio {rasterio.__version__}, GDAL {rasterio.__gdal_version__}",
    }
    out.with_suffix(".json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
