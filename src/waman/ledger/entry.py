"""Entries: canonical JSON whose sensitive fields stand only as salted digests.

An entry is RFC 8785 JSON with ``type``, ``t`` (UTC, the writer's claim), ``seq`` (its own index) and
``_sd``, the sorted digests of its fields. A field is shown by handing over its *disclosure*,
base64url(JCS([salt, name, value])), in the form of RFC 9901 (SD-JWT); erasing the disclosure erases
the field and leaves the root alone. Nothing low-entropy (a cell, a unit, a tip id) stands unsalted,
and decoy digests bring every entry to a multiple of eight, so that the count of fields says nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

import rfc8785

from waman.errors import InputError
from waman.ledger.disclose import b64url
from waman.ledger.tiles import ENTRY_BYTES_MAX

DIGESTS_STEP = 8
"""Digests in an entry are padded with decoys to a multiple of this."""
SALT_BYTES = 18
HASH_BYTES = 32
FIELDS_MAX = 256
_ENCODE = json.JSONEncoder(ensure_ascii=False).encode

RESERVED = frozenset({"type", "t", "seq", "actor", "_sd", "_sd_alg"})


@dataclass(frozen=True, slots=True)
class Record:
    """What is to be recorded: ``fields`` are salted, ``clear`` stand readable in the public tree."""

    type: str
    t: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    clear: Mapping[str, Any] = field(default_factory=dict)
    actor: str | None = None


def parse_record(line: str, clear: Collection[str] = ()) -> Record:
    """Read a JSON line ``{"type": ..., "t": ISO 8601 with zone, ...}``; fields not in ``clear`` are salted.

    >>> parse_record('{"type": "note", "t": "2015-10-01T07:00:00-05:00", "text": "heard"}').t
    '2015-10-01T12:00:00Z'
    """
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as why:
        raise InputError(f"not JSON: {why}") from why
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str) or not raw["type"]:
        raise InputError("a record is a JSON object with a text 'type'")
    fields = {k: v for k, v in raw.items() if k not in {"type", "t", "actor"}}
    actor = raw.get("actor")
    if bad := sorted(RESERVED & set(fields)):
        raise InputError(f"the name {bad[0]!r} belongs to the ledger", hint="rename the field")
    if actor is not None and not isinstance(actor, str):
        raise InputError("actor must be text")
    if len(fields) > FIELDS_MAX:
        raise InputError(f"{len(fields)} fields, more than {FIELDS_MAX}")
    shown = {k: fields.pop(k) for k in list(fields) if k in clear}
    return Record(raw["type"], utc_text(raw.get("t")), fields, shown, actor)


def utc_text(time: object) -> str:
    """Return an ISO 8601 time with zone as UTC text ending in Z; raises InputError otherwise."""
    if not isinstance(time, str):
        raise InputError(f"'t' must be ISO 8601 text with a zone (got {time!r})", hint='like "2026-03-01T12:00:00Z"')
    try:
        when = datetime.fromisoformat(time)
        if when.tzinfo is None:
            raise InputError(f"time {time!r} has no zone", hint="add Z or an offset such as -05:00")
        return when.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError) as why:
        raise InputError(f"not a time: {time[:60]!r}", hint='like "2026-03-01T12:00:00Z"') from why


def seal(record: Record, seq: int) -> tuple[bytes, list[str]]:
    """Return one entry's bytes and the disclosures of its fields."""
    return seal_all([record], seq)[0]


def seal_all(records: Sequence[Record], first: int) -> list[tuple[bytes, list[str]]]:
    """Return (entry, disclosures of its fields) of records that will stand at ``first`` and on.

    Random bytes, base64 and digests are made for all of them at once: that is most of an append's work.
    Raises InputError where a value has no canonical JSON form or an entry would be too long.
    """
    salts = _salts(sum(len(r.fields) + (r.actor is not None) for r in records))
    noise = os.urandom(HASH_BYTES * DIGESTS_STEP * len(records))
    opened: list[list[str]] = []
    raw: list[bytes] = []
    counts: list[int] = []
    try:
        for at, r in enumerate(records):
            texts = [_disclosure(next(salts), name, value) for name, value in r.fields.items()]
            if r.actor is not None:
                texts.append(_disclosure(next(salts), "actor", r.actor))
            raw += [sha256(text.encode()).digest() for text in texts]
            decoys = -len(r.fields) % DIGESTS_STEP if r.fields else DIGESTS_STEP
            low = HASH_BYTES * DIGESTS_STEP * at
            raw += [noise[i : i + HASH_BYTES] for i in range(low, low + HASH_BYTES * decoys, HASH_BYTES)]
            opened.append(texts)
            counts.append(len(texts) + decoys)
        digests = _each_b64url(raw)
        return list(zip(_entries(records, first, digests, counts), opened, strict=True))
    except (ValueError, RecursionError) as why:
        raise InputError(f"a value of this record has no canonical JSON form: {why}") from why


def _entries(records: Sequence[Record], first: int, digests: list[str], counts: Sequence[int]) -> list[bytes]:
    """Return the canonical JSON of each entry; ``digests`` are those of all, ``counts`` how many are each one's."""
    entries, at = [], 0
    for seq, (r, count) in enumerate(zip(records, counts, strict=True), first):
        mine, at = digests[at : at + count], at + count
        actor = f',"actor":"{mine.pop(len(r.fields))}"' if r.actor is not None else ""
        hidden = '"_sd":["' + '","'.join(sorted(mine)) + '"],"_sd_alg":"sha-256"'
        text = f'{{{hidden}{actor},"seq":{seq},"t":{_canonical(r.t)},"type":{_canonical(r.type)}}}'
        if r.clear:
            text = rfc8785.dumps({**json.loads(text), **r.clear}).decode()
        data = text.encode()
        if len(data) > ENTRY_BYTES_MAX:
            raise InputError(
                f"the entry takes {len(data)} bytes, at most {ENTRY_BYTES_MAX} fit", hint="record a digest of it"
            )
        entries.append(data)
    return entries


def disclosure(salt: bytes, name: str, value: Any) -> str:
    """Return the disclosure text of one field."""
    return _disclosure(b64url(salt), name, value)


def _disclosure(salt: str, name: str, value: Any) -> str:
    return b64url(f'["{salt}",{_canonical(name)},{_canonical(value)}]'.encode())


def _salts(count: int) -> Iterator[str]:
    """Yield salts in base64url; 18 bytes make 24 characters without a rest."""
    text = b64url(os.urandom(SALT_BYTES * count))
    return (text[at : at + 24] for at in range(0, len(text), 24))


def _each_b64url(digests: Sequence[bytes]) -> list[str]:
    """Return base64url of each 32-byte digest, all in one call: a zero byte after each makes 44 characters of it."""
    text = b64url(b"\x00".join(digests) + b"\x00") if digests else ""
    return [text[at : at + 43] for at in range(0, len(text), 44)]


def _canonical(value: Any) -> str:
    """Return RFC 8785 text; plain text takes a short way (JSON escapes it as RFC 8785 does), all else the library's."""
    return _plain(value) if type(value) is str else rfc8785.dumps(value).decode()


@lru_cache(maxsize=1024)
def _plain(text: str) -> str:
    return _ENCODE(text)
