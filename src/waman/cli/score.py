"""``waman score``: tracks against the truth."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("tracks", type=click.Path(path_type=Path))
@click.argument("truth", type=click.Path(path_type=Path))
@click.option("--skip", default=0, show_default=True, help="Instants of start-up to leave out.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write score.json here as well.")
@click.option("--json", "as_json", is_flag=True, help="Print the contract score.json.")
def command(tracks: Path, truth: Path, skip: int, output: Path | None, as_json: bool) -> None:
    """Score the table TRACKS against the table TRUTH (both parquet).

    GOSPA with p = 2, c = 1000 m, alpha = 2, and its parts; OSPA(2); identity switches and IDs per truth; completeness;
    false tracks; SIAP; honesty: NEES, the share inside the 95 % ellipses, reliability and Brier score of existence;
    and the measures of EUROCONTROL SPEC-147 (its limits are for 3 and 5 NM separation and are not applied).
    """
    from waman.store import parquet
    from waman.tracks.metrics import score

    found = score(parquet.read_table("tracks", tracks), parquet.read_table("truth", truth), skip=skip)
    text = json.dumps(found, indent=2)
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")
    if as_json:
        click.echo(text)
        return
    for key, value in found.items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        for part, number in parts:
            click.echo(f"{key}{'.' + part if part else ''}: {number:.4g}" if number is not None else f"{key}: unknown")
