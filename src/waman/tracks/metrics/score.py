"""``score``: how a tracks table agrees with the truth, by GOSPA, continuity and the measures of SPEC-147.

EUROCONTROL-SPEC-147 (ESASSP) judges probability of update, horizontal accuracy, gaps and false tracks;
its limits hold for 3 and 5 NM separation and are not applied here, only its measures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from waman.geo.frames import Frame
from waman.geo.units import SECOND_US
from waman.tracks.metrics.consistency import honesty
from waman.tracks.metrics.gospa import Floats, Ints, gospa, ospa2
from waman.tracks.metrics.picture import Picture, instants, picture, plane, shown


def score(tracks: pa.Table, truth: pa.Table, *, c_m: float = 1000.0, skip: int = 0) -> dict[str, Any]:
    """Return the measures of the contract ``score.json`` for contract tables ``tracks`` and ``truth``.

    Instants with index below ``skip`` (start-up) are left out. GOSPA has p = 2, c = ``c_m``, alpha = 2; its parts
    are means over the instants of [m^2] (localisation) and of counts times c^2/2 (missed, false).
    """
    if truth.num_rows == 0:
        return judge(
            Picture(np.zeros(0, np.int64), np.zeros((0, 0)), np.zeros((0, 0))), None, np.zeros(0, np.int64), c_m
        )
    frame = Frame(
        lat0_deg=float(np.median(truth["lat_deg"].to_numpy())), lon0_deg=float(np.median(truth["lon_deg"].to_numpy()))
    )
    t, x, y = plane(truth, frame)
    owner = truth["target"].to_numpy()
    at = instants(t, owner)
    step = int(np.median(np.diff(at))) if len(at) > 1 else SECOND_US
    true = picture(owner, t, x, y, at, hold_us=3 * step)
    rows = shown(tracks)
    ours = None
    if rows.num_rows:
        t, x, y = plane(rows, frame)
        ours = picture(rows["track"].to_numpy(), t, x, y, at, hold_us=max(3 * step, 30 * SECOND_US))
    out = judge(true, ours, at, c_m, skip=skip)
    if tracks.num_rows:
        out["honesty"] = honesty(tracks, truth, frame, hold_us=3 * step, c_m=c_m)
    return out


def judge(true: Picture, ours: Picture | None, at_us: Ints, c_m: float = 1000.0, *, skip: int = 0) -> dict[str, Any]:
    """Return all measures of two pictures at the same instants."""
    at = at_us[skip:]
    tx, ty = true.x_m[skip:], true.y_m[skip:]
    if ours is None:
        ours = Picture(np.zeros(0, np.int64), np.zeros((len(at_us), 0)), np.zeros((len(at_us), 0)))
    ox, oy = ours.x_m[skip:], ours.y_m[skip:]
    match = np.full(tx.shape, -1, np.int64)  # which of our tracks stands for the truth
    error = np.full(tx.shape, np.nan)
    parts = np.zeros((len(at), 4))
    false = np.zeros(len(at), np.int64)
    doubled = np.zeros(len(at), np.int64)
    for k in range(len(at)):
        i, j = np.flatnonzero(np.isfinite(tx[k])), np.flatnonzero(np.isfinite(ox[k]))
        a, b = np.stack([tx[k, i], ty[k, i]], 1), np.stack([ox[k, j], oy[k, j]], 1)
        g = gospa(a, b, c_m=c_m)
        parts[k] = g.total, g.localisation, g.missed, g.false
        match[k, i[g.truth]] = j[g.track]
        error[k, i[g.truth]] = np.hypot(*(a[g.truth] - b[g.track]).T)
        false[k] = len(j) - len(g.track)
        spare = np.setdiff1d(np.arange(len(j)), g.track)
        if len(spare) and len(i):
            doubled[k] = int((np.hypot(*(b[spare, None] - a[None]).transpose(2, 0, 1)).min(axis=1) < c_m).sum())
    here = np.isfinite(tx)
    out = _continuity(match, here, at)
    mean = parts.mean(axis=0) if len(at) else np.zeros(4)
    shown_total = int(np.isfinite(ox).sum())
    matched = int((match >= 0).sum())
    out |= {
        "gospa": dict(zip(("total", "localisation", "missed", "false"), mean.tolist(), strict=True)),
        "completeness": matched / max(int(here.sum()), 1),
        "missed_per_instant": float((here & (match < 0)).sum(axis=1).mean()) if len(at) else 0.0,
        "false_per_instant": float(false.mean()) if len(at) else 0.0,
        "false_tracks": _false_tracks(match, ox),
        "siap": {
            "completeness": matched / max(int(here.sum()), 1),
            "ambiguity": (matched + int(doubled.sum())) / max(matched, 1),
            "spuriousness": float((false - doubled).sum()) / max(shown_total, 1),
        },
        "ospa2_m": _ospa2(tx, ty, ox, oy, c_m),
        "horizontal_position_rms_error_m": float(np.sqrt(np.nanmean(error**2))) if matched else None,
        "instants": len(at),
        "targets": int(here.any(axis=0).sum()),
    }
    out["siap"]["continuity"] = out.pop("_same")
    return out


def _continuity(match: Ints, here: np.ndarray[Any, Any], at_us: Ints) -> dict[str, Any]:
    switches, distinct, delays, gaps, rate = 0, [], [], [], []
    same = total = 0
    for j in range(match.shape[1]):
        alive = np.flatnonzero(here[:, j])
        if not len(alive):
            continue
        seen = alive[match[alive, j] >= 0]
        ids = match[seen, j]
        rate.append(len(seen) / len(alive))
        switches += int((ids[1:] != ids[:-1]).sum())
        if len(ids):
            distinct.append(len(np.unique(ids)))
            same += int(np.unique(ids, return_counts=True)[1].max())
            total += len(ids)
            delays.append((at_us[seen[0]] - at_us[alive[0]]) / SECOND_US)
        edges = np.concatenate([[alive[0]], seen, [alive[-1]]])
        gaps.append(float(np.diff(at_us[edges]).max()) / SECOND_US)
    return {
        "switches": switches,
        "ids_per_truth": float(np.mean(distinct)) if distinct else 0.0,
        "probability_of_update_horizontal_position": float(np.mean(rate)) if rate else 0.0,
        "track_initiation_delay_s": float(np.median(delays)) if delays else None,
        "longest_gap_s": float(np.max(gaps)) if gaps else 0.0,
        "_same": same / max(total, 1),
    }


def _false_tracks(match: Ints, ox: Floats) -> int:
    """Return how many of our tracks stand for no truth during most of their time."""
    life = np.isfinite(ox).sum(axis=0)
    used = np.bincount(match[match >= 0], minlength=ox.shape[1])
    return int(((life > 0) & (used < 0.5 * life)).sum())


def _ospa2(tx: Floats, ty: Floats, ox: Floats, oy: Floats, c_m: float) -> float | None:
    if tx.shape[1] * ox.shape[1] > 400_000:
        return None
    keep = [j for j in range(ox.shape[1]) if np.isfinite(ox[:, j]).any()]
    return ospa2(
        [np.stack([tx[:, j], ty[:, j]], 1) for j in range(tx.shape[1])],
        [np.stack([ox[:, j], oy[:, j]], 1) for j in keep],
        c_m=c_m,
    )
