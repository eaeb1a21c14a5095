"""Recordings come by name, with their hash, and never overwrite anything outside the cache."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from waman.errors import InputError
from waman.store import samples


def test_every_sample_names_a_package_with_hash_and_licence() -> None:
    packages, known = samples.catalogue()
    by_name = {p.name: p for p in packages}
    for sample in known:
        assert len(by_name[sample.package].sha256) == 64 and by_name[sample.package].licence


def test_an_unknown_sample_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError) as why:
        samples.sample_files("london")
    assert "paris" in why.value.hint


def test_an_archive_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    archive = tmp_path / "x-1.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        info = tarfile.TarInfo("../../evil/a.raw")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
    folder = tmp_path / "deep" / "cache"
    assert samples._unpack(archive, ["*.raw"], folder) == 1
    assert [p.relative_to(folder).as_posix() for p in folder.rglob("*.raw")] == ["evil/a.raw"]


def test_only_the_wanted_members_are_unpacked(tmp_path: Path) -> None:
    archive = tmp_path / "x-1-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as whole:
        whole.writestr("x/data/a.json", "{}")
        whole.writestr("x/code.py", "raise SystemExit")
    assert samples._unpack(archive, ["x/data/*"], tmp_path / "out") == 1
    assert not list((tmp_path / "out").rglob("*.py"))
