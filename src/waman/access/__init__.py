"""Who may see what: roles, compartments, audiences, and the one policy table. Needs no arrays."""

from waman.access.audience import AUDIENCES, audience, may_make, shows
from waman.access.decide import Decision, Subject, Thing, decide, require, visible

__all__ = ["AUDIENCES", "Decision", "Subject", "Thing", "audience", "decide", "may_make", "require", "shows", "visible"]
