"""``track``: the stage as a function."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from waman.config import Sensor
from waman.errors import Problems
from waman.tracks.core.state import Params
from waman.tracks.tracker import Tracker


def track(
    plots: pa.Table,
    *,
    detection_probability: Any = None,
    causal: bool = False,
    sensors: Iterable[Sensor] = (),
    params: Params | None = None,
    problems: Problems | None = None,
) -> pa.Table:
    """Turn plots into tracks.

    Parameters
    ----------
    plots : the contract table ``plots``; rows without a position are left out and counted in ``problems``
    detection_probability : a number, a function ``(lat_deg, lon_deg, height_agl_m, sensor, time_us) -> (n,)`` or an
        object with a method ``detection_probability(lat_deg, lon_deg, height_agl_m, sensor=...)`` such as a
        DetectionField; None uses each sensor's own constant, else 0.8 for radars
    causal : write each row from plots up to its own time only; otherwise with hindsight (smoothed, stitched)
    sensors : the ``[[sensor]]`` records of the area file: position, accuracy, scan period, false plots

    Returns
    -------
    the contract table ``tracks``, ordered by time, then track

    Source: Williams 2015 (PMB), Williams and Lau 2014 (marginals), Blom and Bar-Shalom 1988 (IMM).

    >>> from waman import tables
    >>> track(tables.empty("plots")).num_rows
    0
    """
    tracker = Tracker(sensors=sensors, detection_probability=detection_probability, params=params)
    rows = tracker.batch(plots) if causal else tracker.forensic(plots)
    if problems is not None:
        problems.extend(tracker.problems)
    return rows
