"""An area file is right, or an error names the file, the key, the value and the nearest known key."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest

from waman.config import load_area, parse_area
from waman.errors import ConfigError

BASE = 'name = "A"\nbbox = [-78, -13, -76, -11]\n'
ROOT = Path(__file__).parents[1]


def check(extra: str, says: str, hint: str = "") -> None:
    with pytest.raises(ConfigError, match=says) as why:
        parse_area(BASE + extra)
    assert hint in why.value.hint


def test_an_unknown_key_names_the_nearest_known_one() -> None:
    check('[[sensor]]\nid = "x"\nkind = "psr"\nrange_max_km = 3\n', r"'range_max_km' in \[sensor\]", "range_max_m")


def test_an_unknown_kind_of_sensor_is_named() -> None:
    check('[[sensor]]\nid = "x"\nkind = "radar"\n', r"sensor\[0\].kind.*radar")


def test_a_word_where_a_number_belongs_is_shown() -> None:
    check('[[sensor]]\nid = "x"\nkind = "psr"\nrange_max_m = "eighty"\n', r"range_max_m.*'eighty'")


def test_two_ways_to_say_how_far_a_radar_sees_are_refused() -> None:
    check('[[sensor]]\nid = "x"\nkind = "psr"\nr90_m = 1e5\nmodel = "m"\n', "r90_m and model", "exactly one")


def test_two_sensors_of_one_name_are_refused() -> None:
    check('[[sensor]]\nid = "x"\nkind = "psr"\n[[sensor]]\nid = "x"\nkind = "ssr"\n', "two sensors are called 'x'")


def test_a_box_in_the_wrong_order_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"bbox .* is empty") as why:
        parse_area('name = "A"\nbbox = [-76, -11, -78, -13]\n')
    assert "west, south, east, north" in why.value.hint


def test_a_feed_of_an_unknown_sensor_is_refused_with_the_nearest() -> None:
    sensor = '[[sensor]]\nid = "ticlio"\nkind = "psr"\n'
    check(sensor + '[[feed]]\nid="f"\nformat="sbs"\naddress="x:1"\nsensor="tiklio"\n', "no sensor 'tiklio'", "ticlio")


def test_broken_toml_says_where() -> None:
    with pytest.raises(ConfigError, match="line 1"):
        parse_area("name = A")


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such area file") as why:
        load_area(tmp_path)
    assert "waman new" in why.value.hint


def test_patterns_find_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "area.toml").write_text(BASE + '[recordings]\nfiles = ["r/*.bin", "one.csv"]\n')
    (tmp_path / "r").mkdir()
    for name in ("b.bin", "a.bin", "c.txt"):
        (tmp_path / "r" / name).touch()
    area = load_area(tmp_path)
    assert [p.name for p in area.files(area.recordings.files)] == ["one.csv", "a.bin", "b.bin"]


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("area*.toml")), ids=lambda p: p.parent.name)
def test_every_example_area_loads(path: Path) -> None:
    assert load_area(path).name


def test_the_nearest_key_is_one_that_exists() -> None:
    with pytest.raises(ConfigError) as why:
        parse_area(BASE + "timezon = 'UTC'\n")
    found = re.search(r"'(\w+)'", why.value.hint)
    assert found and difflib.SequenceMatcher(None, found[1], "timezon").ratio() > 0.8
