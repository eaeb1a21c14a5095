"""The map of a newsroom pack, with its caveat inside the picture, so that whoever copies it copies the caveat too."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waman.cases.printed import words
from waman.cases.share import CELL_DEG

MARGIN_DEG = 0.4
WIDTH_IN, HEIGHT_IN = 7.2, 6.4


def cells_of(public: Mapping[str, Any]) -> list[tuple[float, float, str]]:
    """Return (latitude, longitude, label) of the takings of a public case that have a cell."""
    rows = [e for e in public["events"] if e["kind"] == "case.taken" and "cell" in e]
    return [(e["cell"][0], e["cell"][1], str(e.get("date") or e["operation"])) for e in rows]


def box_of(cells: Iterable[tuple[float, float, str]]) -> tuple[float, float, float, float]:
    """Return west, south, east, north around the cells, with room for the lines between countries."""
    lat, lon = zip(*[(a, b) for a, b, _ in cells], strict=True)
    return min(lon) - MARGIN_DEG, min(lat) - MARGIN_DEG, max(lon) + MARGIN_DEG, max(lat) + MARGIN_DEG


def draw_map(
    public: Mapping[str, Any], borders: Iterable[NDArray[np.float64]], language: str, about: Mapping[str, object]
) -> dict[str, bytes]:
    """Return the map as ``svg`` and ``png``; ``borders`` are lines (n, 2) of longitude, latitude.

    ``about`` fills the source line: origin, size, order. The same case gives the same picture.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    t, cells = words(language), cells_of(public)
    west, south, east, north = box_of(cells)
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "waman", "font.family": "DejaVu Sans"}):
        figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN))
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.1, 0.24, 0.86, 0.66))
        for line in borders:
            axes.plot(line[:, 0], line[:, 1], color="#888888", linewidth=0.8)
        for lat, lon, label in cells:
            low = (lon - CELL_DEG / 2, lat - CELL_DEG / 2)
            axes.add_patch(Rectangle(low, CELL_DEG, CELL_DEG, facecolor="#0072b2", alpha=0.45, edgecolor="#0072b2"))
            axes.annotate(label, (lon, lat), xytext=(8, 4), textcoords="offset points", fontsize=8)
        axes.set_xlim(west, east)
        axes.set_ylim(south, north)
        axes.set_aspect(1 / math.cos(math.radians((south + north) / 2)))
        axes.tick_params(labelsize=7)
        km = 10.0
        wide = km / (111.195 * math.cos(math.radians(south)))
        axes.plot([west + 0.05, west + 0.05 + wide], [south + 0.05] * 2, color="black", linewidth=2)
        axes.annotate(f"{km:g} km", (west + 0.05, south + 0.05), xytext=(0, 4), textcoords="offset points", fontsize=8)
        figure.text(0.1, 0.94, t["map_title"].format(case=public["case"]), fontsize=13)
        caveat = textwrap.fill(t["map_caveat"], 92) + "\n" + textwrap.fill(t["map_source"].format(**about), 92)
        figure.text(0.1, 0.02, caveat, fontsize=8, linespacing=1.4)
        return {form: _saved(figure, form) for form in ("svg", "png")}


def _saved(figure: Any, form: str) -> bytes:
    out = io.BytesIO()
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    figure.savefig(out, format=form, dpi=150, metadata=metadata)
    return out.getvalue()
