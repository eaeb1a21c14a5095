"""``waman track``: plots to tracks."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click


@click.command()
@click.argument("plots", type=click.Path(path_type=Path))
@click.option("--field", type=click.Path(path_type=Path), help="Folder of a detection field (waman cover).")
@click.option("--area", "area_file", type=click.Path(path_type=Path), help="Area file or workspace: names the sensors.")
@click.option("--causal", is_flag=True, help="Write each row from plots up to its own time, as a live display would.")
@click.option("--corrections", type=click.Path(path_type=Path), help="Corrections to apply (waman correct).")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("tracks.parquet"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(
    plots: Path,
    field: Path | None,
    area_file: Path | None,
    causal: bool,
    corrections: Path | None,
    output: Path,
    as_json: bool,
) -> None:
    """Turn the plots table PLOTS (parquet) into tracks.

    Without --causal the rows are written with hindsight: smoothed, and stitched across gaps. Without
    --field every radar is taken to see everywhere alike, so a track behind a ridge is given up too early.
    """
    from waman.cli._given import load_field
    from waman.config import load_area
    from waman.errors import Problems
    from waman.store import parquet
    from waman.store.corrections import read_corrections
    from waman.tracks import track
    from waman.tracks.corrections import lost, revised, withheld

    began = time.process_time()
    problems = Problems()
    sensors = load_area(area_file).sensor if area_file is not None else ()
    made = read_corrections(corrections, problems) if corrections is not None else []
    usable, left_out = withheld(parquet.read_table("plots", plots), made)
    rows = track(
        usable,
        detection_probability=load_field(field),
        causal=causal,
        sensors=sensors,
        problems=problems,
    )
    rows, changed = revised(rows, made)
    lost([*left_out, *changed], str(corrections), problems)
    parquet.write_table("tracks", rows, output)
    spent = time.process_time() - began
    tracks = len(rows["track"].unique())
    if as_json:
        click.echo(json.dumps({"tracks": tracks, "rows": rows.num_rows, "problems": problems.count, "cpu_s": spent}))
        return
    click.echo(f"{output}: {tracks} tracks, {rows.num_rows} rows ({spent:.1f} s of CPU)")
    for problem in problems.kept[:5]:
        click.echo(f"  left out: {problem.value} x {problem.what}")
