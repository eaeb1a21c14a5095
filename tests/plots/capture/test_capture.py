"""Framings made by hand give the payloads they hold, and say where they break."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waman.geo.time import NO_TIME_US
from waman.plots import capture

DATA = b"\x30\x00\x05\x80\x01"
SECOND = 1_700_000_000


def udp(data: bytes) -> bytes:
    return struct.pack(">HHHH", 8600, 8600, 8 + len(data), 0) + data


def ipv4(body: bytes, *, offset: int = 0, more: bool = False, number: int = 7, protocol: int = 17) -> bytes:
    flags = (offset // 8) | (0x2000 if more else 0)
    return (
        struct.pack(
            ">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), number, flags, 64, protocol, 0, b"\x0a\0\0\1", b"\xe0\0\0\1"
        )
        + body
    )


def ipv6(body: bytes, following: int = 17) -> bytes:
    return struct.pack(">IHBB", 6 << 28, len(body), following, 64) + bytes(32) + body


def ethernet(body: bytes, kind: int = 0x0800, tags: tuple[int, ...] = ()) -> bytes:
    return bytes(12) + b"".join(struct.pack(">HH", t, 5) for t in tags) + struct.pack(">H", kind) + body


def pcap(packets: list[bytes], link: int = 1, *, order: str = "<", magic: int = 0xA1B2C3D4) -> bytes:
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    for p in packets:
        out += struct.pack(order + "IIII", SECOND, 500, len(p), len(p)) + p
    return out


def payloads_of(file: bytes) -> list[bytes]:
    found, problems = capture.read(file, name="f")
    assert problems.count == 0, problems.kept
    return [bytes(found.buffer[s : s + n]) for s, n in zip(found.start, found.length, strict=True)]


LINKS = {
    "ethernet": (1, ethernet(ipv4(udp(DATA)))),
    "vlan": (1, ethernet(ipv4(udp(DATA)), tags=(0x8100,))),
    "qinq": (1, ethernet(ipv4(udp(DATA)), tags=(0x88A8, 0x8100))),
    "ethernet padding": (1, ethernet(ipv4(udp(DATA))) + bytes(9)),
    "ipv6": (1, ethernet(ipv6(udp(DATA)), 0x86DD)),
    "ipv6 options": (1, ethernet(ipv6(struct.pack(">BB6x", 17, 0) + udp(DATA), 0), 0x86DD)),
    "raw": (101, ipv4(udp(DATA))),
    "null": (0, b"\2\0\0\0" + ipv4(udp(DATA))),
    "cooked": (113, bytes(14) + b"\x08\x00" + ipv4(udp(DATA))),
    "cooked 2": (276, b"\x08\x00" + bytes(18) + ipv4(udp(DATA))),
}


@pytest.mark.parametrize("link", LINKS)
def test_udp_is_found_under_every_link_layer(link: str) -> None:
    number, packet = LINKS[link]
    assert payloads_of(pcap([packet], number)) == [DATA]


@pytest.mark.parametrize(
    ("order", "magic", "micros"), [("<", 0xA1B2C3D4, 500), (">", 0xA1B2C3D4, 500), ("<", 0xA1B23C4D, 0)]
)
def test_pcap_times_follow_byte_order_and_resolution(order: str, magic: int, micros: int) -> None:
    found, _ = capture.read(pcap([LINKS["raw"][1]], 101, order=order, magic=magic), name="f")
    assert found.time_us.tolist() == [SECOND * 1_000_000 + micros]


def test_offsets_are_those_of_the_file() -> None:
    file = pcap([LINKS["ethernet"][1]])
    found, _ = capture.read(file, name="f")
    assert found.offset(np.array([0]), found.start).tolist() == [file.index(DATA)]


def test_fragments_in_any_order_become_one_datagram() -> None:
    whole = udp(bytes(range(100)))
    parts = [ipv4(whole[:48], more=True), ipv4(whole[48:96], offset=48, more=True), ipv4(whole[96:], offset=96)]
    for order in ((0, 1, 2), (2, 0, 1)):
        assert payloads_of(pcap([parts[i] for i in order], 101)) == [bytes(range(100))]


def test_a_datagram_that_lacks_a_fragment_is_a_problem() -> None:
    whole = udp(bytes(100))
    found, problems = capture.read(pcap([ipv4(whole[:48], more=True), ipv4(whole[56:], offset=56)], 101), name="f")
    assert len(found) == 0
    assert [p.what for p in problems.kept if "fragments" in p.what] == ["IP fragments whose datagram is not complete"]


def test_what_is_not_udp_is_counted() -> None:
    file = pcap([ethernet(ipv4(b"", protocol=6)), ethernet(b"", 0x0806), LINKS["ethernet"][1]])
    found, problems = capture.read(file, name="f")
    assert len(found) == 1
    assert sorted(p.what for p in problems.kept) == ["IP packets that are not UDP", "packets that are not IP"]


def pcapng(packet: bytes) -> bytes:
    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))

    ticks = SECOND * 10**9 + 500_000
    section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HHB3x", 9, 1, 9) + bytes(4))
    enhanced = struct.pack("<IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(packet), len(packet)) + packet
    return section + interface + block(6, enhanced)


def test_pcapng_is_read_with_its_own_clock() -> None:
    file = pcapng(LINKS["ethernet"][1])
    found, _ = capture.read(file, name="f")
    assert payloads_of(file) == [DATA]
    assert found.time_us.tolist() == [SECOND * 1_000_000 + 500]


def ioss(data: bytes) -> bytes:
    return struct.pack(">HBBB3s", 12 + len(data), 0, 1, 3, b"\0\1\0") + data + b"\xa5" * 4


def rff(data: bytes) -> bytes:
    return b"2023-11-14 22:13:20\0" * 2 + bytes(88) + struct.pack("<IH", 500, len(data)) + data


def test_final_format_frames_are_taken_off() -> None:
    assert payloads_of(ioss(DATA) * 3) == [DATA] * 3


def test_rff_frames_carry_the_time_since_the_start() -> None:
    found, _ = capture.read(rff(DATA), name="f")
    assert payloads_of(rff(DATA)) == [DATA]
    assert found.time_us.tolist() == [SECOND * 1_000_000 + 500_000]


@pytest.mark.parametrize(
    "file", [pcap([LINKS["raw"][1]] * 2, 101), pcapng(LINKS["ethernet"][1]), ioss(DATA) * 2, rff(DATA)]
)
def test_a_file_cut_anywhere_gives_what_is_whole_and_a_problem(file: bytes) -> None:
    for end in range(len(file)):
        found, _ = capture.read(file[:end], name="f")
        inside = (found.start + found.length <= found.buffer.size).all() and (found.length >= 0).all()
        assert inside


def test_bytes_without_a_framing_are_one_payload() -> None:
    found, _ = capture.read(DATA, name="f")
    assert (found.framing, len(found), found.time_us[0]) == ("raw", 1, NO_TIME_US)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([pcap([p], n) for n, p in LINKS.values()] + [pcapng(LINKS["ethernet"][1])]), st.data())
def test_flipped_octets_never_lead_outside_the_file(file: bytes, data: st.DataObject) -> None:
    damaged = bytearray(file)
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    found, _ = capture.read(bytes(damaged), name="f")
    assert (found.start >= 0).all() and (found.start + found.length <= found.buffer.size).all()
    assert (found.length >= 0).all()
