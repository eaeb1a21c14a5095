"""A doubt once recorded stands in every format, for every audience, whatever the flight is called later."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from export.scenes import MADE_US, Scene, planted
from report.test_document import unpacked
from waman import tables
from waman.config import Area
from waman.export import Shown, flights_csv, points_csv, to_geojson, to_gpx, to_kml, veil
from waman.flights.checks import CHECKS, answered
from waman.report import document, write_dossier, write_html, write_json

WORDS = "too high and too slow for the profile"
AREA = Area(name="A", bbox=(-78.0, -15.0, -72.0, -10.0))
FLIGHT = 2  # of the scene: lost from cover, no place of it is blurred


def paper(shown: Shown) -> dict:
    return document(shown, AREA)


FORMATS: dict[str, Callable[[Shown], str]] = {
    "geojson": to_geojson,
    "csv": flights_csv,
    "points": points_csv,
    "kml": to_kml,
    "gpx": to_gpx,
    "json": lambda s: write_json(paper(s)),
    "html": lambda s: unpacked(write_html(paper(s))),
    "dossier": lambda s: write_dossier(paper(s), s.flights[FLIGHT].flight),
    "dossier in Spanish": lambda s: write_dossier(paper(s), s.flights[FLIGHT].flight, language="es"),
}


def doubted(verdict: str, *, people: tuple[str, ...] = ()) -> Scene:
    """Return the scene with a doubt on its last flight, called something, after some people went through the list."""
    scene = planted()
    rows = scene.flights.to_pylist()
    checks = answered([], check="doubt", done=False, by="doubter-nine", time_us=MADE_US, answer=WORDS)
    for person in people:
        for check in CHECKS:
            checks = answered(checks, check=check, done=True, by=person, time_us=MADE_US + 1, answer="no")
    rows[FLIGHT] |= {"verdict": verdict, "checks": checks, "basis": "declared" if verdict == "explained" else None}
    names = list(rows[0])
    table = tables.table("flights", {n: [r[n] for r in rows] for n in names})
    return Scene(table, scene.tracks, scene.places)


def shown(scene: Scene, audience: str) -> Shown:
    return veil(scene.flights, scene.tracks, scene.places, made_us=MADE_US, audience=audience)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("verdict", ["insufficient", "explained", "unexplained"])
def test_the_doubt_stands_in_every_format_whatever_the_verdict(name: str, verdict: str) -> None:
    scene = doubted(verdict, people=("p1", "p2"))
    for audience in ("public", "unit", "workspace"):
        assert WORDS in FORMATS[name](shown(scene, audience)), (audience, verdict)


@pytest.mark.parametrize("name", FORMATS)
def test_unexplained_leaves_in_no_format_without_two_people(name: str) -> None:
    """Every word "unexplained" that is left belongs to counts, colours and explanations, the same with and without."""
    one, none = (shown(doubted("unexplained", people=p), "public") for p in (("p1",), ()))
    other = shown(doubted("insufficient"), "public")
    assert [f.row["verdict"] for f in (*one.flights, *none.flights)].count("unexplained") == 0
    pending = "not_yet_explained"
    counts = [FORMATS[name](s).replace(pending, "").count("unexplained") for s in (one, other)]
    assert counts[0] == counts[1] or name.startswith("dossier")


def test_two_people_open_the_door() -> None:
    two = shown(doubted("unexplained", people=("p1", "p2")), "public")
    assert two.flights[FLIGHT].row["verdict"] == "unexplained"
    rows = flights_csv(two).splitlines()
    assert ",unexplained," in rows[1 + FLIGHT] and WORDS in rows[1 + FLIGHT]


def test_who_doubted_is_not_told_to_the_public() -> None:
    for write in FORMATS.values():
        assert "doubter-nine" not in write(shown(doubted("insufficient"), "public"))


def test_a_dossier_says_how_many_checks_two_people_must_still_go_through() -> None:
    page = FORMATS["dossier"](shown(doubted("unexplained", people=("p1",)), "public"))
    assert "Two people must go through 8 checks" in page
    assert "Two people must go through" not in FORMATS["dossier"](shown(doubted("insufficient"), "public"))
