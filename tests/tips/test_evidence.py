"""The leak statistic: worked values, martingale property, error rates under peeking, power, confounding."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nchypergeom_fisher

from waman.tips.evidence import (
    NO_SHOW,
    SHOW,
    UNSEEN,
    bar_of,
    canary_evidence,
    e_bh,
    ideal_tips_needed,
    named,
    running_evidence,
    tips_needed,
)
from waman.tips.leak import leak_test
from waman.tips.observed import p_value, sensitivity
from waman.tips.table import TipRow

WORKED = tomllib.loads((Path(__file__).parents[2] / "authorities" / "leak.toml").read_text(encoding="utf-8"))
EMPTY = np.empty(0)


def running(told: list[int], outcome: list[int], share: float = 0.5, pd: float = 1.0) -> np.ndarray:
    n = len(told)
    return running_evidence(np.array(told)[:, None], np.array(outcome), np.full((n, 1), share), np.full(n, pd))[:, 0]


def test_the_worked_values_come_out() -> None:
    assert running([1, 1, 1, 0], [0, 0, 0, 1])[-1] == pytest.approx(WORKED["article_table"], abs=0.005)
    turn = [0, 1] * 4
    separated = running(turn, [1 - t for t in turn])
    for n, value in WORKED["separation"].items():
        assert separated[int(n) - 1] == pytest.approx(value, abs=0.006)
    told = running([1] * 8, [0] * 8)
    for n, value in WORKED["told_no_show_only"].items():
        assert told[int(n) - 1] == pytest.approx(value, abs=0.006)
    assert canary_evidence(np.ones(4), 4) == pytest.approx(WORKED["canary_matches_v4"], abs=0.005)
    assert p_value(3, 3, 3, 4) == pytest.approx(WORKED["fisher_article"])


def test_how_many_tips_would_do() -> None:
    assert tips_needed(EMPTY, EMPTY, EMPTY, EMPTY, 20.0) == 7
    assert ideal_tips_needed(1.0, 20.0) == 5
    assert tips_needed(np.ones(8), np.zeros(8), np.full(8, 0.5), np.ones(8), 20.0) == 0
    assert bar_of(1) == 20.0 and bar_of(6) == pytest.approx(60.0)


@given(st.floats(0.2, 0.8), st.floats(0.0, 1.0), st.sampled_from([SHOW, NO_SHOW, UNSEEN]))
def test_every_factor_is_fair_under_the_null(share: float, pd: float, outcome: int) -> None:
    told = running([1], [outcome], share, pd)[0]
    untold = running([0], [outcome], share, pd)[0]
    assert share * told + (1 - share) * untold == pytest.approx(1.0, rel=1e-12)


@given(st.integers(2, 12))
def test_every_canary_factor_is_fair_under_the_null(variants: int) -> None:
    hit, miss = canary_evidence(np.array([1]), variants)[0], canary_evidence(np.array([0]), variants)[0]
    assert hit / variants + miss * (1 - 1 / variants) == pytest.approx(1.0, rel=1e-12)
    assert canary_evidence(np.array([-1]), variants)[0] == 1.0


@given(st.lists(st.floats(0.01, 1000), min_size=1, max_size=30), st.floats(0.01, 0.5))
def test_e_bh_is_its_definition(values: list[float], rate: float) -> None:
    down = sorted(values, reverse=True)
    best = max((r for r in range(1, len(down) + 1) if down[r - 1] >= len(down) / (rate * r)), default=0)
    expected = [best > 0 and v >= down[best - 1] for v in values]
    assert e_bh(np.array(values), rate).tolist() == expected


def simulate(
    runs: int,
    tips: int,
    units: int,
    leakers: int,
    *,
    show: float = 0.6,
    strength: float = 0.9,
    pd: float = 1.0,
    seed: int,
) -> np.ndarray:
    """Named units after every tip, (runs, tips, units): fair coins, the first ``leakers`` units leak."""
    rng = np.random.default_rng(seed)
    told = rng.random((runs, tips, units)) < 0.5
    leak = told[..., :leakers].any(axis=-1)
    shows = rng.random((runs, tips)) < np.where(leak, show * (1 - strength), show)
    seen = shows & (rng.random((runs, tips)) < pd)
    return named(running_evidence(told, seen, np.full(told.shape, 0.5), np.full((runs, tips), pd)))


@pytest.mark.parametrize(("units", "bound"), [(1, 0.05), (6, 0.10), (24, 0.10)])
def test_with_nobody_leaking_and_a_look_after_every_tip_few_are_ever_named(units: int, bound: float) -> None:
    named_ever = [simulate(100, 60 if units < 24 else 40, units, 0, seed=s).any(axis=(1, 2)) for s in range(20)]
    rate = np.concatenate(named_ever).mean()
    assert rate <= bound, rate


def test_a_leaking_unit_is_found_within_forty_tips_four_times_in_five() -> None:
    hits = np.concatenate([simulate(250, 40, 6, 1, seed=100 + s)[..., 0].any(axis=1) for s in range(8)])
    assert hits.mean() >= 0.80, hits.mean()


def test_knowing_how_well_one_sees_beats_counting_every_unseen_show_as_a_no_show() -> None:
    rng = np.random.default_rng(5)
    told = rng.random((400, 60, 1)) < 0.5
    shows = rng.random((400, 60)) < np.where(told[..., 0], 0.07, 0.7)
    seen = shows & (rng.random((400, 60)) < 0.5)
    half = running_evidence(told, seen, np.full(told.shape, 0.5), np.full((400, 60), 0.5))
    blind = running_evidence(told, seen, np.full(told.shape, 0.5), np.ones((400, 60)))
    assert np.median(np.log(half[:, -1, 0])) > np.median(np.log(blind[:, -1, 0]))


def test_a_canary_names_its_unit_after_a_median_of_four_tips() -> None:
    rng = np.random.default_rng(9)
    given_, leaked = rng.integers(0, 4, (500, 20, 6)), rng.integers(0, 4, (500, 20))
    reacts = rng.random((500, 20)) < 0.9
    shown = np.where(reacts, given_[..., 0], leaked)  # the first unit leaks, the reaction follows with chance .9
    evidence = np.stack([canary_evidence((given_[..., k] == shown).astype(int), 4) for k in range(6)], axis=-1)
    hit = e_bh(evidence)[..., 0]
    first = np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, 99)
    assert np.median(first) <= 4


def test_confounded_sharing_with_the_flag_set_but_no_ledger_names_nobody_in_two_thousand_runs() -> None:
    rng = np.random.default_rng(3)
    would_be = 0
    for _ in range(2000):
        hard = rng.normal(size=30)
        told = rng.random(30) < 1 / (1 + np.exp(-2 * hard))  # harder tips are shared wider; nobody leaks
        shows = rng.random(30) < 1 / (1 + np.exp(1.5 * hard))
        rows = [
            TipRow(
                f"T{i}",
                None,
                True,
                {"u": 0.5},
                frozenset({"u"} if told[i] else ()),
                "show" if shows[i] else "no_show",
                1.0,
            )
            for i in range(30)
        ]
        would_be += bool(named(running_evidence(told[:, None], shows, np.full((30, 1), 0.5), np.ones(30))[-1])[0])
        result = leak_test(rows[:30], "no")
        assert not any(unit.accused for unit in result.units)
    assert would_be > 200, "the same rows, taken at their word, would have named the unit"


def test_a_hidden_cause_undoes_an_observed_table() -> None:
    assert sensitivity(3, 3, 3, 4) is None
    for gamma in (1.0, 1.7, 4.0):
        assert p_value(9, 12, 13, 30, gamma) == pytest.approx(nchypergeom_fisher.sf(8, 30, 13, 12, gamma))
    strong = sensitivity(9, 12, 13, 30)
    assert strong is not None and 1 < strong < 10


def test_coins_and_variants_together_name_the_innocent_no_more_often_than_promised() -> None:
    rng = np.random.default_rng(21)
    runs, tips, units = 2000, 40, 6
    told = rng.random((runs, tips, units)) < 0.5
    shows = rng.random((runs, tips)) < 0.6
    coins = running_evidence(told, shows, np.full(told.shape, 0.5), np.ones((runs, tips)))
    given_, reaction = rng.integers(0, 4, told.shape), rng.integers(0, 4, (runs, tips))
    seen = rng.random((runs, tips)) < 0.5
    matched = np.where(told & seen[..., None], given_ == reaction[..., None], -1)
    evidence = np.stack([canary_evidence(matched[..., k], 4) for k in range(units)], axis=-1) * coins
    assert named(evidence).any(axis=(1, 2)).mean() <= 0.10


def test_a_reaction_to_a_units_own_variant_names_it_sooner_than_coins_alone() -> None:
    rows = []
    for i in range(14):
        told = i % 2 == 0
        shared = frozenset({"u", "v"} if told else {"v"})
        row = TipRow(f"T{i}", None, True, {"u": 0.5, "v": 0.5}, shared, "no_show" if told else "show", 1.0)
        rows.append(
            replace(row, variants={"u": i % 4, "v": (i + 1) % 4}, variant_count=4, reaction=i % 4) if told else row
        )
    both = {u.unit: u for u in leak_test(rows[:8], "assumed").units}
    plain = {
        u.unit: u
        for u in leak_test([replace(r, variants={}, variant_count=0, reaction=None) for r in rows[:8]], "assumed").units
    }
    assert both["u"].accused and not both["v"].accused and both["u"].e_value > plain["u"].e_value
    assert both["u"].e_value == pytest.approx(both["u"].e_coins * both["u"].e_variants)
    assert both["v"].e_variants < 1
