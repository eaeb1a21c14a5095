"""From the plots table to arrays: positions in the plane, noise, identities as numbers, frames.

Nothing raises for bad rows: a plot without time, position or sensible values is left out and counted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waman.config import Sensor
from waman.errors import Problems
from waman.geo.frames import Frame
from waman.geo.units import FLIGHT_LEVEL_M, SECOND_US
from waman.tracks.core import columns as col
from waman.tracks.core.motion import Floats, Ints
from waman.tracks.core.state import Batch

SIGMA_BY_KIND_M = {
    "ads_b": 60.0,
    "mlat": 80.0,
    "mode_s": 150.0,
    "ssr": 150.0,
    "psr_ssr": 150.0,
    "psr": 200.0,
    "track": 400.0,
}
"""1-sigma of a position where neither the plot nor its sensor says: a state vector of a network is stamped to
the second, which at 200 m/s alone is 58 m along the track; the rest are usual radar accuracies at 80 km."""

TRACKED_KINDS = tuple(SIGMA_BY_KIND_M)
SCANNING_KINDS = frozenset({"psr", "ssr", "psr_ssr"})
DEFAULT_PERIOD_S = 4.0
IDENTIFIED_WINDOW_S = 1.0
IDENTIFIED_CLUTTER_PER_M2 = 1e-13
"""False positions with a valid address are rare; equal to their birth density: one plot alone stays tentative."""


@dataclass(frozen=True)
class SensorModel:
    """What the tracker needs to know of one sensor (``config`` is None where the area names none of this id)."""

    id: str
    kind: str
    config: Sensor | None
    east_m: float
    north_m: float
    period_us: int
    area_m2: float

    @property
    def scanning(self) -> bool:
        """Whether a look without a plot says something: a rotating radar, not a network of receivers."""
        return self.kind in SCANNING_KINDS or (self.config is not None and self.config.scan_period_s is not None)


@dataclass
class Words:
    """Growing numbering of words. State: ``index`` (word to number) and ``words`` (number to word)."""

    index: dict[str, int] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    def codes(self, column: pa.ChunkedArray) -> Ints:
        """Return the number of every word of a column (-1 for null), learning new words in order of appearance."""
        if len(column) == 0:
            return np.zeros(0, np.int64)
        encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        table = np.array([self.code(w) for w in encoded.dictionary.to_pylist()] + [-1], np.int64)
        places = encoded.indices.fill_null(len(table) - 1).to_numpy(zero_copy_only=False)
        return np.asarray(table[places.astype(np.int64)], np.int64)

    def code(self, word: str) -> int:
        """Return the number of a word, learning it if it is new."""
        if word not in self.index:
            self.index[word] = len(self.words)
            self.words.append(word)
        return self.index[word]


def times_us(table: pa.Table, name: str = "time") -> Ints:
    """Return a time column as int64 microseconds."""
    column: Ints = table[name].cast(pa.int64()).to_numpy().astype(np.int64, copy=False)
    return column


def floats(table: pa.Table, name: str) -> Floats:
    """Return a float column as float64, null as NaN."""
    column: Floats = table[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return column


def integers(table: pa.Table, name: str) -> Ints:
    """Return an integer column as int64, null as -1."""
    column: Ints = pc.fill_null(table[name].cast(pa.int64()), -1).to_numpy().astype(np.int64, copy=False)
    return column


def usable(plots: pa.Table, problems: Problems) -> pa.Table:
    """Return the plots that say where an aircraft was, in time order, each observation once.

    Left out and counted: reports (regions, not positions), plots without a position, coordinates outside
    the globe, and what arrived twice (same lineage, or same sensor, time, place and identity).
    """
    kinds = plots["kind"].cast(pa.string())
    lat, lon = floats(plots, "lat_deg"), floats(plots, "lon_deg")
    placed = (np.abs(lat) <= 90.0) & (np.abs(lon) <= 180.0)
    positions = pc.is_in(kinds, pa.array(TRACKED_KINDS)).to_numpy(zero_copy_only=False)
    if lost := int((positions & ~placed).sum()):
        problems.add("plots", "no position: sensor not surveyed, or not measured", lost, times=lost)
    table = plots.filter(pa.array(positions & placed))
    if table.num_rows == 0:
        return table
    order = _order(table)
    first = _first_seen(table, order)
    if twice := len(order) - len(first):
        problems.add("plots", "the same observation more than once", twice, times=twice)
    return table.take(pa.array(first))


def _order(table: pa.Table) -> Ints:
    """Return the row order: by time, then sensor, identity and place, so that shuffled input gives the same tracks."""
    sensor = pc.rank(table["sensor"].cast(pa.string()), tiebreaker="dense").to_numpy()
    icao = pc.rank(pc.fill_null(table["icao24"].cast(pa.string()), ""), tiebreaker="dense").to_numpy()
    keys = (floats(table, "lon_deg"), floats(table, "lat_deg"), icao, sensor, times_us(table))
    return np.lexsort(keys).astype(np.int64)


def _first_seen(table: pa.Table, order: Ints) -> Ints:
    """Return ``order`` without the later copies of an observation."""
    keep = np.ones(len(order), bool)
    sensor = pc.rank(table["sensor"].cast(pa.string()), tiebreaker="dense").to_numpy()[order]
    icao = pc.rank(pc.fill_null(table["icao24"].cast(pa.string()), ""), tiebreaker="dense").to_numpy()[order]
    time, lat, lon = times_us(table)[order], floats(table, "lat_deg")[order], floats(table, "lon_deg")[order]
    same = (time[1:] == time[:-1]) & (sensor[1:] == sensor[:-1]) & (icao[1:] == icao[:-1])
    keep[1:] = ~(same & (lat[1:] == lat[:-1]) & (lon[1:] == lon[:-1]))
    lineage = integers(table, "lineage")[order]
    named = np.flatnonzero(lineage >= 0)
    if len(named):
        _, firsts = np.unique(lineage[named], return_index=True)
        later = np.ones(len(named), bool)
        later[firsts] = False
        keep[named[later]] = False
    return order[keep]


def model_sensors(
    table: pa.Table, plane: tuple[Floats, Floats], frame: Frame, known: Mapping[str, Sensor], met: Collection[str]
) -> list[SensorModel]:
    """Return a model of every sensor of ``table`` (already usable, time ordered, at ``plane``) that was not yet met."""
    out = []
    names, kinds = table["sensor"].cast(pa.string()), table["kind"].cast(pa.string())
    for name in pc.unique(names).to_pylist():
        if name in met:
            continue
        here = pc.equal(names, name)
        counts = pc.value_counts(kinds.filter(here)).to_pylist()
        kind = max(counts, key=lambda c: (c["counts"], c["values"]))["values"]
        mine = np.asarray(here)
        spread = float(np.ptp(plane[0][mine]) * np.ptp(plane[1][mine]))
        out.append(_model(name, kind, times_us(table)[mine], max(spread, 1e9), frame, known.get(name)))
    return out


def _model(name: str, kind: str, time_us: Ints, area: float, frame: Frame, config: Sensor | None) -> SensorModel:
    east = north = np.nan
    if config is not None:
        kind = config.kind if config.kind in TRACKED_KINDS else kind
        if config.surveyed:
            e, n = frame.to_plane(lat_deg=config.lat_deg or 0.0, lon_deg=config.lon_deg or 0.0)
            east, north = float(e), float(n)
        if config.range_max_m is not None:
            area = np.pi * config.range_max_m**2
    period_s = IDENTIFIED_WINDOW_S
    if config is not None and config.scan_period_s is not None:
        period_s = config.scan_period_s
    elif kind in SCANNING_KINDS:
        period_s = _scan_period_s(time_us)
    return SensorModel(name, kind, config, east, north, int(period_s * SECOND_US), area)


def _scan_period_s(time_us: Ints) -> float:
    """Return the revolution time where plots of a scan share one stamp, else the usual 4 s of approach radars."""
    stamps = np.unique(time_us)
    if len(stamps) < 3 or len(stamps) > 0.5 * len(time_us):
        return DEFAULT_PERIOD_S
    return float(np.clip(np.median(np.diff(stamps)) / SECOND_US, 0.5, 60.0))


def make_batch(
    table: pa.Table,
    rows: Ints,
    frame: Frame,
    models: Sequence[SensorModel],
    origin_us: int,
    words: Mapping[str, Words],
    plane: tuple[Floats, Floats] | None = None,
) -> Batch:
    """Return usable plots as arrays in frames; ``rows`` are their numbers for the track rows to name.

    ``plane`` is where they are in ``frame`` [m], if that is known already.
    """
    n = table.num_rows
    f, i = np.full((n, col.PLOT_FLOATS), np.nan), np.full((n, col.PLOT_INTS), -1, np.int64)
    time_us = times_us(table)
    x, y = plane or frame.to_plane(lat_deg=floats(table, "lat_deg"), lon_deg=floats(table, "lon_deg"))
    f[:, col.P_T], f[:, col.P_X], f[:, col.P_Y] = (time_us - origin_us) / SECOND_US, x, y
    f[:, col.P_FL], f[:, col.P_GEO] = floats(table, "altitude_fl") * FLIGHT_LEVEL_M, floats(table, "altitude_msl_m")
    speed, heading = floats(table, "ground_speed_mps"), np.radians(floats(table, "heading_deg"))
    f[:, col.P_VX], f[:, col.P_VY] = speed * np.sin(heading), speed * np.cos(heading)
    i[:, col.P_ICAO], i[:, col.P_CALL] = (
        words["icao24"].codes(table["icao24"]),
        words["callsign"].codes(table["callsign"]),
    )
    i[:, col.P_M3A], i[:, col.P_ROW], i[:, col.P_KNOWN] = integers(table, "mode_3a"), rows, i[:, col.P_ICAO] >= 0
    sensor = words["sensor"].codes(table["sensor"])
    for s in np.unique(sensor):
        _noise(f, i, table, np.flatnonzero(sensor == s), models[s])
    return _frames(f, i, time_us, sensor, models, origin_us)


def _noise(f: Floats, i: Ints, table: pa.Table, mine: Ints, model: SensorModel) -> None:
    """Fill noise and false-plot density of one sensor's plots (polar where the sensor is surveyed)."""
    part = table.take(pa.array(mine))
    sigma = floats(part, "sigma_m")
    sigma = np.where(np.isfinite(sigma) & (sigma > 0.0), np.maximum(sigma, 5.0), SIGMA_BY_KIND_M[model.kind])
    xx, xy, yy = sigma**2, np.zeros(len(mine)), sigma**2
    azimuth_deg, config = floats(part, "azimuth_deg"), model.config
    polar = np.isfinite(azimuth_deg)
    if config is not None and np.isfinite(model.east_m) and polar.any():
        dx, dy = f[mine, col.P_X] - model.east_m, f[mine, col.P_Y] - model.north_m
        r2 = np.maximum(dx**2 + dy**2, 1.0)
        var_r = config.sigma_range_m**2 + _slant_variance(r2, f[mine], config)
        var_t = r2 * np.radians(config.sigma_azimuth_deg) ** 2
        xx = np.where(polar, (var_r * dx**2 + var_t * dy**2) / r2, xx)
        yy = np.where(polar, (var_r * dy**2 + var_t * dx**2) / r2, yy)
        xy = np.where(polar, (var_r - var_t) * dx * dy / r2, xy)
    f[mine, col.P_RXX], f[mine, col.P_RXY], f[mine, col.P_RYY] = xx, xy, yy
    density = clutter_per_m2(model)
    if model.scanning:
        f[mine, col.P_FRESH] = np.where(
            i[mine, col.P_ICAO] >= 0, np.minimum(density, IDENTIFIED_CLUTTER_PER_M2), density
        )
    else:
        f[mine, col.P_FRESH] = IDENTIFIED_CLUTTER_PER_M2


def clutter_per_m2(model: SensorModel) -> float:
    """Return the density of false plots in one look before any was seen: as the area file says, else 20 a look."""
    return (model.config.false_plots_per_scan if model.config is not None else 20.0) / model.area_m2


def _slant_variance(r2: Floats, f: Floats, config: Sensor) -> Floats:
    """Return the variance [m^2] of ground range where the height, and so the slant, is unknown.

    Slant minus ground range is about h^2 / 2r; heights are spread over ``assumed_height_agl_m``.
    """
    h2 = np.square(np.asarray(config.assumed_height_agl_m, np.float64))
    unknown = ~np.isfinite(f[:, col.P_FL]) & ~np.isfinite(f[:, col.P_GEO])
    return np.where(unknown, np.mean(h2**2) / (4.0 * r2), 0.0)


def _frames(f: Floats, i: Ints, time_us: Ints, sensor: Ints, models: Sequence[SensorModel], origin_us: int) -> Batch:
    """Cut time-ordered plots into frames: one revolution of a radar, one second of a network.

    A second plot of one address in a frame opens another frame of the same time, so that an aircraft
    heard twice a second updates twice.
    """
    period = np.array([m.period_us for m in models], np.int64)[sensor]
    window = time_us // period
    copy = _occurrence(sensor, window, i[:, col.P_ICAO])
    span = np.lexsort((window, sensor))
    _, group = np.unique(np.stack([sensor[span], window[span]], axis=1), axis=0, return_inverse=True)
    last = np.full(group.max() + 1 if len(group) else 0, np.iinfo(np.int64).min)
    np.maximum.at(last, group, time_us[span])
    end_us = np.empty(len(time_us), np.int64)
    end_us[span] = last[group]
    rank = np.argsort(np.argsort([m.id for m in models]))  # not the order in which sensors were met
    close_us = (window + 1) * period
    order = np.lexsort((np.arange(len(f)), copy, rank[sensor], end_us))
    f, i, sensor, end_us, copy, close_us = (
        f[order],
        i[order],
        sensor[order],
        end_us[order],
        copy[order],
        close_us[order],
    )
    new = np.ones(len(f), bool)
    new[1:] = (sensor[1:] != sensor[:-1]) | (end_us[1:] != end_us[:-1]) | (copy[1:] != copy[:-1])
    start = np.flatnonzero(new)
    look = np.where([models[s].scanning for s in sensor[start]], copy[start] == 0, False)
    return Batch(
        np.ascontiguousarray(f),
        np.ascontiguousarray(i),
        np.append(start, len(f)).astype(np.int64),
        (end_us[start] - origin_us) / SECOND_US,
        sensor[start].astype(np.int64),
        # a frame can be run only when every frame before it has closed too
        np.maximum.accumulate((close_us[start] - origin_us) / SECOND_US),
        look.astype(np.float64),
    )


def _occurrence(sensor: Ints, window: Ints, icao: Ints) -> Ints:
    """Return for each plot how many plots of its address came before it in its frame."""
    order = np.lexsort((np.arange(len(icao)), icao, window, sensor))
    s, w, c = sensor[order], window[order], icao[order]
    same = np.zeros(len(order), bool)
    same[1:] = (s[1:] == s[:-1]) & (w[1:] == w[:-1]) & (c[1:] == c[:-1]) & (c[1:] >= 0)
    place = np.arange(len(order))
    first = np.maximum.accumulate(np.where(same, 0, place))
    out = np.empty(len(order), np.int64)
    out[order] = place - first
    return out
