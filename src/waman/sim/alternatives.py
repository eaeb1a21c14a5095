"""Ten other worlds a conclusion has to survive: other traffic, other heights, other completeness.

A verdict that holds in the base simulator only says something about the simulator. Each
alternative changes what nobody has measured (facts of the corridor, section 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from waman.errors import ConfigError
from waman.sim.scenario import DEFAULT_MIX, Scenario

ALTERNATIVES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "base": {},
    "air_taxis": {"lawful": {"mix": {**DEFAULT_MIX, "air_taxi": 1.2, "overflight": 0.05}}},
    "missions": {"lawful": {"mix": {**DEFAULT_MIX, "mission": 0.6, "medevac": 0.4}, "plan": 0.5}},
    "works": {"lawful": {"mix": {**DEFAULT_MIX, "survey": 0.5, "helicopter": 0.6, "firefighting": 0.3}}},
    "soldiers": {"lawful": {"mix": {**DEFAULT_MIX, "military": 0.8}}},
    "few_plans": {"lawful": {"plan": 0.3, "transponder": 0.5}},
    "all_plans": {"lawful": {"plan": 0.95, "transponder": 0.95}},
    "low": {"corridor": {"heights_agl_m": (60.0, 100.0), "awareness": (4.0, 8.0)}},
    "high": {"corridor": {"heights_agl_m": (600.0, 1500.0), "awareness": (0.0,)}},
    "disguised": {"corridor": {"cloned": 0.2, "stolen": 0.15, "plan_left": 0.2, "transponder": 0.7}},
    "thin_lists": {"lawful": {"villages_listed": 0.15, "missions": 20, "hard": 0.05}, "corridor": {"known": 0.15}},
}
"""Name -> table -> values that replace those of the scenario. ``base`` is the scenario itself."""


def with_alternative(scenario: Scenario, name: str) -> Scenario:
    """Return the scenario as the alternative simulator ``name`` sees the world.

    >>> with_alternative(Scenario(name="a", seed=1), "few_plans").lawful.plan
    0.3
    """
    if name not in ALTERNATIVES:
        raise ConfigError(f"no alternative simulator {name!r}", hint="known: " + ", ".join(sorted(ALTERNATIVES)))
    changed = {
        table: msgspec.structs.replace(getattr(scenario, table), **values)
        for table, values in ALTERNATIVES[name].items()
    }
    return msgspec.structs.replace(scenario, alternative=name, **changed)
