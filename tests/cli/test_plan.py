"""``waman plan`` over a smooth earth: a plan with its bound, its curve, and sentences where no plan can be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from waman import cli
from waman.errors import InputError

AREA = """
name = "Smooth"
bbox = [-76.0, -12.0, -75.0, -11.0]
[places]
files = ["places.geojson"]
aerodromes = false
[siting]
grid_m = 6000
height_agl_m = 300
exits = "exits.geojson"
"""


def point(name: str, lon: float, lat: float, **more: object) -> dict[str, object]:
    properties = {"id": name, **more}
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Point", "coordinates": [lon, lat]}}


def collection(*features: dict[str, object]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


@pytest.fixture
def area(tmp_path: Path) -> Path:
    (tmp_path / "area.toml").write_text(AREA)
    strips = [point(f"s{i}", -75.9, -11.9 + 0.2 * i, kind="strip", listed=False) for i in range(4)]
    (tmp_path / "places.geojson").write_text(collection(*strips))
    line = {"type": "LineString", "coordinates": [[-75.02, -11.98], [-75.02, -11.02]]}
    (tmp_path / "exits.geojson").write_text(collection({"type": "Feature", "properties": {}, "geometry": line}))
    radar = {"r90_m": 25_000, "range_max_m": 40_000, "antenna_height_m": 15}
    offers = [
        point(f"c{i}{j}", -75.7 + 0.2 * i, -11.85 + 0.23 * j, cost=1, **radar) for i in range(3) for j in range(4)
    ]
    (tmp_path / "candidates.geojson").write_text(collection(*offers))
    return tmp_path


def run(area: Path, *more: str) -> str:
    call = ["plan", str(area), "--candidates", str(area / "candidates.geojson"), "-o", str(area / "plan.json")]
    brief = [] if "--meant" in more else ["--meant", "0", "--no-sensitivity"]
    result = CliRunner().invoke(cli.root, [*call, "--seconds", "8", *brief, *more], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_a_plan_holds_its_bound_its_promise_and_the_curve(area: Path) -> None:
    run(area, "--budget", "3")
    plan = json.loads((area / "plan.json").read_text())
    assert 1 <= len(plan["chosen"]) <= 3 and plan["cost"] <= 3
    assert plan["worst_pd"] <= plan["upper_bound"] + 1e-9 and plan["gap"] >= -1e-9
    assert [p["budget"] for p in plan["curve"]] == [1, 2, 3]
    assert any("smooth earth" in text for text in plan["label"])
    assert (
        (area / "plan.csv").read_text("utf-8-sig").splitlines()[0].startswith("budget,worst_pd,upper_bound,promised_pd")
    )


def test_routes_stay_out_of_what_machines_are_told_on_the_terminal(area: Path) -> None:
    told = json.loads(run(area, "--budget", "2", "--no-curve", "--json"))
    assert "routes" not in told and told["chosen"]


def test_a_budget_below_the_cheapest_candidate_is_a_sentence(area: Path) -> None:
    with pytest.raises(InputError, match="buys nothing"):
        run(area, "--budget", "0.5")


def test_without_terrain_nothing_is_proposed(area: Path) -> None:
    call = ["plan", str(area), "--budget", "2", "-o", str(area / "plan.json")]
    with pytest.raises(InputError, match="no terrain to propose"):
        CliRunner().invoke(cli.root, call, catch_exceptions=False)


def test_an_area_without_strips_says_so(area: Path) -> None:
    (area / "places.geojson").write_text(collection())
    with pytest.raises(InputError, match="no strip lies inside"):
        run(area, "--budget", "2")


def test_everything_beside_the_plan_is_written_and_the_public_form_tells_no_place(area: Path) -> None:
    (area / "flow.csv").write_text("strip,q05,q50,q95\ns0,1,2,4\ns2,5,6,7\n")
    run(area, "--budget", "2", "--meant", "3", "--hidden", "--flow", str(area / "flow.csv"), "--public")
    plan = json.loads((area / "plan.json").read_text())
    assert {"balloon", "meant", "sensitivity", "hidden", "expected"} <= set(plan)
    assert set(plan["meant"]["plans"]) == {"plan", "mclp_area", "mclp_known", "greedy", "existing"}
    assert {c["what"] for c in plan["sensitivity"]} == {"rcs", "height", "terrain", "without"}
    assert (
        plan["expected"]["expected_pd_q05"] <= plan["expected"]["expected_pd"] <= plan["expected"]["upper_bound"] + 1e-6
    )
    given = "".join((area / f"plan-public{end}").read_text() for end in (".json", ".es.html", ".en.html"))
    points = [p for f in plan["routes"]["features"] for p in f["geometry"]["coordinates"]]
    points += [p for line in plan["today"] for p in line] + [s["at"] for s in plan["strips"]]
    points += [[s["lon_deg"], s["lat_deg"]] for s in plan["sites"]]
    shown = {lon_or_lat for p in points for lon_or_lat in p if round(lon_or_lat * 2) != lon_or_lat * 2}
    assert shown and not [v for v in shown if str(v) in given]
    names = [*plan["chosen"], *(s["id"] for s in plan["strips"])]
    assert not [n for n in names if f">{n}<" in given or f'"{n}"' in given]
    sites = (area / "plan-sites.csv").read_text("utf-8-sig").splitlines()
    assert sites[0].startswith("id,lat_deg,lon_deg") and len(sites) == 1 + len(plan["chosen"])


def test_a_second_run_goes_on_where_the_first_one_ended(area: Path) -> None:
    run(area, "--budget", "3", "--no-curve")
    first = json.loads((area / "plan.json").read_text())
    again = run(area, "--budget", "3", "--no-curve", "--seconds", "1")
    second = json.loads((area / "plan.json").read_text())
    assert "going on from plan.state" in again
    assert second["theta"] >= first["theta"] - 1e-9 and second["theta_upper"] <= first["theta_upper"] + 1e-9


def test_a_flow_that_names_no_strip_is_a_sentence(area: Path) -> None:
    (area / "flow.csv").write_text("strip,q05,q50,q95\nelsewhere,1,2,4\n")
    with pytest.raises(InputError, match="names no strip of this area"):
        run(area, "--budget", "2", "--flow", str(area / "flow.csv"))


def test_fuel_that_reaches_no_exit_is_a_sentence(area: Path) -> None:
    text = (area / "area.toml").read_text()
    (area / "area.toml").write_text(text + "range_max_km = 30\n")
    with pytest.raises(InputError, match="within range_max_km = 30"):
        run(area, "--budget", "2")


def test_a_road_stands_beside_each_chosen_site_and_a_file_without_one_is_a_sentence(area: Path) -> None:
    text = (area / "area.toml").read_text()
    (area / "area.toml").write_text(text + 'roads = "roads.geojson"\n')
    line = {"type": "LineString", "coordinates": [[-75.7, -12.0], [-75.7, -11.0]]}
    (area / "roads.geojson").write_text(collection({"type": "Feature", "properties": {}, "geometry": line}))
    run(area, "--budget", "2", "--no-curve")
    sites = {s["id"]: s for s in json.loads((area / "plan.json").read_text())["sites"]}
    assert sites["c00"]["nearest_road_km"] < 0.1 and 20 < sites["c10"]["nearest_road_km"] < 23
    assert "nearest_road_km" in (area / "plan-sites.csv").read_text("utf-8-sig").splitlines()[0]
    (area / "roads.geojson").write_text(collection())
    with pytest.raises(InputError, match="holds no road"):
        run(area, "--budget", "2", "--no-curve")


def flown_past(area: Path, *, minutes: float) -> Path:
    """Write the recorded truth of one flight through the middle of the area and one far outside any radar."""
    seconds = np.arange(0.0, minutes * 60.0, 4.0)
    parts = []
    for target, lat, west in (("a", -11.6, -75.9), ("b", -14.0, -79.0)):
        parts.append(
            pa.table({
                "time": pa.array((1.7e15 + seconds * 1e6).astype(np.int64), pa.timestamp("us", "UTC")),
                "target": [target] * seconds.size,
                "lat_deg": np.full(seconds.size, lat),
                "lon_deg": west + seconds * 60.0 / 109_000.0,
            })
        )  # fmt: skip
    pq.write_table(pa.concat_tables(parts), area / "truth.parquet")
    return area / "truth.parquet"


def test_recorded_flights_are_flown_past_every_plan_instead_of_drawn_ones(area: Path) -> None:
    run(area, "--budget", "3", "--no-curve", "--no-sensitivity", "--flights", str(flown_past(area, minutes=25.0)),
        "--meant", "24")  # fmt: skip
    meant = json.loads((area / "plan.json").read_text())["meant"]
    assert meant["flights"] == "recorded"
    assert {row["flights"] for row in meant["plans"].values()} == {2}
    # one flies through the radars of the plan, nobody sees the other, and without sensors nobody sees anything
    assert meant["plans"]["plan"]["shown"] == 1 and meant["plans"]["plan"]["minutes_tracked"] > 1.0
    assert meant["plans"]["existing"]["shown"] == 0


@pytest.mark.parametrize(("minutes", "match"), [(0.5, "no flight longer than a minute"), (None, "neither tracks nor")])
def test_flights_that_hold_none_are_a_sentence(area: Path, minutes: float | None, match: str) -> None:
    file = area / "truth.parquet"
    if minutes is None:
        pq.write_table(pa.table({"time": [1.0]}), file)
    else:
        flown_past(area, minutes=minutes)
    with pytest.raises(InputError, match=match):
        run(area, "--budget", "2", "--no-curve", "--meant", "1", "--flights", str(file))


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to another process on Windows")
def test_ctrl_c_at_a_running_plan_leaves_a_whole_plan_and_its_bound(area: Path) -> None:
    call = [sys.executable, "-c", "from waman.cli import main; main()", "plan", str(area), "--budget", "4"]
    files = ["--candidates", str(area / "candidates.geojson"), "-o", str(area / "plan.json")]
    with subprocess.Popen([*call, *files, "--seconds", "600", "--gap", "0"], stderr=subprocess.PIPE, text=True) as it:
        assert it.stderr is not None
        for line in it.stderr:
            if line.startswith("coverage of 12 of 12"):
                it.send_signal(signal.SIGINT)
                break
        it.stderr.read()
        assert it.wait(120) == 0
    plan = json.loads((area / "plan.json").read_text())
    assert plan["chosen"] and plan["cost"] <= 4 and plan["theta"] <= plan["theta_upper"] + 1e-9
    assert [label for label in plan["label"] if label.startswith("interrupted before")]
    assert (area / "plan.es.html").is_file() and (area / "plan.csv").is_file()
