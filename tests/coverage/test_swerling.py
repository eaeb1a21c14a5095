"""Detection of fluctuating targets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waman.coverage.detect.swerling import (
    Detector,
    cfar_multiplier,
    confirmation_probability,
    detection_probability,
    detection_probability_ref,
    detection_table,
    fixed_threshold,
    required_snr_db,
)

# required SNR [dB]; Pd, Pfa, n, model: from the closed forms, reference values kept with the project
REQUIRED = [
    (0.5, 1e-6, 1, 0, 11.24), (0.5, 1e-6, 1, 1, 12.77), (0.5, 1e-6, 1, 2, 12.77), (0.5, 1e-6, 1, 3, 11.95),
    (0.9, 1e-6, 1, 0, 13.18), (0.9, 1e-6, 1, 1, 21.14), (0.9, 1e-6, 1, 3, 17.30),
    (0.9, 1e-4, 1, 0, 11.75), (0.9, 1e-4, 1, 1, 19.37), (0.9, 1e-4, 1, 3, 15.60),
    (0.9, 1e-8, 1, 0, 14.23), (0.9, 1e-8, 1, 1, 22.40), (0.9, 1e-8, 1, 3, 18.51),
    (0.9, 1e-6, 10, 0, 5.27), (0.9, 1e-6, 10, 1, 13.50), (0.9, 1e-6, 10, 2, 6.29), (0.9, 1e-6, 10, 3, 9.60),
]  # fmt: skip


@pytest.mark.parametrize(("pd", "pfa", "pulses", "model", "snr_db"), REQUIRED)
def test_the_required_snr_is_the_published_one(pd: float, pfa: float, pulses: int, model: int, snr_db: float) -> None:
    found = required_snr_db(pd, Detector(pfa=pfa, pulses=pulses, swerling=model))
    assert found == pytest.approx(snr_db, abs=0.0051)


@settings(max_examples=40, deadline=None)
@given(
    model=st.integers(0, 4),
    pulses=st.integers(1, 50),
    pfa=st.floats(-10.0, -4.0).map(lambda x: 10.0**x),
    snr_db=st.floats(-10.0, 30.0),
)
def test_the_series_equals_the_average_of_marcum_over_the_targets_power(
    model: int, pulses: int, pfa: float, snr_db: float
) -> None:
    detector = Detector(pfa=pfa, pulses=pulses, swerling=model)
    assert float(detection_probability(snr_db, detector)) == pytest.approx(
        detection_probability_ref(snr_db, detector), abs=2e-8
    )


@pytest.mark.parametrize("model", range(5))
def test_drawn_targets_are_detected_as_often_as_computed(model: int) -> None:
    detector = Detector(pfa=1e-4, pulses=5, swerling=model)
    rng = np.random.default_rng(20261125 + model)
    looks, snr = 200_000, 10.0 ** (4.0 / 10.0)
    shape = {0: None, 1: (1.0, 1), 2: (1.0, 5), 3: (2.0, 1), 4: (2.0, 5)}[model]
    power = np.ones((looks, 5)) if shape is None else rng.gamma(shape[0], 1 / shape[0], (looks, shape[1]))
    signal = np.sqrt(np.broadcast_to(power, (looks, 5)) * snr)
    noise = rng.normal(0, np.sqrt(0.5), (looks, 5, 2))
    total = ((signal + noise[..., 0]) ** 2 + noise[..., 1] ** 2).sum(axis=1)
    seen = float((total > fixed_threshold(detector)).mean())
    assert seen == pytest.approx(float(detection_probability(4.0, detector)), abs=4.0 * np.sqrt(0.25 / looks))


@pytest.mark.parametrize(("cells", "snr_db"), [(16, 23.15), (32, 22.11)])
def test_estimating_the_noise_costs_what_gandhi_and_kassam_say(cells: int, snr_db: float) -> None:
    detector = Detector(pfa=1e-6, swerling=1, cfar_cells=cells)
    assert cfar_multiplier(detector) == pytest.approx(cells * (1e-6 ** (-1 / cells) - 1), rel=1e-8)
    assert required_snr_db(0.9, detector) == pytest.approx(snr_db, abs=0.006)
    alpha, s = cfar_multiplier(detector), 10.0 ** (snr_db / 10)
    closed = (1.0 + alpha / (cells * (1.0 + s))) ** -cells
    assert float(detection_probability(snr_db, detector)) == pytest.approx(closed, abs=1e-9)


def test_no_signal_is_detected_as_often_as_false_alarms_and_more_signal_never_less() -> None:
    for model in range(5):
        for cells in (0, 24):
            detector = Detector(pfa=1e-3, pulses=4, swerling=model, cfar_cells=cells)
            pd = detection_probability(np.linspace(-60.0, 60.0, 241), detector)
            assert pd[0] == pytest.approx(1e-3, rel=1e-3)
            assert (np.diff(pd) >= -1e-12).all() and pd[-1] > 0.999


@pytest.mark.parametrize("detector", [Detector(), Detector(pulses=20, swerling=0), Detector(swerling=4, pulses=50)])
def test_the_table_is_within_a_hundredth_of_a_decibel(detector: Detector) -> None:
    pd, first, step = detection_table(detector)
    snr = np.linspace(first, first + step * (len(pd) - 1), 20_001)
    table = np.interp(snr, first + step * np.arange(len(pd)), pd)
    exact = detection_probability(snr, detector)
    assert np.abs(table - exact).max() < 4e-4
    middle = (exact > 0.01) & (exact < 0.99)
    slope = np.gradient(exact, snr)
    assert (np.abs(table - exact)[middle] / slope[middle]).max() < 0.01


def test_two_of_three_is_counted_out() -> None:
    p = 0.7
    by_hand = p**3 + 3 * p**2 * (1 - p)
    assert float(confirmation_probability(p, m=2, n=3)) == pytest.approx(by_hand)
