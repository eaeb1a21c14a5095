"""The simulated world: reproducible, independent by element, and flown as aircraft fly."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from sim.small import NIGHT, night, world
from waman.errors import ConfigError
from waman.sim import ALTERNATIVES, observed, reports, simulate, with_alternative
from waman.sim.motion import within
from waman.sim.scenario import parse_scenario
from waman.sim.seen import tell


def _speed(w) -> np.ndarray:
    m = w.motion
    same = np.diff(within(m.offsets)) == 0
    step = np.maximum(np.diff(m.time_s), 1e-3)
    return (np.hypot(np.diff(m.east_m), np.diff(m.north_m)) / step)[same & (np.diff(m.time_s) > 1.0)]


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    code = "from waman.cli import main; main(['simulate', %r, '-o', %r])"
    sums = []
    for name in ("a", "b"):
        folder = tmp_path / name
        subprocess.run([sys.executable, "-c", code % (str(NIGHT), str(folder))], check=True, capture_output=True)
        sums.append({p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()})
    assert sums[0] == sums[1] and len(sums[0]) >= 12


def test_without_lawful_traffic_no_flight_of_the_corridor_changes() -> None:
    s = night(days=2)
    with_all, alone = (
        simulate(s),
        simulate(msgspec.structs.replace(s, lawful=msgspec.structs.replace(s.lawful, per_corridor_flight=0.0))),
    )
    rows = {}
    for w in (with_all, alone):
        t = tell.truth(w)
        rows[w is alone] = t.filter(np.invert(t["lawful"].to_numpy())).drop_columns(["target"]).to_pydict()
    assert len(rows[True]["time"]) > 1000
    assert rows[True] == rows[False]


def test_another_sensor_changes_no_plot_of_the_first() -> None:
    s = night(days=1, outages=msgspec.structs.replace(night().outages, uptime=1.0))
    # no pilot of this world cares for radar, so that routes stay too
    s = msgspec.structs.replace(s, corridor=msgspec.structs.replace(s.corridor, awareness=(0.0,)))
    one, two = (observed(simulate(msgspec.structs.replace(s, sensor=s.sensor[:k]))).plots for k in (1, 2))
    first = two.filter(np.array(two["sensor"].to_pylist()) == s.sensor[0].id)
    assert (
        first.drop_columns(["lineage"]).cast(one.drop_columns(["lineage"]).schema).to_pylist()
        == one.drop_columns(["lineage"]).to_pylist()
    )


def test_aircraft_keep_their_envelope_and_never_fly_underground() -> None:
    w = world()
    m = w.motion
    assert _speed(w).max() < 250.0
    agl = m.height_m - w.plane.elevation(m.east_m, m.north_m)
    assert agl.min() > -40.0  # straight lines between samples may cut a summit by some metres
    assert np.quantile(agl, 0.02) > -5.0
    light = np.array([t.category.startswith("corridor") for t in w.trips])[within(m.offsets)]
    same = (np.diff(within(m.offsets)) == 0) & light[1:]
    climb = np.diff(m.height_m)[same] / np.maximum(np.diff(m.time_s)[same], 1.0)
    assert np.quantile(climb, 0.995) < 12.0


def test_corridor_flights_come_from_the_border_stop_minutes_and_leave() -> None:
    w = world(days=4)
    m = w.motion
    edge = w.plane.east0_m + w.plane.width_m
    stays = []
    for i, t in enumerate(w.trips):
        if t.lawful:
            continue
        assert m.east_m[m.offsets[i]] > edge - 2500.0
        assert t.stops[0].startswith("border") and t.stops[1].startswith("S")
        if len(t.legs) == 2:
            first = m.leg_offsets[i]
            stays.append(m.leg_start_s[first + 1] - m.leg_end_s[first])
    assert len(stays) > 10 and min(stays) >= 300.0 and max(stays) <= 720.0


def test_lawful_traffic_is_three_times_the_corridors_and_a_twentieth_is_hard() -> None:
    trips = [t for seed in range(3) for t in simulate(night(seed=seed, days=20, sensor=())).trips]
    lawful = [t for t in trips if t.lawful]
    assert len(lawful) >= 3 * sum(not t.lawful for t in trips)
    assert np.mean([t.category.startswith("hard") for t in lawful]) == pytest.approx(0.05, abs=0.02)
    assert {t.category for t in lawful} >= {"air_taxi", "mission", "medevac", "military", "survey", "overflight"}
    # a lawful aircraft is in one place at a time
    for seed_trips in (lawful[:200],):
        names = [(t.day, t.identity.registration) for t in seed_trips if t.day == 0]
        assert len(names) == len(set(names))


def test_each_disguise_occurs_and_wears_what_it_says() -> None:
    w = simulate(with_alternative(night(days=30, sensor=()), "disguised"))
    kinds = {t.category for t in w.trips if not t.lawful}
    assert kinds == {f"corridor_{k}" for k in ("cloned", "stolen", "plan_left", "open", "dark")}
    own = {i.icao24 for i in w.fleet.identities}
    dead = {i.icao24 for i in w.fleet.dead}
    for t in w.trips:
        if t.category == "corridor_cloned":
            assert t.identity.icao24 in own
        if t.category == "corridor_stolen":
            assert t.identity.icao24 in dead
        if t.category == "corridor_plan_left":
            assert t.plans and t.plans[0].destination != t.stops[1]


def test_plots_scatter_about_the_truth_by_what_the_sensor_declares() -> None:
    w = world(days=1)
    got = observed(w)
    joined = got.plots.select(["source", "offset", "time", "sensor", "range_m", "lat_deg"]).to_pylist()
    link = {(r["source"], r["offset"]): r["target"] for r in got.links.to_pylist()}
    radar = w.scenario.sensor[0]
    from waman.geo.time import datetime_us, parse_utc_us

    e0, n0 = w.plane.frame.to_plane(lat_deg=radar.lat_deg, lon_deg=radar.lon_deg)
    start, m, errors = parse_utc_us(w.scenario.start), w.motion, []
    for r in joined:
        target = link[(r["source"], r["offset"])]
        if r["sensor"] != radar.id or target is None:
            continue
        a, b = m.offsets[target - 1], m.offsets[target]
        t = (datetime_us(r["time"]) - start) / 1e6
        e, n, h = (np.interp(t, m.time_s[a:b], v[a:b]) for v in (m.east_m, m.north_m, m.height_m))
        errors.append(r["range_m"] - np.hypot(np.hypot(e - e0, n - n0), h - w.antenna_msl_m(radar)))
    assert len(errors) > 500
    assert np.std(errors) == pytest.approx(radar.sigma_range_m, rel=0.2)


def test_no_plot_names_its_target_and_false_plots_outnumber_true_ones() -> None:
    got = observed(world(days=1))
    assert "target" not in got.plots.schema.names
    false = got.links["target"].null_count
    assert false > 0.5 * got.links.num_rows


def test_people_report_late_and_some_never() -> None:
    rows, links = reports(world(days=4))
    assert len(rows) == links.num_rows > 20
    assert all(r["received"] >= r["time_latest"] for r in rows)
    assert links["target"].null_count >= 1 or len(rows) < 60
    assert len({r["event"] for r in rows}) >= 3


@pytest.mark.parametrize("name", sorted(ALTERNATIVES))
def test_every_alternative_simulator_runs_and_is_another_world(name: str) -> None:
    s = with_alternative(night(days=3, sensor=()), name)
    w = simulate(s)
    assert len(w.trips) > 20
    assert name == "base" or s.parameter_hash() != night(days=3, sensor=()).parameter_hash()


def test_there_are_ten_alternatives_beside_the_base() -> None:
    assert len(ALTERNATIVES) == 11


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('name = "a"\nseed = 1\nsede = 2', "'sede'"),
        ('name = "a"\nseed = 1\n[corridor]\nflights_a_day = 2', "'flights_a_day'"),
        ('name = "a"\nseed = 1\nbbox = [1, 1, 0, 0]', "bbox"),
        ("name = 3", "name"),
        ('name = "a"\nseed = 1\n[[sensor]]\nid = "r"\nkind = "psr"', "'r'"),
        ("name = ", "TOML"),
    ],
)
def test_a_wrong_scenario_is_explained(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_scenario(text)
