"""Elevation rasters, joined and warped to the flat frame of a sensor.

Any raster GDAL reads will do (GeoTIFF, COG, HGT); heights are metres above the geoid. Rasters
whose pixels are points are shifted by GDAL to pixel centres, so that posts and cells agree.
Voids are filled from their surroundings and counted; ground that no file covers stays NaN,
because what stands there is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import ArrayLike, NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.fill import fillnodata
from rasterio.transform import Affine
from rasterio.warp import reproject, transform_bounds

from waman.errors import InputError, Problems
from waman.geo.frames import Frame

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

DEGREE_M = 111_195.0  # one degree of latitude on the mean sphere
LOWEST_GROUND_M = -500.0  # the shore of the Dead Sea lies at -430 m; anything lower is a void or not an elevation
HIGHEST_GROUND_M = 9_000.0
OPTIMISTIC_M = 500.0  # coarser ground hides so few ridges that a result is a bound, not coverage
VOID_REACH_CELLS = 100  # the largest hole that is filled, in cells from its edge
NOMINAL_M = (30, 90, 900)  # one, three and thirty arc seconds, as people call them
WINDOW_CELLS_MAX = 500_000_000  # 2 GB of float32

OPTIMISM: dict[float, tuple[float, float]] = {510.0: (0.05, 0.10), 900.0: (0.07, 0.22)}
"""Cell [m] -> share of the area falsely shown as visible at 150 m and at 1000 m above ground.

Medians over Andean sites within 25 km, against 30 m ground; the worst site has twice as much (bench/coverage.py).
"""


@dataclass(frozen=True)
class Source:
    """One elevation file: where it lies and how fine it is .

    ``bounds`` are west, south, east, north [deg]; ``grid`` the upper left corner and the width
    and height of a cell in the units of ``crs``.
    """

    path: str
    crs: str
    bounds: tuple[float, float, float, float]
    native_m: float
    grid: tuple[float, float, float, float]


@dataclass(frozen=True)
class Elevation:
    """Ground heights in a square azimuthal equidistant window about a sensor.

    ``ground_m`` is (2 half + 1, 2 half + 1) float32 [m above the geoid], north up, the centre
    of the middle cell at the centre of ``frame``; NaN where no file covers the ground.
    ``void_share`` was filled, ``missing_share`` is NaN; ``native_m`` is the coarsest source
    used (NaN: smooth earth at sea level).
    """

    ground_m: F32
    frame: Frame
    cell_m: float
    native_m: float
    void_share: float
    missing_share: float
    sources: tuple[str, ...] = ()

    @property
    def half(self) -> int:
        """Cells from the middle cell to the edge."""
        return int(self.ground_m.shape[0]) // 2

    @property
    def transform(self) -> Affine:
        """The affine transform from column and row to east and north [m], as rasters store it."""
        corner = -(self.half + 0.5) * self.cell_m
        return Affine(self.cell_m, 0.0, corner, 0.0, -self.cell_m, -corner)

    @property
    def resolution_class(self) -> str:
        """How far a result from this ground may be trusted, in words."""
        return resolution_class(max(self.native_m, self.cell_m) if np.isfinite(self.native_m) else math.nan)


def resolution_class(native_m: float) -> str:
    """Return the words a result from ground of this resolution must carry.

    Ridges narrower than a cell are lost, so that coarse ground shows as visible what is not;
    it almost never hides what is. The shares are measured by ``bench/coverage.py``.

    >>> resolution_class(90.0)
    '90 m'
    >>> resolution_class(float("nan"))
    'smooth earth: optimistic bound, no terrain was given'
    """
    if not np.isfinite(native_m):
        return "smooth earth: optimistic bound, no terrain was given"
    name = f"{next((n for n in NOMINAL_M if abs(native_m / n - 1.0) < 0.06), round(native_m))} m"
    if native_m <= OPTIMISTIC_M:
        return name
    known = [cell for cell in sorted(OPTIMISM) if cell <= native_m * 1.2]
    if not known:
        return f"{name}: optimistic bound"
    low, high = OPTIMISM[known[-1]]
    more = "" if known[-1] >= native_m * 0.8 else " at least"
    return f"{name}: optimistic bound, shows{more} {low:.0%} to {high:.0%} of the area as visible that is not"


def open_sources(paths: Sequence[Path | str]) -> tuple[tuple[Source, ...], Problems]:
    """Look into elevation files without reading them; what is no elevation becomes a problem row."""
    found, problems = [], Problems()
    for path in paths:
        try:
            with rasterio.open(path) as data:
                if data.crs is None:
                    problems.add(str(path), "the raster names no coordinate reference system", data.driver)
                    continue
                bounds = transform_bounds(data.crs, "EPSG:4326", *data.bounds, densify_pts=21)
                scale = DEGREE_M if data.crs.is_geographic else 1.0
                t = data.transform
                if t.b != 0.0 or t.d != 0.0 or t.a <= 0.0 or t.e >= 0.0:
                    problems.add(str(path), "the raster is not north up", t)
                    continue
                found.append(Source(str(path), data.crs.to_wkt(), bounds, -t.e * scale, (t.c, t.f, t.a, -t.e)))
        except (RasterioError, OSError) as why:
            problems.add(str(path), "cannot be read as elevation", why)
    return tuple(sorted(found, key=lambda s: (s.native_m, s.path))), problems


def window(sources: Sequence[Source], frame: Frame, *, radius_m: float, cell_m: float, whole: bool = True) -> Elevation:
    """Return the ground about the centre of ``frame``, finest source first, warped to the frame.

    Ground at least 1.5 times finer than ``cell_m`` is averaged, other ground is interpolated by
    cubic convolution: bilinear interpolation between posts lowers ridges, and with it a sweep
    showed 16 m too much of the air on average (bench/coverage.py). No sources give a smooth earth at sea level.

    Raises
    ------
    InputError
        where the window has more than WINDOW_CELLS_MAX cells, or sources exist but none covers its centre
        (with ``whole``; rasters of something else than ground may leave the centre out)
    """
    half = math.ceil(radius_m / cell_m)
    size = 2 * half + 1
    if size * size > WINDOW_CELLS_MAX:
        raise InputError(
            f"{size} x {size} cells of {cell_m:g} m are too many for one sensor", hint="use larger cells (--cell-m)"
        )
    if not sources:
        return Elevation(np.zeros((size, size), np.float32), frame, cell_m, math.nan, 0.0, 0.0)
    empty = Elevation(np.full((size, size), np.nan, np.float32), frame, cell_m, math.nan, 0.0, 1.0)
    ground, native, voids, used = empty.ground_m, 0.0, 0, []
    area = _degrees_around(frame, radius_m)
    for group in _groups([s for s in sources if _overlap(s.bounds, area)]):
        if not np.isnan(ground).any():
            break
        layer, filled = _warp(group, area, empty)
        take = np.isnan(ground) & np.isfinite(layer)
        if take.any():
            ground[take] = layer[take]
            native = max(native, group[0].native_m)
            voids += filled
            used += [s.path for s in group]
    if whole and np.isnan(ground[half, half]):
        raise InputError(
            f"no terrain at {frame.lat0_deg:.4f}, {frame.lon0_deg:.4f}: {_covered(sources)}",
            hint="get the tile with: waman terrain fetch AREA, or add a file with: waman terrain add FILE",
        )
    missing = float(np.isnan(ground).mean())
    return Elevation(ground, frame, cell_m, native, voids / ground.size, missing, tuple(used))


def ground_msl_m(sources: Sequence[Source], *, lat_deg: ArrayLike, lon_deg: ArrayLike) -> F64:
    """Return the ground height [m above the geoid] at points, bilinear in the finest source; NaN where unknown.

    The points are read through one window around them all, so ask for points that lie together.
    """
    lat, lon = np.broadcast_arrays(np.asarray(lat_deg, np.float64), np.asarray(lon_deg, np.float64))
    height = np.full(lat.shape, 0.0 if not sources else np.nan)
    for group in _groups(sources):
        todo = np.isnan(height) & np.isfinite(lat) & np.isfinite(lon)
        if not todo.any():
            break
        for source in group:
            height[todo] = np.where(np.isnan(height[todo]), _sample(source, lat[todo], lon[todo]), height[todo])
    return np.asarray(np.where(np.isfinite(lat) & np.isfinite(lon), height, np.nan), np.float64)


def _sample(source: Source, lat: F64, lon: F64) -> F64:
    from rasterio.warp import transform as reproject_points

    with rasterio.open(source.path) as data:
        x, y = reproject_points("EPSG:4326", data.crs, lon.ravel().tolist(), lat.ravel().tolist())
        x0, y0, dx, dy = source.grid
        cols, rows = (np.asarray(x) - x0) / dx - 0.5, (y0 - np.asarray(y)) / dy - 0.5
        inside = (cols >= -0.5) & (rows >= -0.5) & (cols <= data.width - 0.5) & (rows <= data.height - 0.5)
        if not inside.any():
            return np.full(lat.shape, np.nan)
        top, left = int(max(rows[inside].min(), 0)), int(max(cols[inside].min(), 0))
        bottom = min(int(rows[inside].max()) + 2, data.height)
        right = min(int(cols[inside].max()) + 2, data.width)
        grid = _clean(data.read(1, window=((top, bottom), (left, right))).astype(np.float32), data.nodata)
    r = np.clip(np.where(inside, rows, 0) - top, 0, grid.shape[0] - 1)
    c = np.clip(np.where(inside, cols, 0) - left, 0, grid.shape[1] - 1)
    i, j = np.minimum(r.astype(int), max(grid.shape[0] - 2, 0)), np.minimum(c.astype(int), max(grid.shape[1] - 2, 0))
    i1, j1 = np.minimum(i + 1, grid.shape[0] - 1), np.minimum(j + 1, grid.shape[1] - 1)
    u, v = r - i, c - j
    value = (1 - u) * ((1 - v) * grid[i, j] + v * grid[i, j1]) + u * ((1 - v) * grid[i1, j] + v * grid[i1, j1])
    return np.where(inside, value, np.nan).reshape(lat.shape)


def _degrees_around(frame: Frame, radius_m: float) -> tuple[float, float, float, float]:
    """Return west, south, east, north of the window's outline."""
    edge = np.linspace(-1.0, 1.0, 41) * radius_m
    side = np.full_like(edge, radius_m)
    east = np.concatenate((edge, edge, side, -side))
    north = np.concatenate((side, -side, edge, edge))
    lat, lon = frame.to_degrees(east_m=east, north_m=north)
    lon = frame.lon0_deg + (lon - frame.lon0_deg + 180.0) % 360.0 - 180.0
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _groups(sources: Sequence[Source]) -> list[list[Source]]:
    """Return the sources by reference system and resolution, finest first, so that a group joins without seams."""
    groups: dict[tuple[object, ...], list[Source]] = {}
    for s in sorted(sources, key=lambda s: s.native_m):
        x, y, dx, dy = s.grid
        # files join only where their cells coincide, to a twentieth of a cell
        phase = (round(20 * (x / dx % 1.0)) % 20, round(20 * (y / dy % 1.0)) % 20)
        groups.setdefault((round(10 * s.native_m), s.crs, dx, dy, phase), []).append(s)
    return list(groups.values())


def _warp(group: list[Source], area: tuple[float, float, float, float], like: Elevation) -> tuple[F32, int]:
    """Join the files of a group around the window, fill their voids and warp them; also return the cells filled."""
    margin_m = 4.0 * max(group[0].native_m, like.cell_m)
    bounds = transform_bounds("EPSG:4326", group[0].crs, *area, densify_pts=21)
    scale = DEGREE_M if rasterio.crs.CRS.from_wkt(group[0].crs).is_geographic else 1.0
    margin = margin_m / scale
    bounds = (bounds[0] - margin, bounds[1] - margin, bounds[2] + margin, bounds[3] + margin)
    native, covered, transform = _join(group, bounds)
    holes = np.isnan(native) & covered
    filled = int(holes.sum())
    if filled:
        native = fillnodata(
            np.where(np.isnan(native), 0, native), ~holes & ~np.isnan(native), max_search_distance=VOID_REACH_CELLS
        ).astype(np.float32)
        native[~covered] = np.nan
    out = np.full_like(like.ground_m, np.nan)
    average = like.cell_m >= 1.5 * group[0].native_m
    reproject(
        native,
        out,
        src_transform=transform,
        src_crs=group[0].crs,
        src_nodata=np.nan,
        dst_transform=like.transform,
        dst_crs=like.frame.crs,
        dst_nodata=np.nan,
        resampling=Resampling.average if average else Resampling.cubic,
    )
    share = (group[0].native_m / like.cell_m) ** 2
    return out, round(filled * share)


def _clean(ground: F32, nodata: float | None) -> F32:
    """Return heights with nodata and what can be no ground as NaN."""
    bad = ~((ground > LOWEST_GROUND_M) & (ground < HIGHEST_GROUND_M))
    if nodata is not None:
        bad |= ground == np.float32(nodata)
    ground[bad] = np.nan
    return ground


def _join(group: list[Source], bounds: tuple[float, float, float, float]) -> tuple[F32, NDArray[np.bool_], Affine]:
    """Join the files of a group on their common grid within bounds: heights, what some file covers, and the grid."""
    west, south, east, north = bounds
    x0, y0, dx, dy = group[0].grid
    left, right = math.floor((west - x0) / dx), math.ceil((east - x0) / dx)
    top, bottom = math.floor((y0 - north) / dy), math.ceil((y0 - south) / dy)
    joined = np.full((bottom - top, right - left), np.nan, np.float32)
    covered = np.zeros(joined.shape, np.bool_)
    for source in group:
        with rasterio.open(source.path) as data:
            row, col = round((y0 - source.grid[1]) / dy) - top, round((source.grid[0] - x0) / dx) - left
            r0, r1 = max(row, 0), min(row + data.height, joined.shape[0])
            c0, c1 = max(col, 0), min(col + data.width, joined.shape[1])
            if r0 >= r1 or c0 >= c1:
                continue
            part = data.read(1, window=((r0 - row, r1 - row), (c0 - col, c1 - col))).astype(np.float32)
            part, view = _clean(part, data.nodata), joined[r0:r1, c0:c1]
            view[np.isnan(view)] = part[np.isnan(view)]
            covered[r0:r1, c0:c1] = True
    return joined, covered, Affine(dx, 0.0, x0 + left * dx, 0.0, -dy, y0 - top * dy)


def _covered(sources: Sequence[Source]) -> str:
    west, south = min(s.bounds[0] for s in sources), min(s.bounds[1] for s in sources)
    east, north = max(s.bounds[2] for s in sources), max(s.bounds[3] for s in sources)
    return f"the {len(sources)} files given lie within {south:.2f}..{north:.2f} N, {west:.2f}..{east:.2f} E"
