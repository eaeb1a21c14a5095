"""What ``waman plan`` gathers before it searches: candidates, fields, strips, exits, the adversary's limits."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from waman.config import Area, Sensor
    from waman.siting.place.candidates import Candidate
    from waman.siting.place.grid import Grid
    from waman.siting.place.network import Adversary
    from waman.siting.place.roads import Roads
    from waman.siting.problem import Problem


@dataclass(frozen=True)
class Given:
    """Everything a plan is made from. ``kept`` are the sensors already there, as candidates that cost nothing."""

    area: Area
    grid: Grid
    offers: list[Candidate]
    kept: list[Candidate]
    ground_m: NDArray[np.float64] | None
    strips: NDArray[np.int64]
    strip_ids: list[str]
    exits: NDArray[np.int64]
    adversary: Adversary
    sources: Any
    cell_m: float
    bases: list[tuple[float, float]]
    roads: Roads | None

    @property
    def names(self) -> list[str]:
        """Ids of the candidates, in order."""
        return [c.id for c in self.offers]

    def field(self, sensors: Sequence[Sensor]) -> Any:
        """Return the detection field of some sensors."""
        from waman.coverage import build_field, resolve

        models = [resolve(s, folder=Path(self.area.folder)) for s in sensors]
        return build_field(models, self.sources, cell_m=self.cell_m)

    def detection(
        self,
        who: Sequence[Candidate],
        *,
        heights_m: Sequence[float] = (),
        rcs_m2: float | None = None,
        told: Any = None,
    ) -> NDArray[np.float32]:
        """Return (who, bands, rows, cols): what each sees at every node, at other heights or another target."""
        import numpy as np

        from waman.siting.place.candidates import detection_at_nodes

        heights = tuple(heights_m) or self.adversary.heights_agl_m

        def pd_of(sensor: Any, lat: Any, lon: Any) -> Any:
            field = self.field([sensor])
            more = {} if rcs_m2 is None else {"rcs_m2": rcs_m2}
            return np.stack([field.detection_probability(lat, lon, h, sensor.id, **more) for h in heights])

        quiet: Callable[[int, int], None] = lambda done, of: None  # noqa: E731
        return detection_at_nodes(who, self.grid, pd_of, bands=len(heights), told=told or quiet)

    def problem(
        self,
        who: Sequence[Candidate],
        pd: NDArray[np.float32],
        kept: NDArray[np.float32],
        adversary: Adversary | None = None,
    ) -> Problem:
        """Return the siting problem of some candidates."""
        import numpy as np

        from waman.siting.place.network import problem_on_grid

        sites = {name: k for k, name in enumerate(dict.fromkeys(c.site for c in who))}
        return problem_on_grid(
            pd=pd,
            kept=kept,
            cost=np.array([c.cost for c in who]),
            site=np.array([sites[c.site] for c in who], np.int64),
            strips=self.strips,
            exits=self.exits,
            cell_km=self.grid.cell_m / 1000.0,
            adversary=adversary or self.adversary,
            ground_m=self.ground_m,
        )

    def at_height(self, height_m: float) -> Adversary:
        """Return the adversary kept to one height."""
        return replace(self.adversary, heights_agl_m=(height_m,), band_weight_per_km=())


def gather(area: Area, file: Path | None, count: int, template: Sensor, within: Path | None, say: Any) -> Given:
    """Read what an area says about siting; InputError with a sentence where something is missing."""
    import numpy as np

    from waman.coverage.run import terrain_sources
    from waman.siting.place.candidates import Candidate
    from waman.siting.place.grid import Grid

    grid = Grid.of(area.bbox, cell_m=area.siting.grid_m)
    ground_m = _ground(area, grid)
    lines, points = _geometry(area)
    roads = _roads(area, grid)
    offers = _candidates(area, grid, ground_m, file, count, template, within, roads)
    kept = [Candidate(s.id, s, 0.0, s.id) for s in area.sensor if s.surveyed and s.kind in ("psr", "psr_ssr")]
    strips, ids = [np.empty((0, 2), np.int64)], []
    for name, lon, lat in points:
        cell = grid.cells(lat_deg=[lat], lon_deg=[lon])
        strips.append(cell)
        ids += [name] * len(cell)
    return Given(
        area=area,
        grid=grid,
        offers=offers,
        kept=kept,
        ground_m=ground_m,
        strips=np.concatenate(strips),
        strip_ids=ids,
        exits=grid.line_cells(lines) if area.siting.exits else grid.rim(),
        adversary=_adversary(area),
        sources=terrain_sources(area, say),
        cell_m=max(90.0, min(area.siting.grid_m / 4.0, 250.0)),
        bases=_bases(area),
        roads=roads,
    )


def _adversary(area: Area) -> Adversary:
    import numpy as np

    from waman.errors import ConfigError
    from waman.siting.place.network import Adversary

    s = area.siting
    heights = tuple(s.heights_agl_m) or (s.height_agl_m,)
    if s.band_weight_per_km and len(s.band_weight_per_km) != len(heights):
        raise ConfigError(
            f"[siting] has {len(s.band_weight_per_km)} band_weight_per_km for {len(heights)} heights_agl_m",
            hint="give one weight for each height, lowest first",
        )
    if (s.slope_max or s.ceiling_msl_m) and not area.terrain.sources:
        raise ConfigError(
            "[siting] slope_max and ceiling_msl_m need terrain, and the area names none", hint="give [terrain] sources"
        )
    return Adversary(
        looks_per_km=s.looks_per_km,
        distance_weight_per_km=s.distance_weight_per_km,
        heights_agl_m=heights,
        band_weight_per_km=tuple(s.band_weight_per_km),
        slope_max=s.slope_max or np.inf,
        ceiling_msl_m=s.ceiling_msl_m or np.inf,
        range_max_km=s.range_max_km or np.inf,
    )


def _candidates(
    area: Area, grid: Grid, ground_m: Any, file: Path | None, count: int, template: Sensor, within: Path | None,
    roads: Roads | None,
) -> list[Candidate]:  # fmt: skip
    from waman.errors import InputError
    from waman.siting.place.candidates import parse_candidates, propose

    if file is not None:
        found, problems = parse_candidates(_json(file), name=file.name)
        for problem in problems.kept[:3]:
            click.echo(f"{problem.where}: {problem.what} {problem.value}".rstrip(), err=True)
        return found
    if ground_m is None:
        raise InputError(
            "no terrain to propose candidates from",
            hint="give --candidates FILE, or [terrain] sources in the area file",
        )
    inside = None if within is None else _polygons(within)
    found = propose(
        grid, ground_m, count, template, inside=inside, near=_bases(area), roads=roads, road_km=area.siting.road_km
    )
    if not found:
        raise InputError(
            "no summit can be proposed: all lie outside the polygons, or far from every known place or road",
            hint="widen --within, raise [siting] road_km, add places of kind base or village, or give --candidates",
        )
    return found


def _bases(area: Area) -> list[tuple[float, float]]:
    """Return where people and supplies are known to be (lat, lon): teams, bases, aerodromes, villages."""
    out = [(t.lat_deg, t.lon_deg) for t in area.team]
    return out + [(r["lat_deg"], r["lon_deg"]) for r in _places(area) if r["kind"] in ("base", "aerodrome", "village")]


def _polygons(file: Path) -> Any:
    import shapely
    import shapely.geometry

    from waman.errors import InputError

    try:
        shapes = [shapely.geometry.shape(f["geometry"]) for f in _json(file)["features"]]
    except (KeyError, TypeError, ValueError) as why:
        raise InputError(f"{file}: no polygons: {why}", hint="write a GeoJSON FeatureCollection of polygons") from why
    return shapely.union_all([s for s in shapes if s.geom_type.endswith("Polygon")])


def _json(file: Path) -> Any:
    from waman.errors import InputError

    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as why:
        raise InputError(f"{file} cannot be read: {why.strerror}", hint="check the path") from why
    except ValueError as why:
        raise InputError(f"{file} is no JSON: {why}", hint="write a GeoJSON FeatureCollection") from why


def _ground(area: Area, grid: Grid) -> NDArray[np.float64] | None:
    from waman.cli._given import ground
    from waman.errors import Problems

    height = ground(area, Problems())
    if height is None:
        return None
    lat, lon = grid.nodes()
    found: NDArray[np.float64] = height(lat, lon).reshape(grid.shape)
    return found


def _places(area: Area) -> list[dict[str, Any]]:
    from waman.store import read_places

    return [row for file in area.files(area.places.files) for row in read_places(file)[0].to_pylist()]


def _geometry(area: Area) -> tuple[list[Any], list[tuple[str, float, float]]]:
    """Return exit lines and strips (id, lon, lat) of the files an area names."""
    points = [(str(r["id"]), r["lon_deg"], r["lat_deg"]) for r in _places(area) if r["kind"] == "strip"]
    return (_lines(area.path(area.siting.exits), "exits") if area.siting.exits else []), points


def _lines(path: Path, what: str) -> list[Any]:
    """Return the lines of a GeoJSON file, borders of polygons too, each as (n, 2) longitude and latitude [deg]."""
    import shapely
    import shapely.geometry

    from waman.errors import InputError

    lines: list[Any] = []
    try:
        shapes = [shapely.geometry.shape(f["geometry"]) for f in _json(path)["features"]]
    except (KeyError, TypeError, ValueError) as why:
        raise InputError(f"{path}: no {what}: {why}", hint="write a GeoJSON FeatureCollection of lines") from why
    for shape in shapes:
        parts = shapely.get_parts(shape.boundary if shape.geom_type.endswith("Polygon") else shape)
        lines += [shapely.get_coordinates(part) for part in parts]
    return lines


def _roads(area: Area, grid: Grid) -> Roads | None:
    from waman.errors import InputError
    from waman.siting.place.roads import Roads

    if not area.siting.roads:
        return None
    path = area.path(area.siting.roads)
    lines = [line for line in _lines(path, "roads") if len(line) > 1]
    if not lines:
        raise InputError(f"{path} holds no road", hint="write a GeoJSON FeatureCollection of lines")
    return Roads.of(grid.frame, lines)


def template(model: str) -> Sensor:
    """Return the sensor that would stand at proposed places."""
    from waman.config import Sensor

    return msgspec.convert({"id": "x", "kind": "psr", "model": model}, Sensor)
