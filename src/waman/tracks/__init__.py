"""Plots to tracks: one probabilistic tracker for radar, transponders and gaps.

Public names: :func:`track` (a table of plots in, a table of tracks out), :class:`Tracker` (the same, live),
:class:`Params` (its tuning).
"""

from waman.tracks.api import track
from waman.tracks.core.state import Params
from waman.tracks.tracker import Tracker

__all__ = ["Params", "Tracker", "track"]
