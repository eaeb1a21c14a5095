"""Takes identities and exact positions out of texts before they leave.

Two nets: every identity that the data hold is known by name, and anything that looks like an
address or a registration goes too, because a sentence may quote a register that the tables do not show.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

WITHHELD = "[withheld]"
WITHHELD_IN = {"en": WITHHELD, "es": "[reservado]"}
IDENTITIES_MAX = 1_000_000

_LOOKS_LIKE_IDENTITY = re.compile(
    r"\b(?:(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{6}"  # a 24-bit address, lower case
    r"|(?=[0-9A-F]*[0-9])(?=[0-9A-F]*[A-F])[0-9A-F]{6}"
    r"|(?:[A-Z][A-Z0-9]?|[0-9][A-Z])-(?:[A-Z]{3}|[A-Z0-9]{4,5})(?:-[A-Z])?"  # OB-1408, 9V-ABC; not EC-135, a type
    r"|N[1-9](?:[0-9]{2,4}|[0-9]{1,3}[A-Z]{1,2}))\b"
)
_EXACT_POSITION = re.compile(
    r"-?\b[0-9]{1,3}\.[0-9]{2,}\s*,\s*-?[0-9]{1,3}\.[0-9]{2,}"
    r"|-?\b[0-9]{1,3}[.,][0-9]{3,}(?:\s*°)?"
    r"|\b[0-9]{1,3}\s*°\s*[0-9]{1,2}\s*['′](?:\s*[0-9.,]+\s*[\"″])?\s*[NSEWO]?"
    r"|\b[0-9]{1,2}[C-X]\s?[A-Z]{2}\s?[0-9]{2,5}\s?[0-9]{2,5}\b"
)


@dataclass(frozen=True, slots=True)
class Hidden:
    """The words that an audience must not read: known identities, and whether exact positions go too.

    >>> hidden = Hidden.of(["3c6581", "DLH4AB"])
    >>> hidden.clean("DLH4AB (3C6581), register says OB-1408")
    '[withheld] ([withheld]), register says [withheld]'
    """

    words: frozenset[str] = frozenset()
    active: bool = True

    @classmethod
    def of(cls, identities: Iterable[str | None]) -> Hidden:
        """Return what hides these identities, in any case of letters; empty ones are passed over."""
        words = {w.strip().casefold() for w in identities if w and w.strip()}
        assert len(words) <= IDENTITIES_MAX, f"{len(words)} identities"
        return cls(frozenset(words))

    def holds(self, text: str) -> bool:
        """Return whether a text contains a known identity as a word."""
        return self.active and any(token in self.words for token in _tokens(text))

    def clean(self, text: str, *, positions: bool = False) -> str:
        """Return the text with every identity (and exact position, where asked) replaced."""
        if not self.active:
            return text
        text = _LOOKS_LIKE_IDENTITY.sub(WITHHELD, text)
        if positions:
            text = _EXACT_POSITION.sub(WITHHELD, text)
        return _TOKEN.sub(lambda m: WITHHELD if m.group().casefold() in self.words else m.group(), text)


NOTHING_HIDDEN = Hidden(active=False)


def doubt_text(doubt: Mapping[str, Any]) -> str:
    """Return a recorded doubt as one phrase, from a check as :func:`waman.export.veil` passes it.

    >>> doubt_text({"texts": {"en": "Was the aircraft called by radio?"}, "answer": "wrong frequency"})
    'Was the aircraft called by radio? wrong frequency'
    """
    return f"{doubt['texts']['en']} {doubt['answer'] or 'not done'}".strip()


_TOKEN = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


def _tokens(text: str) -> Iterable[str]:
    """Yield the words of a text in lower case, whole and at their hyphens."""
    for match in _TOKEN.finditer(text):
        whole = match.group().casefold()
        yield whole
        if "-" in whole:
            yield from whole.split("-")
