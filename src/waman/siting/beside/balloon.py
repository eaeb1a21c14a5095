"""The balloon effect: where the flow would go once a plan stands, and what that costs in distance and payload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waman.siting.problem import Problem, Route

F64 = NDArray[np.float64]

FUEL_KG_PER_KM = 0.155
"""57 l/h (15 US gal/h, a Cessna 206 at 75 % power) x 0.72 kg/l / 265 km/h (143 kt): fuel that displaces load."""
COARSE_DEG = 0.5
"""Outside the workspace routes are told only as shares of flights over cells of this size."""


@dataclass(frozen=True)
class Moved:
    """One strip's flights before and after: way flown [km], Pd if nobody had moved, Pd after, payload lost [kg]."""

    strip: int
    share: float
    before_km: float
    after_km: float
    promised_pd: float
    pd: float
    payload_lost_kg: float


@dataclass(frozen=True)
class Balloon:
    """All strips, and the share of flights over each coarse cell before and after (south, west corner [deg])."""

    strips: list[Moved]
    cells: dict[tuple[float, float], tuple[float, float]]

    def summary(self) -> dict[str, float]:
        """Return means over flights: extra distance [km] and share, payload lost [kg], flights that move at all."""
        share = np.array([m.share for m in self.strips])
        extra = np.array([m.after_km - m.before_km for m in self.strips])
        before = np.array([m.before_km for m in self.strips])
        lost = np.array([m.payload_lost_kg for m in self.strips])
        return {
            "extra_km": float(share @ extra),
            "extra_share": float(share @ extra / max(share @ before, 1e-9)),
            "payload_lost_kg": float(share @ lost),
            "cells_left": float(sum(1 for b, a in self.cells.values() if a < 0.5 * b)),
            "cells_gained": float(sum(1 for b, a in self.cells.values() if b < 0.5 * a)),
        }


def balloon(
    problem: Problem, x: F64, to_degrees: Callable[[NDArray[np.int64]], Any], *, shares: F64 | None = None
) -> Balloon:
    """Return where the flow of every strip goes under plan ``x``; ``shares`` (strips,) of flights, default equal.

    ``to_degrees`` turns cells (k, 2) into [lon, lat] pairs.
    """
    weight = np.full(problem.strips.size, 1.0 / max(problem.strips.size, 1)) if shares is None else shares
    before = {int(r.nodes[0]): r for r in problem.best_routes(np.zeros(problem.candidates))[1]}
    after = {int(r.nodes[0]): r for r in problem.best_routes(x)[1]}
    strips = []
    cells: dict[tuple[float, float], tuple[float, float]] = {}
    for k, node in enumerate(problem.strips):
        if int(node) not in before or int(node) not in after:
            continue
        old, new, share = before[int(node)], after[int(node)], float(weight[k])
        extra = new.length_km - old.length_km
        strips.append(
            Moved(
                k, share, old.length_km, new.length_km, problem.detection(old, x), problem.detection(new, x),
                max(extra, 0.0) * FUEL_KG_PER_KM,
            )
        )  # fmt: skip
        for side, route in enumerate((old, new)):
            for cell in _coarse(problem, route, to_degrees):
                both = list(cells.get(cell, (0.0, 0.0)))
                both[side] += share
                cells[cell] = (both[0], both[1])
    return Balloon(strips, cells)


def _coarse(problem: Problem, route: Route, to_degrees: Callable[[NDArray[np.int64]], Any]) -> set[tuple[float, float]]:
    """Return the coarse cells a route touches, by their south-west corners."""
    points = np.asarray(to_degrees(problem.cells(route)), float)
    corners = np.floor(points[:, ::-1] / COARSE_DEG) * COARSE_DEG
    return {(float(la), float(lo)) for la, lo in corners}
