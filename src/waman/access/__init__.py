"""Who may see what: audiences and the one policy table. Opens no file, needs no arrays."""

from waman.access.audience import AUDIENCES, audience, shows

__all__ = ["AUDIENCES", "audience", "shows"]
