"""Corrections on the command line: kept with their reason, applied by the next run, taken back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from waman import cli, tables
from waman.errors import InputError
from waman.geo.frames import Frame
from waman.store import parquet

T0_US = 1_760_000_000_000_000


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli.root, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with the plots and tracks of one aircraft flying east for two minutes."""
    folder = tmp_path / "w"
    run("new", str(folder))
    n = 30
    east = 70.0 * 4.0 * np.arange(n)
    lat, lon = Frame(lat0_deg=-12.0, lon0_deg=-74.0).to_degrees(east_m=east, north_m=np.zeros(n))
    plots = {
        "time": T0_US + 4_000_000 * np.arange(n), "sensor": ["hill"] * n, "kind": ["psr"] * n, "lat_deg": lat,
        "lon_deg": lon, "source": ["made.bin"] * n, "offset": np.arange(n),
    }  # fmt: skip
    parquet.write_table("plots", tables.table("plots", plots), folder / "plots.parquet")
    tracked(folder)
    return folder


def tracked(folder: Path) -> pa.Table:
    out = folder / "tracks.parquet"
    run("track", str(folder / "plots.parquet"), "--corrections", str(folder / "corrections.jsonl"), "-o", str(out))
    return parquet.read_table("tracks", out)


def test_a_split_holds_in_the_next_run_and_an_undo_takes_it_back(workspace: Path) -> None:
    whole = tracked(workspace)
    track = str(whole["track"][0].as_py())
    middle = "2025-10-09T08:54:21Z"
    said = run(
        "correct", str(workspace), "split", "--track", track, "--at", middle, "--because", "two seen", "--by", "k"
    )
    assert "1 corrections, 1 in force" in said
    assert len(tracked(workspace)["track"].unique()) == 2
    run("correct", str(workspace), "undo", "--of", "1", "--because", "it was one after all", "--by", "k")
    assert tracked(workspace).equals(whole)
    rows = json.loads(run("correct", str(workspace), "--json"))
    assert [(r["kind"], r["in_force"]) for r in rows] == [("split", False), ("undo", False)]


def test_a_rejected_plot_is_in_no_track_of_the_next_run(workspace: Path) -> None:
    run("correct", str(workspace), "reject", "--plot", "made.bin", "12", "--because", "a flock", "--by", "k")
    assert 12 not in tracked(workspace)["offset"].to_pylist()


def test_a_correction_that_lost_its_plot_is_listed_as_no_longer_applicable(workspace: Path) -> None:
    run("correct", str(workspace), "reject", "--plot", "other.bin", "7", "--because", "a flock", "--by", "k")
    assert "no longer applicable: the plot is not in this record" in run("correct", str(workspace))


def test_a_correction_without_a_reason_is_refused(workspace: Path) -> None:
    with pytest.raises(InputError, match="reason"):
        CliRunner().invoke(
            cli.root,
            ["correct", str(workspace), "reject", "--plot", "made.bin", "1", "--by", "k"],
            catch_exceptions=False,
        )
    assert not (workspace / "corrections.jsonl").exists()
