"""``waman import``: what others hold, checked and put into a workspace."""

from __future__ import annotations

import json
from pathlib import Path

import click

KINDS = ("sightings", "strips", "plans", "tracks", "plots")


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--as", "kind", type=click.Choice(KINDS), required=True, help="What the files hold.")
@click.option("-w", "--workspace", type=click.Path(path_type=Path), default=Path(), help="Folder with area.toml; here.")
@click.option("--datum", default="WGS84", help="Datum of strips' positions that name none: WGS84 or PSAD56.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for machines.")
def command(files: tuple[Path, ...], kind: str, workspace: Path, datum: str, as_json: bool) -> None:
    r"""Check FILES and add what they hold to a workspace.

    \b
    sightings  reports of people (CSV, GeoJSON) -> reports.parquet; observers become cells, names are left out
    strips     places.geojson, or a CSV with id and lat_deg, lon_deg or a written position -> places.geojson
    plans      flight plans (CSV) -> plans.csv, times in UTC
    tracks     tracks of another system (tracks.parquet) -> tracks.parquet
    plots      recordings of any known format -> plots.parquet, as waman decode reads them

    Importing a file of the same name again replaces what it said before. Every problem is written to
    problems.jsonl.
    """
    from waman.cli import _importing
    from waman.store import open_workspace, write_problems

    space = open_workspace(workspace)
    added = _importing.IMPORTERS[kind](files, space, datum)
    write_problems(added.problems, space.path("problems"))
    if as_json:
        first = [p.as_dict() for p in added.problems.kept[:20]]
        told = {"added": added.rows, "total": added.total, "written": str(added.path), "problems": added.problems.count}
        click.echo(json.dumps({**told, "first_problems": first}, ensure_ascii=False))
        return
    click.echo(f"{added.rows:,} {kind} added, {added.total:,} now in {added.path}")
    for note in added.notes:
        click.echo(note)
    click.echo(f"{added.problems.count:,} problems" + (":" if added.problems.count else ""))
    for problem in added.problems.kept[:5]:
        click.echo(f"  {problem.where}: {problem.what}" + (f" ({problem.value})" if problem.value else ""))
