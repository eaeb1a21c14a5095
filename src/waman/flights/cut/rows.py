"""The rows of a tracks table as plain arrays, joined into chains that one aircraft flew.

A *chain* is what is known of one aircraft: the tracks that carry one transponder address and
that one aircraft could have flown, or tracks without address joined where one went down and came up. Two
tracks with one address that no aircraft could have flown both stay apart, and the contradiction is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waman import tables
from waman.geo.geodesy import distance_m
from waman.geo.units import SECOND_US

F = NDArray[np.float64]
I = NDArray[np.int64]  # noqa: E741 (an array of indices, as in the equations)

SPEED_MAX_MPS = 400.0
"""No civil aircraft in service is faster over the ground (Mach 0.95 with a 100 m/s jet stream)."""
LINK_S = (60.0, 3600.0)
LINK_M = 4000.0
LINK_MAX = 10_000
REPORTABLE, DETECTIONS_MIN, PICTURE_S = 0.5, 8, 60.0
ONE_AIRCRAFT, APART, TWO_PLACES = 0, 1, 2
TURNS_MIN = 5
"""a, b, a, b, a, b: three detections of each, in turn."""
SAME_PLACE_M = 10_000.0
"""Two tracks of one address closer than this at one time may be one aircraft seen twice."""


@dataclass(frozen=True)
class Rows:
    """The rows of all chains, sorted by chain and time. Words are codes into ``words``, -1 unknown."""

    start_us: int
    time_s: F
    lat_deg: F
    lon_deg: F
    altitude_m: F
    altitude_sigma_m: F
    vn_mps: F
    ve_mps: F
    detected: NDArray[np.bool_]
    pd: F
    track: I
    icao24: I
    callsign: I
    code: NDArray[np.bool_]
    chain: I
    words: tuple[str, ...]
    conflict_chain: NDArray[np.bool_]
    """For each chain: its address was in two places at once."""

    @cached_property
    def speed_mps(self) -> F:
        """Ground speed [m/s]; NaN where the velocity is unknown."""
        return np.hypot(self.vn_mps, self.ve_mps)

    def __len__(self) -> int:
        return len(self.time_s)


def rows_of(tracks: pa.Table) -> Rows:
    """Return the confirmed rows of a tracks table, joined into chains.

    Rows without a detection are left out: a coasting track stands for a region, and an old track may
    coast for minutes beside the new one of the same aircraft. Tentative rows are left out, and nameless
    tracks that were hardly in the air picture: chains of false plots are short, and a flight seen for
    less than a minute says nothing. Rows of equal time and chain keep the order of the table.
    """
    tracks = tables.check("tracks", tracks)
    keep = pc.and_(pc.not_equal(pc.cast(tracks["state"], pa.string()), "tentative"), tracks["detected"])
    tracks = _in_the_picture(tracks.filter(keep)).unify_dictionaries().combine_chunks()
    time_us = tracks["time"].cast(pa.int64()).to_numpy()
    start_us = int(time_us.min()) if len(time_us) else 0
    time_s = (time_us - start_us) / SECOND_US
    track = tracks["track"].to_numpy()
    icao24, words = _codes(tracks["icao24"], ())
    callsign, words = _codes(tracks["callsign"], words)
    lat, lon = _floats(tracks["lat_deg"]), _floats(tracks["lon_deg"])
    chain, conflict = _chains(track, time_s, lat, lon, icao24)
    order = np.lexsort((time_s, chain))
    vn, ve = _floats(tracks["vn_mps"]), _floats(tracks["ve_mps"])
    rows = Rows(
        start_us=start_us,
        time_s=time_s[order],
        lat_deg=lat[order],
        lon_deg=lon[order],
        altitude_m=_floats(tracks["altitude_msl_m"])[order],
        altitude_sigma_m=_floats(tracks["altitude_sigma_m"])[order],
        vn_mps=vn[order],
        ve_mps=ve[order],
        detected=tracks["detected"].to_numpy(zero_copy_only=False)[order],
        pd=_floats(tracks["pd"])[order],
        track=track[order],
        icao24=icao24[order],
        callsign=callsign[order],
        code=np.asarray(pc.is_valid(tracks["mode_3a"]).to_numpy(zero_copy_only=False), bool)[order],
        chain=chain[order],
        words=words,
        conflict_chain=conflict,
    )
    return _with_velocity(rows)


def _in_the_picture(tracks: pa.Table) -> pa.Table:
    """Leave out nameless tracks with fewer than eight reportable detections or less than a minute of them."""
    if not tracks.num_rows:
        return tracks
    _, number = np.unique(tracks["track"].to_numpy(), return_inverse=True)
    reportable = tracks["reportable"].cast(pa.float64()).fill_null(1.0).to_numpy(zero_copy_only=False)
    good = tracks["detected"].to_numpy(zero_copy_only=False) & (reportable >= REPORTABLE)
    time = tracks["time"].cast(pa.int64()).to_numpy()
    count = np.bincount(number, weights=good)
    first, last = np.full(len(count), np.iinfo(np.int64).max), np.full(len(count), np.iinfo(np.int64).min)
    np.minimum.at(first, number[good], time[good])
    np.maximum.at(last, number[good], time[good])
    named = np.zeros(len(count), bool)
    named[number[np.asarray(pc.is_valid(tracks["icao24"]).to_numpy(zero_copy_only=False), bool)]] = True
    long = (count >= DETECTIONS_MIN) & (last.astype(np.float64) - first >= PICTURE_S * SECOND_US)
    return tracks.filter(pa.array((named | long)[number]))


def _with_velocity(rows: Rows) -> Rows:
    """Fill a missing velocity from neighbouring positions of the same chain, at most 60 s apart."""
    missing = ~np.isfinite(rows.vn_mps + rows.ve_mps)
    if not missing.any() or len(rows) < 2:
        return rows
    dt = np.diff(rows.time_s)
    good = (np.diff(rows.chain) == 0) & (dt > 0.5) & (dt < 60.0)
    safe = np.where(good, dt, np.nan)
    metres = 111_195.0
    vn = np.append(np.diff(rows.lat_deg) * metres / safe, np.nan)
    ve = np.append(np.diff(rows.lon_deg) * metres * np.cos(np.radians(rows.lat_deg[:-1])) / safe, np.nan)
    vn, ve = (np.where(np.isfinite(v), v, np.roll(v, 1)) for v in (vn, ve))
    return replace(rows, vn_mps=np.where(missing, vn, rows.vn_mps), ve_mps=np.where(missing, ve, rows.ve_mps))


def _floats(column: pa.ChunkedArray) -> F:
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def _codes(column: pa.ChunkedArray, words: tuple[str, ...]) -> tuple[I, tuple[str, ...]]:
    """Return the codes of a dictionary column into ``words`` lengthened by its dictionary; blank is unknown."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], tables.WORD)
    own = [str(w).strip() if w is not None else "" for w in array.dictionary.to_pylist()]
    codes = np.asarray(array.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
    index = {w: i for i, w in reversed(list(enumerate(words)))}
    out = list(words)
    table = np.full(len(own) + 1, -1, np.int64)
    for i, word in enumerate(own):
        if word:
            if word not in index:
                index[word] = len(out)
                out.append(word)
            table[i] = index[word]
    return table[codes], tuple(out)


def _chains(track: I, time_s: F, lat: F, lon: F, icao24: I) -> tuple[I, NDArray[np.bool_]]:
    """Return the chain of each row, and for each chain whether its address was in two places at once."""
    if not len(track):
        return np.zeros(0, np.int64), np.zeros(0, bool)
    ids, row_track = np.unique(track, return_inverse=True)
    order = np.lexsort((time_s, row_track))
    firsts = np.searchsorted(row_track[order], np.arange(len(ids)))
    lasts = np.append(firsts[1:], len(track)) - 1
    address = np.full(len(ids), -1, np.int64)
    known = icao24[order] >= 0
    address[row_track[order][known][::-1]] = icao24[order][known][::-1]
    parent = np.arange(len(ids))
    conflict = np.zeros(len(ids), bool)
    groups: dict[int, list[int]] = {}
    for t in np.argsort(time_s[order][firsts], kind="stable"):
        if address[t] >= 0:
            groups.setdefault(int(address[t]), []).append(int(t))
    spans = [(firsts, lasts, order, time_s, lat, lon)]
    for members in groups.values():
        if len(members) > 1:
            _join(members, spans[0], parent, conflict)
    _link_nameless(address, spans[0], parent)
    _, chain_of_track = np.unique(parent, return_inverse=True)
    conflicts = np.zeros(int(chain_of_track.max()) + 1, bool)
    np.logical_or.at(conflicts, chain_of_track, conflict)
    return chain_of_track[row_track].astype(np.int64), conflicts


def _join(
    members: list[int], spans: tuple[I, I, I, F, F, F], parent: NDArray[np.int64], conflict: NDArray[np.bool_]
) -> None:
    """Append each track to the first chain of its address that one aircraft could have flown; mark contradictions."""
    chains: list[list[int]] = []
    disputed: set[int] = set()
    for t in members:
        home = -1
        for number, chain in enumerate(chains):
            verdicts = {_relation(other, t, spans) for other in chain[-4:]}
            if TWO_PLACES in verdicts:
                disputed |= {chain[0], t}
            if verdicts == {ONE_AIRCRAFT}:
                home = number
                break
        if home >= 0:
            chains[home].append(t)
        else:
            chains.append([t])
    for chain in chains:
        parent[chain] = chain[0]
        conflict[chain] = bool(disputed & set(chain))


def _link_nameless(address: I, spans: tuple[I, I, I, F, F, F], parent: NDArray[np.int64]) -> None:
    """Join a track without address that begins where such a track ended minutes before, nearest in time first.

    An aircraft that goes down out of cover and comes up again makes two tracks. Where two aircraft used one
    place, which came up first is not known; that both went down and came up there is.
    """
    firsts, lasts, order, time_s, lat, lon = spans
    nameless = np.flatnonzero(address < 0)
    ends, begins = order[lasts[nameless]], order[firsts[nameless]]
    by_time = np.argsort(time_s[begins], kind="stable")
    when = time_s[begins][by_time]
    pairs: list[tuple[float, int, int]] = []
    for k, row in enumerate(ends):
        low, high = np.searchsorted(when, [time_s[row] + LINK_S[0], time_s[row] + LINK_S[1]])
        near = by_time[low:high][:LINK_MAX]
        apart = distance_m(lat1_deg=lat[row], lon1_deg=lon[row], lat2_deg=lat[begins[near]], lon2_deg=lon[begins[near]])
        pairs += [(float(time_s[begins[j]] - time_s[row]), k, int(j)) for j in near[apart < LINK_M] if j != k]
    taken: tuple[set[int], set[int]] = (set(), set())
    root = np.arange(len(nameless))
    links = []
    for _, k, j in sorted(pairs):
        if k not in taken[0] and j not in taken[1]:
            taken[0].add(k)
            taken[1].add(j)
            links.append((k, j))
    for k, j in sorted(links, key=lambda link: time_s[ends[link[0]]]):
        root[j] = root[k]
        parent[nameless[j]] = parent[nameless[root[k]]]


def _relation(a: int, b: int, spans: tuple[I, I, I, F, F, F]) -> int:
    """Return whether track ``a`` and the later-starting track ``b`` are one aircraft, apart, or in two places at once.

    Two places need both to be detected in turn (a, b, a, b), with distances between successive detections
    that no aircraft flies. One far after the other only keeps them apart.
    """
    firsts, lasts, order, time_s, lat, lon = spans
    rows_a, rows_b = order[firsts[a] : lasts[a] + 1], order[firsts[b] : lasts[b] + 1]
    start, end = time_s[rows_b[0]], time_s[rows_a[-1]]
    if start > end:
        i, j = rows_a[-1], rows_b[0]
        apart = float(distance_m(lat1_deg=lat[i], lon1_deg=lon[i], lat2_deg=lat[j], lon2_deg=lon[j]))
        return ONE_AIRCRAFT if apart <= SAME_PLACE_M + SPEED_MAX_MPS * float(start - end) else APART
    both = np.concatenate([rows_a[time_s[rows_a] >= start], rows_b[time_s[rows_b] <= end]])
    second = np.arange(len(both)) >= int(np.sum(time_s[rows_a] >= start))
    by_time = np.argsort(time_s[both], kind="stable")
    both, second = both[by_time], second[by_time]
    i, j = both[:-1], both[1:]
    apart_m = distance_m(lat1_deg=lat[i], lon1_deg=lon[i], lat2_deg=lat[j], lon2_deg=lon[j])
    turn = second[:-1] != second[1:]
    far = turn & (apart_m > SAME_PLACE_M + SPEED_MAX_MPS * (time_s[j] - time_s[i]))
    if int(far.sum()) >= TURNS_MIN:
        return TWO_PLACES
    return ONE_AIRCRAFT if not far.any() else APART
