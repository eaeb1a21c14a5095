"""Signing in: argon2id, one-time codes that work once, sessions that end, accounts that shut."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from waman.access.people import (
    FAILURES_MAX,
    LOCKED_S,
    SESSION_S,
    User,
    hash_password,
    new_totp_secret,
    session_holds,
    sign_in,
    totp,
)
from waman.errors import InputError

PASSWORD = "tres palabras y un río"
USER = User("u7", "handler", "prosecution", frozenset({"pichari"}), hash_password(PASSWORD))
NOW = 1_800_000_000


def test_codes_are_those_of_rfc_6238() -> None:
    secret = base64.b32encode(b"12345678901234567890").decode()
    # appendix B, SHA-1, last six of eight digits
    for time_s, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert totp(secret, time_s // 30) == code


def test_the_right_password_opens_a_session_that_ends() -> None:
    user, session, token = sign_in(USER, PASSWORD, "", NOW)
    assert user and session and session_holds(session, token, NOW + SESSION_S - 1)
    assert not session_holds(session, token, NOW + SESSION_S)
    assert not session_holds(session, token + "x", NOW)
    assert token not in session.token_digest and PASSWORD not in repr(user)


def test_wrong_passwords_and_unknown_users_open_nothing() -> None:
    assert sign_in(USER, PASSWORD + "x", "", NOW)[1] is None
    assert sign_in(None, PASSWORD, "", NOW) == (None, None, "")
    with pytest.raises(InputError):
        hash_password("short")


def test_ten_failures_shut_the_account_for_a_while() -> None:
    user: User | None = USER
    for _ in range(FAILURES_MAX):
        user, session, _ = sign_in(user, "wrong password!", "", NOW)
        assert session is None
    assert sign_in(user, PASSWORD, "", NOW + 1)[1] is None
    assert sign_in(user, PASSWORD, "", NOW + LOCKED_S)[1] is not None


def test_a_one_time_code_works_once() -> None:
    user = replace(USER, totp_secret=new_totp_secret())
    code = totp(user.totp_secret, NOW // 30)
    assert sign_in(user, PASSWORD, "", NOW)[1] is None
    after, session, _ = sign_in(user, PASSWORD, code, NOW)
    assert session is not None
    assert sign_in(after, PASSWORD, code, NOW + 5)[1] is None
    assert sign_in(after, PASSWORD, totp(user.totp_secret, NOW // 30 + 1), NOW + 30)[1] is not None
