"""Build src/waman/geo/egm96_15min.xz from the public EGM96 15-minute grid.

Usage: python tools/build_geoid.py egm96.grd

``egm96.grd`` is the grid as it comes inside the package perusatproc 0.1.6 (``perusatproc/data/egm96.grd``):
24 bytes of header, then 721 x 1441 big-endian float32 from 90 N to 90 S. EGM96 is a work of the United States
government (NIMA and NASA GSFC, 1996) in the public domain.
"""

from __future__ import annotations

import lzma
import sys
from pathlib import Path

import numpy as np

QUANTUM_M = 0.5
OUT = Path(__file__).parents[1] / "src" / "waman" / "geo" / "egm96_15min.xz"


def main(source: Path) -> None:
    raw = source.read_bytes()
    header = np.frombuffer(raw[:24], ">f4")
    assert header.tolist() == [-90.0, 90.0, 0.0, 360.0, 0.25, 0.25], f"unexpected header {header}"
    grid = np.frombuffer(raw[24:], ">f4").reshape(721, 1441)[:, :1440]
    steps = np.round(grid / QUANTUM_M).astype(np.int16)
    difference = np.diff(np.diff(steps, axis=0, prepend=0), axis=1, prepend=0).astype(np.int16)
    planes = np.stack([(difference >> 8).astype(np.int8).view(np.uint8), (difference & 255).astype(np.uint8)])
    OUT.write_bytes(lzma.compress(planes.tobytes(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{OUT.name}: {OUT.stat().st_size} bytes, rounding at most {QUANTUM_M / 2} m")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
