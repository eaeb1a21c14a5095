"""The DetectionField: how surely each sensor, if it was on, detects an aircraft at a place, height and time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from waman import tables
from waman.coverage import availability as availability_
from waman.coverage import folder as folder_
from waman.coverage.detect.model import SensorModel
from waman.coverage.detect.observer import awake_share, weather_share
from waman.coverage.detect.radar import ASSUMED_SPEED_MPS, notch_share, outside_notch
from waman.coverage.evaluate import Evaluator, Layers
from waman.coverage.learn.calibration import Offset, apply_offsets
from waman.coverage.learn.reception import Reception
from waman.errors import InputError

F64 = NDArray[np.float64]

LAYER_BYTES_MAX = 1_500_000_000  # layers kept in memory at a time; the least recently used are dropped


class DetectionField:
    """What a set of sensors could have seen.

    State: the layers in memory (a bounded cache over the rasters of the folder); everything
    else is fixed when it is made. Not safe for threads that share one field.
    """

    def __init__(
        self,
        sensors: Sequence[SensorModel],
        *,
        layers: Mapping[str, Layers] | None = None,
        folder: Path | None = None,
        availability: pa.Table | None = None,
        calibration: Sequence[Offset] = (),
        reception: Mapping[str, Reception] | None = None,
    ) -> None:
        self.sensors = tuple(sensors)
        self.availability = tables.empty("availability") if availability is None else availability
        self.calibration = tuple(calibration)
        self.reception = dict(reception or {})
        self.folder = folder
        self._fixed = {name: Evaluator(self._model(name), part) for name, part in (layers or {}).items()}
        self._cache: OrderedDict[str, Evaluator] = OrderedDict()

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of the sensors, in the order of the columns of a result."""
        return tuple(s.id for s in self.sensors)

    @classmethod
    def load(cls, folder: Path | str) -> DetectionField:
        """Open a field folder (see the contracts); rasters are read when first asked for.

        Raises InputError where the folder is no field.
        """
        root = Path(folder)
        return cls(
            folder_.read_sensors(root),
            folder=root,
            availability=folder_.read_availability(root),
            calibration=folder_.read_calibration(root),
            reception=folder_.read_reception(root),
        )

    def save(self, folder: Path | str) -> None:
        """Write the field as a folder that :meth:`load` reads back to the same values."""
        root = Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        for sensor in self.sensors:
            if sensor.method != "learned":
                folder_.write_layers(root / sensor.raster, self.evaluator(sensor.id))
        folder_.write_tables(root, self.sensors, self.availability, self.calibration, self.reception)

    def evaluator(self, sensor: str) -> Evaluator:
        """Return one sensor ready to be asked, reading its raster where needed."""
        if sensor in self._fixed:
            return self._fixed[sensor]
        if sensor in self._cache:
            self._cache.move_to_end(sensor)
            return self._cache[sensor]
        model = self._model(sensor)
        if self.folder is None:
            raise InputError(f"sensor {sensor!r} has no raster in this field", hint="build the field with waman cover")
        made = Evaluator(model, folder_.read_layers(self.folder / folder_.plain(model.raster), model))
        self._cache[sensor] = made
        while len(self._cache) > 1 and sum(e.layers.cells.nbytes for e in self._cache.values()) > LAYER_BYTES_MAX:
            self._cache.popitem(last=False)
        return made

    def detection_probability(
        self,
        lat_deg: ArrayLike,
        lon_deg: ArrayLike,
        height_agl_m: ArrayLike = np.nan,
        sensor: str | None = None,
        rcs_m2: ArrayLike = 2.0,
        time: ArrayLike | None = None,
        *,
        height_msl_m: ArrayLike | None = None,
        vn_mps: ArrayLike | None = None,
        ve_mps: ArrayLike | None = None,
        weather: str | None = None,
    ) -> F64:
        """Return the probability of detection per scan at each point, for one sensor or for all.

        Parameters
        ----------
        lat_deg, lon_deg : (n,) or scalar [deg]
        height_agl_m : (n,) or scalar [m above ground]; NaN averages over the sensor's assumed heights
        sensor : id of one sensor; None for all of them, in the order of ``names``
        rcs_m2 : radar cross-section of the target, scalar or (n,)
        time : UTC microseconds, scalar or (n,), or None for "if it was on". Down gives 0;
            degraded or unknown gives NaN, because what it would have seen is not known
        height_msl_m : instead of ``height_agl_m``, above the geoid
        weather : calm, wind or rain at observers, who hear less then; None averages over all three.
            The hour comes from ``time``; without it observers are averaged over the day
        vn_mps, ve_mps : velocity, for the MTI notch; unknown averages over all headings

        Returns
        -------
        (n,) for one sensor, (n, sensors) for all; NaN where terrain, state or reception is
        unknown. For sensors of transponders it is the probability if the transponder is on.
        """
        lat, lon, height, n = _points(lat_deg, lon_deg, height_agl_m if height_msl_m is None else height_msl_m)
        rcs = np.atleast_1d(np.asarray(rcs_m2, np.float64)).ravel()
        assert rcs.size in (1, n), f"rcs_m2 has {rcs.size} values for {n} points"
        velocity = None if vn_mps is None or ve_mps is None else (np.asarray(vn_mps), np.asarray(ve_mps))
        times = None if time is None else np.broadcast_to(np.asarray(time).astype(np.int64), (n,))
        wanted = self.sensors if sensor is None else (self._model(sensor),)
        columns = np.empty((n, len(wanted)))
        for i, model in enumerate(wanted):
            if model.method == "learned":
                columns[:, i] = self._learned(model, lat, lon, height, times, msl=height_msl_m is not None)
            else:
                pd = self.evaluator(model.id)(lat, lon, height, msl=height_msl_m is not None, rcs_m2=rcs)
                pd = _moving(model, pd, lat, lon, velocity)
                if model.method == "observer":
                    pd = pd * awake_share(times, model.lon_deg, model.night_share) * weather_share(weather)
                columns[:, i] = apply_offsets(self.calibration, model, pd, lat, lon, height)
            if times is not None:
                state = availability_.state_at(self.availability, model.id, times)
                columns[state == availability_.DOWN, i] = 0.0
                columns[(state == availability_.UNKNOWN) | (state == availability_.DEGRADED), i] = np.nan
        return columns[:, 0] if sensor is not None else columns

    def ground_msl_m(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> F64:
        """Return the ground height [m above the geoid] from the first sensor that covers each point; else NaN."""
        lat, lon, _, n = _points(lat_deg, lon_deg, np.nan)
        out = np.full(n, np.nan)
        for model in self.sensors:
            todo = np.isnan(out)
            if model.method != "learned" and todo.any():
                out[todo] = self.evaluator(model.id).ground(lat[todo], lon[todo])
        return out

    def _learned(
        self, model: SensorModel, lat: F64, lon: F64, height: F64, times: NDArray[np.int64] | None, *, msl: bool
    ) -> F64:
        if model.id not in self.reception:
            return np.full(lat.size, np.nan)
        level = height if msl else height + np.nan_to_num(self.ground_msl_m(lat, lon))
        return self.reception[model.id].probability(lat, lon, level, times)

    def _model(self, name: str) -> SensorModel:
        for sensor in self.sensors:
            if sensor.id == name:
                return sensor
        raise InputError(f"no sensor {name!r} in the field", hint="sensors: " + ", ".join(self.names))


def _points(lat: ArrayLike, lon: ArrayLike, height: ArrayLike) -> tuple[F64, F64, F64, int]:
    parts = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (lat, lon, height)))
    a, b, c = (np.ascontiguousarray(p.ravel()) for p in parts)
    return a, b, c, a.size


def _moving(
    model: SensorModel, pd: F64, lat: F64, lon: F64, velocity: tuple[NDArray[np.float64], NDArray[np.float64]] | None
) -> F64:
    """Take away what the MTI notch hides; averaged over headings where the velocity is unknown."""
    if model.min_radial_speed_mps <= 0.0 or model.method != "radar":
        return pd
    unknown = notch_share(ASSUMED_SPEED_MPS, model.min_radial_speed_mps)
    if velocity is None:
        return pd * unknown
    cos_lat = np.cos(np.radians(model.lat_deg))
    east, north = (lon - model.lon_deg) * cos_lat, lat - model.lat_deg
    away = np.maximum(np.hypot(east, north), 1e-12)
    vn, ve = (np.broadcast_to(v.astype(np.float64), lat.shape) for v in velocity)
    radial = (vn * north + ve * east) / away
    seen = outside_notch(radial, model.min_radial_speed_mps, model.blind_speed_mps).astype(np.float64)
    return pd * np.where(np.isfinite(radial), seen, unknown)
