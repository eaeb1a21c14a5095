"""What traffic teaches: reception, calibration, and when a sensor was on."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from waman import tables
from waman.coverage import DetectionField, SensorModel, build_field, dark_stretches, state_at
from waman.coverage.availability import fell_inside, from_plots, from_rate
from waman.coverage.learn.calibration import Offset, apply_offsets, fit_offsets, opportunities, range_outline
from waman.coverage.learn.reception import crossed_bins, learn_reception

HOUR = 3_600_000_000
SECOND = 1_000_000
RADAR = SensorModel(
    id="ridge", kind="psr", lat_deg=-12.0, lon_deg=-76.0, method="radar", antenna_height_m=500.0,
    range_max_m=80_000.0, r90_m=60_000.0, scan_period_s=5.0,
)  # fmt: skip


def crossings(count: int, seed: int) -> list[dict[str, np.ndarray]]:
    """Return straight flights over two degrees of land, one position every two seconds."""
    rng = np.random.default_rng(seed)
    flights = []
    for _ in range(count):
        time = np.arange(0.0, 1500.0, 2.0) + rng.uniform(0, 20 * 3600)
        share = np.linspace(0.0, 1.0, time.size)
        lat = -13.0 + 2.0 * (rng.uniform(0.2, 0.8) + share * rng.uniform(-0.2, 0.2))
        flights.append(
            {"time": time, "lat": lat, "lon": -77.0 + 2.0 * share, "msl": np.full(time.size, rng.uniform(4600, 5900))}
        )
    return flights


def heard_by(share_of: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return which positions were heard: a bin of ten seconds is heard or missed as a whole."""
    bins = np.repeat(rng.random(share_of.size // 5 + 1), 5)[: share_of.size]
    return bins < share_of


def plots_of(flights: list[dict[str, np.ndarray]], heard: list[np.ndarray], sensor: str, first: int = 0) -> object:
    parts = [{k: v[h] for k, v in f.items()} for f, h in zip(flights, heard, strict=True)]
    names = [f"{first + i:06x}" for i, p in enumerate(parts) for _ in p["time"]]
    whole = {k: np.concatenate([p[k] for p in parts]) for k in ("time", "lat", "lon", "msl")}
    n = whole["time"].size
    return tables.table(
        "plots",
        {
            "time": (whole["time"] * 1e6).astype(np.int64), "sensor": [sensor] * n, "kind": ["ads_b"] * n,
            "lat_deg": whole["lat"], "lon_deg": whole["lon"], "altitude_msl_m": whole["msl"], "icao24": names,
            "source": ["made"] * n, "offset": np.arange(n),
        },
    )  # fmt: skip


def test_reception_learned_from_four_fifths_of_the_aircraft_predicts_the_others() -> None:
    rng = np.random.default_rng(20261125)
    flights = crossings(150, 5)
    # well heard in the west, badly in the east, as behind a ridge
    heard = [heard_by(np.where(f["lon"] < -76.0, 0.95, 0.4), rng) for f in flights]
    learned = learn_reception(plots_of(flights[:120], heard[:120], "net"), "net")
    predicted, happened = [], []
    for f, h in zip(flights[120:], heard[120:], strict=True):
        _, lat, lon, height, was = crossed_bins(tuple(f[k][h] for k in ("time", "lat", "lon", "msl")), 10.0)
        mean = learned.probability(lat, lon, height, None)
        known = np.isfinite(mean)
        predicted.append(mean[known])
        happened.append(was[known])
    p, w = np.concatenate(predicted), np.concatenate(happened)
    assert abs(p.mean() - w.mean()) < 0.05
    for part in (p > 0.7, p <= 0.7):
        assert part.sum() > 300 and abs(p[part].mean() - w[part].mean()) < 0.05


def test_where_no_aircraft_ever_flew_reception_is_unknown_and_few_passes_leave_it_wide() -> None:
    flights = crossings(1, 2)
    learned = learn_reception(plots_of(flights, [np.ones(750, bool)], "net"), "net")
    far, here = np.array([-20.0]), np.array([flights[0]["lat"][300]])
    assert np.isnan(learned.probability(far, np.array([-76.0]), np.array([5000.0]), None))[0]
    mean, low, high = learned.interval(here, flights[0]["lon"][300:301], flights[0]["msl"][300:301], None)
    assert 0.5 < mean[0] < 1.0 and high[0] - low[0] > 0.4, "one pass proves little"
    other_band = learned.probability(here, flights[0]["lon"][300:301], np.array([500.0]), None)
    assert np.isnan(other_band[0])


def test_a_long_silence_proves_nothing() -> None:
    time = np.concatenate((np.arange(0.0, 100.0), np.arange(3000.0, 3100.0)))
    track = (time, np.full(200, -12.0), np.full(200, -76.0), np.full(200, 5000.0))
    when, *_, heard = crossed_bins(track, 10.0)
    assert heard.all() and not ((when > 110.0) & (when < 2990.0)).any()


def test_an_offset_put_into_the_observations_is_found_within_its_interval() -> None:
    field = build_field([RADAR], (), cell_m=500.0)
    rng = np.random.default_rng(3)
    flights = [f for f in crossings(60, 9)]
    truth = {"time": [], "lat": [], "lon": [], "msl": []}
    truth_plots = plots_of(flights, [np.ones(750, bool)] * 60, "adsb")
    seen = []
    for f in flights:
        scan = np.zeros(750, bool)
        scan[::2] = True  # every four seconds; the radar turns in five, near enough for one plot a scan
        pd = field.detection_probability(f["lat"], f["lon"], f["msl"], "ridge")
        worse = 1.0 / (1.0 + np.exp(-(np.log(np.clip(pd, 1e-9, 1 - 1e-9) / np.clip(1 - pd, 1e-9, 1)) - 1.0)))
        seen.append(scan & (rng.random(750) < worse))
    del truth
    both = tables.concat("plots", [truth_plots, plots_of(flights, seen, "ridge")])  # type: ignore[list-item]
    found = opportunities(field, RADAR, both)
    offsets = fit_offsets(RADAR, found)
    assert found.pd.size > 5000 and offsets
    weight = np.array([o.n for o in offsets], float)
    mean = float(np.average([o.offset_logit for o in offsets], weights=weight))
    assert -1.6 < mean < -0.4, mean
    outline = range_outline(found)
    assert outline and all(r["observed_m"] <= 81_000 for r in outline)


def test_an_offset_moves_its_own_sector_only_and_keeps_zero_and_unknown() -> None:
    pd, lat, lon = np.array([0.9, 0.9, 0.0, np.nan]), np.array([-11.7, -12.3, -11.7, -11.7]), np.full(4, -75.99)
    moved = apply_offsets(
        [Offset(sensor="ridge", sector=0, height=300.0, offset_logit=-1.0, sd=0.1, n=100)],
        RADAR,
        pd,
        lat,
        lon,
        np.full(4, 500.0),
    )
    assert moved[0] == pytest.approx(1 / (1 + np.exp(-(np.log(9) - 1)))) and moved[1] == pytest.approx(0.9)
    assert moved[2] == 0.0 and np.isnan(moved[3])


def test_an_hour_deleted_from_a_recording_is_listed_as_unknown_and_searches_nothing() -> None:
    time = np.arange(0, 5 * HOUR, 10 * SECOND)
    time = time[(time < 2 * HOUR) | (time >= 3 * HOUR)]
    n = time.size
    plots = tables.table(
        "plots",
        {"time": time, "sensor": ["ridge"] * n, "kind": ["psr"] * n, "source": ["r"] * n, "offset": np.arange(n)},
    )
    log = from_plots(plots)
    dark = dark_stretches(log, ["ridge"], 0, 5 * HOUR - 10 * SECOND)
    assert [(d.start_us // HOUR, round((d.end_us - d.start_us) / HOUR), d.state) for d in dark] == [(1, 1, "unknown")]
    assert fell_inside(dark, [("report", 2 * HOUR + HOUR // 2, 2 * HOUR + HOUR // 2), ("flight", 0, HOUR)]) == {
        "report": ["ridge"]
    }
    field = build_field([msgspec.structs.replace(RADAR)], (), cell_m=500.0, availability=log)
    at = field.detection_probability([-12.1] * 2, -76.0, 500.0, "ridge", time=[HOUR, 2 * HOUR + HOUR // 2])
    assert at[0] > 0.9 and np.isnan(at[1])


def test_the_worse_of_two_records_holds_and_a_thin_hour_is_degraded() -> None:
    log = tables.table(
        "availability",
        {"sensor": ["a", "a", "a"], "start": [0, 40, 90], "end": [100, 60, 120], "state": ["up", "down", "unknown"]},
    )
    assert state_at(log, "a", [10, 50, 70, 100, 130]).tolist() == [2, 0, 2, -1, -1]
    time = np.concatenate(
        [np.linspace(h * HOUR, (h + 1) * HOUR - 1, 100 if h != 3 else 5).astype(np.int64) for h in range(8)]
    )
    n = time.size
    plots = tables.table(
        "plots",
        {
            "time": time, "sensor": ["a"] * n, "kind": ["mode_s"] * n, "icao24": ["abcdef"] * n,
            "source": ["r"] * n, "offset": np.arange(n),
        },
    )  # fmt: skip
    thin = from_rate(plots, sensors=["a"])
    assert state_at(thin, "a", [3 * HOUR + 1, 4 * HOUR + 1]).tolist() == [1, -1]


def test_a_network_is_unknown_until_traffic_taught_it() -> None:
    net = msgspec.structs.replace(RADAR, id="net", kind="network", method="learned")
    untaught = DetectionField([net])
    assert np.isnan(untaught.detection_probability(-12.0, -76.0, 500.0, "net")[0])
    flights = crossings(40, 8)
    learned = learn_reception(plots_of(flights, [np.ones(750, bool)] * 40, "net"), "net")
    taught = DetectionField([net], reception={"net": learned})
    f = flights[0]
    pd = taught.detection_probability(
        f["lat"][100:700:50], f["lon"][100:700:50], sensor="net", height_msl_m=f["msl"][100:700:50]
    )
    assert np.isfinite(pd).all() and (pd > 0.6).all()
