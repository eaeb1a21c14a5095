"""Sealing: age files to named recipients, padded; keys split among custodians.

Files follow C2SP age and open with any implementation of it. Texts are padded to fixed sizes, so that
a file's length does not tell its content. Nothing here opens a file.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import pyrage
from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics

from waman.errors import InputError

SIZE_STEP = 4096
_END = b"\x00waman-pad\x00"
CUSTODIANS_MAX = 16


def new_identity() -> str:
    """Return a new age identity (AGE-SECRET-KEY-1...)."""
    return str(pyrage.x25519.Identity.generate())


def recipient_of(identity: str) -> str:
    """Return the public half (age1...) of an identity."""
    return str(_identity(identity).to_public())


def seal_to(data: bytes, keys: Sequence[str]) -> bytes:
    """Encrypt to recipients (age1...) or to the public halves of identities; padded to a multiple of SIZE_STEP.

    Raises InputError for a key that is none, or for no key at all.
    """
    if not keys:
        raise InputError("nobody to seal for", hint="give at least one recipient")
    padded = data + _END + bytes(-(len(data) + len(_END)) % SIZE_STEP)
    return bytes(pyrage.encrypt(padded, [_recipient(key) for key in keys]))


def open_with(sealed: bytes, identity: str) -> bytes:
    """Decrypt with an identity; raises InputError where it is not for this identity or was changed."""
    try:
        return unpad(bytes(pyrage.decrypt(sealed, [_identity(identity)])))
    except pyrage.DecryptError as why:
        raise InputError(
            "this file cannot be opened with this key", hint="it is for somebody else, or damaged"
        ) from why


def unpad(data: bytes) -> bytes:
    """Remove the padding, where there is one."""
    head, mark, tail = data.rpartition(_END)
    return head if mark and not tail.strip(b"\x00") else data


def seal_for_custodians(data: bytes, needed: int, custodians: int) -> tuple[bytes, list[str]]:
    """Encrypt under a key that only ``needed`` of ``custodians`` can put together again; returns (file, shares).

    The file opens with the age tool by passphrase; shares are SLIP-39 words, to be read out or written
    down. An embargo against custodians who collude is not cryptographic: it is seen afterwards, not prevented.
    """
    if not 1 < needed <= custodians <= CUSTODIANS_MAX:
        raise InputError(
            f"{needed} of {custodians} custodians", hint=f"at least 2 needed, at most {CUSTODIANS_MAX} in all"
        )
    secret = secrets.token_bytes(16)
    shares = generate_mnemonics(1, [(needed, custodians)], secret, iteration_exponent=0)[0]
    padded = data + _END + bytes(-(len(data) + len(_END)) % SIZE_STEP)
    return bytes(pyrage.passphrase.encrypt(padded, secret.hex())), [str(s) for s in shares]


def open_with_shares(sealed: bytes, shares: Sequence[str]) -> bytes:
    """Open a custodians' file with enough shares; raises InputError where they are too few or do not fit."""
    try:
        secret = combine_mnemonics(list(shares))
        return unpad(bytes(pyrage.passphrase.decrypt(sealed, secret.hex())))
    except (MnemonicError, pyrage.DecryptError, ValueError, IndexError) as why:
        raise InputError(
            f"these shares do not open it: {why}", hint="enough different shares of one file are needed"
        ) from why


def _identity(text: str) -> pyrage.x25519.Identity:
    try:
        return pyrage.x25519.Identity.from_str(text.strip())
    except pyrage.IdentityError as why:
        raise InputError("not an age identity", hint="it begins with AGE-SECRET-KEY-1") from why


def _recipient(text: str) -> pyrage.x25519.Recipient:
    if text.startswith("AGE-SECRET-KEY-"):
        return _identity(text).to_public()
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError as why:
        raise InputError(f"not an age recipient: {text[:20]!r}", hint="it begins with age1") from why
