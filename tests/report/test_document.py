"""The document says what the tables say, to its audience, and the page is made of nothing else."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from export.scenes import PLANTED, planted
from waman.config import Area
from waman.errors import Problems
from waman.export import veil
from waman.report import Layer, document, summary, write_html, write_json
from waman.report.document import KEPT

AREA = Area(name="Andes <west> of the VRAEM", bbox=(-77.9, -13.2, -72.5, -11.0), timezone="America/Lima")
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def made(audience: str = "public", count: int = 4, **more: object) -> dict:
    scene = planted(count)
    shown = veil(scene.flights, scene.tracks, scene.places, made_us=scene.made_us, audience=audience)  # type: ignore[arg-type]
    return document(shown, AREA, **more)  # type: ignore[arg-type]


def unpacked(html: str) -> str:
    """Return the page with everything it carries packed put beside it, but for the map library."""
    packed = re.findall(r'id="w-(?:data|basemap)">([^<]+)<', html)
    assert len(packed) == 2
    return html + "".join(gzip.decompress(base64.b64decode(p)).decode("utf-8") for p in packed)


def layer(*, exact: bool) -> Layer:
    words = {"en": "Seen at 300 m", "es": "Visible a 300 m"}
    return Layer("low", PNG, (-77.0, -13.0, -73.0, -11.0), words, words, exact=exact)


def test_no_planted_identity_is_in_the_public_page_its_twin_or_the_terminal() -> None:
    problems = Problems()
    problems.add("OB-1408.json:3", "OBQ77KX has no position", "e94b2f")
    doc = made(sources=["recording of OBQ77KX"], problems=problems, notes=[{"en": "See e94b2f.", "es": "Vea e94b2f."}])
    out = io.StringIO()
    Console(file=out, width=200).print(summary(doc))
    for text in (unpacked(write_html(doc)), write_json(doc), out.getvalue()):
        assert [w for w in PLANTED if w.casefold() in text.casefold()] == []


def test_the_workspace_page_holds_them_so_the_test_above_can_fail() -> None:
    assert "OBQ77KX" in unpacked(write_html(made("workspace")))


def test_the_twin_is_the_document_and_counts_what_the_table_holds() -> None:
    doc = made()
    twin = json.loads(write_json(doc))
    assert twin["kind"] == "waman-report" and twin["schema"] == 1
    assert twin["summary"]["flights"] == len(twin["flights"]) == 7
    assert sum(twin["summary"]["verdicts"].values()) == 7
    assert twin["summary"]["landing_not_observed"] == sum(f["landed"] is None for f in twin["flights"])
    assert twin["flights"][1]["verdict"] == "not_yet_explained"


def test_the_headline_names_the_time_zone_and_what_was_not_observed() -> None:
    doc = made()
    assert "(America/Lima)" in doc["headline"]["en"]
    assert "the landing was not observed" in doc["headline"]["en"]
    assert "no se observó el aterrizaje" in doc["headline"]["es"]


def test_no_flights_make_a_page_that_says_so() -> None:
    scene = planted()
    doc = document(veil(scene.flights.slice(0, 0), scene.tracks.slice(0, 0), [], made_us=0), AREA)
    assert "No flight could be formed" in write_html(doc)
    assert "ningún vuelo" in write_html(doc, language="es")


def test_names_from_the_data_never_become_markup_or_slots() -> None:
    html = write_html(made(title="<script>alert(1)</script> {{rows}} {{t:why}}"))
    assert "<script>alert" not in html
    assert "{{rows}} {{t:why}}" in html


def test_the_same_input_gives_the_same_bytes() -> None:
    assert write_html(made()) == write_html(made())


def test_exact_layers_stay_with_those_who_may_see_the_exact_field() -> None:
    both = [layer(exact=False), layer(exact=True)]
    public, planner = made(layers=both), made("planner", layers=both)
    assert (len(public["layers"]), public["layers_withheld"]) == (1, 1)
    assert (len(planner["layers"]), planner["layers_withheld"]) == (2, 0)
    assert "png" not in json.loads(write_json(public))["layers"][0]


def test_the_policy_allows_no_address_and_no_inline_style_or_script_but_its_own() -> None:
    html = write_html(made())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html).group(1)  # type: ignore[union-attr]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in policy and "unsafe" not in policy and "*" not in policy
    assert not re.search(r"<[^>]+\s(style|on\w+)=", html.split("<body>")[1].split('<script type="application/gzip"')[0])


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_is_below_its_weight(language: str) -> None:
    assert len(write_html(made(count=60), language=language).encode()) < 1_000_000


def test_the_terminal_shows_what_needs_a_reader_first() -> None:
    out = io.StringIO()
    Console(file=out, width=160).print(summary(made(count=30), flights_max=5))
    lines = out.getvalue().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("Flight"))
    assert "F0002" in lines[first + 1] and "not yet explained" in lines[first + 1]
    assert any("5 of 33 flights shown" in line for line in lines)


def test_the_page_on_the_report_names_every_key_of_a_flight() -> None:
    page = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    flight = made("workspace")["flights"][0]
    columns = set(KEPT) | {"flight", "start", "end"}
    assert not [key for key in flight if key not in columns and f".{key}" not in page]
