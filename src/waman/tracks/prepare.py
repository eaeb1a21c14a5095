"""From the plots table to arrays: positions in the plane, noise, identities as numbers, frames.

Nothing raises for bad rows: a plot without time, position or sensible values is left out and counted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waman.config import Sensor
from waman.errors import Problems
from waman.geo.frames import Frame
from waman.geo.units import FLIGHT_LEVEL_M, SECOND_US
from waman.tracks.core import columns as col
from waman.tracks.core.motion import Floats, Ints
from waman.tracks.core.state import Batch

Flags = NDArray[np.bool_]

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

TWICE = "the same observation more than once"
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
        places, words = _encoded(column)
        # the last place is that of null, which is numbered -1
        return np.array([self.code(w) for w in words.to_pylist()] + [-1], np.int64)[places]

    def code(self, word: str) -> int:
        """Return the number of a word, learning it if it is new."""
        if word not in self.index:
            self.index[word] = len(self.words)
            self.words.append(word)
        return self.index[word]


def _encoded(column: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    """Return the place of every word of a column (-1 for null) among the words, and these in order of appearance."""
    encoded = column.cast(pa.string()).dictionary_encode().combine_chunks()
    places: Ints = pc.fill_null(encoded.indices.cast(pa.int64()), -1).to_numpy()
    return places, encoded.dictionary


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
    order, alike = _order(table)
    first = order[_first_seen(alike, integers(table, "lineage")[order])]
    if twice := len(order) - len(first):
        problems.add("plots", TWICE, twice, times=twice)
    return table.take(pa.array(first))


def _order(table: pa.Table) -> tuple[Ints, Flags]:
    """Return the row order and, by row in it, whether it says what the row before it says.

    By time, then sensor, identity and place, so that shuffled input gives the same tracks.
    """
    keys = (
        floats(table, "lon_deg"),
        floats(table, "lat_deg"),
        _ranks(table["icao24"]),
        _ranks(table["sensor"]),
        times_us(table),
    )
    order = np.lexsort(keys).astype(np.int64)
    return order, _alike(order, *keys)


def _alike(order: Ints, *keys: Ints | Floats) -> Flags:
    """Return for each of ordered rows whether it has the keys of the row before it."""
    out = np.ones(len(order), bool)
    out[:1] = False
    for key in keys:
        out[1:] &= key[order[1:]] == key[order[:-1]]
    return out


def _ranks(column: pa.ChunkedArray) -> Ints:
    """Return the place of every word of a column among its words in alphabetical order; null is the empty word."""
    places, words = _encoded(pc.fill_null(column.cast(pa.string()), ""))
    ranks: Ints = pc.rank(words, tiebreaker="dense").to_numpy()[places].astype(np.int64)
    return ranks


def _first_seen(alike: Flags, lineage: Ints) -> Flags:
    """Return which of ordered plots are no later copy of an observation."""
    keep = ~alike
    named = np.flatnonzero(lineage >= 0)
    if len(named):
        _, firsts = np.unique(lineage[named], return_index=True)
        later = np.ones(len(named), bool)
        later[firsts] = False
        keep[named[later]] = False
    return keep


def placed(table: pa.Table, frame: Frame) -> pa.Table:
    """Return plots with their place in the plane [m] as two more columns: projecting once is dear enough.

    >>> from waman import tables
    >>> placed(tables.empty("plots"), Frame(lat0_deg=-12.0, lon0_deg=-75.0)).column_names[-2:]
    ['east_m', 'north_m']
    """
    x, y = frame.to_plane(lat_deg=floats(table, "lat_deg"), lon_deg=floats(table, "lon_deg"))
    return table.append_column("east_m", pa.array(x)).append_column("north_m", pa.array(y))


def joined(parts: Sequence[pa.Table]) -> pa.Table:
    """Return tables of the same columns as one, dictionaries unified.

    >>> joined([pa.table({"offset": [1]}), pa.table({"offset": [2]})])["offset"].to_pylist()
    [1, 2]
    """
    parts = [part for part in parts if part.num_rows] or parts[:1]
    return pa.concat_tables(parts).unify_dictionaries().combine_chunks()


def untold(table: pa.Table, earlier: Sequence[pa.Table], problems: Problems) -> pa.Table:
    """Return the plots whose lineage no ``earlier`` plot has; the others are counted.

    >>> untold(pa.table({"lineage": [7, 8]}), [pa.table({"lineage": [7]})], Problems())["lineage"].to_pylist()
    [8]
    """
    if table["lineage"].null_count == table.num_rows or not earlier:
        return table
    told = np.concatenate([integers(part, "lineage") for part in earlier])
    twice = np.isin(integers(table, "lineage"), told[told >= 0])
    if twice.any():
        problems.add("plots", TWICE, int(twice.sum()), times=int(twice.sum()))
    return table.filter(pa.array(~twice))


def model_sensors(
    table: pa.Table, frame: Frame, known: Mapping[str, Sensor], met: Collection[str]
) -> list[SensorModel]:
    """Return a model of every sensor of ``table`` (already usable, time ordered, placed) that was not yet met."""
    out = []
    names, kinds = table["sensor"].cast(pa.string()), table["kind"].cast(pa.string())
    for name in pc.unique(names).to_pylist():
        if name in met:
            continue
        here = pc.equal(names, name)
        counts = pc.value_counts(kinds.filter(here)).to_pylist()
        kind = max(counts, key=lambda c: (c["counts"], c["values"]))["values"]
        mine = np.asarray(here)
        spread = float(np.ptp(floats(table, "east_m")[mine]) * np.ptp(floats(table, "north_m")[mine]))
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
    table: pa.Table, models: Sequence[SensorModel], origin_us: int, words: Mapping[str, Words], until_s: float = np.inf
) -> tuple[Batch, pa.Table, pa.Table]:
    """Return the frames of usable, placed plots that closed by ``until_s``, their plots and the plots of the others.

    Plots are cut into frames: one revolution of a radar, one second of a network. A second plot of one address in
    a frame opens another frame of the same time, so that an aircraft heard twice a second updates twice. The plots
    come back frame by frame, which is the row number they have in the batch; the others in time order, as they came.
    """
    time_us = times_us(table)
    sensor, icao, call = (words[name].codes(table[name]) for name in ("sensor", "icao24", "callsign"))
    period = np.array([m.period_us for m in models], np.int64)[sensor]
    window = time_us // period
    copy = _occurrence(sensor, window, icao)
    end_us = _last_of(sensor, window, time_us)
    rank = np.argsort(np.argsort([m.id for m in models]))  # not the order in which sensors were met
    order = np.lexsort((copy, rank[sensor], end_us))
    start = np.append(np.flatnonzero(~_alike(order, copy, sensor, end_us)), len(order)).astype(np.int64)
    first = order[start[:-1]]
    # a frame can be run only when every frame before it has closed too
    close_s = np.maximum.accumulate(((window + 1) * period - origin_us)[first] / SECOND_US)
    closed = int(np.searchsorted(close_s, until_s, side="right"))
    first, start = first[:closed], start[: closed + 1]
    mine, left = order[: start[-1]], np.sort(order[start[-1] :])
    used = table.take(pa.array(mine))
    look = np.array([models[s].scanning for s in sensor[first]], bool) & (copy[first] == 0)
    batch = Batch(
        *_arrays(used, sensor[mine], icao[mine], call[mine], models, origin_us),
        start,
        (end_us[first] - origin_us) / SECOND_US,
        sensor[first],
        close_s[:closed],
        look.astype(np.float64),
    )
    return batch, used, table.take(pa.array(left))


def _arrays(
    table: pa.Table, sensor: Ints, icao: Ints, call: Ints, models: Sequence[SensorModel], origin_us: int
) -> tuple[Floats, Ints]:
    """Return what kernels read of plots: (n, PLOT_FLOATS) and (n, PLOT_INTS)."""
    n = table.num_rows
    f, i = np.full((n, col.PLOT_FLOATS), np.nan), np.full((n, col.PLOT_INTS), -1, np.int64)
    f[:, col.P_T] = (times_us(table) - origin_us) / SECOND_US
    f[:, col.P_X], f[:, col.P_Y] = floats(table, "east_m"), floats(table, "north_m")
    f[:, col.P_FL], f[:, col.P_GEO] = floats(table, "altitude_fl") * FLIGHT_LEVEL_M, floats(table, "altitude_msl_m")
    speed, heading = floats(table, "ground_speed_mps"), np.radians(floats(table, "heading_deg"))
    f[:, col.P_VX], f[:, col.P_VY] = speed * np.sin(heading), speed * np.cos(heading)
    i[:, col.P_ICAO], i[:, col.P_CALL], i[:, col.P_M3A] = icao, call, integers(table, "mode_3a")
    i[:, col.P_ROW], i[:, col.P_KNOWN] = np.arange(n), icao >= 0
    sigma, azimuth_deg = floats(table, "sigma_m"), floats(table, "azimuth_deg")
    for s in np.unique(sensor):
        mine = np.flatnonzero(sensor == s)
        _noise(f, i, sigma[mine], azimuth_deg[mine], mine, models[s])
    return f, i


def _noise(f: Floats, i: Ints, sigma: Floats, azimuth_deg: Floats, mine: Ints, model: SensorModel) -> None:
    """Fill noise and false-plot density of one sensor's plots (polar where the sensor is surveyed)."""
    sigma = np.where(np.isfinite(sigma) & (sigma > 0.0), np.maximum(sigma, 5.0), SIGMA_BY_KIND_M[model.kind])
    xx, xy, yy = sigma**2, np.zeros(len(mine)), sigma**2
    config, polar = model.config, np.isfinite(azimuth_deg)
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


def _last_of(sensor: Ints, window: Ints, time_us: Ints) -> Ints:
    """Return for each plot the time of the last plot of its sensor's window."""
    order = np.lexsort((time_us, window, sensor))
    # where the next plot begins another window
    last = np.flatnonzero(np.append(~_alike(order, window, sensor), True)[1:])
    out = np.empty(len(order), np.int64)
    out[order] = np.repeat(time_us[order[last]], np.diff(last, prepend=-1))
    return out


def _occurrence(sensor: Ints, window: Ints, icao: Ints) -> Ints:
    """Return for each plot how many plots of its address came before it in its frame."""
    order = np.lexsort((icao, window, sensor))
    same = _alike(order, icao, window, sensor) & (icao[order] >= 0)
    place = np.arange(len(order))
    first = np.maximum.accumulate(np.where(same, 0, place))
    out = np.empty(len(order), np.int64)
    out[order] = place - first
    return out
