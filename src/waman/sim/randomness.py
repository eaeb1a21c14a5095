"""One tree of random streams: each element and each day draws from its own branch.

The branch is named, not counted, so switching one element off (or adding one) leaves the
draws of all others as they were, in any process and in any order of calls.
"""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, element: str, *key: int) -> np.random.Generator:
    """Return the generator of branch ``element`` / ``key`` of the tree grown from ``seed``.

    >>> a, b = stream(1, "weather", 3), stream(1, "weather", 3)
    >>> float(a.random()) == float(b.random()) != float(stream(1, "weather", 4).random())
    True
    """
    branch = (zlib.crc32(element.encode()), *(int(k) for k in key))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=branch)))
