"""One task a sensor on a Dask cluster; skipped where dask is not installed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from waman.coverage import SensorModel, build_folder
from waman.errors import InputError
from waman.terrain import ANDES_90M, open_sources


def country(count: int) -> list[SensorModel]:
    rng = np.random.default_rng(40)
    return [
        SensorModel(
            id=f"s{i:02d}", kind="psr", method="radar",
            lat_deg=float(rng.uniform(-12.8, -11.2)), lon_deg=float(rng.uniform(-77.0, -76.2)),
            antenna_height_m=15.0, range_max_m=25_000.0, r90_m=20_000.0,
        )
        for i in range(count)
    ]  # fmt: skip


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


@pytest.mark.slow
def test_forty_sensors_on_two_workers_equal_the_local_result_byte_for_byte(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="dask is not installed: pip install 'waman[batch]'")
    sources, _ = open_sources([ANDES_90M])
    models = country(40)
    build_folder(models, sources, tmp_path / "local", cell_m=180.0)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        build_folder(models, sources, tmp_path / "cluster", cell_m=180.0, scheduler=cluster.scheduler_address)
    assert digests(tmp_path / "local") == digests(tmp_path / "cluster")
    assert len(list((tmp_path / "local").glob("*.tif"))) == 40


def test_a_scheduler_that_is_not_there_is_an_error_that_teaches(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dask is not installed|no Dask scheduler"):
        build_folder(country(1), (), tmp_path, cell_m=500.0, scheduler="tcp://127.0.0.1:9")
