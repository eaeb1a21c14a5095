"""Variants of a step, one for each recipient, that stay operationally true.

Allowed: wording, precision, a secondary detail, the order of harmless facts. Never: another place, an earlier
end, anything that touches safety. Variants are false or partial details given to colleagues: they need
the written order of the prosecutor who owns the case, and their assignment is committed before release.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from waman.errors import InputError

VARIANTS_MIN = 2
VARIANTS_USEFUL = 4
VARIANTS_MAX = 16
_NUMBERS = re.compile(r"\d+(?:[.,:]\d+)*")


def check_variants(step: str, variants: Sequence[str], authorised_by: str) -> None:
    """Refuse variants that could send somebody to the wrong place or time; a person must still read them.

    Every number of the step (coordinates, times, strip ids) must stand in every variant, unchanged.
    """
    if not authorised_by.strip():
        raise InputError("no written order for variants", hint="give the order's reference: --authorised-by")
    if not VARIANTS_MIN <= len(variants) <= VARIANTS_MAX or len(set(variants)) != len(variants):
        raise InputError(f"{len(variants)} variants", hint=f"{VARIANTS_USEFUL} different ones are best")
    wanted = set(_NUMBERS.findall(step))
    for number, text in enumerate(variants, 1):
        if missing := sorted(wanted - set(_NUMBERS.findall(text))):
            raise InputError(
                f"variant {number} lacks {missing[0]!r} of the step itself",
                hint="place and time must stay as they are; change wording, precision of other details, or order",
            )


def assign(variants: Sequence[str], numbers: Mapping[str, int]) -> dict[str, str]:
    """Return each unit's text for the variant numbers drawn by ``draw.variant``.

    >>> assign(["a", "b"], {"unit-1": 1})
    {'unit-1': 'b'}
    """
    return {unit: variants[number] for unit, number in numbers.items()}
