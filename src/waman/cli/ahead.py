"""``waman ahead``: at one moment, where flights go, what became of those no longer seen, and who could be there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from waman.flights.ahead.outlook import Outlook
    from waman.flights.ahead.response import Response
    from waman.store import Workspace

WORDS = {
    "en": {
        "head": "{n} flights at {at}. For people on the ground; this stays in the workspace.",
        "hindsight": "Made from a recording: a live display would have known less.",
        "to": "{flight}: {set}",
        "place": "{p:.0%} {place}",
        "when": " ({low:.0f}-{high:.0f} min)",
        "tells": "asking for transport tells {unit}",
        "wait": "A team already waiting at {place} would be there with probability {p:.0%}.",
        "lost": "{flight}: not seen for {min:.0f} min: masked {masked:.0%}, landed {landed:.0%}, "
        "left the area {left_area:.0%}, possible impact {impact:.1%}",
        "reach": "{team}: there before it leaves with probability {p:.0%} ({places})",
    },
    "es": {
        "head": "{n} vuelos a las {at}. Para quienes están en tierra; esto no sale del espacio de trabajo.",
        "hindsight": "Hecho a partir de una grabación: una pantalla en vivo habría sabido menos.",
        "to": "{flight}: {set}",
        "place": "{p:.0%} {place}",
        "when": " ({low:.0f}-{high:.0f} min)",
        "tells": "pedir transporte se lo dice a {unit}",
        "wait": "Un equipo que ya esperara en {place} estaría allí con probabilidad {p:.0%}.",
        "lost": "{flight}: sin verse desde hace {min:.0f} min: oculto {masked:.0%}, aterrizó {landed:.0%}, "
        "salió del área {left_area:.0%}, posible impacto {impact:.1%}",
        "reach": "{team}: allí antes de que se vaya con probabilidad {p:.0%} ({places})",
    },
}


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path))
@click.option("--at", help="The moment, such as 2015-10-14T12:10:00Z  [default: the last row of the tracks].")
@click.option("--flight", help="Only this flight.")
@click.option("--language", type=click.Choice(["en", "es"]), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def command(workspace: Path, at: str | None, flight: str | None, language: str, as_json: bool) -> None:
    """Say for one moment of WORKSPACE where flights are going and who on the ground could be there.

    For each flight in the air: the places that hold 90 % of the probability, with arrival windows; for each
    [[team]] of the area the probability of being there before the flight leaves again, and whom asking for
    transport would tell. Usually nobody can arrive, and then it says so, and where a team would have had to wait.
    Flights no longer seen come with what may have become of them; a possible impact comes first of all.
    Nothing is proposed while a lawful explanation is likelier than not, and nothing here is for the air.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from waman.cli._given import ground
    from waman.errors import Problems
    from waman.flights.ahead.outlook import outlook, scene_of
    from waman.geo.time import parse_utc_us, us_text
    from waman.store import open_workspace

    space, problems = open_workspace(workspace), Problems()
    tracks, flights = space.read("tracks"), space.read("flights")
    last = pc.max(tracks["time"].cast(pa.int64())).as_py()
    at_us = parse_utc_us(at) if at else int(last or 0)
    if flight is not None:
        flights = flights.filter(pc.or_(pc.equal(flights["flight"], flight), pc.less(flights["end"], _time(at_us))))
    scene = scene_of(space.area.bbox, _places(space), ground(space.area, problems))
    found = outlook(scene, tracks, flights, at_us=at_us, teams=space.area.team, pd=_pd(space))
    found = [o for o in found if flight in (None, o.flight)]
    if as_json:
        click.echo(json.dumps([_plain(o) for o in found], ensure_ascii=False))
        return
    words = WORDS[language]
    click.echo(words["head"].format(n=len(found), at=us_text(at_us)))
    for o in found:
        for line in _lines(o, language):
            click.echo(f"  {line}")
    click.echo(words["hindsight"])


def _time(at_us: int) -> Any:
    import pyarrow as pa

    from waman import tables

    return pa.scalar(at_us, tables.TIME)


def _places(space: Workspace) -> list[dict[str, Any]]:
    from waman.flights import listed_aerodromes
    from waman.store import read_places

    area = space.area
    rows = list(listed_aerodromes(area.bbox)) if area.places.aerodromes else []
    for file in area.files(area.places.files):
        rows += [p for p in read_places(file)[0].to_pylist() if p["lat_deg"] is not None]
    return rows


def _pd(space: Workspace) -> Callable[[Any, Any, Any, int], Any] | None:
    """Return the chance that any sensor sees an aircraft somewhere, where the workspace has a field."""
    if not (space.path("field") / "sensors.json").is_file():
        return None
    import numpy as np

    from waman.coverage import DetectionField

    field = DetectionField.load(space.path("field"))

    def seen(lat: Any, lon: Any, height: Any, time_us: int) -> Any:
        when = np.full(len(lat), np.datetime64(time_us, "us"))
        each = np.nan_to_num(field.detection_probability(lat, lon, height, time=when)).reshape(len(lat), -1)
        return 1.0 - np.prod(1.0 - each, axis=1)

    return seen


def _lines(o: Outlook, language: str) -> list[str]:
    from dataclasses import asdict

    from waman.flights.ahead.ending import RESCUE

    words = WORDS[language]
    if o.ending is not None:
        told = words["lost"].format(flight=o.flight, min=o.seen_s_ago / 60.0, **asdict(o.ending))
        return [RESCUE[language], told] if o.ending.rescue_first else [told]
    assert o.whither is not None and o.response is not None
    w, at = o.whither, {name: i for i, name in enumerate(o.whither.ids)}
    parts = []
    for name in w.likeliest()[:6]:
        i = at.get(name, len(w.ids))
        part = words["place"].format(p=float(w.probability[i]), place=name)
        if i < len(w.ids):
            part += words["when"].format(low=w.arrive_low_s[i] / 60.0, high=w.arrive_high_s[i] / 60.0)
        parts.append(part)
    return [words["to"].format(flight=o.flight, set=", ".join(parts)), *_proposed(o.response, language)]


def _proposed(r: Response, language: str) -> list[str]:
    from waman.flights.ahead.response import TEXT_ES

    words = WORDS[language]
    out = []
    for team in r.teams:
        places = ", ".join(f"{name} {p:.0%}" for name, p in team.by_place)
        line = words["reach"].format(team=team.team, p=team.reach, places=places)
        if team.tells:
            line += "; " + words["tells"].format(unit=team.tells)
        advice = TEXT_ES.get(team.advice, team.advice) if language == "es" else team.advice
        out.append(f"  {line}. {advice}".rstrip())
    if not r.teams:
        out.append("  " + (TEXT_ES.get(r.sentence, r.sentence) if language == "es" else r.sentence))
        if r.wait_at is not None:
            out.append("  " + words["wait"].format(place=r.wait_at[0], p=r.wait_at[1]))
    return out


def _plain(o: Outlook) -> dict[str, Any]:
    """Return an outlook as JSON: places with probability and window, teams, or what became of it."""
    from dataclasses import asdict

    out: dict[str, Any] = {"flight": o.flight, "seen_s_ago": round(o.seen_s_ago, 1)}
    if o.ending is not None:
        return {**out, "ending": asdict(o.ending), "rescue_first": o.ending.rescue_first}
    assert o.whither is not None and o.response is not None
    w = o.whither
    out["places"] = [
        {"place": name, "probability": float(w.probability[i]),
         "arrive_s": [float(w.arrive_low_s[i]), float(w.arrive_high_s[i])],
         "cost_excess": float(w.cost_excess[i]), "heading_cos": float(w.heading_cos[i]), "usage": float(w.usage[i])}
        for i, name in enumerate(w.ids) if w.probability[i] >= 0.001
    ]  # fmt: skip
    out["elsewhere"], out["set90"] = float(w.probability[-1]), w.likeliest()
    return {**out, "response": asdict(o.response)}
