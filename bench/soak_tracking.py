"""Ten simulated minutes of 10,000 targets at 4 s scans: update latency and resident memory (``make soak``)."""

from __future__ import annotations

import argparse

from _result import write
from tracking_rows import ten_thousand


def main() -> None:
    """Write bench/results/soak_tracking.json."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--minutes", type=float, default=10.0)
    found = ten_thousand(ask.parse_args().minutes)
    print(found)
    write("soak_tracking", found, packages=("pyarrow",))


if __name__ == "__main__":
    main()
