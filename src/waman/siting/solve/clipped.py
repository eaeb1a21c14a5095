"""The adversary's answer to clipped rows: routes that pass close to a few fractional sensors and by no others.

On a fractional plan such a route seems dear, since much of a sensor is seen on it. In its row each sensor gives no
more than the route needs (:mod:`waman.siting.solve.rows`), and the row is missed. The least clipped cost over all
routes is no shortest path, but it falls step by step: a sensor that gives a route all it needs is taken as paid,
whatever more it sees; the cheapest route under the others' exposure alone is no dearer, clipped, than the one before
(majorisation; Hunter and Lange, 2004).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waman.siting.problem import Problem, Route, View
from waman.siting.solve.rows import NEED_MIN
from waman.terrain.graph import ways

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
B1 = NDArray[np.bool_]

TURNS_MAX = 4
STRIPS_MAX = 3
SHARE_MIN = 1e-9


def clipped_routes(
    problem: Problem, view: View, x: F64, taken: B1, *, target: float, starts: I64, miss: float
) -> list[Route]:
    """Return routes whose clipped rows ``x`` misses by more than ``miss``, each start with one sensor taken as paid.

    ``x`` (candidates,) is the fractional plan, 1 where ``taken``; ``starts`` are sensors of which it holds a share.
    """
    free, out = (x > SHARE_MIN) & ~taken, []
    for start in starts:
        paid = np.zeros(x.size, bool)
        paid[start] = True
        for _ in range(TURNS_MAX):
            back = ways(view.graph, view.seen.added(view.fixed, np.where(paid, 0.0, x)), view.exits)
            reach = back.distance[view.strips]
            least, best = np.inf, paid
            for strip in np.argsort(reach, kind="stable")[:STRIPS_MAX]:
                nodes, steps = back.path_to(int(view.strips[strip]))
                exposure = view.seen.along(steps)
                need = target - float(view.fixed[steps].sum() + exposure[taken].sum())
                if not steps.size or need <= NEED_MIN * target:
                    continue
                given = float(np.minimum(exposure[free], need) @ x[free]) / need
                if given < 1.0 - miss:
                    out.append(problem.route(view, nodes, steps))
                if given < least:
                    least, best = given, free & (exposure >= need)
            if (best == paid).all():
                break
            paid = best
    return [r for r in out if r.length_km <= problem.range_max_km]
