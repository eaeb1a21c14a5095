"""The forensic pass: judge existence by the whole record, stitch, smooth, and say what was measured.

Input are the rows the causal tracker wrote; output are rows of the same shape. A chain is the list of instants
of one aircraft: looks at which a plot was its own, looks at which none was, and, where two
tracks were stitched, the looks between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from waman.jit import kernel
from waman.tracks.core import columns as col
from waman.tracks.core.motion import Floats, Ints
from waman.tracks.core.state import Batch, Params, Sensors
from waman.tracks.forensic.before import before, within_each
from waman.tracks.forensic.gaps import expected, filled, frame_times, looks_between, unseen_rows
from waman.tracks.forensic.smooth import smooth_chain
from waman.tracks.forensic.stitch import Link, links

EXISTENCE_MIN = 0.5
GAP_ROWS_MAX = 2000


@dataclass(frozen=True)
class Chain:
    """One aircraft's instants: rows (n, ROW_FLOATS) and (n, ROW_INTS), in time order."""

    f: Floats
    i: Ints
    alive: Floats  # (m, 2) time and existence as the tracker believed at the time, to its last row


@kernel
def smooth_existence(r: Floats, time: Floats, first: Ints, lifetime_s: float) -> Floats:
    """Return existence given all later looks: the two-state (alive, gone) smoother along each track.

    ``first`` (tracks + 1,) delimits the rows of each track. A track that soon proved false never existed;
    one that flew out of sight did.
    """
    out = r.copy()
    for n in range(first.shape[0] - 1):
        for k in range(first[n + 1] - 2, first[n] - 1, -1):
            live = np.exp(-(time[k + 1] - time[k]) / lifetime_s)
            ahead = min(max(live * r[k], 1e-12), 1.0 - 1e-12)
            back = live * out[k + 1] / ahead + (1.0 - live) * (1.0 - out[k + 1]) / (1.0 - ahead)
            out[k] = min(max(r[k] * back, 0.0), 1.0)
    return out


def hindsight(
    out_f: Floats, out_i: Ints, plots: Floats, batch: Batch, sensors: Sensors, par: Params
) -> tuple[Floats, Ints]:
    """Return the forensic rows of one run; ``plots`` are the plot floats by row number."""
    order = np.lexsort((np.arange(len(out_f)), out_i[:, col.O_ID]))
    f, i = out_f[order].copy(), out_i[order].copy()
    if not len(f):
        return f, i
    first = np.flatnonzero(np.diff(i[:, col.O_ID], prepend=-1))
    bounds = np.append(first, len(f)).astype(np.int64)
    f[:, col.O_R] = smooth_existence(f[:, col.O_R].copy(), f[:, col.O_T].copy(), bounds, par.lifetime_s)
    at_s = frame_times(batch)
    chains = [c for a, b in pairwise(bounds) if (c := _chain(f[a:b], i[a:b], out_f, order[a:b], at_s, par))]
    chains = [Chain(*filled(c.f, c.i, batch), c.alive) for c in chains]
    states = [_smoothed(c, plots, par, sensors) for c in chains]
    joined = _join(
        chains, links(chains, states, lambda c: _smoothed(c, plots, par, sensors), batch, sensors, par), batch
    )
    known = {id(c): s for c, s in zip(chains, states, strict=True)}
    parts = [_rows(c, known.get(id(c)) or _smoothed(c, plots, par, sensors), batch, sensors, par) for c in joined]
    if not parts:
        return f[:0], i[:0]
    f, i = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    order = np.lexsort((i[:, col.O_ID], f[:, col.O_T]))
    return f[order], i[order]


def _chain(f: Floats, i: Ints, raw_f: Floats, raw: Ints, at_s: Floats, par: Params) -> Chain | None:
    """Return the chain of one track's rows, its first two plots added; None where it never existed."""
    detected = np.flatnonzero(i[:, col.O_DETECTED] == 1)
    if not len(detected) or f[:, col.O_R].max() < EXISTENCE_MIN or not (i[:, col.O_STATE] > 0).any():
        return None
    if _never_left(f[detected], i[detected], par):
        return None
    trail = (np.arange(len(f)) <= detected[-1]) | (f[:, col.O_REPORT] >= 0.5)
    keep = trail & (np.arange(len(f)) >= detected[0])
    alive = np.column_stack([f[:, col.O_T], raw_f[raw, col.O_R]])
    f, i = f[keep], i[keep]
    for plot in (int(i[0, col.O_SECOND]), int(i[0, col.O_BIRTH])):
        if plot >= 0 and at_s[plot] < f[0, col.O_T]:
            pf, pi = f[:1].copy(), i[:1].copy()
            pf[0, col.O_T], pf[0, col.O_FACTOR], pf[0, col.O_PD] = at_s[plot], 1.0, np.nan
            pi[0, col.O_PLOT], pi[0, col.O_DETECTED] = plot, 1
            f, i = np.concatenate([pf, f]), np.concatenate([pi, i])
    f[0, col.O_FACTOR] = abs(f[0, col.O_FACTOR])
    i[:, col.O_STATE] = np.where(i[:, col.O_DETECTED] == 1, col.TRACKED, col.COASTING)
    return Chain(f, i, alive)


def _never_left(f: Floats, i: Ints, par: Params) -> bool:
    """Return whether a track without any answer stayed about its first place all its life: an echo of the ground."""
    age = float(f[-1, col.O_T] - f[0, col.O_T])
    if age < par.stuck_after_s or (i[:, [col.O_ICAO, col.O_M3A]] >= 0).any():
        return False
    away = np.hypot(f[:, col.O_X] - f[0, col.O_X], f[:, col.O_Y] - f[0, col.O_Y])
    return bool(away.max() < par.still_mps * age)


def _smoothed(chain: Chain, plots: Floats, par: Params, sensors: Sensors) -> tuple[Floats, Floats]:
    plot = np.where(chain.i[:, col.O_DETECTED] == 1, chain.i[:, col.O_PLOT], -1)
    sigma = float(sensors.f[chain.i[0, col.O_SENSOR], col.S_VSIGMA])
    return smooth_chain(chain.f[:, col.O_T].copy(), plot, chain.f[:, col.O_FACTOR].copy(), plots, par, sigma)


def _rows(
    chain: Chain, state: tuple[Floats, Floats], batch: Batch, sensors: Sensors, par: Params
) -> tuple[Floats, Ints]:
    """Return the chain's rows with smoothed positions, velocities and ellipses, and what must have come before."""
    unknown = np.isnan(chain.f[:, col.O_PD])
    chain.f[unknown, col.O_PD] = expected(state[0][unknown], chain.f[unknown], chain.i[unknown], sensors)
    f, i, x, p = before(chain.f, chain.i, state, batch, sensors, par)
    f[:, col.O_X], f[:, col.O_Y], f[:, col.O_VX], f[:, col.O_VY] = x.T
    f[:, col.O_PXX], f[:, col.O_PXY], f[:, col.O_PYY] = p[:, 0], p[:, 1], p[:, 2]
    f[:, col.O_REPORT] = f[:, col.O_R] * within_each(p, par.report_radius_m)
    return f, i


def _join(chains: list[Chain], found: list[Link], batch: Batch) -> list[Chain]:
    """Return the chains with linked ones joined end to end under the id of the first."""
    following = {link.first: link for link in found}
    second = {link.second for link in found}
    out = []
    for n, chain in enumerate(chains):
        if n in second:
            continue
        at = n
        while at in following:
            link = following[at]
            chain = _bridge(chain, chains[link.second], link, batch)
            at = link.second
        out.append(chain)
    return out


def _bridge(a: Chain, b: Chain, link: Link, batch: Batch) -> Chain:
    """Return two chains as one; every look between the last plot of one and the first of the other is "stitched"."""
    t0, t1 = link.end_s, link.begin_s
    last = int(np.searchsorted(a.f[:, col.O_T], t0))
    keep = b.f[:, col.O_T] >= t1  # a lone plot before it was not its own
    b = Chain(b.f[keep], b.i[keep], b.alive)
    looks = looks_between(batch, int(a.i[last, col.O_SENSOR]), t0, t1)[:GAP_ROWS_MAX]
    gap_f, gap_i = unseen_rows(a.f[last], a.i[last], looks)
    share = (looks - t0) / max(t1 - t0, 1e-9)
    gap_f[:, col.O_ALT] = (1 - share) * a.f[last, col.O_ALT] + share * b.f[0, col.O_ALT]
    gap_f[:, col.O_ALT_SD] = a.f[last, col.O_ALT_SD] + 3.0 * np.minimum(looks - t0, t1 - looks)
    gap_f[:, col.O_R] = link.probability * min(a.f[last, col.O_R], b.f[0, col.O_R])
    gap_i[:, col.O_STATE] = col.STITCHED
    after_i = b.i.copy()
    after_i[:, col.O_ID] = a.i[0, col.O_ID]
    for tag in (col.O_ICAO, col.O_M3A, col.O_CALL):
        after_i[:, tag] = np.where(after_i[:, tag] < 0, a.i[last, tag], after_i[:, tag])
    return Chain(
        np.concatenate([a.f[: last + 1], gap_f, b.f]),
        np.concatenate([a.i[: last + 1], gap_i, after_i]),
        b.alive,
    )
