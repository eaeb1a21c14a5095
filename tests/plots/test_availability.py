"""Traffic proves a sensor up; silence proves nothing."""

from __future__ import annotations

from waman import tables
from waman.geo.units import SECOND_US
from waman.plots.availability import from_traffic


def _heard(*seconds: float, sensor: str = "own", icao24: str | None = "abc123", kind: str = "ads_b") -> dict[str, list]:
    n = len(seconds)
    return {
        "time": [round((1e9 + s) * SECOND_US) for s in seconds],
        "sensor": [sensor] * n,
        "kind": [kind] * n,
        "icao24": [icao24] * n,
        "source": ["a"] * n,
        "offset": [0] * n,
    }


def test_a_silence_between_traffic_is_unknown_and_never_down() -> None:
    rows = from_traffic(tables.table("plots", _heard(0, 1, 2, 1000, 1001))).to_pylist()
    assert [r["state"] for r in rows] == ["up", "unknown", "up"]
    assert [(r["end"] - r["start"]).total_seconds() for r in rows] == [2.0, 998.0, 1.0]
    assert rows[0]["evidence"] == "identified traffic, 3 plots"


def test_each_sensor_has_its_own_silence() -> None:
    parts = [tables.table("plots", _heard(0, 1, 2)), tables.table("plots", _heard(500, 501, sensor="other"))]
    rows = from_traffic(tables.concat("plots", parts)).to_pylist()
    assert [(r["sensor"], r["state"]) for r in rows] == [("other", "up"), ("own", "up")]


def test_a_slow_sensor_is_not_cut_between_its_scans() -> None:
    rows = from_traffic(tables.table("plots", _heard(*range(0, 600, 12)))).to_pylist()
    assert [r["state"] for r in rows] == ["up"]


def test_what_is_not_identified_traffic_proves_nothing() -> None:
    assert from_traffic(tables.table("plots", _heard(0, 1, icao24=None))).num_rows == 0
    assert from_traffic(tables.table("plots", _heard(0, 1, kind="track"))).num_rows == 0
