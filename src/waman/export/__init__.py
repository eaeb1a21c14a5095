"""Tables out, each through access for its audience.

:func:`veil` returns what an audience may see; every format is written from that and from nothing else.
"""

from waman.export.maps_out import to_geojson, to_gpx, to_kml
from waman.export.path import Path
from waman.export.tables_out import flights_csv, points_csv
from waman.export.veil import CELL_M, Shown, ShownFlight, veil

__all__ = [
    "CELL_M",
    "Path",
    "Shown",
    "ShownFlight",
    "flights_csv",
    "points_csv",
    "to_geojson",
    "to_gpx",
    "to_kml",
    "veil",
]
