"""``waman explain``: tracks to explained flights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import pyarrow as pa

    from waman.errors import Problems


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
    from waman.cli._given import gather, load_field
    from waman.config import load_area
    from waman.errors import Problems
    from waman.flights import explain
    from waman.store import read_table, write_table

    problems = Problems()
    rows = read_table("tracks", tracks)
    known = load_area(area) if area else None
    given = gather(known, field=load_field(field), live=live, problems=problems)
    flights = explain(rows, given, language=language)
    if area:
        from waman.cli._stages import with_answers
        from waman.store import open_workspace

        flights = with_answers(flights, open_workspace(area), problems)
    write_table("flights", flights, output)
    _say(flights, problems, output, as_json)


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
