"""A small world for the tests of the simulator: one afternoon's worth of code, a second of machine."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

import waman.sim
from waman.sim import Scenario, World, load_scenario, simulate

EXAMPLES = Path(__file__).parents[2] / "examples" / "scenarios"
NIGHT = Path(waman.sim.__file__).parent / "corridor_night.toml"


def night(**changes: object) -> Scenario:
    """Return the shipped night, coarser and with other values where wanted."""
    found = load_scenario(NIGHT)
    land = msgspec.structs.replace(found.land, spacing_arcsec=18.0, path_cell_m=4000.0)
    return msgspec.structs.replace(found, land=land, **changes)


@cache
def world(seed: int = 5, days: int = 2) -> World:
    """Return a small world, made once a seed."""
    return simulate(night(seed=seed, days=days))
