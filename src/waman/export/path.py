"""The path of a flight as it was observed: no row that was predicted, gaps marked, corners kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

F = NDArray[np.float64]

GAP_MIN_S = 60.0
"""A silence shorter than this is not called a gap (a long-range radar turns in 12 s, five misses in a row)."""
GAP_MEDIANS = 8.0
METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True)
class Path:
    """Observed positions in order of time. ``gap_after[i]``: nothing was observed between point i and i + 1."""

    time_us: NDArray[np.int64]
    lat_deg: F
    lon_deg: F
    altitude_msl_m: F
    altitude_sigma_m: F
    gap_after: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.time_us)

    def keep(self, mask: NDArray[np.bool_]) -> Path:
        """Return the points of a mask; where points between two kept ones go, a gap stays."""
        index = np.flatnonzero(mask)
        cut = np.r_[np.diff(index) > 1, False] if len(index) else np.zeros(0, bool)
        return self._take(index, cut)

    def thinned(self, tolerance_m: float) -> Path:
        """Return fewer points: each left out lies within ``tolerance_m`` of where the rest puts it at its time."""
        keep = np.zeros(len(self), bool)
        ends = np.flatnonzero(self.gap_after)
        for first, last in zip(np.r_[0, ends + 1], np.r_[ends, len(self) - 1], strict=True):
            if last >= first:
                keep[first : last + 1] = _corners(self, int(first), int(last), tolerance_m)
        return self._take(np.flatnonzero(keep), np.zeros(int(keep.sum()), bool))

    def _take(self, index: NDArray[np.int64], cut: NDArray[np.bool_]) -> Path:
        if not len(index):
            return NO_PATH
        gaps_before = np.r_[0, np.cumsum(self.gap_after)]
        between = gaps_before[np.r_[index[1:], index[-1]]] > gaps_before[index]
        return Path(
            self.time_us[index],
            self.lat_deg[index],
            self.lon_deg[index],
            self.altitude_msl_m[index],
            self.altitude_sigma_m[index],
            (cut | between) & (np.arange(len(index)) < len(index) - 1),
        )


_NONE = np.zeros(0)
NO_PATH = Path(np.zeros(0, np.int64), _NONE, _NONE, _NONE, _NONE, np.zeros(0, bool))


@dataclass(frozen=True)
class Records:
    """Where a flight was recorded: ``rows`` observations in a file, from one byte offset to another."""

    source: str
    rows: int
    first_offset: int
    last_offset: int


@dataclass(frozen=True)
class Seen:
    """By what a flight was observed: rows with a detection, sensors, and the mean Pd expected there (None unknown)."""

    rows: int = 0
    sensors: tuple[str, ...] = ()
    expected_pd: float | None = None


UNSEEN = Seen()


@dataclass(frozen=True)
class Observed:
    """The observed rows of a tracks table, sorted by track and time, with where each track begins."""

    tracks: NDArray[np.int64]
    first: NDArray[np.int64]
    time_us: NDArray[np.int64]
    columns: tuple[F, F, F, F]
    sensor: NDArray[np.int64]
    sensors: tuple[str, ...]
    pd: F
    source: NDArray[np.int64]
    offset: NDArray[np.int64]
    sources: tuple[str, ...]

    def rows(self, tracks: list[int], start_us: int, end_us: int) -> NDArray[np.int64]:
        """Return the rows of some tracks from one time to another, in order of time."""
        parts = []
        for track in tracks:
            at = int(np.searchsorted(self.tracks, track))
            if at < len(self.tracks) and self.tracks[at] == track:
                low, high = int(self.first[at]), int(self.first[at + 1])
                times = self.time_us[low:high]
                begin, end = np.searchsorted(times, [start_us, end_us + 1])
                parts.append(np.arange(low + begin, low + end))
        rows = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        return rows[np.argsort(self.time_us[rows], kind="stable")]

    def path(self, rows: NDArray[np.int64]) -> Path:
        """Return the path through some rows."""
        if not len(rows):
            return NO_PATH
        time_us = self.time_us[rows]
        lat, lon, altitude, sigma = (c[rows] for c in self.columns)
        return Path(time_us, lat, lon, altitude, sigma, _gaps(time_us))

    def records(self, rows: NDArray[np.int64]) -> tuple[Records, ...]:
        """Return the files and byte offsets of some rows, one entry a file; unknown ones are left out."""
        out = []
        for code in np.unique(self.source[rows][self.source[rows] >= 0]):
            offsets = self.offset[rows[self.source[rows] == code]]
            out.append(Records(self.sources[code], len(offsets), int(offsets.min()), int(offsets.max())))
        return tuple(out)

    def seen(self, rows: NDArray[np.int64]) -> Seen:
        """Return by which sensors some rows were observed, and how likely a look was to succeed."""
        pd = self.pd[rows]
        names = tuple(sorted(self.sensors[code] for code in np.unique(self.sensor[rows]) if code >= 0))
        return Seen(len(rows), names, float(np.nanmean(pd)) if np.isfinite(pd).any() else None)


def observed(tracks: pa.Table) -> Observed:
    """Return the rows of a tracks table that rest on a detection and are not tentative.

    Rows without a detection are where the tracker thinks an aircraft may be. They never leave.
    """
    keep = pc.and_(tracks["detected"], pc.not_equal(tracks["state"].cast(pa.string()), "tentative"))
    rows = tracks.filter(keep)
    track = rows["track"].to_numpy()
    time_us = rows["time"].cast(pa.int64()).to_numpy()
    order = np.lexsort((time_us, track))
    names, first = np.unique(track[order], return_index=True)
    wanted = ("lat_deg", "lon_deg", "altitude_msl_m", "altitude_sigma_m")
    lat, lon, altitude, sigma = (rows[n].cast(pa.float64()).to_numpy()[order] for n in wanted)
    source, sources = _coded(rows["source"], order)
    sensor, sensors = _coded(rows["sensor"], order)
    pd = rows["pd"].cast(pa.float64()).to_numpy()[order]
    offset = pc.fill_null(rows["offset"], -1).to_numpy()[order]
    columns, first = (lat, lon, altitude, sigma), np.r_[first, len(order)]
    return Observed(names, first, time_us[order], columns, sensor, sensors, pd, source, offset, sources)


def _coded(column: pa.ChunkedArray, order: NDArray[np.int64]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return a column of words as codes (-1 unknown), in an order, and the words."""
    whole = column.combine_chunks().cast(pa.string())
    coded = (whole if isinstance(whole, pa.Array) else pa.array([], pa.string())).dictionary_encode()
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes[order], tuple(coded.dictionary.to_pylist())


def _gaps(time_us: NDArray[np.int64]) -> NDArray[np.bool_]:
    step_s = np.diff(time_us) / 1e6
    usual = float(np.median(step_s)) if len(step_s) else 0.0
    gaps: NDArray[np.bool_] = np.r_[step_s > max(GAP_MIN_S, GAP_MEDIANS * usual), False]
    return gaps


def _corners(path: Path, first: int, last: int, tolerance_m: float) -> NDArray[np.bool_]:
    """Return which points of a run stay: Douglas-Peucker with the distance taken at equal times.

    Source: Meratnia and de By, "Spatiotemporal compression techniques for moving point objects", EDBT 2004.
    """
    time_s = (path.time_us[first : last + 1] - path.time_us[first]) / 1e6
    north = path.lat_deg[first : last + 1] * METRES_PER_DEGREE
    shrink = np.cos(np.radians(path.lat_deg[first]))
    east = path.lon_deg[first : last + 1] * METRES_PER_DEGREE * shrink
    keep = np.zeros(len(time_s), bool)
    keep[[0, -1]] = True
    stack = [(0, len(time_s) - 1)]
    while stack:
        low, high = stack.pop()
        if high - low < 2:
            continue
        span = time_s[high] - time_s[low]
        share = (time_s[low + 1 : high] - time_s[low]) / span if span > 0 else np.zeros(high - low - 1)
        off_east = east[low + 1 : high] - (east[low] + share * (east[high] - east[low]))
        off_north = north[low + 1 : high] - (north[low] + share * (north[high] - north[low]))
        away = np.hypot(off_east, off_north)
        worst = int(np.argmax(away))
        if away[worst] > tolerance_m:
            middle = low + 1 + worst
            keep[middle] = True
            stack += [(low, middle), (middle, high)]
    return keep
