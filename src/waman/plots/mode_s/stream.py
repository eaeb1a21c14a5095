"""Mode S from a socket: bytes in as they come, plots out, whatever the cuts between packets.

Positions need an even and an odd message within ten seconds, so the frames of the last ten
are kept and decoded again with each batch; only rows of new frames are given back.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa

from waman import tables
from waman.errors import Problems
from waman.geo.units import SECOND_US
from waman.plots.mode_s.frames import read_avr, read_beast
from waman.plots.mode_s.messages import Frames, to_plots
from waman.plots.network.sbs import read_sbs
from waman.plots.records.envelope import Content
from waman.plots.records.identity import Source

TAIL_BYTES_MAX = 1 << 16  # the longest frame has 44 bytes; more than this without an end is no such stream
KEPT_US = 10 * SECOND_US  # CPR pairs may be ten seconds apart (DO-260B, 2.2.3.2.3.8)
KEPT_FRAMES_MAX = 50_000  # ten seconds of the busiest receiver are some 20,000
ESCAPE = b"\x1a"

Form = Literal["beast", "avr", "sbs"]


class FrameStream:
    """One feed. State: ``tail`` (bytes of a frame not yet whole), ``recent`` (frames of the last ten seconds),
    ``received_bytes``. Not safe for several threads.
    """

    def __init__(self, form: Form, *, name: str, sensor: str) -> None:
        self.form, self.name, self.sensor = form, name, sensor
        self.tail = b""
        self.recent: Frames | None = None
        self.received_bytes = 0

    def feed(self, chunk: bytes, *, received_us: int) -> tuple[pa.Table, Problems]:
        """Return the plots of the frames that ``chunk`` completes; their time is when they were received."""
        problems = Problems()
        start = self.received_bytes - len(self.tail)
        data = self.tail + chunk
        self.received_bytes += len(chunk)
        cut = self._cut(data)
        data, self.tail = data[:cut], data[cut:]
        if len(self.tail) > TAIL_BYTES_MAX:
            problems.add(
                f"{self.name}@{start + cut}", f"no {self.form} frame ends here: bytes thrown away", len(self.tail)
            )
            self.tail = b""
        content = Content(self.name, data, received_us)
        source = Source(content, np.zeros(0, np.int64), self.sensor)
        if not data:
            return tables.empty("plots"), problems
        if self.form == "sbs":
            return self._lines(content, source, received_us, start, problems)
        return self._frames(content, source, received_us, start, problems)

    def _cut(self, data: bytes) -> int:
        """Return how many bytes are whole frames: up to the last start of one, or the last end of a line."""
        if self.form != "beast":
            return data.rfind(b"\n") + 1
        at = len(data)
        while (at := data.rfind(ESCAPE, 0, at)) > 0:
            run = at
            while run > 0 and data[run - 1 : run] == ESCAPE:
                run -= 1
            # an odd run of escapes ends with the start of a frame; its last escape may still be half a pair
            if (at - run) % 2 == 0 and at + 1 < len(data):
                return at
            at = run
        return 0

    def _frames(
        self, content: Content, source: Source, received_us: int, start: int, problems: Problems
    ) -> tuple[pa.Table, Problems]:
        found = Problems()
        reader = read_beast if self.form == "beast" else read_avr
        new = reader(content, found, date=None)
        _keep_serious(found, problems)
        count = len(new.length)
        times = np.full(count, received_us, np.int64)
        new = Frames(new.payload, new.length, times, new.offsets + start)
        both = new if self.recent is None else _joined(self.recent, new)
        table, _ = to_plots(both, source, Problems())
        young = np.flatnonzero(both.time_us > received_us - KEPT_US)[-KEPT_FRAMES_MAX:]
        self.recent = both.take(young)
        fresh = np.asarray(table["offset"].to_numpy(), np.int64) >= start
        return table.filter(pa.array(fresh)), problems

    def _lines(
        self, content: Content, source: Source, received_us: int, start: int, problems: Problems
    ) -> tuple[pa.Table, Problems]:
        from datetime import UTC

        zoned = Source(content, source.offsets, self.sensor, UTC)
        table, _ = read_sbs(content, zoned, problems)
        now = pa.array(np.full(table.num_rows, received_us, np.int64)).cast(tables.TIME)
        moved = pa.array(np.asarray(table["offset"].to_numpy(), np.int64) + start)
        for name, values in (("time", now), ("received", now), ("offset", moved)):
            at = table.schema.get_field_index(name)
            table = table.set_column(at, table.schema.field(at), values)
        return table, problems


def _joined(old: Frames, new: Frames) -> Frames:
    return Frames(
        np.concatenate([old.payload, new.payload]),
        np.concatenate([old.length, new.length]),
        np.concatenate([old.time_us, new.time_us]),
        np.concatenate([old.offsets, new.offsets]),
    )


def _keep_serious(found: Problems, problems: Problems) -> None:
    """Add the problems of a file to those of a feed, but not that it has no date: a feed has its clock."""
    for problem in found.kept:
        if "date" not in problem.what and "no time" not in problem.what:
            problems.add(problem.where, problem.what, problem.value)
