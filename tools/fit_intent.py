"""Fit the weights of intent on simulated flights and write src/waman/flights/ahead/intent_fitted.py.

    python tools/fit_intent.py

A multinomial logit: the log probability of the true strip, over the parts of the way in SHARES, is maximised with
a small ridge. The seeds and their ground are never used for testing.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "bench")]

from intent import Course, course  # noqa: E402

from waman.flights.ahead.intent import FEATURES, KNOTS, Habit, features, whither  # noqa: E402
from waman.flights.ahead.intent_fitted import INTENT_WEIGHTS  # noqa: E402

SEEDS = (201, 202, 203, 204)
LEVEL_SEEDS = (211, 212, 213)
DAYS = 50
SHARES = (0.15, 0.25, 0.35, 0.5, 0.6, 0.75, 0.85, 0.9, 0.95)
RIDGE = 0.002
OUT = ROOT / "src" / "waman" / "flights" / "ahead" / "intent_fitted.py"


def rows_of(worlds: list[Course]) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    seen, progress, true = [], [], []
    for w in worlds:
        for strip, rows in w.flights:
            for share in SHARES:
                part = rows[: max(3, int(share * len(rows)))]
                f, p, _, _ = features(w.land, east_m=part[:, 1], north_m=part[:, 2], time_s=part[:, 0], usage=w.usage)
                seen.append(f)
                progress.append(p)
                true.append(strip)
    return seen, np.array(progress), np.array(true)


def fit(worlds: list[Course]) -> tuple[np.ndarray, float]:
    """Return weights (knots x features) and the mean log score they reach."""
    seen, progress, true = rows_of(worlds)
    x = np.stack(seen)
    basis = np.stack([np.interp(progress, KNOTS, np.eye(len(KNOTS))[k]) for k in range(len(KNOTS))], axis=1)
    picked = x[np.arange(len(true)), true]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat.reshape(len(KNOTS), len(FEATURES))
        here = basis @ w
        z = np.einsum("njk,nk->nj", x, here)
        top = z.max(axis=1, keepdims=True)
        e = np.exp(z - top)
        total = e.sum(axis=1, keepdims=True)
        score = z[np.arange(len(true)), true] - top[:, 0] - np.log(total[:, 0])
        slope = picked - np.einsum("nj,njk->nk", e / total, x)
        gradient = -(basis.T @ slope) / len(true) + 2.0 * RIDGE * w
        return float(-score.mean() + RIDGE * np.sum(w**2)), gradient.ravel()

    start = np.asarray(INTENT_WEIGHTS, np.float64).ravel()
    # every feature is built so that more of it speaks for a place: no weight below zero
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, 60.0)] * start.size)
    w = found.x.reshape(len(KNOTS), len(FEATURES))
    return w, -(loss(found.x)[0] - RIDGE * float(np.sum(w**2)))


def levels(worlds: list[Course], weights: np.ndarray) -> list[float]:
    """Return for each knot the level at which the 90 % set holds the true place nine times in ten.

    The set holds it when the mass ranked before it is below the level: the level is the 90 % quantile of that mass
    (split conformal prediction), over the parts of the way nearest to the knot.
    """
    habit = Habit(weights=tuple(tuple(row) for row in weights.tolist()))
    mass, progress = [], []
    for w in worlds:
        for strip, rows in w.flights:
            for share in SHARES:
                part = rows[: max(3, int(share * len(rows)))]
                answer = whither(
                    w.land, east_m=part[:, 1], north_m=part[:, 2], time_s=part[:, 0], usage=w.usage, habit=habit
                )
                q = answer.probability
                mass.append(float(q[q > q[strip]].sum()))
                progress.append(answer.progress)
    near = np.abs(np.array(progress)[:, None] - np.array(KNOTS)).argmin(axis=1)
    return [float(np.quantile(np.array(mass)[near == k], 0.9)) for k in range(len(KNOTS))]


def main() -> None:
    worlds = [course(seed, days=DAYS) for seed in SEEDS]
    weights, score = fit(worlds)
    # levels on other flights than the weights, or the fit would flatter them
    held = levels([course(seed, days=DAYS) for seed in LEVEL_SEEDS], weights)
    lines = [
        '"""Weights of intent fitted on simulation: one row a knot of the way, one column a feature.',
        "",
        f"Written by tools/fit_intent.py on {datetime.now(UTC).date()}, seeds {SEEDS}, {DAYS} days each; "
        f"mean log score {score:.3f};",
        f"levels on seeds {LEVEL_SEEDS}.",
        "Columns: " + ", ".join(FEATURES) + ".",
        '"""',
        "",
        "INTENT_WEIGHTS: tuple[tuple[float, ...], ...] = (",
        *[f"    {tuple(round(float(v), 3) for v in row)!r}," for row in weights],
        ")",
        "",
        f"INTENT_LEVELS: tuple[float, ...] = {tuple(round(v, 3) for v in held)!r}",
    ]
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{OUT.name} written, mean log score {score:.3f}")


if __name__ == "__main__":
    main()
