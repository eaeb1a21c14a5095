"""GDAL's lowest visible height above ground (viewshed, GROUND mode). Runs in an environment of its own.

python gdal_viewshed.py GROUND.npy CELL_M ANTENNA_M RADIUS_M RUNS OUT.npy OUT.json

The curvature coefficient of 4/3 earth is 0.75 (1/k). The input raster and the result live in
memory, so that no disk is measured.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from osgeo import gdal, osr

gdal.UseExceptions()


def peak_kb():
    return float(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])


def main(source, cell, antenna, radius, runs, out, report):
    ground = np.load(source)
    n = ground.shape[0]
    data = gdal.GetDriverByName("MEM").Create("", n, n, 1, gdal.GDT_Float32)
    data.SetGeoTransform((-n / 2 * cell, cell, 0, n / 2 * cell, 0, -cell))
    frame = osr.SpatialReference()
    frame.ImportFromProj4("+proj=aeqd +lat_0=-12 +lon_0=-77 +datum=WGS84 +units=m")
    data.SetProjection(frame.ExportToWkt())
    data.GetRasterBand(1).WriteArray(ground)
    del ground
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = peak_kb()
    wall, cpu = [], []
    for _ in range(runs):
        a, b = time.perf_counter(), time.process_time()
        result = gdal.ViewshedGenerate(
            data.GetRasterBand(1), "MEM", "", [], 0.0, 0.0, antenna, 0.0, 255.0, 0.0, -1.0, -1.0, 0.75,
            gdal.GVM_Edge, radius, heightMode=gdal.GVOT_MIN_TARGET_HEIGHT_FROM_GROUND,
        )  # fmt: skip
        wall.append(time.perf_counter() - a)
        cpu.append(time.process_time() - b)
    peak = peak_kb()
    values = result.ReadAsArray().astype(np.float32)
    values[values < 0] = np.nan
    np.save(out, values)
    figures = {"version": gdal.__version__, "wall_s": wall, "cpu_s": cpu, "peak_mb": (peak - before) / 1024}
    Path(report).write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    a = sys.argv
    main(a[1], float(a[2]), float(a[3]), float(a[4]), int(a[5]), a[6], a[7])
