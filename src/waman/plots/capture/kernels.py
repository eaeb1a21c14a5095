"""The compiled loops over packets: record headers of pcap and pcapng, and the layers down to UDP.

Nothing is read at or behind ``end`` of the packet. An answer is the offset of the UDP payload, or a
negative code for :data:`SKIPPED`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from waman.jit import kernel

Whole: TypeAlias = Any
"""An int64 of numba, which knows no other integer."""

NOT_IP, NOT_UDP, SHORT, FRAGMENT, BAD_LINK = -1, -2, -3, -4, -5

LINK_NULL, LINK_ETHERNET, LINK_RAW, LINK_LOOP, LINK_SLL, LINK_SLL2 = 0, 1, 101, 108, 113, 276
LINK_RAW_OLD, LINK_IPV4, LINK_IPV6 = 12, 228, 229

OUT_START, OUT_LENGTH, OUT_CUT, OUT_ORIGIN = range(4)


@kernel
def be16(buffer: NDArray[np.uint8], at: int) -> Whole:
    """Return two octets as a big-endian number."""
    return (np.int64(buffer[at]) << 8) | np.int64(buffer[at + 1])


@kernel
def be32(buffer: NDArray[np.uint8], at: int) -> Whole:
    """Return four octets as a big-endian number."""
    return (be16(buffer, at) << 16) | be16(buffer, at + 2)


@kernel
def uint32(buffer: NDArray[np.uint8], at: int, big: bool) -> Whole:
    """Return four octets as a number of the file's byte order."""
    if big:
        return be32(buffer, at)
    return (
        np.int64(buffer[at])
        | (np.int64(buffer[at + 1]) << 8)
        | (np.int64(buffer[at + 2]) << 16)
        | (np.int64(buffer[at + 3]) << 24)
    )


@kernel
def walk_pcap(
    buffer: NDArray[np.uint8], big: bool, tick_ns: int, size_max: int, fill: bool, packets: NDArray[np.int64]
) -> tuple[int, int]:
    """Walk packet records of a pcap file; return how many there are and where reading ended.

    ``packets`` rows (when ``fill``): offset of the packet, octets captured, octets sent, time [µs].
    Ends at the first record that cannot be (longer than ``size_max`` or than the file).
    """
    at, count, end = 24, 0, buffer.size
    while at + 16 <= end:
        captured = uint32(buffer, at + 8, big)
        if captured > size_max or at + 16 + captured > end:
            break
        if fill:
            packets[count, 0] = at + 16
            packets[count, 1] = captured
            packets[count, 2] = uint32(buffer, at + 12, big)
            packets[count, 3] = uint32(buffer, at, big) * 1_000_000 + uint32(buffer, at + 4, big) * tick_ns // 1000
        count += 1
        at += 16 + captured
    return count, at


@kernel
def network_layer(buffer: NDArray[np.uint8], at: int, end: int, link: int) -> Whole:
    """Return where the IP header of a packet begins, or a negative code.

    Source: the LINKTYPE registry of tcpdump.org; IEEE 802.1Q and 802.1ad tags (0x8100, 0x88A8, 0x9100).
    """
    if link in (LINK_RAW, LINK_RAW_OLD, LINK_IPV4, LINK_IPV6):
        return at
    if link in (LINK_NULL, LINK_LOOP):
        return at + 4
    if link == LINK_ETHERNET:
        kind_at, here = at + 12, at + 14
    elif link == LINK_SLL:
        kind_at, here = at + 14, at + 16
    elif link == LINK_SLL2:
        kind_at, here = at, at + 20
    else:
        return BAD_LINK
    if here > end:
        return SHORT
    kind = be16(buffer, kind_at)
    for _ in range(4):
        if kind != 0x8100 and kind != 0x88A8 and kind != 0x9100:
            break
        if here + 4 > end:
            return SHORT
        kind = be16(buffer, here + 2)
        here += 4
    if kind == 0x0800 or kind == 0x86DD:
        return here
    return NOT_IP


@kernel
def transport_layer(buffer: NDArray[np.uint8], at: int, end: int, out: NDArray[np.int64]) -> Whole:
    """Return where the UDP header begins, or a negative code; ``out``: end of the IP payload, fragment facts.

    ``out`` rows for a fragment: 0 end, 1 identification, 2 offset, 3 more, 4 octet of the addresses,
    5 octets of addresses, 6 protocol. Sources: RFC 791, RFC 8200 (headers 0, 43, 44, 51, 60).
    """
    if at >= end:
        return SHORT
    version = buffer[at] >> 4
    if version == 4:
        header = (np.int64(buffer[at]) & 15) * 4
        if header < 20 or at + header > end:
            return SHORT
        total = be16(buffer, at + 2)
        stop = at + total if total >= header else end  # 0: left to the network card (TSO)
        flags = be16(buffer, at + 6)
        out[0] = stop
        out[1], out[2], out[3] = be16(buffer, at + 4), (flags & 0x1FFF) * 8, (flags >> 13) & 1
        out[4], out[5], out[6] = at + 12, 8, buffer[at + 9]
        if buffer[at + 9] != 17:
            return NOT_UDP
        return FRAGMENT if out[2] or out[3] else at + header
    if version != 6 or at + 40 > end:
        return NOT_IP if version != 6 else SHORT
    out[0] = at + 40 + be16(buffer, at + 4)
    out[4], out[5] = at + 8, 32
    following: Whole = np.int64(buffer[at + 6])
    here: Whole = at + 40
    for _ in range(8):
        if following == 17:
            return here
        if following != 0 and following != 43 and following != 44 and following != 51 and following != 60:
            return NOT_UDP
        if here + 8 > end:
            return SHORT
        if following == 44:
            flags = be16(buffer, here + 2)
            out[1], out[2], out[3], out[6] = be32(buffer, here + 4), flags & 0xFFF8, flags & 1, buffer[here]
            if out[2] or out[3]:
                out[7] = here + 8
                return FRAGMENT if buffer[here] == 17 else NOT_UDP
            step: Whole = 8
        else:
            step = (np.int64(buffer[here + 1]) + 2) * 4 if following == 51 else (np.int64(buffer[here + 1]) + 1) * 8
        following = np.int64(buffer[here])
        here += step
    return NOT_UDP


@kernel
def udp_payloads(
    buffer: NDArray[np.uint8],
    packets: NDArray[np.int64],
    link: NDArray[np.int64],
    out: NDArray[np.int64],
    fragments: NDArray[np.int64],
) -> Whole:
    """Find the UDP payload of every packet; return the number of fragments noted.

    ``out`` (n, 3): first octet or a negative code, octets, 1 where the recorder cut it. ``fragments`` rows:
    packet, first octet, octets, identification, offset, more, octet and number of the addresses.
    """
    count = 0
    ip = np.zeros(8, np.int64)
    for i in range(packets.shape[0]):
        at = packets[i, 0]
        end = at + packets[i, 1]
        here = network_layer(buffer, at, end, link[i])
        if here >= 0:
            ip[7] = 0
            there = transport_layer(buffer, here, end, ip)
            if there == FRAGMENT:
                first = ip[7] if ip[7] else here + (np.int64(buffer[here]) & 15) * 4
                octets = min(ip[0], end) - first
                if count < fragments.shape[0] and octets > 0 and ip[0] <= end:
                    fragments[count, 0], fragments[count, 1], fragments[count, 2] = i, first, octets
                    fragments[count, 3], fragments[count, 4], fragments[count, 5] = ip[1], ip[2], ip[3]
                    fragments[count, 6], fragments[count, 7] = ip[4], ip[5]
                    count += 1
            here = there
        if here >= 0 and here + 8 > end:
            here = SHORT
        out[i, 0] = here
        if here >= 0:
            size = be16(buffer, here + 4) - 8
            room = min(end, ip[0]) - here - 8
            out[i, 0], out[i, 1] = here + 8, max(0, min(size, room))
            out[i, 2] = size > room and packets[i, 2] > packets[i, 1]
    return count
