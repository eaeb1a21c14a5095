"""Raw Mode S frames out of what receivers write: Beast binary, AVR text, JSON lines, CSV.

All are whole-array: no loop over frames. A Beast frame is ``1a``, a type (``1`` Mode A/C, ``2`` short, ``3`` long,
``4`` status), 6 bytes of time, 1 byte of signal and the message; a ``1a`` inside is doubled
(Mode-S Beast manual, "Binary output format"). The time counts 12 MHz ticks since the receiver
started, or, from receivers with GPS (Radarcape), seconds of the day in 18 bits and nanoseconds in 30.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from datetime import date as Date

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman.errors import Problems
from waman.geo.time import NO_TIME_US, datetime_us, unwrap_time_of_day, us_text
from waman.plots.mode_s.messages import Frames
from waman.plots.mode_s.parity import LONG_BYTES, Bytes
from waman.plots.records.columns import Offsets, report, times_us, whole
from waman.plots.records.envelope import Content
from waman.plots.records.identity import Source
from waman.plots.records.json_records import collect

ESCAPE = 0x1A
PAYLOAD_BYTES = {ord("1"): 2, ord("2"): 7, ord("3"): 14, ord("4"): 14}
HEADER_BYTES = 9  # escape, type, six of time, one of signal
TICKS_PER_US = 12
GPS_NANOSECONDS = 1_000_000_000


class FrameRecord(msgspec.Struct):
    """A frame as JSON lines hold it (the form of rs1090 and jet1090)."""

    timestamp: float | str | None = None
    frame: str | None = None


def looks_like_beast(data: bytes) -> bool:
    """Return whether the bytes are Beast frames: most escapes start a frame of the right length.

    >>> looks_like_beast(bytes.fromhex("1a32000015a8877e0d20000ca8f70aa7") * 3)
    True
    """
    raw = np.frombuffer(data[: 1 << 16], np.uint8)
    _, plain, at, _ = _unescaped(raw)
    if len(at) < 3 or at[-1] + 1 >= len(plain):
        return len(at) == 2 and data[:1] == b"\x1a" and _sizes()[plain[at[0] + 1]] == at[1]
    return bool((_sizes()[plain[at[:-1] + 1]] == np.diff(at)).mean() > 0.8)


def _sizes() -> NDArray[np.int64]:
    sizes = np.full(256, -1, np.int64)
    for kind, payload in PAYLOAD_BYTES.items():
        sizes[kind] = HEADER_BYTES + payload
    return sizes


def _unescaped(raw: Bytes) -> tuple[Offsets, Bytes, Offsets, NDArray[np.bool_]]:
    """Return the starts of frames, the bytes with doubled escapes made single, and the starts in those.

    In a run of escapes, pairs are data; the odd one left over is the last, and starts a frame.
    """
    hit = np.flatnonzero(raw == ESCAPE)
    first = np.ones(len(hit), np.bool_)
    first[1:] = np.diff(hit) != 1
    place = np.arange(len(hit)) - np.maximum.accumulate(np.where(first, np.arange(len(hit)), 0))
    last = np.append(first[1:], True) if len(hit) else first
    starts = hit[last & (place % 2 == 0)]
    keep = np.ones(len(raw), np.bool_)
    keep[hit[place % 2 == 1]] = False
    new_place = np.cumsum(keep) - 1
    return starts, raw[keep], new_place[starts], keep


def read_beast(content: Content, problems: Problems, *, date: Date | None) -> Frames:
    """Return the Mode S frames of a Beast recording; Mode A/C replies and status frames are counted only."""
    raw = np.frombuffer(content.data, np.uint8)
    starts, plain, at, _ = _unescaped(raw)
    size = np.diff(np.append(at, len(plain)))
    kind = plain[np.minimum(at + 1, max(len(plain) - 1, 0))] if len(at) else np.zeros(0, np.uint8)
    wanted = _sizes()[kind]
    good = (wanted > 0) & (size >= wanted)
    report(problems, content, starts, ~good, "not a whole Beast frame", pa.array(kind.astype(np.int64)))
    report(problems, content, starts, good & (size > wanted), "bytes after a Beast frame", pa.array(size - wanted))
    if len(starts) and starts[0] > 0:
        problems.add(content.at(0), "bytes before the first Beast frame", int(starts[0]))
    mode_s = good & ((kind == ord("2")) | (kind == ord("3")))
    if other := int((good & ~mode_s).sum()):
        problems.add(content.name, "Mode A/C replies and status frames carry no address and are not kept", times=other)
    at, length = at[mode_s], wanted[mode_s] - HEADER_BYTES
    payload = _gather(plain, at + HEADER_BYTES, LONG_BYTES)
    payload[np.arange(LONG_BYTES) >= length[:, None]] = 0
    ticks = _gather(plain, at + 2, 6).astype(np.int64) @ (256 ** np.arange(5, -1, -1, dtype=np.int64))
    return Frames(payload, length, _beast_times(ticks, content, problems, date), starts[mode_s])


def _gather(plain: Bytes, at: Offsets, width: int) -> Bytes:
    index = at[:, None] + np.arange(width)
    return plain[np.minimum(index, max(len(plain) - 1, 0))] if len(plain) else np.zeros((len(at), width), np.uint8)


def _beast_times(ticks: NDArray[np.int64], content: Content, problems: Problems, date: Date | None) -> Offsets:
    """Return UTC times of Beast counters; what had to be assumed is written as a problem."""
    if not len(ticks):
        return np.zeros(0, np.int64)
    low, high = ticks & ((1 << 30) - 1), ticks >> 30
    gps = bool((low < GPS_NANOSECONDS).all() and (high < 86_400).all() and high.max() - high.min() > 2)
    day_us = datetime_us(datetime.combine(date, time(12), tzinfo=UTC)) if date else content.modified_us
    if gps:
        if date is None:
            problems.add(content.name, "this format has no date: the file's own is taken", us_text(day_us))
        return unwrap_time_of_day(high + low / GPS_NANOSECONDS, np.asarray(day_us))
    us = ticks // TICKS_PER_US
    us += np.cumsum(np.where(np.diff(us, prepend=us[0]) < -(1 << 47) // TICKS_PER_US, (1 << 48) // TICKS_PER_US, 0))
    if date is not None:
        problems.add(content.name, "the receiver's clock starts with the receiver: the first frame is put at 00:00 UTC")
        return np.asarray(us - us.min() + datetime_us(datetime.combine(date, time(0), tzinfo=UTC)))
    problems.add(content.name, "this format has no date: the last frame is put at the file's own time", us_text(day_us))
    return np.asarray(us - us.max() + content.modified_us)


_AVR_LINE = re.compile(rb"^[ \t]*(?:\*|@([0-9A-Fa-f]{12}))((?:[0-9A-Fa-f]{14}){1,2});", re.M)


def read_avr(content: Content, problems: Problems, *, date: Date | None) -> Frames:
    """Return the frames of AVR text: ``*frame;``, or ``@time frame;`` with 12 hexadecimal digits of 12 MHz ticks."""
    found = list(_AVR_LINE.finditer(content.data))
    lines = content.data.count(b";")
    if lines > len(found):
        problems.add(
            content.name, "AVR lines that hold no Mode S frame (Mode A/C or damaged)", times=lines - len(found)
        )
    payload, length = from_hex([m[2].decode() for m in found])
    ticks = np.array([int(m[1], 16) if m[1] else -1 for m in found], np.int64)
    offsets = np.array([m.start() for m in found], np.int64)
    if len(ticks) and (ticks >= 0).all():
        times = _beast_times(ticks, content, problems, date)
    else:
        problems.add(content.name, "these lines have no time: all are put at the file's own time")
        times = np.full(len(found), content.modified_us, np.int64)
    return Frames(payload, length, times, offsets)


def read_frames_json(content: Content, problems: Problems, source: Source) -> Frames:
    """Return the frames of JSON lines with ``timestamp`` and ``frame``."""
    found, offsets = collect(content, FrameRecord, problems)
    return _from_columns(found.get("frame"), found.get("timestamp"), content, offsets, problems, source)


def read_frames_csv(content: Content, problems: Problems, source: Source) -> Frames:
    """Return the frames of a CSV of times and frames, with or without a header."""
    from waman.plots.records.csv_records import read_csv

    headless = content.data.lstrip()[:1].isdigit()
    found, offsets = read_csv(content, problems, names=("timestamp", "frame") if headless else None)
    raw = next((found[n] for n in ("frame", "rawmsg", "raw") if n in found), None)
    when = next((found[n] for n in ("timestamp", "time", "mintime") if n in found), None)
    return _from_columns(raw, when, content, offsets, problems, source)


def _from_columns(
    raw: pa.Array | None,
    when: pa.Array | None,
    content: Content,
    offsets: Offsets,
    problems: Problems,
    source: Source,
) -> Frames:
    if raw is None or when is None:
        problems.add(content.name, "no columns of times and frames")
        return Frames(np.zeros((0, LONG_BYTES), np.uint8), np.zeros(0, np.int64), np.zeros(0, np.int64), offsets[:0])
    clock = times_us(when, timezone=source.timezone)
    texts = np.array([t or "" for t in whole(raw).cast(pa.string()).to_pylist()], object)
    is_frame = np.array([bool(_HEX.fullmatch(t)) for t in texts], np.bool_)
    report(problems, content, offsets, ~is_frame, "not a Mode S frame of 14 or 28 hexadecimal digits", raw)
    report(problems, content, offsets, is_frame & (clock == NO_TIME_US), "no time, or one without a zone", when)
    keep = is_frame & (clock != NO_TIME_US)
    payload, length = from_hex(texts[keep].tolist())
    return Frames(payload, length, clock[keep], offsets[keep])


_HEX = re.compile("(?:[0-9A-Fa-f]{14}){1,2}")


def from_hex(texts: list[str]) -> tuple[Bytes, NDArray[np.int64]]:
    """Return the bytes (n, 14) and lengths of frames written in hexadecimal, 14 or 28 digits each.

    >>> payload, length = from_hex(["5d3981e46dc8eb"])
    >>> payload[0, :3].tolist(), length.tolist()
    ([93, 57, 129], [7])
    """
    length = np.array([len(t) // 2 for t in texts], np.int64)
    joined = bytes.fromhex("".join(t.ljust(2 * LONG_BYTES, "0") for t in texts))
    return np.frombuffer(joined, np.uint8).reshape(-1, LONG_BYTES).copy(), length
