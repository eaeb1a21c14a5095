"""The commented area file that ``waman new`` writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path


def fill(*, name: str, bbox: Sequence[float], timezone: str) -> str:
    """Return the text of a new area file.

    >>> 'name = "Ene"' in fill(name="Ene", bbox=[-75, -14, -72, -11], timezone="UTC")
    True
    """
    text = (Path(__file__).parent / "area_template.toml").read_text(encoding="utf-8")
    # JSON strings are TOML basic strings: a quote in a name cannot break the file
    return (
        text.replace('"{name}"', json.dumps(name, ensure_ascii=False))
        .replace("{bbox}", json.dumps([float(v) for v in bbox]))
        .replace('"{timezone}"', json.dumps(timezone))
    )
