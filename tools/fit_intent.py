"""Fit the weights of intent on simulated flights and write src/waman/flights/ahead/intent_fitted.py.

    python tools/fit_intent.py

A multinomial logit: the log probability of the true strip, over the parts of the way in SHARES, is maximised with
a small ridge. On other seeds, the level of the 90 % set is fitted for each kind of place apart, because a set that
holds for all flights together holds too seldom for those bound for strips, and the windows of arrival for landings
and for leaving apart. No seed or ground here is ever used for testing.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import linprog, minimize
from scipy.special import expit

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "bench")]

from intent import Course, answer_of, course, given_of, part_of  # noqa: E402

from waman.flights.ahead.intent import (  # noqa: E402
    CLOCK_KNOTS,
    COVER,
    EDGE,
    ELSEWHERE,
    FEATURES,
    KNOTS,
    LEFT_KNOTS_MIN,
    Habit,
    features,
)
from waman.flights.ahead.intent_fitted import Fitted  # noqa: E402

SEEDS = (201, 202, 203, 204, 205)
LEVEL_SEEDS = tuple(range(211, 223))
DAYS = 45
SHARES = (0.15, 0.25, 0.4, 0.5, 0.65, 0.75, 0.85, 0.9, 0.95)
RIDGE = 0.002
FEW = 200
"""With fewer rows than this a kind of place has no level of its own."""
LEVEL_MAX = 0.98
"""No level leads to a set that holds every place of a kind."""
SOFT = 0.03
"""How soft the edge of a set is while its level is sought."""
NEAR = 0.05
"""How much a level is drawn back to the quantile."""
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


def hats(at: F, knots: Any = KNOTS) -> F:
    """Return (n, knots): the share of each knot in the interpolation at ``at`` (n,)."""
    return np.stack([np.interp(at, knots, np.eye(len(knots))[k]) for k in range(len(knots))], axis=1)


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


def quantile(basis: F, values: F, share: float) -> F:
    """Return the knots of a piecewise linear quantile of ``values`` (n,), ``basis`` (n, knots) of :func:`hats`.

    Koenker and Bassett 1978 as a linear program: u+ and u- are what lies above and below.
    """
    n, k = basis.shape
    cost = np.r_[np.zeros(k), np.full(n, share), np.full(n, 1.0 - share)]
    equal = sparse.hstack([sparse.csr_array(basis), sparse.eye_array(n), -sparse.eye_array(n)])
    bounds = [(None, None)] * k + [(0.0, None)] * (2 * n)
    found = linprog(cost, A_eq=equal, b_eq=values, bounds=bounds, method="highs")
    return np.asarray(found.x[:k], np.float64)


class Held(NamedTuple):
    """One row a flight and share: the share, the clock, the mass ranked before the true place and its kind; the time
    left that was expected of the true place, and the true one over it (NaN where it went nowhere).
    """

    share: F
    clock: F
    mass: F
    kind: F
    expected_s: F
    ratio: F


def held_out(worlds: list[Course], start: Fitted) -> Held:
    """Return what levels and windows are fitted on. Windows of one make ``arrive_low_s`` the expected time itself."""
    one = ((1.0, 1.0),) * len(LEFT_KNOTS_MIN)
    habit, rows = Habit(silent=start, named=start, windows=(one, one)), []
    for w in worlds:
        kind = np.append(w.land.kind, ELSEWHERE)
        for f in w.flights:
            at = f.true if f.true >= 0 else len(w.land.ids)
            for share in SHARES:
                answer = answer_of(w.land, f, share, habit)
                q, left = answer.probability, f.rows[-1, 0] - part_of(f, share)[-1, 0]
                expected = float(answer.arrive_low_s[at]) if f.true >= 0 else np.nan
                rows.append((share, answer.clock, float(q[q > q[at]].sum()), kind[at], expected, left / expected))
    return Held(*np.array(rows, np.float64).T)


def levels_of(held: Held) -> Any:
    """Return the level of the 90 % set, one row a kind of place, one entry a knot of the clock."""
    rows = []
    for one in range(ELSEWHERE + 1):
        use = held.kind == one if (held.kind == one).sum() >= FEW else np.full(len(held.kind), True)
        rows.append(level(hats(held.clock[use], CLOCK_KNOTS), held.mass[use], held.share[use]))
    return plain(np.stack(rows))


def level(basis: F, mass: F, share: F) -> F:
    """Return the knots of a level below which the mass lies for 90 % of the flights in every part of their way.

    A set holds the truth when the mass before it is below the level. The quantile given the clock would do where all
    that matters is the clock; but a flight early on its way looks later than it is when it goes far, so early sets
    would hold too seldom and late ones too often. So the shares held at each of SHARES are made as equal as can be.
    """
    bounds = [(1.0 - LEVEL_MAX, LEVEL_MAX)] * basis.shape[1]
    start = np.clip(quantile(basis, mass, COVER), 1.01 - LEVEL_MAX, LEVEL_MAX - 0.01)
    parts = [(basis[share == one], mass[share == one]) for one in SHARES]

    def off(knots: F) -> float:
        held = [np.mean(expit((b @ knots - m) / SOFT)) - COVER for b, m in parts]
        return float(np.sum(np.square(held)) + NEAR * np.mean((knots - start) ** 2))

    found = minimize(off, start, method="Powell", bounds=bounds, options={"maxiter": 4000, "xtol": 1e-4, "ftol": 1e-8})
    return np.asarray(found.x, np.float64)


def windows_of(parts: list[Held]) -> Any:
    """Return the windows of landings and of leaving: quantiles of time left over time expected."""
    expected, ratio, kind = (np.concatenate([getattr(p, n) for p in parts]) for n in ("expected_s", "ratio", "kind"))
    out = []
    for use in (kind < EDGE, kind == EDGE):
        basis = hats(np.log(expected[use] / 60.0), np.log(LEFT_KNOTS_MIN))
        out.append(np.stack([quantile(basis, ratio[use], s) for s in ((1.0 - COVER) / 2, (1.0 + COVER) / 2)], axis=1))
    return plain(np.maximum(np.stack(out), 0.0))


def fitted(worlds: list[Course], others: list[Course]) -> tuple[Fitted, Held, float]:
    """Return the table of some flights, what other worlds showed of it, and its mean log score.

    Levels on other flights than the weights, or the fit would flatter them.
    """
    whole, score = fit(worlds)
    start = Fitted(plain(whole[:, :-1]), plain(whole[:, -1]), ((COVER,) * len(CLOCK_KNOTS),) * (ELSEWHERE + 1))
    held = held_out(others, start)
    return start._replace(levels=levels_of(held)), held, score


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
    tables, scores, held = {}, [], []
    for name, named in (("SILENT", False), ("NAMED", True)):
        tables[name], shown, score = fitted(of_kind(worlds, named), of_kind(others, named))
        held.append(shown)
        scores.append(f"{name.lower()} {score:.3f}")
    windows = windows_of(held)
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
        "    ``levels`` of the 90 % set, one row a kind of place (strip, known, edge, elsewhere).",
        '    """',
        "",
        "    weights: tuple[tuple[float, ...], ...]",
        "    elsewhere: tuple[float, ...]",
        "    levels: tuple[tuple[float, ...], ...]",
        "",
        "",
        *text_of("SILENT", tables["SILENT"]),
        "",
        *text_of("NAMED", tables["NAMED"]),
        "",
        "WINDOWS = (",
        *[line for rows in windows for line in ("    (", *[f"        {row!r}," for row in rows], "    ),")],
        ")",
    ]
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{OUT.name} written, mean log score {', '.join(scores)}")


if __name__ == "__main__":
    main()
