"""What people saw and heard, read so that those who report cannot be found through it."""

from waman.plots.reports.cells import cell, cell_centre
from waman.plots.reports.table import read_csv_reports, read_geojson_reports

__all__ = ["cell", "cell_centre", "read_csv_reports", "read_geojson_reports"]
