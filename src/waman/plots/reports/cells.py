"""Cells: the coarse place that stands for an observer. Some 5 km wide at every latitude.

A cell is written as its centre, ``"-12.325,-74.275"``, so that it can be drawn without a table.
It hides a house in a valley of houses; it does not hide the only house of a cell, and whoever
publishes reports must still ask :mod:`waman.access`.
"""

from __future__ import annotations

import math
import re

CELL_DEG = 0.05  # 5.5 km of latitude

_CELL = re.compile(r"^\s*(-?\d{1,2}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)\s*$")


def cell(*, lat_deg: float, lon_deg: float) -> str:
    """Return the cell a position lies in; cells double in longitude where meridians close in.

    >>> cell(lat_deg=-12.3456, lon_deg=-74.2891)
    '-12.325,-74.275'
    >>> cell(lat_deg=-12.325, lon_deg=-74.275)
    '-12.325,-74.275'
    """
    lat = min((math.floor(lat_deg / CELL_DEG) + 0.5) * CELL_DEG, 90.0 - CELL_DEG / 2)
    width = CELL_DEG * 2.0 ** round(math.log2(1.0 / math.cos(math.radians(lat))))
    lon = (math.floor(lon_deg / width) + 0.5) * width
    return f"{lat:.3f},{lon:.3f}"


def cell_centre(text: str) -> tuple[float, float] | None:
    """Return latitude and longitude [deg] of the centre of a cell, or None for any other text.

    >>> cell_centre("-12.325,-74.275"), cell_centre("my house")
    ((-12.325, -74.275), None)
    """
    found = _CELL.match(text)
    if not found:
        return None
    lat, lon = float(found[1]), float(found[2])
    return (lat, lon) if abs(lat) <= 90.0 and abs(lon) <= 180.0 else None
