"""The Paris recording as a radar network would have sent it: re-encoded, and taken through the whole chain again."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa
import pyarrow.compute as pc

from waman.config import Sensor

if TYPE_CHECKING:
    from waman.cli._stages import Run
    from waman.cli.demo import Scene

RADAR = Sensor(
    id="re-encoding", kind="mode_s", lat_deg=48.86, lon_deg=2.35, altitude_msl_m=100.0, sac=8, sic=1,
    range_max_m=470_000.0, sigma_range_m=30.0, sigma_azimuth_deg=0.02,
)  # fmt: skip
TABLE = """
[[sensor]]
id = "re-encoding"
kind = "mode_s"
lat_deg = 48.86
lon_deg = 2.35
altitude_msl_m = 100
range_max_m = 470000
sigma_range_m = 30
sigma_azimuth_deg = 0.02
sac = 8
sic = 1
"""

Runner = Callable[["Scene", Path, list[Path]], tuple[str, "Run"]]


def reencode(folder: Path, scene: Scene, runner: Runner) -> list[tuple[str, Any]]:
    """Write the plots of ``folder``/paris as CAT021 and CAT048, run both, and say how many flights come again."""
    from waman.plots.asterix.encode import encode_021, encode_048
    from waman.store import open_workspace, read_table, write_file

    first = open_workspace(folder / scene.sample)
    plots, flights = first.read("plots"), read_table("flights", first.path("flights"))
    plots = plots.filter(pc.is_valid(plots["lat_deg"]))
    when = pc.min(plots["time"].cast(pa.int64())).as_py() / 1e6
    out = []
    for name, octets in (
        ("cat021", encode_021(plots, sac=8, sic=2)[0]),
        ("cat048", encode_048(plots, sensor=RADAR)[0]),
    ):
        path = write_file(octets, folder / name / f"paris-re-encoded-{name}.ast")
        os.utime(path, (when, when))  # ASTERIX holds no date: a recording's file does
        again = replace(
            scene,
            sample=name,
            sensors=TABLE if name == "cat048" else "",
            title=f"{scene.title} (re-encoded as {name.upper()})",
            note={
                "en": f"Re-encoded: transponder messages written as {name.upper()}. No radar sent them.",
                "es": f"Recodificado: grabación de transpondedores escrita como {name.upper()}. Ningún radar la envió.",
            },
        )
        label, run = runner(again, folder, [path])
        same = same_flights(flights, run.flights)
        click.echo(f"  {same} of {flights.num_rows} flights of the original come out with the same ends and verdict")
        out.append((f"{label} (re-encoded)", run))
    return out


def same_flights(before: pa.Table, after: pa.Table) -> int:
    """Return how many flights come again: start and end within a minute, the same places, the same verdict."""
    rows = [(f["start"].timestamp(), f["end"].timestamp(), _told(f)) for f in after.to_pylist()]
    count = 0
    for flight in before.to_pylist():
        start, end, told = flight["start"].timestamp(), flight["end"].timestamp(), _told(flight)
        hit = next((r for r in rows if r[2] == told and abs(r[0] - start) <= 60 and abs(r[1] - end) <= 60), None)
        if hit is not None:
            rows.remove(hit)
            count += 1
    return count


def _told(flight: dict[str, Any]) -> tuple[Any, ...]:
    return flight["origin"], flight["destination"], flight["verdict"]
