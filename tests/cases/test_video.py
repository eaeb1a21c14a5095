"""Video evidence: the container's words, the sun and the skyline at a claimed place, ground time, stills."""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import struct
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from waman.cases.evidence import bare_jpeg, describe, sun_at
from waman.cases.skyline import REFRACTION, angle_deg, skyline, skyline_svg
from waman.cases.video import container, ground_time_s, stills
from waman.cli import main
from waman.errors import InputError
from waman.terrain import open_sources


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def movie() -> bytes:
    """A container without pictures: header, one video track, device and place."""
    made = int((datetime(2015, 3, 1, 11, 43, tzinfo=UTC) - datetime(1904, 1, 1, tzinfo=UTC)).total_seconds())
    mvhd = box(b"mvhd", struct.pack(">IIIII", 0, made, made + 60, 1000, 400_000) + bytes(80))
    tkhd = box(b"tkhd", struct.pack(">II", 0, made) + bytes(68) + struct.pack(">II", 1920 << 16, 1080 << 16))
    stsd = box(b"stsd", struct.pack(">II", 0, 1) + box(b"avc1", bytes(70)))
    mdia = box(b"mdia", box(b"hdlr", bytes(8) + b"vide" + bytes(12)) + box(b"minf", box(b"stbl", stsd)))
    texts = {b"\xa9xyz": b"-12.5821-074.1937/", b"\xa9mak": b"Maker"}
    udta = box(b"udta", b"".join(box(k, struct.pack(">HH", len(v), 0) + v) for k, v in texts.items()))
    return box(b"ftyp", b"mp42" + bytes(4)) + box(b"moov", mvhd + box(b"trak", tkhd + mdia) + udta)


def test_the_containers_own_words_are_read_and_damage_raises_nothing() -> None:
    found = container(movie())
    assert (found["created"], found["modified"]) == ("2015-03-01T11:43:00Z", "2015-03-01T11:44:00Z")
    assert found["duration_s"] == 400 and found["brand"] == "mp42"
    (track,) = found["tracks"]
    assert (track["kind"], track["codec"], track["width"], track["height"]) == ("vide", "avc1", 1920, 1080)
    assert found["location"] == "-12.5821-074.1937/" and found["make"] == "Maker"
    whole = movie()
    for cut in range(0, len(whole), 7):
        container(whole[:cut])
        container(whole[:cut] + b"\xff\xff\xff\xff" + whole[cut + 4 :])


def test_ground_time_is_the_videos_own_clock() -> None:
    assert ground_time_s(12, 378, 400) == 366
    for bad in ((378, 12, 400), (12, 500, 400), (-1, 5, None)):
        with pytest.raises(InputError, match="landed at"):
            ground_time_s(*bad)


@pytest.fixture
def ridge(tmp_path: Path) -> Path:
    """A plain at 300 m with a wall of 1,300 m between 10 and 11 km to the east of (-12, -74)."""
    import rasterio
    from rasterio.transform import Affine

    step = 0.001
    heights = np.full((600, 600), 300.0, np.float32)
    first = round((10_000 / (111_320 * np.cos(np.radians(12)))) / step)
    heights[:, 300 + first : 300 + first + 9] = 1300.0
    transform = Affine(step, 0.0, -74.3, 0.0, -step, -11.7)
    profile = {"driver": "GTiff", "width": 600, "height": 600, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    with rasterio.open(tmp_path / "dem.tif", "w", transform=transform, **profile) as out:
        out.write(heights, 1)
    return tmp_path / "dem.tif"


def test_a_wall_ten_kilometres_east_stands_where_geometry_puts_it(ridge: Path) -> None:
    sources, problems = open_sources([ridge])
    assert not problems.count
    line = skyline(sources, -12.0, -74.0, step_deg=1.0)
    # by another way: the law of sines in the triangle of earth's centre, eye and top, with the bent ray's radius
    radius = 6_371_000.0 / (1 - REFRACTION)
    centre, eye, top = 10_000 / radius, radius + 301.6, radius + 1300.0
    expected = np.degrees(np.arctan2(top * np.cos(centre) - eye, top * np.sin(centre)))
    assert line.at(90.0) == pytest.approx(expected, abs=0.08)
    assert line.distance_m[90] == pytest.approx(10_000, rel=0.03)
    assert line.at(270.0) < 0.0, "the plain to the west lies below the horizontal"
    assert float(angle_deg(np.array([0.0]), np.array([50_000.0]))[0]) < 0
    svg = skyline_svg(line, (90.0, 20.0), "No trees <or> buildings")
    assert "No trees &lt;or&gt; buildings" in svg and "<circle" in svg
    with pytest.raises(InputError, match="no elevation"):
        skyline(sources, 40.0, -74.0)


def test_the_command_says_whether_the_sun_stood_above_the_terrain(
    ridge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "v.mp4").write_bytes(movie())
    before = (tmp_path / "v.mp4").read_bytes()
    dawn, later = "2015-03-01T11:10:00Z", "2015-03-01T12:30:00Z"
    assert 0 < sun_at(-12.0, -74.0, datetime(2015, 3, 1, 11, 10, tzinfo=UTC)).elevation_deg < 5
    for t, side in ((dawn, "behind"), (later, "above")):
        out = tmp_path / side
        words = ["case", "video", str(tmp_path / "v.mp4"), "--at", "-12.0,-74.0", "--time", t, "--terrain", str(ridge)]
        main([*words, "--landed", "12", "--left", "378", "-o", str(out)])
        said = capsys.readouterr().out
        assert f"the sun {side} it" in said and "ground_time_s: 366.0" in said
        assert json.loads((out / "video.json").read_text())["container"]["duration_s"] == 400
        assert "No trees or buildings" in (out / "skyline.svg").read_text()
    assert (tmp_path / "v.mp4").read_bytes() == before


def test_without_a_decoder_stills_are_refused_in_words_and_with_one_they_are_pictures(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(movie())
    if importlib.util.find_spec("cv2") is None and shutil.which("ffmpeg") is None:
        with pytest.raises(InputError, match="no decoder"):
            stills(path, [1.0])
        return
    with pytest.raises(InputError, match="no picture"):
        stills(path, [1.0])
    if importlib.util.find_spec("cv2") is not None:
        cv2 = importlib.import_module("cv2")
        made = cv2.VideoWriter(str(tmp_path / "t.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 48))
        for k in range(20):  # black for a second, then white: the right moment is found, not just any picture
            made.write(np.full((48, 64, 3), 255 * (k >= 10), np.uint8))
        made.release()
        early, late = (Image.open(io.BytesIO(p)) for p in stills(tmp_path / "t.mp4", [0.2, 1.5]).values())
        assert early.size == (64, 48)
        assert np.asarray(early).mean() < 20 < 235 < np.asarray(late).mean()
    elif shutil.which("ffmpeg"):
        make = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=d=2:s=64x48", "-y", str(tmp_path / "t.mp4")]
        subprocess.run(make, check=True)
        assert Image.open(io.BytesIO(stills(tmp_path / "t.mp4", [1.0])[1.0])).size == (64, 48)


def test_exif_is_read_into_the_sealed_event_and_leaves_every_copy() -> None:
    exif = Image.Exif()
    exif[0x010F] = "PLANTED maker"
    exif.get_ifd(0x8825).update({1: "S", 2: (12.0, 34.0, 55.5), 3: "W", 4: (74.0, 11.0, 37.2)})
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, "JPEG", exif=exif)
    found = describe(out.getvalue())["exif"]
    assert found["make"] == "PLANTED maker"
    assert (float(found["lat_deg"]), float(found["lon_deg"])) == pytest.approx((-12.582083, -74.193667))
    assert b"PLANTED" not in bare_jpeg(out.getvalue()) and describe(bare_jpeg(out.getvalue()))["exif"] == {}
    for cut in range(3, len(out.getvalue()), 11):
        describe(out.getvalue()[:cut])
