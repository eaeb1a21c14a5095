"""Coverage beside GDAL's viewshed, its accuracy against an exact judge, detection, field speed, coarse ground.

python bench/coverage.py [ask speed accuracy detection field optimism]

GDAL runs in an environment of its own: ``WAMAN_GDAL_PYTHON`` names its Python, else one is made
in the user's cache with gdal-wheel 3.13.3 (needs Python 3.12 or later). The 30 m tiles come with
``waman sample fetch --all``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

if __name__ == "coverage":
    # numba looks for the package of this name, and takes its absence well
    raise ImportError("this is the benchmark of coverage, not the package")

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "bench")]

import _result  # noqa: E402
import numpy as np  # noqa: E402
import rasterio  # noqa: E402

from waman.coverage.sight.exact import Posts, exact_lowest_height, exact_on_surface  # noqa: E402
from waman.coverage.sight.sweep import lowest_visible_height  # noqa: E402
from waman.geo.frames import Frame  # noqa: E402
from waman.store import samples  # noqa: E402
from waman.terrain import ANDES_90M, Elevation, open_sources, window  # noqa: E402

RUNS = 7
ANTENNA_M = 15.0
CENTRE = (-12.0, -77.0)
SITES = {
    "valley of the Rimac": (-11.93, -76.69),
    "high plain": (-11.60, -76.20),
    "summit": (-11.80, -76.50),
    "coast": (-12.20, -76.95),
    "western slope": (-12.00, -76.60),
    "upper Mantaro": (-11.75, -76.15),
}


def gdal_python() -> Path:
    """Return a Python that has current GDAL."""
    if "WAMAN_GDAL_PYTHON" in os.environ:
        return Path(os.environ["WAMAN_GDAL_PYTHON"])
    folder = samples.cache_folder() / "bench" / "gdal-wheel-3.13.3"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / ".complete").is_file():
        base = next((p for v in ("3.14", "3.13", "3.12") if (p := shutil.which(f"python{v}"))), None)
        assert base, "set WAMAN_GDAL_PYTHON to a Python with GDAL >= 3.12"
        subprocess.run([base, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "gdal-wheel==3.13.3", "numpy"], check=True)
        (folder / ".complete").touch()
    return python


def gdal(ground: np.ndarray, cell_m: float, radius_m: float, *, runs: int) -> tuple[dict[str, Any], np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        source, out, report = (Path(folder) / n for n in ("ground.npy", "out.npy", "out.json"))
        np.save(source, ground)
        script = ROOT / "bench" / "peers" / "gdal_viewshed.py"
        numbers = [str(v) for v in (cell_m, ANTENNA_M, radius_m, runs)]
        subprocess.run([gdal_python(), script, source, *numbers, out, report], check=True)
        return json.loads(report.read_text()), np.load(out)


def ours(ground: np.ndarray, cell_m: float, radius_m: float, *, runs: int) -> dict[str, Any]:
    """Time the sweep in a fresh process, as the peer is."""
    with tempfile.TemporaryDirectory() as folder:
        source, report = Path(folder) / "ground.npy", Path(folder) / "out.json"
        np.save(source, ground)
        words = [sys.executable, __file__, "--sweep", source, str(cell_m), str(radius_m), str(runs), report]
        subprocess.run(words, check=True)
        return dict(json.loads(report.read_text()))


def sweep_process(source: str, cell_m: float, radius_m: float, runs: int, report: str) -> None:
    elevation = Elevation(np.load(source), Frame(*CENTRE), cell_m, cell_m, 0.0, 0.0)
    small = Elevation(np.zeros((41, 41), np.float32), Frame(*CENTRE), cell_m, cell_m, 0.0, 0.0)
    lowest_visible_height(small, antenna_msl_m=10.0, range_m=10 * cell_m)  # compilation is not timed
    antenna = float(elevation.ground_m[elevation.half, elevation.half]) + ANTENNA_M
    before = _reset_peak_kb()
    wall, cpu = [], []
    for _ in range(runs):
        a, b = time.perf_counter(), time.process_time()
        lowest_visible_height(elevation, antenna_msl_m=antenna, range_m=radius_m)
        wall.append(time.perf_counter() - a)
        cpu.append(time.process_time() - b)
    peak = (_peak_kb() - before) / 1024
    Path(report).write_text(json.dumps({"wall_s": wall, "cpu_s": cpu, "peak_mb": peak}))


def _peak_kb() -> float:
    """Return the peak resident memory of this process (Linux)."""
    return float(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])


def _reset_peak_kb() -> float:
    """Forget the peak so far and return the memory in use."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak_kb()


def tiles_30m() -> list[Path]:
    return [p for p in samples.sample_files("terrain_30m") if p.suffix == ".tif"]


def generated(half: int, relief_m: float) -> np.ndarray:
    """Return ground with the roughness of the real tiles: power falling as frequency^-3.6, same deviation."""
    rng = np.random.default_rng(20261125)
    size = 2 * half + 1
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    frequency[0, 0] = np.inf
    z = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(size, size))) / frequency**1.8, s=(size, size))
    return (z / z.std() * relief_m + 3 * relief_m).astype(np.float32)


def speed() -> dict[str, Any]:
    out: dict[str, Any] = {}
    cases: dict[str, tuple[np.ndarray, float, float]] = {}
    real, _ = open_sources([ANDES_90M])
    at_90 = window(real, Frame(*CENTRE), radius_m=100_000, cell_m=90.0).ground_m
    cases["real 90 m, 100 km"] = (np.nan_to_num(at_90), 90.0, 100_000.0)
    if tiles := tiles_30m():
        fine, _ = open_sources(tiles)
        ground = window(fine, Frame(*CENTRE), radius_m=100_000, cell_m=30.0).ground_m
        cases["real 30 m, 100 km"] = (np.nan_to_num(ground), 30.0, 100_000.0)
    cases["generated 90 m, 150 km"] = (generated(1667, float(np.nanstd(at_90))), 90.0, 150_000.0)
    for name, (ground, cell, radius) in cases.items():
        mine = ours(ground, cell, radius, runs=RUNS)
        peer, _ = gdal(ground, cell, radius, runs=RUNS)
        wall = {k: _result.spread(v["wall_s"]) for k, v in (("waman", mine), ("gdal", peer))}
        cpu = {k: _result.spread(v["cpu_s"]) for k, v in (("waman", mine), ("gdal", peer))}
        out[name] = {
            "cells": int(ground.size),
            "gdal_version": peer["version"],
            "wall_s": wall,
            "cpu_s": cpu,
            "faster_wall": wall["gdal"]["median"] / wall["waman"]["median"],
            "faster_wall_best": wall["gdal"]["min"] / wall["waman"]["min"],
            "faster_cpu": cpu["gdal"]["median"] / cpu["waman"]["median"],
            "peak_growth_mb": {"waman": mine["peak_mb"], "gdal": peer["peak_mb"]},
        }
        print(name, {k: out[name][k] for k in ("faster_wall", "faster_cpu", "peak_growth_mb")})
    return {
        "goal": "2 x GDAL end to end, stretch 4 x; peak memory at most twice GDAL's; each in a fresh process",
        "reached_2x_by_cpu": all(v["faster_cpu"] >= 2.0 for v in out.values()),
        "reached_2x_by_wall": all(v["faster_wall"] >= 2.0 for v in out.values()),
        "reached_4x_by_cpu": all(v["faster_cpu"] >= 4.0 for v in out.values()),
        "reached_memory": all(v["peak_growth_mb"]["waman"] <= 2 * v["peak_growth_mb"]["gdal"] for v in out.values()),
        "cases": out,
    }


def posts_of(path: Path) -> Posts:
    with rasterio.open(path) as data:
        t = data.transform
        return Posts(data.read(1), t.f + t.e / 2, t.c + t.a / 2, t.a)


def accuracy() -> dict[str, Any]:
    """Judge the sweep and GDAL on the ground they were given, then everything from the raster's posts on."""
    posts, (sources, _) = posts_of(ANDES_90M), open_sources([ANDES_90M])
    # the same squares cut along their other diagonal: how far two exact judges of the same posts lie apart
    south = posts.lat0_deg - posts.step_deg * (len(posts.height_m) - 1)
    other = Posts(posts.height_m[::-1], -south, posts.lon0_deg, posts.step_deg)
    rng = np.random.default_rng(4)
    radius, parts, out = 60_000.0, [], {}
    for name, (lat, lon) in SITES.items():
        part = judged(posts, other, sources, lat, lon, radius, rng)
        out[name] = {k: compare(part[k], part["surface"]) for k in ("waman", "gdal")}
        print(name, out[name])
        parts.append(part)
    all_ = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
    same = {k: compare(all_[k], all_["surface"]) for k in ("waman", "gdal")}
    posts_on = {k: compare(all_[k], all_["posts"]) for k in ("waman", "gdal", "posts cut the other way")}
    print(same, posts_on, sep="\n")
    mine = same["waman"]
    return {
        "radius_m": radius,
        "cells_per_site": CELLS_PER_SITE,
        "goal": {"agree_300m": 0.999, "mean_abs_m": 1.0},
        "reached": mine["agree_300m"] >= 0.999 and mine["mean_abs_m"] <= 1.0,
        "on_the_grid_given": {
            "judge": "bilinear surface of the grid, followed square by square, most blocking point in closed form",
            "all sites": same,
            "sites": out,
        },
        "from_the_posts_on": {
            "judge": "triangles of the raster's posts, geodesics sampled every 20 m; includes the warp",
            "reading": "'posts cut the other way' is the same exact judge with the other diagonal: below its "
            "distance nothing can be told from 90 m posts",
            "all sites": posts_on,
        },
    }


CELLS_PER_SITE = 1500


def judged(
    posts: Posts, other: Posts, sources: Any, lat: float, lon: float, radius: float, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return the lowest visible heights of random cells about a site by the sweep, GDAL and three judges."""
    frame = Frame(lat, lon)
    e = window(sources, frame, radius_m=radius + 500, cell_m=90.0)
    clean = Elevation(np.nan_to_num(e.ground_m), frame, 90.0, e.native_m, 0.0, 0.0)
    antenna = float(e.ground_m[e.half, e.half]) + ANTENNA_M
    low = lowest_visible_height(clean, antenna_msl_m=antenna, range_m=radius)
    _, peer = gdal(clean.ground_m, 90.0, radius, runs=1)
    # GDAL cuts its result to the circle
    peer = np.pad(peer, (low.shape[0] - peer.shape[0]) // 2, constant_values=np.nan)
    known = np.isfinite(low) & np.isfinite(e.ground_m) & np.isfinite(peer)
    known[e.half, e.half] = False
    inside = np.argwhere(known)
    rows, cols = inside[rng.choice(len(inside), CELLS_PER_SITE, replace=False)].T
    la, lo = frame.to_degrees(east_m=(cols - e.half) * 90.0, north_m=(e.half - rows) * 90.0)
    site = {"antenna_msl_m": antenna, "target_lon_deg": lo, "lon_deg": lon}
    return {
        "waman": low[rows, cols],
        "gdal": peer[rows, cols],
        "surface": exact_on_surface(
            clean.ground_m, cell_m=90.0, lat_deg=lat, antenna_msl_m=antenna, rows=rows, cols=cols
        ),
        "posts": exact_lowest_height(posts, lat_deg=lat, target_lat_deg=la, **site),
        # upside down, north for south, a cut from north-west to south-east becomes the other diagonal
        "posts cut the other way": exact_lowest_height(other, lat_deg=-lat, target_lat_deg=-la, **site),
    }


def compare(found: np.ndarray, exact: np.ndarray) -> dict[str, float]:
    known = np.isfinite(exact) & np.isfinite(found)
    low = known & (exact < 1500.0)
    error = found[low] - exact[low]
    masked = low & (exact > 0.0)
    return {
        "agree_300m": float(((found <= 300.0) == (exact <= 300.0))[known].mean()),
        "mean_abs_m": float(np.abs(error).mean()),
        "bias_m": float(error.mean()),
        "median_abs_m": float(np.median(np.abs(error))),
        "p99_m": float(np.percentile(np.abs(error), 99)),
        "mean_abs_masked_m": float(np.abs(found[masked] - exact[masked]).mean()),
        "cells": int(known.sum()),
    }


def detection() -> dict[str, Any]:
    """Compare the required SNR: the series against quadrature, the sdr package and the table the field uses."""
    import sdr

    from waman.coverage.detect import swerling as sw

    worst, table_worst, cases = 0.0, 0.0, 0
    for model in range(5):
        for n in (1, 3, 10, 25, 50):
            for pfa in (1e-4, 1e-6, 1e-8, 1e-10):
                d = sw.Detector(pfa=pfa, pulses=n, swerling=model)
                values, first, step = sw.detection_table(d)
                grid = first + step * np.arange(values.size)
                for pd in (0.1, 0.5, 0.9, 0.99):
                    snr = sw.required_snr_db(pd, d)
                    slope = (
                        float(sw.detection_probability(snr + 0.01, d) - sw.detection_probability(snr - 0.01, d)) / 0.02
                    )
                    worst = max(worst, abs(sw.detection_probability_ref(snr, d) - pd) / slope)
                    table_worst = max(table_worst, abs(float(np.interp(snr, grid, values)) - pd) / slope)
                    cases += 1
    d0 = sw.Detector(pfa=1e-6, swerling=0)
    outside = {
        "snr_db": sw.required_snr_db(0.9, d0),
        "sdr_pd_there": float(sdr.p_d(sw.required_snr_db(0.9, d0), 1e-6, detector="square-law", n_nc=1)),
    }
    print(worst, table_worst, outside)
    return {
        "cases": cases, "series_against_quadrature_db": worst, "table_against_series_db": table_worst,
        "swerling_0_pd_0.9": outside,
    }  # fmt: skip


def field() -> dict[str, Any]:
    """Count evaluations a second on one core, points in random order and along lines."""
    from waman.coverage import SensorModel, build_field
    from waman.coverage.detect.beam import pattern_points

    model = SensorModel(
        id="a", kind="psr", lat_deg=CENTRE[0], lon_deg=-76.6, method="radar", antenna_height_m=15.0,
        range_max_m=100_000.0, r90_m=75_000.0, elevation_min_deg=-1.0, elevation_max_deg=40.0,
        pattern_db=pattern_points("cosecant_squared", -1.0, 40.0),
    )  # fmt: skip
    sources, _ = open_sources([ANDES_90M])
    made = build_field([model], sources)
    rng = np.random.default_rng(1)
    n = 2_000_000
    height = rng.uniform(0.0, 3000.0, n)
    cases = {
        "random points": (rng.uniform(-12.8, -11.2, n), rng.uniform(-77.4, -76.0, n)),
        "along lines": (np.linspace(-12.8, -11.2, n), -76.7 + 0.6 * np.sin(np.linspace(0.0, 60.0, n))),
    }
    out = {}
    for name, (lat, lon) in cases.items():
        seconds = _result.cpu_seconds(lambda lat=lat, lon=lon: made.detection_probability(lat, lon, height, "a"))
        out[name] = {k: n / v / 1e6 for k, v in (("median", np.median(seconds)), ("best", min(seconds)))}
    evaluator = made.evaluator("a")
    lat, lon = cases["random points"][0][:50_000], cases["random points"][1][:50_000]
    fast = made.detection_probability(lat, lon, height[:50_000], "a")
    slow = evaluator.ref(lat, lon, height[:50_000], rcs_m2=2.0)
    error = np.abs(fast - slow)
    error = error[np.isfinite(error)]
    print(out)
    return {
        "million_a_second_one_core": out,
        "goal": 10.0,
        "reached": min(v["median"] for v in out.values()) >= 10.0,
        "pd_error_p99.9": float(np.percentile(error, 99.9)),
        "pd_error_share_above_0.002": float((error > 0.002).mean()),
    }


def optimism() -> dict[str, Any]:
    """How much more is shown as visible on coarse ground: block means of the 30 m posts, antenna on its own ground."""
    tiles = tiles_30m()
    assert tiles, "run: waman sample fetch --all"
    sources, _ = open_sources(tiles)
    shares: dict[str, dict[str, list[float]]] = {}
    sites = [(lat, lon) for lat in (-11.45, -11.75, -12.1, -12.4) for lon in (-77.0, -76.7, -76.35)]
    for lat, lon in sites:
        e = window(sources, Frame(lat, lon), radius_m=25_500, cell_m=30.0)
        if e.missing_share > 0.02:
            continue
        truth = see(e)
        for factor in (3, 10, 17, 30):
            coarse = see(blurred(e, factor))
            for height in (150.0, 300.0, 1000.0):
                known = np.isfinite(truth) & np.isfinite(coarse)
                wrong = float(((coarse <= height) & (truth > height))[known].mean())
                hidden = float(((coarse > height) & (truth <= height))[known].mean())
                row = shares.setdefault(f"{factor * 30} m", {})
                row.setdefault(f"false visible at {height:.0f} m", []).append(wrong)
                row.setdefault(f"false masked at {height:.0f} m", []).append(hidden)
    out = {
        cell: {k: {"min": min(v), "median": float(np.median(v)), "max": max(v)} for k, v in row.items()}
        for cell, row in shares.items()
    }
    print(json.dumps(out, indent=1))
    return {"sites": len(sites), "radius_m": 25_000, "shares": out}


def see(e: Elevation) -> np.ndarray:
    site = float(e.ground_m[e.half, e.half])
    return lowest_visible_height(e, antenna_msl_m=site + ANTENNA_M, range_m=25_000.0)


def blurred(e: Elevation, factor: int) -> Elevation:
    """Return the ground as a raster of ``factor`` times larger cells would give it, interpolated back bilinearly."""
    from scipy.ndimage import map_coordinates

    ground = np.nan_to_num(e.ground_m)
    n = ground.shape[0] // factor
    block = ground[: n * factor, : n * factor].reshape(n, factor, n, factor).mean(axis=(1, 3))
    at = (np.arange(ground.shape[0]) - (factor - 1) / 2) / factor
    rows, cols = np.meshgrid(at, at, indexing="ij")
    fine = map_coordinates(block, [rows, cols], order=1, mode="nearest").astype(np.float32)
    return Elevation(fine, e.frame, e.cell_m, 30.0 * factor, 0.0, 0.0)


def ask() -> dict[str, Any]:
    """Time ``waman ask`` as a person runs it: a process of its own, on a field of two sensors."""
    import resource

    from waman.coverage import SensorModel, build_field

    words = ["--place", "-12.1,-76.7", "--from", "1970-01-01T00:10Z", "--to", "1970-01-01T00:40Z", "--height", "500"]
    spent = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "area.toml").write_text('name = "A"\nbbox = [-77.5, -12.5, -76.0, -11.5]\n', encoding="utf-8")
        both = [
            SensorModel(
                id=name,
                kind="psr",
                lat_deg=-12.0,
                lon_deg=-76.6,
                method="radar",
                antenna_height_m=15.0,
                range_max_m=100_000.0,
                r90_m=75_000.0,
            )
            for name in ("one", "two")
        ]
        build_field(both, open_sources([ANDES_90M])[0]).save(root / "field")
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        for _ in range(RUNS):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                [sys.executable, "-c", "from waman.cli import main; main()", "ask", str(root), *words],
                check=True,
                env=environment,
                capture_output=True,
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    seconds = _result.spread(spent)
    print(seconds)
    return {"cpu_s": seconds, "goal": 1.0, "reached": seconds["median"] < 1.0}


PARTS = {"ask": ask, "speed": speed, "accuracy": accuracy, "detection": detection, "field": field, "optimism": optimism}


def main(names: list[str]) -> None:
    path = _result.FOLDER / "coverage.json"
    figures = json.loads(path.read_text(encoding="utf-8"))["figures"] if path.exists() else {}
    for name in names or list(PARTS):
        figures[name] = PARTS[name]()
        _result.write("coverage", figures, packages=["scipy", "rasterio", "sdr"])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--sweep"]:
        sweep_process(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
    else:
        main(sys.argv[1:])
