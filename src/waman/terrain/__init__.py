"""Elevation: read, joined, warped to a sensor's plane, fetched by name; shortest paths on its grid."""

from pathlib import Path

from waman.terrain.elevation import Elevation, Source, ground_msl_m, open_sources, resolution_class, window

__all__ = ["ANDES_90M", "Elevation", "Source", "ground_msl_m", "open_sources", "resolution_class", "window"]

ANDES_90M = Path(__file__).parent / "data" / "andes_90m.tif"
"""The Andes west of the VRAEM, 13-11 S and 78-76 W, 3 arc seconds (built by ``tools/build_terrain.py``)."""
