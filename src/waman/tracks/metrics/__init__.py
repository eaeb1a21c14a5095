"""How good tracks are, against a truth: GOSPA, OSPA(2), SIAP, continuity, consistency."""

from waman.tracks.metrics.gospa import Gospa, gospa, ospa2
from waman.tracks.metrics.score import judge, score

__all__ = ["Gospa", "gospa", "judge", "ospa2", "score"]
