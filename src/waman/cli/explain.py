"""``waman explain``: tracks to explained flights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import pyarrow as pa

    from waman.config import Area
    from waman.errors import Problems
    from waman.flights import Given


@click.command()
@click.argument("tracks", type=click.Path(path_type=Path))
@click.option("--field", type=click.Path(path_type=Path), help="Detection field folder of waman cover.")
@click.option("--area", type=click.Path(path_type=Path), help="Area file or workspace: places, plans, registers, box.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("flights.parquet"), show_default=True)
@click.option("--language", type=click.Choice(["en", "es"]), default="en", show_default=True, help="Of the sentences.")
@click.option("--live", is_flag=True, help="Flights may still be in the air: none is called unexplained.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def command(
    tracks: Path, field: Path | None, area: Path | None, output: Path, language: str, live: bool, as_json: bool
) -> None:
    """Cut TRACKS into flights and say of each what explains it, what does not, and what nobody could see.

    A flight is explained, unexplained or insufficient. Unexplained needs two independent things that were
    seen; things that were not seen, however many, give insufficient.
    """
    from waman.config import load_area
    from waman.errors import Problems
    from waman.flights import explain
    from waman.store import read_table, write_table

    problems = Problems()
    rows = read_table("tracks", tracks)
    given = _given(load_area(area) if area else None, field, live, problems)
    flights = explain(rows, given, language=language)
    write_table("flights", flights, output)
    _say(flights, problems, output, as_json)


def _given(area: Area | None, field: Path | None, live: bool, problems: Problems) -> Given:
    """Gather places, borders, plans, registers and the field that the area names."""
    from waman.flights import given_of
    from waman.store import read_borders, read_places
    from waman.store.rows import read_rows

    if area is None:
        return given_of(live=live, problems=problems)
    places, plans, register = [], [], []
    for file in area.files(area.places.files):
        table, found = read_places(file)
        problems.extend(found)
        places += table.to_pylist()
    for source in area.plans:
        rows, found = read_rows(area.path(source.file), needs=("callsign", "off_block"))
        problems.extend(found)
        plans += rows
    for name in (n for r in area.registers for n in r.aircraft):
        rows, found = read_rows(area.path(name), needs=("icao24", "status"))
        problems.extend(found)
        register += rows
    shares = [p.completeness for p in area.plans]
    known = [s for s in shares if s is not None]
    return given_of(
        bbox=area.bbox,
        places=places,
        borders=read_borders(area.bbox),
        aerodromes=area.places.aerodromes,
        plans=plans if area.plans else None,
        # several sources: a flight may file at any, so the least complete one counts
        completeness=min(known) if known and len(known) == len(shares) else None,
        register=register if area.registers else None,
        live=live,
        problems=problems,
    )


def _say(flights: pa.Table, problems: Problems, output: Path, as_json: bool) -> None:
    import json
    from collections import Counter

    verdicts = Counter(flights["verdict"].to_pylist())
    landed = sum(v is True for v in flights["landed"].to_pylist())
    if as_json:
        click.echo(json.dumps({"flights": flights.num_rows, **verdicts, "landed": landed, "problems": problems.count}))
        return
    click.echo(f"{flights.num_rows} flights, {landed} seen to land -> {output}")
    for verdict in ("explained", "insufficient", "unexplained"):
        click.echo(f"  {verdict:12s} {verdicts.get(verdict, 0)}")
    if verdicts.get("unexplained"):
        click.echo("  unexplained is not to be published before two people have gone through the checks")
    for problem in problems.kept[:5]:
        click.echo(f"  problem: {problem.where}: {problem.what} {problem.value}".rstrip(), err=True)
    if problems.count:
        click.echo(f"  {problems.count} problems in all", err=True)
