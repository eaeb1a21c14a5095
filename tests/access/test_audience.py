"""What an audience may see is one table, and everything else is hidden."""

from __future__ import annotations

import pytest

from waman.access import AUDIENCES, Subject, audience, may_make, shows
from waman.errors import InputError


def test_the_public_sees_no_sensitive_field() -> None:
    for field in ("identity", "strip_exact", "medical_landing", "field_exact", "observer_cell", "source_offset"):
        assert not shows("public", field)


def test_a_field_without_a_row_is_hidden_from_every_audience_but_the_workspace() -> None:
    assert [who for who in AUDIENCES if shows(who, "no such field")] == ["workspace"]


# by hand: who may see which field in a product made for them
CARRIED = {
    "identity": {"unit", "handler"},
    "strip_exact": {"planner", "unit", "handler"},
    "medical_landing": {"handler"},
    "field_exact": {"planner"},
    "observer_cell": {"handler"},
    "source_offset": {"planner", "unit", "handler", "auditor"},
}


def test_what_a_product_carries_is_what_its_readers_may_read() -> None:
    for field, who in CARRIED.items():
        assert {a for a in AUDIENCES if shows(a, field)} == {*who, "workspace"}, field


def test_nobody_makes_a_product_that_holds_more_than_they_may_see() -> None:
    for role in ("public", "ranger", "planner", "unit", "handler", "auditor"):
        for who in AUDIENCES[:-1]:
            inside = all(role in readers for readers in CARRIED.values() if who in readers)
            assert may_make(Subject("x", role), who) == inside, (role, who)
    assert may_make(Subject("desk", "handler", frozenset({"*"})), "workspace")
    assert not may_make(Subject("x", "administrator"), "handler")


def test_an_unknown_audience_is_refused() -> None:
    with pytest.raises(InputError, match="no audience 'press'"):
        audience("press")
