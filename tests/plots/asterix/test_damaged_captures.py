"""Real captures, cut and with flipped octets, give rows and problems: never an exception, never an invented place."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from waman.plots import asterix, capture
from waman.plots.result import Decoded

CUTS, FLIPS, FLIPS_AT_A_TIME = 200, 1000, 10
CAPTURES = (
    "cat_034_048.pcap",
    "cat_062_065.pcap",
    "asterix.pcap",
    "cat_001_002.pcap",
    "cat048.raw",
    "cat062cat065.raw",
)


def read(data: bytes) -> Decoded:
    payloads, problems = capture.read(data, name="x")
    found = asterix.decode(payloads, name="x", near_us=0)
    problems.extend(found.problems)
    return Decoded("asterix", plots=found.plots, availability=found.availability, problems=problems)


def sane(found: Decoded, octets: int, whole: Decoded) -> None:
    offsets = found.plots["offset"].to_numpy()
    assert ((offsets >= 0) & (offsets < octets)).all()
    for column, limit in (("lat_deg", 90.0), ("lon_deg", 180.0), ("range_m", 256 * 1852.0), ("azimuth_deg", 360.0)):
        values = np.asarray(found.plots[column].to_numpy(), float)
        assert (np.isnan(values) | (np.abs(values) <= limit)).all()
    assert found.plots.nbytes <= 2 * whole.plots.nbytes + 20_000


@pytest.mark.samples
@pytest.mark.parametrize("name", CAPTURES)
def test_damaged_captures_give_rows_and_problems(name: str, sample_files: Callable[[str], list[Path]]) -> None:
    data = next(p for p in sample_files("asterix") if p.name == name).read_bytes()
    whole = read(data)
    rng = random.Random(name)
    for _ in range(CUTS):
        end = rng.randrange(1, len(data))
        found = read(data[:end])
        sane(found, end, whole)
        assert found.plots.num_rows <= whole.plots.num_rows
    damaged = bytearray(data)
    for round_ in range(FLIPS // FLIPS_AT_A_TIME):
        if round_ % 10 == 0:
            damaged = bytearray(data)
        for _ in range(FLIPS_AT_A_TIME):
            damaged[rng.randrange(len(data))] ^= rng.randrange(1, 256)
        sane(read(bytes(damaged)), len(data), whole)


@pytest.mark.samples
def test_the_old_cat062_capture_asks_for_its_edition_and_gives_no_garbage(
    sample_files: Callable[[str], list[Path]],
) -> None:
    found = read(next(p for p in sample_files("asterix") if p.name == "asterix.pcap").read_bytes())
    assert found.plots.num_rows == 0
    assert any("a wrong edition?" in p.what and "left out" in p.what for p in found.problems.kept)


@pytest.mark.samples
def test_the_radar_capture_holds_the_plots_that_other_decoders_find(sample_files: Callable[[str], list[Path]]) -> None:
    found = read(next(p for p in sample_files("asterix") if p.name == "cat_034_048.pcap").read_bytes())
    assert found.plots.num_rows == 128
    kinds = found.plots["kind"].to_pylist()
    assert [kinds.count(k) for k in ("ssr", "mode_s", "psr_ssr", "track")] == [0, 76, 50, 2]
    assert len(set(found.plots["sensor"].to_pylist())) == 7
    assert found.problems.count == 0
