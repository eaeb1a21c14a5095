"""A folder of sealed records whose file names say nothing: bytes by name, for tips, cases and people.

What is put in is sealed already (age files, which any age tool opens with the desk's key). The name of a
record (a case, a tip, whom a step was wrapped to) would tell as much as its content, so a file is called by
its name under deterministic encryption (AES-SIV, RFC 5297), padded: one length for all.
"""

from __future__ import annotations

import base64
import os
from hashlib import sha512
from hmac import digest as keyed
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from waman.errors import InputError

NAME_BYTES_MAX = 72
"""Longest name; in base32 with the tag it makes a file name of 141 characters."""
SUFFIX = ".age"


class SealedFolder:
    """Sealed bytes as files of one folder. State: the folder, the key of its file names, names read so far."""

    def __init__(self, folder: Path, secret: str) -> None:
        self.folder = folder
        self._cipher = AESSIV(keyed(secret.strip().encode(), b"waman/store/file-names/v1", sha512))
        self._known: dict[str, str] = {}

    def put(self, name: str, data: bytes) -> None:
        """Write one record, whole or not at all, and wait until it is on the disk."""
        path = self._path(name)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def get(self, name: str) -> bytes:
        """Read one record; raises InputError, the same for everything that is not there."""
        path = self._path(name)
        if not path.is_file():
            raise InputError("no such record", hint="check the id, or ask the desk of your compartment")
        return path.read_bytes()

    def names(self) -> list[str]:
        """Return the names of all records, sorted."""
        stems = [p.name.removesuffix(SUFFIX) for p in self.folder.iterdir() if p.suffix == SUFFIX]
        return sorted(self._name(stem) for stem in stems if not stem.startswith("desk.key"))

    def _path(self, name: str) -> Path:
        raw = name.encode()
        if not 0 < len(raw) <= NAME_BYTES_MAX or "\0" in name:
            raise InputError(
                f"a record cannot be called {name[:80]!r}", hint="use shorter ids of tips, units and cases"
            )
        sealed = self._cipher.encrypt(raw.ljust(NAME_BYTES_MAX, b"\0"), None)
        return self.folder / (base64.b32encode(sealed).decode().rstrip("=").lower() + SUFFIX)

    def _name(self, stem: str) -> str:
        if stem not in self._known:
            try:
                sealed = base64.b32decode(stem.upper() + "=" * (-len(stem) % 8))
                self._known[stem] = self._cipher.decrypt(sealed, None).rstrip(b"\0").decode()
            except (InvalidTag, ValueError) as why:
                raise InputError(
                    f"{stem[:20]}... is not a record of this store", hint="it was renamed, or belongs to another key"
                ) from why
        return self._known[stem]
