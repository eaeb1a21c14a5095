"""Candidates: where a sensor could stand, given by the user or proposed from the terrain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, uniform_filter

from waman.config import Sensor
from waman.errors import InputError, Problems
from waman.geo.frames import Frame
from waman.siting.place.grid import Grid
from waman.siting.place.roads import Roads

F64 = NDArray[np.float64]

CANDIDATES_MAX = 5000
PROMINENCE_KM = 10.0
"""A proposed site must stand out from the mean ground within this distance."""


@dataclass(frozen=True)
class Candidate:
    """A place, what would stand there, what it costs in the user's own unit, and the site it would take."""

    id: str
    sensor: Sensor
    cost: float
    site: str


def parse_candidates(collection: Any, *, name: str = "candidates.geojson") -> tuple[list[Candidate], Problems]:
    """Return the candidates of a GeoJSON collection: points with ``id``, ``cost`` and ``model`` or the radar keys.

    Candidates with the same ``site`` (default: the same position) exclude each other. Bad features become
    problems; InputError where none is good.
    """
    problems = Problems()
    features = collection.get("features") if isinstance(collection, Mapping) else None
    if not isinstance(features, list):
        raise InputError(f"{name} is no GeoJSON FeatureCollection", hint="points with properties id, cost and model")
    out: list[Candidate] = []
    seen: set[str] = set()
    for number, feature in enumerate(features[:CANDIDATES_MAX]):
        where = f"{name} feature {number + 1}"
        try:
            made = _candidate(feature, number)
        except (InputError, msgspec.ValidationError, KeyError, TypeError, ValueError) as why:
            problems.add(where, f"no candidate: {why}")
            continue
        if made.id in seen:
            problems.add(where, "two candidates of one id; the later is left out", made.id)
            continue
        seen.add(made.id)
        out.append(made)
    if len(features) > CANDIDATES_MAX:
        problems.add(name, f"more than {CANDIDATES_MAX} candidates; the rest is left out", len(features))
    if not out:
        first = f": {problems.kept[0].what}" if problems.kept else ""
        raise InputError(f"{name} holds no candidate{first}", hint="points with properties id, cost and model")
    return out, problems


def _candidate(feature: Any, number: int) -> Candidate:
    geometry, properties = feature["geometry"], dict(feature.get("properties") or {})
    if geometry["type"] != "Point":
        raise ValueError(f"a {geometry['type']}, not a Point")
    lon, lat = (float(v) for v in geometry["coordinates"][:2])
    name = str(properties.pop("id", None) or f"c{number + 1}")
    cost = float(properties.pop("cost", 1.0))
    if not cost > 0.0:
        raise ValueError(f"cost {cost:g} is not above 0")
    site = str(properties.pop("site", None) or f"{lat:.5f},{lon:.5f}")
    known = {f.name for f in msgspec.structs.fields(Sensor)}
    keys = {k: v for k, v in properties.items() if k in known and v is not None}
    sensor = msgspec.convert({"kind": "psr", **keys, "id": name, "lat_deg": lat, "lon_deg": lon}, Sensor)
    return Candidate(name, sensor, cost, site)


def propose(
    grid: Grid,
    ground_m: F64,
    count: int,
    template: Sensor,
    *,
    cost: float = 1.0,
    spacing_km: float = 8.0,
    inside: Any = None,
    near: Sequence[tuple[float, float]] = (),
    reach_km: float = 60.0,
    roads: Roads | None = None,
    road_km: float = 15.0,
) -> list[Candidate]:
    """Return up to ``count`` prominent places: summits that stand out most from the ground within 10 km.

    Parameters
    ----------
    ground_m : (rows, cols) ground at the nodes of the grid [m]; NaN is unknown and never proposed
    template : the sensor that would stand there (its position is replaced)
    spacing_km : least distance between two proposals
    inside : a shapely polygon in longitude and latitude; places outside it are not proposed
    near : (lat, lon) [deg] of bases and settled places, where known: a place further than ``reach_km`` from all of
        them can hardly be supplied and is not proposed; none known: nobody is left out
    roads : roads, where known: a place further than ``road_km`` from all of them is not proposed
    """
    known = np.isfinite(ground_m)
    filled = np.where(known, ground_m, -1e4)
    half = max(int(PROMINENCE_KM * 1000.0 / grid.cell_m), 1)
    share = uniform_filter(known.astype(float), 2 * half + 1, mode="constant")
    mean = uniform_filter(np.where(known, ground_m, 0.0), 2 * half + 1, mode="constant") / np.maximum(share, 1e-9)
    reach = max(int(spacing_km * 1000.0 / grid.cell_m), 1)
    peak = known & (filled >= maximum_filter(filled, 2 * reach + 1, mode="nearest"))
    cells = np.argwhere(peak)
    allowed = _allowed(grid, cells, inside, near, reach_km)
    if roads is not None:
        allowed &= roads.nearest(*grid.degrees(cells))[0] <= road_km
    cells, rise = cells[allowed], (ground_m - mean)[peak][allowed]
    cells = _apart(cells[np.argsort(-rise, kind="stable")], reach)[:count]
    lat, lon = grid.degrees(cells)
    out = []
    for k in range(len(cells)):
        name = f"summit-{k + 1}"
        sensor = msgspec.structs.replace(template, id=name, lat_deg=float(lat[k]), lon_deg=float(lon[k]))
        out.append(Candidate(name, sensor, cost, name))
    return out


def _apart(cells: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
    """Return the cells without those near an earlier one: a lake or a plateau is one place, not hundreds."""
    kept = np.empty((0, 2), np.int64)
    for cell in cells:
        if not (np.abs(kept - cell).max(axis=1, initial=0) <= reach).any():
            kept = np.vstack((kept, cell))
    return kept


def _allowed(
    grid: Grid, cells: NDArray[np.int64], inside: Any, near: Sequence[tuple[float, float]], reach_km: float
) -> NDArray[np.bool_]:
    lat, lon = grid.degrees(cells)
    allowed = np.ones(len(cells), bool)
    if inside is not None:
        allowed &= shapely.contains_xy(inside, lon, lat)
    if near:
        allowed &= nearest_km(lat, lon, near) <= reach_km
    return allowed


def nearest_km(lat_deg: F64, lon_deg: F64, near: Sequence[tuple[float, float]]) -> F64:
    """Return the distance [km] from each point to the nearest of some known places; NaN where none is known.

    >>> nearest_km(np.array([0.0]), np.array([0.0]), [(0.0, 1.0), (0.0, 2.0)]).round(1)
    array([111.3])
    """
    if not near:
        return np.full(np.size(lat_deg), np.nan)
    each = [Frame(la, lo).to_plane(lat_deg=lat_deg, lon_deg=lon_deg) for la, lo in near]
    return np.asarray(np.min([np.hypot(x, y) for x, y in each], axis=0) / 1000.0)


def detection_at_nodes(
    candidates: Sequence[Candidate],
    grid: Grid,
    pd_of: Callable[[Sensor, F64, F64], F64],
    *,
    bands: int = 1,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> NDArray[np.float32]:
    """Return (candidates, bands, rows, cols) float32: what each candidate would see at every node.

    ``pd_of`` gives the probability per scan of one sensor at (lat, lon), (n,) or (bands, n); unknown (NaN) counts as
    not seen.
    """
    lat, lon = grid.nodes()
    out = np.zeros((len(candidates), bands, *grid.shape), np.float32)
    for k, candidate in enumerate(candidates):
        out[k] = np.nan_to_num(pd_of(candidate.sensor, lat, lon)).reshape(bands, *grid.shape)
        told(k + 1, len(candidates))
    return out
