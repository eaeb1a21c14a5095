"""A tracker's state as bytes and back: arrays in NumPy's format, the rest as JSON, in one zip. No code is loaded."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pyarrow as pa

from waman import tables
from waman.errors import InputError
from waman.geo.frames import Frame
from waman.tracks.core import columns as col
from waman.tracks.core.state import State, copied, grown
from waman.tracks.prepare import SensorModel, Words

VERSION = 3


def pack(fields: dict[str, Any]) -> bytes:
    """Return the state of a tracker (its attributes) as bytes; the same whatever it ran and took back before."""
    frame: Frame | None = fields["_frame"]
    models: list[SensorModel] = fields["_models"]
    plain = {
        "version": VERSION,
        "words": {name: words.words for name, words in fields["_words"].items()},
        "frame": [frame.lat0_deg, frame.lon0_deg] if frame is not None else None,
        "bounds": list(fields["_bounds"]),
        "models": [[m.id, m.kind, m.east_m, m.north_m, m.period_us, m.area_m2] for m in models],
        "origin_us": fields["_origin_us"],
        "settled_us": fields["_settled_us"],
        "newest_us": fields["_newest_us"],
        "cell_m": fields["_cell_m"],
        "heights": fields["_heights"],
    }
    state = _bare(grown(copied(fields["_state"]), capacity=0, addresses=len(fields["_words"]["icao24"].words) + 1))
    plots, sink = _plain(fields["_open"]), io.BytesIO()
    with pa.ipc.new_stream(sink, plots.schema) as writer:
        writer.write_table(plots)
    out = io.BytesIO()
    np.savez(
        out,
        plain=np.frombuffer(json.dumps(plain).encode(), np.uint8),
        buffer=np.frombuffer(sink.getvalue(), np.uint8),
        **{f"state_{name}": array for name, array in state._asdict().items()},
    )
    return out.getvalue()


def _bare(state: State) -> State:
    """Clear what nobody reads: motion models a young track has not begun, row numbers in batches that are gone."""
    idle = np.arange(state.mu.shape[1]) >= state.tag[:, col.MODES, None]
    state.x[idle], state.p[idle], state.mu[idle] = 0.0, 0.0, 0.0
    state.tag[:, [col.PLOT, col.BIRTH, col.SECOND]] = -1
    return state


def _plain(plots: pa.Table) -> pa.Table:
    """Return plots as the contract has them, words numbered in order of appearance."""
    schema = tables.SCHEMAS["plots"]
    columns = [plots[f.name].cast(pa.string()) if f.type == tables.WORD else plots[f.name] for f in schema]
    return tables.check("plots", pa.table(columns, names=schema.names)).combine_chunks()


def unpack(content: bytes, fields: dict[str, Any]) -> None:
    """Write the state held by ``content`` into a tracker's attributes."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as parts:
            plain = json.loads(parts["plain"].tobytes())
            if plain["version"] != VERSION:
                raise InputError(
                    f"snapshot of version {plain['version']}, this is {VERSION}", hint="track the record again"
                )
            fields["_state"] = State(*(parts[f"state_{name}"] for name in State._fields))
            fields["_open"] = pa.ipc.open_stream(parts["buffer"].tobytes()).read_all()
    except (ValueError, KeyError, OSError) as why:
        raise InputError(f"not a tracker's snapshot: {why}", hint="track the record again") from why
    for name, words in plain["words"].items():
        fields["_words"][name] = Words({w: k for k, w in enumerate(words)}, list(words))
    fields["_frame"] = Frame(lat0_deg=plain["frame"][0], lon0_deg=plain["frame"][1]) if plain["frame"] else None
    fields["_bounds"] = tuple(plain["bounds"])
    fields["_models"] = [SensorModel(m[0], m[1], None, *m[2:]) for m in plain["models"]]
    for name in ("origin_us", "settled_us", "newest_us", "cell_m", "heights"):
        fields[f"_{name}"] = plain[name]
