"""pcapng: sections of blocks, each with its interfaces, clocks and byte order (draft-ietf-opsawg-pcapng).

A block is met once a packet, so this walk is plain Python over few fields; a limit holds it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.errors import Problems
from waman.geo.time import NO_TIME_US

SECTION = b"\x0a\x0d\x0d\x0a"
BIG, LITTLE = b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a"
INTERFACE, PACKET_OLD, SIMPLE, PACKET = 1, 2, 3, 6
BLOCK_OCTETS_MAX = 1 << 24
INTERFACES_MAX = 1024


@dataclass(frozen=True)
class _Interface:
    link: int
    ticks_per_s: int
    shift_us: int
    snap: int


def packets(buffer: NDArray[np.uint8], name: str, problems: Problems) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return packets (offset, captured, sent, time [µs]) and the link type of each."""
    data = buffer.data
    order: str = "little"
    interfaces: list[_Interface] = []
    rows: list[tuple[int, int, int, int]] = []
    links: list[int] = []
    at, end = 0, len(data)
    while at + 12 <= end:
        if bytes(data[at : at + 4]) == SECTION:
            order = "big" if bytes(data[at + 8 : at + 12]) == BIG else "little"
            interfaces = []
        kind, size = _uint(data, at, 4, order), _uint(data, at + 4, 4, order)
        if size < 12 or size % 4 or size > BLOCK_OCTETS_MAX or at + size > end:
            break
        if kind == INTERFACE and size >= 20 and len(interfaces) < INTERFACES_MAX:
            interfaces.append(_interface(data, at, size, order))
        elif kind in (PACKET, PACKET_OLD, SIMPLE):
            row = _packet(data, at, size, kind, order, interfaces)
            if row is None:
                problems.add(f"{name}@{at}", "pcapng: a packet that contradicts its block", size)
            else:
                rows.append(row[:4])
                links.append(row[4])
        at += size
    if at < end:
        problems.add(f"{name}@{at}", "pcapng: no whole block from here on", end - at)
    return np.array(rows, np.int64).reshape(-1, 4), np.array(links, np.int64)


def _uint(data: memoryview, at: int, octets: int, order: str) -> int:
    return int.from_bytes(data[at : at + octets], "big" if order == "big" else "little")


def _interface(data: memoryview, at: int, size: int, order: str) -> _Interface:
    link, snap = _uint(data, at + 8, 2, order), _uint(data, at + 12, 4, order)
    ticks, shift_us, here = 1_000_000, 0, at + 16
    while here + 4 <= at + size - 4:
        code, octets = _uint(data, here, 2, order), _uint(data, here + 2, 2, order)
        if code == 0 or here + 4 + octets > at + size - 4:
            break
        if code == 9 and octets >= 1:  # if_tsresol: power of ten, or of two with the top bit set
            value = data[here + 4]
            ticks = 2 ** (value & 0x7F) if value & 0x80 else 10 ** min(value, 18)
        if code == 14 and octets >= 8:  # if_tsoffset [s]
            shift_us = min(_uint(data, here + 4, 8, order), 1 << 40) * 1_000_000
        here += 4 + (octets + 3) // 4 * 4
    return _Interface(link, ticks, shift_us, snap)


def _packet(
    data: memoryview, at: int, size: int, kind: int, order: str, interfaces: list[_Interface]
) -> tuple[int, int, int, int, int] | None:
    if kind == SIMPLE:
        if not interfaces or size < 16:
            return None
        sent, room = _uint(data, at + 8, 4, order), size - 16
        captured = min(sent, interfaces[0].snap or sent, room)
        return at + 12, captured, sent, NO_TIME_US, interfaces[0].link
    if size < 32:
        return None
    number = _uint(data, at + 8, 2 if kind == PACKET_OLD else 4, order)
    captured, sent = _uint(data, at + 20, 4, order), _uint(data, at + 24, 4, order)
    if number >= len(interfaces) or captured > size - 32:
        return None
    face = interfaces[number]
    ticks = (_uint(data, at + 12, 4, order) << 32) | _uint(data, at + 16, 4, order)
    when = ticks * 1_000_000 // face.ticks_per_s + face.shift_us
    return at + 28, captured, sent, when if when < 1 << 60 else NO_TIME_US, face.link
