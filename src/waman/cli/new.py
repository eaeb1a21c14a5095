"""``waman new``: make a workspace."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", default="", help="The area's name; the folder's name unless said.")
@click.option("--bbox", default="-75,-14,-72,-11", show_default=True, help="West,south,east,north in degrees.")
@click.option("--timezone", default="UTC", show_default=True, help="IANA zone of times written without one.")
def command(folder: Path, name: str, bbox: str, timezone: str) -> None:
    """Make the workspace FOLDER: a commented area.toml and a folder for recordings."""
    from waman.config import load_area
    from waman.errors import InputError
    from waman.geo.time import zone
    from waman.store import area_template

    file = folder / "area.toml"
    if file.exists():
        raise InputError(f"{file} exists already", hint="choose another folder, or edit that file")
    try:
        box = [float(part) for part in bbox.split(",")]
    except ValueError as why:
        raise InputError(f"--bbox {bbox!r} is not four numbers", hint="write west,south,east,north") from why
    zone(timezone)
    text = area_template.fill(name=name or folder.resolve().name, bbox=box, timezone=timezone)
    (folder / "recordings").mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    try:
        load_area(file)
    except Exception:
        file.unlink()
        raise
    click.echo(f"{file} written. Put recordings into {folder / 'recordings'}, then: waman run {folder}")
