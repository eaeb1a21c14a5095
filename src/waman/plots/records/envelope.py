"""Opens a file and takes off its wrapping: gzip and zip, found by content, with a limit on expansion.

A compressed file of a few kilobytes can hold gigabytes of zeros; nothing here expands past
:data:`EXPANDED_BYTES_MAX`. A damaged archive gives the bytes before the damage and a problem.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from waman.errors import InputError, Problems
from waman.geo.units import SECOND_US

EXPANDED_BYTES_MAX = 4 << 30  # a day of one busy radar is under 1 GB; four of them still fit in memory of a server
RATIO_MAX = 300  # real recordings compress 5 to 30 times, deflate's own ceiling is 1,032
RATIO_FREE_BYTES = 64 << 20  # below this size any ratio is harmless
CHUNK_BYTES = 1 << 18
NESTING_MAX = 3
MEMBERS_MAX = 1000


@dataclass(frozen=True)
class Content:
    """The bytes of one recording, unwrapped. ``name`` is what rows and problems call it."""

    name: str
    data: bytes
    modified_us: int

    def at(self, offset: int) -> str:
        """Return the place of a byte, as problems write it."""
        return f"{self.name}@{offset}"


def open_file(path: Path, problems: Problems) -> list[Content]:
    """Return the recordings inside a file: one, or one for each member of a zip archive.

    Raises InputError if the file is empty, too large or cannot be unwrapped at all.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder", hint=f"name its files, as in {path}/*")
    size = path.stat().st_size
    if size > EXPANDED_BYTES_MAX:
        raise InputError(
            f"{path}: {size:,} bytes are more than this reader takes at once ({EXPANDED_BYTES_MAX:,})",
            hint="split the recording by hour",
        )
    whole = Content(path.name, path.read_bytes(), int(path.stat().st_mtime) * SECOND_US)
    if not whole.data:
        raise InputError(f"{path}: the file is empty", hint="was the transfer complete?")
    return unwrap(whole, problems)


def unwrap(content: Content, problems: Problems, *, depth: int = 0) -> list[Content]:
    """Take gzip and zip layers off; content that is neither is returned as it is."""
    if depth > NESTING_MAX:
        problems.add(content.name, f"archives nested more than {NESTING_MAX} deep are not opened")
        return []
    if content.data[:3] == b"\x1f\x8b\x08":
        return unwrap(replace(content, data=_gunzip(content, problems)), problems, depth=depth + 1)
    if content.data[:4] == b"PK\x03\x04":
        found = []
        for member in _unzip(content, problems):
            found += unwrap(member, problems, depth=depth + 1)
        return found
    return [content]


def _limit(packed: int) -> int:
    return min(EXPANDED_BYTES_MAX, max(RATIO_FREE_BYTES, RATIO_MAX * packed))


def _gunzip(content: Content, problems: Problems) -> bytes:
    """Return what all gzip members in a row expand to; what follows the last one is a problem."""
    packed, out = memoryview(content.data), io.BytesIO()
    limit, at = _limit(len(packed)), 0
    engine = zlib.decompressobj(wbits=31)
    while at < len(packed):
        try:
            chunk = packed[at : at + CHUNK_BYTES]
            out.write(engine.decompress(chunk, limit - out.tell() + 1))
        except zlib.error as why:
            problems.add(content.at(at), "damaged gzip: bytes from about here on are lost", str(why))
            return out.getvalue()
        at += len(chunk) - len(engine.unused_data)
        if out.tell() > limit:
            problems.add(content.at(at), f"expands to more than {limit:,} bytes: the rest is not read")
            return out.getvalue()
        if engine.eof:
            if bytes(packed[at : at + 2]) != b"\x1f\x8b":
                if at < len(packed):
                    problems.add(content.at(at), "bytes after the end of the gzip stream are ignored", len(packed) - at)
                return out.getvalue()
            engine = zlib.decompressobj(wbits=31)
    problems.add(content.at(at), "the gzip stream is cut: its end is missing")
    return out.getvalue()


def _unzip(content: Content, problems: Problems) -> list[Content]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content.data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as why:
        problems.add(content.name, "damaged zip archive: its list of members cannot be read", str(why))
        return []
    found: list[Content] = []
    room = _limit(len(content.data))
    members = [m for m in archive.infolist() if not m.is_dir()]
    if len(members) > MEMBERS_MAX:
        problems.add(content.name, f"only the first {MEMBERS_MAX} members of the archive are read", len(members))
    for member in members[:MEMBERS_MAX]:
        name = f"{content.name}/{member.filename}"
        try:
            with archive.open(member) as stream:
                data = stream.read(room + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            OSError,
            EOFError,
            NotImplementedError,
            RuntimeError,
            ValueError,
        ) as why:
            problems.add(name, "damaged or encrypted member of the archive is left out", str(why))
            continue
        if len(data) > room:
            problems.add(name, "the archive expands past the limit: this member and the rest are not read")
            break
        room -= len(data)
        found.append(replace(content, name=name, data=data))
    return found
