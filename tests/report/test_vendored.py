"""What others wrote is what their release was, with its licence beside it."""

from __future__ import annotations

import hashlib

from waman.report.vendored import FOLDER, manifest


def test_every_vendored_file_has_the_hash_of_the_manifest_and_no_file_is_left_out() -> None:
    for package in manifest():
        folder = FOLDER / package["folder"]
        found = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}
        assert found == package["files"]


def test_every_package_names_its_version_and_carries_its_licence() -> None:
    for package in manifest():
        assert package["version"].count(".") == 2
        licence = (FOLDER / package["licence_file"]).read_text(encoding="utf-8")
        assert "Redistribution" in licence and package["licence"] == "BSD-3-Clause"
