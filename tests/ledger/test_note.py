"""Signed notes: Go's published vector, keys that must be refused, cosignatures of both kinds, policies."""

from __future__ import annotations

import base64
import tomllib
from pathlib import Path

import pytest

from waman.errors import Finding, InputError
from waman.ledger.disclose import digest
from waman.ledger.note import (
    Checkpoint,
    KeyKind,
    cosign,
    new_signer,
    open_note,
    parse_signer,
    parse_verifier,
    sign_checkpoint,
)
from waman.ledger.policy import parse_policy

GO = tomllib.loads((Path(__file__).parents[2] / "authorities" / "signed_note.toml").read_text(encoding="utf-8"))
LOG = new_signer("log.example/a")
HEAD = Checkpoint("log.example/a", 7, bytes(range(32)))
NOTE = sign_checkpoint(HEAD, LOG)


def test_the_published_key_and_signature_come_out_byte_for_byte() -> None:
    signer = parse_signer(GO["private"])
    assert signer.verifier().text() == GO["public"]
    assert signer.text() == GO["private"]
    raw = signer.verifier().key_id + signer.sign(GO["text"].encode())
    assert base64.b64encode(raw).decode() == GO["signature"]
    assert parse_verifier(GO["public"]).accepts(GO["text"].encode(), raw[4:])


def test_the_published_disclosure_digest_comes_out() -> None:
    assert digest(GO["disclosure"]["text"]) == GO["disclosure"]["digest"]


def test_every_cut_or_changed_key_is_refused() -> None:
    key = GO["public"]
    for bad in [*(key[:i] for i in range(len(key))), key + "A", key.replace("c74f20a3", "c74f20a4"), key.lower()]:
        with pytest.raises(InputError):
            parse_verifier(bad)


def test_a_private_key_does_not_show_in_its_text_for_people() -> None:
    assert LOG.secret.hex() not in repr(LOG) and "secret" not in repr(LOG)


@pytest.mark.parametrize("kind", [KeyKind.COSIGNER, KeyKind.COSIGNER_ML_DSA_44])
def test_a_cosignature_counts_with_its_time(kind: KeyKind) -> None:
    witness = new_signer("defensoria.example/testigo", kind)
    note = NOTE + cosign(NOTE, witness, 1_700_000_000)
    opened = open_note(note, [LOG.verifier()], [witness.verifier()])
    assert opened.cosigned == {"defensoria.example/testigo": 1_700_000_000}
    assert open_note(note, [LOG.verifier()]).unknown == 1


@pytest.mark.parametrize("kind", [KeyKind.COSIGNER, KeyKind.COSIGNER_ML_DSA_44])
def test_a_cosignature_moved_to_another_checkpoint_rejects_the_note(kind: KeyKind) -> None:
    witness = new_signer("w.example/1", kind)
    line = cosign(NOTE, witness, 1_700_000_000)
    other = sign_checkpoint(Checkpoint("log.example/a", 8, bytes(32)), LOG)
    with pytest.raises(Finding, match=r"cosignature of witness w\.example/1 does not hold"):
        open_note(other + line, [LOG.verifier()], [witness.verifier()])


def test_a_changed_size_or_a_foreign_log_is_refused() -> None:
    with pytest.raises(Finding, match="signature of log"):
        open_note(NOTE.replace("\n7\n", "\n8\n"), [LOG.verifier()])
    with pytest.raises(Finding, match="no signature of a known log"):
        open_note(NOTE, [new_signer("log.example/a").verifier()])


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "a\n\n", NOTE.replace("\n7\n", "\n07\n"), NOTE[:-1], NOTE.replace("—", "-"), NOTE.replace("7", "7\r")],
    ids=range(7),
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises((InputError, Finding)):
        open_note(text, [LOG.verifier()])


def test_a_note_may_carry_sixteen_unknown_signatures() -> None:
    others = [new_signer(f"w{i}.example/x", KeyKind.COSIGNER) for i in range(16)]
    note = NOTE + "".join(cosign(NOTE, w, 5) for w in others)
    assert open_note(note, [LOG.verifier()]).unknown == 16


def _policy(quorum: str) -> str:
    keys = [new_signer(f"w.example/{i}", KeyKind.COSIGNER).verifier().text() for i in range(3)]
    lines = [f"witness W{i} {k}" for i, k in enumerate(keys)]
    return "\n".join([f"log {LOG.verifier().text()}", *lines, "group two 2 W0 W1 W2", f"quorum {quorum}"])


def test_two_of_three_means_two_of_three() -> None:
    policy = parse_policy(_policy("two"))
    assert not policy.met(["w.example/0"])
    assert policy.met(["w.example/0", "w.example/2"])
    assert not policy.met(["w.example/0", "w.example/9"])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "names no log"),
        ("quorum none", "names no log"),
        (f"log {LOG.verifier().text()}", "0 quorum lines"),
        (_policy("two") + "\nquorum none", "2 quorum lines"),
        (_policy("nobody"), "not defined"),
        (_policy("two").replace("group two 2", "group two 4"), "'4' of 3 members"),
        (_policy("two").replace("W0 W1 W2", "W0 W0 W2"), "twice"),
        (_policy("two") + "\nmirror x", "unknown word"),
        (_policy("two").replace("log ", "witness L "), "cannot cosign"),
    ],
    ids=lambda value: "" if "\n" in value or "log" in value else value,
)
def test_a_policy_that_could_half_hold_is_refused(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse_policy(text)
