"""Whether any plan reaches a target: a search that ends with such a plan, or with the proof that there is none.

Parts of the choice (some sensors taken, some left out) are closed where the rows of the target
(:mod:`waman.siting.solve.rows`) need more than the budget, by proof (:mod:`waman.siting.solve.relaxed`). Otherwise the
adversary answers the fractional point with new routes; where he has none, the part is split by the sensor whose two
answers raise the need most (strong branching, Applegate and others, 1995), tried with few steps of the solver.
Source: covering decomposition of Israeli and Wood, "Shortest-path network interdiction" (2002).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from waman.siting.solve.bound import Shop
from waman.siting.solve.pool import Pool
from waman.siting.solve.relaxed import Least, Relaxed
from waman.siting.solve.rows import Cover

F64 = NDArray[np.float64]
B1 = NDArray[np.bool_]
Verdict = Literal["none", "reached", "open"]

TOO_DEAR = 1.0 + 1e-7
ROWS_A_SOLVE = 8
ROWS_AT_ROOT = 30
SOLVES_MAX = 40
MISS = 0.03
MISS_AT_ROOT = 1e-3
MISS_WHOLE = 1e-6
ROOT_TURNS = 60
ROOT_RISE = 1e-3
"""Where new routes raise the need of the whole by less, rounded rows are added too."""
ASKED_MAX, MADE_MAX = 2, 2
"""So often at most the adversary is asked about a part, and rows are rounded for it: then splitting it tells more."""
TRIED = 8
TRIED_STEPS = 60
TRUSTED = 4
"""After so many trials of a sensor their mean is believed."""
KEPT_MAX = 2000
WHOLE = 1e-5


@dataclass
class Gains:
    """By how much the need rose where a sensor was left out or taken. State: sums and counts (2, candidates)."""

    total: F64
    times: F64

    @classmethod
    def none(cls, candidates: int) -> Gains:
        """Return it before any trial."""
        return cls(np.zeros((2, candidates)), np.zeros((2, candidates)))


@dataclass
class Decision:
    """One target. State: the program, the parts still open, the rounded rows made.

    ``ask`` looks for new routes against a fractional plan with sensors taken (few or many) and says how many it found;
    ``judge`` gives the value of a whole plan and learns its routes; ``best`` is the value of the best plan known;
    ``stop`` says that time is over.
    """

    pool: Pool
    shop: Shop
    target: float
    gains: Gains
    ask: Callable[[F64, B1, bool], int]
    judge: Callable[[F64], float]
    best: Callable[[], float]
    stop: Callable[[], bool]
    parts: int = 0
    open: list[tuple[B1, B1]] = field(default_factory=list)

    def __post_init__(self) -> None:
        n = self.shop.cost.size
        self.cover = Cover(self.pool, self.target)
        self.relaxed = Relaxed(self.shop)
        self.made = np.zeros((n, 0))
        self.rng = np.random.default_rng(1)
        self.open = [(np.zeros(n, bool), np.zeros(n, bool))]

    def run(self, parts_max: int) -> Verdict:
        """Return "none" where it is proved that no plan reaches the target, "open" where something ended it before."""
        if not self.root():
            self.open.clear()
        while self.open:
            if self.stop() or self.parts >= parts_max:
                return "open"
            if self.part(*self.open.pop()) or self.best() >= self.target:
                return "reached"
        return "none"

    # the whole ----------------------------------------------------------------------------------------------

    def root(self) -> bool:
        """Gather routes and rounded rows against the whole choice; False where they prove it too dear already."""
        taken, out = self.open[0]
        needed = 0.0
        for _ in range(ROOT_TURNS):
            found, tight = self.settled(taken, out, ROWS_AT_ROOT, MISS_AT_ROOT)
            if found.needed > TOO_DEAR:
                return False
            if self.stop() or self.best() >= self.target:
                break
            rise, needed = found.needed - needed, found.needed
            asked = self.ask(found.x, taken, True)
            if asked and rise > ROOT_RISE:
                continue
            rows = self.cover.rounded(taken, found.x, tight, ROWS_AT_ROOT, self.rng)
            self.keep(rows)
            if not asked and not len(rows):
                break
        return True

    # a part -------------------------------------------------------------------------------------------------

    def part(self, taken: B1, out: B1) -> bool:
        """Close a part or split it; whether a plan in it reaches the target."""
        self.parts += 1
        asked, made = 0, 0
        for _ in range(SOLVES_MAX):
            free = self.shop.open_to(taken, out)
            found, tight = self.settled(taken, ~taken & ~free, ROWS_A_SOLVE, MISS)
            if found.needed > TOO_DEAR:
                return False
            if self.stop():
                self.open.append((taken, out))
                return False
            taken, out = self.fixed(taken, out, free, found)
            free = self.shop.open_to(taken, out)
            if not free.any():
                return self.judge(taken.astype(float)) >= self.target
            shares = np.flatnonzero(free & (found.x > WHOLE) & (found.x < 1.0 - WHOLE))
            if not shares.size:
                reached, learned = self.whole(taken, found.x > 0.5)
                if reached or not learned:
                    self.split(taken, out, int(np.where(free, found.x, -1.0).argmax()))
                    return reached
                continue
            if asked < ASKED_MAX and self.ask(found.x, taken, False):
                asked += 1
                continue
            if made < MADE_MAX:
                rows = self.cover.rounded(taken, found.x, tight, ROWS_A_SOLVE, self.rng)
                if len(rows):
                    made += 1
                    self.keep(rows)
                    continue
            best, taken_, out_ = self.tried(
                taken, out, found, shares[np.argsort(-found.x[shares], kind="stable")[:TRIED]]
            )
            if (taken_ == taken).all() and (out_ == out).all():
                self.split(taken, out, best)
                return False
            taken, out = taken_, out_
        free = self.shop.open_to(taken, out)  # whatever the solver answers, a part ends
        if not free.any():
            return self.judge(taken.astype(float)) >= self.target
        self.split(taken, out, int(np.where(free, found.x, -1.0).argmax()))
        return False

    def split(self, taken: B1, out: B1, i: int) -> None:
        """Open both halves; the one that takes the sensor is looked at first."""
        for side in (out, taken):
            half = side.copy()
            half[i] = True
            self.open.append((taken, half) if side is out else (half, out))

    def whole(self, taken: B1, plan: B1) -> tuple[bool, bool]:
        """Judge a whole plan; whether it reaches the target, and whether a row that it misses was learned."""
        reached = self.judge(plan.astype(float)) >= self.target
        rows = self.cover.lacking(taken, plan.astype(float), ROWS_A_SOLVE, MISS_WHOLE)
        self.relaxed.add(rows)
        return reached, bool(len(rows))

    def settled(self, taken: B1, out: B1, count: int, miss: float) -> tuple[Least, F64]:
        """Solve until the point keeps all rows held, or they need more than there is; with the rows that bind."""
        self.relaxed.limits(taken.astype(float), (~out).astype(float))
        for _ in range(SOLVES_MAX):
            found = self.relaxed.solve()
            if found.needed > TOO_DEAR:
                break
            rows = self.cover.lacking(taken, found.x, count, miss)
            used = np.flatnonzero(found.x > WHOLE)
            lacking = 1.0 - found.x[used] @ self.made[used]
            again = np.argsort(-lacking, kind="stable")[:count]
            rows = np.vstack((rows, self.made[:, again[lacking[again] > miss]].T))
            if not len(rows):
                break
            self.relaxed.add(rows)
        if len(found.share) == len(self.relaxed.rows):
            tight = self.relaxed.tight(found)
            self.relaxed.tidy()
        else:
            tight = np.zeros((0, taken.size))
        return found, tight

    def keep(self, rows: F64) -> None:
        """Add rounded rows, which hold for every part, and keep them for the parts to come."""
        self.made = np.hstack((self.made, rows.T))[:, -KEPT_MAX:]
        self.relaxed.add(rows)

    def fixed(self, taken: B1, out: B1, free: B1, found: Least) -> tuple[B1, B1]:
        """Fix what multipliers fix: a change of mind would cost more than there is."""
        room = TOO_DEAR - found.needed
        return taken | (free & (-found.reduced > room)), out | (free & (found.reduced > room))

    def tried(self, taken: B1, out: B1, found: Least, who: NDArray[np.int64]) -> tuple[int, B1, B1]:
        """Try sensors both ways; return the one that raises the need most, and what the trials fixed on their way."""
        taken, out, room = taken.copy(), out.copy(), TOO_DEAR - found.needed
        stand, best, most = self.relaxed.program.basis(), int(who[0]), -1.0
        limits = self.relaxed.lower, self.relaxed.upper
        self.relaxed.program.hurry(TRIED_STEPS)
        for i in who:
            rise = [self._tried(int(i), side, found, limits, stand, taken, out) for side in (0, 1)]
            score = max(min(rise[0], room), 1e-7) * max(min(rise[1], room), 1e-7)
            if score > most:
                best, most = int(i), score
        self.relaxed.program.hurry(None)
        return best, taken, out

    def _tried(
        self, i: int, side: int, found: Least, limits: tuple[F64, F64], stand: object, taken: B1, out: B1
    ) -> float:
        total, times = self.gains.total, self.gains.times
        if times[side, i] >= TRUSTED:
            return float(total[side, i] / times[side, i])
        lower, upper = limits[0].copy(), limits[1].copy()
        (lower if side else upper)[i] = float(side)
        self.relaxed.limits(lower, upper)
        trial = self.relaxed.solve(trial=True)
        if trial.needed > TOO_DEAR:
            (out if side else taken)[i] = True
        rise = max(trial.needed - found.needed, 0.0)
        total[side, i] += rise
        times[side, i] += 1.0
        self.relaxed.limits(*limits)
        self.relaxed.program.go_from(stand)
        return rise
