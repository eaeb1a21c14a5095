"""Build ``src/waman/store/data/countries.json`` from the npm package world-atlas (Natural Earth, public domain).

    python tools/build_basemap.py world-atlas-2.0.2.tgz

The package's ``countries-50m.json`` is TopoJSON: every line between two countries is stored once,
so that simplifying line by line keeps neighbours in touch. Lines are simplified (Douglas-Peucker) to
2.8 km between countries and 12 km along coasts, islands under 40 km are dropped, and the result stays
TopoJSON. The archive's sha256 is checked, and the figures of the result are printed.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely

ATLAS_SHA256 = "032e7765f2ce00edaeafec23ff22bc3b77e42987c257da944cc585b452c05b97"
INNER = "package/countries-50m.json"
OUT = Path(__file__).parents[1] / "src/waman/store/data/countries.json"
SCALE_DEG = 0.01
BORDER_TOLERANCE_DEG = 0.025
COAST_TOLERANCE_DEG = 0.11
ISLAND_MIN_DEG = 0.4


def rings(geometry: dict[str, Any]) -> Iterator[list[int]]:
    """Yield the arc lists of every ring of a country."""
    polygons = {"Polygon": [geometry["arcs"]], "MultiPolygon": geometry["arcs"]}[geometry["type"]]
    for polygon in polygons:
        yield from polygon


def decoded(atlas: dict[str, Any]) -> list[np.ndarray]:
    """Return every arc as (n, 2) longitudes and latitudes [deg]."""
    scale, move = np.array(atlas["transform"]["scale"]), np.array(atlas["transform"]["translate"])
    return [np.cumsum(np.array(arc), axis=0) * scale + move for arc in atlas["arcs"]]


def simplified(points: np.ndarray, shared: bool) -> np.ndarray:
    """Return one arc as whole steps of SCALE_DEG; its two ends stay where they are."""
    tolerance = BORDER_TOLERANCE_DEG if shared else COAST_TOLERANCE_DEG
    line = shapely.get_coordinates(shapely.simplify(shapely.LineString(points), tolerance))
    steps = np.rint(line / SCALE_DEG).astype(int)
    keep = np.r_[True, np.any(np.diff(steps, axis=0) != 0, axis=1)]
    return steps[keep] if keep.sum() > 1 else steps[[0, -1]]


def small(ring: list[int], arcs: list[np.ndarray], uses: Counter[int]) -> bool:
    """Return whether a ring is an island that shows no border and is smaller than ISLAND_MIN_DEG."""
    keys = [a if a >= 0 else ~a for a in ring]
    extent = np.ptp(np.concatenate([arcs[k] for k in keys]), axis=0)
    return all(uses[k] == 1 for k in keys) and bool(extent.max() < ISLAND_MIN_DEG)


def built(atlas: dict[str, Any]) -> dict[str, Any]:
    """Return the simplified TopoJSON."""
    arcs = decoded(atlas)
    countries = atlas["objects"]["countries"]["geometries"]
    uses = Counter(a if a >= 0 else ~a for c in countries if c["type"] for r in rings(c) for a in r)
    number: dict[int, int] = {}
    out_arcs: list[list[list[int]]] = []
    out_countries = []
    for country in countries:
        kept = []
        polygons = [country["arcs"]] if country["type"] == "Polygon" else country["arcs"]
        for polygon in polygons:
            ring_list = [r for r in polygon if not small(r, arcs, uses)]
            if not ring_list or small(polygon[0], arcs, uses):
                continue
            kept.append([[renumber(a, arcs, uses, number, out_arcs) for a in ring] for ring in ring_list])
        if kept:
            name = country["properties"]["name"]
            out_countries.append({"type": "MultiPolygon", "properties": {"name": name}, "arcs": kept})
    return {
        "type": "Topology",
        "transform": {"scale": [SCALE_DEG, SCALE_DEG], "translate": [0, 0]},
        "objects": {"countries": {"type": "GeometryCollection", "geometries": out_countries}},
        "arcs": out_arcs,
    }


def renumber(arc: int, arcs: list[np.ndarray], uses: Counter[int], number: dict[int, int], out: list) -> int:
    """Return the new number of an arc (one's complement when it runs backwards), adding it when first met."""
    key = arc if arc >= 0 else ~arc
    if key not in number:
        steps = simplified(arcs[key], uses[key] > 1)
        number[key] = len(out)
        out.append([steps[0].tolist(), *np.diff(steps, axis=0).tolist()])
    return number[key] if arc >= 0 else ~number[key]


def main(archive: str) -> None:
    """Check the archive, build the file, print its figures."""
    content = Path(archive).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != ATLAS_SHA256:
        sys.exit(f"{archive}: sha256 {found}, expected {ATLAS_SHA256}")
    with tarfile.open(archive) as tar:
        inner = tar.extractfile(INNER)
        assert inner is not None
        atlas = json.load(inner)
    result = built(atlas)
    OUT.write_text(json.dumps(result, separators=(",", ":"), ensure_ascii=False) + "\n", encoding="utf-8")
    points = sum(len(a) for a in result["arcs"])
    print(f"{OUT}: {OUT.stat().st_size} bytes, {len(result['arcs'])} lines, {points} points")


if __name__ == "__main__":
    main(sys.argv[1])
