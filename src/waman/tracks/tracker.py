"""The tracker: plots in, track rows out. The only thing in this package that remembers.

A live display and a batch over files run the same code: :func:`waman.tracks.track` is one
``update`` and one ``finish``.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from itertools import pairwise
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
from waman.tracks.steps import CLOSE_S, TIME_S, Step

MINUTE_US = 60 * SECOND_US
LATE_S = 30.0
"""How late a plot may come and still find its place; older ones are counted and left out."""
JUMP_S = 600.0
"""A few plots this far ahead of all others come from a wrong clock."""
STEP_S = 4.0
"""Frames that closed within the same so many seconds are taken back together: one state is kept for all of them."""


class Tracker:
    """Tracks aircraft through plots of any sensors, live.

    Plots may come in any order within ``LATE_S``: the frames run since are kept as steps, each with the state before
    it, and a plot that comes late takes back those it may belong to. They are run again with it, so that late,
    shuffled or doubled plots give exactly the rows of the clean order.

    State: ``_state`` (every Bernoulli track after the last step, and the maps, as arrays), ``_steps`` (frames run whose
    rows are not all final), ``_open`` (plots of frames not run, in order and placed), ``_frame`` (the plane, fixed by
    the first plots), ``_words`` (numbering of sensors, addresses, callsigns), ``_models`` (sensors met), ``_sensors``
    (their sampled detection probability), ``_bounds`` (the plane area sampled), ``_heights`` (whether any plot told
    one), ``_origin_us`` (time zero), ``_settled_us`` (time of the last final frame), ``_newest_us``. :meth:`snapshot`
    holds all of it, with the steps taken back. Not thread-safe.
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
        self._steps: list[Step] = []
        self._open = tables.empty("plots")
        self._settled_us = self._newest_us = NO_TIME_US
        self.problems = Problems()

    def update(self, plots: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Take plots as they come; return (settled, recent) rows of the contract ``tracks``.

        Settled rows are final and given once. Recent rows are those of the last ``LATE_S`` as known now; each
        update gives them anew, and they replace the recent rows given before.
        """
        table = self._in_time(prepare.usable(tables.check("plots", plots), self.problems))
        if table.num_rows:
            self._receive(self._place(table))
        final_us = self._newest_us - int(LATE_S * SECOND_US)
        self._advance(self._newest_us, final_us)
        settled = self._settle(final_us)
        return settled, _rows([step.rest().rows for step in self._steps])

    def finish(self) -> pa.Table:
        """Return the rows of all plots still held back; the tracker can go on afterwards."""
        end_us = self._newest_us + MINUTE_US
        self._advance(end_us, end_us)
        return self._settle(end_us)

    def batch(self, plots: pa.Table) -> pa.Table:
        """Return the causal rows of a whole record at once: those that ``update`` would have settled."""
        settled, _ = self._take(plots, forensic=False)
        return settled

    def forensic(self, plots: pa.Table) -> pa.Table:
        """Return the rows of a whole record with hindsight: smoothed and stitched."""
        return self._take(plots, forensic=True)[0]

    def snapshot(self) -> bytes:
        """Return all state as bytes; :meth:`resume` goes on as if it had never stopped."""
        twin = copy(self)  # that takes back its steps, while this tracker keeps them
        twin._steps = list(self._steps)
        twin._rewind(NO_TIME_US)
        return snapshots.pack(twin.__dict__)

    @classmethod
    def resume(cls, content: bytes, *, sensors: Iterable[Sensor] = (), detection_probability: Any = None) -> Tracker:
        """Return a tracker that goes on from a snapshot; sensors and field, perhaps functions, are given again."""
        tracker = cls(sensors=sensors, detection_probability=detection_probability)
        snapshots.unpack(content, tracker.__dict__)
        if tracker._frame is not None:
            tracker._models = [tracker._modelled(m) for m in tracker._models]
            tracker._open = prepare.placed(tracker._open, tracker._frame)
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

    def _receive(self, table: pa.Table) -> None:
        """Let plots join those whose frames are not run, taking back what was run without them."""
        first_us = int(prepare.times_us(table)[0])
        self._rewind(first_us)
        early = int(np.searchsorted(prepare.times_us(self._open), first_us))
        before, beside = self._open.slice(0, early), self._open.slice(early)
        table = prepare.untold(table, [*(step.rest().plots for step in self._steps), before], self.problems)
        if beside.num_rows:
            table = prepare.usable(prepare.joined([beside, table]), self.problems)
        self._open = prepare.joined([before, table])
        if self._open.num_rows:
            self._newest_us = max(self._newest_us, int(prepare.times_us(self._open)[-1]))

    def _rewind(self, after_us: int) -> None:
        """Take back every step that closed at ``after_us`` or later; the plots of its frames are open again."""
        after_s, parts = (after_us - self._origin_us) / SECOND_US, [self._open]
        while self._steps and self._steps[-1].frames[-1, CLOSE_S] >= after_s:
            step = self._steps.pop()
            self._state = step.before
            if step.settled:  # frames that are final are run again, but give no rows again
                batch, _, _ = self._batch(step.final().plots)
                _, _, self._state = self._run(batch, copied(step.before))
            parts.append(step.rest().plots)
        if len(parts) > 1:
            self._open = prepare.usable(prepare.joined(parts), Problems())

    def _settle(self, until_us: int) -> pa.Table:
        """Make every frame final whose window closed before ``until_us``; return their rows."""
        rows = []
        while self._steps:
            step = self._steps[0]
            given, until_s = step.settled, (until_us - self._origin_us) / SECOND_US
            step.settled = int(np.searchsorted(step.frames[:, CLOSE_S], until_s, side="right"))
            rows.append(step.part(given, step.settled).rows)
            if step.settled:
                last_us = round(float(step.frames[step.settled - 1, TIME_S]) * SECOND_US) + self._origin_us
                self._settled_us = max(self._settled_us, last_us)
            if step.settled < len(step.frames):
                break
            self._steps.pop(0)
        return _rows(rows)

    def _advance(self, until_us: int, final_us: int) -> None:
        """Run every open frame that closed by ``until_us``, in steps; those that closed by ``final_us`` are one."""
        until_s, final_s = ((us - self._origin_us) / SECOND_US for us in (until_us, final_us))
        if self._open.num_rows == 0:
            return
        batch, plots, self._open = self._batch(self._open, until_s)
        if plots.num_rows == 0:
            return
        slot = np.where(batch.close_s > final_s, batch.close_s // STEP_S, -np.inf)
        cuts = [0, *(np.flatnonzero(slot[1:] != slot[:-1]) + 1).tolist(), len(slot)]
        more = bool(self._steps) and self._steps[-1].frames[-1, CLOSE_S] // STEP_S == batch.close_s[0] // STEP_S
        before, parts = [], []
        for first, last in pairwise(cuts):
            before.append(self._steps[-1].before if more and first == 0 else copied(self._state))
            out_f, out_i, self._state = self._run(batch, self._state, first, last)
            parts.append((out_f, out_i))
        out_f, out_i = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        keep = self._shown(out_f, out_i)
        wrote = np.bincount(out_i[keep, col.O_FRAME], minlength=len(slot))
        frames = np.stack([batch.time, batch.close_s, np.diff(batch.start), wrote], axis=1)
        whole = Step(before[0], plots, self._table(out_f[keep], out_i[keep], plots), frames)
        steps = [replace(whole.part(*ends), before=b) for ends, b in zip(pairwise(cuts), before, strict=True)]
        if more:
            steps[0] = self._steps.pop().then(steps[0])
        self._steps += steps

    def _batch(self, table: pa.Table, until_s: float = np.inf) -> tuple[Batch, pa.Table, pa.Table]:
        return prepare.make_batch(table, self._models, self._origin_us, self._words, until_s)

    def _take(self, plots: pa.Table, *, forensic: bool) -> tuple[pa.Table, int]:
        table = prepare.usable(tables.check("plots", plots), self.problems)
        if table.num_rows == 0:
            return tables.empty("tracks"), 0
        self._rewind(NO_TIME_US)
        batch, table, _ = self._batch(self._place(table))
        assert self._sensors is not None
        if forensic:  # hindsight knows from the first look on where false plots come from, and what the air is like
            _, _, after = self._run(batch, copied(self._state))
            dz = settled(after.dz, True)
            self._state = self._state._replace(false_n=after.false_n, false_w=after.false_w, dz=dz)
        out_f, out_i, self._state = self._run(batch, self._state)
        self._state = self._state._replace(dz=settled(self._state.dz, False))
        if forensic:
            out_f, out_i = hindsight(out_f, out_i, batch.f, batch, self._sensors, self._params)
        keep = self._shown(out_f, out_i)
        return self._table(out_f[keep], out_i[keep], table), len(batch.time)

    def _table(self, out_f: Floats, out_i: Ints, table: pa.Table) -> pa.Table:
        assert self._frame is not None
        return tracks_table(out_f, out_i, self._frame, self._origin_us, self._words, table)

    def _shown(self, out_f: Floats, out_i: Ints) -> NDArray[np.bool_]:
        """Return which rows go out: with a plot, or worth a place in the picture."""
        keep: NDArray[np.bool_] = (out_i[:, col.O_DETECTED] == 1) | (out_f[:, col.O_REPORT] >= self._params.row_min)
        return keep

    def _run(self, batch: Batch, state: State, first: int = 0, last: int | None = None) -> tuple[Floats, Ints, State]:
        """Run frames of a batch (all of them), making room for tracks as they come."""
        assert self._sensors is not None
        state = grown(state, capacity=0, addresses=len(self._words["icao24"].words) + 1)
        frame, frames = first, len(batch.time) if last is None else last
        parts = [(np.empty((0, col.ROW_FLOATS)), np.empty((0, col.ROW_INTS), np.int64))]
        while frame < frames:
            frame, out_f, out_i = run_frames(state, batch, self._sensors, self._params, frame, frames)
            parts.append((out_f, out_i))
            if frame < frames:
                need = room_needed(state, int(batch.start[frame + 1] - batch.start[frame]), self._params)
                state = grown(state, capacity=2 * need, addresses=0)
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]), state

    def _place(self, table: pa.Table) -> pa.Table:
        """Return plots placed in the plane, fixed by the first; learn sensors and widen the sampled area if needed."""
        if self._frame is None:
            self._frame = self._centre(table)
            self._origin_us = int(prepare.times_us(table)[0]) // DAY_US * DAY_US
        table = prepare.placed(table, self._frame)
        x, y = prepare.floats(table, "east_m"), prepare.floats(table, "north_m")
        fresh = prepare.model_sensors(table, self._frame, self._known, self._words["sensor"].index)
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
            self._rewind(NO_TIME_US)  # what was run with another field is run again with this one
            self._sample()
        return table

    def _sample(self) -> None:
        assert self._frame is not None
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

    def _centre(self, table: pa.Table) -> Frame:
        """Return the plane: about the only surveyed sensor where there is one, else about the plots."""
        surveyed = [s for s in self._known.values() if s.lat_deg is not None and s.lon_deg is not None]
        if surveyed:
            return Frame(
                lat0_deg=float(np.mean([s.lat_deg for s in surveyed if s.lat_deg is not None])),
                lon0_deg=float(np.mean([s.lon_deg for s in surveyed if s.lon_deg is not None])),
            )
        lat, lon = prepare.floats(table, "lat_deg"), prepare.floats(table, "lon_deg")
        return Frame(lat0_deg=float(np.median(lat)), lon0_deg=float(np.median(lon)))


def _rows(parts: list[pa.Table]) -> pa.Table:
    """Return rows as one table; each was checked when it was made."""
    return prepare.joined([tables.empty("tracks"), *parts])
