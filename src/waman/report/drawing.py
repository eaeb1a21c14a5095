"""Small pictures as SVG text: a path over borders, heights over time. No script, no outside file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from waman.geo.time import parse_utc_us, us_text
from waman.report.document import local
from waman.store import read_borders

WIDTH, HEIGHT, MARGIN = 720, 360, 44
Z90 = 1.645
"""Half-width of a 90 % interval in standard deviations of a normal distribution."""


def path_svg(flight: Mapping[str, Any], *, label: str) -> str:
    """Return the path of a flight of the document: borders, observed runs, joins over gaps, cells, a scale bar."""
    path = flight["path"]
    lat, lon = [*path["lat_deg"]], [*path["lon_deg"]]
    lat += [c["lat_deg"] for c in flight["cells"]]
    lon += [c["lon_deg"] for c in flight["cells"]]
    if not lat:
        return ""
    middle = (min(lat) + max(lat)) / 2.0
    shrink = math.cos(math.radians(middle))
    across = max((max(lon) - min(lon)) * shrink / (WIDTH - 2 * MARGIN), (max(lat) - min(lat)) / (HEIGHT - 2 * MARGIN))
    across = max(across, 1e-4)  # degrees a pixel; a flight that did not move still gets a picture
    centre = (min(lon) + max(lon)) / 2.0

    def at(x_deg: float, y_deg: float) -> str:
        """Return a position as the picture's coordinates."""
        return f"{WIDTH / 2 + (x_deg - centre) * shrink / across:.1f},{HEIGHT / 2 - (y_deg - middle) / across:.1f}"

    half = across * WIDTH / 2
    box = (centre - half / shrink, middle - half, centre + half / shrink, middle + half)
    box = (max(-180.0, box[0]), max(-90.0, box[1]), min(180.0, box[2]), min(90.0, box[3]))
    out = [_line("border", (at(x, y) for x, y in line)) for line in read_borders(box)]
    points = [at(x, y) for x, y in zip(path["lon_deg"], path["lat_deg"], strict=True)]
    for first, last in runs(path):
        out.append(_line("run", points[first : last + 1]))
    out += [_line("gap", points[k : k + 2]) for k in path["gap_after"]]
    for c in flight["cells"]:
        side = 5.0 / 111.195 / across
        left, top = (float(v) - side / 2 for v in at(c["lon_deg"], c["lat_deg"]).split(","))
        size = f'width="{side:.1f}" height="{side:.1f}"'
        out.append(f'<rect class="cell" x="{left:.1f}" y="{top:.1f}" {size}/>')
    for kind, point in (("first", points[:1]), ("last", points[-1:])):
        out += [f'<circle class="{kind}" cx="{x}" cy="{y}" r="4"/>' for x, y in (p.split(",") for p in point)]
    km = _round(across * 111.195 * WIDTH / 5)
    long = km / 111.195 / across
    out.append(f'<path class="axis" d="M{MARGIN} {HEIGHT - 16}h{long:.1f}"/>')
    out.append(f'<text x="{MARGIN}" y="{HEIGHT - 22}">{km:g} km</text>')
    return _svg(label, out)


def heights_svg(flight: Mapping[str, Any], timezone: str, *, label: str) -> str:
    """Return height above sea level by time with its 90 % band; nothing is drawn over a gap."""
    path = flight["path"]
    known = [(i, h) for i, h in enumerate(path["altitude_msl_m"]) if h is not None]
    if not known:
        return ""
    sigma = path["altitude_sigma_m"]
    tops = [h + Z90 * (sigma[i] or 0.0) for i, h in known]
    top = max(100.0, *tops)
    seconds = path["time_s"]
    begin, end = seconds[0], max(seconds[-1], seconds[0] + 1)

    def at(i: int, height: float) -> str:
        """Return a time and a height as the picture's coordinates."""
        x = MARGIN + 16 + (seconds[i] - begin) / (end - begin) * (WIDTH - 2 * MARGIN - 16)
        return f"{x:.1f},{HEIGHT - MARGIN - max(0.0, height) / top * (HEIGHT - 2 * MARGIN):.1f}"

    out = []
    for first, last in runs(path):
        mine = [(i, h) for i, h in known if first <= i <= last]
        sure = [(i, h, Z90 * sigma[i]) for i, h in mine if sigma[i] is not None]
        if len(sure) > 1:
            band = [at(i, h + w) for i, h, w in sure] + [at(i, h - w) for i, h, w in reversed(sure)]
            out.append(f'<polygon class="band" points="{" ".join(band)}"/>')
        out.append(_line("run", (at(i, h) for i, h in mine)))
    zone = ZoneInfo(timezone)
    start_us = parse_utc_us(flight["start"])
    for share in (0.0, 0.5, 1.0):
        x = MARGIN + 16 + share * (WIDTH - 2 * MARGIN - 16)
        moment = us_text(start_us + round((begin + share * (end - begin)) * 1e6))
        out.append(f'<text class="middle" x="{x:.0f}" y="{HEIGHT - 18}">{local(moment, zone)[11:]}</text>')
        y = HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)
        out.append(f'<path class="axis" d="M{MARGIN + 16} {y:.1f}H{WIDTH - MARGIN}"/>')
        out.append(f'<text class="end" x="{MARGIN + 10}" y="{y + 4:.1f}">{share * top:.0f}</text>')
    return _svg(label, out)


def runs(path: Mapping[str, Sequence[Any]]) -> list[tuple[int, int]]:
    """Return the first and last point of each observed run.

    >>> runs({"time_s": [0, 1, 9, 10], "gap_after": [1]})
    [(0, 1), (2, 3)]
    """
    if not path["time_s"]:
        return []
    lasts = [*path["gap_after"], len(path["time_s"]) - 1]
    return list(zip([0, *(k + 1 for k in lasts[:-1])], lasts, strict=True))


def _line(kind: str, points: Iterable[str]) -> str:
    return f'<polyline class="{kind}" points="{" ".join(points)}"/>'


def _round(km: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is not above ``km``."""
    power = 10.0 ** math.floor(math.log10(max(km, 0.1)))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= max(km, 0.1))


def _svg(label: str, parts: Iterable[str]) -> str:
    return f'<svg role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(parts)}</svg>'
