"""What the encoder writes comes back through the decoder, and libasterix reads it too."""

from __future__ import annotations

import asterix.base as base
import asterix.generated as generated
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waman import tables
from waman.config import Sensor
from waman.geo.units import DAY_US
from waman.plots import asterix, capture
from waman.plots.asterix.encode import encode_021, encode_048

RADAR = Sensor(id="ticlio", kind="mode_s", lat_deg=-12.1, lon_deg=-76.6, altitude_msl_m=4800.0, sac=226, sic=1)
DAY = 20_000 * DAY_US


def maybe(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | values


PLOT = st.fixed_dictionaries(
    {
        "time": st.integers(0, 39_600_000_000).map(lambda t: DAY + DAY_US // 4 + t),
        "lat_deg": st.floats(-13.5, -11.0),
        "lon_deg": st.floats(-77.5, -75.0),
        "altitude_fl": maybe(st.integers(0, 450).map(float)),
        "altitude_msl_m": maybe(st.floats(0, 12_000)),
        "mode_3a": maybe(st.integers(0, 4095)),
        "icao24": maybe(st.integers(1, 2**24 - 1).map(lambda c: f"{c:06x}")),
        "callsign": maybe(st.text("ABCXYZ0189", min_size=1, max_size=8)),
        "track_number": maybe(st.integers(0, 4095)),
        "ground_speed_mps": maybe(st.floats(0, 300)),
    }
)


def table(rows: list[dict[str, object]]) -> pa.Table:
    columns = {k: [r[k] for r in rows] for k in rows[0]}
    columns["heading_deg"] = [None if s is None else s % 360 for s in columns["ground_speed_mps"]]
    columns |= {"sensor": ["x"] * len(rows), "kind": ["ads_b"] * len(rows), "source": ["x"] * len(rows)}
    return tables.table("plots", columns | {"offset": list(range(len(rows)))})


def decode(data: bytes, sensors: tuple[Sensor, ...] = ()) -> pa.Table:
    payloads, _ = capture.read(data, name="again")
    found = asterix.decode(payloads, name="again", near_us=DAY + DAY_US // 2, sensors=sensors)
    assert found.problems.count == 0, found.problems.kept
    return found.plots


def close(mine: pa.Table, theirs: pa.Table, column: str, tolerance: float) -> None:
    a, b = (np.asarray(t[column].cast(pa.float64()).to_numpy(), float) for t in (mine, theirs))
    np.testing.assert_array_equal(np.isnan(a), np.isnan(b), column)
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance, err_msg=column)


def same_identity(found: pa.Table, given_plots: pa.Table) -> None:
    for column in ("mode_3a", "icao24", "callsign", "track_number"):
        assert found[column].to_pylist() == given_plots[column].to_pylist(), column
    close(found, given_plots, "ground_speed_mps", 0.06)
    close(found, given_plots, "altitude_fl", 0.126)
    times = [t["time"].cast("int64").to_numpy() for t in (found, given_plots)]
    assert np.abs(times[0] - times[1]).max() <= 3907


@settings(max_examples=25, deadline=None)
@given(st.lists(PLOT, min_size=1, max_size=45))
def test_ads_b_plots_come_back_from_cat021(rows: list[dict[str, object]]) -> None:
    plots = table(rows)
    data, kept = encode_021(plots, sac=1, sic=2)
    found = decode(data)
    assert kept.tolist() == list(range(len(rows)))
    assert set(found["sensor"].to_pylist()) == {"1/2"} and set(found["kind"].to_pylist()) == {"ads_b"}
    close(found, plots, "lat_deg", 1e-7)
    close(found, plots, "lon_deg", 1e-7)
    close(found, plots, "altitude_msl_m", 1.5)
    same_identity(found, plots)


@settings(max_examples=25, deadline=None)
@given(st.lists(PLOT, min_size=1, max_size=45))
def test_plots_come_back_from_cat048_where_they_were(rows: list[dict[str, object]]) -> None:
    plots = table(rows)
    data, kept = encode_048(plots, sensor=RADAR)
    found = decode(data, sensors=(RADAR,))
    plots = plots.take(pa.array(kept))
    assert set(found["sensor"].to_pylist()) == {"ticlio"}
    same_identity(found, plots)
    for column in ("lat_deg", "lon_deg"):  # half a step of range (3.6 m) and of azimuth (5 m at 100 km)
        close(found, plots, column, 3e-4)


@pytest.mark.parametrize("number", [21, 48])
def test_libasterix_reads_what_is_written(number: int) -> None:
    rows = [
        {
            **{"time": DAY + i * 1_000_000, "lat_deg": -12.0 - i / 100, "lon_deg": -75.9, "altitude_msl_m": None},
            **{"altitude_fl": 50.0 + i, "mode_3a": i, "icao24": f"{0xE80000 + i:06x}", "callsign": f"OB{i}"},
            **{"track_number": i, "ground_speed_mps": 60.0},
        }
        for i in range(30)
    ]
    data, _ = encode_021(table(rows), sac=1, sic=2) if number == 21 else encode_048(table(rows), sensor=RADAR)
    blocks = base.RawDatablock.parse(base.Bits.from_bytes(data))
    assert not isinstance(blocks, ValueError)
    cls = {21: generated.Cat_021_2_6, 48: generated.Cat_048_1_32}[number]
    records = [r for b in blocks for r in cls.cv_uap._parse(b.get_raw_records())]
    assert len(records) == 30
    address = {21: "080", 48: "220"}[number]
    assert [r.get_item(address).as_uint() for r in records] == [0xE80000 + i for i in range(30)]
    callsign = {21: "170", 48: "240"}[number]
    assert records[7].get_item(callsign).variation.content.as_string() == "OB7     "
