"""Places a flight may begin, end or pass: listed aerodromes, known strips, villages, bases, borders.

No file is opened here: the aerodrome list comes from the airportsdata package, everything
else as features that somebody else has read. A place that is not listed proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from waman.geo.geodesy import EARTH_RADIUS_M, distance_m

FOOT_M = 0.3048
LANDING_KINDS = frozenset({"aerodrome", "heliport", "strip"})


@dataclass(frozen=True)
class Places:
    """Points by column, and border lines as (n, 2) arrays of longitude and latitude [deg].

    ``weight`` is how ordinary it is to fly there, relative to a small field (a scheduled airport 4,
    a heliport 0.3): a prior between neighbouring places, nothing else. ``elevation_m`` is NaN where unknown.

    >>> place = {"id": "SPMF", "kind": "aerodrome", "lat_deg": -11.3, "lon_deg": -74.5, "listed": True}
    >>> places = places_of([place])
    >>> places.ids, bool(places.listed[0])
    (('SPMF',), True)
    """

    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    lat_deg: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    lon_deg: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    elevation_m: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    listed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    weight: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    borders: tuple[NDArray[np.float64], ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def landable(self) -> NDArray[np.int64]:
        """Indices of places where an aircraft can land."""
        return np.array([i for i, k in enumerate(self.kinds) if k in LANDING_KINDS], np.int64)

    @cached_property
    def _tree(self) -> cKDTree:
        at = self.landable
        return cKDTree(_unit(self.lat_deg[at], self.lon_deg[at]))

    def near(self, *, lat_deg: ArrayLike, lon_deg: ArrayLike, count: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Return the nearest landable places (n, count) as indices, and their distances [m].

        Where there are fewer places than asked, the index is -1 and the distance infinite.
        """
        lat = np.atleast_1d(np.asarray(lat_deg, np.float64))
        lon = np.atleast_1d(np.asarray(lon_deg, np.float64))
        if not len(self.landable):
            return np.full((len(lat), count), -1), np.full((len(lat), count), np.inf)
        chord, index = self._tree.query(_unit(lat, lon), k=count)
        chord, index = np.reshape(chord, (len(lat), count)), np.reshape(index, (len(lat), count))
        missing = ~np.isfinite(chord)
        distance = 2.0 * EARTH_RADIUS_M * np.arcsin(np.clip(np.where(missing, 0.0, chord) / 2.0, 0.0, 1.0))
        at = self.landable[np.where(missing, 0, index)]
        return np.where(missing, -1, at), np.where(missing, np.inf, distance)

    def of_kind(self, kinds: tuple[str, ...], *, listed: bool) -> NDArray[np.int64]:
        """Return the indices of places of these kinds; ``listed`` leaves out those that no list has."""
        fits = np.isin(self.kinds, kinds) & (self.listed | (not listed)) if len(self) else np.zeros(0, bool)
        return np.flatnonzero(fits)

    def nearest_m(self, *, lat_deg: ArrayLike, lon_deg: ArrayLike, kinds: tuple[str, ...], listed: bool) -> float:
        """Return the distance [m] from the nearest of some points to a place of these kinds; inf where there is none.

        ``listed`` leaves out places that no list has.

        >>> field = {"id": "SPMF", "kind": "aerodrome", "lat_deg": -11.3, "lon_deg": -74.5, "listed": True}
        >>> round(places_of([field]).nearest_m(lat_deg=-11.4, lon_deg=-74.5, kinds=("aerodrome",), listed=True), -2)
        11100.0
        """
        at = self.of_kind(kinds, listed=listed)
        if not len(at):
            return float("inf")
        lat, lon = np.atleast_1d(lat_deg)[:, None], np.atleast_1d(lon_deg)[:, None]
        apart = distance_m(lat1_deg=lat, lon1_deg=lon, lat2_deg=self.lat_deg[at], lon2_deg=self.lon_deg[at])
        return float(apart.min())


def _unit(lat_deg: NDArray[np.float64], lon_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    phi, lam = np.radians(lat_deg), np.radians(lon_deg)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def listed_aerodromes(bbox: tuple[float, float, float, float] | None = None) -> list[dict[str, Any]]:
    """Return the aerodromes of the airportsdata list inside west, south, east, north [deg] as place records.

    The list is thin where Waman is needed: 11 aerodromes in the VRAEM box, mission and community strips missing.
    Elevations come in feet and some are wrong (SPLA = 0): an elevation of exactly 0 ft is taken as unknown.
    """
    import airportsdata

    west, south, east, north = bbox or (-180.0, -90.0, 180.0, 90.0)
    found = []
    for code, row in airportsdata.load().items():
        if south <= row["lat"] <= north and west <= row["lon"] <= east:
            elevation = float(row["elevation"])
            found.append(
                {
                    "id": code,
                    "kind": "heliport"
                    if "helipo" in row["name"].lower() or "helipad" in row["name"].lower()
                    else "aerodrome",
                    "name": row["name"],
                    "listed": True,
                    "lat_deg": row["lat"],
                    "lon_deg": row["lon"],
                    "elevation_msl_m": elevation * FOOT_M if elevation else None,
                    "scheduled": bool(row["iata"]),
                    "source": "airportsdata",
                }
            )
    return found


def places_of(records: Iterable[Mapping[str, Any]], borders: Iterable[ArrayLike] = ()) -> Places:
    """Return places from records with the keys of the contract (``lat_deg`` and ``lon_deg`` for the point).

    A later record replaces an earlier one of the same id, so that the user's places win over a list.
    """
    rows = list({str(r["id"]): r for r in records}.values())
    kinds = tuple(str(r.get("kind") or "aerodrome") for r in rows)
    weight = [_ordinary(k, r) for k, r in zip(kinds, rows, strict=True)]
    elevation = [np.nan if r.get("elevation_msl_m") is None else float(r["elevation_msl_m"]) for r in rows]
    return Places(
        ids=tuple(str(r["id"]) for r in rows),
        names=tuple(str(r.get("name") or r["id"]) for r in rows),
        kinds=kinds,
        lat_deg=np.array([float(r["lat_deg"]) for r in rows], np.float64),
        lon_deg=np.array([float(r["lon_deg"]) for r in rows], np.float64),
        elevation_m=np.array(elevation, np.float64),
        listed=np.array([bool(r.get("listed")) for r in rows], bool),
        weight=np.array(weight, np.float64),
        borders=tuple(np.asarray(b, np.float64).reshape(-1, 2) for b in borders),
    )


def _ordinary(kind: str, record: Mapping[str, Any]) -> float:
    if kind == "heliport":
        return 0.3
    return 4.0 if record.get("scheduled") else 1.0


def place_rows(rows: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[NDArray[np.float64]]]:
    """Split rows of the places contract (``geometry`` in WKB) into place records and border lines."""
    records: list[dict[str, Any]] = []
    borders: list[NDArray[np.float64]] = []
    for row in rows:
        if row.get("kind") == "border":
            if row.get("geometry") is not None:
                shape = shapely.from_wkb(row["geometry"])
                borders.extend(shapely.get_coordinates(part) for part in shapely.get_parts(_lines(shape)))
        elif row.get("lat_deg") is not None and row.get("lon_deg") is not None:
            records.append({k: v for k, v in row.items() if k != "geometry"})
    return records, borders


def _lines(shape: Any) -> Any:
    return shape.boundary if "Polygon" in shape.geom_type else shape
