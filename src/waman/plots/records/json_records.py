"""JSON records, whole or damaged: an array of objects or one object a line, decoded in blocks.

msgspec decodes a block of objects straight into records whose fields are declared, in C. Where
a block does not decode it is halved until the broken object stands alone; that one becomes a
problem with its byte offset and the rest of the file is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any, TypeVar

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman.errors import Problems
from waman.plots.records.columns import whole
from waman.plots.records.envelope import Content

S = TypeVar("S")
T = TypeVar("T", bound=msgspec.Struct)

BLOCK_BYTES = 4 << 20  # decoded objects of one block stay below some 50 MB
BROKEN_RECORDS_MAX = 2000  # broken records looked for one by one; a file worse than that ends there

_SEAMS = {b"{}": re.compile(rb"\}(\s*,\s*)\{"), b"[]": re.compile(rb"\](\s*,\s*)\[")}
_NEWLINE = 10


def blocks(
    content: Content, record: type[S], problems: Problems, *, brackets: bytes = b"{}", quiet: bool = False
) -> Iterator[tuple[list[S], NDArray[np.int64]]]:
    """Yield the records of a file, block after block, with their byte offsets.

    ``brackets`` are those of a record: ``{}`` for objects, ``[]`` for rows that are arrays.
    ``offsets`` are those of the opening brackets in the unwrapped file. With ``quiet`` no
    problem repeats what the file says (reports: people could be named there).
    """
    lines, start = _one_a_line(content.data, brackets)
    damaged = _Damage(content, lines, brackets, quiet, problems)
    decoder: msgspec.json.Decoder[list[S]] = msgspec.json.Decoder(list[record])  # type: ignore[valid-type]
    while start < len(lines):
        end = len(lines)
        if end - start > BLOCK_BYTES:
            end = lines.find(b"\n", start + BLOCK_BYTES) + 1 or len(lines)
        yield from _decode(damaged, start, end, decoder)
        start = end


class _Damage:
    """The lines of a file while they are decoded. State: ``budget``, how many broken records may still be sought."""

    def __init__(self, content: Content, lines: bytes, brackets: bytes, quiet: bool, problems: Problems) -> None:
        self.content, self.lines, self.brackets, self.quiet, self.problems = content, lines, brackets, quiet, problems
        self.budget = BROKEN_RECORDS_MAX

    def report(self, start: int, body: bytes, why: Exception) -> None:
        """Write the problem of one broken record."""
        self.budget -= 1
        value = "" if self.quiet else f"{why}: {body[:80].decode('utf-8', 'replace')}"
        self.problems.add(self.content.at(start), "not a readable record", value)


def _one_a_line(data: bytes, brackets: bytes) -> tuple[bytes, int]:
    """Return the data with each record on its own line, byte for byte in its old place, and where records start.

    The comma between two records of an array becomes a newline, so offsets do not move. A
    comma between brackets inside a text would be cut too: the two halves are then reported.
    """
    head = data[: 1 << 16]
    first = len(data) - len(data.lstrip())
    if data[first : first + 1] != b"[":
        return data, first
    opening, closing = brackets[:1], brackets[1:]
    tight = closing + b"," + opening
    if tight in head or closing not in head:
        return data.replace(tight, closing + b"\n" + opening), first + 1
    spread = data.replace(b"\n", b" ")
    return _SEAMS[brackets].sub(lambda m: closing + b"\n" + b" " * (len(m.group(1)) - 1) + opening, spread), first + 1


def _decode(
    damaged: _Damage, start: int, end: int, decoder: msgspec.json.Decoder[list[S]]
) -> Iterator[tuple[list[S], NDArray[np.int64]]]:
    """Decode the lines between two offsets, halving where they do not decode."""
    lines, stack = damaged.lines, [(start, end)]
    while stack:
        start, end = stack.pop()
        body = lines[start:end].strip(b" \t\r\n,")
        if body in (b"", b"]"):
            continue
        try:
            rows = decoder.decode(b"[" + _joined(body, damaged.brackets) + b"]")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as why:
            if damaged.budget <= 0:
                what = "too much of this file is broken: the rest of this part is not read"
                damaged.problems.add(damaged.content.at(start), what)
                return
            middle = lines.find(b"\n", (start + end) // 2, end - 1) + 1 or lines.rfind(b"\n", start, end - 1) + 1
            if start < middle < end:
                stack += [(middle, end), (start, middle)]
            else:
                damaged.report(start, body, why)
            continue
        yield rows, _offsets(lines, start, end, len(rows))


def _joined(body: bytes, brackets: bytes) -> bytes:
    """Return records that stand one a line as the inside of a JSON array, the array's own bracket taken off."""
    if body.endswith(b"]") and body[:-1].rstrip().endswith(brackets[1:]):
        body = body[:-1].rstrip()
    if b"\n\n" in body or b"\r" in body:
        return re.sub(rb"\s*\n\s*", b",", body)
    return body.replace(b"\n", b",")


def _offsets(lines: bytes, start: int, end: int, count: int) -> NDArray[np.int64]:
    """Return the byte offset of each of ``count`` records that stand one a line; the block's where they do not."""
    found = np.flatnonzero(np.frombuffer(lines, np.uint8, end - start, start) == _NEWLINE) + 1 + start
    starts = np.concatenate([[start], found])
    return starts[:count] if len(starts) >= count else np.full(count, start, np.int64)


def collect(
    content: Content, record: type[T], problems: Problems, *, quiet: bool = False
) -> tuple[dict[str, pa.Array], NDArray[np.int64]]:
    """Return all objects of a file as Arrow columns named after the fields of ``record``, and their byte offsets.

    A field that no object has is left out.
    """
    parts: list[pa.Table] = []
    places: list[NDArray[np.int64]] = []
    names = record.__struct_fields__
    for rows, offsets in blocks(content, record, problems, quiet=quiet):
        parts.append(pa.table({name: arrow(list(map(attrgetter(name), rows))) for name in names}))
        places.append(offsets)
    table = stack(parts)
    found = {n: whole(table[n]) for n in table.column_names if table[n].null_count < table.num_rows}
    return found, np.concatenate(places) if places else np.zeros(0, np.int64)


def stack(parts: list[pa.Table]) -> pa.Table:
    """Join tables of the same columns; a column whose type differs between them becomes text."""
    if not parts:
        return pa.table({})
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        texts = [pa.table({n: p[n].cast(pa.string()) for n in p.column_names}) for p in parts]
        return pa.concat_tables(texts)


def column_wise(content: Content, problems: Problems) -> dict[str, pa.Array]:
    """Return the columns of JSON written column by column: ``{"timestamp": {"0": 1, "1": 2}, ...}``.

    Columns are aligned by their keys; a damaged file of this form cannot be read in part.
    """
    try:
        raw = msgspec.json.decode(content.data, type=dict[str, dict[str, Any]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as why:
        problems.add(content.name, "damaged JSON: columns that are cut cannot be matched to each other", why)
        return {}
    keys = list(dict.fromkeys(k for cells in raw.values() for k in cells))
    return {name: arrow([cells.get(k) for k in keys]) for name, cells in raw.items()}


def arrow(values: Sequence[Any]) -> pa.Array:
    """Return a column of the values, as texts where their types are mixed.

    >>> arrow([1, "a"]).to_pylist()
    ['1', 'a']
    """
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if v is None else str(v) for v in values], pa.string())
