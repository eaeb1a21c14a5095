"""A video as evidence: what its container says, still pictures at given seconds, the ground time seen in it.

The container's own words (ISO/IEC 14496-12, QuickTime) are claims of the device or of whoever last wrote the
file. Stills need a decoder, which Waman does not bring: OpenCV (the ``strips`` extra) or an ``ffmpeg`` of the
machine's own; without either it says so.
"""

from __future__ import annotations

import importlib.util
import math
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from waman.errors import InputError

_EPOCH = datetime(1904, 1, 1, tzinfo=UTC)
_BOXES_MAX = 10_000
_SECONDS_MAX = 120
STILLS_MAX = 50
_TEXTS = {b"\xa9xyz": "location", b"\xa9mak": "make", b"\xa9mod": "model", b"\xa9swr": "software"}


def container(data: bytes) -> dict[str, Any]:
    """Return what the movie header says: when made and changed, how long, tracks, device, place.

    Nothing is trusted and nothing raises: what is absent or damaged is None.
    """
    found: dict[str, Any] = {"created": None, "modified": None, "duration_s": None, "tracks": []}
    for kind, body in boxes(data):
        if kind == b"ftyp":
            found["brand"] = body[:4].decode("ascii", "replace").strip()
        if kind != b"moov":
            continue
        for inner, part in boxes(body):
            if inner == b"mvhd":
                found |= _header(part)
            elif inner == b"trak":
                found["tracks"].append(_track(part))
            elif inner == b"udta":
                found |= {_TEXTS[k]: _text(b) for k, b in boxes(part) if k in _TEXTS}
    return found


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (type, body) of the boxes of a container, as far as they can be read."""
    at = 0
    for _ in range(_BOXES_MAX):
        if at + 8 > len(data):
            return
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        size = len(data) - at if size == 0 else size
        if size < head:
            return
        yield data[at + 4 : at + 8], data[at + head : at + size]
        at += size


def ground_time_s(landed_s: float, left_s: float, duration_s: float | None) -> float:
    """Return the time on the ground between two moments of a video [s], by the video's own clock.

    >>> ground_time_s(12.0, 378.0, 400.0)
    366.0
    """
    if not 0 <= landed_s < left_s or (duration_s is not None and left_s > duration_s):
        raise InputError(
            f"landed at {landed_s:g} s and left at {left_s:g} s of a video of {duration_s or '?'} s",
            hint="both moments must be in the video, in this order",
        )
    return left_s - landed_s


def stills(path: Path, seconds: Sequence[float]) -> dict[float, bytes]:
    """Return PNG pictures at moments of a video; the file itself is only read.

    Raises InputError where there is no decoder, or the video has no picture there.
    """
    if len(seconds) > STILLS_MAX or not all(math.isfinite(s) and s >= 0 for s in seconds):
        raise InputError(f"{len(seconds)} stills", hint=f"at most {STILLS_MAX}, at seconds of the video")
    if importlib.util.find_spec("cv2") is not None:
        return {s: _by_opencv(path, s) for s in seconds}
    if shutil.which("ffmpeg"):
        return {s: _by_ffmpeg(path, s) for s in seconds}
    raise InputError(
        "no decoder for video here", hint="install the extra strips (OpenCV) or ffmpeg; all else works without"
    )


def _by_opencv(path: Path, second: float) -> bytes:
    cv2 = importlib.import_module("cv2")
    video = cv2.VideoCapture(str(path))
    video.set(cv2.CAP_PROP_POS_MSEC, second * 1000)
    good, picture = video.read()
    video.release()
    if not good:
        raise InputError(f"{path}: no picture at {second:g} s")
    return bytes(cv2.imencode(".png", picture)[1])


def _by_ffmpeg(path: Path, second: float) -> bytes:
    call = ["ffmpeg", "-v", "error", "-nostdin", "-ss", f"{second:.3f}", "-i", str(path.resolve()), "-frames:v", "1"]
    try:
        run = subprocess.run(
            [*call, "-f", "image2pipe", "-c:v", "png", "-"], capture_output=True, timeout=_SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired as why:
        raise InputError(f"{path}: ffmpeg took more than {_SECONDS_MAX} s") from why
    if run.returncode or not run.stdout:
        reason = (run.stderr.decode(errors="replace").strip().splitlines() or ["no picture there"])[-1]
        raise InputError(f"{path}: no picture at {second:g} s: {reason[:200]}")
    return run.stdout


def _header(part: bytes) -> dict[str, Any]:
    if len(part) < 32:
        return {}
    layout, at = (">QQIQ", slice(4, 32)) if part[0] == 1 else (">IIII", slice(4, 20))
    made, changed, scale, length = struct.unpack(layout, part[at])
    return {"created": _time(made), "modified": _time(changed), "duration_s": length / scale if scale else None}


def _track(part: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": None, "codec": None, "created": None, "width": None, "height": None}
    for kind, body in boxes(part):
        if kind == b"tkhd" and len(body) >= 84:
            wide = body[0] == 1
            found["created"] = _time(int.from_bytes(body[4:12] if wide else body[4:8], "big"))
            width, height = struct.unpack(">II", body[-8:])
            found |= {"width": width >> 16 or None, "height": height >> 16 or None}
        elif kind == b"mdia":
            inner = dict(boxes(body))
            found["kind"] = inner.get(b"hdlr", b"")[8:12].decode("ascii", "replace") or None
            table = dict(boxes(dict(boxes(inner.get(b"minf", b""))).get(b"stbl", b""))).get(b"stsd", b"")
            found["codec"] = table[12:16].decode("ascii", "replace") or None
    return found


def _text(body: bytes) -> str:
    return body[4 : 4 + int.from_bytes(body[:2], "big")].decode("utf-8", "replace")


def _time(seconds: int) -> str | None:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ") if 0 < seconds < 2**33 else None
