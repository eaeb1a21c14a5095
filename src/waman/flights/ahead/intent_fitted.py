"""Weights of intent fitted on simulation, for flights without and with a transponder.

Written by tools/fit_intent.py on 2026-11-25, seeds (201, 202, 203, 204, 205), 45 days each;
mean log score silent -1.934, named -1.713;
levels and windows on seeds (211, 212, 213, 214, 215, 216, 217, 218, 219, 220, 221, 222).
Columns: cost excess, heading, usage, bearing, distance, detour 4 min,
detour 12 min, energy, too high, high leaves.
"""

from typing import NamedTuple


class Fitted(NamedTuple):
    """What is fitted, one entry a knot of the way.

    ``weights`` of the features; ``elsewhere`` the score of "none of these", which wins where no place fits;
    ``levels`` of the 90 % set, one row a kind of place (strip, known, edge, elsewhere).
    """

    weights: tuple[tuple[float, ...], ...]
    elsewhere: tuple[float, ...]
    levels: tuple[tuple[float, ...], ...]


SILENT = Fitted(
    weights=(
        (1.249, 1.841, 0.841, 0.171, 0.206, 0.0, 0.0, 0.25, 0.0, 0.0),
        (0.388, 1.533, 0.979, 0.047, 0.131, 0.06, 0.07, 0.296, 0.0, 0.0),
        (0.442, 1.495, 0.932, 0.081, 0.271, 0.064, 0.059, 0.427, 0.0, 0.0),
        (0.243, 2.679, 0.827, 0.166, 0.489, 0.234, 0.0, 0.378, 0.0, 0.0),
    ),
    elsewhere=(-2.428, -3.352, -3.837, -3.077),
    levels=(
        (0.914, 0.84, 0.9, 0.379),
        (0.958, 0.873, 0.852, 0.283),
        (0.913, 0.853, 0.841, 0.37),
        (0.674, 0.53, 0.494, 0.709),
    ),
)

NAMED = Fitted(
    weights=(
        (1.25, 0.757, 0.699, 0.466, 0.167, 0.0, 0.0, 0.094, 0.436, 2.627),
        (0.751, 1.199, 0.597, 0.358, 0.151, 0.0, 0.0, 0.065, 0.524, 2.497),
        (0.958, 1.161, 0.568, 0.329, 0.273, 0.0, 0.001, 0.126, 0.351, 2.925),
        (0.519, 1.678, 0.371, 0.377, 0.527, 0.103, 0.002, 0.204, 0.128, 2.487),
    ),
    elsewhere=(-2.614, -1.844, -2.391, -2.083),
    levels=(
        (0.98, 0.98, 0.98, 0.777),
        (0.83, 0.785, 0.637, 0.051),
        (0.729, 0.755, 0.544, 0.9),
        (0.458, 0.275, 0.412, 0.29),
    ),
)

WINDOWS = (
    (
        (0.937, 3.106),
        (1.002, 1.598),
        (0.921, 1.43),
        (0.855, 1.315),
        (0.879, 1.384),
    ),
    (
        (0.691, 1.229),
        (0.893, 1.13),
        (0.887, 1.095),
        (0.929, 1.071),
        (0.787, 1.076),
    ),
)
