"""What a recording holds once its framing is taken off: payloads, where they lie, when they came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.geo.time import NO_TIME_US


@dataclass(frozen=True)
class Payloads:
    """Stretches of bytes of one recording, in file order.

    Parameters
    ----------
    buffer : (octets,) uint8, the whole file; reassembled datagrams are appended behind it
    start, length : (n,) int64, where each payload lies in ``buffer``
    time_us : (n,) int64, when it was received, UTC [µs]; NO_TIME_US where the recording does not say
    cut : (n,) bool, whether the recorder kept less than was sent (the last block may be incomplete)
    origin : (n,) int64, byte offset in the file of the first octet
    file_octets : octets of ``buffer`` that are the file itself
    framing : what was taken off
    base : added to every offset: octets of a live stream that came before

    >>> Payloads.whole(b"ab").length.tolist()
    [2]
    """

    buffer: NDArray[np.uint8]
    start: NDArray[np.int64]
    length: NDArray[np.int64]
    time_us: NDArray[np.int64]
    cut: NDArray[np.bool_]
    origin: NDArray[np.int64]
    file_octets: int
    framing: str = "raw"
    base: int = 0

    def __len__(self) -> int:
        return int(self.start.size)

    @classmethod
    def whole(cls, data: bytes | bytearray | memoryview, *, time_us: int = NO_TIME_US) -> Payloads:
        """Return all of ``data`` as one payload that may have been cut."""
        buffer = np.frombuffer(data, np.uint8)
        zero = np.zeros(1, np.int64)
        return cls(buffer, zero, np.array([buffer.size]), np.array([time_us]), np.array([True]), zero, int(buffer.size))

    def offset(self, payload: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the offsets in the file of octets ``at`` of ``buffer`` that lie in ``payload``.

        An octet of a reassembled datagram has the offset of the datagram's first octet.
        """
        return np.where(at < self.file_octets, at, self.origin[payload]) + self.base
