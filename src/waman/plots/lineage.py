"""One observation, one lineage: the same message by two ways counts once.

A squitter heard by our own receiver also comes back from the network; a radar's multicast is
recorded by two machines. Two rows are one observation if they come from different sources
(file or sensor), carry the same address and the same position to within the rounding of a
printed coordinate, lie within ``TOLERANCE_US``, and each is the other's nearest in time; or if
they are equal to the last bit (a file given twice, one multicast recorded by two machines). A
hovering helicopter, which repeats a position second after second, so keeps one lineage a second.

Tracks (CAT062) are somebody's estimate, not observations, and are never linked to plots.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waman.geo.units import SECOND_US
from waman.plots.records.columns import Floats, Offsets

TOLERANCE_US = 2 * SECOND_US  # a network stamps to the second and relays within one
TOLERANCE_DEG = 2e-5  # two metres: five printed decimals, rounded twice
POLAR = ("range_m", "azimuth_deg")
NEIGHBOURS_MAX = 64  # rows of one aircraft within the tolerance that are compared


def assign(plots: pa.Table) -> pa.Table:
    """Return the plots with ``lineage`` filled: the row number of the earliest row of each observation.

    Call it on all plots together; lineages of separate calls are not comparable.
    """
    rows = plots.num_rows
    if not rows:
        return plots
    time_us = np.asarray(plots["time"].cast(pa.int64()).to_numpy(), np.int64)
    address = _codes(plots["icao24"])
    source = _codes(plots["source"]) * (len(pc.unique(plots["sensor"].cast(pa.string()))) + 1) + _codes(plots["sensor"])
    is_track = np.asarray(pc.equal(plots["kind"].cast(pa.string()), "track").to_numpy(zero_copy_only=False), np.bool_)
    lat, lon = _floats(plots["lat_deg"]), _floats(plots["lon_deg"])
    who = np.where(is_track | ~np.isfinite(lat), -1, address)
    first, second = pairs(who, time_us, lat, lon, source)
    heights = (_floats(plots["altitude_fl"]), _floats(plots["mode_3a"]))
    links = [
        (first, second),
        _copies(np.where(is_track, -1, address), time_us, lat, lon, *heights),
        _copies(np.where(is_track, -1, _codes(plots["sensor"])), time_us, *(_floats(plots[c]) for c in POLAR)),
    ]
    lineage = components(rows, np.concatenate([a for a, _ in links]), np.concatenate([b for _, b in links]))
    at = plots.schema.get_field_index("lineage")
    return plots.set_column(at, plots.schema.field(at), pa.array(lineage, pa.int64()))


def _codes(column: pa.ChunkedArray) -> Offsets:
    coded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    return np.asarray(pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False), np.int64)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def pairs(
    who: Offsets, time_us: Offsets, lat: Floats, lon: Floats, source: Offsets
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows that are one observation, pair by pair.

    Parameters
    ----------
    who : (n,) int64, a number for each address; negative rows are left out
    time_us : (n,) int64 [µs]
    lat, lon : (n,) float64 [deg]
    source : (n,) int64, a number for each file and sensor
    """
    order = np.lexsort((time_us, who))
    order = order[who[order] >= 0]
    left, right = [], []
    for step in range(1, NEIGHBOURS_MAX + 1):
        a, b = order[:-step], order[step:]
        near = (who[a] == who[b]) & (time_us[b] - time_us[a] <= TOLERANCE_US)
        if not near.any():
            break
        same = near & (source[a] != source[b])
        same &= (np.abs(lat[a] - lat[b]) <= TOLERANCE_DEG) & (np.abs(lon[a] - lon[b]) <= TOLERANCE_DEG)
        left.append(a[same])
        right.append(b[same])
    a, b = np.concatenate([*left, order[:0]]), np.concatenate([*right, order[:0]])
    age = np.abs(time_us[a] - time_us[b])
    row, other = np.concatenate([a, b]), np.concatenate([b, a])
    nearest = _nearest(row, source[other], np.concatenate([age, age]), other)
    mutual = nearest[: len(a)] & nearest[len(a) :]
    return a[mutual], b[mutual]


def _nearest(row: Offsets, other_source: Offsets, age: Offsets, other: Offsets) -> NDArray[np.bool_]:
    """Return which pairs hold the nearest row of that source to ``row`` (ties: the first in the table)."""
    order = np.lexsort((other, age, other_source, row))
    first = np.ones(len(order), np.bool_)
    first[1:] = (np.diff(row[order]) != 0) | (np.diff(other_source[order]) != 0)
    best = np.zeros(len(order), np.bool_)
    best[order] = first
    return best


def pairs_ref(
    who: Offsets, time_us: Offsets, lat: Floats, lon: Floats, source: Offsets
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of :func:`pairs`, by comparing every row with every other (n, n)."""
    age = np.abs(time_us[:, None] - time_us[None, :])
    same = (who[:, None] == who[None, :]) & (who[:, None] >= 0) & (source[:, None] != source[None, :])
    same &= (age <= TOLERANCE_US) & (np.abs(lat[:, None] - lat[None, :]) <= TOLERANCE_DEG)
    same &= np.abs(lon[:, None] - lon[None, :]) <= TOLERANCE_DEG
    cost = np.where(same, age * len(who) + np.arange(len(who)), np.iinfo(np.int64).max)
    best = np.zeros_like(same)
    for one in np.unique(source):
        column = np.where(source[None, :] == one, cost, np.iinfo(np.int64).max)
        best[np.arange(len(who)), column.argmin(axis=1)] |= column.min(axis=1) < np.iinfo(np.int64).max
    a, b = np.nonzero(best & best.T & (np.arange(len(who))[:, None] < np.arange(len(who))[None, :]))
    return a, b


def _copies(who: Offsets, time_us: Offsets, *values: Floats) -> tuple[Offsets, Offsets]:
    """Return neighbouring rows of one aircraft (or sensor) that are equal in time and in all values to the last bit.

    Null equals null, but a row without any value is no observation to copy.
    """
    rows = np.flatnonzero((who >= 0) & np.any([np.isfinite(v) for v in values], axis=0))
    bits = [np.where(np.isnan(v), np.inf, v)[rows] for v in values]
    order = np.lexsort((rows, *bits, time_us[rows], who[rows]))
    same = (np.diff(who[rows][order]) == 0) & (np.diff(time_us[rows][order]) == 0)
    for v in bits:
        same &= v[order][:-1] == v[order][1:]
    return rows[order[:-1][same]], rows[order[1:][same]]


def components(rows: int, first: Offsets, second: Offsets) -> NDArray[np.int64]:
    """Return, for each row, the smallest row it is linked to, directly or through others.

    >>> components(4, np.array([0, 1]), np.array([1, 3])).tolist()
    [0, 0, 2, 0]
    """
    if not len(first):
        return np.arange(rows, dtype=np.int64)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(first)), (first, second)), shape=(rows, rows))
    _, label = connected_components(links, directed=False)
    _, smallest = np.unique(label, return_index=True)
    return np.asarray(smallest[label], np.int64)
