"""``waman case video``: what a video or photograph says, and whether its claimed place and time can be right."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from waman.errors import InputError


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--at", "place", help="Claimed place of the camera: LAT,LON.")
@click.option("--time", "claimed", help="Claimed time, ISO 8601 with zone.")
@click.option(
    "--terrain", multiple=True, type=click.Path(path_type=Path), help="Elevation model (GeoTIFF, HGT) for the skyline."
)
@click.option("--landed", type=float, help="Second of the video at which the aircraft stands.")
@click.option("--left", type=float, help="Second at which it moves off again.")
@click.option("--still", "seconds", multiple=True, type=float, help="Second of which a still picture is wanted.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="A new folder.")
@click.option("--case", "case", help="Add it as evidence to this case too.")
@click.option("-w", "--workspace", type=click.Path(path_type=Path), default=".", help="Folder with ledger/.")
@click.option("--officer", default="desk", help="Pseudonym of whoever acts, while nobody was added.")
def video(
    file: Path,
    place: str | None,
    claimed: str | None,
    terrain: tuple[Path, ...],
    landed: float | None,
    left: float | None,
    seconds: tuple[float, ...],
    output: Path,
    case: str | None,
    workspace: Path,
    officer: str,
) -> None:
    """Read FILE (never changing it): container data, stills, ground time, sun and terrain skyline at a claimed place.

    Writes video.json, skyline.svg and still-*.png. Shadows must fall away from the printed azimuth of the sun, and
    ridges in the picture must fit the skyline; neither proves a claim, each can contradict it.
    """
    from waman.cases.evidence import EVIDENCE_BYTES_MAX, describe
    from waman.cases.video import ground_time_s, stills

    if output.exists():
        raise InputError(f"{output} already exists", hint="choose a new folder")
    if file.stat().st_size > EVIDENCE_BYTES_MAX:
        raise InputError(f"{file} is larger than {EVIDENCE_BYTES_MAX} bytes")
    found = describe(file.read_bytes())
    pictures: dict[str, bytes | str] = {}
    if place is not None or claimed is not None:
        found |= _claimed(place, claimed, terrain, pictures)
    if landed is not None or left is not None:
        if landed is None or left is None:
            raise InputError("--landed and --left go together")
        found["ground_time_s"] = ground_time_s(landed, left, found.get("container", {}).get("duration_s"))
    for second, data in stills(file, seconds).items() if seconds else ():
        pictures[f"still-{second:g}.png"] = data
    found_in = ""
    if case is not None:
        from waman.cases import add_event
        from waman.cli._desk import now, open_desk

        with open_desk(workspace, officer) as desk:
            event = add_event(desk, case, "case.evidence", found, now())
        found_in = f"{event.name} added to case {case}, entry {event.entry}"
    output.mkdir(parents=True)
    for name, content in pictures.items():
        (output / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (output / "video.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for name, value in found.items():
        click.echo(f"{name}: {value}")
    if found_in:
        click.echo(found_in)


def _claimed(
    place: str | None, claimed: str | None, terrain: tuple[Path, ...], pictures: dict[str, bytes | str]
) -> dict[str, Any]:
    """Return the sun at the claimed place and time, and how it stands to the terrain."""
    from waman.cases.evidence import sun_at
    from waman.ledger.entry import utc_text

    try:
        lat, lon = (float(x) for x in (place or "").split(","))
    except ValueError as why:
        raise InputError(f"--at {place!r} is not LAT,LON", hint="like --at -12.58,-74.19 with --time") from why
    when = utc_text(claimed)
    sun = sun_at(lat, lon, datetime.fromisoformat(when.replace("Z", "+00:00")))
    found: dict[str, Any] = {"claimed": f"{lat:g}, {lon:g} at {when}"}
    found["sun"] = f"azimuth {sun.azimuth_deg:.1f} deg, elevation {sun.elevation_deg:.1f} deg"
    if terrain:
        from waman.cases.skyline import skyline, skyline_svg
        from waman.terrain import open_sources

        sources, problems = open_sources(terrain)
        for problem in problems.kept[:3]:
            click.echo(f"problem: {problem.where}: {problem.what}", err=True)
        line = skyline(sources, lat, lon)
        edge = line.at(sun.azimuth_deg)
        side = "above" if sun.elevation_deg > edge else "behind"
        models = ", ".join(p.name for p in terrain)
        found["skyline"] = (
            f"{edge:.1f} deg under the sun's azimuth, the sun {side} it ({models}; no trees, no buildings)"
        )
        label = f"Skyline {found['claimed']}; sun {found['sun']}; {models}. No trees or buildings; 0 is north."
        pictures["skyline.svg"] = skyline_svg(line, (sun.azimuth_deg, sun.elevation_deg), label)
    return found
