"""Stone Soup's side of the tracking benchmark: GNN and JPDA-EHM2 with a KD-tree, tuned on seeds of their own.

``python bench/tracking_stonesoup.py`` runs what bench/results/tracking_stonesoup.json does not hold yet, one run after
the other, and stops after ``--minutes``; every run is stored under its configuration, seed, settings and version, so
that bench/tracking.py need not repeat it. ``--tune`` runs the search that chose the settings (A, B, D, E, M at seeds 0
and 1, which are never scored) and stores its table. The loop is that of MultiTargetTracker (GNN) and
MultiTargetMixtureTracker (JPDA): which hypotheses update a track, and which plots are free to start one.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from tracking_real import make_real
from tracking_scenario import SCAN_S, SIGMA_AZ_RAD, SIGMA_R_M, Scenario, make

FILE = Path(__file__).parent / "results" / "tracking_stonesoup.json"
COMMON = {
    "motion": "constant velocity",
    "initiator": "multi-measurement, prior speed sigma 70 m/s, its own GNN",
    "deleter": "steps without update, or covariance > 5 km",
    "missed_distance": 3.5,
    "pda": "Pd = 0.85 pd0, gate probability 0.997, true clutter density",
    "kd_tree_radius_m": 6000,
    "measurement": "linear Cartesian, one isotropic covariance",
}


@dataclass(frozen=True)
class Settings:
    """What was tuned: process noise [m^2/s^3], points to start, steps to deletion, and those of a young track."""

    q: float = 25.0
    points: int = 3
    delete_steps: int = 6
    young_steps: int = 3


def isotropic_sigma_m(side_m: float) -> float:
    """Return the one sigma that stands for the polar noise: that of the RMS range of the square."""
    return float(np.sqrt((SIGMA_R_M**2 + (side_m / np.sqrt(6.0) * SIGMA_AZ_RAD) ** 2) / 2.0))


def build(kind: str, s: Scenario, use: Settings) -> tuple[Any, Any, Any, Any, Any]:
    """Return data associator, updater, initiator, deleter and measurement model."""
    from stonesoup.dataassociator.neighbour import GNNWith2DAssignment
    from stonesoup.dataassociator.tree import DetectionKDTreeMixIn
    from stonesoup.deleter.error import CovarianceBasedDeleter
    from stonesoup.deleter.multi import CompositeDeleter
    from stonesoup.deleter.time import UpdateTimeStepsDeleter
    from stonesoup.hypothesiser.distance import DistanceHypothesiser
    from stonesoup.hypothesiser.probability import PDAHypothesiser
    from stonesoup.initiator.simple import MultiMeasurementInitiator
    from stonesoup.measures import Mahalanobis
    from stonesoup.models.measurement.linear import LinearGaussian
    from stonesoup.models.transition.linear import CombinedLinearGaussianTransitionModel, ConstantVelocity
    from stonesoup.predictor.kalman import KalmanPredictor
    from stonesoup.types.state import GaussianState
    from stonesoup.updater.kalman import KalmanUpdater

    var = isotropic_sigma_m(s.side_m) ** 2
    model = LinearGaussian(ndim_state=4, mapping=(0, 2), noise_covar=np.diag([var, var]))
    predictor = KalmanPredictor(
        CombinedLinearGaussianTransitionModel([ConstantVelocity(use.q), ConstantVelocity(use.q)])
    )
    updater = KalmanUpdater(model)
    near = DistanceHypothesiser(predictor, updater, Mahalanobis(), missed_distance=3.5)

    class KDTreeGNN(DetectionKDTreeMixIn, GNNWith2DAssignment):
        pass

    def gnn() -> Any:
        return KDTreeGNN(near, predictor=predictor, updater=updater, number_of_neighbours=None, max_distance=6000.0)

    deleter = CompositeDeleter(
        [UpdateTimeStepsDeleter(use.delete_steps), CovarianceBasedDeleter(2 * 5000.0**2, mapping=[0, 2])],
        intersect=False,
    )
    initiator = MultiMeasurementInitiator(
        prior_state=GaussianState([[0], [0], [0], [0]], np.diag([0.0, 70.0**2, 0.0, 70.0**2])),
        measurement_model=model,
        deleter=UpdateTimeStepsDeleter(use.young_steps),
        data_associator=gnn(),
        updater=updater,
        min_points=use.points,
    )
    if kind == "gnn":
        return gnn(), updater, initiator, deleter, model
    from stonesoup.dataassociator.probability import JPDAwithEHM2

    class KDTreeEHM2(DetectionKDTreeMixIn, JPDAwithEHM2):
        pass

    pda = PDAHypothesiser(
        predictor, updater, clutter_spatial_density=s.clutter / s.side_m**2, prob_detect=0.85 * s.pd0, prob_gate=0.997
    )
    jpda = KDTreeEHM2(pda, predictor=predictor, updater=updater, number_of_neighbours=None, max_distance=6000.0)
    return jpda, updater, initiator, deleter, model


def run(kind: str, s: Scenario, use: Settings) -> dict[str, Any]:
    """Run one tracker; return ids and positions, and CPU seconds, of every scan."""
    from stonesoup.types.detection import Detection

    associator, updater, initiator, deleter, model = build(kind, s, use)
    start = datetime(2026, 1, 1)  # noqa: DTZ001  (Stone Soup compares naive times)
    tracks: set[Any] = set()
    names: dict[str, int] = {}
    out, cpu = [], []
    for k, z in enumerate(s.plots):
        now = start + timedelta(seconds=SCAN_S * k)
        found = {Detection([[p[0]], [p[1]]], timestamp=now, measurement_model=model) for p in z}
        t0 = time.process_time()
        hypotheses = associator.associate(tracks, found, now)
        used: set[Any] = set()
        for one, hypothesis in hypotheses.items():
            _apply(one, hypothesis, updater, used, kind)
        tracks -= deleter.delete_tracks(tracks)
        tracks |= initiator.initiate(found - used, now)
        cpu.append(time.process_time() - t0)
        rows = [
            (names.setdefault(t.id, len(names)), float(t.state_vector[0]), float(t.state_vector[2])) for t in tracks
        ]
        out.append(np.array(rows).reshape(-1, 3))
    return {"rows": out, "cpu_s": cpu}


def _apply(one: Any, hypothesis: Any, updater: Any, used: set[Any], kind: str) -> None:
    """Give a track its posterior: the chosen detection (GNN) or the moments of the mixture (JPDA)."""
    if kind == "gnn":
        if hypothesis:
            one.append(updater.update(hypothesis))
            used.add(hypothesis.measurement)
        else:
            one.append(hypothesis.prediction)
        return
    from stonesoup.functions import gm_reduce_single
    from stonesoup.types.array import StateVectors
    from stonesoup.types.prediction import GaussianStatePrediction
    from stonesoup.types.update import GaussianStateUpdate

    posteriors = [updater.update(h) if h else h.prediction for h in hypothesis]
    mean, covar = gm_reduce_single(
        StateVectors([x.state_vector for x in posteriors]),
        np.stack([x.covar for x in posteriors], axis=2),
        np.asarray([h.probability for h in hypothesis]),
    )
    missed = next(h.weight for h in hypothesis if not h)
    likely = [h.measurement for h in hypothesis if h.weight > missed]
    used.update(likely)
    when = hypothesis[0].prediction.timestamp
    one.append(
        GaussianStateUpdate(mean, covar, hypothesis, when) if likely else GaussianStatePrediction(mean, covar, when)
    )


def as_picture(result: dict[str, Any], scans: int) -> Any:
    """Return the tracks shown in each scan as a picture."""
    from waman.tracks.metrics.picture import Picture

    ids = max((int(r[:, 0].max()) for r in result["rows"] if len(r)), default=-1) + 1
    x, y = np.full((scans, ids), np.nan), np.full((scans, ids), np.nan)
    for k, rows in enumerate(result["rows"][:scans]):
        who = rows[:, 0].astype(int)
        x[k, who], y[k, who] = rows[:, 1], rows[:, 2]
    return Picture(np.arange(ids), x, y)


SCANS = {"A": 50, "B": 50, "C": 23, "D": 30, "E": 23, "M": 120, "paris": 60, "switzerland": 60}
REAL = ("paris", "switzerland")
SEEDS = {**{c: range(10, 15) for c in "ABCDE"}, "M": range(50, 55), **{c: range(60, 65) for c in REAL}}
KINDS = ("gnn", "ehm2")
CHOSEN = {c: Settings(points=4, young_steps=2) if c in "DE" else Settings() for c in SCANS}


def cut(s: Scenario, scans: int) -> Scenario:
    """Return the first scans of a scenario."""
    return replace(s, truth=s.truth[:scans], turning=s.turning[:scans], plots=s.plots[:scans], owner=s.owner[:scans])


def scenario(config: str, seed: int) -> Scenario:
    """Return the scored scans of one configuration."""
    return make_real(config, seed) if config in REAL else cut(make(config, seed), SCANS[config])


def key(kind: str, config: str, seed: int | str, scans: int, use: Settings) -> str:
    """Return the name under which a run is stored."""
    tuned = ",".join(f"{k}={v:g}" for k, v in asdict(use).items())
    return f"{kind} {config} seed={seed} scans={scans} {tuned} stonesoup={version('stonesoup')}"


def judged(kind: str, s: Scenario, use: Settings, *, skip: int = 8) -> dict[str, Any]:
    """Run one tracker on one scenario and return its measures and CPU."""
    from tracking_ours import T0_US

    from waman.tracks.metrics import judge
    from waman.tracks.metrics.picture import Picture

    warnings.filterwarnings("ignore")
    result = run(kind, s, use)
    scans = len(s.plots)
    true = Picture(np.arange(s.truth.shape[1]), s.truth[:, :, 0], s.truth[:, :, 1])
    at = T0_US + (np.arange(scans) * SCAN_S * 1e6).astype(np.int64)
    return {
        "scans": scans, "cpu_s_per_scan": float(np.mean(result["cpu_s"])),
        "measures": judge(true, as_picture(result, scans), at, skip=skip),
    }  # fmt: skip


def tuning_runs() -> Iterator[tuple[str, str, int, int, Settings]]:
    """Yield the runs of the search: one setting at a time from the reference page's, then points in clutter."""
    for kind in KINDS:
        for q in (1.0, 4.0, 10.0, 25.0):
            yield kind, "A", 0, 50, Settings(q=q)
        for steps in (4, 9, 12):
            yield kind, "A", 0, 50, Settings(delete_steps=steps)
        for points, young in ((2, 2), (2, 3), (3, 2), (3, 6), (4, 3)):
            yield kind, "A", 0, 50, Settings(points=points, young_steps=young)
        for steps in (6, 9, 15):
            yield kind, "M", 0, 60, Settings(delete_steps=steps)
    for q in (1.0, 4.0, 10.0, 25.0):
        yield "gnn", "A", 1, 50, Settings(q=q)
    for use in (Settings(young_steps=2), Settings(points=4), Settings(young_steps=2, delete_steps=9)):
        yield "gnn", "A", 1, 50, use
    yield "gnn", "B", 0, 30, Settings()
    yield "gnn", "B", 0, 30, Settings(young_steps=2)
    for config in "ED":
        for points, young in ((3, 2), (4, 2), (4, 3)):
            yield "gnn", config, 0, 20, Settings(points=points, young_steps=young)


def scored_runs() -> Iterator[tuple[str, str, int, int, Settings]]:
    """Yield the runs of the table, seed after seed, so that an interrupted run is balanced.

    JPDA-EHM2 first where it was the better of the two on the first seeds (D, E), then everywhere.
    """
    for kinds in ({"D": KINDS, "E": KINDS}, dict.fromkeys(SCANS, KINDS)):
        for n in range(5):
            for config in ("E", "D", "M", "C", *REAL, "A", "B"):
                for kind in kinds.get(config, ("gnn",)):
                    yield kind, config, SEEDS[config][n], SCANS[config], CHOSEN[config]


def stored() -> dict[str, Any]:
    """Return the results file, or an empty one."""
    if FILE.is_file():
        found: dict[str, Any] = json.loads(FILE.read_text())
        return found
    return {"common": COMMON, "tuning": {}, "runs": {}}


def main() -> None:
    """Run what is not yet in the results file, writing after each run; exit 3 when time ran out."""
    ask = argparse.ArgumentParser()
    ask.add_argument("--tune", action="store_true", help="run the search for settings instead of the table")
    ask.add_argument("--minutes", type=float, default=5.0)
    given = ask.parse_args()
    began, done = time.monotonic(), stored()
    runs, room = (tuning_runs(), "tuning") if given.tune else (scored_runs(), "runs")
    for kind, config, seed, scans, use in runs:
        name = key(kind, config, seed, scans, use)
        if name in done[room]:
            continue
        if time.monotonic() - began > 60.0 * given.minutes:
            raise SystemExit(3)
        done[room][name] = judged(kind, cut(scenario(config, seed), scans), use)
        FILE.write_text(json.dumps(done, indent=1) + "\n")
        m = done[room][name]["measures"]
        print(
            name, round(m["gospa"]["total"]), round(m["ids_per_truth"], 2), round(m["false_per_instant"], 2), flush=True
        )


if __name__ == "__main__":
    main()
