"""What became of a flight that is no longer seen: the silence is weighed by who could have seen it."""

from __future__ import annotations

import math
from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waman.flights.ahead.ending import Ending, ending


@given(
    st.floats(-80, 40) | st.just(math.nan),
    st.floats(0, 12_000) | st.just(math.nan),
    st.floats(0, 1),
    st.floats(0, 1e6),
    st.floats(0, 1e5),
)
def test_the_probabilities_sum_to_one(climb: float, height: float, unseen: float, place: float, out: float) -> None:
    found = ending(climb_mps=climb, height_agl_m=height, unseen=unseen, place_m=place, out_s=out)
    assert sum(astuple(found)) == pytest.approx(1.0)
    assert min(astuple(found)) >= 0.0


def test_level_and_high_where_nobody_looks_it_is_masked() -> None:
    assert ending(climb_mps=0.0, height_agl_m=1500.0, unseen=1.0).masked > 0.9


def test_the_more_surely_it_would_have_been_seen_the_less_it_is_masked() -> None:
    found = [ending(climb_mps=-2.0, height_agl_m=250.0, unseen=u, place_m=1000.0).masked for u in (1.0, 0.5, 0.05)]
    assert found == sorted(found, reverse=True) and found[-1] < 0.1


def test_sinking_low_at_a_strip_it_landed() -> None:
    assert ending(climb_mps=-2.5, height_agl_m=120.0, unseen=0.5, place_m=900.0).landed > 0.8


def test_falling_faster_than_any_approach_calls_the_rescue_desk_first() -> None:
    assert ending(climb_mps=-20.0, height_agl_m=250.0, unseen=0.3).rescue_first
    assert not ending(climb_mps=-2.5, height_agl_m=120.0, unseen=0.3, place_m=500.0).rescue_first


def test_on_its_way_out_over_the_edge_it_left() -> None:
    assert ending(climb_mps=0.0, height_agl_m=2000.0, unseen=0.5, out_s=40.0).left_area > 0.6


def test_nothing_known_gives_the_prior_without_leaving() -> None:
    found = ending()
    assert isinstance(found, Ending) and found.masked > 0.8 and not found.rescue_first
