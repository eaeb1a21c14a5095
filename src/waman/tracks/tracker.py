"""The tracker: plots in, track rows out. The only thing in this package that remembers.

A live display and a batch over files run the same code: :func:`waman.tracks.track` is one
``update`` and one ``finish``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from waman import tables
from waman.config import Sensor
from waman.errors import Problems
from waman.geo.frames import Frame
from waman.tracks import prepare
from waman.tracks.core.pmb import run_frames
from waman.tracks.core.state import Batch, Params, Sensors, State, empty_state, grown
from waman.tracks.prepare import SensorModel, Words
from waman.tracks.rows import tracks_table
from waman.tracks.sampling import sample_sensors


class Tracker:
    """Tracks aircraft through plots of any sensors.

    State: ``_state`` (every Bernoulli track, as arrays), ``_frame`` (the plane, fixed by the first plots),
    ``_words`` (numbering of sensors, addresses, callsigns), ``_models`` (sensors met), ``_sensors`` (their
    sampled detection probability), ``_bounds`` (the plane area sampled), ``_origin_us`` (time zero),
    ``_plots`` (how many usable plots were taken, to number them). Not thread-safe.
    """

    def __init__(
        self,
        *,
        sensors: Iterable[Sensor] = (),
        detection_probability: Any = None,
        params: Params | None = None,
        cell_m: float = 1000.0,
    ) -> None:
        self._known = {s.id: s for s in sensors}
        self._given = detection_probability
        self._cell_m = cell_m
        self._params = params if params is not None else Params()
        self._state: State = empty_state(self._params)
        self._words = {name: Words() for name in ("sensor", "icao24", "callsign")}
        self._models: list[SensorModel] = []
        self._sensors: Sensors | None = None
        self._frame: Frame | None = None
        self._bounds = (np.inf, np.inf, -np.inf, -np.inf)
        self._origin_us = 0
        self._plots = 0
        self.problems = Problems()

    def update(self, plots: pa.Table) -> pa.Table:
        """Take plots and return the rows of every frame they complete, as the contract ``tracks``."""
        table = prepare.usable(tables.check("plots", plots), self.problems)
        if table.num_rows == 0:
            return tables.empty("tracks")
        self._place(table)
        rows = np.arange(table.num_rows, dtype=np.int64)
        assert self._frame is not None and self._sensors is not None
        batch = prepare.make_batch(table, rows, self._frame, self._models, self._origin_us, self._words)
        out_f, out_i = self._run(batch)
        source = table["source"].cast(pa.string()).combine_chunks()
        self._plots += table.num_rows
        return tracks_table(
            out_f, out_i, self._frame, self._origin_us, self._words, source, prepare.integers(table, "offset")
        )

    def _run(self, batch: Batch) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Run all frames of a batch, making room for tracks as they come."""
        assert self._sensors is not None
        self._state = grown(self._state, capacity=0, addresses=len(self._words["icao24"].words) + 1)
        frame, frames, parts = 0, len(batch.time), []
        while frame < frames:
            frame, out_f, out_i = run_frames(self._state, batch, self._sensors, self._params, frame, frames)
            parts.append((out_f, out_i))
            if frame < frames:
                need = int(self._state.counters[0] + batch.start[frame + 1] - batch.start[frame])
                self._state = grown(self._state, capacity=2 * need, addresses=0)
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])

    def _place(self, table: pa.Table) -> None:
        """Fix the plane by the first plots; learn sensors and widen the sampled area when needed."""
        lat, lon = prepare.floats(table, "lat_deg"), prepare.floats(table, "lon_deg")
        if self._frame is None:
            self._frame = self._centre(lat, lon)
            self._origin_us = int(prepare.times_us(table)[0])
        models = prepare.model_sensors(table, self._frame, self._known)
        fresh = [m for name, m in models.items() if name not in self._words["sensor"].index]
        for model in fresh:
            self._words["sensor"].code(model.id)
            self._models.append(model)
        x, y = self._frame.to_plane(lat_deg=lat, lon_deg=lon)
        west, south, east, north = self._bounds
        inside = x.min() >= west and y.min() >= south and x.max() <= east and y.max() <= north
        if fresh or not inside or self._sensors is None:
            self._bounds = (
                min(west, float(x.min())),
                min(south, float(y.min())),
                max(east, float(x.max())),
                max(north, float(y.max())),
            )
            self._sensors = sample_sensors(
                self._models, self._frame, self._bounds, self._given, cell_m=self._cell_m, time_us=self._origin_us
            )

    def _centre(self, lat: np.ndarray[Any, Any], lon: np.ndarray[Any, Any]) -> Frame:
        """Return the plane: about the only surveyed sensor where there is one, else about the plots."""
        surveyed = [s for s in self._known.values() if s.lat_deg is not None and s.lon_deg is not None]
        if surveyed:
            return Frame(
                lat0_deg=float(np.mean([s.lat_deg for s in surveyed if s.lat_deg is not None])),
                lon0_deg=float(np.mean([s.lon_deg for s in surveyed if s.lon_deg is not None])),
            )
        return Frame(lat0_deg=float(np.median(lat)), lon0_deg=float(np.median(lon)))
