"""A workspace keeps every revision of what it once said."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from store.test_tables_on_disk import flights
from waman.errors import ConfigError, InputError
from waman.store import open_workspace, read_table
from waman.store.workspace import revise


def test_a_folder_without_an_area_file_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        open_workspace(tmp_path)


def test_an_unknown_output_lists_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "area.toml").write_text('name = "A"\nbbox = [-78, -13, -76, -11]\n')
    with pytest.raises(InputError) as why:
        open_workspace(tmp_path).path("flihgts")
    assert "flights" in why.value.hint


def test_the_same_flights_written_twice_change_nothing_and_new_ones_keep_the_old(tmp_path: Path) -> None:
    (tmp_path / "area.toml").write_text('name = "A"\nbbox = [-78, -13, -76, -11]\n')
    space = open_workspace(tmp_path)
    space.write("flights", flights())
    space.write("flights", flights())
    assert space.revisions() == []
    space.write("flights", flights(verdict="explained", basis="checked"))
    space.write("flights", flights(flight="F2"))
    first, second = space.revisions()
    assert read_table("flights", first)["verdict"].to_pylist() == ["insufficient"]
    assert read_table("flights", second)["revision"].to_pylist() == [1]
    assert space.read("flights")["flight"].to_pylist() == ["F2"]


def test_revise_names_what_changed_and_what_is_gone() -> None:
    old = pa.concat_tables([flights(), flights(flight="F2"), flights(flight="F3")])
    new = pa.concat_tables([flights(), flights(flight="F2", seen_fraction=0.5), flights(flight="F4")])
    out, changed, gone = revise(old, new)
    assert out["revision"].to_pylist() == [0, 1, 0]
    assert (changed, gone) == (["F2", "F4"], ["F3"])
