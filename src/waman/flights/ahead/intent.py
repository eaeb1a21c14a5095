"""Where is this flight going: probabilities over places from a part of its track, never one arrow.

Early in a flight only the ground says something: a pilot who flies round mountains wastes little on the
way to where he is going. Late, heading and distance say it. Both are mixed, the mixture is fitted on
simulated flights, and because a strip is chosen by radio in the air, some probability always goes back
to the habit of the corridor. The answer is for people on the ground: observe, record, stay safe.

Sources: cost excess after Yin, arXiv 2509.24928 (adherence to a shortest path); the late part is a simple
bearing likelihood in the manner of bridging distributions (Ahmad et al., arXiv 1508.06115). The parts are features of
one multinomial logit whose weights change with the share of the way flown, so that the fit also calibrates it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.flights.ahead.intent_fitted import NAMED, SILENT, WINDOWS, Fitted
from waman.geo.frames import Frame
from waman.terrain.paths import distances

F = NDArray[np.float64]

CELL_M = 1500.0
GRADIENT_CELLS = 3
SMOOTH_ROWS = 2.0
COVER = 0.9
EXCESS_MAX = 4.0
"""A place that the way flown wasted four times its own distance on is out, however small that distance is."""
STEEP = 0.05
"""Height over distance above which an approach is steeper than light aircraft fly (3 degrees)."""
HIGH_M = (1500.0, 4500.0)
"""Heights above ground between which a flight looks more and more like one that crosses the area."""
COURSE_S = 120.0
SLOW_MPS = 45.0
"""Slower than a light single cruises: it is about to land (80 kt on approach is 41 m/s; facts, section 3)."""
SINK_MPS = -1.5
FEATURES = (
    "cost excess", "heading", "usage", "bearing", "distance", "detour 4 min", "detour 12 min", "energy", "too high",
    "high leaves",
)  # fmt: skip
CLOCK = (1.0, 1.5, 0.8, 0.12, 0.35, 0.15, 0.0, 0.2, 0.2, 1.5)
"""Fixed weights of the features that judge how far along a flight is; only the order of flights matters here."""
KNOTS = (0.3, 0.5, 0.7, 0.9)
"""Shares of the way at which the weights are fitted; between them they are interpolated."""
CLOCK_KNOTS = (0.25, 0.5, 0.75, 0.9)
"""Shares of the time from first seen to the expected end at which the levels of the 90 % set are fitted."""
LEFT_KNOTS_MIN = (1.0, 2.5, 6.0, 15.0, 40.0)
"""Minutes left at which windows of arrival are fitted, on a logarithmic scale between them."""
LEFT_MIN_S = 30.0
STRIP, KNOWN, EDGE, ELSEWHERE = range(4)
"""Kinds of candidates: strips that no list knows, places that lists know, points of the edge, none of these."""
EDGE_APART_M = 25_000.0


@dataclass(frozen=True)
class Habit:
    """What tools/fit_intent.py fitted, one entry a knot, and what is set by hand.

    ``windows`` are shares of the expected time left between which arrival lies nine times in ten, first of landings,
    then of leaving over the edge, a pair for each of LEFT_KNOTS_MIN.

    Flights with a transponder (``named``) and without (``silent``) fly differently and have a table each.
    ``floor`` is the least probability of elsewhere; ``hazard_per_min`` how often a pilot is told of another strip
    (no published value).
    """

    silent: Fitted = SILENT
    named: Fitted = NAMED
    windows: tuple[tuple[tuple[float, float], ...], ...] = WINDOWS
    floor: float = 0.02
    hazard_per_min: float = 0.002
    ceiling_m: float = 1500.0
    dear_per_500_m: float = 1.0


@dataclass(frozen=True)
class Land:
    """Cost per metre on a grid, and the least cost from everywhere to each place [m of free flight].

    ``cost`` and ``ground_m`` are (rows, cols), row 0 in the south; ``to_place`` is (places, rows, cols) float32.
    ``kind`` is STRIP, KNOWN or EDGE.
    """

    frame: Frame
    east0_m: float
    north0_m: float
    cell_m: float
    cost: F
    to_place: NDArray[np.float32]
    ids: tuple[str, ...]
    east_m: F
    north_m: F
    kind: NDArray[np.int64]
    ground_m: F

    @property
    def leaves(self) -> NDArray[np.bool_]:
        """Return which candidates are points of the edge, where a flight leaves the area instead of landing."""
        return np.asarray(self.kind == EDGE)


@dataclass(frozen=True)
class Whither:
    """The answer: ``probability`` of each place and, last, of "elsewhere"; arrival windows [s from now].

    ``cost_excess``, ``heading_cos`` and ``usage`` are the three bars that explain it; ``progress`` is the
    share of the way flown, judged by the answer itself; ``clock`` the share of the time, since first seen, to the
    end that the answer expects. ``levels`` (places + 1,) make the 90 % set.
    """

    ids: tuple[str, ...]
    probability: F
    arrive_low_s: F
    arrive_high_s: F
    cost_excess: F
    heading_cos: F
    usage: F
    progress: float
    clock: float
    levels: F

    def likeliest(self, share: float | None = None) -> list[str]:
        """Return the fewest places that together hold ``share``; ``elsewhere`` may be one of them.

        Without ``share`` it is the 90 % set: a place is in it when the places likelier than it hold less than the
        level of its kind, which was set on simulated flights so that nine in ten of those bound for each kind of
        place are held in every part of their way (label-conditional conformal prediction: Vovk, Gammerman and Shafer
        2005, section 4.5).
        """
        order = np.argsort(-self.probability, kind="stable")
        before = np.cumsum(self.probability[order]) - self.probability[order]
        keep = before < (self.levels[order] if share is None else share - 1e-12)
        keep[0] = True
        names = (*self.ids, "elsewhere")
        return [names[i] for i in order[keep]]


def land_of(
    ground_m: F, *, frame: Frame, east0_m: float, north0_m: float, places: Sequence[tuple[str, float, float]],
    kind: Sequence[int] | None = None, cell_m: float = CELL_M, habit: Habit | None = None,
) -> Land:  # fmt: skip
    """Prepare the cost fields for a grid of ground heights and places (id, east, north).

    Parameters
    ----------
    ground_m : (rows, cols) float64 [m above the geoid], row 0 in the south; NaN counts as flat
    places : id, east and north [m] in ``frame``, inside the grid
    kind : STRIP, KNOWN or EDGE for each place; all are strips where it is not given
    """
    habit = habit or Habit()
    ground_m = np.nan_to_num(ground_m)
    high = np.maximum(ground_m - habit.ceiling_m, 0.0)
    cost = 1.0 + habit.dear_per_500_m * high / 500.0
    east, north = (np.array([p[i] for p in places], np.float64) for i in (1, 2))
    cells = np.stack([(north - north0_m) / cell_m, (east - east0_m) / cell_m], axis=1).round().astype(np.int64)
    cells = np.clip(cells, 0, np.array(cost.shape) - 1)
    field = distances(cost, cells, neighbours=16, cell_m=cell_m) if len(places) else np.zeros((0, *cost.shape))
    kinds = np.full(len(places), STRIP) if kind is None else np.asarray(kind, np.int64)
    ids = tuple(p[0] for p in places)
    return Land(frame, east0_m, north0_m, cell_m, cost, field.astype(np.float32), ids, east, north, kinds, ground_m)


def edge_points(
    *, east0_m: float, north0_m: float, width_m: float, height_m: float, apart_m: float = EDGE_APART_M
) -> list[tuple[str, float, float]]:
    """Return points all round the edge of an area where flights may leave it: id, east, north.

    >>> [p[0] for p in edge_points(east0_m=0.0, north0_m=0.0, width_m=50e3, height_m=25e3)]
    ['exit-W1', 'exit-E1', 'exit-S1', 'exit-S2', 'exit-N1', 'exit-N2']
    """
    out = []
    for side, length in (("W", height_m), ("E", height_m), ("S", width_m), ("N", width_m)):
        count = max(1, round(length / apart_m))
        for i in range(count):
            along = length * (i + 0.5) / count
            east = {"W": 0.0, "E": width_m}.get(side, along)
            north = {"S": 0.0, "N": height_m}.get(side, along)
            out.append((f"exit-{side}{i + 1}", east0_m + east, north0_m + north))
    return out


def usage_of(visits: Sequence[float], *, open_share: Sequence[float] | None = None) -> F:
    """Return the habit of the corridor: visits so far (decayed with age by the caller) plus a half, times state.

    >>> usage_of([3.0, 0.0]).round(3).tolist()
    [0.875, 0.125]
    """
    weight = (np.asarray(visits, np.float64) + 0.5) * (1.0 if open_share is None else np.asarray(open_share))
    return np.asarray(weight / weight.sum(), np.float64)


def whither(
    land: Land, *, east_m: F, north_m: F, time_s: F, usage: F, named: bool = False,
    climb_mps: float = math.nan, height_msl_m: float = math.nan, habit: Habit | None = None,
) -> Whither:  # fmt: skip
    """Return where a flight is going, from its track so far.

    Parameters
    ----------
    east_m, north_m, time_s : (n,) track so far in the frame of ``land``, oldest first, n >= 2
    usage : (places,) prior that sums to 1 (see :func:`usage_of`), learned from flights of its kind
    named : whether a transponder was heard: such flights fly differently (see :class:`Habit`)
    climb_mps : mean climb of the last minute; sinking speaks for an end near by; NaN unknown
    height_msl_m : height now; high over a place speaks against it; NaN unknown
    """
    habit = habit or Habit()
    assert len(east_m) >= 2 and len(usage) == len(land.ids), "a track needs two rows, each place a prior"
    seen, progress, left_m, speed = features(
        land, east_m=east_m, north_m=north_m, time_s=time_s, usage=usage, climb_mps=climb_mps,
        height_msl_m=height_msl_m,
    )  # fmt: skip
    fitted = habit.named if named else habit.silent
    none = float(np.interp(progress, KNOTS, fitted.elsewhere))
    both = _softmax(np.append(seen @ weights_at(fitted.weights, progress), none))
    elsewhere = float(np.clip(both[-1], habit.floor, 0.9))
    q = both[:-1] / max(float(both[:-1].sum()), 1e-300)
    stay = math.exp(-habit.hazard_per_min * _left_min(land, float(east_m[-1]), float(north_m[-1]), speed))
    q = (1.0 - elsewhere) * (stay * q + (1.0 - stay) * usage)
    left_s = np.maximum(left_m / max(speed, 30.0), LEFT_MIN_S)
    low, high = windows_at(habit, land, left_s)
    flown_s, expected_s = float(time_s[-1] - time_s[0]), float(both[:-1] @ left_s / max(float(both[:-1].sum()), 1e-300))
    clock = flown_s / max(flown_s + expected_s, 1.0)
    return Whither(
        ids=land.ids,
        probability=np.append(q, elsewhere),
        arrive_low_s=left_s * low,
        arrive_high_s=left_s * high,
        cost_excess=-seen[:, 0],
        heading_cos=seen[:, 1],
        usage=usage,
        progress=progress,
        clock=clock,
        levels=levels_at(fitted, land, clock),
    )


def windows_at(habit: Habit, land: Land, left_s: F) -> tuple[F, F]:
    """Return the shares (places,) of the expected time left between which arrival lies nine times in ten."""
    at, knots = np.log(left_s / 60.0), np.log(LEFT_KNOTS_MIN)
    table = np.asarray(habit.windows, np.float64)
    low, high = (np.where(land.leaves, *(np.interp(at, knots, table[w, :, k]) for w in (1, 0))) for k in (0, 1))
    return low, high


def levels_at(fitted: Fitted, land: Land, clock: float) -> F:
    """Return the level (places + 1,) of each candidate, last of "elsewhere": see :meth:`Whither.likeliest`."""
    table = np.array([np.interp(clock, CLOCK_KNOTS, row) for row in fitted.levels])
    return np.asarray(table[np.append(land.kind, ELSEWHERE)], np.float64)


def features(
    land: Land, *, east_m: F, north_m: F, time_s: F, usage: F, climb_mps: float = math.nan,
    height_msl_m: float = math.nan,
) -> tuple[F, float, F, float]:  # fmt: skip
    """Return (places, features) in the order of FEATURES, the share of the way flown, the way left [m], speed [m/s]."""
    east, north = _smooth(east_m), _smooth(north_m)
    excess, here, start = _excess(land, east, north, 0)
    de, dn = _course(east, north, time_s)
    x, y = land.east_m - east[-1], land.north_m - north[-1]
    away = np.hypot(x, y)
    # a place being overflown has no bearing: within a kilometre and a half any course leads to it
    off = np.degrees(np.abs(np.arctan2(x * dn - y * de, x * de + y * dn))) * np.clip((away - 1500.0) / 3000.0, 0.0, 1.0)
    speed = math.hypot(de, dn)
    slow = float(np.clip((SLOW_MPS - speed) / 15.0, 0.0, 1.0))
    energy = max(slow, 0.5 if climb_mps < SINK_MPS else 0.0)
    seen = np.stack(
        [
            -np.minimum(excess / np.maximum(start, land.cell_m), EXCESS_MAX),
            _heading(land, float(east[-1]), float(north[-1]), de, dn),
            np.log(usage),
            -np.minimum((off / 15.0) ** 2, 9.0),
            -away / 10_000.0,
            *(-np.minimum(_excess(land, east, north, _since(time_s, w))[0] / 1000.0, 20.0) for w in (240.0, 720.0)),
            -energy * away / 5000.0,
            *_height(land, float(east[-1]), float(north[-1]), away, height_msl_m),
        ],
        axis=1,
    )
    # progress by the places that the way so far leads to best
    best = _softmax(seen @ np.array(CLOCK))
    progress = float(best @ np.clip(1.0 - here / np.maximum(start, 1.0), 0.0, 1.0))
    return seen, progress, _left_m(land, float(east[-1]), float(north[-1]), de, dn), speed


def _left_m(land: Land, east: float, north: float, de: float, dn: float) -> F:
    """Return the way left to each place [m]: straight, for the cost of the ground is what pilots avoid, not time.

    A flight crosses the edge where its course leads, not at one of the points that stand for 25 km of it.
    """
    x, y = land.east_m - east, land.north_m - north
    out = land.leaves
    if not out.any():
        return np.hypot(x, y)
    seconds = min(_until(de, x[out]), _until(dn, y[out]))
    if math.isfinite(seconds):
        to_e, to_n = seconds * de - x, seconds * dn - y
        share = out * np.minimum(0.5 * EDGE_APART_M / np.maximum(np.hypot(to_e, to_n), 1.0), 1.0)
        x, y = x + share * to_e, y + share * to_n
    return np.hypot(x, y)


def _until(speed: float, edge: F) -> float:
    """Return after how many seconds a coordinate reaches the last of ``edge`` [m] at a speed."""
    if abs(speed) < 1.0:
        return math.inf
    return max(float(edge.max() if speed > 0.0 else edge.min()) / speed, 0.0)


def _height(land: Land, east: float, north: float, away: F, height_m: float) -> tuple[F, F]:
    """Return how far too steep the way down to each place is, and how much a high flight speaks for leaving."""
    if not math.isfinite(height_m):
        return np.zeros(len(away)), np.zeros(len(away))
    row, col = _at(land, np.append(land.east_m, east), np.append(land.north_m, north))
    ground = _bilinear(land.ground_m, row, col)
    steep = (height_m - ground[:-1]) / (away + 2000.0)
    low, high = HIGH_M
    crosses = float(np.clip((height_m - ground[-1] - low) / (high - low), 0.0, 1.0))
    too = -np.clip((steep - STEEP) / STEEP, 0.0, 4.0)
    return np.where(land.leaves, 0.0, too), np.where(land.leaves, crosses, 0.0)


def weights_at(weights: Sequence[Sequence[float]], progress: float) -> F:
    """Return the weights of the features at a share of the way, interpolated between the knots."""
    table = np.asarray(weights, np.float64)
    return np.array([np.interp(progress, KNOTS, table[:, k]) for k in range(table.shape[1])])


def _since(time_s: F, seconds: float) -> int:
    return min(int(np.searchsorted(time_s, time_s[-1] - seconds)), len(time_s) - 2)


def _softmax(x: F) -> F:
    y = np.exp(x - x.max())
    return np.asarray(y / y.sum(), np.float64)


def _smooth(x: F) -> F:
    """Return a track without position noise, which would otherwise lengthen the way flown (Gaussian, 2 samples)."""
    half = 6
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / SMOOTH_ROWS) ** 2)
    # odd reflection keeps the ends where they are and the slope as it is
    padded = np.pad(np.asarray(x, np.float64), half, mode="reflect", reflect_type="odd") if len(x) > half else x
    if len(x) <= half:
        return np.asarray(x, np.float64)
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _course(east: F, north: F, time_s: F) -> tuple[float, float]:
    """Return the velocity [m/s] over the last two minutes of the smoothed track."""
    k = _since(time_s, COURSE_S)
    dt = max(float(time_s[-1] - time_s[k]), 1.0)
    return float(east[-1] - east[k]) / dt, float(north[-1] - north[k]) / dt


def _left_min(land: Land, east: float, north: float, speed: float) -> float:
    """Return the minutes during which the pilot may still be told of another strip: ten at most."""
    near = float(np.min(np.hypot(land.east_m - east, land.north_m - north), initial=np.inf))
    return min(10.0, near / max(speed, 20.0) / 60.0)


def _bilinear(field: NDArray[np.floating], row: F, col: F) -> F:
    """Return (..., n) values of (..., rows, cols) at fractional rows and columns, clipped to the grid."""
    rows, cols = field.shape[-2:]
    r, c = np.clip(row, 0.0, rows - 1.001), np.clip(col, 0.0, cols - 1.001)
    i, j = r.astype(np.int64), c.astype(np.int64)
    u, v = r - i, c - j
    out = field[..., i, j] * (1 - u) * (1 - v) + field[..., i + 1, j] * u * (1 - v)
    return np.asarray(out + field[..., i, j + 1] * (1 - u) * v + field[..., i + 1, j + 1] * u * v, np.float64)


def _at(land: Land, east: F, north: F) -> tuple[F, F]:
    return (north - land.north0_m) / land.cell_m, (east - land.east0_m) / land.cell_m


def _excess(land: Land, east: F, north: F, since: int) -> tuple[F, F, F]:
    """Return the cost excess [m] of the way since a row for each place, the cost left from here, and from that row."""
    row, col = _at(land, east[since:], north[since:])
    w = _bilinear(land.cost, row, col)
    step = np.hypot(np.diff(east[since:]), np.diff(north[since:]))
    flown = float(np.sum(step * 0.5 * (w[1:] + w[:-1])))
    both = _bilinear(land.to_place, row[[0, -1]], col[[0, -1]])
    start, here = both[:, 0], both[:, 1]
    return flown + here - start, here, start


def _heading(land: Land, east: float, north: float, de: float, dn: float) -> F:
    """Return the cosine between the course and the way down each cost field, over three cells."""
    h = GRADIENT_CELLS * land.cell_m
    es, ns = np.array([east + h, east - h, east, east]), np.array([north, north, north + h, north - h])
    c = _bilinear(land.to_place, *_at(land, es, ns))
    ge, gn = c[:, 1] - c[:, 0], c[:, 3] - c[:, 2]
    size = np.hypot(ge, gn) * math.hypot(de, dn)
    return np.asarray((ge * de + gn * dn) / np.maximum(size, 1e-9), np.float64)
