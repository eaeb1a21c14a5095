"""Reception learned from traffic, where nobody knows the receivers: a share per cell, height band and hour.

An aircraft that was heard before and after a cell, but not inside it, proves that the network
misses there; a cell no aircraft ever crossed stays unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman.coverage.learn.traffic import Traffic

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

CELL_DEG = 0.1
BIN_S = 10.0
HEIGHT_EDGES_MSL_M = (0.0, 1000.0, 2000.0, 3000.0, 4500.0, 6000.0, 9000.0, 12000.0)
BRIDGE_S = 600.0  # silence longer than this between two hearings may have been a landing: it proves nothing
SPEED_MAX_MPS = 350.0
HOURS_SHARED_PASSES = 4.0  # a cell's hour is drawn towards the cell's whole day as by this many passes


class Reception(msgspec.Struct, frozen=True, kw_only=True):
    """What traffic proved about one network.

    ``cells`` has a row [row, column, band, hour, bins heard, bins crossed, passes] for every
    cell, height band and UTC hour that an aircraft crossed; row and column count CELL_DEG from
    the south pole and the date line.
    """

    sensor: str
    cell_deg: float
    bin_s: float
    height_edges_m: tuple[float, ...]
    aircraft: int
    cells: tuple[tuple[int, int, int, int, int, int, int], ...]

    def probability(self, lat_deg: F64, lon_deg: F64, height_msl_m: F64, time_us: I64 | None) -> F64:
        """Return the share of bins heard, of thin cells drawn to the network's; NaN where no traffic ever crossed."""
        return self.interval(lat_deg, lon_deg, height_msl_m, time_us)[0]

    def interval(
        self, lat_deg: F64, lon_deg: F64, height_msl_m: F64, time_us: I64 | None, *, mass: float = 0.9
    ) -> tuple[F64, F64, F64]:
        """Return mean, lower and upper bound of the share heard; NaN where no traffic ever crossed.

        Passes, not bins, are counted as independent: the bins of one pass share their fate. The
        mean of a cell is drawn towards the share of the whole network as by one pass (drawn to a
        half, as the bounds are, it promised 7 points too little on real recordings); the bounds
        rest on the cell's own passes and stay wide where those are few.
        """
        day_keys, day = _pooled(self.cells, hourly=False)
        hour_keys, hours = _pooled(self.cells, hourly=True)
        key = _keys(lat_deg, lon_deg, height_msl_m, self)
        whole, found = _look_up(day_keys, day, key)
        share = np.where(found, whole[:, 0] / np.maximum(whole[:, 1], 1.0), np.nan)
        a, b = 0.5 + share * whole[:, 2], 0.5 + (1.0 - share) * whole[:, 2]
        if time_us is not None:
            hour = (np.asarray(time_us, np.int64) // 3_600_000_000) % 24
            then, met = _look_up(hour_keys, hours, key * 24 + hour)
            passes = np.where(met, then[:, 2], 0.0)
            own = np.where(met, then[:, 0] / np.maximum(then[:, 1], 1.0), 0.0)
            prior = np.minimum(HOURS_SHARED_PASSES, whole[:, 2])
            a, b = 0.5 + share * prior + own * passes, 0.5 + (1.0 - share) * prior + (1.0 - own) * passes
        from scipy.special import betaincinv

        low, high = betaincinv(a, b, (1.0 - mass) / 2.0), betaincinv(a, b, (1.0 + mass) / 2.0)
        usual = (day[:, 0].sum() + 0.5) / (day[:, 1].sum() + 1.0)
        mean = (a - 0.5 + usual) / (a + b)  # one pass worth of the network's share in place of two halves
        low, high = np.minimum(low, mean), np.maximum(high, mean)
        return mean, np.asarray(low, np.float64), np.asarray(high, np.float64)


def learn_reception(plots: pa.Table, sensor: str, *, cell_deg: float = CELL_DEG, bin_s: float = BIN_S) -> Reception:
    """Return what the identified traffic in ``plots`` proves about the network that heard it.

    Only plots with address and position count: those of ``sensor`` if it wrote any, else all.
    """
    c = Traffic.of(plots)
    use = c.placed & np.isfinite(c.msl)
    if sensor and (c.sensor == sensor).any():
        use &= np.asarray(c.sensor == sensor, np.bool_)
    counts: dict[tuple[int, int, int, int], list[set[int] | int]] = {}
    addresses = np.unique(c.icao24[use])
    for number, address in enumerate(addresses):
        rows = np.nonzero(use & (c.icao24 == address))[0]
        rows = rows[np.argsort(c.time[rows], kind="stable")]
        track = tuple(v[rows] for v in (c.time, c.lat, c.lon, c.msl))
        _count_pass(counts, number, track, cell_deg, bin_s)
    cells = tuple(
        (*key, _int(v[0]), _int(v[1]), len(v[2]) if isinstance(v[2], set) else 0) for key, v in sorted(counts.items())
    )
    return Reception(
        sensor=sensor,
        cell_deg=cell_deg,
        bin_s=bin_s,
        height_edges_m=HEIGHT_EDGES_MSL_M,
        aircraft=len(addresses),
        cells=cells,
    )


def crossed_bins(track: Sequence[F64], bin_s: float) -> tuple[F64, F64, F64, F64, NDArray[np.bool_]]:
    """Return the time bins an aircraft certainly flew through: time, lat, lon, height and whether it was heard.

    ``track`` is time [s], latitude, longitude [deg], height [m], sorted by time. Silences
    longer than BRIDGE_S, or bridged only at more than SPEED_MAX_MPS, are left out.
    """
    time, lat, lon, height = track
    if time.size < 2:
        empty = np.empty(0)
        return empty, empty, empty, empty, np.empty(0, np.bool_)
    bins = np.arange(np.floor(time[0] / bin_s), np.floor(time[-1] / bin_s) + 1)
    heard = np.isin(bins, np.floor(time / bin_s))
    middle = np.clip((bins + 0.5) * bin_s, time[0], time[-1])
    after = np.clip(np.searchsorted(time, middle, side="right"), 1, time.size - 1)
    gap = time[after] - time[after - 1]
    north = (lat[after] - lat[after - 1]) * 111_195.0
    east = (lon[after] - lon[after - 1]) * 111_195.0 * np.cos(np.radians(lat[after]))
    sound = heard | ((gap <= BRIDGE_S) & (np.hypot(north, east) <= SPEED_MAX_MPS * np.maximum(gap, 1e-3)))
    # the first and last bin were entered only because something was heard there: they prove nothing
    sound[[0, -1]] = False
    y, x, z = (np.interp(middle, time, v)[sound] for v in (lat, lon, height))
    return middle[sound], y, x, z, heard[sound]


def _count_pass(
    counts: dict[tuple[int, int, int, int], list[set[int] | int]],
    number: int,
    track: Sequence[F64],
    cell_deg: float,
    bin_s: float,
) -> None:
    time, lat, lon, height, heard = crossed_bins(track, bin_s)
    row, col = ((lat + 90.0) // cell_deg).astype(int), ((lon + 180.0) // cell_deg).astype(int)
    band = _height_band(height, HEIGHT_EDGES_MSL_M)
    hour = (time // 3600.0).astype(np.int64) % 24
    for key_r, key_c, key_b, key_h, was in zip(
        row.tolist(), col.tolist(), band.tolist(), hour.tolist(), heard.tolist(), strict=True
    ):
        cell = counts.setdefault((key_r, key_c, key_b, key_h), [0, 0, set()])
        cell[0] = _int(cell[0]) + int(was)
        cell[1] = _int(cell[1]) + 1
        if isinstance(cell[2], set):
            cell[2].add(number)


def _int(value: set[int] | int) -> int:
    assert isinstance(value, int)
    return value


def _height_band(height_m: F64, edges: Sequence[float]) -> I64:
    return np.clip(np.searchsorted(edges, height_m, side="right") - 1, 0, len(edges) - 1).astype(np.int64)


def _keys(lat: F64, lon: F64, height: F64, r: Reception) -> I64:
    known = np.isfinite(lat) & np.isfinite(lon) & np.isfinite(height)
    row = ((np.where(known, lat, 0.0) + 90.0) // r.cell_deg).astype(np.int64)
    col = ((np.where(known, lon, 0.0) + 180.0) // r.cell_deg).astype(np.int64)
    band = _height_band(np.where(known, height, 0.0), r.height_edges_m)
    return np.where(known, (row * 100_000 + col) * 100 + band, -1)


def _pooled(cells: Sequence[tuple[int, ...]], *, hourly: bool) -> tuple[I64, F64]:
    rows = np.array(cells, np.int64).reshape(-1, 7)
    key = (rows[:, 0] * 100_000 + rows[:, 1]) * 100 + rows[:, 2]
    key = key * 24 + rows[:, 3] if hourly else key
    unique, place = np.unique(key, return_inverse=True)
    sums = np.stack([np.bincount(place, weights=rows[:, c], minlength=unique.size) for c in (4, 5, 6)], axis=1)
    return np.asarray(unique, np.int64), np.asarray(sums, np.float64)


def _look_up(keys: I64, values: F64, wanted: I64) -> tuple[F64, NDArray[np.bool_]]:
    if keys.size == 0:
        return np.zeros((wanted.size, 3)), np.zeros(wanted.size, np.bool_)
    at = np.minimum(np.searchsorted(keys, wanted), keys.size - 1)
    found = keys[at] == wanted
    return np.where(found[:, None], values[at], 0.0), found
