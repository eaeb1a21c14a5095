"""What analysts corrected in tracks: ``corrections.jsonl``, one correction a line, only ever added to."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from waman.errors import Problems
from waman.tracks.corrections import Correction, checked

CORRECTIONS_MAX = 100_000


def add_correction(new: Correction, path: Path) -> None:
    """Add one correction at the end of the file and wait until the disk has it; InputError where it is none."""
    checked(new, read_corrections(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(new), ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_corrections(path: Path, problems: Problems | None = None) -> list[Correction]:
    """Return the corrections of a file, none where there is none; a damaged line is a problem, the rest is kept."""
    problems = problems if problems is not None else Problems()
    found: list[Correction] = []
    if not path.is_file():
        return found
    for line_number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if len(found) >= CORRECTIONS_MAX:
            problems.add(f"{path.name}:{line_number}", "more corrections than are read", str(CORRECTIONS_MAX))
            break
        try:
            found.append(_parsed(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            problems.add(f"{path.name}:{line_number}", "not a correction", line[:80])
    return found


def _parsed(row: dict[str, object]) -> Correction:
    plots = row["plots"]
    if not isinstance(plots, list):
        raise TypeError("plots is no list")
    of = row.get("of")
    return Correction(
        number=int(str(row["number"])),
        kind=str(row["kind"]),
        plots=tuple((str(source), int(offset)) for source, offset in plots),
        of=None if of is None else int(str(of)),
        by=str(row["by"]),
        time_us=int(str(row["time_us"])),
        reason=str(row["reason"]),
    )
