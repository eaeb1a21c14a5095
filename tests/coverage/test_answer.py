"""Questions put to a field."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from waman import tables
from waman.cli import main
from waman.coverage import DetectionField, SensorModel, build_field
from waman.coverage.answer.along import along_path, any_sensor, k_in_m
from waman.coverage.answer.ask import Question, ask
from waman.errors import InputError

HOUR = 3_600_000_000
RADAR = SensorModel(
    id="ridge", kind="psr", lat_deg=-12.05, lon_deg=-76.75, method="radar", antenna_height_m=30.0,
    range_max_m=60_000.0, r90_m=40_000.0, scan_period_s=10.0,
    assumed_height_agl_m=(20.0, 300.0, 1000.0),
)  # fmt: skip


@pytest.mark.parametrize(("k", "m"), [(1, 1), (2, 2), (2, 3), (3, 5), (1, 4)])
def test_k_detections_in_m_scans_equal_the_sum_over_all_outcomes(k: int, m: int) -> None:
    pd = np.array([0.2, 0.7, 0.4, 0.9, 0.1, 0.5, 0.3])
    total = 0.0
    for outcome in itertools.product((0, 1), repeat=pd.size):
        chance = float(np.prod(np.where(outcome, pd, 1.0 - pd)))
        if any(sum(outcome[i : i + m]) >= k for i in range(max(1, pd.size - m + 1))):
            total += chance
    assert k_in_m(pd[None, :], k=k, m=m) == pytest.approx(total)


@pytest.fixture(scope="module")
def field() -> DetectionField:
    up = tables.table("availability", {"sensor": ["ridge"], "start": [0], "end": [HOUR], "state": ["up"]})
    return build_field([RADAR], (), cell_m=500.0, availability=up)


def test_a_height_that_is_unknown_is_the_same_unknown_at_every_scan(field: DetectionField) -> None:
    # 55 km out, 20 m above ground lies behind the horizon and 1000 m does not
    path = {"time_us": [0, 600_000_000], "lat_deg": [-12.05, -12.06], "lon_deg": [-76.25, -76.25]}
    unknown = along_path(field, "ridge", **path)  # type: ignore[arg-type]
    by_height = [along_path(field, "ridge", height_agl_m=h, **path).once[0] for h in RADAR.assumed_height_agl_m]  # type: ignore[arg-type]
    assert unknown.once[0] == pytest.approx(np.mean(by_height))
    careless = 1.0 - float(np.prod(1.0 - unknown.pd))
    assert by_height[0] < 0.05 < by_height[2] and careless > unknown.once[0] + 0.1


def test_hours_of_unknown_state_widen_the_interval(field: DetectionField) -> None:
    path = {"lat_deg": [-12.05, -12.06], "lon_deg": [-76.6, -76.6], "height_agl_m": 500.0}
    on = along_path(field, "ridge", time_us=[0, 60_000_000], **path)  # type: ignore[arg-type]
    later = along_path(field, "ridge", time_us=[2 * HOUR, 2 * HOUR + 60_000_000], **path)  # type: ignore[arg-type]
    assert on.once[0] == on.once[1] > 0.99 and on.unknown_share == 0.0
    assert later.once == (0.0, on.once[1]) and later.unknown_share == 1.0
    assert any_sensor([on, later]) == (on.once[0], pytest.approx(1.0, abs=1e-3))


@pytest.fixture(scope="module")
def workspace(field: DetectionField, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ws")
    network = msgspec.structs.replace(RADAR, id="mast", kind="ads_b", method="link", detection_probability=0.95)
    up = tables.table("availability", {"sensor": ["ridge"], "start": [0], "end": [HOUR], "state": ["up"]})
    build_field([RADAR, network], (), cell_m=500.0, availability=up).save(root / "field")
    (root / "area.toml").write_text('name = "A"\nbbox = [-77.5, -12.5, -76.0, -11.5]\ntimezone = "America/Lima"\n')
    return root


def test_the_question_is_answered_in_two_sentences_with_what_is_unknown(workspace: Path) -> None:
    seen = ask(workspace / "field", workspace, Question(-12.1, -76.7, 0, HOUR // 2, 500.0))
    assert seen.sentences.startswith("Yes: ridge would more likely than not")
    assert "not searched, because there is no file: plots" in seen.sentences
    by_name = {s.sensor: s for s in seen.sensors}
    assert by_name["mast"].unknown_s == 1800.0 and by_name["mast"].why == "if its transponder was on"
    low = ask(workspace / "field", workspace, Question(-12.05, -76.22, 0, HOUR, 5.0))
    assert "hides everything below" in low.sensors[0].why and low.sentences.startswith("No:")
    far = ask(workspace / "field", workspace, Question(-10.0, -76.7, 0, HOUR, 500.0))
    assert far.sentences.startswith("No:") and "beyond its range" in far.sensors[0].why
    with pytest.raises(InputError, match="empty"):
        ask(workspace / "field", workspace, Question(-12.1, -76.7, HOUR, 0, 500.0))


def test_the_exact_point_equals_the_field(workspace: Path) -> None:
    field = DetectionField.load(workspace / "field")
    for lat in (-12.0, -12.2, -12.3):
        answer = ask(workspace / "field", workspace, Question(lat, -76.7, 0, HOUR, 800.0)).sensors[0]
        assert answer.pd is not None
        pds = [float(field.detection_probability(lat, -76.7, 800.0, "ridge", rcs)[0]) for rcs in (1.0, 5.0)]
        np.testing.assert_allclose(answer.pd, pds, atol=2e-3)


def test_ask_needs_no_numba_and_says_bad_times_plainly(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["ask", str(workspace), "--place", "-12.1,-76.7", "--from", "1970-01-01T00:10Z", "--height", "500"]
    code = "import sys; from waman.cli import main; main(sys.argv[1:]); print(sorted(sys.modules), file=sys.stderr)"
    run = [sys.executable, "-c", code, *words, "--to", "1970-01-01T00:40Z", "--json"]
    start = time.perf_counter()
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert time.perf_counter() - start < 30.0
    # each of these takes a fifth of a second or more to import; an answer may take one second
    assert not {"'numba'", "'scipy'", "'matplotlib'"} & set(done.stderr.strip("[]\n").split(", "))
    assert json.loads(done.stdout)["sensors"][0]["on_s"] == 1800.0
    with pytest.raises(SystemExit) as stop:
        main([*words, "--to", "soon"])
    assert stop.value.code == 2 and "'soon' is not a time" in capsys.readouterr().err
