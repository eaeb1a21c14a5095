"""The live form: bytes as a socket gives them, in pieces that need not end where a block ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from waman.config import Sensor
from waman.plots.asterix.decode import decode
from waman.plots.capture import Payloads
from waman.plots.result import Decoded


class Stream:
    """ASTERIX from one socket. Not thread-safe: one reader feeds it.

    State:

    * ``rest``: octets of a block whose end has not come yet (fewer than 65,536: LEN has 16 bits);
    * ``taken``: octets used up so far, so that every row's offset counts from the start of the stream;
    * ``broken``: whether a TCP stream lost its place. Nothing is guessed then: what comes is only counted,
      until the connection is opened again and a new Stream begins.
    """

    def __init__(self, *, name: str, editions: Mapping[int, str] | None = None, sensors: Sequence[Sensor] = ()) -> None:
        self.rest = b""
        self.taken = 0
        self.broken = False
        self._name = name
        self._editions = dict(editions or {})
        self._sensors = tuple(sensors)

    def datagram(self, data: bytes, received_us: int) -> Decoded:
        """Return what one UDP datagram holds; datagrams are independent of each other."""
        payload = Payloads.whole(data, time_us=received_us)
        payload.cut[:] = False
        return self._decode(replace(payload, base=self.taken), len(data))

    def feed(self, data: bytes, received_us: int) -> Decoded:
        """Return what the blocks hold that end within ``data``; keep the begun one for the next call."""
        if self.broken:
            return self._decode(Payloads.whole(b""), len(data))
        whole = self.rest + data
        end, self.broken = _whole_blocks(whole)
        done, self.rest = whole[:end], whole[end:]
        payload = replace(Payloads.whole(done, time_us=received_us), base=self.taken)
        found = self._decode(payload, end)
        if self.broken:
            found.problems.add(f"{self._name}@{self.taken}", "a block length that cannot be: the stream lost its place")
            self.rest = b""
        return found

    def _decode(self, payloads: Payloads, octets: int) -> Decoded:
        found = decode(payloads, name=self._name, near_us=None, editions=self._editions, sensors=self._sensors)
        self.taken += octets
        return found


def _whole_blocks(data: bytes) -> tuple[int, bool]:
    """Return where the last whole block ends, and whether a length follows that cannot be."""
    at = 0
    while at + 3 <= len(data):
        size = int.from_bytes(data[at + 1 : at + 3], "big")
        if size < 3:
            return at, True
        if at + size > len(data):
            break
        at += size
    return at, False
