"""ASTERIX, the format of radar and tracking networks (EUROCONTROL-SPEC-0149): bytes to columns and back.

Open ``categories/cat048.py`` first (a table of the standard), then ``kernels.py`` (the walk), then
``decode.py`` (records to plots, availability and problems).
"""

from waman.plots.asterix.decode import decode, looks_like
from waman.plots.asterix.registry import CATEGORIES
from waman.plots.asterix.stream import Stream

__all__ = ["CATEGORIES", "Stream", "decode", "looks_like"]
