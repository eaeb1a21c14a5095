"""Audiences: what each kind of reader may see of a product, one row a field.

Every product (page, export, feed, terminal summary) has an audience, ``public`` unless said,
and asks :func:`shows` for each sensitive field at the last write. Default deny: a field
without a row is hidden from everyone but ``workspace``.
"""

from __future__ import annotations

from typing import Literal, get_args

from waman.access.decide import policy
from waman.errors import InputError

Audience = Literal["public", "ranger", "planner", "unit", "handler", "auditor", "workspace"]
AUDIENCES: tuple[Audience, ...] = get_args(Audience)
"""From the widest to the analysts' own workspace, which never leaves the machine."""


def audience(name: str) -> Audience:
    """Return the audience called ``name``, or raise InputError listing them.

    >>> audience("public")
    'public'
    """
    for known in AUDIENCES:
        if known == name:
            return known
    raise InputError(f"no audience {name!r}", hint="audiences: " + ", ".join(AUDIENCES))


def shows(who: Audience, field: str) -> bool:
    """Return whether an audience may see a field of the policy table; unknown fields only in the workspace.

    >>> shows("public", "identity"), shows("workspace", "identity"), shows("public", "no such row")
    (False, True, False)
    """
    return who == "workspace" or who in policy()["audience"].get(field, ())
