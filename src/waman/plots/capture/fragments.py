"""IP fragments put together again, with limits; a datagram that lacks a part is a problem, never a guess."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from waman.errors import Problems
from waman.plots.capture.payloads import Payloads

FRAGMENTS_MAX = 65_536
"""Most fragments of one recording that are kept for reassembly."""

DATAGRAM_OCTETS_MAX = 65_535


def reassemble(
    payloads: Payloads, packets: NDArray[np.int64], parts: NDArray[np.int64], name: str, problems: Problems
) -> Payloads:
    """Return the payloads with whole datagrams appended, all in the order of their first packet.

    ``parts`` rows are those of ``kernels.udp_payloads``. Overlapping fragments are refused (RFC 5722).
    """
    groups: dict[tuple[bytes, int], list[int]] = {}
    data = payloads.buffer.data
    whole: list[tuple[bytes, int, int]] = []
    for i, part in enumerate(parts.tolist()):
        key = (bytes(data[part[6] : part[6] + part[7]]), part[3])
        group = groups.setdefault(key, [])
        group.append(i)
        datagram = _whole(parts[group], data)
        if datagram is not None:
            whole.append((datagram, int(parts[group[0], 1]) + 8, int(packets[part[0], 3])))
            del groups[key]
    left = sum(len(g) for g in groups.values())
    if left:
        first = min(int(parts[g[0], 1]) for g in groups.values())
        problems.add(f"{name}@{first}", "IP fragments whose datagram is not complete", left, times=left)
    if len(parts) == FRAGMENTS_MAX:
        problems.add(name, "more IP fragments than are put together", FRAGMENTS_MAX)
    return _append(payloads, whole) if whole else payloads


def _whole(parts: NDArray[np.int64], data: memoryview) -> bytes | None:
    """Return the UDP payload of a complete datagram, else None."""
    ordered = parts[np.argsort(parts[:, 4], kind="stable")]
    offsets, octets = ordered[:, 4], ordered[:, 2]
    ends = offsets + octets
    if offsets[0] != 0 or ordered[-1, 5] or ends[-1] > DATAGRAM_OCTETS_MAX or (offsets[1:] != ends[:-1]).any():
        return None
    datagram = b"".join(bytes(data[s : s + n]) for s, n in ordered[:, 1:3].tolist())
    size = int.from_bytes(datagram[4:6], "big")
    return datagram[8:size] if 8 <= size <= len(datagram) else None


def _append(payloads: Payloads, whole: list[tuple[bytes, int, int]]) -> Payloads:
    behind = payloads.buffer.size
    lengths = np.array([len(w[0]) for w in whole], np.int64)
    starts = behind + np.concatenate([[0], np.cumsum(lengths)[:-1]])
    joined = np.frombuffer(b"".join(w[0] for w in whole), np.uint8)
    origin = np.concatenate([payloads.origin, np.array([w[1] for w in whole], np.int64)])
    order = np.argsort(origin, kind="stable")
    return replace(
        payloads,
        buffer=np.concatenate([payloads.buffer, joined]),
        start=np.concatenate([payloads.start, starts])[order],
        length=np.concatenate([payloads.length, lengths])[order],
        time_us=np.concatenate([payloads.time_us, np.array([w[2] for w in whole], np.int64)])[order],
        cut=np.concatenate([payloads.cut, np.zeros(len(whole), np.bool_)])[order],
        origin=origin[order],
    )
