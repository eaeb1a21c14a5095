"""The words of every page: one JSON table a language, with the same keys and placeholders in each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "strings"
LANGUAGES = ("en", "es")


@lru_cache(maxsize=8)
def strings(language: str) -> Mapping[str, str]:
    """Return the string table of a language; a language without a table gets Spanish, the source language."""
    file = FOLDER / f"{language if language in LANGUAGES else 'es'}.json"
    table: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return table


def say(language: str, key: str, **values: Any) -> str:
    """Return one sentence; ``n=1`` takes the key with ``_one`` where there is one.

    >>> say("en", "gaps", n=3)[:20], say("es", "gaps", n=1)[:30]
    ('Its path has 3 gaps ', 'Su trayectoria tiene un hueco ')
    """
    table = strings(language)
    if values.get("n") == 1 and f"{key}_one" in table:
        key += "_one"
    return table[key].format(**values)
