"""``waman terrain``: get elevation tiles by name, or add a file of one's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click

_PATH = click.Path(path_type=Path)


@click.group()
def command() -> None:
    """Get the ground: fetch elevation tiles of an area, or add a file."""


@command.command()
@click.argument("area_file", metavar="AREA", type=_PATH)
@click.option("--grid", type=click.Choice(["30", "90"]), default="30", show_default=True, help="Copernicus grid [m].")
@click.option("-o", "--out", type=_PATH, help="Folder for the tiles [default: dem/ beside AREA].")
@click.option("--margin-km", type=click.FloatRange(0, 500), default=0.0, help="Fetch so much more around the area.")
@click.option("--url", help="Address template with {name} and {metres}, for another server laid out alike.")
@click.option("--yes", is_flag=True, help="Do not ask before fetching.")
def fetch(area_file: Path, grid: str, out: Path | None, margin_km: float, url: str | None, yes: bool) -> None:
    """Fetch the Copernicus elevation tiles that cover AREA.

    The size is shown before anything is fetched; an interrupted fetch goes on where it stopped.
    Tiles are produced using Copernicus WorldDEM-30 (c) DLR e.V. 2010-2014 and (c) Airbus Defence
    and Space GmbH 2014-2018, provided under COPERNICUS by the European Union and ESA.
    """
    from waman.config import load_area
    from waman.terrain import fetch as fetch_

    area = load_area(area_file)
    west, south, east, north = area.bbox
    tall = margin_km / 111.2
    box = (west - tall, max(south - tall, -90.0), east + tall, min(north + tall, 90.0))
    names = fetch_.tile_names(box, metres=int(grid))
    tiles = fetch_.look(names, template=url or fetch_.TEMPLATE, metres=int(grid))
    folder = out or Path(area.folder) / "dem"
    sea = sum(t.sea for t in tiles)
    total = sum(t.size for t in tiles) / 1e6
    click.echo(f"{len(tiles) - sea} tiles, {total:.1f} MB, {sea} of open sea, into {folder}", err=True)
    if not yes:
        click.confirm("fetch them?", abort=True, err=True)
    for tile in tiles:
        path = fetch_.fetch(tile, folder, _progress)
        click.echo(str(path))
    click.echo(f'area file: [terrain] sources = ["{folder.name}/*.tif"]', err=True)


@command.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_PATH)
@click.option("--area", "area_file", type=_PATH, required=True, help="The area file or workspace to add to.")
@click.option("--json", "as_json", is_flag=True, help="Print what was added as JSON.")
def add(files: tuple[Path, ...], area_file: Path, as_json: bool) -> None:
    """Copy elevation files (GeoTIFF, HGT or COG) into the dem/ folder of an area, after looking into them."""
    from waman.config import load_area
    from waman.errors import InputError
    from waman.terrain import open_sources, resolution_class

    area = load_area(area_file)
    sources, problems = open_sources(files)
    for problem in problems.kept:
        click.echo(f"waman: {problem.where}: {problem.what} ({problem.value})", err=True)
    if not sources:
        raise InputError(f"none of {len(files)} files is elevation", hint="GeoTIFF, HGT and COG can be read")
    folder = Path(area.folder) / "dem"
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for source in sources:
        target = folder / Path(source.path).name
        if target.resolve() != Path(source.path).resolve():
            shutil.copyfile(source.path, target)
        words = resolution_class(source.native_m)
        rows.append({"file": str(target), "resolution_class": words, "bounds_deg": source.bounds})
        if not as_json:
            west, south, east, north = source.bounds
            click.echo(f"{target}: {words}, {south:.3f}..{north:.3f} N, {west:.3f}..{east:.3f} E")
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    if not any("dem/" in p for p in area.terrain.sources):
        click.echo('area file: [terrain] sources = ["dem/*"]', err=True)


def _progress(name: str, have: int, size: int) -> None:
    click.echo(f"{name}: {have / 1e6:.1f} of {size / 1e6:.1f} MB", err=True)
