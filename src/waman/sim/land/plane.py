"""The flat working frame of a simulation: metres east and north of the centre, with ground and places.

Everything is computed here in metres and turned into degrees once, when tables are written.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.geo.frames import Frame
from waman.sim.land.ground import Ground, bilinear

Array = NDArray[np.float64]
CELL_M = 500.0


@dataclass(frozen=True)
class Plane:
    """The ground on a square grid of ``CELL_M`` in the azimuthal equidistant frame of the centre.

    ``heights_m`` (rows, columns) float32, row 0 south; ``slope`` is rise over run between nodes.
    ``east0_m`` and ``north0_m`` locate node (0, 0).
    """

    frame: Frame
    ground: Ground
    east0_m: float
    north0_m: float
    heights_m: NDArray[np.float32]
    slope: NDArray[np.float32]

    @property
    def width_m(self) -> float:
        """East-west extent [m]."""
        return float((self.heights_m.shape[1] - 1) * CELL_M)

    @property
    def height_m(self) -> float:
        """North-south extent [m]."""
        return float((self.heights_m.shape[0] - 1) * CELL_M)

    def elevation(self, east_m: Array, north_m: Array) -> Array:
        """Return ground height [m] at points of the plane (nearest edge outside)."""
        return bilinear(self.heights_m, (north_m - self.north0_m) / CELL_M, (east_m - self.east0_m) / CELL_M)


def plane_of(ground: Ground, bbox: tuple[float, float, float, float]) -> Plane:
    """Lay the working grid over a bounding box (west, south, east, north in degrees).

    The grid is the largest rectangle that fits into the box, so that no simulated aircraft
    flies outside the ground it was made for.
    """
    west, south, east, north = bbox
    frame = Frame(lat0_deg=(south + north) / 2.0, lon0_deg=(west + east) / 2.0)
    side = np.linspace(0.0, 1.0, 41)
    e, _ = frame.to_plane(lat_deg=south + side * (north - south), lon_deg=np.full(41, east))
    _, n = frame.to_plane(lat_deg=np.full(41, north), lon_deg=west + side * (east - west))
    _, s = frame.to_plane(lat_deg=np.full(41, south), lon_deg=west + side * (east - west))
    half_e, half_n = float(np.abs(e).min()), float(min(n.min(), -s.max()))
    columns, rows = int(2 * half_e / CELL_M) + 1, int(2 * half_n / CELL_M) + 1
    east0, north0 = -CELL_M * (columns - 1) / 2.0, -CELL_M * (rows - 1) / 2.0
    gx, gy = np.meshgrid(east0 + CELL_M * np.arange(columns), north0 + CELL_M * np.arange(rows))
    lat, lon = frame.to_degrees(east_m=gx, north_m=gy)
    heights = ground.elevation(lat, lon).astype(np.float32)
    dn, de = np.gradient(heights, CELL_M)
    return Plane(frame, ground, east0, north0, heights, np.hypot(dn, de).astype(np.float32))
