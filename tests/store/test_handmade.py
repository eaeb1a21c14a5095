"""The hand-made recording is what its script makes, and small."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import waman.store

FOLDER = Path(waman.store.__file__).parent / "handmade"


def test_the_recording_is_what_its_script_makes() -> None:
    spec = importlib.util.spec_from_file_location("handmade_make", FOLDER / "make.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["handmade_make"] = module
    spec.loader.exec_module(module)
    import gzip

    made = gzip.decompress(module.recording()).decode().splitlines()
    kept = gzip.decompress((FOLDER / "recording.csv.gz").read_bytes()).decode().splitlines()
    assert len(made) == len(kept) > 3000
    # the last printed digit may differ between maths libraries; the content may not
    for a, b in zip(made[1:], kept[1:], strict=True):
        for x, y in zip(a.split(","), b.split(","), strict=True):
            assert x == y or abs(float(x) - float(y)) <= 0.11


def test_the_recording_is_small() -> None:
    assert (FOLDER / "recording.csv.gz").stat().st_size < 200_000
