"""Countries and the lines between them, from Natural Earth (public domain), simplified to about 3 km.

Reference cartography: a border line here is an indication, never a legal boundary. The file is
made by ``tools/build_basemap.py``.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import shapely.geometry
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

FILE = Path(__file__).parent / "data" / "countries.json"
ACCURACY_M = 3_000.0
"""The lines are simplified to 0.025 degrees; nothing finer may be concluded from them."""

Box = tuple[float, float, float, float]
Lines = list[NDArray[np.float64]]


def read_borders(bbox: Box | None = None) -> Lines:
    """Return the lines between countries inside west, south, east, north [deg], each (n, 2) longitude, latitude.

    >>> lines = read_borders((-75.0, -14.0, -65.0, -9.0))   # Peru, Bolivia, Brazil
    >>> len(lines) > 0 and all(line.shape[1] == 2 for line in lines)
    True
    """
    arcs, countries = _topology()
    uses = Counter(arc for _, polygons in countries for ring in _rings(polygons) for arc in ring)
    shared = [arcs[a] for a, n in sorted(uses.items()) if n > 1]
    lines = shapely.MultiLineString([line for line in shared if len(line) > 1])
    return [shapely.get_coordinates(part) for part in _parts(_clipped(lines, bbox)) if part.geom_type == "LineString"]


def read_basemap(bbox: Box) -> dict[str, Any]:
    """Return GeoJSON of a box by ``kind``: ``land`` (polygons), ``border`` (lines), ``label`` (points with a name)."""
    arcs, countries = _topology()
    features: list[dict[str, Any]] = []
    for name, polygons in countries:
        shape = shapely.union_all([_polygon(p, arcs) for p in polygons if _touches(p, arcs, bbox)])
        inside = _clipped(shape, bbox)
        areas = [p for p in _parts(inside) if isinstance(p, shapely.Polygon)]
        if not areas:
            continue
        features.append(_feature("land", shapely.MultiPolygon(areas)))
        largest = max(areas, key=lambda a: a.area)
        features.append(_feature("label", largest.representative_point(), name=name))
    borders = [shapely.LineString(line) for line in read_borders(bbox)]
    if borders:
        features.append(_feature("border", shapely.MultiLineString(borders)))
    return {"type": "FeatureCollection", "features": features}


def _feature(kind: str, shape: BaseGeometry, **more: str) -> dict[str, Any]:
    rounded = shapely.set_precision(shape, 0.001, mode="pointwise")
    return {"type": "Feature", "properties": {"kind": kind, **more}, "geometry": shapely.geometry.mapping(rounded)}


@lru_cache(maxsize=1)
def _topology() -> tuple[list[NDArray[np.float64]], list[tuple[str, list[list[list[int]]]]]]:
    whole = json.loads(FILE.read_text(encoding="utf-8"))
    scale = np.array(whole["transform"]["scale"])
    arcs = [np.cumsum(np.array(a), axis=0) * scale for a in whole["arcs"]]
    found = whole["objects"]["countries"]["geometries"]
    return arcs, [(c["properties"]["name"], c["arcs"]) for c in found]


def _rings(polygons: list[list[list[int]]]) -> list[list[int]]:
    return [[a if a >= 0 else ~a for a in ring] for polygon in polygons for ring in polygon]


def _polygon(polygon: list[list[int]], arcs: list[NDArray[np.float64]]) -> BaseGeometry:
    """Return a polygon from the arcs of its rings; the last point of an arc is the first of the next."""
    rings = []
    for ring in polygon:
        steps = [arcs[a] if a >= 0 else arcs[~a][::-1] for a in ring]
        points = np.concatenate([steps[0], *[s[1:] for s in steps[1:]]])
        if len(points) >= 4:
            rings.append(points)
    return shapely.make_valid(shapely.Polygon(rings[0], rings[1:])) if rings else shapely.Polygon()


def _touches(polygon: list[list[int]], arcs: list[NDArray[np.float64]], bbox: Box) -> bool:
    points = np.concatenate([arcs[a if a >= 0 else ~a] for a in polygon[0]])
    west, south, east, north = bbox
    low, high = points.min(axis=0), points.max(axis=0)
    return bool(low[0] <= east and high[0] >= west and low[1] <= north and high[1] >= south)


def _clipped(shape: BaseGeometry, bbox: Box | None) -> BaseGeometry:
    return shape if bbox is None else shapely.intersection(shape, shapely.box(*bbox))


def _parts(shape: BaseGeometry) -> list[BaseGeometry]:
    return list(shapely.get_parts(shape)) if not shape.is_empty else []
