"""Weights of intent fitted on simulation: one row a knot of the way, one column a feature.

Written by tools/fit_intent.py on 2026-11-25, seeds (201, 202, 203, 204), 50 days each; mean log score -1.762;
levels on seeds (211, 212, 213).
Columns: cost excess, heading, usage, bearing, distance, detour 4 min, detour 12 min, energy.
"""

INTENT_WEIGHTS: tuple[tuple[float, ...], ...] = (
    (0.134, 0.0, 0.782, 0.089, 0.161, 0.127, 0.078, 0.382, 0.1, 0.1),
    (0.0, 0.0, 0.644, 0.033, 0.245, 0.286, 0.13, 0.198, 0.1, 0.1),
    (0.176, 0.031, 0.933, 0.114, 0.298, 0.402, 0.041, 0.001, 0.1, 0.1),
    (0.088, 0.359, 0.548, 0.197, 0.69, 0.298, 0.134, 0.002, 0.1, 0.1),
)

INTENT_LEVELS: tuple[float, ...] = (0.839, 0.795, 0.619, 0.611)

INTENT_ELSEWHERE: tuple[float, ...] = (-9.0, -9.0, -9.0, -9.0)

INTENT_WINDOWS: tuple[tuple[float, float], ...] = ((0.8, 1.2), (0.8, 1.2), (0.8, 1.2), (0.8, 1.2))
