"""When sensors were on: logs, plots as proof, and what an hour that is missing takes away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from waman import tables
from waman.cli import main
from waman.config import load_area
from waman.coverage import SensorModel, build_field, state_at
from waman.coverage.answer.dark import dark_hours
from waman.coverage.logs import combine, read_availability
from waman.coverage.run import cover
from waman.errors import InputError, Problems
from waman.flights import explain, given_of
from waman.geo.time import zone

SECOND, HOUR = 1_000_000, 3_600_000_000
START = 1_444_800_000_000_000  # 2015-10-14T05:20:00Z
MAST = SensorModel(
    id="mast", kind="ads_b", lat_deg=-11.0, lon_deg=-74.0, method="link", antenna_height_m=60.0,
    range_max_m=200_000.0, detection_probability=0.95, scan_period_s=10.0,
)  # fmt: skip


def recording(*, without: tuple[int, int] | None = None) -> pa.Table:
    """Plots of one receiver every ten seconds over seven hours, with a stretch cut out."""
    time = np.arange(START - 2 * HOUR, START + 5 * HOUR, 10 * SECOND)
    if without:
        time = time[(time < without[0]) | (time >= without[1])]
    n = time.size
    rows = {"time": time, "sensor": ["mast"] * n, "kind": ["ads_b"] * n, "icao24": ["e80001"] * n}
    return tables.table("plots", {**rows, "source": ["r"] * n, "offset": np.arange(n)})


def silent_flight() -> pa.Table:
    """A track without a transponder, half an hour long, in sight of the mast."""
    time = np.arange(0.0, 1800.0, 4.0)
    n = time.size
    return tables.table(
        "tracks",
        {
            "track": np.ones(n, np.int64), "time": (START + HOUR // 4 + time * SECOND).astype(np.int64),
            "lat_deg": np.full(n, -11.2), "lon_deg": -74.6 + time * 5e-4, "altitude_msl_m": np.full(n, 3000.0),
            "altitude_sigma_m": np.full(n, 20.0), "vn_mps": np.zeros(n), "ve_mps": np.full(n, 54.5),
            "state": ["confirmed"] * n, "detected": np.ones(n, bool),
        },
    )  # fmt: skip


def absence(plots: pa.Table) -> dict[str, Any]:
    """Return the finding on the transponder nobody heard, given what the recording proves."""
    field = build_field([MAST], (), cell_m=500.0, availability=combine([], plots))
    given = given_of(field=field, transponder_sensors=["mast"], terrain=lambda lat, lon: np.zeros(np.shape(lat)))
    (row,) = explain(silent_flight(), given).to_pylist()
    return next(f for f in row["findings"] if f["rule"] == "identity.silent")


def test_no_absence_survives_an_hour_deleted_from_the_recording() -> None:
    whole, cut = absence(recording()), absence(recording(without=(START, START + HOUR)))
    assert whole["searchable"] > 0.9 and whole["weight_db"] < -1.0
    assert cut["searchable"] == 0.0 and cut["weight_db"] == 0.0


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    cut = recording(without=(START, START + HOUR))
    build_field([MAST], (), cell_m=1000.0, availability=combine([], cut)).save(tmp_path / "field")
    pq.write_table(cut, tmp_path / "plots.parquet")
    (tmp_path / "area.toml").write_text('name = "A"\nbbox = [-75.0, -12.0, -73.0, -10.0]\ntimezone = "America/Lima"\n')
    rows = ["2015-10-14T05:30Z,2015-10-14T05:40Z,heard", "2015-10-14T08:30Z,2015-10-14T08:40Z,heard"]
    (tmp_path / "reports.csv").write_text("\n".join(["time_earliest,time_latest,event", *rows]) + "\n")
    times = {
        k: pa.array([v], pa.timestamp("us", "UTC"))
        for k, v in (("start", START + HOUR // 2), ("end", START + 2 * HOUR))
    }
    pq.write_table(pa.table({"flight": ["f-1"], **times}), tmp_path / "flights.parquet")
    return tmp_path


def test_the_dark_hour_is_listed_with_the_report_and_the_flight_inside_it(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = dark_hours(workspace / "field", workspace, None, None)
    assert [(d.sensor, d.state) for d in found.stretches] == [("mast", "unknown")]
    assert found.hours("mast", "unknown") == pytest.approx(1.0, abs=0.01)
    assert found.events == {"report 1 (heard)": ["mast"], "flight f-1": ["mast"]}
    main(["ask", str(workspace), "--dark"])
    text = capsys.readouterr().out
    assert "mast: unknown 2015-10-14T05:1" in text and "flight f-1: dark at mast" in text and "report 2" not in text
    with pytest.raises(SystemExit) as stop:
        main(["ask", str(workspace), "--place", "-11,-74"])
    assert stop.value.code == 2 and "--dark" in capsys.readouterr().err


def test_a_log_in_local_time_is_read_and_its_bad_rows_become_problems(tmp_path: Path) -> None:
    log, problems = tmp_path / "log.csv", Problems()
    log.write_text(
        "sensor,start,end,state\nmast,2015-10-14T00:00,2015-10-14T01:00,down\n"
        "mast,2015-10-14T02:00,soon,up\nmast,2015-10-14T03:00,2015-10-14T02:00,up\nmast,2015-10-14T03:00,2015-10-14T04:00,asleep\n"
    )
    table = read_availability(log, timezone=zone("America/Lima"), problems=problems)
    assert table.num_rows == 1 and problems.count == 3
    assert state_at(table, "mast", [START - HOUR // 3 + 60 * SECOND]).tolist() == [0]
    log.write_text("radar,from,to\n")
    with pytest.raises(InputError, match="the columns are radar, from, to"):
        read_availability(log, timezone=None, problems=problems)


def test_plots_prove_a_sensor_up_where_a_record_says_that_nobody_knows_and_not_where_it_says_down() -> None:
    def record(state: str) -> pa.Table:
        hours = {"sensor": ["mast"], "start": [START], "end": [START + 2 * HOUR], "state": [state]}
        return tables.table("availability", hours)

    for parts, expected in (([record("unknown")], 2), ([], 2), ([record("down")], 0)):
        assert state_at(combine(parts, recording()), "mast", [START + HOUR]).tolist() == [expected]
    assert state_at(combine([record("unknown")], None), "mast", [START + HOUR]).tolist() == [-1]


def test_cover_takes_the_logs_of_the_area_and_what_plots_prove(tmp_path: Path) -> None:
    pq.write_table(recording(), tmp_path / "plots.parquet")
    (tmp_path / "log.csv").write_text("sensor,start,end,state\nridge,2015-10-14T05:00Z,2015-10-14T06:00Z,down\n")
    (tmp_path / "area.toml").write_text(
        'name = "A"\nbbox = [-75.0, -12.0, -73.0, -10.0]\n[availability]\nfiles = ["log.csv"]\n'
        + "".join(
            f'[[sensor]]\nid = "{name}"\nkind = "psr"\nlat_deg = -11\nlon_deg = -74\nrange_max_m = 20000\n'
            "antenna_height_m = 20\nr90_m = 20000\n"
            for name in ("ridge", "mast")
        )
    )
    field = cover(load_area(tmp_path), tmp_path / "f", cell_m=500.0, plots=tmp_path / "plots.parquet", maps=False).field
    pd = field.detection_probability(-11.05, -74.0, 2000.0, time=START)
    assert pd[0, 0] == 0.0 and pd[0, 1] > 0.5
