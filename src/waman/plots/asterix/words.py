"""Dictionary columns of Arrow from integer codes: sensor names, addresses, callsigns, kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman.plots.asterix.kernels import picks

FIRST_TABLE = 4096

ICAO_6BIT = np.full(64, "?", "U1")
ICAO_6BIT[1:27] = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
ICAO_6BIT[32] = " "
ICAO_6BIT[48:58] = list("0123456789")
ICAO_6BIT[0] = " "  # not in the alphabet, but sent as padding where there is no character


def rank(values: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return each value's rank among the distinct values in order of first appearance (-1 stays -1), and those.

    >>> rank(np.array([7, -1, 3, 7]))
    (array([ 0, -1,  1,  0], dtype=int32), array([7, 3]))
    """
    out = np.empty(values.size, np.int32)
    size = FIRST_TABLE
    while True:
        keys, codes = np.full(size, -1, np.int64), np.empty(size, np.int32)
        count = picks.rank_words(values, keys, codes, out)
        if count >= 0:
            distinct = np.empty(count, np.int64)
            used = keys >= 0
            distinct[codes[used]] = keys[used]
            return out, distinct
        size *= 8


def rank_ref(values: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return what :func:`rank` does, by sorting."""
    kept = values[values >= 0].astype(np.int64)
    distinct, first, inverse = np.unique(kept, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(order.size, np.int32)
    place[order] = np.arange(order.size)
    out = np.full(values.size, -1, np.int32)
    out[values >= 0] = place[inverse]
    return out, distinct[order]


def dictionary(values: NDArray[Any], names: Callable[[NDArray[np.int64]], Sequence[str | None]]) -> pa.Array:
    """Return a dictionary column; ``names`` turns distinct codes into words, None where it is no word."""
    ranks, distinct = rank(values)
    words = names(distinct)
    index = {w: i for i, w in enumerate(dict.fromkeys(w for w in words if w is not None))}
    if len(index) < len(words):  # some codes are no word, or two are the same
        renumber = np.array([-1 if w is None else index[w] for w in words] + [-1], np.int32)
        ranks = renumber[ranks]
    return pa.DictionaryArray.from_arrays(integers(ranks), pa.array(list(index), pa.string()))


def column(values: NDArray[Any], missing: NDArray[np.bool_], kind: pa.DataType) -> pa.Array:
    """Return an Arrow column over the values themselves, null where ``missing``; ``kind`` has their width.

    >>> column(np.array([1, -1], np.int16), np.array([False, True]), pa.uint16()).to_pylist()
    [1, None]
    """
    count = int(np.count_nonzero(missing))
    valid = pa.py_buffer(np.packbits(~missing, bitorder="little")) if count else None
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, values.size, [valid, data], null_count=count)


def integers(values: NDArray[Any]) -> pa.Array:
    """Return an integer column in which -1 is null."""
    return column(values, values < 0, pa.from_numpy_dtype(values.dtype))


def callsigns(codes: NDArray[np.int64]) -> list[str | None]:
    """Return callsigns of eight six-bit characters (ICAO Annex 10, volume IV, table 3-9), None where not one.

    >>> callsigns(np.array([18426329569312, 0]))
    ['DLH65A', None]
    """
    six = (codes[:, None] >> np.arange(42, -1, -6)) & 63
    texts = [t.rstrip() for t in np.ascontiguousarray(ICAO_6BIT[six]).view("U8").ravel().tolist()]
    return [t if t and "?" not in t and " " not in t else None for t in texts]


def addresses(codes: NDArray[np.int64]) -> list[str | None]:
    """Return 24-bit addresses as six lower-case hexadecimal digits; the all-zero address is nobody's.

    >>> addresses(np.array([0x4CA123, 0]))
    ['4ca123', None]
    """
    return [f"{c:06x}" if c else None for c in codes.tolist()]
