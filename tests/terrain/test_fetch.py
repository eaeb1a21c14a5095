"""Fetching tiles, against a server on the loopback laid out like the Copernicus bucket."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from waman.cli import main
from waman.errors import InputError
from waman.terrain import fetch as fetch_
from waman.terrain import ground_msl_m, open_sources

LAND = "Copernicus_DSM_COG_30_S12_00_W077_00_DEM"
SEA = "Copernicus_DSM_COG_30_S12_00_W078_00_DEM"


class Bucket(ThreadingHTTPServer):
    """State: the tiles it holds, the requests it saw, and how many bytes it sends before it breaks off."""

    daemon_threads = True
    tiles: dict[str, bytes]
    seen: list[str]
    break_after: int | None
    damage: int


class Handler(BaseHTTPRequestHandler):
    server: Bucket
    protocol_version = "HTTP/1.0"

    def log_message(self, *_: object) -> None:
        return

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        data = self.server.tiles.get(self.path)
        self.server.seen.append(f"{self.command} {self.headers.get('Range', '')}")
        if data is None:
            self.send_error(404)
            return
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        first, last = (int(match[1]), int(match[2])) if match else (0, len(data) - 1)
        part = data[first : last + 1]
        self.send_response(206 if match else 200)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("ETag", f'"{etag}"')
        self.end_headers()
        if not body:
            return
        if self.server.damage > 0:
            self.server.damage -= 1
            part = bytes(len(part))
        if self.server.break_after is not None:
            part, self.server.break_after = part[: self.server.break_after], None
        self.wfile.write(part)


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    path = tmp_path / "land.tif"
    heights = np.random.default_rng(1).integers(100, 5000, (1200, 1200)).astype(np.float32)
    with rasterio.open(
        path, "w", driver="GTiff", width=1200, height=1200, count=1, dtype="float32", crs="EPSG:4326",
        transform=Affine(1 / 1200, 0.0, -77.0, 0.0, -1 / 1200, -11.0), compress="DEFLATE",
    ) as data:  # fmt: skip
        data.write(heights, 1)
    server = Bucket(("127.0.0.1", 0), Handler)
    server.tiles, server.seen, server.break_after, server.damage = (
        {f"/{LAND}/{LAND}.tif": path.read_bytes()},
        [],
        None,
        0,
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def template(server: Bucket) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}/{{name}}/{{name}}.tif"


def test_the_tiles_of_an_area_are_named_by_their_south_west_corner() -> None:
    names = fetch_.tile_names((-77.9, -12.9, -76.1, -11.1), metres=30)
    assert names[0] == "Copernicus_DSM_COG_10_S13_00_W078_00_DEM" and len(names) == 4
    assert fetch_.tile_names((0.5, 0.5, 1.5, 0.9)) == [
        "Copernicus_DSM_COG_10_N00_00_E000_00_DEM",
        "Copernicus_DSM_COG_10_N00_00_E001_00_DEM",
    ]
    with pytest.raises(InputError, match="more than 400"):
        fetch_.tile_names((-80.0, -20.0, -50.0, 5.0))


def test_a_tile_is_fetched_in_ranges_and_the_sea_is_known_to_be_sea(bucket: Bucket, tmp_path: Path) -> None:
    land, sea = fetch_.look([LAND, SEA], template=template(bucket), metres=90)
    assert land.size == len(next(iter(bucket.tiles.values()))) and sea.sea
    steps: list[int] = []
    path = fetch_.fetch(land, tmp_path / "dem", lambda _name, have, _size: steps.append(have))
    assert path.read_bytes() == next(iter(bucket.tiles.values())) and steps[-1] == land.size
    assert all("bytes=" in s for s in bucket.seen if s.startswith("GET"))
    sources, problems = open_sources([path, fetch_.fetch(sea, tmp_path / "dem")])
    assert problems.count == 0
    height = ground_msl_m(sources, lat_deg=[-11.5, -11.5], lon_deg=[-77.5, -76.5])
    assert height[0] == 0.0 and height[1] > 100.0


def test_a_fetch_that_broke_off_goes_on_where_it_stopped(bucket: Bucket, tmp_path: Path) -> None:
    land = fetch_.look([LAND], template=template(bucket))[0]
    whole = next(iter(bucket.tiles.values()))
    (tmp_path / "dem").mkdir()
    (tmp_path / "dem" / f"{LAND}.part").write_bytes(whole[:100_000])
    bucket.break_after = 50_000
    path = fetch_.fetch(land, tmp_path / "dem")
    assert path.read_bytes() == whole
    ranges = [s for s in bucket.seen if s.startswith("GET")]
    assert ranges[0].startswith("GET bytes=100000-") and ranges[1].startswith("GET bytes=150000-")


def test_damaged_bytes_are_fetched_again_and_a_bad_server_is_given_up(bucket: Bucket, tmp_path: Path) -> None:
    land = fetch_.look([LAND], template=template(bucket))[0]
    bucket.damage = 1
    assert fetch_.fetch(land, tmp_path / "dem").read_bytes() == next(iter(bucket.tiles.values()))
    bucket.damage = 100
    with pytest.raises(InputError, match="checksum"):
        fetch_.fetch(land, tmp_path / "other")
    assert not list((tmp_path / "other").glob("*.tif"))
    with pytest.raises(InputError, match="none of the 1 tiles"):
        fetch_.look([SEA], template=template(bucket))
    with pytest.raises(InputError, match="no web address"):
        fetch_.look([SEA], template="file:///etc/{name}")


def test_the_command_shows_the_size_first_and_add_copies_what_is_elevation(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    area = tmp_path / "area.toml"
    area.write_text('name = "A"\nbbox = [-77.5, -11.9, -76.5, -11.1]\n')
    main(["terrain", "fetch", str(area), "--grid", "90", "--url", template(bucket), "--yes"])
    said = capsys.readouterr()
    assert "1 tiles" in said.err.splitlines()[0] and "1 of open sea" in said.err.splitlines()[0]
    assert sorted(p.name for p in (tmp_path / "dem").iterdir()) == [f"{LAND}.tif", f"{SEA}.tif"]
    (tmp_path / "bad.tif").write_text("no raster")
    main(["terrain", "add", str(tmp_path / "land.tif"), str(tmp_path / "bad.tif"), "--area", str(area)])
    said = capsys.readouterr()
    assert "90 m" in said.out and "bad.tif: cannot be read" in said.err
    with pytest.raises(SystemExit):
        main(["terrain", "add", str(tmp_path / "bad.tif"), "--area", str(area)])
    assert "waman: hint:" in capsys.readouterr().err
