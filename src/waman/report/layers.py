"""What could not be seen, as pictures over the map: one for each height above ground."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from waman.report.document import Layer
from waman.report.strings_table import LANGUAGES, say

if TYPE_CHECKING:
    from waman.coverage import DetectionField

HEIGHTS_AGL_M = (150.0, 300.0, 1000.0)
SEEN_PD = 0.5
SEEN, UNSEEN, UNKNOWN = 0, 1, 2
PALETTE = np.array([[0, 0, 0, 0], [20, 20, 20, 150], [20, 20, 20, 40], [120, 120, 120, 170]], np.uint8)
"""Seen: clear. Unseen: dark hatching on a light shade. Unknown: dots."""
HATCH_PX, DOT_PX = 6, 5


def coverage_layers(
    field: DetectionField,
    bbox: tuple[float, float, float, float],
    *,
    heights_agl_m: Sequence[float] = HEIGHTS_AGL_M,
    exact: bool = True,
) -> list[Layer]:
    """Return a layer for each height: hatched where no sensor would have seen an aircraft, dotted where unknown.

    They are exact unless said otherwise, and so withheld from the public.
    """
    from waman.coverage.products import best_pd

    classes = sorted({s.resolution_class for s in field.sensors if s.resolution_class})
    out = []
    for height in heights_agl_m:
        lat, _, pd = best_pd(field, bbox, height)
        state = np.where(np.isnan(pd), UNKNOWN, np.where(pd >= SEEN_PD, SEEN, UNSEEN))
        picture = png(patterned(state[_mercator_rows(lat, bbox)]))
        words = {
            key: {x: say(x, key, height=f"{height:g}", terrain=", ".join(classes) or "-") for x in LANGUAGES}
            for key in ("layer_unseen", "layer_unseen_caveat")
        }
        name = f"unseen-{height:g}"
        out.append(Layer(name, picture, bbox, words["layer_unseen"], words["layer_unseen_caveat"], exact=exact))
    return out


def patterned(state: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return colour numbers of :data:`PALETTE` (rows, cols) for seen, unseen and unknown, told apart without colour.

    >>> sorted(np.unique(patterned(np.full((12, 12), UNSEEN))).tolist())
    [1, 2]
    """
    row, col = np.indices(state.shape)
    hatch = (row + col) % HATCH_PX < 2
    dots = (row % DOT_PX < 2) & (col % DOT_PX < 2)
    unseen = np.where(hatch, 1, 2)
    return np.where(state == UNSEEN, unseen, np.where((state == UNKNOWN) & dots, 3, 0)).astype(np.uint8)


def png(colours: NDArray[np.uint8]) -> bytes:
    """Return a palette PNG (rows, cols) of :data:`PALETTE`. Source: ISO/IEC 15948, colour type 3, filter 0."""
    rows, cols = colours.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        """Return one chunk: length, kind, data, checksum."""
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = np.concatenate([np.zeros((rows, 1), np.uint8), colours], axis=1).tobytes()
    head = struct.pack(">IIBBBBB", cols, rows, 8, 3, 0, 0, 0)
    parts = [(b"IHDR", head), (b"PLTE", PALETTE[:, :3].tobytes()), (b"tRNS", PALETTE[:, 3].tobytes())]
    parts += [(b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(k, d) for k, d in parts)


def _mercator_rows(lat_deg: NDArray[np.float64], bbox: tuple[float, float, float, float]) -> NDArray[np.int64]:
    """Return for each row of a picture the row of the grid (north first) that lies there on a Mercator map."""
    _, south, _, north = bbox
    top, bottom = (float(np.arctanh(np.sin(np.radians(v)))) for v in (north, south))
    wanted = np.linspace(top, bottom, len(lat_deg) + 1)
    middle = np.degrees(np.arcsin(np.tanh((wanted[1:] + wanted[:-1]) / 2.0)))
    share = (north - middle) / (north - south) * len(lat_deg)
    rows: NDArray[np.int64] = np.clip(share.astype(np.int64), 0, len(lat_deg) - 1)
    return rows
