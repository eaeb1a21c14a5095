"""The grid the adversary flies on: nodes in the azimuthal equidistant frame of the area's centre."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waman.errors import InputError
from waman.geo.frames import Frame

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

NODES_MAX = 4_000_000


@dataclass(frozen=True)
class Grid:
    """Square cells of ``cell_m`` covering a box; row 0 is the northernmost.

    >>> Grid.of((-77.0, -13.0, -76.0, -12.0), cell_m=10_000.0).shape
    (13, 12)
    """

    frame: Frame
    west_m: float
    north_m: float
    cell_m: float
    shape: tuple[int, int]

    @classmethod
    def of(cls, bbox: tuple[float, float, float, float], *, cell_m: float) -> Grid:
        """Return the grid of a box (west, south, east, north) [deg]; InputError where it has too many nodes."""
        west, south, east, north = bbox
        frame = Frame((south + north) / 2.0, (west + east) / 2.0)
        rim = np.linspace(0.0, 1.0, 33)
        lon = np.concatenate((west + rim * (east - west),) * 2 + (np.full(33, west), np.full(33, east)))
        lat = np.concatenate((np.full(33, south), np.full(33, north)) + (south + rim * (north - south),) * 2)
        x, y = frame.to_plane(lat_deg=lat, lon_deg=lon)
        cols = max(int(np.ceil((x.max() - x.min()) / cell_m)) + 1, 2)
        rows = max(int(np.ceil((y.max() - y.min()) / cell_m)) + 1, 2)
        if rows * cols > NODES_MAX:
            raise InputError(
                f"the area has {rows} x {cols} cells of {cell_m:g} m, more than {NODES_MAX:,}",
                hint="raise [siting] grid_m, or take a smaller bbox",
            )
        return cls(frame, float(x.min()), float(y.max()), cell_m, (rows, cols))

    def nodes(self) -> tuple[F64, F64]:
        """Return latitude and longitude [deg] of every node, flat in row order."""
        row, col = np.divmod(np.arange(self.shape[0] * self.shape[1]), self.shape[1])
        return self.degrees(np.column_stack((row, col)))

    def degrees(self, cells: I64) -> tuple[F64, F64]:
        """Return latitude and longitude [deg] of cells given as (m, 2) rows and columns."""
        return self.frame.to_degrees(
            east_m=self.west_m + cells[:, 1] * self.cell_m, north_m=self.north_m - cells[:, 0] * self.cell_m
        )

    def cells(self, *, lat_deg: ArrayLike, lon_deg: ArrayLike) -> I64:
        """Return the nearest cells (m, 2) of points; those outside the grid are left out, repeats too."""
        x, y = self.frame.to_plane(lat_deg=lat_deg, lon_deg=lon_deg)
        col = np.round((np.atleast_1d(x) - self.west_m) / self.cell_m)
        row = np.round((self.north_m - np.atleast_1d(y)) / self.cell_m)
        inside = (row >= 0) & (row < self.shape[0]) & (col >= 0) & (col < self.shape[1])
        found = np.column_stack((row[inside], col[inside])).astype(np.int64)
        return np.unique(found, axis=0) if found.size else found.reshape(0, 2)

    def rim(self) -> I64:
        """Return the outermost cells: the exits where the area names none."""
        rows, cols = self.shape
        mask = np.zeros(self.shape, bool)
        mask[[0, rows - 1], :] = True
        mask[:, [0, cols - 1]] = True
        return np.argwhere(mask)

    def line_cells(self, lines: Iterable[NDArray[np.float64]]) -> I64:
        """Return the cells that lines cross; each line is (n, 2) longitude and latitude [deg]."""
        lat, lon = [], []
        for line in lines:
            points = np.asarray(line, float).reshape(-1, 2)
            x, y = self.frame.to_plane(lat_deg=points[:, 1], lon_deg=points[:, 0])
            for k in range(len(points) - 1):
                steps = int(np.hypot(x[k + 1] - x[k], y[k + 1] - y[k]) / (0.5 * self.cell_m)) + 2
                share = np.linspace(0.0, 1.0, min(steps, 100_000))
                la, lo = self.frame.to_degrees(
                    east_m=x[k] + share * (x[k + 1] - x[k]), north_m=y[k] + share * (y[k + 1] - y[k])
                )
                lat.append(la)
                lon.append(lo)
        if not lat:
            return np.empty((0, 2), np.int64)
        return self.cells(lat_deg=np.concatenate(lat), lon_deg=np.concatenate(lon))
