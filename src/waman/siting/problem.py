"""The siting problem: a network of steps, what each candidate would see on them, and the adversary's routes.

The adversary flies from any strip to any exit. A step of length l [km] between nodes u and v has the exposure

    l x looks_per_km x sum over sensors of -log(1 - min(Pd, 0.99)),  Pd the mean of both nodes,

because independent looks multiply their misses; theta is the least exposure + distance_weight x
length over all routes. Source: shortest-path network interdiction, Israeli and Wood (2002).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from waman.jit import kernel
from waman.terrain.graph import Graph, Ways, ways

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

PD_MAX = 0.99
BLOCK_KM = 5.0  # masking length: within it misses are taken as one (siting "worst_pd_block")
RANGE_TRIES = 14


@dataclass(frozen=True)
class Seen:
    """What every candidate adds on every step, kept twice: by candidate and by step; zeros are not kept.

    ``first[c]:first[c + 1]`` are candidate c's entries of ``step`` and ``weight``; ``by_first`` (steps + 1,),
    ``by_candidate`` and ``by_weight`` hold the same for each step.
    """

    first: I64
    step: I32
    weight: F64
    by_first: I64
    by_candidate: I32
    by_weight: F64

    @classmethod
    def of(cls, by_step: csr_matrix) -> Seen:
        """Return it from a matrix of weights (steps, candidates)."""
        by_step.sort_indices()
        turned = by_step.tocsc()
        return cls(
            turned.indptr.astype(np.int64),
            turned.indices.astype(np.int32),
            np.asarray(turned.data),
            by_step.indptr.astype(np.int64),
            by_step.indices.astype(np.int32),
            np.asarray(by_step.data),
        )

    @property
    def by_step(self) -> csr_matrix:
        """The same as a matrix of weights (steps, candidates)."""
        return csr_matrix(
            (self.by_weight, self.by_candidate, self.by_first), shape=(self.by_first.size - 1, self.candidates)
        )

    @property
    def candidates(self) -> int:
        """Number of candidates."""
        return self.first.size - 1

    def added(self, fixed: F64, x: F64) -> F64:
        """Return ``fixed`` (steps,) and what a plan ``x`` (candidates,), fractional allowed, adds to it."""
        out = fixed.copy()
        _add(self.first, self.step, self.weight, np.ascontiguousarray(x, np.float64), out)
        return out

    def along(self, steps: I64) -> F64:
        """Return what every candidate alone adds on ``steps`` together (candidates,)."""
        out = np.zeros(self.candidates)
        _along(self.by_first, self.by_candidate, self.by_weight, steps, out)
        return out


@dataclass(frozen=True)
class Route:
    """One route of the adversary, and what every candidate would add on it."""

    nodes: I64  # (k + 1,) from strip to exit
    steps: I64  # (k,)
    length_km: float
    exposure: F64  # (candidates,) what each candidate alone adds
    kept_exposure: float  # what the existing sensors give
    fixed: float  # what it costs the adversary before any new sensor

    @property
    def key(self) -> bytes:
        """The nodes as bytes: two routes are one when these are equal."""
        return self.nodes.tobytes()


@dataclass(frozen=True)
class View:
    """A graph to look for routes on: the network itself, or fewer of its nodes with steps that are several of its own.

    ``parts`` (steps, k) are the network's steps each step stands for, from its first end to its second, -1 for none;
    ``node`` (nodes,) their numbers in the network. ``length_km``, ``fixed`` and ``seen`` are those of its steps.
    Every route found on a view is a route of the network.
    """

    graph: Graph
    parts: I32
    node: I64
    strips: I64
    exits: I64
    length_km: F64
    fixed: F64
    seen: Seen

    def unfolded(self, nodes: I64, steps: I64, ends: I32) -> tuple[I64, I64]:
        """Return a way as nodes and steps of the network, whose ``ends`` are given."""
        if self.parts.shape[1] == 1:
            return nodes, steps
        forward = self.graph.ends[steps, 0] == nodes[:-1]
        parts = np.where(forward[:, None], self.parts[steps], self.parts[steps][:, ::-1]).ravel()
        fine = parts[parts >= 0].astype(np.int64)
        out = np.empty(fine.size + 1, np.int64)
        _walk(int(self.node[nodes[0]]), fine, ends, out)
        return out, fine


@dataclass(frozen=True)
class Problem:
    """What is fixed: network, candidates and adversary. Values only; all methods are pure.

    ``pd`` is (candidates, nodes) float32, detection probability per scan at each node's height; ``shape`` (bands,
    rows, cols) numbers the nodes; ``length_km``, ``kept`` (exposure to sensors already there) and ``fixed`` (that
    and distance) are (steps,); ``cost`` and ``site`` (candidates,): candidates of one site exclude each other
    (sensor types); ``strips`` and ``exits`` are node numbers. ``range_max_km`` is the longest route fuel allows.
    """

    graph: Graph
    shape: tuple[int, int, int]
    length_km: F64
    kept: F64
    fixed: F64
    seen: Seen
    pd: F32
    cost: F64
    site: I64
    strips: I64
    exits: I64
    looks_per_km: float
    distance_weight_per_km: float
    range_max_km: float = np.inf

    @property
    def candidates(self) -> int:
        """Number of candidates."""
        return self.seen.candidates

    @cached_property
    def view(self) -> View:
        """The network itself."""
        own = np.arange(len(self.graph.ends), dtype=np.int32)[:, None]
        every = np.arange(self.graph.nodes)
        return View(self.graph, own, every, self.strips, self.exits, self.length_km, self.fixed, self.seen)

    @cached_property
    def lengths_min_km(self) -> F64:
        """Length (strips,) of the shortest route from each strip to any exit."""
        return np.asarray(ways(self.graph, self.length_km, self.exits).distance[self.strips])

    @property
    def length_min_km(self) -> float:
        """Length of the shortest route from any strip to any exit."""
        return float(self.lengths_min_km.min(initial=np.inf))

    def step_costs(self, x: F64) -> F64:
        """Return what every step costs the adversary under a plan ``x`` (candidates,), fractional allowed."""
        return self.seen.added(self.fixed, x)

    def worst(self, x: F64) -> tuple[float, Route]:
        """Return theta under ``x`` and the adversary's best route."""
        theta, routes = self.best_routes(x)
        return theta, routes[0]

    def best_routes(self, x: F64, view: View | None = None) -> tuple[float, list[Route]]:
        """Return theta and one best route from every strip that has one, the best first; on a ``view``, its own.

        Where fuel limits the route, theta is a proved lower bound of the adversary's best (Lagrange multiplier on
        length) and the routes are all within the limit; the difference is part of every gap told.
        """
        on = view if view is not None else self.view
        costs = on.seen.added(on.fixed, x)
        if not np.isfinite(self.range_max_km):
            return self._answers(on, ways(on.graph, costs, on.exits))
        return self._within_range(on, costs, x)

    def _answers(self, on: View, back: Ways) -> tuple[float, list[Route]]:
        # from the exits back to every strip: one search gives a route for each
        reach = back.distance[on.strips]
        order = [int(i) for i in np.argsort(reach, kind="stable") if np.isfinite(reach[i])]
        routes = [self.route(on, *back.path_to(int(on.strips[i]))) for i in order]
        return float(reach.min(initial=np.inf)), routes

    def _within_range(self, on: View, costs: F64, x: F64) -> tuple[float, list[Route]]:
        """Bisect the multiplier of length: ``min cost + m (length - range)`` is a bound for every m >= 0."""
        limit, low, high, bound = self.range_max_km, 0.0, np.nan, 0.0
        found: dict[bytes, tuple[float, Route]] = {}
        multiplier = 0.0
        for _ in range(RANGE_TRIES):
            theta, routes = self._answers(on, ways(on.graph, costs + multiplier * on.length_km, on.exits))
            if not routes:
                return np.inf, []
            bound = max(bound, theta - multiplier * limit)
            for route in routes:
                if route.length_km <= limit + 1e-9:
                    found[route.key] = (self.value(route, x), route)
            if routes[0].length_km <= limit + 1e-9:
                if multiplier == 0.0:
                    break
                high = multiplier
            else:
                low = multiplier
            multiplier = max(4.0 * low, 1e-3) if np.isnan(high) else 0.5 * (low + high)
            if multiplier > 1e6:
                break
        best = sorted(found.values(), key=lambda pair: pair[0])
        if not best:
            return np.inf, []
        return min(bound, best[0][0]), [route for _, route in best]

    def many_routes(self, x: F64, below: float, count: int, view: View | None = None) -> tuple[float, list[Route]]:
        """Return theta and up to ``count`` unlike routes that cost less than ``below``: cuts by the batch.

        Through any node leads a cheapest route, its cost known from one search from each end; nodes are taken by
        that cost, and those near a route already taken are passed over.
        """
        on = view if view is not None else self.view
        costs = on.seen.added(on.fixed, x)
        theta, routes = self._answers(on, back := ways(on.graph, costs, on.exits))
        routes = [r for r in routes if self.value(r, x) < below]
        out = ways(on.graph, costs, on.strips)
        through = out.distance + back.distance
        taken = np.zeros(self.shape, bool)
        for route in routes:
            self._mark(taken, route.nodes)
        near = np.flatnonzero(through < below)
        for node in near[np.argsort(through[near], kind="stable")]:
            if len(routes) >= count:
                break
            if taken.ravel()[on.node[node]]:
                continue
            there, onward = back.path_to(int(node)), out.path_to(int(node))
            nodes = np.concatenate((there[0], onward[0][::-1][1:]))
            route = self.route(on, nodes, np.concatenate((there[1], onward[1][::-1])))
            self._mark(taken, route.nodes)
            if np.unique(nodes).size == nodes.size:
                routes.append(route)
        return theta, [r for r in routes if r.length_km <= self.range_max_km]

    def _mark(self, taken: NDArray[np.bool_], nodes: I64) -> None:
        _, row, col = np.unravel_index(nodes, self.shape)
        for dr in (-1, 0, 1):
            for dc in (-1, 0, 1):
                taken[:, np.clip(row + dr, 0, self.shape[1] - 1), np.clip(col + dc, 0, self.shape[2] - 1)] = True

    def route(self, on: View, nodes: I64, steps: I64) -> Route:
        """Return the route whose nodes and steps are given from exit to strip."""
        fine_nodes, fine_steps = on.unfolded(nodes, steps, self.graph.ends)
        return self.along(fine_nodes[::-1].copy(), fine_steps[::-1].copy())

    def along(self, nodes: I64, steps: I64) -> Route:
        """Return a route from strip to exit with its length and what every candidate adds on it."""
        exposure = self.seen.along(steps)
        sums = (float(v[steps].sum()) for v in (self.length_km, self.kept, self.fixed))
        length_km, kept, fixed = sums
        return Route(nodes, steps, length_km, exposure, kept, fixed)

    def cells(self, route: Route) -> I64:
        """Return rows and columns (k + 1, 2) of a route's nodes."""
        _, row, col = np.unravel_index(route.nodes, self.shape)
        return np.column_stack((row, col))

    def value(self, route: Route, x: F64) -> float:
        """Return exposure + distance_weight x length of a route under ``x``."""
        return float(route.fixed + route.exposure @ x)

    def detection(self, route: Route, x: F64) -> float:
        """Return the probability that a flight along a route is detected under ``x``."""
        return float(1.0 - np.exp(-(route.kept_exposure + route.exposure @ x)))

    def detection_block(self, route: Route, x: F64) -> float:
        """Return that probability where misses within BLOCK_KM are one: each block counts its best step only.

        The pessimistic companion of :meth:`detection`: masking along a valley is not independent. The sensors
        already there count as one.
        """
        lengths = self.length_km[route.steps]
        block = np.floor((np.cumsum(lengths) - 0.5 * lengths) / BLOCK_KM).astype(int)
        blocks = int(block[-1]) + 1 if block.size else 1
        total, chosen = 0.0, np.flatnonzero(x > 0.5)
        for rows in [self.kept[route.steps], *(self._of(int(c), route.steps) for c in chosen)]:
            best = np.zeros(blocks)
            np.maximum.at(best, block, rows)
            total += float(best.sum())
        return float(1.0 - np.exp(-total))

    def _of(self, candidate: int, steps: I64) -> F64:
        """Return what one candidate adds on each of ``steps``."""
        mine = slice(self.seen.first[candidate], self.seen.first[candidate + 1])
        at = np.searchsorted(self.seen.step[mine], steps)
        at = np.minimum(at, max(self.seen.step[mine].size - 1, 0))
        if not self.seen.step[mine].size:
            return np.zeros(steps.size)
        return np.where(self.seen.step[mine][at] == steps, self.seen.weight[mine][at], 0.0)


@kernel
def _add(first: I64, step: I32, weight: F64, x: F64, out: F64) -> None:
    for c in range(x.size):
        if x[c] > 1e-9:
            for i in range(first[c], first[c + 1]):
                out[step[i]] += x[c] * weight[i]


@kernel
def _walk(start: int, steps: I64, ends: I32, out: I64) -> None:
    out[0] = start
    for k in range(steps.size):
        out[k + 1] = ends[steps[k], 0] + ends[steps[k], 1] - out[k]


@kernel
def _along(by_first: I64, by_candidate: I32, by_weight: F64, steps: I64, out: F64) -> None:
    for k in range(steps.size):
        for i in range(by_first[steps[k]], by_first[steps[k] + 1]):
            out[by_candidate[i]] += by_weight[i]
