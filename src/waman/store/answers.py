"""What people answered about flights: ``checks.jsonl``, one answer a line, only ever added to.

The flights table is made anew by every run; what a person said must outlive it, so it is kept apart and put back.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, fields
from pathlib import Path

from waman.errors import Problems
from waman.flights.checks import Answer

ANSWERS_MAX = 100_000
NAMES = tuple(f.name for f in fields(Answer))


def add_answer(answer: Answer, path: Path) -> None:
    """Add one answer at the end of the file and wait until the disk has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(answer), ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_answers(path: Path, problems: Problems | None = None) -> list[Answer]:
    """Return the answers of a file, none where there is no file; a damaged line is a problem and the rest is kept."""
    found: list[Answer] = []
    problems = problems or Problems()
    if not path.is_file():
        return found
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if len(found) >= ANSWERS_MAX:
            problems.add(f"{path.name}:{number}", "more answers than are read", str(ANSWERS_MAX))
            break
        try:
            row = json.loads(line)
            found.append(Answer(**{name: row[name] for name in NAMES}))
        except (ValueError, KeyError, TypeError):
            problems.add(f"{path.name}:{number}", "not an answer", line[:80])
    return found
