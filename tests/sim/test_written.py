"""What ``waman simulate`` writes: every file of the contract, readable by the other stages, truth apart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from sim.small import EXAMPLES, NIGHT, night
from waman import tables
from waman.cli import main
from waman.cli.simulate import write_world
from waman.config import load_area
from waman.sim import load_scenario, simulate

SCENARIOS = [NIGHT, *sorted(EXAMPLES.glob("*.toml"))]
KNOWN = ("plots", "truth", "availability")
TRUTH_WORDS = ("corridor", "lawful", "target")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("night")
    write_world(simulate(night(seed=17)), out)
    return out


def test_every_file_of_the_contract_is_there(folder: Path) -> None:
    for name in (*KNOWN, "events", "links"):
        assert pq.read_table(folder / f"{name}.parquet").num_rows > 0, name
    for name in KNOWN:
        tables.check(name, pq.read_table(folder / f"{name}.parquet"))
    for name in ("area.toml", "places.geojson", "plans.csv", "register.csv", "reports.csv", "tips.jsonl"):
        assert (folder / name).stat().st_size > 0, name


def test_the_area_file_reads_back_with_the_sensors_of_the_scenario(folder: Path) -> None:
    area = load_area(folder)
    assert area.sensor == load_scenario(NIGHT).sensor
    assert all((folder / f).is_file() for f in (*area.terrain.sources, *area.places.files, area.plans[0].file))
    assert area.plans[0].completeness is not None and not area.places.aerodromes


def test_nothing_that_people_could_know_tells_the_truth(folder: Path) -> None:
    for name in ("plans.csv", "register.csv", "reports.csv", "tips.jsonl", "places.geojson", "area.toml"):
        text = (folder / name).read_text(encoding="utf-8").lower()
        body = text if name != "area.toml" else text.split("\n", 2)[2].replace('name = "corridor night', "")
        assert not any(word in body for word in TRUTH_WORDS), name
    plots = pq.read_table(folder / "plots.parquet")
    assert set(plots.schema.names) == set(tables.SCHEMAS["plots"].names)


def test_the_written_ground_is_the_ground_the_flights_flew_over(folder: Path) -> None:
    import rasterio

    world = simulate(night(seed=17))
    with rasterio.open(folder / "dem" / "ground.tif") as data:
        for p in world.places[:5]:
            lat, lon = world.plane.frame.to_degrees(east_m=p.east_m, north_m=p.north_m)
            read = next(data.sample([(float(lon), float(lat))]))[0]
            assert abs(float(read) - p.elevation_m) < 60.0  # nearest node against bilinear, on level ground


def test_settlements_are_on_the_map_whether_or_not_a_list_has_their_strip(folder: Path) -> None:
    features = json.loads((folder / "places.geojson").read_text(encoding="utf-8"))["features"]
    homes = {f["properties"]["id"][1:] for f in features if f["properties"]["kind"] == "village"}
    strips = {f["properties"]["id"] for f in features if f["properties"]["kind"] == "strip"}
    assert homes - strips and strips - homes
    assert not any(name.startswith("S") for name in homes)  # the corridor's strips are nobody's home


def test_plots_come_in_order_of_time_and_each_has_its_own_lineage(folder: Path) -> None:
    plots = pq.read_table(folder / "plots.parquet")
    times = plots["time"].cast("int64").to_numpy()
    assert (np.diff(times) >= 0).all()
    assert len(set(plots["lineage"].to_pylist())) == plots.num_rows


def test_tips_hold_what_the_leak_test_reads(folder: Path) -> None:
    for line in (folder / "tips.jsonl").read_text(encoding="utf-8").splitlines():
        tip = json.loads(line)
        assert set(tip) == {"tip", "time", "randomised", "share_probability", "shared_with", "outcome", "pd"}
        assert tip["outcome"] in ("show", "no_show", "unknown") and 0.0 <= tip["pd"] <= 1.0


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_every_shipped_scenario_says_that_it_is_simulated(path: Path) -> None:
    found = load_scenario(path)
    assert "simulated" in found.name.lower()
    assert found.sensor and found.lawful.per_corridor_flight >= 3.0


def test_the_stand_in_flies_over_the_ground_that_comes_with_waman(tmp_path: Path) -> None:
    main(["simulate", str(EXAMPLES / "andes_stand_in.toml"), "-o", str(tmp_path), "--no-plots"])
    summary = json.loads((tmp_path / "simulation.json").read_text(encoding="utf-8"))
    assert summary["flights_corridor"] > 5 and "stand-in" in summary["scenario"]
    height = pq.read_table(tmp_path / "truth.parquet")["altitude_msl_m"].to_numpy()
    assert np.nanmax(height) > 4000.0  # the Andes have to be crossed


def test_a_missing_terrain_file_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = 'name = "a"\nseed = 1\n[land]\nsources = ["nowhere.tif"]\n'
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        main(["simulate", str(tmp_path / "s.toml"), "-o", str(tmp_path / "out")])
    assert stopped.value.code == 2
    assert "nowhere.tif" in capsys.readouterr().err


def test_the_simulators_own_sight_agrees_with_the_coverage_field_written_apart_from_it(folder: Path) -> None:
    from waman.coverage import DetectionField

    main(["cover", str(folder), "-o", str(folder / "field"), "--no-maps", "--cell-m", "250"])
    field, world = DetectionField.load(folder / "field"), simulate(night(seed=17))
    rng = np.random.default_rng(1)
    e, n = rng.uniform(-80e3, 80e3, (2, 4000))
    lat, lon = world.plane.frame.to_degrees(east_m=e, north_m=n)
    for sensor in world.scenario.sensor:
        for height in (300.0, 1000.0):
            own = world.seeing.detection_probability(lat, lon, np.full(lat.size, height), sensor.id)
            theirs = field.detection_probability(lat, lon, height, sensor=sensor.id)
            known = np.isfinite(theirs)
            assert known.mean() > 0.3
            # two line-of-sight models over one ground: they may differ at the edge of a shadow
            assert np.mean((own > 0.02)[known] == (theirs > 0.02)[known]) > 0.97
            both = known & (own > 0.02) & (theirs > 0.02)
            assert np.abs(own - theirs)[both].mean() < 0.03
