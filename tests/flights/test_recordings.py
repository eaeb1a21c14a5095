"""Real lawful flights, low, slow and odd: none is unexplained, and most are explained by what was seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flights.recordings import read_states, tracks_of
from waman.flights import explain, given_of

Files = Callable[[str], list[Path]]
ODD = ("medevac", "border", "surveys", "gliders", "fires")


@pytest.mark.samples
def test_lawful_but_odd_recordings_are_never_unexplained_and_mostly_explained(sample_files: Files) -> None:
    verdicts = []
    for name in ODD:
        for path in sample_files(name):
            verdicts += explain(tracks_of(read_states(path)), given_of())["verdict"].to_pylist()
    assert len(verdicts) >= 200
    assert verdicts.count("unexplained") == 0
    assert verdicts.count("explained") >= 0.6 * len(verdicts)


@pytest.mark.samples
def test_with_the_identity_stripped_none_is_unexplained(sample_files: Files) -> None:
    for name in ODD:
        for path in sample_files(name):
            found = explain(tracks_of(read_states(path), strip_identity=True), given_of())
            assert "unexplained" not in found["verdict"].to_pylist()


@pytest.mark.samples
def test_flights_over_switzerland_have_no_origin_and_no_destination(sample_files: Files) -> None:
    found = explain(tracks_of(read_states(sample_files("switzerland")[0])), given_of())
    assert found.num_rows >= 842
    assert found["origin"].null_count == found["destination"].null_count == found.num_rows


@pytest.mark.samples
def test_paris_arrivals_and_departures_are_named(sample_files: Files) -> None:
    found = explain(tracks_of(read_states(sample_files("paris")[0])), given_of())
    named = [p for p in found["origin"].to_pylist() + found["destination"].to_pylist() if p]
    assert len(named) >= 150
    assert set(named) >= {"LFPG", "LFPO", "LFPB"}
