"""The workspace: reads and writes every contract table, whole or not at all.

``read_table`` and ``write_table`` keep the contracts of :mod:`waman.tables` as GeoParquet;
``read_places`` reads ``places.geojson``; ``Workspace`` knows where each stage writes.
"""

from waman.store.basemap import read_basemap, read_borders
from waman.store.files import write_file, write_problems
from waman.store.parquet import read_table, write_table
from waman.store.places import PLACES, read_places, write_places
from waman.store.workspace import Workspace, open_workspace

__all__ = [
    "PLACES",
    "Workspace",
    "open_workspace",
    "read_basemap",
    "read_borders",
    "read_places",
    "read_table",
    "write_file",
    "write_places",
    "write_problems",
    "write_table",
]
