"""Analysts' corrections of tracks: two are one aircraft, one is two, a plot is none.

A correction names plots (source and offset), never track numbers, which every run gives anew; so it can be applied
again to the tracks of a later run, or be listed as no longer applicable. Nothing is changed or taken away: an undo is
a further correction, with a reason of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waman.errors import InputError, Problems
from waman.tracks.core.motion import Ints

Plot = tuple[str, int]
"""A plot by the file or feed it came from and its byte offset there."""
NEEDS = {"merge": 2, "split": 2, "reject": 1, "undo": 0}
REASON_MAX = 2000


@dataclass(frozen=True)
class Correction:
    """One correction; ``plots`` are those it speaks of, ``of`` the number an undo takes back, ``by`` a pseudonym.

    merge: the tracks of both plots are one aircraft. split: the second plot begins another aircraft than the
    first. reject: the plot belongs to no aircraft.
    """

    number: int
    kind: str
    plots: tuple[Plot, ...]
    of: int | None
    by: str
    time_us: int
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What became of a correction in a run: whether it holds there, and why."""

    number: int
    kind: str
    holds: bool
    why: str


def checked(new: Correction, before: Sequence[Correction]) -> Correction:
    """Return ``new``, or raise InputError where it is no correction that could follow ``before``."""
    if new.kind not in NEEDS or len(new.plots) != NEEDS[new.kind]:
        raise InputError(f"no correction {new.kind!r} of {len(new.plots)} plots", hint="merge, split, reject or undo")
    if not new.reason.strip() or len(new.reason) > REASON_MAX:
        raise InputError("a correction needs a reason", hint=f"--because, at most {REASON_MAX} characters")
    if not new.by.strip():
        raise InputError("a correction needs somebody who made it", hint="--by a pseudonym, no person's name")
    if new.kind == "undo" and new.of not in {c.number for c in active(before)}:
        raise InputError(f"correction {new.of} is not in force", hint="waman correct WORKSPACE lists them")
    return new


def active(corrections: Iterable[Correction]) -> list[Correction]:
    """Return the corrections in force: neither undone nor an undo, in the order they were made.

    >>> a = Correction(1, "reject", (("f", 0),), None, "x", 0, "sea clutter")
    >>> active([a, Correction(2, "undo", (), 1, "x", 1, "it was a boat's wake after all")])
    []
    """
    undone: set[int] = set()
    for c in sorted(corrections, key=lambda c: -c.number):
        if c.kind == "undo" and c.of is not None and c.number not in undone:
            undone.add(c.of)
    return [c for c in sorted(corrections, key=lambda c: c.number) if c.kind != "undo" and c.number not in undone]


def withheld(plots: pa.Table, corrections: Iterable[Correction]) -> tuple[pa.Table, list[Outcome]]:
    """Return the plots table without the rejected plots, before it is tracked, and what became of each rejection."""
    rejected = [c for c in active(corrections) if c.kind == "reject"]
    if not rejected:
        return plots, []
    rows = _rows_of(plots, [c.plots[0] for c in rejected])
    keep = np.ones(plots.num_rows, bool)
    keep[[r for found in rows for r in found]] = False
    return plots.filter(pa.array(keep)), [
        Outcome(c.number, c.kind, bool(found), "left out" if found else "the plot is not in this record")
        for c, found in zip(rejected, rows, strict=True)
    ]


def revised(tracks: pa.Table, corrections: Iterable[Correction]) -> tuple[pa.Table, list[Outcome]]:
    """Return the tracks table with merges and splits applied, in the order they were made, and what became of each.

    Only track numbers and states change, and coasting rows go where the other part was seen; positions stay those
    the tracker wrote. Between the parts of a merged track rows are ``stitched``.
    """
    outcomes = []
    for c in active(corrections):
        if c.kind == "reject":
            continue
        found = _rows_of(tracks, c.plots)
        if not all(found):
            outcomes.append(Outcome(c.number, c.kind, False, "a plot it names is in no track of this run"))
            continue
        first, second = found[0][0], found[1][0]
        tracks, holds, why = (_merge if c.kind == "merge" else _split)(tracks, first, second)
        outcomes.append(Outcome(c.number, c.kind, holds, why))
    return tracks, outcomes


def lost(outcomes: Iterable[Outcome], where: str, problems: Problems) -> None:
    """List the corrections that no longer apply among the problems of a run."""
    for o in outcomes:
        if not o.holds:
            problems.add(f"{where}: {o.number}", f"a correction ({o.kind}) is no longer applicable", o.why)


def joint(tracks: pa.Table, first: int, second: int) -> tuple[Plot, Plot]:
    """Return the plots that name a merge of two track numbers: the last of one, the first of the other."""
    a, b = _seen(tracks, first), _seen(tracks, second)
    time = _times(tracks)
    if time[a[0]] > time[b[0]]:
        a, b = b, a
    return _plot(tracks, a[-1]), _plot(tracks, b[0])


def around(tracks: pa.Table, track: int, time_us: int) -> tuple[Plot, Plot]:
    """Return the plots that name a split of a track at a time: the last before it and the first from it on."""
    rows = _seen(tracks, track)
    k = int(np.searchsorted(_times(tracks)[rows], time_us))
    if not 0 < k < len(rows):
        raise InputError(f"track {track} has no plots on both sides of that time", hint="choose a time inside it")
    return _plot(tracks, rows[k - 1]), _plot(tracks, rows[k])


def nearest(tracks: pa.Table, track: int, time_us: int) -> Plot:
    """Return the plot of a track nearest to a time."""
    rows = _seen(tracks, track)
    return _plot(tracks, rows[int(np.argmin(np.abs(_times(tracks)[rows] - time_us)))])


def _times(table: pa.Table) -> Ints:
    time: Ints = table["time"].cast(pa.int64()).to_numpy()
    return time


def _flags(table: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.asarray(table["detected"].to_numpy(zero_copy_only=False), bool)


def _seen(tracks: pa.Table, track: int) -> Ints:
    """Return the detected rows of a track in time order."""
    rows = np.flatnonzero((tracks["track"].to_numpy() == track) & _flags(tracks))
    if not len(rows):
        raise InputError(f"no track {track} with plots", hint="the numbers are those of tracks.parquet")
    return rows[np.argsort(_times(tracks)[rows], kind="stable")]


def _plot(tracks: pa.Table, row: int) -> Plot:
    source, offset = tracks["source"][int(row)].as_py(), tracks["offset"][int(row)].as_py()
    if source is None or offset is None:
        raise InputError("this track does not say which plots it came from", hint="track the plots again")
    return str(source), int(offset)


def _rows_of(table: pa.Table, wanted: Sequence[Plot]) -> list[list[int]]:
    """Return the rows of each wanted plot (the first is enough for tracks; a plot may stand twice in a record)."""
    offsets = pa.array(sorted({p[1] for p in wanted}), pa.int64())
    near = np.flatnonzero(pc.is_in(table["offset"].cast(pa.int64()), offsets).to_numpy(zero_copy_only=False))
    part = table.select(["source", "offset"]).take(pa.array(near))
    places: dict[Plot, list[int]] = {}
    for row, source, offset in zip(near, part["source"].to_pylist(), part["offset"].to_pylist(), strict=True):
        places.setdefault((str(source), int(offset)), []).append(int(row))
    return [places.get(p, []) for p in wanted]


def _merge(tracks: pa.Table, first: int, second: int) -> tuple[pa.Table, bool, str]:
    ids, time, seen = tracks["track"].to_numpy().copy(), _times(tracks), _flags(tracks)
    a, b = int(ids[first]), int(ids[second])
    if a == b:
        return tracks, True, "they are one track without it"
    mine, other = np.flatnonzero((ids == a) & seen), np.flatnonzero((ids == b) & seen)
    if time[mine].min() > time[other].min():
        a, b, mine, other = b, a, other, mine
    if _addresses(tracks, mine) and _addresses(tracks, other) and _addresses(tracks, mine) != _addresses(tracks, other):
        return tracks, False, "the tracks carry different addresses"
    sensor = tracks["sensor"].cast(pa.string()).to_pylist()
    if {(time[r], sensor[r]) for r in mine} & {(time[r], sensor[r]) for r in other}:
        return tracks, False, "one sensor saw both in the same look"
    coasting = ~seen & np.isin(ids, (a, b))
    span = {n: (time[rows].min(), time[rows].max()) for n, rows in ((a, mine), (b, other))}
    inside = np.zeros(len(ids), bool)  # coasting rows of one where the other was being seen
    for one, two in ((a, b), (b, a)):
        inside |= coasting & (ids == one) & (time >= span[two][0]) & (time <= span[two][1])
    gap = coasting & (time > span[a][1]) & (time < span[b][0])
    states = np.array(tracks["state"].cast(pa.string()).to_pylist(), object)
    states[gap] = "stitched"
    ids[ids == b] = a
    return _with(tracks, ids, states).filter(pa.array(~inside)), True, "joined"


def _split(tracks: pa.Table, first: int, second: int) -> tuple[pa.Table, bool, str]:
    ids, time, seen = tracks["track"].to_numpy().copy(), _times(tracks), _flags(tracks)
    if ids[first] != ids[second]:
        return tracks, True, "they are two tracks without it"
    cut, last = time[second], time[first]
    mine = ids == ids[first]
    if cut <= last:
        return tracks, False, "the plots have changed places in time"
    states = np.array(tracks["state"].cast(pa.string()).to_pylist(), object)
    states[mine & ~seen & (time > last) & (time < cut)] = "coasting"
    ids[mine & (time >= cut)] = ids.max() + 1
    return _with(tracks, ids, states), True, "cut"


def _addresses(tracks: pa.Table, rows: Ints) -> set[str]:
    return {a for a in tracks["icao24"].take(pa.array(rows)).to_pylist() if a}


def _with(tracks: pa.Table, ids: Ints, states: np.ndarray[tuple[int], np.dtype[np.object_]]) -> pa.Table:
    for name, values in (("track", pa.array(ids)), ("state", pa.array(states.tolist(), pa.string()))):
        field = tracks.schema.field(name)
        column = values.dictionary_encode() if pa.types.is_dictionary(field.type) else values
        tracks = tracks.set_column(tracks.schema.get_field_index(name), field, column.cast(field.type))
    return tracks
