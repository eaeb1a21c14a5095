"""How the flow moves when it is pressed: by sector, by mode, by week, with price of the leaf.

Utilities and a softmax over open options with a memory of risk, after the structure of the model of
Magliocca et al. (2019, doi 10.1073/pnas.1812459116), whose values were set for Central American
nodes by month: they are the centre of a sweep here, never fitted. Only order and direction of
displacement are validated; sizes are not a forecast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.sim.scenario import Scenario

Array = NDArray[np.float64]
SECTORS = 3  # valley, foothills, plain: nearest to the leaf first
DISTANCE_COST = np.array([0.0, 0.8, 1.6])  # utility lost by hauling leaf further (assumption)
AIR_GAIN = 3.2  # utility of flying over carrying by road, at no risk (assumption)
RIVER_COST = 0.5
PREMIUM = 9.0  # utility per unit of risk premium (assumption; sets the size of the fall of 2016)
PRICE_HIGH, PRICE_LOW = 50.0, 26.0  # $ an arroba before and after January 2016 (facts 7, B)
PRICE_WEEKS = 8.0  # weeks in which the price follows (assumption: "within months")
LEARN_EFFORT_MONTH = 0.5450  # sl_learn: interdiction follows the flow
LEAF_CEILING_T = 270.0  # t a year: 180-270 by conversion (facts 2, B)


@dataclass(frozen=True)
class Course:
    """The weeks of a run; arrays are (weeks,) or (weeks, SECTORS).

    ``air_share`` is relative to the first week; ``value_per_seizure`` is in loads.
    """

    pull: Array
    air_share: Array
    road_share: Array
    risk: Array
    leaf_price_usd: Array
    active: Array
    seizures: Array
    value_per_seizure: Array
    footprint: Array


def per_week(per_month: float) -> float:
    """Return the weekly equivalent of a monthly learning rate: 1 - (1 - r)^(7/30).

    >>> round(per_week(0.6551), 3)
    0.22
    """
    return float(1.0 - (1.0 - per_month) ** (7.0 / 30.0))


def course(scenario: Scenario, *, weeks: int | None = None) -> Course:
    """Run the weeks. ``Balloon.pressure`` lists (week from, loss per flight at average effort)."""
    b = scenario.balloon
    weeks = scenario.days // 7 + 1 if weeks is None else weeks
    learn, follow, grow = per_week(b.learn_month), per_week(LEARN_EFFORT_MONTH), b.expand_month * 7.0 / 30.0
    risk, effort = np.zeros(SECTORS), np.full(SECTORS, 1.0 / SECTORS)
    price, active = PRICE_HIGH, np.array([1.0, 0.2, 0.1]) * scenario.corridor.strips
    shares0 = _shares(risk, b.base_risk, b.risk_multiplier)
    rows: list[tuple[Array, float, float, Array, float, float, float, float, float]] = []
    for week in range(weeks):
        shares = _shares(risk, b.base_risk, b.risk_multiplier)
        flow = shares[:SECTORS]
        air, air0 = float(flow.sum()), float(shares0[:SECTORS].sum())
        pressed = max((loss for start, loss in b.pressure if start <= week), default=scenario.corridor.loss)
        pressed = [loss for start, loss in b.pressure if start <= week][-1] if _begun(b.pressure, week) else pressed
        loss = np.minimum(pressed * SECTORS * effort, 0.6)
        felt = loss / (loss + b.loss_limit)
        # part of a loss is remembered by the neighbours on the same route
        spilled = np.maximum(felt, b.spill * np.array([felt[1], max(felt[0], felt[2]), felt[1]]) * 0.5)
        risk = (1.0 - learn) * risk + learn * spilled
        effort = (1.0 - follow) * effort + follow * flow / max(air, 1e-9)
        price += (PRICE_LOW + (PRICE_HIGH - PRICE_LOW) * min(air / air0, 1.0) - price) / PRICE_WEEKS
        new = np.where(loss > b.loss_limit, grow, 0.0) * (flow / max(air, 1e-9) + 0.15)
        active = active + new - 0.02 * np.maximum(active - scenario.corridor.strips * flow, 0.0)
        split = 1.0 / (1.0 + float(np.dot(risk, flow) / max(air, 1e-9)))
        spread = float(np.exp(-np.sum(flow / air * np.log(np.maximum(flow / air, 1e-12)))))
        seized = float(np.dot(loss, flow)) / split  # smaller loads, more flights, more seizures
        pull = (flow / air) / (shares0[:SECTORS] / air0)
        rows.append((pull, air / air0, float(shares[SECTORS]), risk, price, float(active.sum()), seized, split, spread))
    columns = [np.array(v) for v in zip(*rows, strict=True)]
    return Course(*columns)


def _begun(pressure: tuple[tuple[int, float], ...], week: int) -> bool:
    return any(start <= week for start, _ in pressure)


def _shares(risk: Array, base: float, multiplier: float) -> Array:
    """Shares of sectors by air, then road, then river: they add up to one."""
    premium = multiplier * np.maximum(risk - base, 0.0)
    utility = np.concatenate([AIR_GAIN - DISTANCE_COST - PREMIUM * premium, [0.0, -RIVER_COST]])
    weight = np.exp(utility - utility.max())
    return np.asarray(weight / weight.sum(), np.float64)


def loaded_share(scenario: Scenario) -> float:
    """Return the share of flights that can carry a load without breaking the leaf ceiling.

    Tonnes by air never exceed what the leaf yields, whatever rate is claimed: above it, the rest
    of the flights are taken to be light (cash, people, empty returns).

    >>> loaded_share(Scenario(name="a", seed=1)) < 1.0
    True
    """
    c = scenario.corridor
    party = 1.0 + c.pairs + 3.5 * c.groups
    tonnes = 365.0 * c.flights_per_day * (1.0 - 0.8 * c.no_go) * party * c.load_median_kg / 1000.0
    return min(1.0, LEAF_CEILING_T / max(tonnes, 1e-9))
