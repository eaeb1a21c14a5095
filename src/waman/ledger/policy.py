"""The trust policy: which logs and witnesses count, and how many must agree (C2SP tlog-policy)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from waman.errors import InputError
from waman.ledger.note import KeyKind, Verifier, parse_verifier

LINES_MAX = 1000


@dataclass(frozen=True, slots=True)
class Policy:
    """Known logs, witnesses by their policy name, groups ``{name: (k, members)}`` and the quorum."""

    logs: tuple[Verifier, ...]
    witnesses: dict[str, Verifier]
    urls: dict[str, str]
    groups: dict[str, tuple[int, tuple[str, ...]]]
    quorum: str

    def met(self, cosigned: Collection[str]) -> bool:
        """Tell whether cosignatures by these key names reach the quorum."""
        return self.quorum == "none" or self._counts(self.quorum, cosigned)

    def _counts(self, name: str, cosigned: Collection[str]) -> bool:
        if name in self.witnesses:
            return self.witnesses[name].name in cosigned
        k, members = self.groups[name]
        return sum(self._counts(m, cosigned) for m in members) >= k


def parse_policy(text: str) -> Policy:
    """Read a policy file; anything unknown, doubled or missing is refused (a policy must not half hold).

    >>> parse_policy("quorum none").quorum
    Traceback (most recent call last):
    waman.errors.InputError: policy: it names no log
    """
    lines = text.split("\n")
    if len(lines) > LINES_MAX:
        raise InputError(f"policy: {len(lines)} lines, more than {LINES_MAX}")
    found = _Reading([], {}, {}, {}, [])
    for number, line in enumerate(lines, 1):
        words = line.split()
        if words and not words[0].startswith("#"):
            try:
                _READERS.get(words[0], _unknown)(found, words)
            except InputError as why:
                raise InputError(f"policy line {number}: {why}", hint=why.hint) from why
    if not found.logs:
        raise InputError("policy: it names no log", hint="write a line: log KEY")
    if len(found.quorum) != 1:
        raise InputError(
            f"policy: {len(found.quorum)} quorum lines, one is needed", hint="without witnesses: quorum none"
        )
    return Policy(tuple(found.logs), found.witnesses, found.urls, found.groups, found.quorum[0])


@dataclass(slots=True)
class _Reading:
    """What the lines read so far define."""

    logs: list[Verifier]
    witnesses: dict[str, Verifier]
    urls: dict[str, str]
    groups: dict[str, tuple[int, tuple[str, ...]]]
    quorum: list[str]


def _log(found: _Reading, words: list[str]) -> None:
    _length(words, 2, 3)
    key = parse_verifier(words[1])
    if key.kind is not KeyKind.LOG:
        raise InputError("this key cannot sign for a log")
    if any(k.public == key.public for k in found.logs):
        raise InputError("the same log key stands twice")
    found.logs.append(key)


def _witness(found: _Reading, words: list[str]) -> None:
    _length(words, 3, 4)
    key = parse_verifier(words[2])
    if key.kind is KeyKind.LOG:
        raise InputError("this key cannot cosign", hint="a witness key has type 4 or 6")
    if any(k.public == key.public for k in found.witnesses.values()):
        raise InputError("the same witness key stands twice")
    _fresh(found, words[1])
    found.witnesses[words[1]] = key
    if len(words) == 4:
        found.urls[words[1]] = words[3]


def _group(found: _Reading, words: list[str]) -> None:
    _length(words, 4, 1000)
    members = tuple(words[3:])
    taken = {m for _, others in found.groups.values() for m in others}
    for member in members:
        if member not in found.witnesses and member not in found.groups:
            raise InputError(f"{member!r} is not defined above")
        if member in taken or members.count(member) > 1:
            raise InputError(f"{member!r} is a member twice")
    word = {"any": "1", "all": str(len(members))}.get(words[2], words[2])
    if not word.isdecimal() or not 1 <= int(word) <= len(members):
        raise InputError(f"{words[2]!r} of {len(members)} members", hint="use any, all or a number up to the members")
    _fresh(found, words[1])
    found.groups[words[1]] = (int(word), members)


def _quorum(found: _Reading, words: list[str]) -> None:
    _length(words, 2, 2)
    if words[1] != "none" and words[1] not in found.witnesses and words[1] not in found.groups:
        raise InputError(f"quorum {words[1]!r} is not defined above")
    found.quorum.append(words[1])


def _unknown(found: _Reading, words: list[str]) -> None:
    raise InputError(f"unknown word {words[0]!r}", hint="known: " + ", ".join(_READERS))


def _fresh(found: _Reading, name: str) -> None:
    if name == "none" or name in found.witnesses or name in found.groups:
        raise InputError(f"the name {name!r} is taken")


def _length(words: list[str], low: int, high: int) -> None:
    if not low <= len(words) <= high:
        raise InputError(f"{words[0]} has {len(words) - 1} words")


_READERS = {"log": _log, "witness": _witness, "group": _group, "quorum": _quorum}
