"""Both languages say the same things, with the same figures in them, and accuse nobody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from test_architecture import FORBIDDEN
from waman.report import page
from waman.report.strings_table import LANGUAGES, say, strings

PLACEHOLDER = re.compile(r"\{(\w+)\}")
PAGE = Path(page.FOLDER)
PLAN = tuple(f"plan_{k}_" for k in ("name", "label", "case", "read", "map", "meant"))
"""Families of keys that the plan's page puts together."""


def test_every_language_has_every_key() -> None:
    assert set(strings("en")) == set(strings("es"))


@pytest.mark.parametrize("key", sorted(strings("es")))
def test_a_sentence_has_the_same_placeholders_in_every_language(key: str) -> None:
    per_language = [sorted(set(PLACEHOLDER.findall(strings(x)[key])) - {"n"}) for x in LANGUAGES]
    assert per_language[0] == per_language[1]
    assert all(strings(x)[key].strip() for x in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_accuses_and_absence_is_a_statement_about_coverage(language: str) -> None:
    whole = " ".join(strings(language).values())
    assert not FORBIDDEN.search(whole)
    assert {"en": "by our coverage", "es": "Nuestra cobertura"}[language] in whole


def test_no_spanish_sentence_is_longer_than_one_and_a_half_english_ones() -> None:
    pairs = [(strings("en")[k], strings("es")[k]) for k in strings("en")]
    assert [es for en, es in pairs if len(es) > 1.5 * len(en) + 16] == []


def test_every_key_is_used_by_the_page_or_by_python() -> None:
    source = " ".join(p.read_text(encoding="utf-8") for p in [*PAGE.iterdir(), *PAGE.parent.glob("*.py")])
    families = ("verdict_", "basis_", "ended_", "audience_", "theme_", "disguise_", *PLAN)
    keys = [k.removesuffix("_one") for k in strings("en") if not k.startswith(families)]
    assert [k for k in keys if not re.search(rf"\b{k}\b", source)] == []


def test_an_unwritten_language_falls_back_to_spanish() -> None:
    assert say("qu", "why") == say("es", "why") == "Por qué"
