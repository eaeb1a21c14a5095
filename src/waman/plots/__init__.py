"""Bytes to plots: one reader a format, recognised by content.

``read(path)`` is the door: it returns plots, availability, reports and problems, and raises
only where nothing at all is readable. ``assign_lineage`` is called on all plots together.
"""

from waman.plots.lineage import assign as assign_lineage
from waman.plots.reader import read
from waman.plots.result import Decoded

__all__ = ["Decoded", "assign_lineage", "read"]
