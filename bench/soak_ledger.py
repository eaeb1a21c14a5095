"""Kill the ledger's writer 500 times at random moments: no acknowledged entry may be lost, every audit must be clean.

Run: python bench/soak_ledger.py [--kills 500] [--seed 11]. Half of the writers have their appends
acknowledged when durable and signed, half when visible too. The result is written after every hundred kills.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _result import write

from waman.ledger import Log, audit, create_log
from waman.ledger.fsck import check_database

AUDIT_EVERY = 10

WRITER = """
import sys
from pathlib import Path
from waman.ledger import Log, Record
log = Log(Path(sys.argv[1]))
record = Record("note", "2026-03-01T12:00:00Z", {"text": "engine heard"})
while True:
    print(log.append([record] * int(sys.argv[2]), publish=sys.argv[3] == "visible").size, flush=True)
"""


def kill_once(folder: Path, wait_s: float, batch: int, how: str) -> int:
    """Start a writer, kill it ``wait_s`` after its first receipt; returns the last size it acknowledged."""
    call = [sys.executable, "-c", WRITER, str(folder), str(batch), how]
    writer = subprocess.Popen(call, stdout=subprocess.PIPE, text=True)
    assert writer.stdout
    first = writer.stdout.readline()
    time.sleep(wait_s)
    writer.send_signal(signal.SIGKILL)
    rest = writer.stdout.read()
    writer.wait()
    whole = [int(line) for line in (first + rest).split("\n")[:-1] if line.isdecimal()]
    return whole[-1] if whole else 0


def main() -> None:
    """Kill, open, compare, audit; write bench/results/soak_ledger.json."""
    options = argparse.ArgumentParser()
    options.add_argument("--kills", type=int, default=500)
    options.add_argument("--seed", type=int, default=11)
    given = options.parse_args()
    chance = random.Random(given.seed)
    lost = unclean = audits = acknowledged = size = behind = 0
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "log"
        create_log(folder, "fiscalia.example/waman")
        for n in range(1, given.kills + 1):
            batch, how = chance.choice([1, 1, 7, 300]), chance.choice(["durable", "visible"])
            told = kill_once(folder, chance.uniform(0.0, 0.08), batch, how)
            if n % AUDIT_EVERY == 5:  # as a stranger would find it, before anybody repairs anything
                behind += bool(audit(folder).failures)
            log = Log(folder)
            size = log.head.size
            log.close()
            lost += size < told
            acknowledged = max(acknowledged, told)
            if n % AUDIT_EVERY == 0 or n == given.kills:
                found = audit(folder)
                check_database(folder, found)
                audits += 1
                unclean += bool(found.failures) or found.size != size
            if n % 100 == 0 or n == given.kills:
                figures = {"kills": n, "kills_that_lost_an_acknowledged_entry": lost, "entries": size}
                figures |= {"full_audits_after_opening": audits, "of_them_not_clean": unclean}
                figures |= {"audits_before_opening": (n + 5) // 10, "of_them_refusing": behind}
                figures |= {"seconds": round(time.monotonic() - start), "seed": given.seed}
                goal = {"kills": 500, "lost": 0, "not_clean": 0}
                write("soak_ledger", {**figures, "goal": goal, "reached": n >= 500 and not lost and not unclean})
                print(figures, flush=True)
    sys.exit(1 if lost or unclean else 0)


if __name__ == "__main__":
    main()
