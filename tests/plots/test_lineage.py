"""One observation that arrives by two ways has one lineage."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from waman import tables
from waman.geo.units import SECOND_US
from waman.plots import assign_lineage
from waman.plots.lineage import components, pairs, pairs_ref

T0_US = 1_600_000_000 * SECOND_US


def _plots(rows: list[dict[str, object]]) -> pa.Table:
    base = {"kind": "ads_b", "icao24": "abc123", "sensor": "own", "source": "own.bin", "offset": 0}
    full = [{**base, **r} for r in rows]
    names = {k for r in full for k in r}
    return tables.table("plots", {n: [r.get(n) for r in full] for n in sorted(names)})


def _lineages(*rows: dict[str, object]) -> list[int]:
    found: list[int] = assign_lineage(_plots(list(rows)))["lineage"].to_pylist()
    return found


def _at(seconds: float, lat: float = -12.0, lon: float = -75.0, **more: object) -> dict[str, object]:
    return {"time": T0_US + round(seconds * SECOND_US), "lat_deg": lat, "lon_deg": lon, **more}


NETWORK = {"sensor": "network", "source": "network.csv"}


def test_a_squitter_heard_here_and_by_the_network_counts_once() -> None:
    assert _lineages(_at(0.3), _at(1.0, -12.000004, **NETWORK), _at(0.8, -12.001)) == [0, 0, 2]


def test_the_same_place_much_later_is_another_observation() -> None:
    assert _lineages(_at(0.0), _at(9.0, **NETWORK)) == [0, 1]


def test_a_hovering_helicopter_keeps_one_lineage_a_second() -> None:
    own = [_at(float(s)) for s in range(5)]
    network = [_at(s + 0.2, **NETWORK) for s in range(5)]
    assert len(set(_lineages(*own, *network))) == 5


def test_two_aircraft_at_one_place_are_two() -> None:
    assert _lineages(_at(0.0), _at(0.0, icao24="def456", **NETWORK)) == [0, 1]


def test_a_file_given_twice_counts_once_positions_or_not() -> None:
    silent = {"time": T0_US, "altitude_fl": 50.0, "kind": "mode_s"}
    assert _lineages(_at(0.0), silent, _at(0.0), silent) == [0, 1, 0, 1]


def test_one_radar_record_recorded_by_two_machines_counts_once() -> None:
    radar = {"time": T0_US, "kind": "psr", "icao24": None, "sensor": "20/1", "range_m": 1000.0, "azimuth_deg": 90.0}
    assert _lineages({**radar, "source": "a"}, {**radar, "source": "b"}, {**radar, "range_m": 1001.0}) == [0, 0, 2]


def test_tracks_are_never_linked_to_plots() -> None:
    assert _lineages(_at(0.0), _at(0.0, kind="track", **NETWORK)) == [0, 1]


def test_no_plots_have_no_lineage() -> None:
    assert assign_lineage(tables.empty("plots")).num_rows == 0


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_the_sorted_search_finds_the_pairs_that_comparing_all_finds(data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 14))

    def column(values: st.SearchStrategy[float]) -> np.ndarray:
        return np.array(data.draw(st.lists(values, min_size=n, max_size=n)))

    who = column(st.integers(-1, 1)).astype(np.int64)
    time_us = column(st.integers(0, 6)).astype(np.int64) * SECOND_US // 2
    lat = column(st.sampled_from([0.0, 1e-5, 1e-3]))
    lon = column(st.sampled_from([0.0, 1e-5, np.nan]))
    source = column(st.integers(0, 2)).astype(np.int64)
    fast = {tuple(sorted(p)) for p in zip(*(x.tolist() for x in pairs(who, time_us, lat, lon, source)), strict=True)}
    slow = {
        tuple(sorted(p)) for p in zip(*(x.tolist() for x in pairs_ref(who, time_us, lat, lon, source)), strict=True)
    }
    assert fast == slow


@given(st.integers(1, 8), st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=10))
def test_components_are_named_after_their_first_row(rows: int, links: list[tuple[int, int]]) -> None:
    links = [(a % rows, b % rows) for a, b in links]
    label = components(rows, np.array([a for a, _ in links], int), np.array([b for _, b in links], int))
    assert all(label[a] == label[b] for a, b in links)
    assert (label <= np.arange(rows)).all() and (label[label] == label).all()
