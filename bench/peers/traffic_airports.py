"""The traffic library's own detection of departure and arrival aerodromes. Runs in an environment of its own.

python traffic_airports.py RECORDING.json.gz AIRPORTS.csv OUT.json
"""

import json
import statistics
import sys
import time
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import pandas as pd  # noqa: E402
from traffic.core import Traffic  # noqa: E402
from traffic.data.basic.airports import Airports  # noqa: E402

RUNS = 3


def detect(whole, airports):
    rows = []
    for flight in whole:
        takeoff = flight.infer_airport("takeoff", dataset=airports)
        landing = flight.infer_airport("landing", dataset=airports)
        rows.append(
            {
                "icao24": flight.icao24,
                "start_s": flight.start.timestamp(),
                "stop_s": flight.stop.timestamp(),
                "takeoff": takeoff.icao,
                "takeoff_m": float(takeoff.distance),
                "landing": landing.icao,
                "landing_m": float(landing.distance),
            }
        )
    return rows


def main():
    recording, table, out = sys.argv[1:]
    states = pd.read_json(recording)
    states["timestamp"] = pd.to_datetime(states["timestamp"], unit="ms", utc=True)
    airports = Airports(data=pd.read_csv(table, keep_default_na=False))
    whole = Traffic(states)
    seconds = []
    for _ in range(RUNS):
        start = time.process_time()
        rows = detect(whole, airports)
        seconds.append(time.process_time() - start)
    with Path(out).open("w", encoding="utf-8") as file:
        json.dump({"rows": rows, "seconds": seconds, "median_s": statistics.median(seconds)}, file)


if __name__ == "__main__":
    main()
