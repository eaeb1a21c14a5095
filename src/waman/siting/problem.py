"""The siting problem: a grid, what each candidate would see on it, and the adversary's routes.

The adversary flies from any strip to any exit over an 8-neighbour grid. A step of length l [km]
between nodes u and v has the exposure

    l x looks_per_km x sum over sensors of -log(1 - min(Pd, 0.99)),  Pd the mean of both nodes,

because independent looks multiply their misses; theta is the least exposure + distance_weight x
length over all routes. Source: shortest-path network interdiction, Israeli and Wood (2002).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from waman.jit import kernel
from waman.terrain.edges import STEPS, edge_paths

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

PD_MAX = 0.99
BLOCK_KM = 5.0  # masking length: within it misses are taken as one (siting "worst_pd_block")
_LENGTHS = np.hypot(*np.array(STEPS, float).T)


@dataclass(frozen=True)
class Route:
    """One route of the adversary: its cells, and what every candidate would add on it."""

    cells: I64  # (m, 2) row and column from strip to exit
    length_km: float
    exposure: F64  # (candidates,) what each candidate alone adds
    kept_exposure: float  # what the existing sensors give

    @property
    def key(self) -> bytes:
        """The cells as bytes: two routes are one when these are equal."""
        return self.cells.tobytes()


@dataclass(frozen=True)
class Problem:
    """What is fixed: grid, candidates and adversary. Values only; all methods are pure.

    ``pd`` is (candidates, rows, cols) float32, detection probability per scan at the flight height;
    ``kept`` (existing, rows, cols) the same for sensors already there; ``cost`` (candidates,);
    ``site`` (candidates,) int: candidates of one site exclude each other (sensor types);
    ``strips`` and ``exits`` are (k, 2) rows and columns; ``closed`` (rows, cols) bool cells nobody flies.
    """

    pd: F32
    kept: F32
    cost: F64
    site: I64
    strips: I64
    exits: I64
    closed: NDArray[np.bool_]
    cell_km: float
    looks_per_km: float
    distance_weight_per_km: float

    @property
    def candidates(self) -> int:
        """Number of candidates."""
        return int(self.pd.shape[0])

    @cached_property
    def base_edges(self) -> F64:
        """Step costs without any new sensor: distance and the exposure to existing ones."""
        edges = edge_exposure(self.kept, np.ones(len(self.kept)), self.cell_km * self.looks_per_km)
        for k in range(4):
            edges[k] += _LENGTHS[k] * self.cell_km * self.distance_weight_per_km
        return _close(edges, self.closed)

    @cached_property
    def length_min_km(self) -> float:
        """Length of the shortest route from any strip to any exit."""
        edges = np.broadcast_to((_LENGTHS * self.cell_km)[:, None, None], self.base_edges.shape).copy()
        field = edge_paths(_close(edges, self.closed), self.strips)
        return float(field.distance[self.exits[:, 0], self.exits[:, 1]].min())

    def edges(self, x: F64) -> F64:
        """Return the step costs (4, rows, cols) under a plan ``x`` (candidates,), fractional allowed."""
        used = np.flatnonzero(x > 1e-9)
        return self.base_edges + edge_exposure(self.pd[used], x[used], self.cell_km * self.looks_per_km)

    def worst(self, x: F64) -> tuple[float, Route]:
        """Return theta under ``x`` and the adversary's best route."""
        theta, routes = self.best_routes(x, each_strip=False)
        return theta, routes[0]

    def best_routes(self, x: F64, *, each_strip: bool = True) -> tuple[float, list[Route]]:
        """Return theta and the best route, or one best route from every strip (the best first)."""
        edges = self.edges(x)
        if not each_strip:
            field = edge_paths(edges, self.strips)
            ends = field.distance[self.exits[:, 0], self.exits[:, 1]]
            end = int(ends.argmin())
            return float(ends[end]), [self.route(field.path_to(*map(int, self.exits[end])))]
        # from the exits back to every strip: one search gives a route for each
        field = edge_paths(edges, self.exits)
        reach = field.distance[self.strips[:, 0], self.strips[:, 1]]
        order = [int(i) for i in np.argsort(reach) if np.isfinite(reach[i])]
        routes = [self.route(field.path_to(*map(int, self.strips[i]))[::-1]) for i in order]
        return float(reach.min()), routes

    def route(self, cells: I64) -> Route:
        """Return a route with its length and what every candidate adds on it."""
        cells = np.ascontiguousarray(cells, np.int64)
        steps = np.abs(np.diff(cells, axis=0))
        lengths = np.hypot(steps[:, 0], steps[:, 1]) * self.cell_km
        looks = lengths * self.looks_per_km
        exposure = route_exposure(self.pd, cells, looks)
        return Route(cells, float(lengths.sum()), exposure, float(route_exposure(self.kept, cells, looks).sum()))

    def value(self, route: Route, x: F64) -> float:
        """Return exposure + distance_weight x length of a route under ``x``."""
        return float(self.fixed(route) + route.exposure @ x)

    def fixed(self, route: Route) -> float:
        """Return what a route costs the adversary before any new sensor."""
        return route.kept_exposure + self.distance_weight_per_km * route.length_km

    def detection(self, route: Route, x: F64) -> float:
        """Return the probability that a flight along a route is detected under ``x``."""
        return float(1.0 - np.exp(-(route.kept_exposure + route.exposure @ x)))

    def detection_block(self, route: Route, x: F64) -> float:
        """Return that probability where misses within BLOCK_KM are one: each block counts its best step only.

        The pessimistic companion of :meth:`detection`: masking along a valley is not independent.
        """
        steps = np.abs(np.diff(route.cells, axis=0))
        lengths = np.hypot(steps[:, 0], steps[:, 1]) * self.cell_km
        block = np.floor((np.cumsum(lengths) - 0.5 * lengths) / BLOCK_KM).astype(int)
        total = 0.0
        for pd, weights in ((self.pd[x > 0.5], np.ones(int((x > 0.5).sum()))), (self.kept, np.ones(len(self.kept)))):
            for layer in pd[weights > 0]:
                at = layer[route.cells[:, 0], route.cells[:, 1]].astype(float)
                miss = -np.log1p(-np.minimum(0.5 * (at[1:] + at[:-1]), PD_MAX)) * lengths * self.looks_per_km
                best = np.zeros(block[-1] + 1 if block.size else 1)
                np.maximum.at(best, block, miss)
                total += float(best.sum())
        return float(1.0 - np.exp(-total))


def _close(edges: F64, closed: NDArray[np.bool_]) -> F64:
    """Put infinity where a step leaves the grid or enters a closed cell."""
    rows, cols = closed.shape
    for k, (dr, dc) in enumerate(STEPS):
        far = np.ones_like(closed)
        r0, c0, c1 = dr, max(dc, 0), cols + min(dc, 0)
        far[: rows - r0, c0 - dc : c1 - dc] = closed[r0:, c0:c1]
        edges[k][closed | far] = np.inf
    return edges


def edge_exposure(pd: F32, weight: F64, looks_per_cell: float) -> F64:
    """Return the exposure of every step (4, rows, cols): sum over sensors of weight x looks x -log(1 - mean Pd).

    >>> p = np.full((1, 1, 2), 0.5, np.float32)
    >>> round(float(edge_exposure(p, np.ones(1), 2.0)[0, 0, 0]), 4)
    1.3863
    """
    rows, cols = pd.shape[1:]
    out = np.zeros((4, rows, cols))
    if len(pd):
        _edge_exposure(np.ascontiguousarray(pd), np.ascontiguousarray(weight, np.float64), looks_per_cell, out)
    return out


def edge_exposure_ref(pd: F32, weight: F64, looks_per_cell: float) -> F64:
    """Return the same from the probability that all looks of a step miss (a product, not a sum of logarithms)."""
    out = np.zeros((4, *pd.shape[1:]))
    for k, (dr, dc) in enumerate(STEPS):
        rows, cols = pd.shape[1:]
        here = pd[:, : rows - dr, max(-dc, 0) : cols - max(dc, 0)].astype(float)
        there = pd[:, dr:, max(dc, 0) : cols + min(dc, 0)].astype(float)
        miss = np.prod((1.0 - np.minimum((here + there) / 2, PD_MAX)) ** weight[:, None, None], axis=0)
        out[k, : rows - dr, max(-dc, 0) : cols - max(dc, 0)] = -np.log(miss) * _LENGTHS[k] * looks_per_cell
    return out


@kernel
def _edge_exposure(pd: F32, weight: F64, looks_per_cell: float, out: F64) -> None:
    rows, cols = pd.shape[1], pd.shape[2]
    for s in range(pd.shape[0]):
        for k in range(4):
            dr = 0 if k == 0 else 1
            dc = 1 if k == 0 or k == 2 else (0 if k == 1 else -1)
            scale = weight[s] * looks_per_cell * (1.0 if k < 2 else np.sqrt(2.0))
            for r in range(rows - dr):
                for c in range(max(-dc, 0), cols - max(dc, 0)):
                    p = 0.5 * (float(pd[s, r, c]) + float(pd[s, r + dr, c + dc]))
                    if p > 0.0:
                        out[k, r, c] -= scale * np.log(1.0 - min(p, 0.99))


@kernel
def _route_exposure(pd: F32, cells: I64, looks: F64, out: F64) -> None:
    for s in range(pd.shape[0]):
        total = 0.0
        before = float(pd[s, cells[0, 0], cells[0, 1]])
        for i in range(looks.size):
            after = float(pd[s, cells[i + 1, 0], cells[i + 1, 1]])
            p = 0.5 * (before + after)
            if p > 0.0:
                total -= looks[i] * np.log(1.0 - min(p, 0.99))
            before = after
        out[s] = total


def route_exposure(pd: F32, cells: I64, looks: F64) -> F64:
    """Return what each sensor adds along a route: (sensors,) from cells (m, 2) and looks of its m - 1 steps.

    >>> route_exposure(np.full((1, 1, 2), 0.5, np.float32), np.array([[0, 0], [0, 1]]), np.array([2.0])).round(4)
    array([1.3863])
    """
    out = np.zeros(pd.shape[0])
    if len(cells) > 1 and len(pd):
        _route_exposure(np.ascontiguousarray(pd), cells, looks, out)
    return out
