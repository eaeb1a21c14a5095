"""Tables of text with separators: read whole, in C, with every bad line named.

The fast way lets pyarrow guess the type of a column; where a later value does not fit the
guess, all columns are read again as texts and :mod:`waman.plots.records.columns` sorts the values out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
from numpy.typing import NDArray

from waman.errors import Problems
from waman.plots.recognise import header, separator
from waman.plots.records.columns import SHOWN_MAX, whole
from waman.plots.records.envelope import Content

BLOCK_BYTES = 1 << 22
_NEWLINE = 10

# words that look like numbers ("393322", "3e1234", "0700") and must not become any
TEXTS = frozenset(
    {"icao24", "icao", "hex", "callsign", "flight", "squawk", "registration", "frame", "rawmsg", "raw", "route"}
    | {"observer_cell", "reliability", "event", "consent", "audience", "registration_read", "origin", "destination"}
    | {"type", "status", "message", "day", "clock", "day_logged", "clock_logged"}
)


def read_csv(
    content: Content,
    problems: Problems,
    *,
    names: Sequence[str] | None = None,
    quiet: tuple[str, ...] = (),
) -> tuple[dict[str, pa.Array], NDArray[np.int64]]:
    """Return the columns of a table by their lower-case names, and the byte offset of each row.

    ``names`` are the columns of a table that has no header. Lines that begin with one of ``quiet``
    are left out without a word where they do not fit; any other line with the wrong
    number of fields is left out with a problem.
    """
    content = _utf8(content, problems)
    columns = list(names) if names is not None else header(content.data)
    first = content.data.lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\n", 1)[0]
    skipped: list[int] = []
    odd: list[int] = []

    def leave_out(row: pcsv.InvalidRow) -> str:
        skipped.append(int(row.number) - 1 if row.number is not None else 0)
        if row.text.startswith(quiet):
            return "skip"
        odd.append(1)
        if len(odd) <= SHOWN_MAX:
            problems.add(
                f"{content.name}:{row.number}", f"{row.actual_columns} fields where {row.expected_columns} are"
            )
        return "skip"

    table = None
    for as_text in (False, True):
        skipped.clear()
        odd.clear()
        try:
            table = _parse(content.data, columns, names is None, separator(first).decode(), leave_out, as_text)
            break
        except pa.ArrowInvalid as why:
            if as_text:  # the reason may repeat what the file says, so it is not given
                problems.add(content.name, "not a readable table", type(why).__name__)
    if len(odd) > SHOWN_MAX:
        problems.add(content.name, "lines with the wrong number of fields (and more)", times=len(odd) - SHOWN_MAX)
    if table is None:
        return {}, np.zeros(0, np.int64)
    found = {n: whole(table[i]) for i, n in enumerate(columns)}
    return found, _line_offsets(content.data, skipped, names is None, table.num_rows)


def _parse(data: bytes, columns: list[str], has_header: bool, mark: str, leave_out: object, as_text: bool) -> pa.Table:
    unique = [f"{n}#{i}" for i, n in enumerate(columns)]
    types = {u: pa.string() for u, n in zip(unique, columns, strict=True) if as_text or n in TEXTS}
    return pcsv.read_csv(
        pa.BufferReader(data),
        pcsv.ReadOptions(column_names=unique, skip_rows=int(has_header), block_size=BLOCK_BYTES, use_threads=False),
        pcsv.ParseOptions(delimiter=mark, invalid_row_handler=leave_out),
        pcsv.ConvertOptions(column_types=types, strings_can_be_null=True),
    )


def _utf8(content: Content, problems: Problems) -> Content:
    try:
        content.data.decode("utf-8")
    except UnicodeDecodeError as why:
        problems.add(content.at(why.start), "not UTF-8: the text is read as Latin-1, which knows every byte")
        return replace(content, data=content.data.decode("latin-1").encode("utf-8"))
    return content


def _line_offsets(data: bytes, skipped: list[int], has_header: bool, rows: int) -> NDArray[np.int64]:
    """Return where the line of each row starts; all zero where lines and rows cannot be matched."""
    buffer = np.frombuffer(data, np.uint8)
    starts = np.concatenate([[0], np.flatnonzero(buffer == _NEWLINE) + 1])
    starts = starts[starts < len(buffer)]
    filled = (buffer[starts] != _NEWLINE) & (buffer[starts] != 13)
    starts = starts[filled]  # pyarrow does not count empty lines
    kept = np.delete(starts, [s for s in skipped if s < len(starts)])[int(has_header) :]
    return kept.astype(np.int64) if len(kept) == rows else np.zeros(rows, np.int64)
