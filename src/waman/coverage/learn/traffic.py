"""Plots of identified traffic as plain arrays, for what is learned from it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

F64 = NDArray[np.float64]

FLIGHT_LEVEL_M = 30.48


class Traffic(NamedTuple):
    """Columns of a plots table: time [s UTC], sensor, address ("" where none), position [deg], height msl [m]."""

    time: F64
    sensor: NDArray[np.str_]
    icao24: NDArray[np.str_]
    lat: F64
    lon: F64
    msl: F64

    @classmethod
    def of(cls, plots: pa.Table) -> Traffic:
        """Take the columns out of a plots table; pressure height stands in where no other height was measured."""
        msl = _numbers(plots, "altitude_msl_m")
        return cls(
            plots["time"].cast(pa.int64()).to_numpy() / 1e6,
            _words(plots, "sensor"),
            _words(plots, "icao24"),
            _numbers(plots, "lat_deg"),
            _numbers(plots, "lon_deg"),
            np.where(np.isfinite(msl), msl, _numbers(plots, "altitude_fl") * FLIGHT_LEVEL_M),
        )

    @property
    def placed(self) -> NDArray[np.bool_]:
        """Which plots carry an address and a position."""
        return np.asarray((self.icao24 != "") & np.isfinite(self.lat) & np.isfinite(self.lon), np.bool_)


def _words(plots: pa.Table, name: str) -> NDArray[np.str_]:
    return np.array(plots[name].cast(pa.string()).fill_null("").to_pylist(), dtype=np.str_)


def _numbers(plots: pa.Table, name: str) -> F64:
    return np.asarray(plots[name].cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
