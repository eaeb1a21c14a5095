"""Shared fixtures: the public recordings, where they were fetched."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from waman.store import samples

# a slow or loaded machine is no failure; in CI the same examples are tried each time, so that a red run is a change
settings.register_profile("house", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("house")


@pytest.fixture(scope="session")
def sample_files() -> Callable[[str], list[Path]]:
    """Return a function from a sample's name to its files; the test is skipped where it was not fetched."""

    def files(name: str) -> list[Path]:
        found = samples.sample_files(name)
        if not found:
            pytest.skip(f"sample {name!r} is not here: run waman sample fetch")
        return found

    return files


@pytest.fixture(scope="session")
def sample_path(sample_files: Callable[[str], list[Path]]) -> Callable[[str], Path]:
    """Return a function from a sample's name to its first file."""
    return lambda name: sample_files(name)[0]
