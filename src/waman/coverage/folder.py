"""The field folder on disk: sensors.json, calibration.json, availability.parquet, one COG a sensor."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.transform import Affine

from waman import tables
from waman.coverage.detect.model import SensorModel
from waman.coverage.evaluate import GROUND_ZERO_M, LAYER_STEP_M, UNKNOWN, Evaluator, Layers
from waman.coverage.learn.calibration import Offset
from waman.coverage.learn.reception import Reception
from waman.errors import InputError
from waman.geo.frames import Frame

F32 = NDArray[np.float32]

SENSORS_MAX = 100_000
RASTER_CELLS_MAX = 500_000_000


def raster_name(sensor: str) -> str:
    """Return the file name of a sensor's raster.

    >>> raster_name("25/1")
    '25_1.tif'
    """
    return re.sub(r"[^A-Za-z0-9_.-]", "_", sensor) + ".tif"


def plain(name: str) -> str:
    """Return a file name that stays inside the folder, or raise InputError."""
    if not name or Path(name).name != name or name in (".", ".."):
        raise InputError(f"raster {name!r} is no plain file name", hint="the field folder was altered; build it again")
    return name


def read_sensors(root: Path) -> tuple[SensorModel, ...]:
    """Read ``sensors.json``; unknown keys are ignored."""
    raw = _json(root / "sensors.json")
    rows = raw.get("sensor") if isinstance(raw, dict) else raw
    try:
        return msgspec.convert(rows, tuple[SensorModel, ...])
    except msgspec.ValidationError as why:
        raise InputError(f"{root / 'sensors.json'}: {why}", hint="build the field again with waman cover") from why


def read_calibration(root: Path) -> tuple[Offset, ...]:
    """Read ``calibration.json``; a folder without it is not calibrated."""
    if not (root / "calibration.json").exists():
        return ()
    raw = _json(root / "calibration.json")
    try:
        return msgspec.convert(raw, tuple[Offset, ...])
    except msgspec.ValidationError as why:
        raise InputError(f"{root / 'calibration.json'}: {why}", hint="run waman cover --calibrate again") from why


def read_availability(root: Path) -> pa.Table:
    """Read ``availability.parquet``; a folder without it knows no times."""
    path = root / "availability.parquet"
    if not path.exists():
        return tables.empty("availability")
    try:
        return tables.check("availability", pq.read_table(path))
    except pa.ArrowInvalid as why:
        raise InputError(f"{path}: {why}", hint="write the file again") from why


def read_reception(root: Path) -> dict[str, Reception]:
    """Read the receptions learned from traffic (``reception_<sensor>.json``), by sensor."""
    found = {}
    for path in sorted(root.glob("reception_*.json")):
        try:
            learned = msgspec.convert(_json(path), Reception)
        except msgspec.ValidationError as why:
            raise InputError(f"{path}: {why}", hint="run waman cover --from-traffic again") from why
        found[learned.sensor] = learned
    return found


def write_tables(
    root: Path,
    sensors: Sequence[SensorModel],
    availability: pa.Table,
    calibration: Sequence[Offset],
    reception: Mapping[str, Reception],
) -> None:
    """Write everything of a field folder but the rasters."""
    root.mkdir(parents=True, exist_ok=True)
    _write_json(root / "sensors.json", {"format": 1, "sensor": msgspec.to_builtins(tuple(sensors))})
    _write_json(root / "calibration.json", msgspec.to_builtins(tuple(calibration)))
    pq.write_table(availability, root / "availability.parquet")
    for learned in reception.values():
        name = "reception_" + raster_name(learned.sensor).removesuffix(".tif") + ".json"
        _write_json(root / name, msgspec.to_builtins(learned))


def write_raster(
    path: Path, lowest_m: F32, ground_m: F32, frame: Frame, cell_m: float, tags: Mapping[str, str]
) -> None:
    """Write a field raster: band 1 lowest visible height above ground, band 2 ground msl [m], a COG in ``frame``."""
    half = lowest_m.shape[0] // 2
    corner = -(half + 0.5) * cell_m
    part = path.with_name(path.name + ".part")
    with rasterio.open(
        part,
        "w",
        driver="COG",
        dtype="float32",
        count=2,
        height=lowest_m.shape[0],
        width=lowest_m.shape[1],
        crs=frame.crs,
        transform=Affine(cell_m, 0.0, corner, 0.0, -cell_m, -corner),
        nodata=np.nan,
        compress="DEFLATE",
        predictor=3,
        level=1,
        overviews="NONE",
        num_threads=2,
        bigtiff="IF_SAFER",
    ) as data:
        data.write(lowest_m, 1)
        data.write(ground_m, 2)
        data.set_band_description(1, "lowest visible height above ground [m]")
        data.set_band_description(2, "ground above the geoid [m]")
        data.update_tags(**tags)
    part.replace(path)  # a raster with its final name is whole


def write_layers(path: Path, evaluator: Evaluator) -> None:
    """Write the layers of a sensor that was built in memory."""
    layers, model = evaluator.layers, evaluator.model
    steps = layers.cells[..., 1]
    ground = np.where(
        steps == UNKNOWN, np.float32(np.nan), steps * np.float32(LAYER_STEP_M) + np.float32(GROUND_ZERO_M)
    )
    write_raster(path, layers.lowest_m, ground, evaluator.frame, layers.cell_m, {"sensor": model.id})


def read_layers(path: Path, model: SensorModel) -> Layers:
    """Read the raster of a sensor, or raise InputError saying what is wrong with it."""
    try:
        with rasterio.open(path) as data:
            if data.count < 2 or data.height != data.width or data.height % 2 == 0:
                raise InputError(f"{path}: {data.count} bands of {data.height} x {data.width}", hint="build it again")
            if data.height * data.width > RASTER_CELLS_MAX:
                raise InputError(f"{path}: {data.height} x {data.width} cells are too many", hint="use larger cells")
            return Layers.of(data.read(1), data.read(2), float(data.transform.a))
    except RasterioError as why:
        raise InputError(
            f"sensor {model.id!r}: {path} cannot be read: {why}", hint="build the field again with waman cover"
        ) from why


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as why:
        raise InputError(
            f"{path.parent}: no {path.name}: this is no field", hint="make one: waman cover AREA -o FIELD"
        ) from why
    except (OSError, ValueError) as why:
        raise InputError(f"{path}: {why}", hint="build the field again with waman cover") from why


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
