"""``waman decode``: recordings of any known format into one plots table."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

PROBLEMS_SHOWN = 5


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--area", "area_file", type=click.Path(path_type=Path), help="Area file: names sensors, gives the zone.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="UTC day of formats that carry no date.")
@click.option("--edition", "editions", multiple=True, metavar="CAT=ED", help="ASTERIX edition, as in 62=1.16.")
@click.option("--sensor", help="Name of the sensor, for formats that do not carry one.")
@click.option("--timezone", help="Zone of times that name none, as in America/Lima; else the area's.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the plots here; without it, only report.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for machines.")
def command(
    files: tuple[Path, ...],
    area_file: Path | None,
    day: datetime | None,
    editions: tuple[str, ...],
    sensor: str | None,
    timezone: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Read FILES of any known format, say what is in them and what is wrong, and write the plots.

    Formats are recognised by content: ASTERIX (raw, pcap, recorder framings), Beast, AVR, SBS, readsb JSON, state
    vectors (CSV, Parquet, JSON), raw Mode S frames, reports, our own plots.parquet; gzip and zip are unwrapped.
    The same observation in two files gets one lineage. Beside -o PLOTS, problems.jsonl holds every problem, and
    availability.parquet and reports.parquet hold what the files said of those.
    """
    from waman.cli import _decoding
    from waman.config import load_area

    area = load_area(area_file) if area_file else None
    found = _decoding.read_all(
        files,
        area=area,
        date=day.date() if day else None,
        editions=_decoding.parse_editions(editions),
        sensor=sensor,
        timezone=timezone,
    )
    written = _decoding.write(found, output) if output else []
    if as_json:
        click.echo(json.dumps(_decoding.as_json(found, written), ensure_ascii=False))
        return
    for line in _decoding.lines(found, written, shown=PROBLEMS_SHOWN):
        click.echo(line)
