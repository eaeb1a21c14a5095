"""Reading disclosures: the half of ``entry.py`` that a verifier needs, without rfc8785."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from waman.errors import InputError

SALT_CHARS_MIN = 22
"""A 128-bit salt in base64url."""

_TO_URL = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True)
class Disclosed:
    """One field shown: entry number, name, value."""

    seq: int
    name: str
    value: Any


def digest(text: str) -> str:
    """Return the digest by which an entry commits to a disclosure (RFC 9901, 4.2.3).

    >>> digest("WyI2cU1RdlJMNWhhaiIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0")
    'uutlBuYeMDyjLLTpf6Jxi7yNkEF35jdyWMn9U7b_RYY'
    """
    return b64url(sha256(text.encode()).digest())


def disclosed(seq: int, text: str) -> Disclosed:
    """Read a disclosure; raises InputError where it is none."""
    salt, name, value = _parts(seq, text)
    if not isinstance(salt, str) or not isinstance(name, str):
        raise InputError(f"entry {seq}: not a disclosure: {text[:60]!r}")
    return Disclosed(seq, name, value)


def disclosure_salted(text: str) -> bool:
    """Tell whether the salt is long enough that the value cannot be guessed from the digest."""
    return len(_parts(0, text)[0]) >= SALT_CHARS_MIN


def b64url(data: bytes) -> str:
    """Return base64url without padding."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=").decode()


def _parts(seq: int, text: str) -> tuple[Any, Any, Any]:
    try:
        salt, name, value = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError) as why:
        raise InputError(f"entry {seq}: not a disclosure: {text[:60]!r}") from why
    return salt, name, value
