"""Weights of intent fitted on simulation, for flights without and with a transponder.

Written by tools/fit_intent.py on 2026-11-25, seeds (201, 202, 203, 204, 205), 50 days each;
mean log score silent -2.041, named -1.723;
levels and windows on seeds (211, 212, 213, 214, 215, 216).
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
        (1.186, 1.622, 0.988, 0.161, 0.184, 0.011, 0.019, 0.319, 0.0, 0.0),
        (0.012, 1.579, 0.953, 0.071, 0.187, 0.124, 0.035, 0.17, 0.0, 0.0),
        (0.236, 2.79, 0.923, 0.11, 0.285, 0.16, 0.008, 0.224, 0.0, 0.0),
        (0.0, 1.672, 0.395, 0.081, 0.693, 0.332, 0.0, 0.032, 0.0, 0.0),
    ),
    elsewhere=(-3.775, -3.229, -2.842, -1.53),
    levels=(0.835, 0.756, 0.744, 0.37),
    windows=(
        (0.558, 1.58),
        (0.655, 2.829),
        (0.881, 2.099),
        (1.152, 3.949),
    ),
)

NAMED = Fitted(
    weights=(
        (1.431, 0.813, 0.872, 0.442, 0.172, 0.0, 0.007, 0.109, 0.172, 3.264),
        (0.598, 1.314, 0.579, 0.405, 0.215, 0.0, 0.005, 0.107, 0.075, 3.029),
        (0.604, 1.415, 0.315, 0.409, 0.382, 0.0, 0.0, 0.086, 0.389, 2.024),
        (0.085, 0.81, 0.0, 0.455, 0.351, 0.05, 0.0, 0.245, 0.366, 1.026),
    ),
    elsewhere=(-3.686, -2.347, -1.538, -0.708),
    levels=(0.865, 0.678, 0.756, 0.777),
    windows=(
        (0.388, 1.591),
        (0.196, 2.036),
        (0.152, 2.058),
        (0.401, 1.642),
    ),
)
