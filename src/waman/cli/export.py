"""``waman export``: flights for other programs and for people, each for its audience."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from waman.access.audience import Audience
    from waman.export import Shown
    from waman.report import Layer
    from waman.store import Workspace

FORMATS = ("geojson", "csv", "points", "kml", "gpx", "html", "json", "dossier")
LINES = ("geojson", "kml", "gpx")
ENDINGS = {"points": "points.csv", "html": "report.html", "json": "report.json", "dossier": "dossier.html"}


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMATS), default="geojson", show_default=True)
@click.option("--audience", "who", default="public", show_default=True, help="Who will read it: public, ranger, ...")
@click.option("--language", type=click.Choice(["en", "es"]), default="en", show_default=True, help="Of the page.")
@click.option(
    "--tolerance-m",
    type=click.FloatRange(0),
    default=10.0,
    show_default=True,
    help="Points within this of the line between their neighbours are left out of geojson, kml and gpx; 0 keeps all.",
)
@click.option("--flight", help="The flight of a dossier, as the table names it for that audience.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write  [default: flights.FORMAT there]")
def command(
    workspace: Path, form: str, who: str, language: str, tolerance_m: float, flight: str | None, output: Path | None
) -> None:
    """Write the flights of WORKSPACE as GeoJSON, CSV, KML, GPX, a page, the page's data, or a flight's dossier.

    For the public no address, callsign or registration leaves, strips and medical landings are cells of
    5 km, stops wait 48 hours, and no predicted position leaves for anybody.
    """
    from waman.access import audience, may_make
    from waman.cli._people import asker_of
    from waman.errors import InputError
    from waman.store import open_workspace, write_file

    space = open_workspace(workspace)
    if audience(who) != "public" and not may_make(asker_of(workspace), audience(who)):
        raise InputError(f"you may not make a product for {who}", hint="sign in as somebody who may see what is in it")
    shown = shown_of(space, audience(who), made_us=time.time_ns() // 1000)
    if form in LINES and tolerance_m:
        shown = shown.thinned(tolerance_m)
    text = _text(form, shown, space, language, flight)
    path = write_file(text, output or space.folder / ENDINGS.get(form, f"flights.{form}"))
    click.echo(f"{len(shown.flights)} flights for {who} -> {path}")


def shown_of(space: Workspace, who: Audience, *, made_us: int) -> Shown:
    """Return what an audience may see of a workspace: its flights, tracks, places and listed aerodromes."""
    from waman.export import veil
    from waman.flights import listed_aerodromes
    from waman.store import read_places
    from waman.store.rows import read_rows

    area = space.area
    places: dict[str, Any] = {p["id"]: p for p in listed_aerodromes(area.bbox)} if area.places.aerodromes else {}
    for file in area.files(area.places.files):
        places |= {p["id"]: p for p in read_places(file)[0].to_pylist()}
    files = [area.path(p.file) for p in area.plans] + [area.path(n) for r in area.registers for n in r.aircraft]
    rows = [row for file in files for row in read_rows(file, needs=())[0]]
    identities = [str(row[k]) for row in rows for k in ("registration", "callsign", "icao24") if row.get(k)]
    flights, tracks = space.read("flights"), space.read("tracks")
    return veil(flights, tracks, places.values(), made_us=made_us, audience=who, identities=identities)


def _text(form: str, shown: Shown, space: Workspace, language: str, flight: str | None) -> str:
    from waman import export

    if form in ("html", "json", "dossier"):
        from waman.report import document, write_dossier, write_html, write_json

        doc = document(shown, space.area, layers=_layers(space, shown) if form == "html" else ())
        if form == "dossier":
            return write_dossier(doc, flight or "", language=language)
        return write_html(doc, language=language) if form == "html" else write_json(doc)
    writers = {
        "geojson": export.to_geojson,
        "csv": export.flights_csv,
        "points": export.points_csv,
        "kml": export.to_kml,
        "gpx": export.to_gpx,
    }
    return writers[form](shown)


def _layers(space: Workspace, shown: Shown) -> list[Layer]:
    """Return the layers of what could not be seen, where there is a detection field and the audience may see it."""
    from waman.access import shows

    if not shows(shown.audience, "field_exact") or not (space.path("field") / "sensors.json").is_file():
        return []
    from waman.coverage import DetectionField
    from waman.report import coverage_layers

    return coverage_layers(DetectionField.load(space.path("field")), space.area.bbox)
