"""``waman cover``: from an area file to a detection field."""

from __future__ import annotations

import json
from pathlib import Path

import click

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("area_file", metavar="AREA", type=_PATH)
@click.option("-o", "--out", type=_PATH, help="Field folder [default: field/ beside AREA].")
@click.option("--cell-m", type=click.FloatRange(1.0, 5000.0), default=90.0, show_default=True, help="Cell side [m].")
@click.option("--refraction-k", type=click.FloatRange(0.5, 10.0), default=4 / 3, help="Effective earth [default: 4/3].")
@click.option("--calibrate", type=_PATH, help="Plots with identified traffic: fit what is promised to what was seen.")
@click.option("--from-traffic", type=_PATH, help="Plots from which sensors of kind network are learned.")
@click.option("--availability", type=_PATH, help="When sensors were on: availability.parquet or a CSV log.")
@click.option("--plots", type=_PATH, help="Plots that prove when sensors were on of which no record speaks.")
@click.option("--scheduler", metavar="ADDRESS", help="Run one task a sensor on this Dask scheduler.")
@click.option("--maps/--no-maps", default=True, show_default=True, help="Write PNG and KMZ maps of what is seen.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(
    area_file: Path, out: Path | None, cell_m: float, refraction_k: float, calibrate: Path | None,
    from_traffic: Path | None, availability: Path | None, plots: Path | None, scheduler: str | None, maps: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Compute what the sensors of AREA could see.

    AREA is an area file or a workspace folder. The field folder holds one raster a sensor (lowest
    visible height above ground, and the ground), sensors.json, calibration.json and
    availability.parquet. A sensor whose raster is already there for the same input is skipped, so
    that an interrupted run goes on where it stopped.
    """
    from waman.config import load_area
    from waman.coverage import run

    area = load_area(area_file)
    folder = out or Path(area.folder) / "field"
    done = run.cover(
        area, folder, cell_m=cell_m, refraction_k=refraction_k, calibrate=calibrate, from_traffic=from_traffic,
        availability=availability, plots=plots, scheduler=scheduler, maps=maps, say=None if as_json else _say,
    )  # fmt: skip
    click.echo(json.dumps(done.summary, indent=2) if as_json else done.text)


def _say(line: str) -> None:
    click.echo(line, err=True)
