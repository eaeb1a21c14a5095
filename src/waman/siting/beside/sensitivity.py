"""How much a plan's worth hangs on what is not known: target, height, terrain, and every single sensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.siting.problem import Problem

F64 = NDArray[np.float64]

RCS_M2 = (1.0, 2.0, 5.0)
HEIGHTS_AGL_M = (100.0, 200.0, 300.0, 500.0)
COARSER = (2.0, 4.0)


@dataclass(frozen=True)
class Case:
    """One changed assumption and the worst Pd of the same plan under it, the adversary answering anew."""

    what: str  # "rcs" | "height" | "terrain" | "without"
    value: str
    worst_pd: float


def sensitivity(
    rebuilt: Callable[[str, float], Problem], chosen: Sequence[str], *, told: Callable[[str], None] = lambda what: None
) -> list[Case]:
    """Return the cases for a plan.

    ``rebuilt(what, value)`` gives the problem of the chosen sensors alone under a changed assumption: ``rcs`` [m2],
    ``height`` [m above ground], ``terrain`` (cells of the ground so many times coarser).
    """
    out = []
    for what, values in (("rcs", RCS_M2), ("height", HEIGHTS_AGL_M), ("terrain", COARSER)):
        for value in values:
            problem = rebuilt(what, value)
            out.append(Case(what, f"{value:g}", _worst(problem, np.ones(problem.candidates))))
        told(what)
    problem = rebuilt("terrain", 1.0)
    for k, name in enumerate(chosen):
        x = np.ones(problem.candidates)
        x[k] = 0.0
        out.append(Case("without", name, _worst(problem, x)))
    return out


def _worst(problem: Problem, x: F64) -> float:
    return problem.detection(problem.worst(x)[1], x)
