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
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

import rfc8785

from waman.errors import InputError
from waman.ledger.disclose import b64url, digest
from waman.ledger.tiles import ENTRY_BYTES_MAX

DIGESTS_STEP = 8
"""Digests in an entry are padded with decoys to a multiple of this."""
SALT_BYTES = 16
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
    """Return the entry's bytes and the disclosures of its fields.

    Raises InputError where a value has no canonical JSON form or the entry would be too long.
    """
    count = len(record.fields)
    decoys = -count % DIGESTS_STEP if count else DIGESTS_STEP
    noise = os.urandom(32 * (count + 1 + decoys))
    salts = [noise[at : at + SALT_BYTES] for at in range(0, 32 * (count + 1), 32)]
    try:
        opened = [
            disclosure(salt, name, value) for salt, (name, value) in zip(salts, record.fields.items(), strict=False)
        ]
        raw = [sha256(text.encode()).digest() for text in opened]
        raw += [noise[at : at + 32] for at in range(32 * (count + 1), len(noise), 32)]
        digests = '","'.join(sorted(_each_b64url(raw)))
        members = {name: _canonical(value) for name, value in record.clear.items()}
        members |= {"type": _canonical(record.type), "t": _canonical(record.t), "seq": str(seq)}
        members |= {"_sd": f'["{digests}"]', "_sd_alg": '"sha-256"'}
        if record.actor is not None:
            opened.append(disclosure(salts[-1], "actor", record.actor))
            members["actor"] = f'"{digest(opened[-1])}"'
        order = sorted(members, key=_utf16) if record.clear else sorted(members)
        entry = "{" + ",".join([f"{_canonical(k)}:{members[k]}" for k in order]) + "}"
        data = entry.encode()
    except (ValueError, RecursionError) as why:
        raise InputError(f"a value of this record has no canonical JSON form: {why}") from why
    if len(data) > ENTRY_BYTES_MAX:
        raise InputError(
            f"the entry takes {len(data)} bytes, at most {ENTRY_BYTES_MAX} fit", hint="record a digest of it"
        )
    return data, opened


def disclosure(salt: bytes, name: str, value: Any) -> str:
    """Return the disclosure text of one field."""
    return b64url(f'["{b64url(salt)}",{_canonical(name)},{_canonical(value)}]'.encode())


def _each_b64url(digests: Sequence[bytes]) -> list[str]:
    """Return base64url of each 32-byte digest, all in one call: a zero byte after each makes 44 characters of it."""
    text = b64url(b"".join([digest_ + b"\x00" for digest_ in digests]))
    return [text[at : at + 43] for at in range(0, len(text), 44)]


def _canonical(value: Any) -> str:
    """Return RFC 8785 text; plain text takes a short way (JSON escapes it as RFC 8785 does), all else the library's."""
    return _plain(value) if type(value) is str else rfc8785.dumps(value).decode()


@lru_cache(maxsize=1024)
def _plain(text: str) -> str:
    return _ENCODE(text)


def _utf16(name: str) -> bytes:
    """RFC 8785, 3.2.3: members stand in the order of their UTF-16 code units."""
    return name.encode("utf-16-be")
