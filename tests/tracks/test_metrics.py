"""Measures against Stone Soup's and against cases counted by hand."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from waman import tables
from waman.tracks.metrics import gospa, ospa2, score


@pytest.mark.filterwarnings("ignore")
def test_gospa_equals_stone_soup_to_a_billionth() -> None:
    pytest.importorskip("stonesoup")
    from stonesoup.metricgenerator.ospametric import GOSPAMetric
    from stonesoup.types.state import State

    rng = np.random.default_rng(5)
    metric = GOSPAMetric(c=1000.0, p=2.0)
    now = datetime(2026, 1, 1)  # noqa: DTZ001
    for _ in range(20):
        a = rng.uniform(-4000, 4000, (rng.integers(1, 12), 2))
        b = rng.uniform(-4000, 4000, (rng.integers(1, 12), 2))
        theirs, _ = metric.compute_gospa_metric([State(x, now) for x in b], [State(x, now) for x in a])
        assert gospa(a, b).total == pytest.approx(theirs.value["distance"], abs=1e-9)


def test_gospa_of_nothing_is_zero_and_of_one_missed_is_half_the_cutoff_squared() -> None:
    none = np.zeros((0, 2))
    assert gospa(none, none).total == 0.0
    assert gospa(np.zeros((1, 2)), none).total == pytest.approx(1000.0 / np.sqrt(2.0))


def test_ospa2_counts_absence_as_the_cutoff() -> None:
    a = np.zeros((4, 2))
    b = a.copy()
    b[2:] = np.nan
    assert ospa2([a], [b]) == pytest.approx(500.0)
    assert ospa2([a], []) == 1000.0


def rows(name: str, key: str, who: list[int], steps: int, **more: object) -> dict[str, object]:
    n = len(who) * steps
    t = np.tile(np.arange(steps), len(who)) * 4_000_000
    return {
        key: np.repeat(who, steps),
        "time": t,
        "lat_deg": -12.0 + np.repeat(np.arange(len(who)), steps) * 0.1,
        "lon_deg": -75.0 + t / 4e6 * 0.001,
        **{k: [v] * n for k, v in more.items()},
    }


def test_perfect_tracks_score_perfectly_and_a_switch_is_counted() -> None:
    truth = tables.table("truth", rows("truth", "target", [1, 2], 20))
    columns = rows("tracks", "track", [7, 8], 20, state="confirmed", detected=True, reportable=1.0)
    best = score(tables.table("tracks", columns), truth)
    assert best["gospa"]["total"] == pytest.approx(0.0, abs=1e-3)
    assert (best["switches"], best["ids_per_truth"], best["completeness"], best["false_tracks"]) == (0, 1.0, 1.0, 0)
    columns["track"] = np.where((columns["track"] == 7) & (columns["time"] >= 40_000_000), 9, columns["track"])
    cut = score(tables.table("tracks", columns), truth)
    assert (cut["switches"], cut["ids_per_truth"]) == (1, 1.5)


def test_no_tracks_at_all_miss_everything() -> None:
    truth = tables.table("truth", rows("truth", "target", [1, 2], 20))
    found = score(tables.empty("tracks"), truth)
    assert found["gospa"]["missed"] == pytest.approx(1e6)
    assert found["completeness"] == 0.0
