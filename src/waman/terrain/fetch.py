"""Elevation tiles by name from a public bucket: sizes first, byte ranges, resume, checksum.

The default is the Copernicus DEM (GLO-30 or GLO-90), whose tiles are named by their south-west
corner and lie in a bucket of one folder a tile. Any server laid out alike will do.
"""

from __future__ import annotations

import hashlib
import math
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.transform import Affine

from waman.errors import InputError

TEMPLATE = "https://copernicus-dem-{metres}m.s3.amazonaws.com/{name}/{name}.tif"
ARC_SECONDS = {30: 10, 90: 30}  # the bucket names grids by tenths of an arc second
CHUNK_BYTES = 8 * 1024 * 1024
TILES_MAX = 400
TILE_BYTES_MAX = 500_000_000
TRIES_MAX = 4
TIMEOUT_S = 60.0

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Remote:
    """One tile on the server. ``size`` 0 and ``sea`` True: the bucket holds no tile of open sea."""

    name: str
    url: str
    size: int
    etag: str
    sea: bool = False


def tile_names(bbox: tuple[float, float, float, float], *, metres: int = 30) -> list[str]:
    """Return the names of the one-degree tiles that cover west, south, east, north [deg].

    >>> tile_names((-77.5, -12.5, -76.5, -12.1), metres=90)
    ['Copernicus_DSM_COG_30_S13_00_W078_00_DEM', 'Copernicus_DSM_COG_30_S13_00_W077_00_DEM']
    """
    if metres not in ARC_SECONDS:
        raise InputError(f"no Copernicus grid of {metres} m", hint="grids: 30, 90")
    west, south, east, north = bbox
    names = [
        f"Copernicus_DSM_COG_{ARC_SECONDS[metres]}_{'N' if lat >= 0 else 'S'}{abs(lat):02d}_00_"
        f"{'E' if lon >= 0 else 'W'}{abs(lon):03d}_00_DEM"
        for lat in range(math.floor(south), math.ceil(north))
        for lon in range(math.floor(west), math.ceil(east))
    ]
    if len(names) > TILES_MAX:
        raise InputError(f"{len(names)} tiles are more than {TILES_MAX}", hint="fetch a smaller area at a time")
    return names


def look(names: Sequence[str], *, template: str = TEMPLATE, metres: int = 30) -> list[Remote]:
    """Ask the server for the size of each tile; a tile it does not have is open sea.

    Raises InputError where the server cannot be reached, or has none of the tiles.
    """
    found = [_head(name, template.format(name=name, metres=metres)) for name in names]
    if found and all(r.sea for r in found):
        raise InputError(
            f"the server has none of the {len(found)} tiles, the first being {found[0].url}",
            hint="check the address template (--url); open sea needs no terrain",
        )
    return found


def fetch(remote: Remote, folder: Path, progress: Progress | None = None) -> Path:
    """Fetch one tile into ``folder`` and return its path; what is already whole is kept.

    A broken download goes on from its ``.part`` file. The checksum is that of the server's
    ETag where it is an MD5 (single-part uploads); else the size and a readable raster must do.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{remote.name}.tif"
    if target.exists() and (remote.sea or target.stat().st_size == remote.size):
        return target
    if remote.sea:
        _write_sea(target, remote.name)
        return target
    part = target.with_suffix(".part")
    for attempt in range(TRIES_MAX):
        try:
            _download(remote, part, progress)
            _check(remote, part)
            part.replace(target)
            return target
        except (urllib.error.URLError, OSError, _Damaged) as why:
            if isinstance(why, _Damaged):
                part.unlink(missing_ok=True)  # going on from damaged bytes would keep the damage
            if attempt == TRIES_MAX - 1:
                raise InputError(
                    f"{remote.url}: {why}", hint="run the command again: it goes on where it stopped"
                ) from why
    raise AssertionError("unreachable")


class _Damaged(Exception):
    """What arrived is not what the server announced."""


def _open(url: str, headers: dict[str, str], method: str = "GET"):  # type: ignore[no-untyped-def]
    if urlsplit(url).scheme not in ("http", "https"):
        raise InputError(f"{url!r} is no web address", hint="the template starts with http:// or https://")
    request = urllib.request.Request(url, headers=headers, method=method)  # noqa: S310 - checked above
    return urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310


def _head(name: str, url: str) -> Remote:
    try:
        with _open(url, {}, "HEAD") as answer:
            size, etag = int(answer.headers.get("Content-Length", 0)), answer.headers.get("ETag", "")
    except urllib.error.HTTPError as why:
        if why.code in (403, 404):  # buckets without a listing answer 403 for what is not there
            return Remote(name, url, 0, "", sea=True)
        raise InputError(f"{url}: {why}", hint="try later, or name another server with --url") from why
    except (urllib.error.URLError, OSError) as why:
        raise InputError(f"{url}: {why}", hint="is there a network? Else add files: waman terrain add FILE") from why
    if not 0 < size <= TILE_BYTES_MAX:
        raise InputError(f"{url} has {size} bytes", hint="a tile has at most 500 MB; check --url")
    return Remote(name, url, size, etag.strip('"'))


def _download(remote: Remote, part: Path, progress: Progress | None) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have > remote.size:
        part.unlink()
        have = 0
    while have < remote.size:
        last = min(have + CHUNK_BYTES, remote.size) - 1
        with _open(remote.url, {"Range": f"bytes={have}-{last}"}) as answer:
            if answer.status != 206:
                part.unlink(missing_ok=True)  # the server sends the whole tile: start at its beginning
                have = 0
            block = answer.read(remote.size - have if answer.status != 206 else last - have + 1)
        if not block:
            raise OSError("the server closed the connection")
        with part.open("ab") as file:
            file.write(block)
        have += len(block)
        if progress:
            progress(remote.name, have, remote.size)


def _check(remote: Remote, part: Path) -> None:
    if part.stat().st_size != remote.size:
        raise _Damaged(f"{part.stat().st_size} bytes of {remote.size}")
    if re.fullmatch(r"[0-9a-f]{32}", remote.etag):
        digest = hashlib.md5(usedforsecurity=False)
        with part.open("rb") as file:
            while block := file.read(CHUNK_BYTES):
                digest.update(block)
        if digest.hexdigest() != remote.etag:
            raise _Damaged(f"checksum {digest.hexdigest()} is not {remote.etag}")
    try:
        with rasterio.open(part) as data:
            data.read(1, window=((0, 1), (0, 1)))
    except RasterioError as why:
        raise _Damaged(f"not a readable raster: {why}") from why


def _write_sea(target: Path, name: str) -> None:
    """Write a tile of zeros, so that the sea is known to be sea and not missing."""
    match = re.search(r"([NS])(\d+)_00_([EW])(\d+)_00", name)
    assert match, f"{name} is no tile name"
    south = int(match[2]) * (1 if match[1] == "N" else -1)
    west = int(match[4]) * (1 if match[3] == "E" else -1)
    size = 1200
    transform = Affine(1.0 / size, 0.0, west, 0.0, -1.0 / size, south + 1.0)
    part = target.with_suffix(".part")
    with rasterio.open(
        part, "w", driver="GTiff", width=size, height=size, count=1, dtype="int16", crs="EPSG:4326",
        transform=transform, compress="DEFLATE",
    ) as data:  # fmt: skip
        data.write(np.zeros((size, size), np.int16), 1)
        data.update_tags(source="open sea: the server has no tile here")
    part.replace(target)
