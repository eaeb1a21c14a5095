"""Roads: the distance to them is the one on the ground, and summits far from any are not proposed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from waman.config import Sensor
from waman.geo.frames import Frame
from waman.siting.place.candidates import propose
from waman.siting.place.grid import Grid
from waman.siting.place.roads import Roads


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_nearest_road_is_as_far_as_a_geodesic_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    road = np.column_stack((-76.0 + 0.3 * rng.random(4), -12.0 + 0.3 * rng.random(4)))
    lat, lon = -12.0 + 0.3 * rng.random(5), -76.0 + 0.3 * rng.random(5)
    km, _, _ = Roads.of(Frame(-11.85, -75.85), [road]).nearest(lat, lon)
    # the judge walks the road in short steps and measures on the ellipsoid
    share = np.linspace(0.0, 1.0, 2001)
    walked = np.concatenate([a + share[:, None] * (b - a) for a, b in pairwise(road)])
    for k in range(5):
        here = np.full(len(walked), lon[k]), np.full(len(walked), lat[k])
        _, _, metres = Geod(ellps="WGS84").inv(*here, walked[:, 0], walked[:, 1])
        assert km[k] == pytest.approx(metres.min() / 1000.0, abs=0.02)


def test_a_summit_far_from_every_road_is_not_proposed() -> None:
    grid = Grid.of((-76.0, -12.0, -75.0, -11.0), cell_m=2000.0)
    rows, cols = np.indices(grid.shape)
    ground = np.zeros(grid.shape)
    for r, c in ((10, 10), (40, 45)):
        ground += 900.0 * np.exp(-((rows - r) ** 2 + (cols - c) ** 2) / 20.0)
    lat, lon = grid.degrees(np.array([[10, 12]]))
    roads = Roads.of(grid.frame, [np.array([[float(lon[0]), float(lat[0])], [float(lon[0]), float(lat[0]) + 0.1]])])
    template = Sensor(id="x", kind="psr", r90_m=25_000.0)
    both = propose(grid, ground, 2, template)
    near = propose(grid, ground, 2, template, roads=roads, road_km=15.0)
    assert len(both) == 2 and len(near) == 1
    assert roads.nearest([near[0].sensor.lat_deg], [near[0].sensor.lon_deg])[0][0] <= 15.0
