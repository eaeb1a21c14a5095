"""The whole simulated world of one scenario: ground, places, flights and their motion.

``simulate`` is a function of the scenario alone. What people may know of it (plots, reports, plans)
is made from it elsewhere, and the truth stays in tables of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waman.config import Sensor
from waman.geo.time import parse_utc_us
from waman.geo.units import SECOND_US
from waman.sim.balloon import LEAF_CEILING_T, Course, course, loaded_share
from waman.sim.corridor import corridor_trips
from waman.sim.land.ground import Elevation, Ground, generated, sampled
from waman.sim.land.paths import Ways
from waman.sim.land.plane import Plane, plane_of
from waman.sim.land.seeing import Seeing, own_seeing
from waman.sim.lawful import lawful_trips
from waman.sim.motion import Motion, fly
from waman.sim.places import Place, StripLife, settle, strip_life
from waman.sim.randomness import stream
from waman.sim.scenario import Scenario
from waman.sim.trips import Fleet, Trip, fleet


@dataclass(frozen=True)
class World:
    """Everything that is true. ``trips[i]`` flies rows ``motion.offsets[i]:offsets[i+1]``; its target is i + 1."""

    scenario: Scenario
    ground: Ground
    plane: Plane
    places: tuple[Place, ...]
    strips: tuple[Place, ...]
    life: StripLife
    fleet: Fleet
    course: Course
    trips: tuple[Trip, ...]
    motion: Motion
    seeing: Seeing

    def antenna_msl_m(self, sensor: Sensor) -> float:
        """Return the height of a sensor's antenna above mean sea level [m]."""
        if sensor.altitude_msl_m is not None:
            return sensor.altitude_msl_m
        foot = self.ground.elevation(sensor.lat_deg or 0.0, sensor.lon_deg or 0.0)
        return float(foot.item()) + (sensor.antenna_height_m or 10.0)


def micros(world: World, time_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return UTC microseconds of seconds since the start of the scenario."""
    start = parse_utc_us(world.scenario.start)
    return start + np.round(np.asarray(time_s) * SECOND_US).astype(np.int64)


def simulate(scenario: Scenario, *, elevation: Elevation | None = None, seeing: Seeing | None = None) -> World:
    """Run a scenario. ``elevation`` replaces generated relief, ``seeing`` the simulator's own line of sight.

    The same scenario and seed give the same world in any process; switching lawful traffic off
    (rate 0) changes no flight of the corridor.
    """
    spacing = scenario.land.spacing_arcsec / 3600.0
    if elevation is None:
        ground = generated(scenario.bbox, spacing_deg=spacing, seed=scenario.land.seed)
    else:
        ground = sampled(elevation, scenario.bbox, spacing_deg=spacing)
    plane = plane_of(ground, scenario.bbox)
    eye = seeing if seeing is not None else own_seeing(scenario.sensor, ground)
    places, strips = settle(scenario, plane)
    life, known, weeks = strip_life(scenario, strips), fleet(scenario), course(scenario)
    ways = Ways(plane, scenario.corridor, scenario.sensor, eye, cell_m=scenario.land.path_cell_m)
    trips = corridor_trips(scenario, ways, strips, life, known, places, air_share=weeks.air_share, pull=weeks.pull)
    trips = _within_the_leaf(scenario, trips)
    trips += lawful_trips(scenario, plane, places, known)
    order = sorted(range(len(trips)), key=lambda i: (trips[i].day, not trips[i].lawful, trips[i].number))
    ordered = tuple(trips[i] for i in order)
    motion = fly(
        plane,
        [t.legs for t in ordered],
        anchor_leg=np.array([t.anchor_leg for t in ordered], np.int64),
        anchor_s=np.array([t.anchor_s for t in ordered], np.float64),
        step_s=scenario.record.truth_step_s,
    )
    return World(scenario, ground, plane, tuple(places), tuple(strips), life, known, weeks, ordered, motion, eye)


def _within_the_leaf(scenario: Scenario, trips: list[Trip]) -> list[Trip]:
    """Take the load from flights that the leaf of the year could not have filled."""
    share, out = loaded_share(scenario), []
    used: dict[int, float] = {}
    for trip in trips:
        year = trip.day // 365
        draw = stream(scenario.seed, "loaded", trip.day, trip.number).random()
        room = LEAF_CEILING_T * 1000.0 - used.get(year, 0.0)
        load = trip.load_kg if draw < share and trip.load_kg <= room else 0.0
        used[year] = used.get(year, 0.0) + load
        out.append(replace(trip, load_kg=load))
    return out
