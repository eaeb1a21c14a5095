"""Makes ``recording.csv.gz``: a small hand-made recording, so that the demo runs without a network.

Everything in it is invented: addresses and callsigns belong to no aircraft. The aerodromes are
real places (Lima, Jauja, Ayacucho, Pisco, Andahuaylas), the village landing and the survey grid are not.
Run ``python src/waman/store/handmade/make.py`` to make it again; a test compares the bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

STEP_S = 8.0
START_S = 1_444_824_000  # 2015-10-14T12:00:00Z: a morning in Peru
KNOT = 1852.0 / 3600.0
FOOT = 0.3048
M_PER_DEG = 111_195.0

LIMA = (-12.0219, -77.1143, 34.0)
JAUJA = (-11.7831, -75.4734, 3363.0)
AYACUCHO = (-13.1548, -74.2044, 2718.0)
PISCO = (-13.7449, -76.2203, 12.0)
ANDAHUAYLAS = (-13.7064, -73.3504, 3444.0)
VILLAGE = (-12.9000, -75.1000, 3100.0)

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Leg:
    """One aircraft's path: points to pass (lat, lon, ground height [m]), cruise height [m] and speed [kt]."""

    icao24: str
    callsign: str
    points: tuple[Point, ...]
    cruise_m: float
    speed_kt: float
    start_min: float
    from_ground: bool = True
    to_ground: bool = True


def legs() -> list[Leg]:
    """Return the invented flights, one line each."""
    grid = tuple(
        (-13.30 + 0.02 * row, -75.60 + (0.25 if (row + side) % 2 else 0.0), 3300.0)
        for row in range(6)
        for side in (0, 1)
    )
    return [
        Leg("e8f001", "WMN101", (LIMA, JAUJA), 6700.0, 210.0, 0.0),
        Leg("e8f001", "WMN102", (JAUJA, LIMA), 7000.0, 210.0, 75.0),
        Leg("e8f002", "WMN205", (LIMA, PISCO), 3600.0, 180.0, 5.0),
        Leg("e8f003", "WMN310", (AYACUCHO, LIMA), 7600.0, 240.0, 12.0),
        Leg("e8f004", "WMN312", (LIMA, AYACUCHO), 7900.0, 240.0, 20.0),
        Leg("e8f005", "WMN418", (PISCO, AYACUCHO), 6400.0, 170.0, 8.0),
        Leg("e8f006", "WMN020", ((-11.2, -77.8, 0.0), (-13.9, -73.0, 0.0)), 11_000.0, 440.0, 15.0, False, False),
        Leg("e8f007", "WMN024", ((-13.9, -77.2, 0.0), (-11.2, -73.4, 0.0)), 10_400.0, 430.0, 30.0, False, False),
        Leg("e8f008", "MEDIC1", (AYACUCHO, VILLAGE), 4300.0, 110.0, 25.0),
        Leg("e8f008", "MEDIC1", (VILLAGE, AYACUCHO), 4300.0, 110.0, 70.0),
        Leg("e8f009", "SURV07", (PISCO, *grid, PISCO), 4600.0, 130.0, 10.0),
        Leg("e8f00a", "WMN511", (ANDAHUAYLAS, AYACUCHO), 5600.0, 190.0, 40.0),
    ]


def fly(leg: Leg) -> dict[str, NDArray[np.float64]]:
    """Return time, position, height, speed and track of one leg, one row each STEP_S."""
    points = np.array(leg.points)
    scale = np.array([M_PER_DEG, M_PER_DEG * np.cos(np.radians(points[0, 0]))])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*(np.diff(points[:, :2], axis=0) * scale).T))])
    speed = leg.speed_kt * KNOT
    ramp = 45_000.0  # climb and descent take this distance, or less on a short leg
    ramp = min(ramp, along[-1] / 2.5)
    # speed grows from a stand to cruise over the first kilometres where the leg starts on the ground
    s, rows = 0.0, []
    t = 0.0
    while s < along[-1] and t < 4 * 3600.0:
        near_start = s if leg.from_ground else ramp
        near_end = along[-1] - s if leg.to_ground else ramp
        v = speed * min(1.0, 0.30 + 0.7 * min(near_start, near_end) / (0.4 * ramp))
        climb = np.clip(min(max(near_start - 900.0, 0.0), max(near_end - 900.0, 0.0)) / ramp, 0.0, 1.0)
        ground = float(np.interp(s, [0.0, along[-1]], [points[0, 2], points[-1, 2]]))
        height = leg.cruise_m if not (leg.from_ground or leg.to_ground) else ground + climb * (leg.cruise_m - ground)
        rows.append((t, s, v, height))
        t += STEP_S
        s += v * STEP_S
    t_s, s_m, v_mps, height_m = np.array(rows).T
    lat, lon = np.interp(s_m, along, points[:, 0]), np.interp(s_m, along, points[:, 1])
    track = np.degrees(np.arctan2(np.gradient(lon) * scale[1], np.gradient(lat) * scale[0])) % 360.0
    return {"t": t_s + leg.start_min * 60.0, "lat": lat, "lon": lon, "h": height_m, "v": v_mps, "track": track}


def recording() -> bytes:
    """Return the whole recording as OpenSky state-vector CSV, compressed, the same bytes each time."""
    rows = []
    for leg in legs():
        f = fly(leg)
        for k in range(len(f["t"])):
            rows.append(
                (
                    int(START_S + f["t"][k]),
                    leg.icao24,
                    f"{f['lat'][k]:.5f}",
                    f"{f['lon'][k]:.5f}",
                    f"{f['v'][k]:.1f}",
                    f"{f['track'][k]:.1f}",
                    leg.callsign,
                    "false",
                    f"{f['h'][k] - 60.0:.1f}",  # pressure height on a day 60 m off standard
                    f"{f['h'][k] + 25.0:.1f}",  # above the ellipsoid: the geoid lies some 25 m above it here
                )
            )
    rows.sort(key=lambda r: (r[0], r[1]))
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(
        ["time", "icao24", "lat", "lon", "velocity", "heading", "callsign", "onground", "baroaltitude", "geoaltitude"]
    )
    out.writerows(rows)
    return gzip.compress(text.getvalue().encode(), 9, mtime=0)


if __name__ == "__main__":
    Path(__file__).with_name("recording.csv.gz").write_bytes(recording())
