"""``waman export`` writes every format of a workspace for its audience."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from export.scenes import PLANTED, planted
from waman.cli import root
from waman.cli.export import FORMATS
from waman.store import open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a workspace with the planted scene, a plan and a register that name what must not leave."""
    scene = planted(2)
    strip = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-74.1938, -12.3071]}}
    strip["properties"] = {"id": "P-17", "kind": "strip", "listed": False}
    (tmp_path / "places.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [strip]}))
    (tmp_path / "plans.csv").write_text("callsign,registration,off_block\nOBQ77KX,OB-1408,2015-10-16T12:00:00Z\n")
    (tmp_path / "area.toml").write_text(
        'name = "Andes"\nbbox = [-77.9, -13.2, -72.5, -11.0]\n[places]\nfiles = ["places.geojson"]\n'
        '[[plans]]\nfile = "plans.csv"\n'
    )
    space = open_workspace(tmp_path)
    space.write("flights", scene.flights)
    space.write("tracks", scene.tracks)
    return tmp_path


@pytest.mark.parametrize("form", [f for f in FORMATS if f != "dossier"])
def test_a_public_export_names_nobody(workspace: Path, form: str) -> None:
    out = workspace / "out.txt"
    run = CliRunner().invoke(root, ["export", str(workspace), "--format", form, "-o", str(out)])
    assert run.exit_code == 0, run.output
    assert "5 flights for public" in run.output
    text = out.read_text(encoding="utf-8").casefold()
    assert [w for w in PLANTED if w.casefold() in text] == []


def test_the_workspace_may_see_what_the_public_may_not(workspace: Path) -> None:
    out = workspace / "out.csv"
    CliRunner().invoke(root, ["export", str(workspace), "--format", "csv", "--audience", "workspace", "-o", str(out)])
    assert "OBQ77KX" in out.read_text()


def test_an_unknown_audience_is_refused_with_the_list(workspace: Path) -> None:
    run = CliRunner().invoke(root, ["export", str(workspace), "--audience", "friends"])
    assert run.exit_code != 0
    assert "no audience 'friends'" in str(run.exception)


def test_a_tolerance_leaves_out_points_and_zero_keeps_all(workspace: Path) -> None:
    sizes = []
    for tolerance in ("0", "50"):
        out = workspace / "out.gpx"
        CliRunner().invoke(
            root, ["export", str(workspace), "--format", "gpx", "--tolerance-m", tolerance, "-o", str(out)]
        )
        sizes.append(out.read_text().count("<trkpt"))
    assert sizes[1] < sizes[0] / 10


def test_a_dossier_of_a_flight_that_is_not_there_says_so(workspace: Path) -> None:
    run = CliRunner().invoke(root, ["export", str(workspace), "--format", "dossier", "--flight", "W-9"])
    assert "no flight 'W-9' in this report" in str(run.exception)
    out = workspace / "dossier.html"
    run = CliRunner().invoke(root, ["export", str(workspace), "--format", "dossier", "--flight", "W-0001"])
    assert run.exit_code == 0, run.output
    assert "OBQ77KX" not in out.read_text(encoding="utf-8")
