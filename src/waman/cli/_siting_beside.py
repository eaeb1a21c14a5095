"""What ``waman plan`` computes beside the plan: sensitivity, the balloon effect, what it would have meant, odds."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from waman.cli._siting import Given
    from waman.siting.plan import Point
    from waman.siting.problem import Problem

BASELINES_NONE = "existing"


def sensitivity(given: Given, kept_pd: Any, x: NDArray[np.float64], say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Return the worst Pd of the same plan under other assumptions and without each sensor."""
    from dataclasses import replace

    import numpy as np

    from waman.siting.beside import sensitivity as of

    chosen = [given.offers[int(i)] for i in np.flatnonzero(x > 0.5)]

    def rebuilt(what: str, value: float) -> Problem:
        """Return the problem of the chosen sensors alone under one changed assumption."""
        mine, can, more = given, given.adversary, {}
        if what == "terrain":
            mine = replace(given, cell_m=given.cell_m * value)
        if what == "height":
            can = given.at_height(value)
        if what == "rcs":
            more = {"rcs_m2": value}
        changed = what != "terrain" or value != 1.0
        pd = mine.detection(chosen, heights_m=can.heights_agl_m, **more)
        kept = mine.detection(given.kept, heights_m=can.heights_agl_m, **more) if changed else kept_pd
        return mine.problem(chosen, pd, kept, can)

    cases = of.sensitivity(rebuilt, [c.id for c in chosen], told=lambda what: say(f"sensitivity to {what}"))
    return [asdict(c) for c in cases]


def balloon(given: Given, problem: Problem, x: NDArray[np.float64], shares: Any) -> dict[str, Any]:
    """Return where the flow goes: by strip, and by coarse cell."""
    from waman.siting.beside.balloon import balloon as of

    made = of(problem, x, lambda cells: coordinates(given, cells), shares=shares)
    cells = [
        {"south_deg": la, "west_deg": lo, "before": round(b, 4), "after": round(a, 4)}
        for (la, lo), (b, a) in sorted(made.cells.items())
    ]
    names = strip_names(given, problem)
    strips = [{**asdict(m), "strip": names[m.strip]} for m in made.strips]
    return {"summary": made.summary(), "strips": strips, "cells": cells}


def meant(
    given: Given,
    problem: Problem,
    last: Point,
    shares: Any,
    count: int,
    recorded: Path | None,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Return what the plan, each baseline and the existing sensors alone would have shown of flights."""
    import numpy as np

    from waman.siting.beside.meant import flights_along
    from waman.siting.beside.meant import meant as of

    height = given.adversary.heights_agl_m[0]
    weight = np.full(problem.strips.size, 1.0 / problem.strips.size) if shares is None else shares
    plans = {
        "plan": last.solution.x,
        **{k: b.x for k, b in last.baselines.items()},
        BASELINES_NONE: last.solution.x * 0,
    }
    given_flights = _recorded(recorded) if recorded is not None else None
    out: dict[str, Any] = {
        "flights": "recorded" if given_flights is not None else "drawn along good routes that know each plan",
        "height_agl_m": height,
        "plans": {},
    }
    for name, x in plans.items():
        sensors = [given.offers[int(i)].sensor for i in np.flatnonzero(x > 0.5)] + [c.sensor for c in given.kept]
        flown = given_flights
        if flown is None:
            flown = flights_along(problem, x, lambda cells: np.array(coordinates(given, cells)), weight, count)
        out["plans"][name] = (
            asdict(of(given.field(sensors), sensors, flown, height)) if sensors else _nothing(len(flown))
        )
        say(f"flights past {name}")
    return out


def _nothing(flights: int) -> dict[str, Any]:
    from waman.siting.beside.meant import Meant

    return asdict(Meant(flights, 0, 0.0, 0.0, 0.0, None, 1.0))


def _recorded(file: Path) -> Any:
    import pyarrow.parquet as pq

    from waman.errors import InputError
    from waman.siting.beside.meant import recorded

    try:
        rows = pq.read_table(file)
    except (OSError, ValueError) as why:
        raise InputError(
            f"{file} cannot be read as a table: {why}", hint="give tracks.parquet or truth.parquet"
        ) from why
    owner = next((k for k in ("track", "target") if k in rows.column_names), None)
    if owner is None or not {"time", "lat_deg", "lon_deg"} <= set(rows.column_names):
        raise InputError(f"{file} holds neither tracks nor truth", hint="give tracks.parquet or truth.parquet")
    found = recorded(rows, owner)
    if not found:
        raise InputError(f"{file} holds no flight longer than a minute", hint="give tracks.parquet or truth.parquet")
    return found


def hidden(given: Given, problem: Problem, last: Point, seconds: float, stop: Callable[[], bool]) -> dict[str, Any]:
    """Return the odds with which mobile sensors should be placed."""
    import numpy as np

    from waman.siting.beside.hidden import hidden_plan
    from waman.siting.plan import known_routes

    s = last.solution
    routes = [*problem.best_routes(s.x)[1], *known_routes(problem)]
    made = hidden_plan(problem, last.budget, s.x, routes, marginals=s.marginals, seconds=seconds, stop=stop)
    order = np.argsort(-made.odds)
    return {
        "pd_low": made.pd_low,
        "pd_met": made.pd_met,
        "pd_upper": made.pd_upper,
        "visible_worst_pd": last.worst_pd,
        "rounds": made.rounds,
        "mixture": [
            {
                "odds": float(made.odds[k]),
                "chosen": [given.names[int(i)] for i in np.flatnonzero(made.plans[k] > 0.5)],
            }
            for k in order
        ],
    }


def flow_shares(given: Given, problem: Problem, file: Path) -> NDArray[np.float64]:
    """Return (draws, strips) shares of flights from flow.json, or from a table of strip, low, mid, high."""
    import numpy as np

    from waman.errors import InputError
    from waman.siting.beside.weighted import shares_of

    rows = _flow_rows(file)
    names = strip_names(given, problem)
    unknown = sorted(set(rows) - set(given.strip_ids))
    if not set(rows) & set(names):
        raise InputError(
            f"{file.name} names no strip of this area (it names {', '.join(unknown[:3]) or 'nothing'})",
            hint="sectors of the flow must be ids of strips, or give a table with strip, q05, q50, q95",
        )
    rng = np.random.default_rng(5)
    draws = np.zeros((1000, len(names)))
    for k, name in enumerate(names):
        if name in rows:
            low, middle, high = (max(v, 1e-9) for v in rows[name])
            spread = np.log(high / low) / (2 * 1.645)  # a log-normal with these 5 % and 95 % points
            draws[:, k] = middle * np.exp(max(spread, 0.0) * rng.standard_normal(1000))
    return shares_of(draws)


def _flow_rows(file: Path) -> dict[str, tuple[float, float, float]]:
    from waman.errors import InputError

    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".json":
            rows = [
                {"strip": r["sector"], **(r["flights"] if isinstance(r.get("flights"), dict) else r)}
                for r in json.loads(text)["sectors"]
            ]
        else:
            rows = list(csv.DictReader(text.splitlines()))
        return {str(r["strip"]): (float(r["q05"]), float(r["q50"]), float(r["q95"])) for r in rows}
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise InputError(
            f"{file} is no flow: {why}", hint="give flow.json of waman flow, or a CSV with strip, q05, q50, q95"
        ) from why


def expected(
    given: Given, problem: Problem, budget: float, shares: Any, start: Any, seconds: float, stop: Callable[[], bool]
) -> dict[str, Any]:
    """Return the plan for the flow rather than for the worst strip."""
    import numpy as np

    from waman.siting.beside.weighted import expected_plan

    made = expected_plan(problem, budget, shares, seconds=seconds, start=start, stop=stop)
    return {
        "chosen": [given.names[int(i)] for i in np.flatnonzero(made.x > 0.5)],
        "expected_pd": made.pd,
        "expected_pd_q05": made.pd_q05,
        "expected_pd_q95": made.pd_q95,
        "upper_bound": made.upper,
        "worst_pd": problem.detection(problem.worst(made.x)[1], made.x),
    }


def strip_names(given: Given, problem: Problem) -> list[str]:
    """Return the ids of the strips in the order of the problem; strips of one cell are one."""
    cols = problem.shape[2]
    names: dict[int, str] = {}
    for (row, col), name in zip(given.strips, given.strip_ids, strict=True):
        names.setdefault(int(row) * cols + int(col), name)
    return [names[int(node)] for node in problem.strips]


def coordinates(given: Given, cells: Any) -> list[list[float]]:
    """Return [lon, lat] of cells."""
    lat, lon = given.grid.degrees(cells)
    return [[round(float(x), 5), round(float(y), 5)] for x, y in zip(lon, lat, strict=True)]


def sites(given: Given) -> list[dict[str, Any]]:
    """Return the candidates with position, cost and the way to the nearest known base or settled place, and road."""
    import numpy as np

    from waman.siting.place.candidates import nearest_km

    lat = np.array([c.sensor.lat_deg for c in given.offers], float)
    lon = np.array([c.sensor.lon_deg for c in given.offers], float)
    away = nearest_km(lat, lon, given.bases)
    km = [round(float(v), 1) if np.isfinite(v) else None for v in away]
    road = _access(given, lat, lon)
    return [
        {
            "id": c.id, "lon_deg": round(float(lon[k]), 5), "lat_deg": round(float(lat[k]), 5), "cost": c.cost,
            "model": c.sensor.model, "nearest_known_place_km": km[k], **road[k],
        }
        for k, c in enumerate(given.offers)
    ]  # fmt: skip


def _access(given: Given, lat: Any, lon: Any) -> list[dict[str, float | None]]:
    """Return for each place the distance to the nearest road and the mean rise [m/m] from there, where known."""
    import numpy as np

    from waman.cli._given import ground
    from waman.errors import Problems

    if given.roads is None:
        return [{"nearest_road_km": None, "rise_from_road": None}] * len(given.offers)
    km, there_lat, there_lon = given.roads.nearest(lat, lon)
    rise, height = np.full(km.size, np.nan), ground(given.area, Problems())
    if height is not None:
        # closer than a cell of common ground data the rise is noise
        rise = (height(lat, lon) - height(there_lat, there_lon)) / np.maximum(1000.0 * km, 30.0)
    return [
        {"nearest_road_km": round(float(d), 2), "rise_from_road": round(float(r), 3) if np.isfinite(r) else None}
        for d, r in zip(km, rise, strict=True)
    ]
