"""Frames the live tracker has run and may have to take back, because a plot of theirs is still on its way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from waman import tables
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
    frames are final: their rows were given, no plot of theirs can come any more.
    """

    before: State
    plots: pa.Table
    rows: pa.Table
    frames: Floats
    settled: int = 0

    def then(self, later: Step) -> Step:
        """Return this step and one run after it as one step."""
        return Step(
            self.before,
            prepare.joined([self.plots, later.plots]),
            tables.concat("tracks", [self.rows, later.rows]),
            np.concatenate([self.frames, later.frames]),
            self.settled,
        )

    def number(self, column: int) -> int:
        """Return how many plots or rows belong to the settled frames."""
        return int(self.frames[: self.settled, column].sum())

    def settle(self, until_s: float) -> pa.Table:
        """Make frames that closed by ``until_s`` final; return their rows not yet given."""
        given = self.number(ROWS)
        self.settled = int(np.searchsorted(self.frames[:, CLOSE_S], until_s, side="right"))
        return self.rows.slice(given, self.number(ROWS) - given)

    @property
    def open_plots(self) -> pa.Table:
        """The plots of frames that are not final."""
        return self.plots.slice(self.number(PLOTS))

    @property
    def open_rows(self) -> pa.Table:
        """The rows of frames that are not final."""
        return self.rows.slice(self.number(ROWS))
