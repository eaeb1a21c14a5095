"""Damaged input: rows and problems, or a clear error; never a traceback, a hang or twice the memory.

The quick tests damage small recordings made here; those marked ``samples`` damage each public
recording at 200 random places and by 1,000 random flips of bytes, a part of them in each run.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from waman import tables
from waman.errors import InputError, Problems
from waman.plots import Decoded, read
from waman.plots.records import envelope

ODD, EVEN = "8d40621d58c386435cc412692ad6", "8d40621d58c382d690c8ac2863a7"
SECONDS_MAX = 20.0  # for a file that takes a fraction of one when whole


def _states(count: int = 300) -> list[dict[str, object]]:
    return [
        {
            "timestamp": 1_444_824_000_000 + i * 1000,
            "icao24": f"e8f{i % 7:03x}",
            "callsign": f"WMN{i % 7}",
            "latitude": -12.0 + i * 1e-3,
            "longitude": -75.0,
            "altitude": 10_000 + 25 * (i % 9),
            "groundspeed": 180.5,
            "track": i % 360,
            "squawk": "1000",
        }
        for i in range(count)
    ]


def _csv(rows: list[dict[str, object]]) -> bytes:
    lines = [",".join(rows[0]), *(",".join(str(v) for v in r.values()) for r in rows)]
    return "\n".join(lines).encode()


def _parquet(rows: list[dict[str, object]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


def _beast() -> bytes:
    out = b""
    for i in range(200):
        body = (i * 6_000_000).to_bytes(6, "big") + b"\x50" + bytes.fromhex(ODD if i % 2 else EVEN)
        out += b"\x1a3" + body.replace(b"\x1a", b"\x1a\x1a")
    return out


def _sbs() -> bytes:
    line = (
        "MSG,3,1,1,4CA2D6,1,2015/10/14,11:06:{:02d}.000,2015/10/14,11:06:{:02d}.000,,10000,,,-12.{:03d},-75.5,,,0,0,0,0"
    )
    return "\r\n".join(line.format(i % 60, i % 60, i) for i in range(300)).encode()


def _trace() -> bytes:
    rows = [[i * 5.0, -12.0 + i * 1e-3, -75.0, 32000, 478.6, 327.8, 0, 0, None, "adsb_icao", 33825] for i in range(300)]
    return json.dumps({"icao": "e8f001", "timestamp": 1738703622.619, "trace": rows}).encode()


def _aircraft() -> bytes:
    rows = [
        {"hex": f"e8f{i:03x}", "lat": -12.0, "lon": -75.0 + i * 1e-3, "alt_baro": 1000, "seen": 0} for i in range(300)
    ]
    return json.dumps({"now": 1738703622.6, "aircraft": rows}).encode()


def _reports() -> bytes:
    head = "time_earliest,time_latest,event,observer_lat,observer_lon,bearing_deg\n"
    row = "2015-10-14T11:{:02d}:00Z,2015-10-14T11:59:00Z,heard,-12.3,-74.2,{}\n"
    return (head + "".join(row.format(i % 50, i) for i in range(300))).encode()


def _frames() -> bytes:
    times = range(300)
    return "".join(json.dumps({"timestamp": 1.7e9 + i, "frame": ODD if i % 2 else EVEN}) + "\n" for i in times).encode()


def _plots() -> bytes:
    out = io.BytesIO()
    columns = {"time": list(range(10**15, 10**15 + 300)), "sensor": ["a"] * 300, "kind": ["psr"] * 300}
    pq.write_table(tables.table("plots", {**columns, "source": ["a"] * 300, "offset": list(range(300))}), out)
    return out.getvalue()


MADE: dict[str, Callable[[], bytes]] = {
    "states.json": lambda: json.dumps(_states(), separators=(",", ":")).encode(),
    "states.spread.json": lambda: json.dumps(_states(), indent=1).encode(),
    "states.json.gz": lambda: gzip.compress(json.dumps(_states()).encode(), mtime=0),
    "states.columns.json": lambda: json.dumps(
        {k: {str(i): r[k] for i, r in enumerate(_states())} for k in _states(1)[0]}
    ).encode(),
    "states.csv": lambda: _csv(_states()),
    "states.parquet": lambda: _parquet(_states()),
    "plots.parquet": _plots,
    "beast": _beast,
    "avr": lambda: "".join(f"@{i * 6_000_000:012X}{ODD if i % 2 else EVEN};\n" for i in range(200)).encode(),
    "sbs": _sbs,
    "frames.jsonl": _frames,
    "trace.json": _trace,
    "aircraft.json": _aircraft,
    "reports.csv": _reports,
}


def check_damaged(file: Path, data: bytes, *, peak_bytes_max: float = float("inf")) -> Decoded | None:
    """Read damaged bytes: rows and problems, or one clear error, in time and in memory."""
    file.write_bytes(data)
    begun = time.process_time()
    tracemalloc.start()
    try:
        found = read(file, timezone="America/Lima")
    except InputError as why:
        assert why.hint and str(file.name) in str(why)
        return None
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert time.process_time() - begun < SECONDS_MAX
    assert peak < peak_bytes_max, f"{peak} bytes"
    for name in ("plots", "reports", "availability"):
        tables.check(name, getattr(found, name))
    return found


def cut(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: int(rng.integers(1, len(data)))]


def flipped(data: bytes, rng: np.random.Generator, flips: int) -> bytes:
    out = np.frombuffer(data, np.uint8).copy()
    out[rng.integers(0, len(out), flips)] ^= rng.integers(1, 256, flips).astype(np.uint8)
    return out.tobytes()


@pytest.mark.parametrize("name", MADE)
def test_a_whole_recording_is_read_without_a_row_lost(name: str, tmp_path: Path) -> None:
    found = check_damaged(tmp_path / "x", MADE[name]())
    assert found is not None
    assert found.plots.num_rows + found.reports.num_rows >= 200
    assert not [p for p in found.problems.kept if "date" not in p.what]


@pytest.mark.parametrize("name", MADE)
def test_a_recording_cut_anywhere_gives_rows_and_problems_or_a_clear_error(name: str, tmp_path: Path) -> None:
    rng, data = np.random.default_rng(20261125), MADE[name]()
    outcomes = [check_damaged(tmp_path / "x", cut(data, rng)) for _ in range(8)]
    if not name.endswith(("parquet", "columns.json")):  # formats whose end or whole is needed to read any of it
        assert sum(o is not None for o in outcomes) >= 6


@pytest.mark.parametrize("flips", [1, 30])
@pytest.mark.parametrize("name", MADE)
def test_flipped_bytes_give_rows_and_problems_or_a_clear_error(name: str, flips: int, tmp_path: Path) -> None:
    rng, data = np.random.default_rng(20261125 + flips), MADE[name]()
    outcomes = [check_damaged(tmp_path / "x", flipped(data, rng, flips)) for _ in range(5)]
    if not name.endswith(("parquet", "columns.json", "gz")):
        assert sum(o is not None for o in outcomes) >= 4


def test_noise_and_emptiness_are_errors_that_teach(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for size in (0, 1, 3, 100, 5000):
        assert check_damaged(tmp_path / "x", rng.bytes(size)) is None
    for text in (
        b"{",
        b"[",
        b"[]",
        b"{}",
        b"[[[[",
        b"\n\n",
        b"PAR1PAR1",
        b"\x1f\x8b\x08",
        b"PK\x03\x04",
        b"a,b,c\n1,2,3\n",
    ):
        assert check_damaged(tmp_path / "x", text) is None
    assert check_damaged(tmp_path / "x", b"[" * 100_000) is None


def test_a_gzip_bomb_is_not_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "RATIO_FREE_BYTES", 1 << 16)
    bomb = gzip.compress(bytes(30 << 20), mtime=0)
    problems = Problems()
    file = tmp_path / "bomb"
    file.write_bytes(bomb)
    tracemalloc.start()
    inside = envelope.open_file(file, problems)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    limit = envelope.RATIO_MAX * len(bomb)
    assert len(inside[0].data) <= limit + 1 and peak < 3 * limit
    assert "expands to more" in problems.kept[0].what


def test_archives_inside_archives_are_opened_only_so_deep(tmp_path: Path) -> None:
    data = MADE["states.csv"]()
    for _ in range(2):
        data = gzip.compress(data, mtime=0)
    assert check_damaged(tmp_path / "x", data) is not None
    for _ in range(6):
        data = gzip.compress(data, mtime=0)
    assert check_damaged(tmp_path / "x", data) is None


def test_a_zip_of_recordings_is_read_member_by_member(tmp_path: Path) -> None:
    file = tmp_path / "all.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", MADE["states.csv"]())
        archive.writestr("b.bin", MADE["beast"]())
        archive.writestr("readme.txt", "hello")
    found = read(file)
    assert set(found.plots["source"].cast("string").to_pylist()) == {"all.zip/a.csv", "all.zip/b.bin"}
    assert "no known format" in [p.what for p in found.problems.kept]


SAMPLES = ("medevac", "border", "gliders", "noisy", "surveys", "mode_s", "readsb", "asterix")


@pytest.mark.slow
@pytest.mark.samples
@pytest.mark.parametrize("name", SAMPLES)
def test_each_public_recording_survives_200_cuts_and_1000_flips(name, sample_files, tmp_path) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(20261125)
    files = sample_files(name)
    tracemalloc.start()
    whole_peak = {}
    for file in files:
        tracemalloc.reset_peak()
        with contextlib.suppress(InputError):
            read(file)
        whole_peak[file] = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    for file in files:
        data = file.read_bytes()
        limit = 2 * whole_peak[file] + (4 << 20)
        share = max(1, 200 // len(files))
        for _ in range(share if len(data) < 1 << 20 else 5):
            check_damaged(tmp_path / "x", cut(data, rng), peak_bytes_max=limit)
        # a thousand flips in all, some alone and some together
        for flips in (1, 1, 1, 1, 16, 16, 64, 300, 600):
            check_damaged(tmp_path / "x", flipped(data, rng, flips), peak_bytes_max=limit)
