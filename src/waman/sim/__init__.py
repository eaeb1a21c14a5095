"""The corridor simulator: a seeded world that knows the truth and shares no code with what it judges.

A scenario (TOML) fixes everything; :func:`simulate` makes the world, :func:`observed` and
:func:`reports` what sensors and people say of it. It is not a forecast: only order and direction of
displacement are validated.
"""

from waman.sim.alternatives import ALTERNATIVES, with_alternative
from waman.sim.scenario import Scenario, load_scenario
from waman.sim.seen.people import reports
from waman.sim.seen.plots import observed
from waman.sim.world import World, simulate

__all__ = [
    "ALTERNATIVES",
    "Scenario",
    "World",
    "load_scenario",
    "observed",
    "reports",
    "simulate",
    "with_alternative",
]
