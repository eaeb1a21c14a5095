"""Measures against Stone Soup's and against cases counted by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from waman import tables
from waman.geo.frames import Frame
from waman.tracks.metrics import gospa, judge, ospa2, score
from waman.tracks.metrics.consistency import normalised_squared
from waman.tracks.metrics.picture import Picture


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


def pair_of_pictures() -> tuple[Picture, Picture]:
    """Three truths for 20 instants; a track that begins late, a doubled one, one that ends, a false one."""
    nan = np.nan
    true_x = np.tile(np.array([0.0, 5e3, 10e3]), (20, 1)) + 100.0 * np.arange(20)[:, None]
    x = np.full((20, 5), nan)
    x[3:, 0] = true_x[3:, 0] + 50.0
    x[5:15, 1] = true_x[5:15, 0] + 400.0  # doubles the first
    x[:12, 2] = true_x[:12, 1] - 80.0
    x[12:, 3] = true_x[12:, 1]
    x[4:10, 4] = -30e3
    y = np.where(np.isfinite(x), 0.0, nan)
    return Picture(np.arange(3), true_x, np.zeros((20, 3))), Picture(np.arange(5), x, y)


@pytest.mark.filterwarnings("ignore")
def test_siap_equals_stone_soup() -> None:
    pytest.importorskip("stonesoup")
    from stonesoup.dataassociator.tracktotrack import TrackToTruth
    from stonesoup.measures import Euclidean
    from stonesoup.metricgenerator.manager import MultiManager
    from stonesoup.metricgenerator.tracktotruthmetrics import SIAPMetrics
    from stonesoup.types.groundtruth import GroundTruthPath, GroundTruthState
    from stonesoup.types.state import State
    from stonesoup.types.track import Track

    true, ours = pair_of_pictures()
    start = datetime(2026, 1, 1)  # noqa: DTZ001

    def paths(p: Picture, path: type, state: type) -> set[object]:
        return {
            path([
                state([[p.x_m[k, j]], [0.0], [p.y_m[k, j]], [0.0]], timestamp=start + timedelta(seconds=4 * int(k)))
                for k in np.flatnonzero(np.isfinite(p.x_m[:, j]))
            ])
            for j in range(p.x_m.shape[1])
        }  # fmt: skip

    measure = Euclidean((0, 2))
    siap = SIAPMetrics(position_measure=measure, velocity_measure=measure, generator_name="siap")
    associator = TrackToTruth(association_threshold=1000.0, measure=measure, consec_misses_end=1)
    manager = MultiManager([siap], associator=associator)
    manager.add_data(
        {"groundtruth_paths": paths(true, GroundTruthPath, GroundTruthState), "tracks": paths(ours, Track, State)}
    )
    theirs = {m.title: m.value for m in manager.generate_metrics()["siap"].values()}
    found = judge(true, ours, np.arange(20) * 4_000_000)["siap"]
    for name in ("completeness", "ambiguity", "spuriousness"):
        assert found[name] == pytest.approx(theirs[f"SIAP {name.capitalize()}"], abs=1e-9), name


@pytest.mark.filterwarnings("ignore")
def test_ospa2_of_one_instant_equals_stone_soups_ospa() -> None:
    pytest.importorskip("stonesoup")
    from stonesoup.metricgenerator.ospametric import OSPAMetric
    from stonesoup.types.state import State

    rng = np.random.default_rng(6)
    metric, now = OSPAMetric(c=1000.0, p=2.0), datetime(2026, 1, 1)  # noqa: DTZ001
    for _ in range(10):
        a, b = (rng.uniform(-2000, 2000, (rng.integers(1, 8), 2)) for _ in range(2))
        theirs = metric.compute_OSPA_distance([State(x, now) for x in b], [State(x, now) for x in a])
        assert ospa2([x[None] for x in a], [x[None] for x in b]) == pytest.approx(theirs.value, abs=1e-9)


def test_nees_and_nis_of_an_honest_gaussian_are_its_dimension() -> None:
    rng = np.random.default_rng(7)
    root = rng.normal(size=(4000, 2, 2))
    error = (root @ rng.normal(size=(4000, 2, 1)))[..., 0]
    assert normalised_squared(error, root @ root.transpose(0, 2, 1)).mean() == pytest.approx(2.0, rel=0.06)


def test_score_says_whether_the_tracks_are_honest() -> None:
    rng = np.random.default_rng(8)
    truth = tables.table("truth", rows("truth", "target", [1, 2], 200))
    columns = rows("tracks", "track", [7, 8], 200, state="confirmed", detected=True, reportable=1.0, existence=0.95)
    columns |= {"sigma_major_m": [60.0] * 400, "sigma_minor_m": [20.0] * 400, "sigma_azimuth_deg": [0.0] * 400}
    frame = Frame(lat0_deg=-12.0, lon0_deg=-75.0)
    east, north = frame.to_plane(lat_deg=np.asarray(columns["lat_deg"]), lon_deg=np.asarray(columns["lon_deg"]))
    columns["lat_deg"], columns["lon_deg"] = frame.to_degrees(
        east_m=east + rng.normal(0, 20, 400), north_m=north + rng.normal(0, 60, 400)
    )
    found = score(tables.table("tracks", columns), truth)["honesty"]
    assert found["nees_per_dof"] == pytest.approx(1.0, abs=0.12)
    assert found["ellipse95"] == pytest.approx(0.95, abs=0.03)
    assert (found["existence_error"], found["existence_brier"]) == pytest.approx((0.05, 0.0025), abs=1e-6)
