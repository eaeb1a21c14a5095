"""The ledger: batched appends, single acknowledged ones beside bare SQLite commits, the full audit; and pymerkle.

Run: python bench/ledger.py [--pymerkle /path/to/its/own/python]. pymerkle is GPL and runs in a process and an
environment of its own: python -m venv V && V/bin/pip install pymerkle.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

from _result import spread, write

from waman.ledger import Log, Record, audit, create_log
from waman.ledger.merkle import root_of

BATCH, BATCHES, BLOCK, BLOCKS, ROUNDS = 5000, 8, 30, 5, 5
GOALS = {"append_batched_per_cpu_s": 20_000, "audit_per_cpu_s": 50_000, "single_acknowledged_to_bare": 0.25}
RECORD = Record("note", "2026-03-01T12:00:00Z", {"text": "engine heard, no lights", "cell": "S12W076"})

PEER = """
import hashlib, json, sys, time
import pymerkle
from pymerkle import SqliteTree
path, n = sys.argv[1], int(sys.argv[2])
tree = SqliteTree(path, algorithm="sha256")
wall, start = time.monotonic(), time.process_time()
for i in range(n):
    tree.append_entry(b"%064d" % i * 8)
cpu = time.process_time() - start
print(json.dumps({"per_s": n / (time.monotonic() - wall), "per_cpu_s": n / cpu, "root": tree.get_state().hex()}))
"""


def batched(folder: Path) -> tuple[float, float]:
    """Return appends per second of wall and of CPU time, in batches, with digests, signature, tiles and fsync."""
    log = Log(folder)
    wall, cpu = time.monotonic(), time.process_time()
    for _ in range(BATCHES):
        log.append([RECORD] * BATCH)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    log.close()
    return BATCH * BATCHES / wall, BATCH * BATCHES / cpu


def singles(folder: Path, bare_path: Path) -> dict[str, float]:
    """Return single appends per second beside bare SQLite commits, in blocks by turns: a disk's speed drifts.

    Acknowledged: rows, tree and signed checkpoint are durable; the folder, which follows from them, is written
    within PUBLISH_AFTER_S beside the next appends. Visible: tiles, bundle and checkpoint file were waited for too.
    """
    log, database = Log(folder), bare(bare_path)
    spent = dict.fromkeys(("acknowledged", "visible", "bare"), 0.0)
    for _ in range(BLOCKS):
        for name in spent:
            start = time.monotonic()
            for _ in range(BLOCK):
                if name == "bare":
                    database.execute("INSERT INTO t(b) VALUES(?)", (bytes(460),))
                else:
                    log.append([RECORD], publish=name == "visible")
            spent[name] += time.monotonic() - start
    log.close()
    database.close()
    return {name: BLOCK * BLOCKS / s for name, s in spent.items()}


def bare(path: Path) -> sqlite3.Connection:
    """Return a database for commits of one row of the same length: WAL, synchronous FULL, nothing else."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE IF NOT EXISTS t(i INTEGER PRIMARY KEY, b BLOB)")
    return database


def durable_file(folder: Path) -> float:
    """Return how many new files of one bundle's length are written, synced and renamed per second."""
    folder.mkdir()
    start = time.monotonic()
    for i in range(BLOCK):
        with (folder / "part").open("wb") as file:
            file.write(bytes(60_000))
            file.flush()
            os.fsync(file.fileno())
        (folder / "part").replace(folder / str(i))
    return BLOCK / (time.monotonic() - start)


def peer(python: str | None, base: Path) -> dict[str, object] | None:
    """Run pymerkle on entries of its own in its own process; the same roots must come out."""
    if python is None:
        return None
    code = base / "peer.py"
    code.write_text(PEER)
    run = subprocess.run([python, code, base / "peer.db", "300"], capture_output=True, text=True, check=False)
    if run.returncode:
        return {"error": run.stderr.strip().splitlines()[-1] if run.stderr.strip() else "failed"}
    found = json.loads(run.stdout)
    from waman.ledger.merkle import leaf_hash

    ours = root_of([leaf_hash(b"%064d" % i * 8) for i in range(300)]).hex()
    return {**found, "entries": 300, "same_root_as_ours": found["root"] == ours}


def main() -> None:
    """Measure, print and write bench/results/ledger.json."""
    options = argparse.ArgumentParser()
    options.add_argument("--pymerkle", help="the Python of an environment that holds pymerkle")
    given = options.parse_args()
    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        for i in range(ROUNDS):
            create_log(base / f"l{i}", "bench.example/log")
            wall, cpu = batched(base / f"l{i}")
            start = time.process_time()
            found = audit(base / f"l{i}")
            assert not found.failures
            rows.setdefault("append_batched_per_s", []).append(wall)
            rows.setdefault("append_batched_per_cpu_s", []).append(cpu)
            rows.setdefault("audit_per_cpu_s", []).append(found.size / (time.process_time() - start))
            found_rates = singles(base / f"l{i}", base / "bare.db")
            for name, rate in found_rates.items():
                rows.setdefault(f"single_{name}_per_s", []).append(rate)
                rows.setdefault(f"single_{name}_to_bare", []).append(rate / found_rates["bare"])
            rows.setdefault("durable_files_per_s", []).append(durable_file(base / f"f{i}"))
        beside = peer(given.pymerkle, base)
    figures = {name: spread(values) for name, values in rows.items()}
    settings = {"batch": BATCH, "batches": BATCHES, "singles": BLOCK * BLOCKS, "rounds": ROUNDS, "peer": "own process"}
    reached = {name: figures[name]["median"] >= goal for name, goal in GOALS.items()}
    about = {"goals": GOALS, "reached": reached, "acknowledged_means": " ".join((singles.__doc__ or "").split())}
    write("ledger", {"figures": figures, "pymerkle": beside, "settings": settings, **about})
    for name, value in figures.items():
        print(f"{name:28} {value['median']:12.3f}   {value['min']:.3f} .. {value['max']:.3f}")
    print("pymerkle", beside)


if __name__ == "__main__":
    main()
