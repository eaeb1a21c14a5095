"""How long a simulated year takes, with lawful traffic and 4-D tracks; and that two processes write the same bytes.

There is no peer that does this work (the agent frameworks measured for it simulate flights without tracks), so
none is quoted. Years are timed after one small run that compiles the kernels.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "bench")]

import _result  # noqa: E402
import msgspec  # noqa: E402

from waman.sim import Scenario, load_scenario, simulate  # noqa: E402
from waman.sim.seen import tell  # noqa: E402

SCENARIOS = ROOT / "examples" / "scenarios"
RUNS = 3


def year(step_s: float) -> dict[str, Any]:
    """Time one year, truth table included, for several seeds."""
    found = load_scenario(SCENARIOS / "corridor_year.toml")
    found = msgspec.structs.replace(found, record=msgspec.structs.replace(found.record, truth_step_s=step_s))
    cpu, wall, flights, rows = [], [], [], []
    for seed in range(RUNS):
        scenario: Scenario = msgspec.structs.replace(found, seed=seed)
        start, clock = time.process_time(), time.perf_counter()
        world = simulate(scenario)
        table = tell.truth(world)
        cpu.append(time.process_time() - start)
        wall.append(time.perf_counter() - clock)
        flights.append(
            {"corridor": sum(not t.lawful for t in world.trips), "lawful": sum(t.lawful for t in world.trips)}
        )
        rows.append(table.num_rows)
    return {
        "truth_step_s": step_s,
        "cpu_s": _result.spread(cpu),
        "wall_s": _result.spread(wall),
        "flights": flights,
        "truth_rows": rows,
        "flights_per_cpu_s": sum(f["corridor"] + f["lawful"] for f in flights) / sum(cpu),
        "within_20_s_of_cpu": statistics.median(cpu) <= 20.0,  # one thread; wall time depends on who else works
    }


def same_bytes() -> dict[str, Any]:
    """Write the shipped night in two processes and compare every file."""
    sums = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            code = "from waman.cli import main; main(['simulate', sys.argv[1], '-o', sys.argv[2]])"
            script = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); {code}"
            subprocess.run([sys.executable, "-c", script, "corridor_night", folder], check=True)
            files = sorted(p for p in Path(folder).rglob("*") if p.is_file())
            sums.append({str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files})
    return {"files": len(sums[0]), "equal": sums[0] == sums[1], "sha256": sums[0]}


if __name__ == "__main__":
    simulate(load_scenario("corridor_night"))
    out = {"year_700_km": [year(10.0), year(30.0)], "two_processes": same_bytes()}
    print(json.dumps(out["year_700_km"], indent=1))
    _result.write("simulate", out, packages=["scipy", "pyproj", "pyarrow"])
