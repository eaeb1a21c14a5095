"""Files of others that the page carries, each with its version, licence and hash in ``vendor/manifest.json``."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "vendor"


def manifest() -> list[dict[str, Any]]:
    """Return the packages: name, version, licence, folder and the sha256 of every file."""
    packages: list[dict[str, Any]] = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))["packages"]
    return packages


@lru_cache(maxsize=8)
def vendored(package: str, file: str) -> bytes:
    """Return a vendored file; a file that is not what the manifest says is never put into a page."""
    about = next(p for p in manifest() if p["name"] == package)
    content: bytes = (FOLDER / about["folder"] / file).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    assert found == about["files"][file], f"{package}/{file}: sha256 {found} is not the manifest's"
    return content
