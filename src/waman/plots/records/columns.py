"""Columns of any sort made into the columns of the plots table, whole columns at a time.

Whatever cannot be understood becomes null and is reported with the place of the first rows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waman.errors import InputError, Problems
from waman.geo.time import NO_TIME_US, parse_utc_us
from waman.geo.units import SECOND_US
from waman.plots.records.envelope import Content
from waman.tables import TIME

SHOWN_MAX = 20  # rows of one kind of problem that get a line of their own; the rest are counted
YEAR_1990_US = 631_152_000 * SECOND_US
YEAR_2100_US = 4_102_444_800 * SECOND_US

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Offsets = NDArray[np.int64]


def report(problems: Problems, content: Content, offsets: Offsets, bad: Flags, what: str, values: pa.Array) -> None:
    """Write one problem for each bad row, up to SHOWN_MAX, and count the rest."""
    rows = np.flatnonzero(bad)
    for row in rows[:SHOWN_MAX]:
        problems.add(content.at(int(offsets[row])), what, values[int(row)].as_py())
    if len(rows) > SHOWN_MAX:
        problems.add(content.name, f"{what} (and more)", times=len(rows) - SHOWN_MAX)


def whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece, without dictionary."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # older pyarrow keeps empty columns chunked
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0)
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def numbers(column: pa.Array | pa.ChunkedArray) -> tuple[Floats, Flags]:
    """Return a column as float64, NaN where null, and flags of values that are no numbers."""
    column = whole(column)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        text = pc.utf8_trim_whitespace(column)
        good = pc.match_substring_regex(text, r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")
        bad = pc.and_(pc.invert(good), pc.not_equal(text, ""))
        column = pc.if_else(good, text, pa.scalar(None, text.type)).cast(pa.float64())
        return np.array(column.to_numpy(zero_copy_only=False), np.float64), _flags(bad)
    try:
        values = column.cast(pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return np.full(len(column), np.nan), _flags(pc.is_valid(column))
    out = np.array(values.to_numpy(zero_copy_only=False), np.float64)
    infinite = np.isinf(out)
    out[infinite] = np.nan
    return out, infinite


def _flags(column: pa.Array) -> Flags:
    return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False), np.bool_)


def times_us(column: pa.Array | pa.ChunkedArray, *, timezone: tzinfo | None) -> NDArray[np.int64]:
    """Return UTC microseconds of a column of times; NO_TIME_US where there is none or it is not understood.

    Numbers are seconds, milli-, micro- or nanoseconds since 1970, told apart by their size;
    texts are ISO 8601 and need a zone unless ``timezone`` is given.
    """
    column = whole(column)
    if pa.types.is_timestamp(column.type):
        if column.type.tz is None and timezone is None:
            return np.full(len(column), NO_TIME_US, np.int64)
        if column.type.tz is None:
            column = pc.assume_timezone(column, str(timezone), ambiguous="earliest", nonexistent="earliest")
        us = column.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.int64())
        return _in_range(np.asarray(pc.fill_null(us, NO_TIME_US).to_numpy(zero_copy_only=False), np.int64))
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return _text_times(column, timezone)
    seconds, _ = numbers(column)
    return _epoch_us(seconds)


def _epoch_us(values: Floats) -> NDArray[np.int64]:
    """Return microseconds of epoch numbers of any of the four usual units (valid from 1973 to 5138)."""
    size = np.abs(np.nan_to_num(values))
    unit = np.select([size < 1e11, size < 1e14, size < 1e17], [1e6, 1e3, 1.0], 1e-3)
    us = np.round(np.nan_to_num(values) * unit)
    good = np.isfinite(values) & (us > YEAR_1990_US) & (us < YEAR_2100_US)
    return np.where(good, us, NO_TIME_US).astype(np.int64)


def _in_range(us: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where((us > YEAR_1990_US) & (us < YEAR_2100_US), us, NO_TIME_US)


_ISO = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?"


def _text_times(column: pa.Array, timezone: tzinfo | None) -> NDArray[np.int64]:
    """Read ISO 8601 texts, all at once where all are of one usual form; texts that are plain numbers are epochs."""
    epoch, bad = numbers(column)
    if not bad.any():
        return _epoch_us(epoch)
    text = pc.utf8_trim_whitespace(column)
    bare = bool(pc.all(pc.match_substring_regex(text, _ISO + "$")).as_py())
    zoned = bool(pc.all(pc.match_substring_regex(text, _ISO + r"(Z|[+-]\d\d:\d\d)$")).as_py())
    try:
        if zoned:
            return times_us(text.cast(TIME), timezone=timezone)
        if bare:
            return times_us(text.cast(pa.timestamp("us")), timezone=timezone)
    except pa.ArrowInvalid:  # a date that is none, such as the 31st of June: each text for itself
        pass
    coded = column.dictionary_encode()
    each = np.array([_one_time_us(text, timezone) for text in coded.dictionary.to_pylist()], np.int64)
    index = np.asarray(pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False), np.int64)
    us = np.where(index >= 0, each[index], NO_TIME_US) if len(each) else np.full(len(column), NO_TIME_US, np.int64)
    return np.where(np.isfinite(epoch), _epoch_us(epoch), _in_range(us))


def _one_time_us(text: str, timezone: tzinfo | None) -> int:
    try:
        return parse_utc_us(text, timezone=timezone)
    except (InputError, OverflowError):
        return int(NO_TIME_US)


def words(column: pa.Array | pa.ChunkedArray, each: Callable[[str], str | None]) -> tuple[pa.Array, Flags]:
    """Return a dictionary column with ``each`` applied to every different word, and flags of words it refused.

    A refused word is one that was there and for which ``each`` gave None.
    """
    column = whole(column)
    if not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    coded = column.dictionary_encode()
    fresh = [None if w is None else each(w) for w in coded.dictionary.to_pylist()]
    index = np.asarray(pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False), np.int64)
    names = sorted({w for w in fresh if w})
    place = {w: i for i, w in enumerate(names)}
    codes = np.array([place.get(w or "", -1) for w in fresh] + [-1], np.int32)
    refused = np.array([w is None for w in fresh] + [False], np.bool_)
    out = codes[index]
    return pa.DictionaryArray.from_arrays(pa.array(out, mask=out < 0), pa.array(names, pa.string())), refused[index]


def constant(word: str, rows: int) -> pa.Array:
    """Return a dictionary column that holds one word in every row.

    >>> constant("a", 2).to_pylist()
    ['a', 'a']
    """
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([word]))
