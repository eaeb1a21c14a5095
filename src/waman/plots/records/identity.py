"""Where rows come from, and how the three identities a transponder sends are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waman.errors import Problems
from waman.plots.records.columns import Flags, Offsets, report, words
from waman.plots.records.envelope import Content


@dataclass(frozen=True)
class Source:
    """What a reader knows of the rows it makes: their file, offsets, sensor name and the zone of bare times."""

    content: Content
    offsets: Offsets
    sensor: str
    timezone: tzinfo | None = None


def tell(problems: Problems, source: Source, bad: Flags, what: str, values: pa.Array) -> None:
    """Write a problem for each bad row of a source, with its byte offset."""
    report(problems, source.content, source.offsets, bad, what, values)


def icao24_word(text: str) -> str | None:
    """Return a 24-bit address as lower-case hex, "" for none, None where it is no address.

    >>> icao24_word(" 4B43AC "), icao24_word("~2a4b01"), icao24_word("xyz")
    ('4b43ac', '', None)
    """
    address = text.strip().lower()
    if not address or address.startswith("~"):  # readsb marks addresses that are not ICAO's with a tilde
        return ""
    good = len(address) == 6 and all(c in "0123456789abcdef" for c in address)
    return address if good else None


def callsign_word(text: str) -> str:
    """Return a callsign without padding, "" for none.

    >>> callsign_word("REGA1   "), callsign_word("@@@@@@@@")
    ('REGA1', '')
    """
    return text.strip(" \t\r\n\0_@").upper()[:8]


def squawk_codes(column: pa.Array, source: Source, problems: Problems) -> pa.Array:
    """Return Mode 3/A codes as their 12 bits (octal 7700 is 4032); a lone "0" stands for no code."""
    coded, _ = words(column, _squawk_word)
    values = [None if w in ("", "?") else int(w, 8) for w in coded.dictionary.to_pylist()]
    bad = np.asarray(pc.fill_null(pc.equal(coded.dictionary_decode(), "?"), False).to_numpy(zero_copy_only=False))
    tell(problems, source, bad, "not a Mode 3/A code", column)
    return pa.DictionaryArray.from_arrays(coded.indices, pa.array(values, pa.uint16())).dictionary_decode()


def _squawk_word(text: str) -> str:
    digits = text.strip().removesuffix(".0")
    if digits in ("", "0", "nan", "None"):
        return ""
    return digits.zfill(4) if len(digits) <= 4 and all(c in "01234567" for c in digits) else "?"
