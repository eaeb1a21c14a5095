"""ASTERIX: speed, memory and agreement of the decoder beside asterix-decoder and libasterix.

    python bench/decode.py                    # everything; some 20 minutes, nearly all of it libasterix
    python bench/decode.py --records 2000     # fewer records a category for the comparison with libasterix

asterix-decoder (GPL) runs in an environment of its own, made here with pip on first use, and answers in JSON.
Traffic: CAT048 records in random order, drawn from 40,000 different ones of 2,000 aircraft (Mode S, SSR, primary
and combined plots with the items that real feeds carry, 1 to 20 records a block). Speed is CPU time (process_time).
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests"), str(Path(__file__).parent)]

import _result  # noqa: E402

from plots.asterix import oracle  # noqa: E402
from plots.asterix.test_against_libasterix import mismatches  # noqa: E402
from waman.plots import asterix, capture  # noqa: E402
from waman.plots.asterix.columns import find_blocks, read_records  # noqa: E402
from waman.plots.asterix.registry import CATEGORIES  # noqa: E402
from waman.store import samples  # noqa: E402

PEER = "asterix_decoder==0.7.11"
PEER_HOME = Path.home() / ".cache" / "waman" / "bench" / "asterix-decoder"
NOON_US = 20_000 * 86_400_000_000 + 43_200_000_000

PEER_SPEED = """
import asterix, json, struct, sys, time
data = open(sys.argv[1], "rb").read()
payloads, at = [], 0
while at < len(data):
    size = struct.unpack_from(">H", data, at + 1)[0]
    payloads.append(data[at:at + size]); at += size
asterix.parse(payloads[0])
start = time.process_time(); records = 0
for p in payloads:
    records += len(asterix.parse(p, verbose=False))
print(json.dumps({"seconds": time.process_time() - start, "records": records}))
"""
PEER_VALUES = """
import asterix, json, sys
out = []
for line in sys.stdin:
    try:
        out.append(asterix.parse(bytes.fromhex(line.strip())))
    except Exception as why:
        out.append([])
print(json.dumps(out))
"""


def peer_python() -> Path:
    """Return the Python of the peer's environment; make it where it is not there."""
    python = PEER_HOME / "bin" / "python"
    if not python.is_file():
        venv.create(PEER_HOME, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", PEER], check=True)
    return python


def radar_records(count: int, rng: random.Random) -> list[bytes]:
    """Return varied CAT048 records such as real feeds carry."""
    fleet = [(rng.randrange(1, 2**24), rng.randrange(4096), callsign(rng)) for _ in range(2000)]
    return [one_record(rng, *rng.choice(fleet)) for _ in range(count)]


def callsign(rng: random.Random) -> int:
    code = 0
    for c in rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=3) + rng.choices("0123456789", k=3) + [" ", " "]:
        code = code << 6 | (ord(c) & 63)
    return code


def one_record(rng: random.Random, address: int, code: int, name: int) -> bytes:
    kind = rng.choices((1, 2, 3, 5, 7), (10, 15, 10, 45, 20))[0]
    items: dict[int, bytes] = {1: bytes([226, rng.randrange(1, 5)]), 2: rng.randrange(86_400 * 128).to_bytes(3, "big")}
    more = rng.random() < 0.3
    items[3] = bytes([kind << 5 | more]) + b"\x00" * more
    items[4] = rng.randbytes(4)
    if kind != 1:
        items[5] = (code | rng.choice((0, 0, 0, 0x2000))).to_bytes(2, "big")
        if rng.random() < 0.95:
            items[6] = rng.randrange(0, 1800).to_bytes(2, "big")
    if rng.random() < 0.5:
        present = rng.randrange(1, 128)
        items[7] = bytes([present << 1]) + rng.randbytes(present.bit_count())
    if kind >= 5:
        items[8] = address.to_bytes(3, "big")
        if rng.random() < 0.7:
            items[9] = name.to_bytes(6, "big")
        if rng.random() < 0.6:
            sets = rng.randrange(1, 4)
            items[10] = bytes([sets]) + rng.randbytes(8 * sets)
        items[21] = rng.randbytes(2)
    if rng.random() < 0.85:
        items[11] = rng.randrange(4096).to_bytes(2, "big")
        items[13] = rng.randrange(2500).to_bytes(2, "big") + rng.randbytes(2)
        items[14] = bytes([rng.randrange(128) << 1 | 1, rng.randrange(128) << 1])
    if rng.random() < 0.2:
        items[12] = rng.randbytes(4)
    if kind == 1 and rng.random() < 0.6:
        items[20] = b"\x80" + rng.randrange(1024).to_bytes(2, "big")
    if rng.random() < 0.1:
        items[16] = bytes([rng.randrange(128) << 1])
    return fspec(items) + b"".join(items[k] for k in sorted(items))


def fspec(items: dict[int, bytes]) -> bytes:
    spec = bytearray((max(items) + 6) // 7)
    for frn in items:
        spec[(frn - 1) // 7] |= 0x80 >> (frn - 1) % 7
    for i in range(len(spec) - 1):
        spec[i] |= 1
    return bytes(spec)


def traffic(count: int, different: int, seed: int = 7) -> bytes:
    """Return blocks of CAT048 records in random order."""
    rng = random.Random(seed)
    pool = radar_records(different, rng)
    out, left = [], count
    while left:
        body = rng.choices(pool, k=min(left, rng.randint(1, 20)))
        left -= len(body)
        joined = b"".join(body)
        out.append(b"\x30" + (3 + len(joined)).to_bytes(2, "big") + joined)
    return b"".join(out)


def speed(data: bytes, count: int) -> dict[str, Any]:
    """Return CPU seconds a record of the polar columns and of the whole plots table, and the peer's."""
    payloads, _ = capture.read(data, name="made")

    def columns() -> None:
        blocks, _ = find_blocks(payloads.buffer, payloads.start, payloads.length, payloads.cut)
        assert len(read_records(payloads.buffer, blocks[48], CATEGORIES[48][0])) == count

    def whole() -> None:
        found = asterix.decode(payloads, name="made", near_us=NOON_US)
        assert found.plots.num_rows == count and found.problems.count == 0

    mine = _result.spread([count / s for s in _result.cpu_seconds(columns, runs=9)])
    table = _result.spread([count / s for s in _result.cpu_seconds(whole, runs=9)])
    part = Path("/tmp") / "waman-bench-cat048.bin"
    peer_runs = []
    part.write_bytes(traffic(50_000, 40_000))
    for _ in range(3):
        run = subprocess.run(
            [str(peer_python()), "-c", PEER_SPEED, str(part)], capture_output=True, text=True, check=True
        )
        answer = json.loads(run.stdout)
        assert answer["records"] == 50_000, answer
        peer_runs.append(answer["records"] / answer["seconds"])
    part.unlink()
    peer = _result.spread(peer_runs)
    return {
        "octets_per_record": len(data) / count,
        "columns_records_per_s": mine,
        "plots_table_records_per_s": table,
        "asterix_decoder_records_per_s": peer,
        "ratio_columns": mine["median"] / peer["median"],
        "ratio_plots_table": table["median"] / peer["median"],
    }


def resident(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


def memory(count: int) -> float:
    """Return the peak of resident memory beyond the input, in octets a record (run in a process of its own)."""
    data = traffic(count, 20_000)
    payloads, _ = capture.read(data, name="made")
    small, _ = capture.read(traffic(1000, 1000), name="made")
    asterix.decode(small, name="made", near_us=NOON_US)
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    found = asterix.decode(payloads, name="made", near_us=NOON_US)
    assert found.plots.num_rows == count
    return (resident("VmHWM") - before) / count


def against_libasterix(records: int) -> dict[str, Any]:
    """Return records compared and mismatches for every category; the edition in force gets ``records``."""
    out: dict[str, Any] = {}
    rng = random.Random(11)
    done: set[int] = set()
    for category, edition, cls in sorted(
        oracle.editions(), key=lambda e: [int(p) for p in e[1].split(".")], reverse=True
    ):
        n = records if category.number not in done else max(1, records // 100)
        done.add(category.number)
        wrong: dict[str, int] = {}
        for first in range(0, n, 2000):
            raw = oracle.make_records(cls, min(2000, n - first), rng)
            for column, k in mismatches(category, cls, raw).items():
                wrong[column] = wrong.get(column, 0) + k
        out[f"CAT{category.number:03d} {edition}"] = {"records": n, "mismatches": wrong}
        print(f"CAT{category.number:03d} {edition}: {n} records, mismatches {wrong or 0}", flush=True)
    return out


THEIRS = {
    48: "tod_s I140 ToD 1, typ I020 TYP 1, range_m I040 RHO 1852, azimuth_deg I040 THETA 1, mode_3a I070 Mode3A 8, "
    "altitude_fl I090 FL 1, address I220 ACAddr 16, track_number I161 Tn 1, heading_deg I200 CHdg 1, "
    "ground_speed_mps I200 CGS 0.5144444444444445",
    34: "message I000 MsgTyp 1, tod_s I030 ToD 1",
    62: "tod_s I070 ToT 1, lat_deg I105 Lat 1, lon_deg I105 Lon 1, vx_mps I185 Vx 1, vy_mps I185 Vy 1, "
    "mode_3a I060 Mode3A 8, track_number I040 TrkN 1",
    65: "message I000 Typ 1, tod_s I030 ToD 1",
}
"""Kept column -> item, subfield and factor (or base of a code written as text) of asterix-decoder."""


def against_asterix_decoder() -> dict[str, Any]:
    """Return values compared and mismatches on the captures that come with asterix-decoder."""
    out: dict[str, Any] = {}
    for path in samples.sample_files("asterix"):
        payloads, _ = capture.read(path.read_bytes(), name=path.name)
        raw = [bytes(payloads.buffer[s : s + n]) for s, n in zip(payloads.start, payloads.length, strict=True)]
        feed = "\n".join(r.hex() for r in raw)
        run = subprocess.run(
            [str(peer_python()), "-c", PEER_VALUES], input=feed, capture_output=True, text=True, check=True
        )
        theirs = [r for records in json.loads(run.stdout) for r in records]
        compared = wrong = 0
        differ: dict[str, Any] = {}
        blocks, _ = find_blocks(payloads.buffer, payloads.start, payloads.length, payloads.cut)
        for number, fields in THEIRS.items():
            if number not in blocks:
                continue
            records = read_records(payloads.buffer, blocks[number], CATEGORIES[number][0])
            peers = [r for r in theirs if r["category"] == number]
            if records.errors.any() or len(peers) != len(records):
                out[f"{path.name} CAT{number:03d}"] = f"not compared: {len(records)} records here, {len(peers)} there"
                continue
            for column, item, sub, text in (f.split() for f in fields.split(", ")):
                factor = float(text)
                for value, peer in zip(records.columns[column].tolist(), peers, strict=True):
                    known = peer.get(item, {}).get(sub, {}).get("val")
                    compared += 1
                    if not same(value, known, factor, peer.get(item, {})):
                        wrong += 1
                        differ.setdefault(f"CAT{number:03d} {column}", [value, known])
        out[path.name] = {"values": compared, "mismatches": wrong, "first": differ}
    return out


def same(value: float, known: Any, factor: float, item: dict[str, Any]) -> bool:
    if item.get("V", {}).get("val") or item.get("G", {}).get("val"):
        known = None  # not validated or garbled: Waman keeps no such value
    if known is None:
        return value == -1 or value != value
    if isinstance(known, str):
        return value == int(known, int(factor))
    return bool(np.isclose(value, known * factor, rtol=1e-6, atol=1e-9))


def main() -> None:
    """Run everything and write bench/results/decode.json."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--records", type=int, default=100_000)
    options.add_argument("--count", type=int, default=400_000)
    options.add_argument(
        "--memory", action="store_true", help="print octets a record and end (used by the benchmark itself)"
    )
    chosen = options.parse_args()
    if chosen.memory:
        print(memory(chosen.count))
        return
    start = time.process_time()
    figures: dict[str, Any] = {
        "traffic": __doc__.split("Traffic: ")[1].strip() if __doc__ else "",
        "records": chosen.count,
    }
    figures["speed"] = speed(traffic(chosen.count, min(40_000, chosen.count)), chosen.count)
    print(json.dumps(figures["speed"], indent=1))
    run = [sys.executable, __file__, "--memory", "--count", str(chosen.count)]
    figures["peak_octets_per_record"] = float(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
    figures["asterix_decoder_captures"] = against_asterix_decoder()
    print(json.dumps({k: figures[k] for k in ("peak_octets_per_record", "asterix_decoder_captures")}, indent=1))
    figures["libasterix"] = against_libasterix(chosen.records)
    figures["cpu_seconds"] = time.process_time() - start
    _result.write("decode", figures, packages=("libasterix", "pyarrow"))


if __name__ == "__main__":
    main()
