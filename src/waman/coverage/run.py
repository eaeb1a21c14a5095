"""What ``waman cover`` does, step by step: terrain, sensors, field, what traffic teaches, maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from waman import tables
from waman.config import Area, Sensor
from waman.coverage import folder as folder_
from waman.coverage.availability import from_plots
from waman.coverage.build import CELL_M, build_folder
from waman.coverage.detect.model import SensorModel, resolve
from waman.coverage.field import DetectionField
from waman.coverage.learn import calibration as calibration_
from waman.coverage.learn.reception import learn_reception
from waman.coverage.logs import combine, read_availability
from waman.coverage.sight.sweep import EFFECTIVE_EARTH
from waman.errors import ConfigError, InputError, Problems
from waman.geo.time import zone
from waman.terrain.elevation import Source, open_sources


@dataclass(frozen=True)
class Covered:
    """The field that was made, a summary for machines and a text for people."""

    field: DetectionField
    summary: dict[str, object]
    text: str


def cover(
    area: Area,
    folder: Path,
    *,
    cell_m: float = CELL_M,
    refraction_k: float = EFFECTIVE_EARTH,
    calibrate: Path | None = None,
    from_traffic: Path | None = None,
    availability: Path | None = None,
    plots: Path | None = None,
    scheduler: str | None = None,
    maps: bool = True,
    say: Callable[[str], None] | None = None,
) -> Covered:
    """Build the field of an area into ``folder`` and return it with a summary.

    When sensors were on comes from ``availability``, the logs the area names, and of sensors no
    record speaks of, from ``plots``; with none of them the table of the folder stays.
    """
    sources = terrain_sources(area, say)
    models = [_resolve(area, s) for s in area.sensor]
    if not models:
        raise ConfigError(f"area {area.name!r} has no sensor", hint="add a [[sensor]] table to the area file")
    table = _availability(area, availability, plots, say)
    field = build_folder(
        models,
        sources,
        folder,
        cell_m=cell_m,
        refraction_k=refraction_k,
        availability=table,
        canopy_sources=_canopy_sources(area),
        scheduler=scheduler,
        progress=None if say is None else lambda name, i, n: say(f"sensor {name} ({i} of {n})"),
    )
    extra: dict[str, object] = {}
    if from_traffic is not None:
        field = _learn(field, folder, read_plots(from_traffic), extra)
    if calibrate is not None:
        field = _calibrate(field, folder, read_plots(calibrate), extra)
    return _report(area, field, folder, extra, maps=maps)


def terrain_sources(area: Area, say: Callable[[str], None] | None = None) -> tuple[Source, ...]:
    """Return the elevation files of an area; what cannot be read is said, and nothing readable is an error."""
    patterns = area.terrain.sources
    if not patterns:
        return ()
    local = tuple(p for p in patterns if "://" not in p)
    paths: list[Path | str] = [*area.files(local), *(p for p in patterns if "://" in p)]
    gone = [p for p in paths if isinstance(p, Path) and not p.exists()]
    if gone:
        raise InputError(
            f"terrain file {gone[0]} does not exist" + (f", nor {len(gone) - 1} more" if gone[1:] else ""),
            hint="fetch tiles with: waman terrain fetch AREA, or add a file with: waman terrain add FILE --area AREA",
        )
    sources, problems = open_sources(paths)
    for problem in problems.kept[:5]:
        if say:
            say(f"terrain: {problem.where}: {problem.what} ({problem.value})")
    if not sources:
        raise InputError(
            f"none of the terrain files of area {area.name!r} can be read: {', '.join(patterns)}",
            hint="fetch tiles with: waman terrain fetch AREA, or take [terrain] out for a smooth earth",
        )
    return sources


def read_plots(path: Path) -> pa.Table:
    """Read a plots table, or raise InputError."""
    try:
        return tables.check("plots", pq.read_table(path))
    except (OSError, pa.ArrowInvalid) as why:
        raise InputError(f"{path}: {why}", hint="make it with: waman decode FILE... -o plots.parquet") from why


def _resolve(area: Area, sensor: Sensor) -> SensorModel:
    if sensor.kind == "network" and not sensor.surveyed:
        west, south, east, north = area.bbox
        sensor = msgspec.structs.replace(
            sensor,
            lat_deg=(south + north) / 2.0,
            lon_deg=(west + east) / 2.0,
            range_max_m=sensor.range_max_m or 500_000.0,
        )
    return resolve(sensor, folder=Path(area.folder))


def _availability(
    area: Area, given: Path | None, plots: Path | None, say: Callable[[str], None] | None
) -> pa.Table | None:
    problems, local = Problems(), zone(area.timezone)
    files = [*([given] if given else []), *area.files(area.availability.files)]
    parts = [read_availability(path, timezone=local, problems=problems) for path in files]
    for problem in problems.kept[:5]:
        if say:
            say(f"availability: {problem.where}: {problem.what} ({problem.value})")
    if not parts and plots is None:
        return None
    return combine(parts, None if plots is None else read_plots(plots))


def _canopy_sources(area: Area) -> tuple[Source, ...]:
    """Return the canopy rasters of an area; one that cannot be read is an error, because it would screen."""
    sources, problems = open_sources(area.files(area.terrain.canopy))
    for problem in problems.kept:
        raise InputError(
            f"canopy {problem.where}: {problem.what} ({problem.value})",
            hint="[terrain] canopy names rasters of the height of what stands on the ground, in metres",
        )
    return sources


def _learn(field: DetectionField, folder: Path, plots: pa.Table, extra: dict[str, object]) -> DetectionField:
    learned = {m.id: learn_reception(plots, m.id) for m in field.sensors if m.method == "learned"}
    if not learned:
        raise InputError('no sensor has kind = "network"', hint="add one to the area file: its reception is learned")
    extra["reception"] = {n: {"aircraft": r.aircraft, "cells": len(r.cells)} for n, r in learned.items()}
    table = field.availability if field.availability.num_rows else from_plots(plots)
    folder_.write_tables(folder, field.sensors, table, field.calibration, {**field.reception, **learned})
    return DetectionField.load(folder)


def _calibrate(field: DetectionField, folder: Path, plots: pa.Table, extra: dict[str, object]) -> DetectionField:
    bare = DetectionField(field.sensors, folder=folder, reception=field.reception)
    offsets: list[calibration_.Offset] = []
    outlines: dict[str, object] = {}
    for model in field.sensors:
        if model.method in ("radar", "constant", "link"):
            found = calibration_.opportunities(bare, model, plots)
            offsets += calibration_.fit_offsets(model, found)
            outlines[model.id] = calibration_.range_outline(found)
    extra["calibration"] = [msgspec.to_builtins(o) for o in offsets]
    extra["range_outline"] = outlines
    folder_.write_tables(folder, field.sensors, field.availability, offsets, field.reception)
    return DetectionField.load(folder)


def _report(area: Area, field: DetectionField, folder: Path, extra: dict[str, object], *, maps: bool) -> Covered:
    from waman.coverage.products import area_shares, write_maps

    shares = area_shares(field, area.bbox)
    files = write_maps(field, area.bbox, folder) if maps else []
    summary: dict[str, object] = {
        "field": str(folder),
        "sensors": [
            {k: getattr(m, k) for k in ("id", "resolution_class", "void_share", "missing_share", "not_modelled")}
            for m in field.sensors
        ],
        "seen_share": shares,
        "maps": [p.name for p in files],
        **extra,
    }
    return Covered(field, summary, "\n".join(_lines(field, shares, folder, extra)))


def _lines(
    field: DetectionField, shares: Sequence[dict[str, float]], folder: Path, extra: dict[str, object]
) -> list[str]:
    lines = [f"field in {folder}: {len(field.sensors)} sensors"]
    for m in field.sensors:
        missing = f", {m.missing_share:.0%} of its square without terrain: unknown" if m.missing_share > 0.005 else ""
        lines.append(f"  {m.id}: {m.kind}, {m.range_max_m / 1000:.0f} km, terrain {m.resolution_class}{missing}")
    if any(m.missing_share > 0.005 for m in field.sensors):
        far = max(m.range_max_m for m in field.sensors if m.missing_share > 0.005) / 1000.0
        lines.append(f"  get the missing terrain with: waman terrain fetch AREA --margin-km {far:.0f}")
    lines.append("share of the area seen by at least one sensor with Pd >= 0.5 (a silent aircraft of 2 m2):")
    for row in shares:
        lines.append(
            f"  {row['height_agl_m']:5.0f} m above ground: {row['seen']:6.1%} seen, "
            f"{row['unseen']:6.1%} not, {row['unknown']:6.1%} unknown"
        )
    not_modelled = sorted({text for m in field.sensors for text in m.not_modelled})
    lines.append("not modelled: " + "; ".join(not_modelled))
    if "calibration" in extra and isinstance(extra["calibration"], list):
        lines.append(f"calibration: {len(extra['calibration'])} sectors and heights fitted")
    return lines
