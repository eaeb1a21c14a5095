"""The memory of the tracker as arrays, and the numbers it is tuned by.

Every kernel of this package reads and writes these records; only :class:`waman.tracks.tracker.Tracker` keeps one.

>>> empty_state(Params()).counters.tolist()
[0, 1]
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from waman.tracks.core.columns import BANDS, LINE_ROWS, TAG_COLUMNS, VAL_COLUMNS
from waman.tracks.core.motion import Floats, Ints

GROWING = frozenset({"x", "p", "mu", "val", "tag", "ident_i", "ident_f"})
"""Arrays with a row for each track or address; the others have a size of their own."""


class Params(NamedTuple):
    """Tuning of the filter, each number with its reason.

    ``omega`` and ``q`` are the turn rates [rad/s] and noise densities [m^2/s^3] of the motion models,
    ``stationary`` and ``jump_rate`` their Markov chain: straight (79 % of the time), any manoeuvre, and turns of
    1 deg/s to either side, which with ``q`` hold turns of 3 deg/s; a leg lasts about 100 s and
    a turn 25 s. Numbers were chosen on seeds 0-3 of the benchmark scenario, which the benchmark does not score.
    """

    omega: Floats = np.radians([0.0, 0.0, 1.0, -1.0])
    q: Floats = np.array([0.1, 50.0, 0.2, 0.2])
    stationary: Floats = np.array([0.795, 0.015, 0.095, 0.095])
    jump_rate: float = 0.0466
    q_young: float = 10.0
    lifetime_s: float = 16000.0
    miss_pd_max: float = 0.9  # a miss is no surer evidence than this: echoes fade, and no field is right to a tenth
    gate: float = 25.0  # squared Mahalanobis distance; leaves out 4e-6 of true plots
    gate_young: float = 16.0  # the same for a track of one plot: up to 4 silent_mps, so that jets begin too
    prune: float = 5e-4
    unseen_min: float = 20.0  # aircraft in a radar's area that it has not shown, before it looks
    unseen_share: float = 0.4  # the same as a share of those tracked
    unseen_s: float = 80.0  # within which an area once searched fills up again
    clutter_prior: float = 6.0  # how many false plots in a cell the stated density is worth
    clutter_memory_looks: float = 600.0  # an hour of a 6 s radar: rain passes, ridges stay
    still_mps: float = 15.0  # a track slower than this that answers no transponder is a place, not an aircraft
    still_s: float = 30.0  # and its existence fades this fast,
    stuck_s: float = 4.0  # or this fast once it has not left its place in ``stuck_after_s``
    stuck_after_s: float = 40.0
    silent_mps: float = 65.0  # 1-sigma of each velocity component of an aircraft that answers nothing
    confirm: float = 0.55  # existence at which a track stops being tentative
    report_radius_m: float = 1000.0
    row_min: float = 0.05  # existence below which no row is worth writing
    fork_hits: int = 2  # plots up to which an unconfirmed track splits by its next ones instead of averaging them
    expand: float = 0.05  # existence from which a young track gets all models
    sigma_max_m: float = 5000.0
    coast_max_s: float = 600.0
    coast_identified_s: float = 1800.0
    coast_row_s: float = 10.0
    speed_max_mps: float = 400.0  # beyond it two positions are not one aircraft
    altitude_q: float = 3.0  # m^2/s^3: a light aircraft reaches 5 m/s of climb within 10 s
    altitude_window_m: float = 12000.0  # heights a false plot may claim
    identity_gain: float = 1e5  # how much likelier a matching address is on one aircraft than on two
    code_gain: float = 300.0  # the same for a matching discrete Mode 3/A code
    code_loss: float = 0.05  # a code that differs: changed on request, or garbled
    tolerance: float = 1e-4


class State(NamedTuple):
    """All that the tracker remembers. ``counters`` holds the number of tracks and the next id."""

    x: Floats  # (capacity, M, 4)
    p: Floats  # (capacity, M, 10)
    mu: Floats  # (capacity, M)
    val: Floats  # (capacity, VAL_COLUMNS)
    tag: Ints  # (capacity, TAG_COLUMNS)
    counters: Ints  # (2,)
    clock: Floats  # (2,) time of the last frame [s], and of the last one that counted unseen aircraft
    ident_i: Ints  # (addresses, 2): live tracks, last id
    ident_f: Floats  # (addresses, 3): last time, x, y
    dz: Floats  # (BANDS + LINE_ROWS, 4): geometric minus pressure height, aircraft, height, plots; then the line
    grid: Floats  # (3,) west, south, cell size of the maps [m]
    unseen: Floats  # (ny, nx) expected aircraft that no sensor has shown
    false_n: Floats  # (sensors, ny, nx) false plots, in units that grow
    false_w: Floats  # (sensors, 2) the unit, and looks in it


class Batch(NamedTuple):
    """Plots in time order, cut into frames (one look of one sensor)."""

    f: Floats  # (n, PLOT_FLOATS)
    i: Ints  # (n, PLOT_INTS)
    start: Ints  # (frames + 1,)
    time: Floats  # (frames,)
    sensor: Ints  # (frames,)
    close_s: Floats  # (frames,) end of the frame's window: before it the frame may still grow
    look: Floats  # (frames,) 1 where a track without a plot was missed, 0 where silence says nothing


class Sensors(NamedTuple):
    """What is known of each sensor, and the detection probability sampled over the plane."""

    f: Floats  # (sensors, SENSOR_FLOATS)
    pd: np.ndarray[tuple[int, int, int, int], np.dtype[np.float32]]  # (sensors, layers, ny, nx)
    ground: np.ndarray[tuple[int, int], np.dtype[np.float32]]  # (ny, nx) or (1, 1)
    layer_m: Floats  # (layers,) heights above ground; layer 0 is "unknown"
    seen: np.ndarray[tuple[int, int, int], np.dtype[np.float32]]  # (sensors, ny, nx) pd by cell of the maps


def empty_state(params: Params, *, capacity: int = 1024, addresses: int = 16) -> State:
    """Return a state without tracks."""
    m = len(params.omega)
    return State(
        np.zeros((capacity, m, 4)),
        np.zeros((capacity, m, 10)),
        np.zeros((capacity, m)),
        np.zeros((capacity, VAL_COLUMNS)),
        np.zeros((capacity, TAG_COLUMNS), np.int64),
        np.array([0, 1]),
        np.array([-np.inf, -np.inf]),
        np.tile(np.array([0, -1]), (addresses, 1)),
        np.full((addresses, 3), -np.inf),
        np.zeros((BANDS + LINE_ROWS, 4)),
        np.array([0.0, 0.0, 1.0]),
        np.zeros((1, 1)),
        np.zeros((0, 1, 1)),
        np.zeros((0, 2)),
    )


def copied(state: State) -> State:
    """Return a state that shares no memory with this one, with room for its tracks alone.

    >>> copied(empty_state(Params(), capacity=9)).x.shape
    (0, 4, 4)
    """
    tracks = state.counters[0]
    arrays: list[Any] = [
        (array[:tracks] if name in GROWING and not name.startswith("ident") else array).copy()
        for name, array in state._asdict().items()
    ]
    return State(*arrays)


def grown(state: State, *, capacity: int, addresses: int) -> State:
    """Return the same state with room for at least ``capacity`` tracks and ``addresses`` identities."""
    out: list[Any] = []
    for name, array in zip(State._fields, state, strict=True):
        rows = addresses if name.startswith("ident") else capacity
        if name not in GROWING or rows <= len(array):
            out.append(array)
            continue
        bigger = np.zeros((rows, *array.shape[1:]), array.dtype)
        if name == "ident_i":
            bigger[:, 1] = -1
        elif name == "ident_f":
            bigger[:] = -np.inf
        bigger[: len(array)] = array
        out.append(bigger)
    return State(*out)


def mapped(state: State, grid: Floats, shape: tuple[int, int, int]) -> State:
    """Return the same state with maps on another grid: ``shape`` (sensors, ny, nx). What was learned is moved along.

    >>> mapped(empty_state(Params()), np.array([0.0, 0.0, 2000.0]), (1, 3, 4)).unseen.shape
    (3, 4)
    """
    if shape == (len(state.false_w), *state.unseen.shape) and np.array_equal(grid, state.grid):
        return state
    sensors, ny, nx = shape
    had, (oy, ox) = len(state.false_w), state.unseen.shape
    unseen, false_n = np.zeros((ny, nx)), np.zeros(shape)
    false_w = np.tile(np.array([1.0, 0.0]), (sensors, 1))
    false_w[:had] = state.false_w
    old = (
        np.floor((grid[k] + (np.arange(n) + 0.5) * grid[2] - state.grid[k]) / state.grid[2])
        for k, n in enumerate((nx, ny))
    )
    c, r = (v.astype(np.int64) for v in old)
    area = (grid[2] / state.grid[2]) ** 2  # counts a cell, so a cell of another size holds another count
    if had or np.isfinite(state.clock[1]):
        inside = np.ix_((r >= 0) & (r < oy), (c >= 0) & (c < ox))
        at = np.ix_(r[(r >= 0) & (r < oy)], c[(c >= 0) & (c < ox)])
        unseen[inside] = area * state.unseen[at]
        for s in range(had):
            false_n[s][inside] = area * state.false_n[s][at]
    return state._replace(grid=grid.copy(), unseen=unseen, false_n=false_n, false_w=false_w)
