"""Contract tables say which column and row breaks them, and never invent a value."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from waman import tables
from waman.errors import TableError


def plots(**changes: object) -> pa.Table:
    columns: dict[str, object] = {
        "time": np.array([0, 1_000_000]),
        "sensor": ["a", "a"],
        "kind": ["ads_b", "psr"],
        "lat_deg": np.array([-12.0, np.nan]),
        "lon_deg": np.array([-75.0, np.nan]),
        "source": ["f", "f"],
        "offset": np.array([0, 9]),
    }
    return tables.table("plots", {**columns, **changes})


def test_what_was_not_measured_is_null_and_never_zero() -> None:
    made = plots()
    assert made["lat_deg"].to_pylist() == [-12.0, None]
    assert made["altitude_fl"].null_count == 2


def test_a_missing_required_column_is_named() -> None:
    with pytest.raises(TableError, match="column 'sensor' is missing"):
        tables.check("plots", plots().drop_columns(["sensor"]))


def test_a_value_outside_the_earth_names_column_and_row() -> None:
    with pytest.raises(TableError, match=r"'lat_deg' is outside -90..90 in row 1 "):
        plots(lat_deg=np.array([0.0, 91.0]))


def test_a_null_in_a_required_column_names_the_row() -> None:
    with pytest.raises(TableError, match="'kind' is null in row 1"):
        plots(kind=["ads_b", None])


def test_a_word_outside_the_contract_names_itself() -> None:
    with pytest.raises(TableError, match=r"'kind' is none of .* in row 0 .'radar'"):
        plots(kind=["radar", "psr"])


def test_a_time_without_a_zone_is_an_error() -> None:
    naive = plots().set_column(0, "time", pa.array([0, 1], pa.timestamp("us")))
    with pytest.raises(TableError, match="without a zone"):
        tables.check("plots", naive)


def test_unknown_columns_are_ignored_by_readers_and_kept_on_request() -> None:
    more = plots().append_column("vendor", pa.array([1, 2]))
    assert "vendor" not in tables.check("plots", more).schema.names
    assert tables.check("plots", more, extra=True)["vendor"].to_pylist() == [1, 2]


def test_a_misspelt_column_is_refused_when_a_table_is_made() -> None:
    with pytest.raises(TableError, match="no column 'lat'"):
        plots(lat=[1.0, 2.0])


def test_joined_tables_share_one_dictionary() -> None:
    joined = tables.concat("plots", [plots(), plots(sensor=["b", "b"])])
    assert joined["sensor"].to_pylist() == ["a", "a", "b", "b"] and joined["sensor"].num_chunks == 1
