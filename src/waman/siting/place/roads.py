"""Roads: how far a place lies from the nearest one, and how steep the way up from there is on the whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from waman.geo.frames import Frame

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Roads:
    """The roads of an area in the plane of its frame [m]."""

    frame: Frame
    lines: Any  # one shapely geometry

    @classmethod
    def of(cls, frame: Frame, lines: Iterable[NDArray[np.float64]]) -> Roads:
        """Return roads from lines of (n, 2) longitude and latitude [deg].

        >>> roads = Roads.of(Frame(0.0, 0.0), [np.array([[0.0, -1.0], [0.0, 1.0]])])
        >>> km, lat_deg, lon_deg = roads.nearest([0.2], [0.1])
        >>> km.round(1), lat_deg.round(1), abs(lon_deg.round(1))
        (array([11.1]), array([0.2]), array([0.]))
        """
        parts: list[Any] = []
        for line in lines:
            points = np.asarray(line, float).reshape(-1, 2)
            if len(points) > 1:
                x, y = frame.to_plane(lat_deg=points[:, 1], lon_deg=points[:, 0])
                parts.append(shapely.linestrings(np.column_stack((x, y))))
        return cls(frame, shapely.multilinestrings(parts))

    def nearest(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> tuple[F64, F64, F64]:
        """Return the distance [km] to the nearest road, and where that is: latitude and longitude [deg]."""
        x, y = self.frame.to_plane(lat_deg=lat_deg, lon_deg=lon_deg)
        here = shapely.points(np.atleast_1d(x), np.atleast_1d(y))
        there = shapely.get_coordinates(shapely.shortest_line(self.lines, here)).reshape(-1, 2, 2)[:, 0]
        lat, lon = self.frame.to_degrees(east_m=there[:, 0], north_m=there[:, 1])
        return np.asarray(shapely.distance(self.lines, here)) / 1000.0, np.atleast_1d(lat), np.atleast_1d(lon)
