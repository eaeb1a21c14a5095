"""``waman simulate``: a scenario in, a workspace of simulated tables with their truth out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from waman.sim import World
    from waman.sim.land.ground import Elevation


@click.command()
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("-o", "--output", "folder", required=True, type=click.Path(path_type=Path), help="Folder to write into.")
@click.option("--seed", type=int, default=None, help="Another seed than the scenario's.")
@click.option("--alternative", default=None, help="One of the alternative simulators (see waman.sim.ALTERNATIVES).")
@click.option("--no-plots", is_flag=True, help="Truth, plans, reports and tips only.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(
    scenario: Path, folder: Path, seed: int | None, alternative: str | None, no_plots: bool, as_json: bool
) -> None:
    """Simulate a corridor from SCENARIO: flights, lawful traffic, sensors, reports and tips.

    Everything is invented and labelled so. The folder becomes a workspace: area.toml, plots.parquet,
    places.geojson, plans.csv, register.csv, reports.csv, availability.parquet and tips.jsonl are what
    people could know; truth.parquet, events.parquet and links.parquet are the truth, kept apart.
    The same scenario and seed write the same bytes.
    """
    from waman.sim import load_scenario, simulate

    found = load_scenario(scenario, seed=seed, alternative=alternative)
    world = simulate(found, elevation=_elevation(found.land.sources, scenario.parent))
    summary = write_world(world, folder, plots=not no_plots)
    if as_json:
        click.echo(json.dumps(summary, indent=1))
        return
    click.echo(f"{summary['label']}")
    click.echo(
        f"{summary['flights_corridor']} corridor flights and {summary['flights_lawful']} lawful ones "
        f"in {summary['days']} days, seed {summary['seed']}: written to {folder}"
    )


def _elevation(sources: tuple[str, ...], folder: Path) -> Elevation | None:
    """Return elevation of the scenario's own terrain files, or None for generated relief."""
    if not sources:
        return None
    from waman.errors import ConfigError
    from waman.terrain import ANDES_90M, ground_msl_m, open_sources

    paths = [ANDES_90M if name == "andes_90m" else folder / name for name in sources]
    opened, problems = open_sources(paths)
    if problems.count or not opened:
        what = problems.kept[0].what if problems.kept else "no file"
        raise ConfigError(f"terrain {', '.join(sources)}: {what}", hint="name GeoTIFF or HGT files beside the scenario")
    return lambda lat_deg, lon_deg: ground_msl_m(opened, lat_deg=lat_deg, lon_deg=lon_deg)


def write_world(world: World, folder: Path, *, plots: bool = True) -> dict[str, object]:
    """Write every file of a simulated world into ``folder`` and return the summary."""
    import pyarrow.parquet as pq

    from waman import tables
    from waman.geo.time import parse_utc_us
    from waman.sim import observed, reports
    from waman.sim.seen import tell
    from waman.sim.seen.people import COLUMNS
    from waman.sim.seen.tips import tips
    from waman.sim.trips import register_rows

    (folder / "dem").mkdir(parents=True, exist_ok=True)
    told = tips(world.scenario, parse_utc_us(world.scenario.start))
    seen = observed(world) if plots else None
    said, said_by = reports(world)
    written = {
        "plots": seen.plots if seen else tables.empty("plots"),
        "truth": tell.truth(world),
        "availability": tell.availability(world),
        "events": tell.events(world, told),
        "report_links": said_by,
    }
    if seen:
        written["links"] = seen.links
    for name, rows in written.items():
        pq.write_table(rows, folder / f"{name}.parquet", compression="zstd")
    texts = {
        "area.toml": tell.area_toml(world),
        "places.geojson": tell.places_geojson(world),
        "border.geojson": tell.border_geojson(world),
        "plans.csv": tell.csv_text(tell.plan_rows(world), tell.PLANS_SEEN),
        "register.csv": tell.csv_text(register_rows(world.fleet), ("registration", "icao24", "type", "status")),
        "reports.csv": tell.csv_text(said, COLUMNS),
        "tips.jsonl": "".join(json.dumps(t.row) + "\n" for t in told),
    }
    summary = tell.summary(world, told, {name: rows.num_rows for name, rows in written.items()})
    texts["simulation.json"] = json.dumps(summary, indent=1) + "\n"
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    _write_dem(world, folder / "dem" / "ground.tif")
    return summary


def _write_dem(world: World, path: Path) -> None:
    import rasterio
    from rasterio.transform import Affine

    from waman.sim.seen import tell

    heights, (west, north, spacing) = tell.dem(world)
    rows, columns = heights.shape
    # nodes are points: the raster's cells are centred on them
    place = Affine(spacing, 0.0, west - spacing / 2.0, 0.0, -spacing, north + spacing / 2.0)
    with rasterio.open(
        path, "w", driver="GTiff", height=rows, width=columns, count=1, dtype="int16", crs="EPSG:4326",
        transform=place, nodata=-32768, compress="deflate", predictor=2, tiled=True,
    ) as out:  # fmt: skip
        out.write(heights, 1)
