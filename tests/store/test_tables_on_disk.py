"""Contract tables come back as they were written, and a file is whole or absent."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from waman import tables
from waman.errors import InputError, Problems, TableError
from waman.store import read_table, write_table
from waman.store.files import replacing, write_problems


def flights(**changes: object) -> pa.Table:
    row = {
        "flight": "F1",
        "tracks": [1, 2],
        "start": 1_700_000_000_000_000,
        "end": 1_700_000_600_000_000,
        "ended": "landed",
        "verdict": "insufficient",
        "findings": [{"rule": "r", "stance": "against", "weight_db": -3.0, "text": "t", "searchable": None}],
        "checks": [],
        "revision": 0,
        "geometry": shapely.to_wkb(shapely.LineString([(-75, -12), (-74, -11)])),
        **changes,
    }
    return tables.table("flights", {k: [v] for k, v in row.items()})


@pytest.mark.parametrize("name", sorted(tables.SCHEMAS))
def test_every_contract_table_can_be_written_and_read_empty(name: str, tmp_path: Path) -> None:
    path = write_table(name, tables.empty(name), tmp_path / "t.parquet")
    assert read_table(name, path).equals(tables.empty(name))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**40),
            st.floats(-90, 90),
            st.floats(-180, 180),
            st.none() | st.floats(-500, 20_000, width=32),
            st.sampled_from(["survey", "medevac", "Ñandú", ""]),
        ),
        max_size=40,
    )
)
def test_what_is_read_equals_what_was_written(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple]) -> None:
    names = ("time", "lat_deg", "lon_deg", "altitude_msl_m", "category")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    truth = tables.table("truth", {"target": list(range(len(rows))), **columns})
    path = write_table("truth", truth, tmp_path_factory.mktemp("t") / "truth.parquet")
    assert read_table("truth", path).to_pylist() == truth.to_pylist()


def test_flights_are_geoparquet_that_another_program_reads_as_geometry(tmp_path: Path) -> None:
    path = write_table("flights", flights(), tmp_path / "flights.parquet")
    about = json.loads(pq.read_schema(path).metadata[b"geo"])
    assert about["version"] == "1.1.0"
    assert about["columns"]["geometry"] == {
        "encoding": "WKB",
        "geometry_types": ["LineString"],
        "bbox": [-75.0, -12.0, -74.0, -11.0],
    }
    kind = duckdb.sql(f"DESCRIBE SELECT geometry FROM '{path}'").fetchall()[0][1]
    assert "GEOMETRY" in str(kind)


def test_a_table_that_breaks_the_contract_names_column_and_row_and_leaves_no_file(tmp_path: Path) -> None:
    bad = pa.table(
        {"target": [1, 2], "time": pa.array([0, 1], tables.TIME), "lat_deg": [0.0, 91.0], "lon_deg": [0.0, 0]}
    )
    with pytest.raises(TableError, match=r"'lat_deg' .*row 1 \(91"):
        write_table("truth", bad, tmp_path / "truth.parquet")
    assert not list(tmp_path.iterdir())


def test_unknown_columns_are_kept_on_disk_and_ignored_by_readers(tmp_path: Path) -> None:
    more = tables.empty("truth").append_column("mood", pa.array([], pa.string()))
    path = write_table("truth", more, tmp_path / "truth.parquet")
    assert "mood" in pq.read_schema(path).names
    assert read_table("truth", path).schema.names == tables.TRUTH.names


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), replacing(path) as out:
        out.write(b"half of the n")
        raise RuntimeError
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.bin", b"old")]


@pytest.mark.parametrize("cut", [0, 3, 200, -5])
def test_a_file_cut_short_is_an_error_with_a_hint_and_never_a_traceback(tmp_path: Path, cut: int) -> None:
    path = write_table("flights", flights(), tmp_path / "flights.parquet")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match="cannot be read as Parquet") as why:
        read_table("flights", path)
    assert "again" in why.value.hint


def test_reading_the_wrong_table_or_a_missing_one_says_what_to_do(tmp_path: Path) -> None:
    path = write_table("truth", tables.empty("truth"), tmp_path / "truth.parquet")
    with pytest.raises(InputError, match="holds the table 'truth'"):
        read_table("tracks", path)
    with pytest.raises(InputError, match="no such file") as why:
        read_table("tracks", tmp_path / "tracks.parquet")
    assert why.value.hint == "make it with: waman track PLOTS -o tracks.parquet"


def test_a_file_of_a_later_schema_is_refused(tmp_path: Path) -> None:
    late = tables.empty("truth").replace_schema_metadata({"waman_table": "truth", "waman_schema_version": "2.0"})
    pq.write_table(late, tmp_path / "t.parquet")
    with pytest.raises(InputError, match="later Waman"):
        read_table("truth", tmp_path / "t.parquet")


def test_problems_that_were_not_kept_are_counted_in_the_last_line(tmp_path: Path) -> None:
    found = Problems()
    found.add("a@4", "trailing bytes", "áé", times=3)
    lines = write_problems(found, tmp_path / "problems.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["what"] for line in lines] == [
        "trailing bytes",
        "2 more problems were counted and not kept",
    ]


def test_a_flipped_byte_anywhere_is_refused_or_harmless_never_a_wrong_value(tmp_path: Path) -> None:
    path = write_table("flights", flights(), tmp_path / "flights.parquet")
    whole, right = path.read_bytes(), read_table("flights", path)
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    for at in [*range(4, footer, 7), *range(footer, len(whole), 41)]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            rows = read_table("flights", path)
        except (InputError, TableError):
            continue
        assert rows.to_pylist() == right.to_pylist() or at >= footer, f"byte {at}"


def test_the_values_of_findings_come_back_and_other_extra_columns_only_when_asked(tmp_path: Path) -> None:
    texts = pa.array([[json.dumps({"time": "06:06"})]], pa.list_(pa.string()))
    rows = flights().append_column("values", texts).append_column("note", pa.array(["x"]))
    path = write_table("flights", rows, tmp_path / "flights.parquet")
    assert "values" in read_table("flights", path).schema.names
    assert "note" not in read_table("flights", path).schema.names
    assert "note" in read_table("flights", path, extra=True).schema.names
