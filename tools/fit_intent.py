"""Fit the weights of intent on simulated flights and write src/waman/flights/ahead/intent_fitted.py.

    python tools/fit_intent.py

A multinomial logit: the log probability of the true strip, over the parts of the way in SHARES, is maximised with
a small ridge. The seeds and their ground are never used for testing.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog, minimize

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "bench")]

from intent import Course, answer_of, course, given_of, part_of  # noqa: E402

from waman.flights.ahead.intent import FEATURES, KNOTS, Habit, features  # noqa: E402
from waman.flights.ahead.intent_fitted import Fitted  # noqa: E402

SEEDS = (201, 202, 203, 204, 205)
LEVEL_SEEDS = tuple(range(211, 223))
DAYS = 45
SHARES = (0.15, 0.25, 0.4, 0.5, 0.65, 0.75, 0.85, 0.9, 0.95)
RIDGE = 0.002
OUT = ROOT / "src" / "waman" / "flights" / "ahead" / "intent_fitted.py"

F = np.ndarray


def rows_of(worlds: list[Course]) -> tuple[F, F, F]:
    """Return (rows, candidates + 1, features + 1), progress, and which candidate was true (the last is elsewhere).

    Worlds differ in how many candidates they have: the missing ones get features nobody would choose.
    """
    most = max(len(w.land.ids) for w in worlds)
    seen, progress, true = [], [], []
    for w in worlds:
        for f in w.flights:
            for share in SHARES:
                x = np.full((most + 1, len(FEATURES) + 1), -1e3)
                found, p, _, _ = features(w.land, **given_of(part_of(f, share)), usage=f.usage)
                x[: len(found), :-1], x[:, -1] = found, 0.0
                x[-1] = 0.0
                x[-1, -1] = 1.0
                seen.append(x.astype(np.float32))
                progress.append(p)
                true.append(f.true if f.true >= 0 else most)
    return np.stack(seen), np.array(progress), np.array(true)


def hats(progress: F) -> F:
    """Return (n, knots): the share of each knot in the interpolation at a progress."""
    return np.stack([np.interp(progress, KNOTS, np.eye(len(KNOTS))[k]) for k in range(len(KNOTS))], axis=1)


def fit(worlds: list[Course]) -> tuple[F, float]:
    """Return weights (knots x features, then elsewhere) and the mean log score they reach."""
    x, progress, true = rows_of(worlds)
    basis = hats(progress)
    picked = x[np.arange(len(true)), true].astype(np.float64)
    count = len(FEATURES) + 1

    def loss(values: F) -> tuple[float, F]:
        w = values.reshape(len(KNOTS), count)
        here = basis @ w
        z = np.einsum("njk,nk->nj", x, here.astype(np.float32)).astype(np.float64)
        top = z.max(axis=1, keepdims=True)
        e = np.exp(z - top)
        total = e.sum(axis=1, keepdims=True)
        score = z[np.arange(len(true)), true] - top[:, 0] - np.log(total[:, 0])
        slope = picked - np.einsum("nj,njk->nk", (e / total).astype(np.float32), x)
        gradient = -(basis.T @ slope) / len(true) + 2.0 * RIDGE * w
        return float(-score.mean() + RIDGE * np.sum(w**2)), gradient.ravel()

    start = np.full((len(KNOTS), count), 0.2)
    start[:, -1] = -6.0
    # every feature is built so that more of it speaks for a place: no weight below zero
    bounds = [(0.0, 60.0)] * len(FEATURES) + [(-30.0, 5.0)]
    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", bounds=bounds * len(KNOTS))
    w = found.x.reshape(len(KNOTS), count)
    return w, -(loss(found.x)[0] - RIDGE * float(np.sum(w**2)))


def quantile(progress: F, values: F, share: float, weight: F) -> list[float]:
    """Return the knots of a piecewise linear quantile of ``values`` along the way.

    Koenker and Bassett 1978 as a linear program: u+ and u- are what lies above and below.
    """
    basis, n, k = hats(progress), len(values), len(KNOTS)
    cost = np.r_[np.zeros(k), share * weight, (1.0 - share) * weight]
    equal = sparse.hstack([sparse.csr_array(basis), sparse.eye_array(n), -sparse.eye_array(n)])
    bounds = [(None, None)] * k + [(0.0, None)] * (2 * n)
    found = linprog(cost, A_eq=equal, b_eq=values, bounds=bounds, method="highs")
    return [float(v) for v in found.x[:k]]


def held_out(worlds: list[Course], habit: Habit) -> tuple[F, F, F, F, F]:
    """Return progress, the mass ranked before the truth, whether lawful; progress and time left over time expected.

    The 90 % set holds the truth when the mass before it is below the level, so the level is the 90 % quantile of
    that mass (split conformal prediction), and the windows are quantiles of the ratio.
    """
    mass, where, lawful, ratio, there = [], [], [], [], []
    for w in worlds:
        for f in w.flights:
            for share in SHARES:
                answer = answer_of(w.land, f, share, habit)
                q, at = answer.probability, f.true if f.true >= 0 else len(w.land.ids)
                mass.append(float(q[q > q[at]].sum()))
                where.append(answer.progress)
                lawful.append(f.lawful)
                left = f.rows[-1, 0] - part_of(f, share)[-1, 0]
                if f.true >= 0 and left > 60.0:
                    # windows of one make arrive_low the expected time itself
                    ratio.append(left / max(float(answer.arrive_low_s[f.true]), 1.0))
                    there.append(answer.progress)
    return np.array(where), np.array(mass), np.array(lawful), np.array(there), np.array(ratio)


def fitted(worlds: list[Course], others: list[Course]) -> tuple[Fitted, float]:
    """Return the table of some flights and its mean log score; levels and windows come from other worlds."""
    whole, score = fit(worlds)
    start = Fitted(plain(whole[:, :-1]), plain(whole[:, -1]), (0.9,) * len(KNOTS), ((1.0, 1.0),) * len(KNOTS))
    # levels on other flights than the weights, or the fit would flatter them
    where, mass, lawful, there, ratio = held_out(others, Habit(silent=start, named=start))
    # corridor and lawful flights count alike, whichever are more: a set must hold for both
    weight = np.where(lawful, 1.0 / max(lawful.sum(), 1), 1.0 / max((~lawful).sum(), 1)) * len(lawful)
    ones = np.ones(len(there))
    low, high = quantile(there, ratio, 0.05, ones), quantile(there, ratio, 0.95, ones)
    windows = plain(np.stack([low, high], axis=1))
    return start._replace(levels=plain(np.array(quantile(where, mass, 0.9, weight))), windows=windows), score


def plain(values: F) -> Any:
    """Return an array as tuples of numbers with three digits."""
    return tuple(plain(v) for v in values) if values.ndim > 1 else tuple(round(float(v), 3) for v in values)


def of_kind(worlds: list[Course], named: bool) -> list[Course]:
    return [Course(w.land, w.strips, [f for f in w.flights if f.named == named]) for w in worlds]


def text_of(name: str, table: Fitted) -> list[str]:
    out = [f"{name} = Fitted("]
    for key, value in table._asdict().items():
        rows = value if isinstance(value[0], tuple) else None
        out += [f"    {key}=(", *[f"        {row!r}," for row in rows], "    ),"] if rows else [f"    {key}={value!r},"]
    return [*out, ")"]


def main() -> None:
    worlds = [course(seed, days=DAYS) for seed in SEEDS]
    others = [course(seed, days=DAYS) for seed in LEVEL_SEEDS]
    tables, scores = {}, []
    for name, named in (("SILENT", False), ("NAMED", True)):
        tables[name], score = fitted(of_kind(worlds, named), of_kind(others, named))
        scores.append(f"{name.lower()} {score:.3f}")
    lines = [
        '"""Weights of intent fitted on simulation, for flights without and with a transponder.',
        "",
        f"Written by tools/fit_intent.py on {datetime.now(UTC).date()}, seeds {SEEDS}, {DAYS} days each;",
        f"mean log score {', '.join(scores)};",
        f"levels and windows on seeds {LEVEL_SEEDS}.",
        "Columns: " + ", ".join(FEATURES[:6]) + ",",
        ", ".join(FEATURES[6:]) + ".",
        '"""',
        "",
        "from typing import NamedTuple",
        "",
        "",
        "class Fitted(NamedTuple):",
        '    """What is fitted, one entry a knot of the way.',
        "",
        '    ``weights`` of the features; ``elsewhere`` the score of "none of these", which wins where no place fits;',
        "    ``levels`` of the 90 % set; ``windows`` the shares of the expected time left between which arrival lies",
        "    nine times in ten.",
        '    """',
        "",
        "    weights: tuple[tuple[float, ...], ...]",
        "    elsewhere: tuple[float, ...]",
        "    levels: tuple[float, ...]",
        "    windows: tuple[tuple[float, float], ...]",
        "",
        "",
        *text_of("SILENT", tables["SILENT"]),
        "",
        *text_of("NAMED", tables["NAMED"]),
    ]
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{OUT.name} written, mean log score {', '.join(scores)}")


if __name__ == "__main__":
    main()
