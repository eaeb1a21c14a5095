"""Tips: sealed, shared in steps, drawn by provable coins, and tested for leaks without naming anyone by chance."""

from waman.tips.desk import Desk, Tip, TipStore, draw, record_outcome, register, release
from waman.tips.leak import LeakResult, leak_test
from waman.tips.table import read_tips

__all__ = [
    "Desk",
    "LeakResult",
    "Tip",
    "TipStore",
    "draw",
    "leak_test",
    "read_tips",
    "record_outcome",
    "register",
    "release",
]
