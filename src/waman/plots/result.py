"""What every reader returns: columns, what it found, and what was wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from waman import tables
from waman.errors import Problems


@dataclass(frozen=True)
class Decoded:
    """The outcome of reading one file or stream batch. Never half trusted: rows and problems together.

    ``format`` is the recognised format (``asterix``, ``beast``, ...); ``summary`` maps what a person
    wants counted (``"CAT048 records"``, ``"sensors"``) to numbers or short texts, in print order.
    """

    format: str
    plots: pa.Table = field(default_factory=lambda: tables.empty("plots"))
    availability: pa.Table = field(default_factory=lambda: tables.empty("availability"))
    reports: pa.Table = field(default_factory=lambda: tables.empty("reports"))
    problems: Problems = field(default_factory=Problems)
    summary: dict[str, object] = field(default_factory=dict)
