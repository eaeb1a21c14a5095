"""The pictures of a siting plan as SVG text: the map and the budget curve, told apart without colour."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from waman.store import read_borders

WIDTH, HEIGHT, MARGIN = 720, 420, 40
LINES = ("worst_pd", "upper_bound", "mclp_area_worst_pd", "mclp_known_worst_pd", "greedy_worst_pd")


def map_svg(doc: Mapping[str, Any], s: Any) -> str:
    """Return the map: borders, today's routes (dotted), routes after (full), strips, sites; or coarse cells."""
    west, south, east, north = doc["area"]["bbox"]
    shrink = math.cos(math.radians((south + north) / 2.0))
    scale = min(
        (WIDTH - 2 * MARGIN) / max((east - west) * shrink, 1e-6), (HEIGHT - 2 * MARGIN) / max(north - south, 1e-6)
    )

    def at(lon: float, lat: float) -> tuple[float, float]:
        """Return a position as the picture's coordinates."""
        x = WIDTH / 2 + (lon - (west + east) / 2) * shrink * scale
        return x, HEIGHT / 2 - (lat - (south + north) / 2) * scale

    out = [_line("border", (at(*p) for p in line)) for line in read_borders((west, south, east, north))]
    (x0, y0), (x1, y1) = at(west, north), at(east, south)
    out.append(f'<rect class="axis" x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}"/>')
    out += _coarse(doc, at) if doc.get("audience") == "public" else _exact(doc, at)
    km = _round_km((x1 - x0) / scale * 111.195 / 4)
    long = km / 111.195 * scale
    out.append(f'<path class="axis" d="M{x0:.1f} {HEIGHT - 14}h{long:.1f}"/>')
    out.append(f'<text x="{x0 + long + 6:.1f}" y="{HEIGHT - 10}">{km:g} km</text>')
    return _svg(s("plan_map_label"), out)


def _exact(doc: Mapping[str, Any], at: Any) -> Iterable[str]:
    for line in doc["today"]:
        yield _line("gap", (at(*p) for p in line))
    for feature in reversed(doc["routes"]["features"]):
        kind = "run worst" if feature["properties"]["worst"] else "run"
        yield _line(kind, (at(*p) for p in feature["geometry"]["coordinates"]))
    for strip in doc["strips"]:
        x, y = at(*strip["at"])
        name = f"<title>{escape(strip['id'])}</title>"
        yield f'<rect class="cell" x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8">{name}</rect>'
    chosen = set(doc["chosen"])
    for site in doc["sites"]:
        x, y = at(site["lon_deg"], site["lat_deg"])
        if site["id"] in chosen:
            yield f'<path class="last" d="M{x:.1f} {y - 8:.1f}l7 13h-14z"/>'
            yield f'<text class="halo" x="{x + 9:.1f}" y="{y + 4:.1f}">{escape(site["id"])}</text>'
        else:
            yield f'<circle class="first" cx="{x:.1f}" cy="{y:.1f}" r="1.6"/>'


def _coarse(doc: Mapping[str, Any], at: Any) -> Iterable[str]:
    """Yield a cell with the share of flights before and after, in words of one digit."""
    for cell in doc["balloon"]["cells"]:
        x0, y0 = at(cell["west_deg"], cell["south_deg"] + 0.5)
        x1, y1 = at(cell["west_deg"] + 0.5, cell["south_deg"])
        yield (
            f'<rect class="band" x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}" '
            f'fill-opacity="{0.1 + 0.6 * cell["after"]:.2f}"/>'
        )
        text = f"{round(10 * cell['before']):d} → {round(10 * cell['after']):d}"
        yield f'<text class="middle" x="{(x0 + x1) / 2:.1f}" y="{(y0 + y1) / 2 + 4:.1f}">{text}</text>'


def curve_svg(doc: Mapping[str, Any], s: Any) -> str:
    """Return worst Pd after rerouting over the budget, for the plan, its bound and every baseline."""
    budgets = [p["budget"] for p in doc["curve"]]
    low, high = min(budgets), max(budgets)
    right = WIDTH - 210

    def at(budget: float, pd: float) -> tuple[float, float]:
        """Return a point as the picture's coordinates."""
        x = MARGIN + 10 + (budget - low) / max(high - low, 1e-9) * (right - MARGIN - 10)
        return x, HEIGHT - MARGIN - pd * (HEIGHT - 2 * MARGIN)

    out = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        _, y = at(low, share)
        out.append(f'<path class="axis" d="M{MARGIN + 10} {y:.1f}H{right}"/>')
        out.append(f'<text class="end" x="{MARGIN + 4}" y="{y + 4:.1f}">{100 * share:.0f} %</text>')
    for budget in budgets if len(budgets) <= 14 else budgets[:: len(budgets) // 7]:
        x, _ = at(budget, 0.0)
        out.append(f'<text class="middle" x="{x:.1f}" y="{HEIGHT - MARGIN + 18}">{budget:g}</text>')
    out.append(f'<text class="middle" x="{(MARGIN + right) / 2:.0f}" y="{HEIGHT - 6}">{s("plan_budget")}</text>')
    ends = []
    for name in LINES:
        points = [at(p["budget"], p[name]) for p in doc["curve"]]
        out.append(_line("c-" + name, points))
        ends.append((points[-1][1], name))
    last = -1e9
    for y, name in sorted(ends):  # labels at the end of each line, pushed apart
        last = max(y + 4, last + 15)
        key = {"worst_pd": "plan_name_plan", "upper_bound": "plan_bound"}.get(
            name, "plan_name_" + name[: -len("_worst_pd")]
        )
        out.append(f'<path class="axis" d="M{right + 2} {y:.1f}L{right + 16} {last - 4:.1f}"/>')
        out.append(_line("c-" + name, ((right + 18, last - 4), (right + 44, last - 4))))
        out.append(f'<text x="{right + 50}" y="{last:.1f}">{s(key)}</text>')
    return _svg(s("plan_curve"), out)


def _line(kind: str, points: Iterable[tuple[float, float]]) -> str:
    return f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def _round_km(km: float) -> float:
    power = 10.0 ** math.floor(math.log10(max(km, 0.1)))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= max(km, 0.1))


def _svg(label: str, parts: Iterable[str]) -> str:
    return f'<svg role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(parts)}</svg>'
