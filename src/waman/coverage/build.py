"""From sensors and terrain to a field: one task a sensor, whose memory is its own window."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman.coverage import folder as folder_
from waman.coverage.detect.model import NO_CANOPY, SensorModel
from waman.coverage.evaluate import Layers
from waman.coverage.field import DetectionField
from waman.coverage.sight.sweep import EFFECTIVE_EARTH, lowest_visible_height
from waman.errors import InputError, WamanError
from waman.geo.frames import Frame
from waman.terrain.elevation import Elevation, Source, window

F32 = NDArray[np.float32]

CELL_M = 90.0
WINDOW_MARGIN_CELLS = 2
CANOPY_MAX_M = 120.0  # the tallest tree known stands 116 m; more is no canopy


@dataclass(frozen=True)
class Built:
    """One sensor computed: its completed model, its rasters and the seconds each step took."""

    model: SensorModel
    lowest_m: F32
    ground_m: F32
    seconds: dict[str, float]


@dataclass(frozen=True)
class Task:
    """Everything one sensor's computation needs; small, so that it can be sent to another machine."""

    model: SensorModel
    sources: tuple[Source, ...]
    cell_m: float
    refraction_k: float
    folder: str
    canopy_sources: tuple[Source, ...] = ()


def build_sensor(
    model: SensorModel,
    sources: Sequence[Source],
    *,
    cell_m: float = CELL_M,
    refraction_k: float = EFFECTIVE_EARTH,
    canopy_sources: Sequence[Source] = (),
) -> Built:
    """Compute the lowest visible height about one sensor.

    ``canopy_sources`` are rasters of the height of what stands on the ground [m]; where they
    have no value nothing stands. The antenna stands in a clearing of one cell.

    Raises
    ------
    InputError
        where the sensor lies outside the terrain, or its antenna under ground
    """
    frame = Frame(model.lat_deg, model.lon_deg)
    start = time.perf_counter()
    radius = model.range_max_m + WINDOW_MARGIN_CELLS * cell_m
    try:
        ground = window(sources, frame, radius_m=radius, cell_m=cell_m)
    except WamanError as why:
        raise InputError(f"sensor {model.id!r}: {why}", hint=why.hint) from why
    canopy = _canopy(canopy_sources, frame, radius, cell_m)
    read = time.perf_counter()
    antenna = _antenna_msl_m(model, ground)
    lowest = lowest_visible_height(
        ground, antenna_msl_m=antenna, range_m=model.range_max_m, refraction_k=refraction_k, canopy_m=canopy
    )
    swept = time.perf_counter()
    done = msgspec.structs.replace(
        model,
        antenna_msl_m=antenna,
        ground_msl_m=float(ground.ground_m[ground.half, ground.half]),
        refraction_k=refraction_k,
        raster=folder_.raster_name(model.id),
        cell_m=cell_m,
        resolution_class=ground.resolution_class,
        terrain=tuple(Path(s).name for s in ground.sources),
        void_share=round(ground.void_share, 6),
        missing_share=round(ground.missing_share, 6),
        not_modelled=tuple(n for n in model.not_modelled if canopy is None or n != NO_CANOPY),
    )
    return Built(done, lowest, ground.ground_m, {"terrain": read - start, "sweep": swept - read})


def _canopy(sources: Sequence[Source], frame: Frame, radius_m: float, cell_m: float) -> F32 | None:
    if not sources:
        return None
    heights = window(sources, frame, radius_m=radius_m, cell_m=cell_m, whole=False).ground_m
    heights = np.clip(np.nan_to_num(heights), 0.0, CANOPY_MAX_M).astype(np.float32)
    heights[heights.shape[0] // 2, heights.shape[1] // 2] = 0.0
    return heights


def build_field(
    models: Sequence[SensorModel],
    sources: Sequence[Source],
    *,
    cell_m: float = CELL_M,
    refraction_k: float = EFFECTIVE_EARTH,
    availability: pa.Table | None = None,
) -> DetectionField:
    """Return a field held in memory, for few sensors, tests and simulations (see :func:`build_folder`).

    >>> m = SensorModel(id="a", kind="psr", lat_deg=-12.0, lon_deg=-76.0, method="radar",
    ...                 antenna_height_m=15.0, range_max_m=50_000.0, r90_m=60_000.0)
    >>> field = build_field([m], (), cell_m=500.0)
    >>> round(float(field.detection_probability(-12.0, -75.7, 1000.0, "a", 2.0)[0]), 2)
    0.99
    """
    built = [
        build_sensor(m, sources, cell_m=cell_m, refraction_k=refraction_k) for m in models if m.method != "learned"
    ]
    layers = {b.model.id: Layers.of(b.lowest_m, b.ground_m, cell_m) for b in built}
    done = {b.model.id: b.model for b in built}
    return DetectionField([done.get(m.id, m) for m in models], layers=layers, availability=availability)


def build_folder(
    models: Sequence[SensorModel],
    sources: Sequence[Source],
    out: Path,
    *,
    cell_m: float = CELL_M,
    refraction_k: float = EFFECTIVE_EARTH,
    availability: pa.Table | None = None,
    canopy_sources: Sequence[Source] = (),
    scheduler: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> DetectionField:
    """Build a field folder, one task a sensor; sensors whose raster is already there for the same input are skipped.

    ``scheduler`` is the address of a Dask scheduler whose workers see the same folder; without
    one the tasks run here, one after the other, so that memory is bounded by one window.
    ``canopy_sources`` are rasters of what stands on the ground and screens (see :func:`build_sensor`).
    """
    out.mkdir(parents=True, exist_ok=True)
    canopy = tuple(canopy_sources)
    tasks = [Task(m, tuple(sources), cell_m, refraction_k, str(out), canopy) for m in models if m.method != "learned"]
    done: dict[str, SensorModel] = {}
    for count, model in enumerate(_run(tasks, scheduler), 1):
        done[model.id] = model
        if progress:
            progress(model.id, count, len(tasks))
    finished = [done.get(m.id, m) for m in models]
    kept = folder_.read_calibration(out)
    reception = folder_.read_reception(out)
    table = availability if availability is not None else folder_.read_availability(out)
    folder_.write_tables(out, finished, table, kept, reception)
    return DetectionField.load(out)


def run_task(task: Task) -> SensorModel:
    """Compute one sensor and write its raster; return its completed model. Skips finished work."""
    out = Path(task.folder)
    raster = out / folder_.raster_name(task.model.id)
    note = raster.with_suffix(".done.json")
    key = _input_key(task)
    if raster.exists() and note.exists():
        kept = json.loads(note.read_text(encoding="utf-8"))
        if kept.get("input") == key:
            return msgspec.convert(kept["sensor"], SensorModel)
    built = build_sensor(
        task.model, task.sources, cell_m=task.cell_m, refraction_k=task.refraction_k, canopy_sources=task.canopy_sources
    )
    tags = {"sensor": built.model.id, "resolution_class": built.model.resolution_class}
    frame = Frame(built.model.lat_deg, built.model.lon_deg)
    folder_.write_raster(raster, built.lowest_m, built.ground_m, frame, task.cell_m, tags)
    note.write_text(
        json.dumps({"input": key, "sensor": msgspec.to_builtins(built.model)}, sort_keys=True) + "\n", encoding="utf-8"
    )
    return built.model


def _run(tasks: Sequence[Task], scheduler: str | None) -> Sequence[SensorModel] | map[SensorModel]:
    if scheduler is None:
        return map(run_task, tasks)
    try:
        from distributed import Client
    except ImportError as why:
        raise InputError(
            "a scheduler was named, but dask is not installed", hint="install it with: pip install 'waman[batch]'"
        ) from why
    try:
        with Client(scheduler, timeout="10s") as client:
            found: list[SensorModel] = client.gather(client.map(run_task, tasks, pure=False))
            return found
    except OSError as why:
        raise InputError(f"no Dask scheduler answers at {scheduler!r}", hint="start one: dask scheduler") from why


def _input_key(task: Task) -> str:
    """Return a digest of all that decides a sensor's raster: model, terrain files (size and time), cell, k."""
    files = [
        (s.path, Path(s.path).stat().st_size, Path(s.path).stat().st_mtime_ns)
        for s in (*task.sources, *task.canopy_sources)
        if Path(s.path).exists()
    ]
    text = json.dumps(
        [msgspec.to_builtins(task.model), files, len(task.canopy_sources), task.cell_m, task.refraction_k],
        sort_keys=True,
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _antenna_msl_m(model: SensorModel, ground: Elevation) -> float:
    site = float(ground.ground_m[ground.half, ground.half])
    if model.antenna_msl_m is not None:
        if model.antenna_msl_m < site:
            raise InputError(
                f"sensor {model.id!r}: antenna at {model.antenna_msl_m:.0f} m under the ground at {site:.0f} m",
                hint="check altitude_msl_m and the position, or give antenna_height_m above ground",
            )
        return model.antenna_msl_m
    return site + (model.antenna_height_m or 0.0)
