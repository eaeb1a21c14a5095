"""Audiences: what a product made for one kind of reader may carry; the same table and the same decision.

Every product (page, export, feed, terminal summary) has an audience, ``public`` unless said,
and asks :func:`shows` for each sensitive field at the last write. Default deny: a field
without a row is hidden from everyone but ``workspace``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

from waman.access.decide import EVERY, Subject, Thing, decide, policy
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
    """Return whether a product for an audience may carry a field: :func:`decide`, asked for the export channel.

    A field that the table of audiences does not name is shown only in the workspace.

    >>> shows("public", "identity"), shows("workspace", "identity"), shows("public", "no such row")
    (False, True, False)
    """
    if who == "workspace":
        return True
    kind, _, part = policy()["audience"].get(field, "").partition(".")
    return decide(Subject("", who, product=True), "read", Thing(kind), part, "export").permit


def may_make(asker: Subject, who: Audience) -> bool:
    """Return whether a person may make a product for an audience: nothing in it may be hidden from them.

    >>> may_make(Subject("p", "planner"), "public"), may_make(Subject("p", "planner"), "handler")
    (True, False)
    """
    if who == "workspace":
        return EVERY in asker.compartments
    mine = replace(asker, product=True)
    for field, name in policy()["audience"].items():
        kind, _, part = name.partition(".")
        if shows(who, field) and not decide(mine, "read", Thing(kind), part, "export").permit:
            return False
    return True
