"""The ground of a simulated world: a grid of heights, generated or sampled from elevation files.

Generated relief has the shape of the corridor (a high range, a deep valley, a second range,
foothills and a plain that runs to the border at the east edge) and lies where the scenario puts it;
the shipped one lies in the open Pacific, so that nobody takes a strip for a real place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waman.jit import kernel
from waman.sim.randomness import stream

Array = NDArray[np.float64]
Elevation = Callable[[Array, Array], Array]
"""(lat_deg, lon_deg) -> metres above mean sea level; what ``waman.terrain`` offers."""

CELLS_MAX = 40_000_000
PROFILE_KM = (0.0, 40.0, 62.0, 74.0, 100.0, 130.0, 165.0, 250.0, 2000.0)
PROFILE_M = (4200.0, 4100.0, 600.0, 560.0, 3200.0, 1500.0, 420.0, 260.0, 150.0)
"""Height by kilometres from the west edge: invented, with the VRAEM's valley floor of 500-600 m."""


@dataclass(frozen=True)
class Ground:
    """Heights in whole metres on a latitude-longitude grid; row 0 is the southern edge.

    ``heights_m`` has shape (rows, columns), float32; points are grid nodes. Outside the grid
    the nearest edge holds.
    """

    west_deg: float
    south_deg: float
    spacing_deg: float
    heights_m: NDArray[np.float32]

    def elevation(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
        """Return the height above mean sea level [m], bilinear between nodes.

        >>> flat = Ground(-76.0, -12.0, 0.5, np.full((3, 3), 500.0, np.float32))
        >>> float(flat.elevation(-11.7, -75.2))
        500.0
        """
        lat, lon = np.broadcast_arrays(np.asarray(lat_deg, np.float64), np.asarray(lon_deg, np.float64))
        rows, columns = (lat - self.south_deg) / self.spacing_deg, (lon - self.west_deg) / self.spacing_deg
        return bilinear(self.heights_m, rows.ravel(), columns.ravel()).reshape(lat.shape)


@kernel
def bilinear(grid: NDArray[np.float32], rows: Array, columns: Array) -> Array:
    """Return ``grid`` at fractional rows and columns; points outside take the nearest edge."""
    out = np.empty(rows.size)
    last_row, last_column = grid.shape[0] - 1, grid.shape[1] - 1
    for i in range(rows.size):
        r = min(max(rows[i], 0.0), float(last_row))
        c = min(max(columns[i], 0.0), float(last_column))
        r0, c0 = min(int(r), last_row - 1), min(int(c), last_column - 1)
        fr, fc = r - r0, c - c0
        below = grid[r0, c0] * (1.0 - fc) + grid[r0, c0 + 1] * fc
        above = grid[r0 + 1, c0] * (1.0 - fc) + grid[r0 + 1, c0 + 1] * fc
        out[i] = below * (1.0 - fr) + above * fr
    return out


def bilinear_ref(grid: NDArray[np.float32], rows: Array, columns: Array) -> Array:
    """Twin of :func:`bilinear` by spline interpolation of order one."""
    from scipy.ndimage import map_coordinates

    found = map_coordinates(grid.astype(np.float64), np.vstack([rows, columns]), order=1, mode="nearest")
    return np.asarray(found, np.float64)


def _shape(bbox: tuple[float, float, float, float], spacing_deg: float) -> tuple[int, int]:
    west, south, east, north = bbox
    shape = (round((north - south) / spacing_deg) + 1, round((east - west) / spacing_deg) + 1)
    assert shape[0] * shape[1] <= CELLS_MAX, f"{shape} nodes are more than {CELLS_MAX}"
    return shape


def generated(bbox: tuple[float, float, float, float], *, spacing_deg: float, seed: int) -> Ground:
    """Return relief with the profile of the corridor and fractal roughness (power 1/f^3.4 over the plane).

    Spectral synthesis (Saupe, in The Science of Fractal Images, 1988): 3.4 is a Hurst exponent of 0.7,
    within what mountain relief shows (0.6-0.9). Heights are whole metres, as elevation files hold them.
    """
    rows, columns = _shape(bbox, spacing_deg)
    rough, bend = _fractal(rows, columns, 3.4, seed), _fractal(rows, columns, 4.4, seed + 1)
    west, south, _, north = bbox
    km = np.arange(columns) * spacing_deg * 111.2 * np.cos(np.radians((south + north) / 2.0))
    # the valley meanders: the profile is read at a place shifted by smooth noise
    base = np.interp(km[None, :] + 9.0 * bend, PROFILE_KM, PROFILE_M)
    height = base + rough * np.clip(0.22 * base, 35.0, 600.0)
    return Ground(west, south, spacing_deg, np.round(np.maximum(height, 20.0)).astype(np.float32))


def _fractal(rows: int, columns: int, power: float, seed: int) -> Array:
    white = stream(seed, "relief").standard_normal((rows, columns))
    fy, fx = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :]
    radius = np.hypot(fy, fx)
    radius[0, 0] = 1.0
    spectrum = np.fft.rfft2(white) * radius ** (-power / 2.0)
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, s=(rows, columns))
    return np.asarray(field / field.std(), np.float64)


def sampled(elevation: Elevation, bbox: tuple[float, float, float, float], *, spacing_deg: float) -> Ground:
    """Return the ground of elevation files, sampled on the simulator's own grid; voids count as sea."""
    rows, columns = _shape(bbox, spacing_deg)
    lat = bbox[1] + spacing_deg * np.arange(rows)
    lon = bbox[0] + spacing_deg * np.arange(columns)
    heights = elevation(np.repeat(lat, columns), np.tile(lon, rows)).reshape(rows, columns)
    return Ground(bbox[0], bbox[1], spacing_deg, np.round(np.nan_to_num(heights, nan=0.0)).astype(np.float32))
