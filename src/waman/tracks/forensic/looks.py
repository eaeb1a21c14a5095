"""The log of looks: when a track was expected to be seen, when it was missed, and whether a miss means anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from waman.geo.time import us_text


@dataclass(frozen=True)
class Silence:
    """A run of looks without a plot of one track; ``expected`` is the sum of their detection probabilities."""

    track: int
    start_us: int
    end_us: int
    looks: int
    pd_max: float
    expected: float

    @property
    def text(self) -> str:
        """Return the sentence a reader gets."""
        span = f"between {us_text(self.start_us)[11:19]} and {us_text(self.end_us)[11:19]} UTC"
        if not np.isfinite(self.pd_max):
            return f"{self.looks} looks {span}; what could have been seen there is unknown"
        if self.pd_max <= 0.1:
            return f"{self.looks} looks {span}, none had Pd above 0.1: masked, no evidence of absence"
        return f"{self.looks} looks {span}, {self.expected:.1f} detections expected, none came"


def silences(tracks: pa.Table) -> list[Silence]:
    """Return every run of undetected looks of a tracks table, in order of track and time.

    >>> from waman import tables
    >>> silences(tables.empty("tracks"))
    []
    """
    track, time = tracks["track"].to_numpy(), tracks["time"].cast(pa.int64()).to_numpy()
    seen = tracks["detected"].to_numpy(zero_copy_only=False).astype(bool)
    pd = tracks["pd"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    order = np.lexsort((time, track))
    out: list[Silence] = []
    missed = np.flatnonzero(~seen[order])
    if not len(missed):
        return out
    at = order[missed]
    cut = np.flatnonzero((np.diff(missed) > 1) | (np.diff(track[at]) != 0)) + 1
    for run in np.split(at, cut):
        known = pd[run][np.isfinite(pd[run])]
        top = float(known.max()) if len(known) else float("nan")
        first, last = int(time[run[0]]), int(time[run[-1]])
        out.append(Silence(int(track[run[0]]), first, last, len(run), top, float(known.sum())))
    return out
