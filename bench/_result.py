"""What every benchmark writes: its figures, the versions and the machine, as bench/results/NAME.json."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"
NUMBERS = re.compile(r"\[\n\s+([-\d.eE+,\s]+?)\n\s+\]")


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
    }


def versions(*names: str) -> dict[str, str]:
    """Return the installed versions of packages; those that are absent are left out."""
    out = {}
    for name in ("waman", "numpy", "numba", *names):
        try:
            out[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return out


def cpu_seconds(work: Callable[[], Any], *, runs: int = 5) -> list[float]:
    """Return the CPU seconds of several runs after one that is not counted (compilation, caches)."""
    work()
    out = []
    for _ in range(runs):
        start = time.process_time()
        work()
        out.append(time.process_time() - start)
    return out


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return minimum, median and maximum."""
    return {"min": min(values), "median": statistics.median(values), "max": max(values), "runs": len(values)}


def write(name: str, figures: dict[str, Any], *, packages: Sequence[str] = ()) -> Path:
    """Write bench/results/NAME.json, a list of numbers on one line, and print where it is."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    whole = {
        "benchmark": name,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "versions": versions(*packages),
        "figures": figures,
    }
    text = json.dumps(whole, indent=1, ensure_ascii=False, default=float) + "\n"
    path.write_text(NUMBERS.sub(lambda m: "[" + " ".join(m[1].split()) + "]", text), encoding="utf-8")
    print(f"{path.name} written")
    return path
