"""When a sensor was on, learned from the identified traffic it delivered.

Traffic proves that a sensor was up. Its silence proves nothing: the sky may have been empty,
the link cut, the recorder full. So the gaps between are ``unknown``, never ``down``; ``down``
comes only from heartbeats and logs that say so.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waman import tables
from waman.geo.units import SECOND_US

QUIET_MIN_S = 60.0
QUIET_SCANS = 20.0  # silence of this many usual intervals ends an interval of "up"


def from_traffic(plots: pa.Table, *, quiet_s: float | None = None) -> pa.Table:
    """Return the availability of each sensor that heard identified traffic: ``up`` while it did, ``unknown`` between.

    Parameters
    ----------
    plots : the plots table; rows without icao24 and tracks do not count
    quiet_s : silence that ends an interval [s]; default 20 times the sensor's median
        interval between plots, at least 60 s

    >>> from_traffic(tables.empty("plots")).num_rows
    0
    """
    identified = pc.and_(pc.is_valid(plots["icao24"]), pc.not_equal(plots["kind"].cast(pa.string()), "track"))
    heard = plots.select(["sensor", "time"]).filter(identified)
    if not heard.num_rows:
        return tables.empty("availability")
    coded = heard["sensor"].cast(pa.string()).combine_chunks().dictionary_encode()
    sensor = np.asarray(coded.indices.to_numpy(zero_copy_only=False), np.int64)
    time_us = np.asarray(heard["time"].cast(pa.int64()).to_numpy(), np.int64)
    order = np.lexsort((time_us, sensor))
    sensor, time_us = sensor[order], time_us[order]
    first = np.append(True, np.diff(sensor) != 0)
    gap_us = np.append(0, np.diff(time_us))
    quiet_us = _quiet_us(sensor, gap_us, first, len(coded.dictionary), quiet_s)
    begins = first | (gap_us > quiet_us[sensor])
    starts, ends = time_us[begins], time_us[np.append(np.flatnonzero(begins)[1:] - 1, len(time_us) - 1)]
    who = sensor[begins]
    again = np.flatnonzero(~first[begins])  # runs that follow another of the same sensor: silence before them
    rows = np.bincount(np.cumsum(begins) - 1)
    return _table(
        [coded.dictionary.to_pylist()[i] for i in np.concatenate([who, who[again]])],
        np.concatenate([starts, ends[again - 1]]),
        np.concatenate([ends, starts[again]]),
        ["up"] * len(who) + ["unknown"] * len(again),
        [f"identified traffic, {n} plots" for n in rows] + ["no identified traffic heard"] * len(again),
    )


def _quiet_us(
    sensor: np.ndarray, gap_us: np.ndarray, first: np.ndarray, sensors: int, quiet_s: float | None
) -> np.ndarray:
    """Return, for each sensor, the silence that ends an interval [µs]."""
    if quiet_s is not None:
        return np.full(sensors, quiet_s * SECOND_US)
    usual = [np.median(gap_us[(sensor == i) & ~first]) if ((sensor == i) & ~first).any() else 0 for i in range(sensors)]
    return np.maximum(np.array(usual) * QUIET_SCANS, QUIET_MIN_S * SECOND_US)


def _table(sensor: list[str], start: np.ndarray, end: np.ndarray, state: list[str], evidence: list[str]) -> pa.Table:
    order = np.lexsort((start, np.array(sensor)))
    table = tables.table(
        "availability", {"sensor": sensor, "start": start, "end": end, "state": state, "evidence": evidence}
    )
    return table.take(pa.array(order))
