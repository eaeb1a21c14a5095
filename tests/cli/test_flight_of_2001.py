"""The flight of 20 April 2001 through every stage: radar plots in, a page out that says what nobody checked.

Rebuilt from the public facts (docs: facts of the corridor, section 8): a floatplane on the Amazon at 4,500 ft, over the
border, no plan that the source could find, its registration unread, no evasion. A primary radar gives no height.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from waman import cli, tables
from waman.store import read_table, write_table

AREA = """
name = "Loreto, April 2001 (rebuilt)"
bbox = [-74.0, -6.0, -69.0, -2.0]
timezone = "America/Lima"
[[sensor]]
id = "aerostat"
kind = "psr"
lat_deg = -3.6
lon_deg = -70.9
antenna_height_m = 3000
range_min_m = 1000
range_max_m = 150000
scan_period_s = 12.0
sigma_range_m = 100
sigma_azimuth_deg = 0.15
r90_m = 140000
rcs_m2 = 2.0
swerling = 1
pfa = 1e-6
elevation_min_deg = -5.0
[[plans]]
file = "plans.csv"
completeness = [0.9, 1.0]
"""
WAY = [(0.0, -4.25, -69.7), (400.0, -4.2, -69.9), (3000.0, -3.75, -71.2), (4800.0, -3.4, -72.0)]
RADAR = (-3.6, -70.9)


def plots() -> dict[str, object]:
    rng = np.random.default_rng(2001)
    t = np.arange(0.0, 4800.0, 12.0)
    t = t[rng.random(t.size) < 0.9]
    when, lat, lon = np.array(WAY).T
    lat, lon = np.interp(t, when, lat), np.interp(t, when, lon)
    north = (lat - RADAR[0]) * 111_195.0
    east = (lon - RADAR[1]) * 111_195.0 * np.cos(np.radians(RADAR[0]))
    reach = np.hypot(north, east) + rng.normal(0.0, 100.0, t.size)
    bearing = np.arctan2(east, north) + np.radians(rng.normal(0.0, 0.15, t.size))
    start = 987_782_400_000_000  # 2001-04-20T16:00:00Z
    return {
        "time": start + (t * 1e6).astype(np.int64), "sensor": ["aerostat"] * t.size, "kind": ["psr"] * t.size,
        "range_m": reach, "azimuth_deg": np.degrees(bearing) % 360.0,
        "lat_deg": RADAR[0] + reach * np.cos(bearing) / 111_195.0,
        "lon_deg": RADAR[1] + reach * np.sin(bearing) / (111_195.0 * np.cos(np.radians(RADAR[0]))),
        "sigma_m": np.full(t.size, 300.0), "source": ["plots"] * t.size, "offset": np.arange(t.size),
    }  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loreto")
    (folder / "area.toml").write_text(AREA, encoding="utf-8")
    (folder / "plans.csv").write_text(
        "flight,callsign,registration,icao24,origin,destination,off_block,route\n"
        "OTHER1,OTHER1,,,SPQT,SPCL,2001-04-20T15:00:00Z,DCT\n",
        encoding="utf-8",
    )
    write_table("plots", tables.table("plots", plots()), folder / "plots.parquet")
    told = CliRunner().invoke(cli.root, ["run", str(folder)], catch_exceptions=False)
    assert told.exit_code == 0
    return folder


def test_the_whole_chain_says_insufficient_and_that_nothing_was_checked(workspace: Path) -> None:
    rows = read_table("flights", workspace / "flights.parquet").to_pylist()
    longest = max(rows, key=lambda r: r["end"] - r["start"])
    rules = {f["rule"] for f in longest["findings"]}
    assert {"border.crossed", "plan.none", "identity.none"} <= rules
    assert {r["verdict"] for r in rows} == {"insufficient"}
    assert not any(c["done"] for c in longest["checks"])


def test_the_page_for_the_public_lists_what_nobody_checked(workspace: Path) -> None:
    doc = json.loads((workspace / "report.json").read_text())
    assert doc["summary"]["verdicts"]["unexplained"] == 0
    flight = max(doc["flights"], key=lambda f: len(f["path"]["time_s"]))
    assert len(flight["not_checked"]) == 8 and flight["not_checked"][:2] == ["registration_read", "radio_tried"]
    named = ["export", str(workspace), "--format", "dossier", "--flight", flight["flight"]]
    CliRunner().invoke(cli.root, [*named, "--language", "es"], catch_exceptions=False)
    assert "¿Se leyó la matrícula en la aeronave?" in (workspace / "dossier.html").read_text()
