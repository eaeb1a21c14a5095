"""Maps of what is seen at each height, of what cannot be seen, and the shares of the area behind them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from waman.coverage.field import DetectionField

F64 = NDArray[np.float64]

HEIGHTS_AGL_M = (100.0, 150.0, 300.0, 600.0, 1000.0, 3000.0)
SEEN_PD = 0.5
GRID = 400  # points along the longer side of the area
BBox = tuple[float, float, float, float]


def best_pd(field: DetectionField, bbox: BBox, height_agl_m: float, *, points: int = GRID) -> tuple[F64, F64, F64]:
    """Return the best Pd of any sensor that sees silent aircraft on a grid: latitudes, longitudes, (rows, cols).

    Rows run from north to south. NaN where no sensor surely sees and at least one is unknown.
    """
    west, south, east, north = bbox
    wide, tall = (east - west) * np.cos(np.radians((south + north) / 2.0)), north - south
    rows, cols = max(2, round(points * min(1.0, tall / wide))), max(2, round(points * min(1.0, wide / tall)))
    lat = north - (np.arange(rows) + 0.5) * (north - south) / rows
    lon = west + (np.arange(cols) + 0.5) * (east - west) / cols
    grid_lat, grid_lon = (g.ravel() for g in np.meshgrid(lat, lon, indexing="ij"))
    best, unknown = np.zeros(rows * cols), np.zeros(rows * cols, np.bool_)
    for model in field.sensors:
        if model.sees_silent_aircraft:
            pd = field.detection_probability(grid_lat, grid_lon, height_agl_m, model.id)
            unknown |= np.isnan(pd)
            best = np.fmax(best, pd)
    best[unknown & (best < SEEN_PD)] = np.nan
    return lat, lon, best.reshape(rows, cols)


def area_shares(field: DetectionField, bbox: BBox) -> list[dict[str, float]]:
    """Return, for each height, the share of the area seen, not seen and unknown (see :func:`best_pd`)."""
    out = []
    for height in HEIGHTS_AGL_M:
        _, _, pd = best_pd(field, bbox, height, points=200)
        unknown = float(np.isnan(pd).mean())
        seen = float((pd >= SEEN_PD).mean())
        out.append({"height_agl_m": height, "seen": seen, "unseen": 1.0 - seen - unknown, "unknown": unknown})
    return out


def lowest_seen(field: DetectionField, bbox: BBox) -> tuple[F64, F64, F64]:
    """Return the lowest of the mapped heights seen with Pd >= 0.5; infinite where none is, NaN where unknown."""
    low: F64 | None = None
    for height in reversed(HEIGHTS_AGL_M):
        lat, lon, pd = best_pd(field, bbox, height)
        low = np.full(pd.shape, np.inf) if low is None else low
        low = np.where(pd >= SEEN_PD, height, np.where(np.isnan(pd) & ~np.isfinite(low), np.nan, low))
    assert low is not None
    return lat, lon, low


def write_maps(field: DetectionField, bbox: BBox, folder: Path) -> list[Path]:
    """Write one PNG and KMZ per height and one of what could not be seen; return the files."""
    notes = sorted({m.resolution_class for m in field.sensors if m.resolution_class})
    note = "terrain " + "; ".join(notes) + ". Not modelled: see sensors.json"
    files = []
    for height in HEIGHTS_AGL_M:
        _, _, pd = best_pd(field, bbox, height)
        title = f"Probability of detection a scan at {height:.0f} m above ground"
        files += _write(folder, f"seen_{height:.0f}m", pd, bbox, field, title, note, unseen=False)
    _, _, low = lowest_seen(field, bbox)
    steps = np.searchsorted(HEIGHTS_AGL_M, np.nan_to_num(low, nan=0.0, posinf=1e9)) / len(HEIGHTS_AGL_M)
    image = np.where(np.isnan(low), np.nan, steps)
    title = "What could not be seen: lowest height above ground with Pd >= 0.5"
    return files + _write(folder, "not_seen", image, bbox, field, title, note, unseen=True)


def _write(
    folder: Path, name: str, image: F64, bbox: BBox, field: DetectionField, title: str, note: str, *, unseen: bool
) -> list[Path]:
    png, kmz = folder / f"{name}.png", folder / f"{name}.kmz"
    png.write_bytes(_figure(image, bbox, field, title, note, unseen=unseen))
    _write_kmz(kmz, _overlay(image, unseen=unseen), bbox, title, note)
    return [png, kmz]


def _figure(image: F64, bbox: BBox, field: DetectionField, title: str, note: str, *, unseen: bool) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 7.0), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    west, south, east, north = bbox
    aspect = 1.0 / np.cos(np.radians((south + north) / 2.0))
    axes.set_facecolor("0.8")
    shown = axes.imshow(
        np.ma.masked_invalid(image), extent=(west, east, south, north), vmin=0.0, vmax=1.0, aspect=aspect,
        cmap="viridis_r" if unseen else "viridis", interpolation="nearest",
    )  # fmt: skip
    bar = figure.colorbar(shown, ax=axes, shrink=0.8)
    if unseen:
        bar.set_ticks([k / len(HEIGHTS_AGL_M) for k in range(len(HEIGHTS_AGL_M) + 1)])
        bar.set_ticklabels([*(f"{h:.0f} m" for h in HEIGHTS_AGL_M), "not even\n3000 m"])
    for model in field.sensors:
        if model.method != "learned" and west <= model.lon_deg <= east and south <= model.lat_deg <= north:
            axes.plot(model.lon_deg, model.lat_deg, "^", color="white", markeredgecolor="black")
            axes.annotate(
                model.id, (model.lon_deg, model.lat_deg), textcoords="offset points", xytext=(5, 5), fontsize=7
            )
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(f"longitude [deg] (grey: unknown)\n{note}", fontsize=7, wrap=True)
    axes.set_ylabel("latitude [deg]", fontsize=7)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _overlay(image: F64, *, unseen: bool) -> bytes:
    from matplotlib import colormaps
    from matplotlib.image import imsave

    colours = colormaps["viridis_r" if unseen else "viridis"](np.nan_to_num(image))
    colours[..., 3] = np.where(np.isnan(image), 0.0, 0.6)
    buffer = io.BytesIO()
    imsave(buffer, colours, format="png")
    return buffer.getvalue()


def _write_kmz(path: Path, png: bytes, bbox: BBox, title: str, note: str) -> None:
    west, south, east, north = bbox
    box = f"<north>{north}</north><south>{south}</south><east>{east}</east><west>{west}</west>"
    kml = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><GroundOverlay>'
        f"<name>{escape(title)}</name><description>{escape(note)}</description>"
        f"<Icon><href>layer.png</href></Icon><LatLonBox>{box}</LatLonBox></GroundOverlay></kml>\n"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (("doc.kml", kml.encode()), ("layer.png", png)):
            archive.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), data)  # same input, same bytes
