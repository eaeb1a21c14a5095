"""The basemap is small, closed and in the right place."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import shapely
import shapely.geometry

from waman.geo.geodesy import distance_m
from waman.store.basemap import FILE, read_basemap, read_borders

ANDES = (-78.0, -14.0, -65.0, -9.0)


def country_at(lat_deg: float, lon_deg: float) -> set[str]:
    box = (lon_deg - 3, lat_deg - 3, lon_deg + 3, lat_deg + 3)
    features = read_basemap(box)["features"]
    point = shapely.Point(lon_deg, lat_deg)
    land = [f for f in features if f["properties"]["kind"] == "land"]
    names = [f["properties"]["name"] for f in features if f["properties"]["kind"] == "label"]
    return {n for f, n in zip(land, names, strict=True) if shapely.geometry.shape(f["geometry"]).contains(point)}


def test_the_file_is_below_its_budget() -> None:
    assert FILE.stat().st_size <= 200_000


def test_cities_lie_in_their_countries_and_the_sea_in_none() -> None:
    assert country_at(-12.05, -76.9) == {"Peru"}
    assert country_at(-14.83, -64.9) == {"Bolivia"}
    assert country_at(48.85, 2.35) == {"France"}
    assert country_at(46.95, 7.45) == {"Switzerland"}
    assert country_at(-12.0, -79.0) == set()


def test_the_border_of_peru_and_bolivia_is_where_the_treaty_puts_its_corner() -> None:
    # Bolpebra, where Peru, Bolivia and Brazil meet: 10.9469 S 69.5658 W (published position of the tripoint)
    ends = np.concatenate([line[[0, -1]] for line in read_borders(ANDES)])
    away = distance_m(lat1_deg=-10.9469, lon1_deg=-69.5658, lat2_deg=ends[:, 1], lon2_deg=ends[:, 0])
    assert away.min() < 5_000.0


def test_borders_do_not_run_along_the_coast() -> None:
    lima = shapely.Point(-77.03, -12.05)
    assert min(lima.distance(shapely.LineString(line)) for line in read_borders(ANDES)) > 3.0


def test_the_pictures_of_a_box_stay_inside_it() -> None:
    whole = json.dumps(read_basemap(ANDES))
    bounds = [shapely.geometry.shape(f["geometry"]).bounds for f in json.loads(whole)["features"]]
    assert np.min(bounds, axis=0)[0] >= -78.01
    assert np.max(bounds, axis=0)[3] <= -8.99
    assert hashlib.sha256(whole.encode()).digest() == hashlib.sha256(json.dumps(read_basemap(ANDES)).encode()).digest()
