"""Take the framing off a recording: one function a framing, recognised by content."""

from __future__ import annotations

import mmap
import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from waman.errors import Problems
from waman.geo.time import NO_TIME_US, datetime_us
from waman.geo.units import DAY_US
from waman.plots.capture import fragments, kernels, pcapng
from waman.plots.capture.payloads import Payloads

PCAP_MAGIC = {
    b"\xa1\xb2\xc3\xd4": (True, 1000),
    b"\xd4\xc3\xb2\xa1": (False, 1000),
    b"\xa1\xb2\x3c\x4d": (True, 1),
    b"\x4d\x3c\xb2\xa1": (False, 1),
}
"""First octets of a pcap file -> big-endian, nanoseconds a tick (draft-ietf-opsawg-pcap)."""

PACKET_OCTETS_MAX = 1 << 20
"""Longest packet believed; an IP packet has at most 65,535 octets and a pseudo-header."""

IOSS_PAD = b"\xa5\xa5\xa5\xa5"
IOSS_HEADER, IOSS_SEQUENCE_HEADER = 8, 12
RFF_HEADER, RFF_FRAME = 128, 6
RFF_DATE = re.compile(rb"\d{4}[-/.]?\d{2}[-/.]?\d{2}[ T_-]?\d{2}:?\d{2}:?\d{2}")


def looks_like(head: bytes) -> str | None:
    r"""Return the framing that the first octets (ask for 4,096) show, or None.

    >>> looks_like(b"\xd4\xc3\xb2\xa1" + bytes(20))
    'pcap'
    """
    if head[:4] in PCAP_MAGIC and len(head) >= 24:
        return "pcap"
    if head[:4] == pcapng.SECTION and head[8:12] in (pcapng.BIG, pcapng.LITTLE):
        return "pcapng"
    for name, header in (("ioss", IOSS_HEADER), ("ioss_seq", IOSS_SEQUENCE_HEADER)):
        size = int.from_bytes(head[:2], "big")
        if size > header + 6 and len(head) >= size and head[size - 4 : size] == IOSS_PAD and head[header]:
            return name
    if len(head) >= RFF_HEADER and RFF_DATE.match(head[:20]):
        return "rff"
    return None


def read(data: bytes | bytearray | memoryview | mmap.mmap, *, name: str) -> tuple[Payloads, Problems]:
    """Return the payloads of a recording and what was wrong with its framing.

    ``name`` is how problems name the file. Data without a known framing are one payload.
    """
    problems = Problems()
    buffer = np.frombuffer(data, np.uint8)
    framing = looks_like(bytes(buffer[:65536]))
    if framing == "pcap":
        payloads = _pcap(buffer, name, problems)
    elif framing == "pcapng":
        packets, links = pcapng.packets(buffer, name, problems)
        payloads = from_packets(buffer, packets, links, name, problems)
    elif framing in ("ioss", "ioss_seq"):
        payloads = _ioss(buffer, name, problems, IOSS_HEADER if framing == "ioss" else IOSS_SEQUENCE_HEADER)
    elif framing == "rff":
        payloads = _rff(buffer, name, problems)
    else:
        payloads = Payloads.whole(memoryview(data))
    return replace(payloads, framing=framing or "raw"), problems


def _pcap(buffer: NDArray[np.uint8], name: str, problems: Problems) -> Payloads:
    big, tick_ns = PCAP_MAGIC[bytes(buffer[:4])]
    link = int(kernels.uint32(buffer, 20, big)) & 0xFFFF
    count, _ = kernels.walk_pcap(buffer, big, tick_ns, PACKET_OCTETS_MAX, False, np.empty((0, 4), np.int64))
    packets = np.empty((count, 4), np.int64)
    _, end = kernels.walk_pcap(buffer, big, tick_ns, PACKET_OCTETS_MAX, True, packets)
    if end < buffer.size:
        problems.add(f"{name}@{end}", "pcap: no whole packet record from here on", int(buffer.size - end))
    return from_packets(buffer, packets, np.full(count, link, np.int64), name, problems)


def from_packets(
    buffer: NDArray[np.uint8],
    packets: NDArray[np.int64],
    links: NDArray[np.int64],
    name: str,
    problems: Problems,
) -> Payloads:
    """Return the UDP payloads of packets (offset, captured, sent, time), fragments put together."""
    out = np.zeros((len(packets), 3), np.int64)
    parts = np.empty((fragments.FRAGMENTS_MAX, 8), np.int64)
    count = kernels.udp_payloads(buffer, packets, links, out, parts)
    for code, what in SKIPPED.items():
        skipped = np.flatnonzero(out[:, 0] == code)
        if skipped.size:
            where = f"{name}@{packets[skipped[0], 0]}"
            problems.add(where, what, f"{skipped.size} packets", times=int(skipped.size))
    good = out[:, 0] >= 0
    payloads = Payloads(
        buffer, out[good, 0], out[good, 1], packets[good, 3], out[good, 2] != 0, out[good, 0], int(buffer.size)
    )
    return fragments.reassemble(payloads, packets, parts[:count], name, problems) if count else payloads


SKIPPED = {
    kernels.NOT_IP: "packets that are not IP",
    kernels.NOT_UDP: "IP packets that are not UDP",
    kernels.SHORT: "packets too short for their headers",
    kernels.BAD_LINK: "packets of a link type that is not read (Ethernet, raw IP, null, SLL and SLL2 are)",
}


def _frames(buffer: NDArray[np.uint8], frames: list[tuple[int, int, int]], cut: bool) -> Payloads:
    rows = np.array(frames, np.int64).reshape(-1, 3)
    flags = np.zeros(len(rows), np.bool_)
    flags[-1:] = cut
    start = np.ascontiguousarray(rows[:, 0])
    return Payloads(buffer, start, rows[:, 1].copy(), rows[:, 2].copy(), flags, start, int(buffer.size))


def _ioss(buffer: NDArray[np.uint8], name: str, problems: Problems, header: int) -> Payloads:
    """IOSS Final Format: length, (sequence,) error, board, day, time in 10 ms (24 bits), data, four octets A5.

    Its day is a counter without a date, so times are left to the time of day of the data.
    """
    frames: list[tuple[int, int, int]] = []
    at, end = 0, buffer.size
    data = buffer.data
    while at + header + 4 <= end:
        size = int.from_bytes(data[at : at + 2], "big")
        if size < header + 4 or at + size > end or bytes(data[at + size - 4 : at + size]) != IOSS_PAD:
            break
        frames.append((at + header, size - header - 4, NO_TIME_US))
        at += size
    if at < end:
        problems.add(f"{name}@{at}", "Final Format: no whole frame from here on", end - at)
    return _frames(buffer, frames, False)


def _rff(buffer: NDArray[np.uint8], name: str, problems: Problems) -> Payloads:
    """RFF: 128 octets with start and end date, then frames: milliseconds (32), length (16, little-endian), data."""
    data = buffer.data
    begin = _rff_date(bytes(data[:20]))
    if begin == NO_TIME_US:
        problems.add(f"{name}@0", "RFF: the start date cannot be read", bytes(data[:20]))
    frames: list[tuple[int, int, int]] = []
    at, end = RFF_HEADER, buffer.size
    while at + RFF_FRAME <= end:
        milliseconds, size = (
            int.from_bytes(data[at : at + 4], "little"),
            int.from_bytes(data[at + 4 : at + 6], "little"),
        )
        if size == 0 or at + RFF_FRAME + size > end or milliseconds > 400 * DAY_US // 1000:
            break
        when = begin + milliseconds * 1000 if begin != NO_TIME_US else NO_TIME_US
        frames.append((at + RFF_FRAME, size, when))
        at += RFF_FRAME + size
    if at < end:
        problems.add(f"{name}@{at}", "RFF: no whole frame from here on", end - at)
    return _frames(buffer, frames, False)


def _rff_date(text: bytes) -> int:
    digits = re.sub(rb"\D", b"", text)[:14].decode()
    try:
        return datetime_us(datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC))
    except ValueError:
        return NO_TIME_US
