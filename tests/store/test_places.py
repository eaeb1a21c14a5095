"""Places are read row by row; a bad one becomes a problem, never an exception."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waman.errors import InputError
from waman.store import read_places, write_places
from waman.store.places import parse_places


def feature(geometry: Any = None, **properties: Any) -> dict[str, Any]:
    geometry = geometry or {"type": "Point", "coordinates": [-74.5, -12.25]}
    return {"type": "Feature", "geometry": geometry, "properties": {"id": "a", "kind": "strip", **properties}}


def parse(*features: Any) -> tuple[list[dict[str, Any]], list[str]]:
    rows, problems = parse_places(json.dumps({"type": "FeatureCollection", "features": features}).encode())
    return rows.to_pylist(), [p.what for p in problems.kept]


def test_a_strip_comes_back_as_it_was_written(tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[-74.5, -12.0], [-74.4, -12.0]]}
    one = feature(line, name="Ñ", listed=False, length_m=500, heading_deg=90.5, first_seen="2015-10-14", state="active")
    rows, problems = parse_places(json.dumps({"features": [one]}).encode())
    path = write_places(rows, tmp_path / "places.geojson")
    again, more = read_places(path)
    assert again.equals(rows)
    assert (problems.count, more.count) == (0, 0)
    assert rows.to_pylist()[0]["lon_deg"] == pytest.approx(-74.45)


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (feature({"type": "Point", "coordinates": [-74.5, 95]}), "outside the earth"),
        (feature({"type": "Point", "coordinates": ["x"]}), "geometry cannot be read"),
        (feature(kind="lair"), "needs an id and a kind"),
        (feature(id=None), "needs an id and a kind"),
        ("text", "no feature"),
    ],
)
def test_a_bad_place_is_left_out_with_a_problem_and_the_next_is_kept(bad: Any, what: str) -> None:
    rows, problems = parse(bad, feature(id="good"))
    assert [r["id"] for r in rows] == ["good"]
    assert what in problems[0]


def test_a_bad_property_becomes_null_with_a_problem() -> None:
    rows, problems = parse(feature(length_m="long", first_seen="2015-10-14T06:00:00", listed=False))
    assert (rows[0]["length_m"], rows[0]["first_seen"], rows[0]["listed"]) == (None, None, False)
    assert len(problems) == 2


def test_two_places_with_one_id_are_reported() -> None:
    rows, problems = parse(feature(), feature())
    assert (len(rows), problems) == (1, ["an earlier place has the same id"])


@given(st.binary(max_size=200) | st.text(max_size=60).map(str.encode))
def test_no_bytes_raise_anything_but_an_error_with_a_hint(content: bytes) -> None:
    with pytest.raises(InputError) as why:
        parse_places(content)
    assert why.value.hint


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "coordinates"]), inner),
    max_leaves=8,
)


@given(json_values, json_values)
def test_no_feature_raises(geometry: Any, properties: Any) -> None:
    whole = {"features": [{"geometry": geometry, "properties": properties}]}
    rows, problems = parse_places(json.dumps(whole).encode())
    assert rows.num_rows + problems.count == 1
