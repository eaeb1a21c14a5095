"""The beam in elevation: limits, flat, cosecant-squared or from a file; outside it nothing is detected."""

from __future__ import annotations

import csv
import itertools
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waman.errors import ConfigError

F64 = NDArray[np.float64]

LOBE_DEG = 4.0
"""Width of the main lobe above its lower edge before the cosecant-squared part begins, where no file says."""

OUTSIDE_DB = -300.0  # no detection at all: below any sidelobe, far from float trouble
TABLE_STEP_DEG = 0.02
PATTERN_ROWS_MAX = 10_000


def pattern_points(
    pattern: str, low_deg: float | None, high_deg: float | None, *, folder: Path | None = None
) -> tuple[tuple[float, float], ...]:
    """Return (elevation [deg], one-way gain relative to the peak [dB]) of a pattern; empty where no beam is given.

    ``cosecant_squared``: full gain up to LOBE_DEG above the lower edge, then power falling as
    (sin e0 / sin e)², so that a target at constant height returns the same power at any range
    (Skolnik, Radar Handbook 3rd ed., 12.5). A file has the columns elevation_deg and gain_db.

    >>> pattern_points("flat", -1.0, 40.0)
    ((-1.0, 0.0), (40.0, 0.0))
    """
    if pattern not in ("flat", "cosecant_squared"):
        return _clipped(_read(pattern, folder), low_deg, high_deg)
    if low_deg is None and high_deg is None:
        return ()
    low, high = -90.0 if low_deg is None else low_deg, 90.0 if high_deg is None else high_deg
    if low >= high:
        raise ConfigError(f"elevation_min_deg {low:g} is not below elevation_max_deg {high:g}", hint="exchange them")
    if pattern == "flat":
        return ((low, 0.0), (high, 0.0))
    knee = max(low + LOBE_DEG, 1.0)
    if knee >= high:
        return ((low, 0.0), (high, 0.0))
    angles = np.linspace(knee, min(high, 90.0), 200)
    gains = 20.0 * np.log10(math.sin(math.radians(knee)) / np.sin(np.radians(angles)))
    return ((low, 0.0), *zip(angles.tolist(), gains.tolist(), strict=True))


def gain_table(points: tuple[tuple[float, float], ...]) -> tuple[NDArray[np.float32], float, float]:
    """Return the gain on an even grid of elevation: values [dB], first elevation and step [deg].

    No points give 0 dB everywhere (line of sight only).

    >>> table, first, step = gain_table(((-1.0, 0.0), (40.0, 0.0)))
    >>> float(table[round((0.0 - first) / step)]), float(table[round((-2.0 - first) / step)])
    (0.0, -300.0)
    """
    elevation = np.arange(-90.0, 90.0 + TABLE_STEP_DEG / 2, TABLE_STEP_DEG)
    if not points:
        return np.zeros(elevation.size, np.float32), -90.0, TABLE_STEP_DEG
    angle, gain = np.array(points).T
    table = np.interp(elevation, angle, gain)
    slack = 1e-9
    table[(elevation < angle[0] - slack) | (elevation > angle[-1] + slack)] = OUTSIDE_DB
    return table.astype(np.float32), -90.0, TABLE_STEP_DEG


def _read(pattern: str, folder: Path | None) -> list[tuple[float, float]]:
    path = (folder or Path()) / pattern
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = []
            for row in csv.DictReader(file):
                rows.append((float(row["elevation_deg"]), float(row["gain_db"])))
                if len(rows) > PATTERN_ROWS_MAX:
                    raise ConfigError(f"{path}: more than {PATTERN_ROWS_MAX} rows", hint="thin the pattern")
    except (OSError, KeyError, ValueError, TypeError) as why:
        raise ConfigError(
            f"pattern {pattern!r} cannot be used: {why}",
            hint="use flat, cosecant_squared, or a CSV with the columns elevation_deg and gain_db",
        ) from why
    if len(rows) < 2 or any(a[0] >= b[0] for a, b in itertools.pairwise(rows)):
        raise ConfigError(f"{path}: elevations do not rise", hint="sort the rows; at least two are needed")
    peak = max(gain for _, gain in rows)
    return [(angle, gain - peak) for angle, gain in rows]


def _clipped(
    points: list[tuple[float, float]], low: float | None, high: float | None
) -> tuple[tuple[float, float], ...]:
    first, last = points[0][0] if low is None else low, points[-1][0] if high is None else high
    angle, gain = np.array(points).T
    inside = [p for p in points if first < p[0] < last]
    ends = np.interp([first, last], angle, gain)
    return ((first, float(ends[0])), *inside, (last, float(ends[1])))
