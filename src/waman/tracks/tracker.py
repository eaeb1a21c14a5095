"""The tracker: plots in, track rows out. The only thing in this package that remembers.

A live display and a batch over files run the same code: :func:`waman.tracks.track` is one
``update`` and one ``finish``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman import tables
from waman.config import Sensor
from waman.errors import Problems
from waman.geo.frames import Frame
from waman.geo.time import NO_TIME_US
from waman.geo.units import DAY_US, SECOND_US
from waman.tracks import prepare, snapshots
from waman.tracks.core import columns as col
from waman.tracks.core.motion import Floats, Ints
from waman.tracks.core.pmb import room_needed, run_frames
from waman.tracks.core.pressure import settled
from waman.tracks.core.state import Batch, Params, Sensors, State, copied, empty_state, grown, mapped
from waman.tracks.forensic.hindsight import hindsight
from waman.tracks.prepare import SensorModel, Words
from waman.tracks.rows import tracks_table
from waman.tracks.sampling import map_grid, sample_sensors

MINUTE_US = 60 * SECOND_US
LATE_S = 30.0
"""How late a plot may come and still find its place; older ones are counted and left out."""
JUMP_S = 600.0
"""A few plots this far ahead of all others come from a wrong clock."""
BUFFER_MAX = 2_000_000


@dataclass
class Ahead:
    """Frames run beyond the settled ones, so that plots in order cost one frame and not ``LATE_S`` of them.

    State: ``state`` after those frames, ``rows`` they wrote and the serial of the frame of each row, in parts;
    ``frames`` run, ``pending`` plots of frames still open, ``closed_us`` the latest end of a window run.
    """

    state: State
    pending: pa.Table
    closed_us: int
    frames: int = 0
    rows: list[tuple[Ints, pa.Table]] = field(default_factory=list)


class Tracker:
    """Tracks aircraft through plots of any sensors, live.

    Plots may come in any order within ``LATE_S``: the tracker keeps its state as it was that long ago and runs the
    plots since again, so that late, shuffled or doubled plots give exactly the rows of the clean order.

    State: ``_state`` (every Bernoulli track up to ``_settled_us``, and the maps, as arrays), ``_buffer`` (plots after
    it), ``_frame`` (the plane, fixed by the first plots), ``_words`` (numbering of sensors, addresses, callsigns),
    ``_models`` (sensors met), ``_sensors`` (their sampled detection probability), ``_bounds`` (the plane area sampled),
    ``_heights`` (whether any plot told one), ``_origin_us`` (time zero), ``_newest_us``. :meth:`snapshot` holds all of
    it. ``_ahead`` is only a cache: frames run beyond the settled ones. Not thread-safe.
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
        self._heights = False
        self._origin_us = 0
        self._buffer: pa.Table = tables.empty("plots")
        self._settled_us = self._newest_us = NO_TIME_US
        self._ahead: Ahead | None = None
        self.problems = Problems()

    def update(self, plots: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Take plots as they come; return (settled, recent) rows of the contract ``tracks``.

        Settled rows are final and given once. Recent rows are those of the last ``LATE_S`` as known now; each
        update gives them anew, and they replace the recent rows given before.
        """
        table = self._in_time(prepare.usable(tables.check("plots", plots), self.problems))
        if table.num_rows:
            self._place(table)
            quiet = Problems()  # what is doubled between buffer and newcomers
            self._buffer = prepare.usable(tables.concat("plots", [self._buffer, table]), quiet)
            self.problems.extend(quiet)
            self._extend_ahead(table, doubled=quiet.count > 0)
            self._newest_us = max(self._newest_us, int(prepare.times_us(self._buffer)[-1]))
        settled = self._settle(self._newest_us - int(LATE_S * SECOND_US))
        return settled, self._recent()

    def finish(self) -> pa.Table:
        """Return the rows of all plots still held back; the tracker can go on afterwards."""
        return self._settle(self._newest_us + MINUTE_US)

    def batch(self, plots: pa.Table) -> pa.Table:
        """Return the causal rows of a whole record at once: those that ``update`` would have settled."""
        settled, _ = self._take(plots, forensic=False)
        return settled

    def forensic(self, plots: pa.Table) -> pa.Table:
        """Return the rows of a whole record with hindsight: smoothed and stitched."""
        return self._take(plots, forensic=True)[0]

    def snapshot(self) -> bytes:
        """Return all state as bytes; :meth:`resume` goes on as if it had never stopped."""
        return snapshots.pack(self.__dict__)

    @classmethod
    def resume(cls, content: bytes, *, sensors: Iterable[Sensor] = (), detection_probability: Any = None) -> Tracker:
        """Return a tracker that goes on from a snapshot; sensors and field, perhaps functions, are given again."""
        tracker = cls(sensors=sensors, detection_probability=detection_probability)
        snapshots.unpack(content, tracker.__dict__)
        if tracker._frame is not None:
            tracker._models = [tracker._modelled(m) for m in tracker._models]
            tracker._sample()
        return tracker

    def _modelled(self, model: SensorModel) -> SensorModel:
        return replace(model, config=self._known.get(model.id))

    def _in_time(self, table: pa.Table) -> pa.Table:
        """Leave out plots older than what is settled, and those of a clock that runs far ahead of all others."""
        if table.num_rows == 0 or self._newest_us == NO_TIME_US:
            return table
        time_us = prepare.times_us(table)
        late = time_us <= self._settled_us
        ahead = time_us > self._newest_us + int(JUMP_S * SECOND_US)
        ahead &= ahead.mean() < 0.5  # most plots ahead: the record itself paused
        for bad, what in ((late, "too late to find its place"), (ahead, "time far ahead of all other plots")):
            if bad.any():
                self.problems.add("plots", what, int(bad.sum()), times=int(bad.sum()))
        return table.filter(pa.array(~(late | ahead)))

    def _settle(self, until_us: int) -> pa.Table:
        """Run for good every frame whose window closed before ``until_us``; forget its plots."""
        if self._buffer.num_rows == 0 or self._frame is None:
            return tables.empty("tracks")
        # a window that closed by then holds no plot later than one period after
        period_us = max(m.period_us for m in self._models)
        early = int(np.searchsorted(prepare.times_us(self._buffer), until_us + period_us, side="right"))
        part = self._buffer.slice(0, early)
        closed, batch, left = self._closed(part, until_us)
        if closed == 0:
            return tables.empty("tracks")
        out_f, out_i, self._state = self._run(batch, self._state, closed)
        self._buffer = pa.concat_tables([left, self._buffer.slice(early)])
        last_us = round(float(batch.time[closed - 1]) * SECOND_US) + self._origin_us
        self._settled_us = max(self._settled_us, last_us)
        self._forget_ahead(closed)
        return self._table(out_f, out_i, part)

    def _closed(self, part: pa.Table, until_us: int) -> tuple[int, Batch, pa.Table]:
        """Return how many frames of ``part`` closed before ``until_us``, all frames, and the plots of the others."""
        batch = self._batch(part)
        closed = int(np.searchsorted(batch.close_s, (until_us - self._origin_us) / SECOND_US, side="right"))
        used = batch.i[: batch.start[closed], col.P_ROW]
        return closed, batch, part.take(pa.array(np.setdiff1d(np.arange(part.num_rows), used)))

    def _extend_ahead(self, table: pa.Table, *, doubled: bool) -> None:
        """Give the frames run ahead the plots that came; what belongs before their end has them run anew."""
        ahead = self._ahead
        if ahead is None or doubled or int(prepare.times_us(table).min()) <= ahead.closed_us:
            self._ahead = None
            return
        ahead.pending = prepare.usable(tables.concat("plots", [ahead.pending, table]), Problems())

    def _forget_ahead(self, settled: int) -> None:
        """Drop the rows of the ``settled`` first frames run ahead."""
        ahead = self._ahead
        if ahead is None:
            return
        if ahead.frames < settled:
            self._ahead = None
            return
        ahead.frames -= settled
        kept = [(serial - settled, rows) for serial, rows in ahead.rows]
        ahead.rows = [(s[s >= 0], rows.filter(pa.array(s >= 0))) for s, rows in kept if len(s) and s[-1] >= 0]

    def _recent(self) -> pa.Table:
        """Return the rows of the frames closed by now that are not settled, running those not yet run."""
        if self._buffer.num_rows == 0 or self._frame is None:
            return tables.empty("tracks")
        if self._ahead is None:
            self._ahead = Ahead(copied(self._state), self._buffer, NO_TIME_US)
        ahead = self._ahead
        if ahead.pending.num_rows:
            closed, batch, left = self._closed(ahead.pending, self._newest_us)
            if closed:
                out_f, out_i, ahead.state = self._run(batch, ahead.state, closed)
                rows = self._table(out_f, out_i, ahead.pending)
                ahead.rows.append((self._serials(out_f, out_i) + ahead.frames, rows))
                closed_us = round(float(batch.close_s[closed - 1]) * SECOND_US) + self._origin_us
                ahead.closed_us = max(ahead.closed_us, closed_us)
                ahead.frames, ahead.pending = ahead.frames + closed, left
        return tables.concat("tracks", [rows for _, rows in ahead.rows])

    def _batch(self, table: pa.Table, plane: tuple[Floats, Floats] | None = None) -> Batch:
        assert self._frame is not None
        rows = np.arange(table.num_rows, dtype=np.int64)
        return prepare.make_batch(table, rows, self._frame, self._models, self._origin_us, self._words, plane)

    def _take(self, plots: pa.Table, *, forensic: bool) -> tuple[pa.Table, int]:
        table = prepare.usable(tables.check("plots", plots), self.problems)
        if table.num_rows == 0:
            return tables.empty("tracks"), 0
        plane = self._place(table)
        assert self._frame is not None and self._sensors is not None
        batch = self._batch(table, plane)
        if forensic:  # hindsight knows from the first look on where false plots come from, and what the air is like
            _, _, after = self._run(batch, copied(self._state), len(batch.time))
            dz = settled(after.dz, True)
            self._state = self._state._replace(false_n=after.false_n, false_w=after.false_w, dz=dz)
        out_f, out_i, self._state = self._run(batch, self._state, len(batch.time))
        self._state = self._state._replace(dz=settled(self._state.dz, False))
        if forensic:
            by_row = np.empty_like(batch.f)
            by_row[batch.i[:, col.P_ROW]] = batch.f
            out_f, out_i = hindsight(out_f, out_i, by_row, batch, self._sensors, self._params)
        return self._table(out_f, out_i, table), len(batch.time)

    def _table(self, out_f: Floats, out_i: Ints, table: pa.Table) -> pa.Table:
        assert self._frame is not None
        keep = self._shown(out_f, out_i)
        source = table["source"].cast(pa.string()).combine_chunks()
        offset = prepare.integers(table, "offset")
        return tracks_table(out_f[keep], out_i[keep], self._frame, self._origin_us, self._words, source, offset)

    def _shown(self, out_f: Floats, out_i: Ints) -> NDArray[np.bool_]:
        """Return which rows go out: with a plot, or worth a place in the picture."""
        keep: NDArray[np.bool_] = (out_i[:, col.O_DETECTED] == 1) | (out_f[:, col.O_REPORT] >= self._params.row_min)
        return keep

    def _serials(self, out_f: Floats, out_i: Ints) -> Ints:
        """Return the number of the frame, within its batch, of every row that goes out."""
        serials: Ints = out_i[self._shown(out_f, out_i), col.O_FRAME]
        return serials

    def _run(self, batch: Batch, state: State, frames: int) -> tuple[Floats, Ints, State]:
        """Run the first ``frames`` frames of a batch, making room for tracks as they come."""
        assert self._sensors is not None
        state = grown(state, capacity=0, addresses=len(self._words["icao24"].words) + 1)
        frame, parts = 0, [(np.empty((0, col.ROW_FLOATS)), np.empty((0, col.ROW_INTS), np.int64))]
        while frame < frames:
            frame, out_f, out_i = run_frames(state, batch, self._sensors, self._params, frame, frames)
            parts.append((out_f, out_i))
            if frame < frames:
                need = room_needed(state, int(batch.start[frame + 1] - batch.start[frame]), self._params)
                state = grown(state, capacity=2 * need, addresses=0)
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]), state

    def _place(self, table: pa.Table) -> tuple[Floats, Floats]:
        """Fix the plane by the first plots; learn sensors and widen the sampled area when needed; return the places."""
        lat, lon = prepare.floats(table, "lat_deg"), prepare.floats(table, "lon_deg")
        if self._frame is None:
            self._frame = self._centre(lat, lon)
            self._origin_us = int(prepare.times_us(table)[0]) // DAY_US * DAY_US
        x, y = self._frame.to_plane(lat_deg=lat, lon_deg=lon)
        fresh = prepare.model_sensors(table, (x, y), self._frame, self._known, self._words["sensor"].index)
        for model in fresh:
            self._words["sensor"].code(model.id)
            self._models.append(model)
        boxes = [(float(x.min()), float(y.min()), float(x.max()), float(y.max()))]
        for model in self._models:
            reach = model.config.range_max_m if model.config is not None else None
            if reach is not None and np.isfinite(model.east_m):
                e, n = model.east_m, model.north_m
                boxes.append((e - reach, n - reach, e + reach, n + reach))
        west, south, east, north = np.array([*boxes, self._bounds]).T
        wider = (float(west.min()), float(south.min()), float(east.max()), float(north.max()))
        told = any(table[name].null_count < table.num_rows for name in ("altitude_fl", "altitude_msl_m"))
        heights = self._heights or told
        if fresh or wider != self._bounds or heights != self._heights or self._sensors is None:
            self._bounds, self._heights = wider, heights
            self._sample()
        return x, y

    def _sample(self) -> None:
        assert self._frame is not None
        self._ahead = None
        self._sensors = sample_sensors(
            self._models,
            self._frame,
            self._bounds,
            self._given,
            cell_m=self._cell_m,
            time_us=self._origin_us,
            heights=self._heights,
        )
        self._state = mapped(self._state, map_grid(self._sensors), self._sensors.seen.shape)

    def _centre(self, lat: np.ndarray[Any, Any], lon: np.ndarray[Any, Any]) -> Frame:
        """Return the plane: about the only surveyed sensor where there is one, else about the plots."""
        surveyed = [s for s in self._known.values() if s.lat_deg is not None and s.lon_deg is not None]
        if surveyed:
            return Frame(
                lat0_deg=float(np.mean([s.lat_deg for s in surveyed if s.lat_deg is not None])),
                lon0_deg=float(np.mean([s.lon_deg for s in surveyed if s.lon_deg is not None])),
            )
        return Frame(lat0_deg=float(np.median(lat)), lon0_deg=float(np.median(lon)))
