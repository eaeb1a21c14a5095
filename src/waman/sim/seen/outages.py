"""When the sensors of a simulated world were on, and what anybody wrote down about it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.sim.randomness import stream
from waman.sim.scenario import Scenario
from waman.sim.trips import DAY_S, HOUR_S

Array = NDArray[np.float64]
BLOCKS_MAX = 100_000
DEGRADED = 0.05  # share of up blocks in which half of the looks are lost (assumption)


@dataclass(frozen=True)
class Blocks:
    """The blocks of one sensor: bounds [s], the factor on its detection, and the written state."""

    start_s: Array
    end_s: Array
    factor: Array
    state: tuple[str, ...]

    def factor_at(self, time_s: Array) -> Array:
        """Return the factor on detection at times: 1 on, 0.5 degraded, 0 off."""
        index = np.searchsorted(self.start_s, time_s, side="right") - 1
        return self.factor[np.clip(index, 0, self.factor.size - 1)]


def sensor_key(sensor: str) -> int:
    """Return the number by which a sensor's random streams are known, whatever other sensors there are."""
    return zlib.crc32(sensor.encode())


def blocks(scenario: Scenario, sensor: str) -> Blocks:
    """Draw the on and off blocks of one sensor: exponential lengths with the scenario's uptime."""
    o = scenario.outages
    rng = stream(scenario.seed, "outage", sensor_key(sensor))
    end = scenario.days * DAY_S
    mean = (o.block_h * HOUR_S * o.uptime / max(1.0 - o.uptime, 1e-9), o.block_h * HOUR_S)
    starts, factors, states, at, up = [0.0], [], [], 0.0, bool(rng.random() < o.uptime)
    for _ in range(BLOCKS_MAX):
        length = float(rng.exponential(mean[0 if up else 1]))
        degraded, unknown = rng.random() < DEGRADED, rng.random() < o.unknown
        factors.append(0.0 if not up else 0.5 if degraded else 1.0)
        states.append("unknown" if unknown else "down" if not up else "degraded" if degraded else "up")
        at, up = at + length, not up
        if o.uptime >= 1.0 or at >= end:
            break
        starts.append(at)
    bounds = np.array([*starts, end])
    return Blocks(bounds[:-1], bounds[1:], np.array(factors), tuple(states))
