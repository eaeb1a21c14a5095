"""The long form of the kill test: five hundred kills (``make soak``)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from waman.ledger import Log, audit, create_log

from .test_log import check_clean, kill_while_appending

KILLS = 500


@pytest.mark.slow
def test_five_hundred_kills_lose_no_acknowledged_entry(tmp_path: Path) -> None:
    folder, chance = tmp_path / "log", random.Random(11)
    create_log(folder, "fiscalia.example/waman")
    size = 0
    for n in range(KILLS):
        acknowledged = kill_while_appending(folder, chance.uniform(0.0, 0.08), chance.choice([1, 1, 7, 300]))
        log = Log(folder)
        size = log.head.size
        log.close()
        assert size >= acknowledged, f"kill {n}"
        if n % 20 == 0:
            assert not audit(folder).failures, f"kill {n}"
    check_clean(folder, size)
