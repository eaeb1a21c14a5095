"""Each rule has a page that says what it must not be used for, and the page is what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from waman.flights.rules import RULES
from waman.flights.weights import WEIGHTS

ROOT = Path(__file__).parents[2]


def test_the_pages_are_what_the_code_says() -> None:
    call = [sys.executable, str(ROOT / "tools" / "make_rule_pages.py"), "--check"]
    run = subprocess.run(call, capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stderr


def test_every_finding_belongs_to_a_rule_or_to_a_person() -> None:
    assert {rule.split(".")[0] for rule in WEIGHTS} == set(RULES) | {"check"}
