"""Frames the live tracker has run and may have to take back, because a plot of theirs is still on its way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from waman.tracks import prepare
from waman.tracks.core.motion import Floats
from waman.tracks.core.state import State

TIME_S, CLOSE_S, PLOTS, ROWS = range(4)
"""Columns of ``Step.frames``: when a frame was, when it closed, how many plots it used, how many rows it wrote."""


@dataclass
class Step:
    """Frames run one after the other.

    State: ``before`` (all the tracker remembered before them), ``plots`` (those they used) and ``rows`` (those they
    wrote), both frame by frame, ``frames`` (what of these is whose, see ``ROWS``), and ``settled``, how many of the
    frames are final: their rows were given, and when they are run again it is only for the state after them.

    >>> from waman.tracks.core.state import Params, empty_state
    >>> plots, rows = pa.table({"offset": [5, 6, 7]}), pa.table({"track": [1, 1]})
    >>> step = Step(empty_state(Params()), plots, rows, np.array([[0.5, 1.0, 2, 1], [1.5, 2.0, 1, 1]]), settled=1)
    >>> step.final().plots["offset"].to_pylist(), step.rest().plots["offset"].to_pylist()
    ([5, 6], [7])
    """

    before: State
    plots: pa.Table
    rows: pa.Table
    frames: Floats
    settled: int = 0

    def part(self, first: int, last: int) -> Step:
        """Return frames of this step, with their plots and rows (and the state before all of it)."""
        begin, end = (self.frames[:k, [PLOTS, ROWS]].sum(axis=0).astype(int) for k in (first, last))
        plots, rows = (t.slice(a, b - a) for t, a, b in zip((self.plots, self.rows), begin, end, strict=True))
        return Step(self.before, plots, rows, self.frames[first:last])

    def final(self) -> Step:
        """Return the frames that are final."""
        return self.part(0, self.settled)

    def rest(self) -> Step:
        """Return the frames that are not."""
        return self.part(self.settled, len(self.frames))

    def then(self, later: Step) -> Step:
        """Return this step and one run after it as one step."""
        plots, rows = (prepare.joined(two) for two in ([self.plots, later.plots], [self.rows, later.rows]))
        return Step(self.before, plots, rows, np.concatenate([self.frames, later.frames]), self.settled)
