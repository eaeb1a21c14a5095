"""Reception learned from real recordings predicts the aircraft that were hidden from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from waman.coverage.learn.reception import crossed_bins, learn_reception
from waman.coverage.learn.traffic import Traffic
from waman.plots import read


@pytest.mark.samples
@pytest.mark.parametrize("name", ["paris", "switzerland"])
def test_four_fifths_of_the_aircraft_predict_how_often_the_others_are_heard(
    name: str, sample_path: Callable[[str], Path]
) -> None:
    plots = read(sample_path(name)).plots
    traffic = Traffic.of(plots)
    aircraft = np.unique(traffic.icao24[traffic.placed & np.isfinite(traffic.msl)])
    hidden = np.random.default_rng(20261125).permutation(aircraft)[: aircraft.size // 5]
    learned = learn_reception(plots.filter(~np.isin(traffic.icao24, hidden)), "")
    predicted, happened, unknown = [], [], 0
    for address in hidden:
        rows = np.nonzero((traffic.icao24 == address) & traffic.placed & np.isfinite(traffic.msl))[0]
        rows = rows[np.argsort(traffic.time[rows], kind="stable")]
        time, lat, lon, height, heard = crossed_bins(
            tuple(v[rows] for v in (traffic.time, traffic.lat, traffic.lon, traffic.msl)), learned.bin_s
        )
        mean = learned.probability(lat, lon, height, (time * 1e6).astype(np.int64))
        known = np.isfinite(mean)
        unknown += int((~known).sum())
        predicted.append(mean[known])
        happened.append(heard[known])
    p, was = np.concatenate(predicted), np.concatenate(happened)
    assert hidden.size > 40 and p.size > 2000
    print(f"{name}: {hidden.size} aircraft, {p.size} bins, {unknown} unknown, {p.mean():.3f} {was.mean():.3f}")
    assert abs(p.mean() - was.mean()) < 0.05
