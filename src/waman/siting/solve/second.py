"""A second process that decides parts of the same target.

It starts as a copy of this one, with all its routes and rows, and works on the parts handed to it; what it learns comes
back when it has none left. Each of the two hands parts over when the other has none, the oldest first: those are the
largest. Where a process cannot be copied (no fork) or there is one core, there is no second.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from waman.siting.solve.decide import Decision

B1 = NDArray[np.bool_]
Parts = list[tuple[B1, B1]]

WAIT_S = 0.05


def can_help() -> bool:
    """Return whether this process can be copied and has more than one core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores > 1 and "fork" in multiprocessing.get_all_start_methods()


class Second:
    """The second process, seen from the first. State: the process, the pipe to it, whether it has parts.

    A context: at its end the process is ended, whatever it is at.
    """

    def __init__(self, decision: Decision) -> None:
        self.decision, self.busy, self.asked = decision, False, False
        context = multiprocessing.get_context("fork")
        self.pipe, far = context.Pipe()
        self.process = context.Process(target=_serve, args=(decision, far), daemon=True)
        self.process.start()
        far.close()

    def __enter__(self) -> Second:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def share(self) -> None:
        """Hand over or take back parts, and take what the other has learned; waits a moment where there is no part."""
        mine = self.decision.open
        if self.busy and not mine and not self.asked:
            self.pipe.send(None)
            self.asked = True
        while self.busy and self.pipe.poll(0.0 if mine else WAIT_S):
            self._take(*self.pipe.recv())
        if not self.busy and len(mine) > 1:
            self.pipe.send(half(mine))
            self.busy, self.asked = True, False

    def _take(self, parts: Parts, done: dict[str, Any] | None) -> None:
        self.decision.open = parts + self.decision.open
        self.asked = False
        if done is not None:
            self.busy = False
            self.decision.parts += done["parts"]
            self.decision.pool.add(done["routes"])
            for plan in done["plans"]:
                self.decision.judge(plan)


def half(parts: Parts) -> Parts:
    """Take the older half of the parts out of a list and return it.

    >>> rest = [1, 2, 3]
    >>> half(rest), rest
    ([1], [2, 3])
    """
    given = parts[: len(parts) // 2]
    del parts[: len(parts) // 2]
    return given


def _serve(decision: Decision, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process hears of it, and ends this one
    decision.stop = lambda: False
    plans: list[Any] = []
    judge = decision.judge

    def noted(plan: Any) -> float:
        best, value = decision.best(), judge(plan)
        if value > best:
            plans.append(plan)
        return value

    decision.judge = noted
    while True:
        parts = pipe.recv()
        if parts is None:  # asked for parts when there were none any more
            continue
        decision.open, before, count = parts, len(decision.pool), decision.parts
        while decision.open:
            if pipe.poll() and pipe.recv() is None:
                pipe.send((half(decision.open), None))
            if decision.part(*decision.open.pop()) or decision.best() >= decision.target:
                break
        learned = {"parts": decision.parts - count, "routes": decision.pool.routes[before:], "plans": plans.copy()}
        plans.clear()
        pipe.send(([], learned))
