"""ASTERIX payloads to plots, availability and problems: the stage, and its live form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman import tables
from waman.config import Sensor
from waman.errors import Problems
from waman.geo.time import NO_TIME_US
from waman.geo.units import DAY_US
from waman.plots.asterix import gates, heartbeat, plots, project, times
from waman.plots.asterix.columns import Blocks, Records, find_blocks, read_records
from waman.plots.asterix.kernels import walk
from waman.plots.asterix.registry import CATEGORIES, HEARTBEATS, TARGETS, choose
from waman.plots.capture import Payloads
from waman.plots.result import Decoded

ENDED: Mapping[int, str] = {
    int(walk.RECORD_OVER): "a record runs past its block (a damaged block, or a wrong edition?)",
    int(walk.UNKNOWN_ITEM): "a record holds an item that its edition has not (a wrong edition?)",
    int(walk.EMPTY): "a record without items: padding?",
    int(walk.NO_TYPE): "a CAT001 record that does not say whether it is a plot or a track (I001/020)",
    int(walk.FSPEC_TOO_LONG): "an FSPEC longer than its edition has items (a wrong edition?)",
    int(walk.BAD_LENGTH): "an explicit item of length zero",
}
"""Why the rest of a block was not read, by the code of the kernels."""


@dataclass(frozen=True)
class _Context:
    """What all categories of one recording share."""

    payloads: Payloads
    name: str
    near_us: int
    sensors: Mapping[int, Sensor]
    problems: Problems


def looks_like(head: bytes) -> bool:
    """Say whether the first octets (ask for 4,096) are ASTERIX blocks without a framing.

    The lengths of at least two blocks must lead to a known category each, or one block to the very end.

    >>> looks_like(bytes([34, 0, 11, 0xE0, 1, 2, 1, 0, 0, 0, 0]))
    True
    >>> looks_like(b"time,lat,lon")
    False
    """
    at, known = 0, 0
    while at + 3 <= len(head):
        size = int.from_bytes(head[at + 1 : at + 3], "big")
        if size < 4 or (head[at] not in CATEGORIES and not known):
            return False
        known += head[at] in CATEGORIES
        at += size
        if known >= 2 and at <= len(head):
            return True
    return known >= 1 and at == len(head)


def decode(
    payloads: Payloads,
    *,
    name: str,
    near_us: int | None,
    editions: Mapping[int, str] | None = None,
    sensors: Sequence[Sensor] = (),
) -> Decoded:
    """Return the plots, tracks (kind "track"), availability and problems of ASTERIX payloads.

    Parameters
    ----------
    payloads : what ``capture.read`` returned
    name : source name of every row
    near_us : for payloads without a capture time, a time within 12 h of the first record (noon of its date), UTC [µs];
        None where no date is known: times then count from 1970-01-01 and a problem says so
    editions : category -> edition, where not the one in force; an unknown edition raises InputError
    sensors : the area's sensors; a plot is named after the one with its sac and sic, and projected where surveyed

    Rows are in file order. Plots of a category whose records contradict each other are left out
    with a problem that asks for the edition (see ``gates``).
    """
    problems = Problems()
    by_source = {s.sac * 256 + s.sic: s for s in sensors if s.sac is not None and s.sic is not None}
    here = _Context(payloads, name, DAY_US // 2 if near_us is None else near_us, by_source, problems)
    blocks, tails = find_blocks(payloads.buffer, payloads.start, payloads.length, payloads.cut)
    _report_tails(here, tails)
    parts: list[pa.Table] = []
    beats: list[heartbeat.Heartbeats] = []
    summary: dict[str, object] = {"payloads": len(payloads)}
    whole_times: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
    undated = near_us is None and bool((payloads.time_us == NO_TIME_US).any()) and bool(blocks)
    for number in sorted(blocks, key=lambda n: (n in TARGETS, n)):  # heartbeats first: CAT001 needs the time of CAT002
        if number not in CATEGORIES:
            _report_unknown(here, number, blocks[number])
            summary[f"CAT{number:03d} blocks (not read)"] = int(blocks[number].begin.size)
            continue
        records = read_records(payloads.buffer, blocks[number], choose(number, editions or {}))
        summary[f"CAT{number:03d} records"] = len(records)
        _report_ends(here, blocks[number], records)
        part = _rows(here, blocks[number], records, whole_times)
        if number in HEARTBEATS:
            beats.append(heartbeat.heartbeats(records, part.time_us))
        if part.plots is not None:
            parts.append(part.plots)
    if undated:
        problems.add(name, "no capture time and no date: times count from 1970-01-01", "give --date")
    found = _joined(parts)
    available = heartbeat.availability(beats, by_source)
    summary["sensors"] = len(set(found["sensor"].unique().to_pylist()) | set(available["sensor"].unique().to_pylist()))
    return Decoded("asterix", plots=found, availability=available, problems=problems, summary=summary)


@dataclass(frozen=True)
class _Part:
    time_us: NDArray[np.int64]
    plots: pa.Table | None


def _rows(
    here: _Context,
    blocks: Blocks,
    records: Records,
    whole_times: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> _Part:
    """Give the records of one category their times and, where they are targets, make plots of them."""
    payload = blocks.payload[records.block]
    received_us = here.payloads.time_us[payload]
    number = records.category.number
    time_us = _times(here, records, received_us, whole_times)
    if number == 2:
        known = time_us != NO_TIME_US
        for source in np.unique(records.columns["source"][known]).tolist():
            mine = known & (records.columns["source"] == source)
            whole_times[source] = (records.record[mine], time_us[mine])
    if number not in TARGETS:
        return _Part(time_us, None)
    offset = here.payloads.offset(payload, records.record)
    rows = plots.wanted(records, time_us)
    for what, which in rows.reasons.items():
        if what:
            first = int(offset[np.flatnonzero(which)[0]])
            here.problems.add(
                f"{here.name}@{first}", f"CAT{number:03d}: {what}", int(which.sum()), times=int(which.sum())
            )
    keep = gates.sound(records, rows.keep, time_us, received_us, offset, here.name, here.problems)
    if not keep.any():
        return _Part(time_us, None)
    table = plots.table(
        records, keep, time_us=time_us, received_us=received_us, offset=offset, name=here.name, sensors=here.sensors
    )
    return _Part(time_us, project.with_positions(table, here.sensors))


def _times(
    here: _Context,
    records: Records,
    received_us: NDArray[np.int64],
    whole_times: Mapping[int, tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> NDArray[np.int64]:
    c = records.columns
    if records.category.number == 1:
        near_us = received_us.copy()
        for source, (record, when) in whole_times.items():
            mine = np.flatnonzero(c["source"] == source)
            last = np.maximum(np.searchsorted(record, records.record[mine]) - 1, 0)
            near_us[mine] = when[last]
        return times.from_truncated(c["truncated_s"], near_us)
    tod_s = c["tod_s"]
    for other in ("tod_reception_s", "tod_report_s"):  # CAT021: applicability, else reception, else transmission
        if other in c:
            tod_s = np.where(np.isfinite(tod_s), tod_s, c[other])
    return times.absolute(tod_s, received_us, here.near_us)


def _joined(parts: list[pa.Table]) -> pa.Table:
    if not parts:
        return tables.empty("plots")
    if len(parts) == 1:
        return tables.check("plots", parts[0])
    joined = tables.concat("plots", parts)
    return joined.take(pa.array(np.argsort(joined["offset"].to_numpy(), kind="stable")))


def _report_tails(here: _Context, tails: NDArray[Any]) -> None:
    if not len(tails):
        return
    where = here.payloads.offset(tails[:, 0], tails[:, 1])
    for (_, at, octets), offset in zip(tails[:20].tolist(), where[:20].tolist(), strict=True):
        sample = bytes(here.payloads.buffer[at : at + min(octets, 8)]).hex(" ")
        here.problems.add(
            f"{here.name}@{offset}", "trailing bytes that are no ASTERIX block", f"{octets} bytes: {sample}"
        )
    if len(tails) > 20:
        rest = tails[20:]
        what = "trailing bytes that are no ASTERIX block, in more payloads"
        here.problems.add(f"{here.name}@{where[20]}", what, f"{rest[:, 2].sum()} bytes", times=len(rest))


def _report_unknown(here: _Context, number: int, blocks: Blocks) -> None:
    offset = here.payloads.offset(blocks.payload[:1], blocks.begin[:1])[0] - 3
    count = int(blocks.begin.size)
    here.problems.add(f"{here.name}@{offset}", f"CAT{number:03d} is not read", f"{count} blocks skipped", times=count)


def _report_ends(here: _Context, blocks: Blocks, records: Records) -> None:
    """Report blocks that ended early: by record, or because the recording ends inside them."""
    codes = records.errors[:, 0]
    number = records.category.number
    short = blocks.stop < blocks.promised
    for code, sentence in ENDED.items():
        bad = np.flatnonzero((codes == code) & ~short)
        if bad.size:
            first = bad[:1]
            offset = here.payloads.offset(blocks.payload[first], records.errors[first, 1])[0]
            what = f"CAT{number:03d}: {sentence}"
            here.problems.add(f"{here.name}@{offset}", what, f"{bad.size} blocks", times=int(bad.size))
    for b in np.flatnonzero(short)[:20].tolist():
        offset = here.payloads.offset(blocks.payload[b : b + 1], blocks.begin[b : b + 1])[0] - 3
        missing = int(blocks.promised[b] - blocks.stop[b])
        here.problems.add(
            f"{here.name}@{offset}", f"CAT{number:03d}: the recording ends inside a block", f"{missing} bytes missing"
        )
