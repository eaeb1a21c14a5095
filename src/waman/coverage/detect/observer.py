"""How likely a person, or a microphone in a person's place, notices an aircraft: distance, hour, weather.

    Pd = p0 / (1 + (2 r / R)^4) · awake(solar hour) · weather

p0 is the chance close by, R the distance beyond which nothing counts, r the slant range. Ridges
do not stop sound, so no line of sight is asked for.

No published figure for observers of light aircraft was found (reference: the catalogue's
``observer_post`` row). The shares below are assumptions, named as such in every field
(``not_modelled``); calibration with known flights replaces them. An hour or a weather that
nobody gave is averaged over, never taken for the best.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

F64 = NDArray[np.float64]

HOUR_US = 3_600_000_000
NIGHT = (22.0, 5.0)  # solar hours between which people sleep
DUSK_H = 1.0  # over which the share changes
WEATHER = {"calm": 1.0, "wind": 0.5, "rain": 0.3}
"""Share of a calm hour's chance that is left in wind (leaves and roofs drown the engine) and under rain on a roof."""


def distance_share(slant_m: ArrayLike, range_max_m: float) -> F64:
    """Return the share of the chance close by that is left at a distance: a half at half the range.

    >>> distance_share([0.0, 5_000.0, 10_000.0], 10_000.0).round(2).tolist()
    [1.0, 0.5, 0.06]
    """
    return np.asarray(1.0 / (1.0 + (2.0 * np.asarray(slant_m, np.float64) / range_max_m) ** 4), np.float64)


def awake_share(time_us: ArrayLike | None, lon_deg: ArrayLike, night_share: float) -> F64:
    """Return the share left at the solar hour of a place: 1 by day, ``night_share`` at night.

    Without a time the mean over the day. Solar hours, so that no list of time zones is needed.

    >>> awake_share([6 * HOUR_US, 18 * HOUR_US], -75.0, 0.3).round(2).tolist()  # 1 and 13 o'clock
    [0.3, 1.0]
    """
    if time_us is None:
        length = (NIGHT[1] - NIGHT[0]) % 24.0 - DUSK_H
        return np.asarray(1.0 - length / 24.0 * (1.0 - night_share), np.float64)
    hour = (np.asarray(time_us, np.int64) / HOUR_US + np.asarray(lon_deg, np.float64) / 15.0) % 24.0
    # hours since people begin to go to sleep, on a clock that starts there
    since, length = (hour - NIGHT[0]) % 24.0, (NIGHT[1] - NIGHT[0]) % 24.0
    asleep = np.minimum(np.clip(since / DUSK_H, 0.0, 1.0), np.clip((length - since) / DUSK_H, 0.0, 1.0))
    return np.asarray(1.0 - asleep * (1.0 - night_share), np.float64)


def weather_share(weather: str | None) -> float:
    """Return the share left in a weather; the mean over all where it is unknown.

    >>> [weather_share("rain"), weather_share(None)]
    [0.3, 0.6]
    """
    if weather is None:
        return float(np.mean(list(WEATHER.values())))
    assert weather in WEATHER, f"{weather!r} is none of {', '.join(WEATHER)}"
    return WEATHER[weather]
