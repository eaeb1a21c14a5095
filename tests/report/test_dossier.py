"""The dossier of a flight holds what was seen, what was not, and where it is recorded."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from export.scenes import PLANTED
from report.test_document import made
from waman.errors import InputError
from waman.report import write_dossier


def page(flight: str, audience: str = "public", language: str = "en") -> str:
    return write_dossier(made(audience), flight, language=language)


def drawing(html: str, number: int) -> ET.Element:
    start = -1
    for _ in range(number + 1):
        start = html.index("<svg", start + 1)
    return ET.fromstring(html[start : html.index("</svg>", start) + 6])


def of(svg: ET.Element, kind: str) -> list[ET.Element]:
    return [e for e in svg.iter() if e.get("class", "").split(" ")[0] == kind]


def test_a_path_with_a_gap_is_two_lines_and_a_dotted_join() -> None:
    svg = drawing(page("W-0003"), 0)
    assert (len(of(svg, "run")), len(of(svg, "gap"))) == (2, 1)


def test_the_path_stays_inside_its_picture_and_keeps_its_shape() -> None:
    (line,) = of(drawing(page("W-1000"), 0), "run")
    points = [tuple(map(float, p.split(","))) for p in line.get("points", "").split()]
    assert all(0 <= x <= 720 and 0 <= y <= 360 for x, y in points)
    (x0, y0), (x1, y1) = points[0], points[-1]
    # from 13.0 S 77.0 W to 11.5 S 73.0 W: east 4 degrees x cos(12.25), north 1.5 degrees
    assert (y0 - y1) / (x1 - x0) == pytest.approx(1.5 / (4.0 * 0.97723), rel=0.01)


def test_heights_come_with_their_band() -> None:
    svg = drawing(page("W-1000"), 1)
    assert len(of(svg, "band")) == len(of(svg, "run")) == 1
    assert "1599" in page("W-1000")  # the top of the axis: 1,500 m and 1.645 x 60 m


def test_what_was_not_observed_is_a_row_of_its_own() -> None:
    html = page("W-0003")
    assert html.count("<th scope=row>not observed</th>") == 1
    assert html.count("<th scope=row>observed</th>") == 2
    assert "The landing was not observed by our coverage." in html


@pytest.mark.parametrize("flight", ["W-0001", "F0002", "W-0003"])
def test_nobody_is_named_to_the_public(flight: str) -> None:
    html = page(flight)
    assert [w for w in PLANTED if w.casefold() in html.casefold()] == []
    assert "radar.ast" not in html and "Files and offsets are not shown" in html


def test_the_workspace_reads_file_and_offset() -> None:
    assert "radar.ast: 121 observations, bytes 0 to 120" in page("W-0001", "workspace")


def test_spanish_holds_the_checks_and_the_sentences() -> None:
    html = page("F0002", language="es")
    assert "Comprobaciones pendientes" in html and "¿Se preguntó a la central de vuelos médicos?" in html
    assert "aún no explicado" in html


def test_it_needs_no_script_and_allows_none() -> None:
    html = page("W-0001")
    assert "<script" not in html and "default-src 'none'; style-src 'sha256-" in html


def test_an_unknown_flight_is_refused() -> None:
    with pytest.raises(InputError, match="no flight 'X'"):
        page("X")
