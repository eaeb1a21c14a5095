"""What an audience may see is one table, and everything else is hidden."""

from __future__ import annotations

import pytest

from waman.access import AUDIENCES, audience, shows
from waman.errors import InputError


def test_the_public_sees_no_sensitive_field() -> None:
    for field in ("identity", "strip_exact", "medical_landing", "field_exact", "observer_cell", "source_offset"):
        assert not shows("public", field)


def test_a_field_without_a_row_is_hidden_from_every_audience_but_the_workspace() -> None:
    assert [who for who in AUDIENCES if shows(who, "no such field")] == ["workspace"]


def test_an_unknown_audience_is_refused() -> None:
    with pytest.raises(InputError, match="no audience 'press'"):
        audience("press")
