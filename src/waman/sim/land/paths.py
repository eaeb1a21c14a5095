"""The ways in and out: least-cost paths over ground, height and radar exposure, with SciPy's Dijkstra.

A node is a cell of the ground at one of the heights above it that pilots are offered. A kilometre
costs more over high ground, more where a radar would see it (by how far the pilot
knows the cover), and a little more when flown low. The planner finds its routes with other code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.ndimage import gaussian_filter1d, maximum_filter
from scipy.sparse import csgraph

from waman.config import Sensor
from waman.sim.land.plane import CELL_M, Plane
from waman.sim.land.seeing import Seeing
from waman.sim.scenario import Corridor

Array = NDArray[np.float64]
NODES_MAX = 400_000
CEILING_SCALE_M = 500.0  # a kilometre costs one more for each 500 m of ground above the pilot's ceiling
LOW_COST_M = 20.0  # 100 m above ground costs .2 a kilometre more
LEVEL_CHANGE_KM = 1.0
SMOOTH_CELLS = 1.2


@dataclass(frozen=True)
class Way:
    """A path from the border to a place: vertices [m] and wanted height above ground [m]."""

    east_m: Array
    north_m: Array
    agl_m: Array


class Ways:
    """Least-cost trees, grown when first asked. State: ``_trees`` by (entry, variant), ``_ways`` by strip too."""

    def __init__(
        self, plane: Plane, corridor: Corridor, sensors: tuple[Sensor, ...], seeing: Seeing, *, cell_m: float
    ) -> None:
        self._plane = plane
        self.variants = [(a, c) for a in corridor.awareness for c in corridor.ceiling_m]
        self._levels = corridor.heights_agl_m
        self._columns, self._rows = int(plane.width_m / cell_m) + 1, int(plane.height_m / cell_m) + 1
        self.east = plane.east0_m + np.linspace(0.0, plane.width_m, self._columns)
        self.north = plane.north0_m + np.linspace(0.0, plane.height_m, self._rows)
        assert self._columns * self._rows * len(self._levels) <= NODES_MAX, "path_cell_m is too fine for this box"
        gx, gy = np.meshgrid(self.east, self.north)
        self._ground = _highest(plane, gx, gy, cell_m)
        self._exposure = _exposure(plane, gx, gy, self._levels, sensors, seeing)
        # entries lie on the east edge, away from the corners
        self.entries = np.linspace(0.12, 0.88, corridor.entries) * (self._rows - 1)
        self._trees: dict[tuple[int, int], tuple[Array, NDArray[np.int32]]] = {}
        self._ways: dict[tuple[int, int, int, int], Way] = {}

    def to(self, entry: int, variant: int, *, east_m: float, north_m: float) -> Way:
        """Return the path from an entry to a place, for a pilot of this variant."""
        column = int(np.argmin(np.abs(self.east - east_m)))
        row = int(np.argmin(np.abs(self.north - north_m)))
        key = (entry, variant, row, column)
        if key not in self._ways:
            self._ways[key] = self._walk_back(*key)
        way = self._ways[key]
        return Way(np.append(way.east_m, east_m), np.append(way.north_m, north_m), np.append(way.agl_m, way.agl_m[-1]))

    def cost(self, entry: int, variant: int, *, row: int, column: int) -> float:
        """Return the cost [km flown in the open] of the cheapest path to a cell."""
        distance, _ = self._tree(entry, variant)
        cells = self._rows * self._columns
        return float(min(distance[level * cells + row * self._columns + column] for level in range(len(self._levels))))

    def _tree(self, entry: int, variant: int) -> tuple[Array, NDArray[np.int32]]:
        if (entry, variant) not in self._trees:
            graph = _graph(self._weights(variant), self.east[1] - self.east[0])
            source = self._node(len(self._levels) - 1, round(float(self.entries[entry])), self._columns - 1)
            distance, before = csgraph.dijkstra(graph, indices=np.array(source), return_predecessors=True)
            self._trees[entry, variant] = (distance, before)
        return self._trees[entry, variant]

    def _weights(self, variant: int) -> Array:
        awareness, ceiling = self.variants[variant]
        level = np.asarray(self._levels, np.float64)[:, None, None]
        high = np.maximum(self._ground[None] + level - ceiling, 0.0) / CEILING_SCALE_M
        return np.asarray(1.0 + high + awareness * self._exposure + LOW_COST_M / level, np.float64)

    def _node(self, level: int, row: int, column: int) -> int:
        return level * self._rows * self._columns + row * self._columns + column

    def _walk_back(self, entry: int, variant: int, row: int, column: int) -> Way:
        distance, before = self._tree(entry, variant)
        node = min((self._node(level, row, column) for level in range(len(self._levels))), key=lambda n: distance[n])
        nodes = [node]
        for _ in range(NODES_MAX):
            node = int(before[node])
            if node < 0:
                break
            nodes.append(node)
        level, cell = np.divmod(np.array(nodes[::-1]), self._rows * self._columns)
        rows, columns = np.divmod(cell, self._columns)
        agl = np.asarray(self._levels, np.float64)[level]
        parts = [_smooth(v) for v in (self.east[columns], self.north[rows], agl)]
        return Way(parts[0], parts[1], parts[2])


def _smooth(values: Array) -> Array:
    """Round the corners of a grid path; the two ends stay where they are."""
    if values.size < 3:
        return values
    out = np.asarray(gaussian_filter1d(values, SMOOTH_CELLS, mode="nearest"), np.float64)
    out[0], out[-1] = values[0], values[-1]
    return out


def _highest(plane: Plane, gx: Array, gy: Array, cell_m: float) -> Array:
    """Return the highest ground within half a cell: a pass narrower than a cell is not found."""
    peak = maximum_filter(plane.heights_m, size=max(int(cell_m / CELL_M), 1))
    rows = np.clip(np.round((gy - plane.north0_m) / CELL_M).astype(int), 0, peak.shape[0] - 1)
    columns = np.clip(np.round((gx - plane.east0_m) / CELL_M).astype(int), 0, peak.shape[1] - 1)
    return np.asarray(peak[rows, columns], np.float64)


def _exposure(
    plane: Plane, gx: Array, gy: Array, levels: tuple[float, ...], sensors: tuple[Sensor, ...], seeing: Seeing
) -> Array:
    """Probability that some radar sees a cell at a level, per scan: (levels, rows, columns)."""
    lat, lon = plane.frame.to_degrees(east_m=gx.ravel(), north_m=gy.ravel())
    unseen = np.ones((len(levels), lat.size))
    for sensor in sensors:
        if sensor.kind in ("psr", "psr_ssr"):
            for i, level in enumerate(levels):
                pd = seeing.detection_probability(lat, lon, np.full(lat.size, level), sensor.id, 2.0)
                unseen[i] *= 1.0 - pd
    return (1.0 - unseen).reshape(len(levels), *gx.shape)


def _graph(weight: Array, cell_m: float) -> sparse.csr_array:
    """Eight neighbours at the same height, and the heights above and below at the same place."""
    levels, rows, columns = weight.shape
    node = np.arange(weight.size).reshape(weight.shape)
    starts, ends, costs = [], [], []

    def join(a: tuple[slice, ...], b: tuple[slice, ...], length_km: float) -> None:
        starts.append(node[a].ravel())
        ends.append(node[b].ravel())
        costs.append((0.5 * length_km * (weight[a] + weight[b])).ravel())

    every, km = slice(None), cell_m / 1000.0
    for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
        up, down = slice(0, rows - dr), slice(dr, rows)
        left, right = (slice(0, columns - dc), slice(dc, columns)) if dc >= 0 else (slice(1, columns), slice(0, -1))
        join((every, up, left), (every, down, right), km * float(np.hypot(dr, dc)))
    if levels > 1:
        join((slice(0, -1), every, every), (slice(1, None), every, every), LEVEL_CHANGE_KM)
    a, b, cost = np.concatenate(starts), np.concatenate(ends), np.concatenate(costs)
    both = (np.concatenate([cost, cost]), (np.concatenate([a, b]), np.concatenate([b, a])))
    return sparse.coo_array(both, shape=(weight.size, weight.size)).tocsr()
