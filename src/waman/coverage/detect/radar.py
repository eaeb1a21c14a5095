"""The radar equation, anchored on one published pair (range, Pd) or on a link budget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waman.coverage.detect.swerling import Detector, detection_probability, required_snr_db
from waman.errors import ConfigError

if TYPE_CHECKING:
    from waman.coverage.detect.model import CatalogueEntry, SensorModel

F64 = NDArray[np.float64]

BOLTZMANN_JPK = 1.380_649e-23  # exact, SI 2019
REFERENCE_K = 290.0  # IEEE reference noise temperature
ASSUMED_SPEED_MPS = 60.0  # a light single-engine aircraft in cruise, where the speed is not known


def detector_of(model: SensorModel | CatalogueEntry) -> Detector:
    """Return the detector of a sensor."""
    return Detector(pfa=model.pfa, pulses=model.pulses, swerling=model.swerling, cfar_cells=model.cfar_cells)


def anchor_db(model: SensorModel) -> float:
    """Return SNR + 40 log10(range) [dB] of a target of ``rcs_m2`` at the peak of the beam.

    By definition of r90_m the probability of detection is 0.9 there.
    """
    assert model.r90_m is not None, f"{model.id} is no radar"
    return required_snr_db(0.9, detector_of(model)) + 40.0 * math.log10(model.r90_m)


def radar_pd(model: SensorModel, *, range_m: ArrayLike, gain_db: ArrayLike = 0.0, rcs_m2: ArrayLike = 2.0) -> F64:
    """Return Pd a scan in free space from the exact formulas (the field uses tables of it).

    ``gain_db`` is one way, relative to the peak. Range to the fourth, cross-section to the first power.

    >>> from waman.coverage.detect.model import SensorModel
    >>> m = SensorModel(id="a", kind="psr", lat_deg=0, lon_deg=0, method="radar", range_max_m=2e5, r90_m=1e5)
    >>> [round(float(p), 3) for p in radar_pd(m, range_m=[50e3, 100e3, 200e3])]
    [0.993, 0.9, 0.22]
    """
    snr = anchor_db(model) - 40.0 * np.log10(np.asarray(range_m, np.float64)) + 2.0 * np.asarray(gain_db, np.float64)
    return detection_probability(
        snr + 10.0 * np.log10(np.asarray(rcs_m2, np.float64) / model.rcs_m2), detector_of(model)
    )


def r90_from_link_budget(row: CatalogueEntry) -> float:
    """Return the range [m] with Pd 0.9 from power, gain, wavelength, pulse and noise figure.

    SNR of one pulse through a matched filter: P G² λ² σ τ / ((4π)³ k T0 F L R⁴)
    (Skolnik, Introduction to Radar Systems, 3rd ed., chapter 2).
    """
    known = (row.power_w, row.gain_db, row.wavelength_m, row.noise_figure_db, row.pulse_s, row.rcs_m2)
    if any(v is None for v in known):
        raise ConfigError(
            f"model {row.name!r} gives only part of a link budget",
            hint="power_w, gain_db, wavelength_m, noise_figure_db, pulse_s and rcs_m2 belong together",
        )
    power, gain, wavelength, noise, pulse, rcs = (float(v) for v in known if v is not None)
    signal = power * 10.0 ** (gain / 5.0) * wavelength**2 * rcs * pulse
    floor = (4.0 * math.pi) ** 3 * BOLTZMANN_JPK * REFERENCE_K * 10.0 ** ((noise + (row.loss_db or 0.0)) / 10.0)
    return float((signal / floor / 10.0 ** (required_snr_db(0.9, detector_of(row)) / 10.0)) ** 0.25)


def notch_share(speed_mps: ArrayLike, notch_mps: float) -> F64:
    """Return the share of headings on which an aircraft's radial speed leaves the MTI notch.

    Used where the heading is unknown: 1 - (2/π) asin(min(1, notch / speed)).

    >>> round(float(notch_share(60.0, 30.0)), 3)
    0.667
    """
    speed = np.maximum(np.asarray(speed_mps, np.float64), 1e-9)
    return np.asarray(1.0 - 2.0 / np.pi * np.arcsin(np.minimum(1.0, notch_mps / speed)), np.float64)


def outside_notch(radial_mps: ArrayLike, notch_mps: float, blind_mps: float) -> NDArray[np.bool_]:
    """Return whether a radial speed lies outside the notch about zero and every multiple of the blind speed.

    >>> outside_notch([0.0, 20.0, 75.0, 60.0], 10.0, 75.0).tolist()
    [False, True, False, True]
    """
    speed = np.abs(np.asarray(radial_mps, np.float64))
    if blind_mps > 0.0:
        speed = np.abs(speed - blind_mps * np.round(speed / blind_mps))
    return np.asarray(speed >= notch_mps, np.bool_)
