"""Tracks of ideal association: nothing in them but what was detected, and a tracker's errors."""

from __future__ import annotations

import numpy as np
import pytest

from sim.small import world
from waman import tables
from waman.geo.time import parse_utc_us
from waman.sim.seen.tracked import associated


@pytest.fixture(scope="module")
def made() -> tuple:
    w = world(days=2)
    return (w, *associated(w))


def test_the_rows_keep_the_contract_and_hold_no_truth(made: tuple) -> None:
    _, tracks, links = made
    tables.check("tracks", tracks)
    assert tracks.num_rows > 2000 and links.num_rows > 10
    assert set(tracks.schema.names) == set(tables.SCHEMAS["tracks"].names)
    assert set(links["track"].to_pylist()) == set(tracks["track"].to_pylist())


def test_positions_scatter_about_the_truth_by_the_stated_sigma(made: tuple) -> None:
    w, tracks, links = made
    target = dict(zip(links["track"].to_pylist(), links["target"].to_pylist(), strict=True))
    start, m, errors = parse_utc_us(w.scenario.start), w.motion, []
    rows = tracks.select(["track", "lat_deg", "lon_deg"]).to_pydict()
    times = (tracks["time"].cast("int64").to_numpy() - start) / 1e6
    e, n = w.plane.frame.to_plane(lat_deg=rows["lat_deg"], lon_deg=rows["lon_deg"])
    for k in range(0, len(times), 7):
        a, b = m.offsets[target[rows["track"][k]] - 1], m.offsets[target[rows["track"][k]]]
        errors.append(e[k] - np.interp(times[k], m.time_s[a:b], m.east_m[a:b]))
        errors.append(n[k] - np.interp(times[k], m.time_s[a:b], m.north_m[a:b]))
    assert np.std(errors) == pytest.approx(tracks["sigma_major_m"][0].as_py(), rel=0.1)


def test_aircraft_without_transponder_have_neither_height_nor_name(made: tuple) -> None:
    w, tracks, links = made
    dark = {i + 1 for i, t in enumerate(w.trips) if not t.identity.ssr}
    rows = tracks.filter(
        np.isin(tracks["track"].to_numpy(), [r["track"] for r in links.to_pylist() if r["target"] in dark])
    )
    assert rows.num_rows > 100
    assert rows["altitude_msl_m"].null_count == rows["icao24"].null_count == rows.num_rows


def test_heights_are_pressure_heights_and_so_too_low_in_warm_air(made: tuple) -> None:
    w, tracks, links = made
    target = dict(zip(links["track"].to_pylist(), links["target"].to_pylist(), strict=True))
    start, m, errors = parse_utc_us(w.scenario.start), w.motion, []
    for r in tracks.select(["track", "time", "altitude_msl_m"]).slice(0, 20_000).to_pylist()[::11]:
        a, b = m.offsets[target[r["track"]] - 1], m.offsets[target[r["track"]]]
        t = r["time"].timestamp() - start / 1e6
        true = np.interp(t, m.time_s[a:b], m.height_m[a:b])
        if r["altitude_msl_m"] is not None and true > 3000.0:
            errors.append(r["altitude_msl_m"] - true)
    assert len(errors) > 20 and np.median(errors) < -100.0


def test_strips_of_the_corridor_keep_away_from_aerodromes() -> None:
    w = world(days=2)
    for s in w.strips:
        for p in w.places:
            if p.role == "aerodrome":
                assert np.hypot(s.east_m - p.east_m, s.north_m - p.north_m) > 12_000.0
