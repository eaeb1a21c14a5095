"""Which categories and editions are known, and which layout an edition has."""

from __future__ import annotations

from collections.abc import Mapping

from waman.errors import InputError
from waman.plots.asterix.categories import (
    cat001,
    cat002,
    cat010,
    cat019,
    cat020,
    cat021,
    cat023,
    cat034,
    cat048,
    cat062,
    cat063,
    cat065,
)
from waman.plots.asterix.spec import Category

CATEGORIES: Mapping[int, tuple[Category, ...]] = {
    1: cat001.EDITIONS,
    2: cat002.EDITIONS,
    10: cat010.EDITIONS,
    19: cat019.EDITIONS,
    20: cat020.EDITIONS,
    21: cat021.EDITIONS,
    23: cat023.EDITIONS,
    34: cat034.EDITIONS,
    48: cat048.EDITIONS,
    62: cat062.EDITIONS,
    63: cat063.EDITIONS,
    65: cat065.EDITIONS,
}
"""Category number -> its layouts, the one in force first."""

TARGETS = (1, 10, 20, 21, 48, 62)
"""Categories whose records are plots (or, for 62, tracks of another system)."""

HEARTBEATS = (2, 10, 19, 23, 34, 63, 65)
"""Categories that say whether a sensor is alive."""


def choose(number: int, editions: Mapping[int, str]) -> Category:
    """Return the layout of a category in the edition asked for, else the one in force.

    >>> choose(21, {21: "0.26"}).editions
    ('0.26',)
    """
    layouts = CATEGORIES[number]
    wanted = editions.get(number)
    if wanted is None:
        return layouts[0]
    for layout in layouts:
        if wanted in layout.editions:
            return layout
    known = ", ".join(e for layout in layouts for e in layout.editions)
    raise InputError(f"CAT{number:03d} edition {wanted!r} is not known", hint=f"known editions: {known}")
