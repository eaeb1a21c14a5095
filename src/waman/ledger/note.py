"""Signed notes, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint, tlog-cosignature).

Ed25519 (type 1) signs for a log, Ed25519 (4) and ML-DSA-44 (6) cosign for a witness. A known
key whose signature fails rejects the whole note; unknown keys are ignored.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from waman.errors import Finding, InputError

SIGNATURES_MAX = 64
"""Most signature lines read in one note; the specification asks for at least 16."""
NOTE_BYTES_MAX = 1_000_000
SIZE_MAX = 2**63 - 1


class KeyKind(IntEnum):
    """The signature type byte of C2SP signed-note."""

    LOG = 1
    COSIGNER = 4
    COSIGNER_ML_DSA_44 = 6


_PUBLIC_BYTES = {KeyKind.LOG: 32, KeyKind.COSIGNER: 32, KeyKind.COSIGNER_ML_DSA_44: 1312}


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name, as written in a policy: ``name+key id+base64(type, key)``."""

    name: str
    kind: KeyKind
    public: bytes

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256(name, newline, type, key)."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def text(self) -> str:
        """Return the key as one word (a C2SP "vkey")."""
        return f"{self.name}+{self.key_id.hex()}+{_b64(bytes([self.kind]) + self.public)}"

    def accepts(self, message: bytes, signature: bytes) -> bool:
        """Tell whether ``signature`` is this key's over ``message``."""
        try:
            if self.kind is KeyKind.COSIGNER_ML_DSA_44:
                MLDSA44PublicKey.from_public_bytes(self.public).verify(signature, message)
            else:
                Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key; ``secret`` is its 32-byte seed and never appears in ``repr``."""

    name: str
    kind: KeyKind
    secret: bytes

    def __repr__(self) -> str:
        return f"Signer({self.name!r}, {self.kind.name})"

    def sign(self, message: bytes) -> bytes:
        """Return the signature over ``message``."""
        return _private(self.kind, self.secret).sign(message)

    def verifier(self) -> Verifier:
        """Return the public half."""
        return Verifier(self.name, self.kind, _private(self.kind, self.secret).public_key().public_bytes_raw())

    def text(self) -> str:
        """Return the key in the form of Go's note package: ``PRIVATE+KEY+name+id+base64``."""
        return f"PRIVATE+KEY+{self.name}+{self.verifier().key_id.hex()}+{_b64(bytes([self.kind]) + self.secret)}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: whose log, how many entries, which root."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{_b64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Opened:
    """A note whose log signature holds: its checkpoint, and ``cosigned`` {cosigner name: POSIX second}."""

    checkpoint: Checkpoint
    cosigned: dict[str, int]
    unknown: int


def new_signer(name: str, kind: KeyKind = KeyKind.LOG) -> Signer:
    """Make a key; the name is a schema-less address such as ``fiscalia.example/waman``."""
    if not name or "+" in name or any(c.isspace() for c in name) or not name.isprintable():
        raise InputError(f"a key cannot be called {name!r}", hint="use a name without spaces and +, like a.example/log")
    return Signer(name, kind, secrets.token_bytes(32))


def parse_signer(text: str) -> Signer:
    """Read a private key written by :meth:`Signer.text`."""
    name, kind, secret = _parse_key(text.strip().removeprefix("PRIVATE+KEY+"))
    if len(secret) != 32:
        raise InputError("the private key has the wrong length", hint="it was cut or is not a key of this program")
    return Signer(name, kind, secret)


def parse_verifier(text: str) -> Verifier:
    """Read a public key; its id must fit its name and bytes."""
    name, kind, public = _parse_key(text.strip())
    key = Verifier(name, kind, public)
    if len(public) != _PUBLIC_BYTES[kind] or text.strip() != key.text():
        raise InputError(f"key {text[:60]!r} does not fit its own id", hint="copy the whole key again")
    return key


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> str:
    """Return the checkpoint as a signed note."""
    assert signer.kind is KeyKind.LOG and signer.name == checkpoint.origin
    body = checkpoint.body()
    return f"{body}\n{_line(signer, signer.sign(body.encode()))}"


def cosign(note: str, signer: Signer, time_s: int) -> str:
    """Return the signature line a witness adds to a note at POSIX second ``time_s``."""
    assert signer.kind is not KeyKind.LOG
    checkpoint = parse_checkpoint(_split_note(note)[0])
    signature = signer.sign(_cosigned_message(checkpoint, signer.name, signer.kind, time_s))
    return _line(signer, time_s.to_bytes(8, "big") + signature)


def open_note(note: str, logs: Sequence[Verifier], cosigners: Sequence[Verifier] = ()) -> Opened:
    """Check a signed note against known keys.

    Raises Finding where no log signature verifies, where any known key's signature fails, or
    where the origin is not the signing log's; InputError where it is not a note at all.
    """
    body, lines = _split_note(note)
    checkpoint = parse_checkpoint(body)
    by_id = {(k.name, k.key_id): k for k in (*logs, *cosigners)}
    signed, cosigned, unknown = False, {}, 0
    for name, key_id, signature in lines:
        key = by_id.get((name, key_id))
        if key is None:
            unknown += 1
        elif key.kind is KeyKind.LOG:
            if not key.accepts(body.encode(), signature):
                raise Finding(f"checkpoint: the signature of log {name} does not hold")
            signed = signed or key.name == checkpoint.origin
        else:
            time_s = int.from_bytes(signature[:8], "big")
            if not key.accepts(_cosigned_message(checkpoint, name, key.kind, time_s), signature[8:]):
                raise Finding(f"checkpoint: the cosignature of witness {name} does not hold")
            cosigned[name] = time_s
    if not signed:
        raise Finding(
            f"checkpoint: no signature of a known log for {checkpoint.origin!r}",
            hint="known: " + (", ".join(k.text() for k in logs) or "none"),
        )
    return Opened(checkpoint, cosigned, unknown)


def parse_checkpoint(body: str) -> Checkpoint:
    """Read the three lines of a checkpoint; further lines are refused, as nobody vouches for them."""
    found = re.fullmatch(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n", body)
    if not found or int(found[2]) > SIZE_MAX:
        raise InputError("not a checkpoint of three lines (origin, size, root)", hint=f"it begins {body[:80]!r}")
    return Checkpoint(found[1], int(found[2]), base64.b64decode(found[3]))


@lru_cache(maxsize=16)
def _private(kind: KeyKind, secret: bytes) -> Ed25519PrivateKey | MLDSA44PrivateKey:
    """Expand a seed; kept for a few keys, as expanding takes longer than signing."""
    if kind is KeyKind.COSIGNER_ML_DSA_44:
        return MLDSA44PrivateKey.from_seed_bytes(secret)
    return Ed25519PrivateKey.from_private_bytes(secret)


def _split_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    if len(note) > NOTE_BYTES_MAX or any(c < " " and c != "\n" for c in note):
        raise InputError("not a signed note: too long, or control characters in it")
    text, gap, tail = note.rpartition("\n\n")
    lines = tail.split("\n")
    if not gap or lines.pop() != "" or not 1 <= len(lines) <= SIGNATURES_MAX:
        raise InputError("not a signed note", hint="a note is text, an empty line, and lines that begin with —")
    signatures = []
    for line in lines:
        found = re.fullmatch(r"— ([^\s+]+) ([A-Za-z0-9+/]+=*)", line)
        raw = _unb64(found[2]) if found else b""
        if not found or len(raw) < 5:
            raise InputError(f"not a signature line: {line[:60]!r}")
        signatures.append((found[1], raw[:4], raw[4:]))
    return text + "\n", signatures


def _cosigned_message(checkpoint: Checkpoint, name: str, kind: KeyKind, time_s: int) -> bytes:
    if kind is KeyKind.COSIGNER:
        return f"cosignature/v1\ntime {time_s}\n{checkpoint.body()}".encode()
    parts = [b"subtree/v1\n\x00", _short(name), time_s.to_bytes(8, "big"), _short(checkpoint.origin)]
    return b"".join([*parts, bytes(8), checkpoint.size.to_bytes(8, "big"), checkpoint.root])


def _short(text: str) -> bytes:
    return bytes([len(text.encode())]) + text.encode()


def _line(signer: Signer, signature: bytes) -> str:
    return f"— {signer.name} {_b64(signer.verifier().key_id + signature)}\n"


def _parse_key(text: str) -> tuple[str, KeyKind, bytes]:
    parts = text.split("+", 2)
    raw = _unb64(parts[2]) if len(parts) == 3 else b""
    if not raw or raw[0] not in list(KeyKind):
        raise InputError(f"not a key: {text[:60]!r}", hint="a key is name+id+base64 with type 1, 4 or 6")
    return parts[0], KeyKind(raw[0]), raw[1:]


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
