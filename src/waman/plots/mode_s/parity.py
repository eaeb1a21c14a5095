"""The 24-bit parity of Mode S frames (ICAO Annex 10 volume IV, 3.1.2.3.3), whole arrays at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

LONG_BYTES, SHORT_BYTES = 14, 7
GENERATOR = 0xFFF409  # 3.1.2.3.3.1.2: x^24+x^23+...+x^12+x^10+x^3+1, the leading bit left off


def parity_table() -> NDArray[np.uint32]:
    """Return the 256 remainders of one byte followed by three zero bytes."""
    rest = np.arange(256, dtype=np.int64) << 16
    for _ in range(8):
        rest = ((rest << 1) ^ np.where(rest & 0x800000, GENERATOR, 0)) & 0xFFFFFF
    return rest.astype(np.uint32)


def syndrome(payload: Bytes, length: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return the parity of each frame compared with its last 24 bits: 0, an interrogator, or the address.

    >>> frame = np.frombuffer(bytes.fromhex("8d406b902015a678d4d220aa4bda"), np.uint8)[None, :]
    >>> int(syndrome(frame, np.array([14]))[0])
    0
    """
    table = parity_table()
    rest = np.zeros(len(payload), np.uint32)
    for k in range(LONG_BYTES - 3):
        step = (rest << 8 & 0xFFFFFF) ^ table[(rest >> 16) ^ payload[:, k]]
        rest = np.where(k < length - 3, step, rest)
    return np.asarray(rest ^ three_bytes(payload, length - 3), np.uint32)


def syndrome_ref(payload: Bytes, length: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return what :func:`syndrome` returns, by long division of the whole frame, bit by bit."""
    bits = np.unpackbits(payload, axis=1).astype(np.uint8)
    divisor = np.unpackbits(np.array([0x1, 0xFF, 0xF4, 0x09], np.uint8))[7:]
    for k in range(LONG_BYTES * 8 - 24):
        odd = (bits[:, k] == 1) & (k < length * 8 - 24)
        bits[odd, k : k + 25] ^= divisor
    return three_bytes(np.packbits(bits, axis=1), length - 3)


def three_bytes(payload: Bytes, at: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return the 24 bits of each frame that begin at byte ``at``."""
    rows = np.arange(len(payload))
    a, b, c = (payload[rows, at + k].astype(np.uint32) for k in range(3))
    return np.asarray((a << 16) | (b << 8) | c, np.uint32)
