"""Users and sign-ins: argon2id passwords, optional one-time codes, sessions that expire. Values in, values out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import struct
from dataclasses import dataclass, replace
from functools import lru_cache

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from waman.errors import InputError

PASSWORD_CHARS_MIN = 12
SESSION_S = 8 * 3600
FAILURES_MAX = 10
LOCKED_S = 900
CODE_S = 30
_MEMORY_KIB, _PASSES, _LANES = 19_456, 2, 1
"""OWASP's first choice for argon2id (Password Storage Cheat Sheet)."""


@dataclass(frozen=True, slots=True)
class User:
    """One user: a pseudonym, a role, compartments, an institution; never a name."""

    user: str
    role: str
    institution: str
    compartments: frozenset[str]
    password: str
    totp_secret: str = ""
    failures: int = 0
    locked_until_s: int = 0
    last_code: int = 0

    def __repr__(self) -> str:
        return f"User({self.user!r}, {self.role!r})"


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in user; ``token`` is kept as a digest only."""

    user: str
    token_digest: str
    expires_s: int


def hash_password(password: str) -> str:
    """Return the PHC text of an argon2id hash; refuses short passwords."""
    if len(password) < PASSWORD_CHARS_MIN:
        raise InputError(f"a password of {len(password)} characters", hint=f"at least {PASSWORD_CHARS_MIN}")
    return _kdf(os.urandom(16)).derive_phc_encoded(password.encode())


def sign_in(user: User | None, password: str, code: str, now_s: int) -> tuple[User | None, Session | None, str]:
    """Try to sign in; returns (user with new counters, session or None, token or "").

    An unknown user costs the same time as a wrong password. A one-time code works once. After
    FAILURES_MAX failures the account is shut for LOCKED_S.
    """
    right = _password_fits(user.password if user else _nobody(), password)
    if user is None:
        return None, None, ""
    step = _code_step(user, code, now_s)
    if now_s < user.locked_until_s or not right or step is None:
        failures = user.failures + 1
        until = now_s + LOCKED_S if failures >= FAILURES_MAX else user.locked_until_s
        return replace(user, failures=0 if failures >= FAILURES_MAX else failures, locked_until_s=until), None, ""
    token = secrets.token_urlsafe(32)
    session = Session(user.user, hashlib.sha256(token.encode()).hexdigest(), now_s + SESSION_S)
    return replace(user, failures=0, last_code=step), session, token


def session_holds(session: Session, token: str, now_s: int) -> bool:
    """Tell whether a token is this session's and the session has not expired."""
    same = hmac.compare_digest(hashlib.sha256(token.encode()).hexdigest(), session.token_digest)
    return same and now_s < session.expires_s


def new_totp_secret() -> str:
    """Return a secret for an authenticator app (base32)."""
    return base64.b32encode(os.urandom(20)).decode()


def totp(secret: str, step: int) -> str:
    """Return the six-digit code of a 30-second step (RFC 6238, SHA-1).

    >>> totp(base64.b32encode(b"12345678901234567890").decode(), 59 // 30)
    '287082'
    """
    mac = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def _code_step(user: User, code: str, now_s: int) -> int | None:
    """Return the step whose code fits (one step of clock error each way, none used before), or None."""
    if not user.totp_secret:
        return user.last_code
    for step in range(now_s // CODE_S - 1, now_s // CODE_S + 2):
        if step > user.last_code and hmac.compare_digest(totp(user.totp_secret, step), code):
            return step
    return None


def _kdf(salt: bytes) -> Argon2id:
    return Argon2id(salt=salt, length=32, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)


def _password_fits(stored: str, password: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(password.encode(), stored)
    except InvalidKey:
        return False
    return True


@lru_cache(maxsize=1)
def _nobody() -> str:
    return hash_password(secrets.token_urlsafe(32))
