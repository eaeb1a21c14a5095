"""Weights of intent fitted on simulation, for flights without and with a transponder.

Written by tools/fit_intent.py on 2026-11-25, seeds (201, 202, 203, 204, 205), 45 days each;
mean log score silent -1.999, named -1.702;
levels and windows on seeds (211, 212, 213, 214, 215, 216, 217, 218, 219, 220, 221, 222).
Columns: cost excess, heading, usage, bearing, distance, detour 4 min,
detour 12 min, energy, too high, high leaves.
"""

from typing import NamedTuple


class Fitted(NamedTuple):
    """What is fitted, one entry a knot of the way.

    ``weights`` of the features; ``elsewhere`` the score of "none of these", which wins where no place fits;
    ``levels`` of the 90 % set; ``windows`` the shares of the expected time left between which arrival lies
    nine times in ten.
    """

    weights: tuple[tuple[float, ...], ...]
    elsewhere: tuple[float, ...]
    levels: tuple[float, ...]
    windows: tuple[tuple[float, float], ...]


SILENT = Fitted(
    weights=(
        (1.259, 1.735, 0.82, 0.153, 0.184, 0.0, 0.0, 0.203, 0.001, 0.001),
        (0.363, 1.689, 0.958, 0.119, 0.1, 0.006, 0.038, 0.407, 0.001, 0.001),
        (0.27, 1.547, 0.93, 0.086, 0.261, 0.137, 0.023, 0.234, 0.001, 0.001),
        (0.0, 2.513, 0.779, 0.11, 0.477, 0.279, 0.0, 0.414, 0.001, 0.001),
    ),
    elsewhere=(-2.442, -2.759, -3.46, -3.132),
    levels=(0.777, 0.783, 0.828, 0.669),
    windows=(
        (0.474, 1.353),
        (0.608, 1.488),
        (0.699, 2.038),
        (1.029, 3.482),
    ),
)

NAMED = Fitted(
    weights=(
        (1.334, 0.755, 0.719, 0.472, 0.146, 0.0, 0.0, 0.071, 0.317, 2.64),
        (0.647, 1.113, 0.627, 0.402, 0.134, 0.0, 0.0, 0.074, 0.452, 2.493),
        (0.958, 1.029, 0.508, 0.367, 0.262, 0.0, 0.016, 0.048, 0.242, 2.947),
        (0.704, 1.564, 0.408, 0.355, 0.52, 0.082, 0.0, 0.13, 0.19, 2.433),
    ),
    elsewhere=(-2.601, -1.806, -2.385, -2.24),
    levels=(0.893, 0.955, 0.921, 0.753),
    windows=(
        (0.271, 1.259),
        (0.23, 1.442),
        (0.184, 1.817),
        (0.845, 2.625),
    ),
)
