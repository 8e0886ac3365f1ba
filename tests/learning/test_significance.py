"""Significance: shuffled outcomes teach nothing, planted effects are found, and redundant slices find nothing new."""

from __future__ import annotations

import random

import msgspec
import numpy as np
import pytest

from tests.learning.closed_trades import ASOF, ENTRY, SCOPE, trades, world
from tradeworthy.learning.events import Lesson, TradeFact
from tradeworthy.learning.judge import judge
from tradeworthy.learning.lessons import mine_lessons
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.learning.significance import count_extremes, shuffle

SETTINGS = LearningSettings(depth_max=2, permutations=100)
SOLANA = {"chain": "solana"}


def shuffled(facts: list[TradeFact], seed: int) -> list[TradeFact]:
    """The same trades with their results dealt out anew."""
    results = {fact.trade: fact.rr for fact in facts}
    dealt = list(results.values())
    random.Random(seed).shuffle(dealt)
    new = dict(zip(results, dealt, strict=True))
    return [msgspec.structs.replace(fact, rr=new[fact.trade]) for fact in facts]


def q_of(lessons: list[Lesson], scope: dict[str, str], pattern: str = ENTRY) -> float:
    """The q-value of a slice."""
    (one,) = (each for each in lessons if (each.pattern_key, each.scope_subset) == (pattern, scope))
    value = one.stats["q_value"]
    assert isinstance(value, float)
    return value


def test_shuffled_outcomes_teach_nothing() -> None:
    """P5, B28: over many shuffles of a real effect's outcomes the share with any finding stays within q_max."""
    runs = 120
    facts = world(1, 240, effect=1.0)
    sure = judged = 0
    for seed in range(runs):
        lessons = mine_lessons(shuffled(facts, seed), SETTINGS, ASOF)
        sure += any(one.stats["q_value"] <= SETTINGS.q_max for one in lessons)  # type: ignore[operator]
        judged += bool(judge(lessons, [], SETTINGS, ()))
    # Two standard errors of a share of 0.1 in 120 runs.
    assert sure / runs <= SETTINGS.q_max + 2 * (SETTINGS.q_max * (1 - SETTINGS.q_max) / runs) ** 0.5
    assert judged <= sure


@pytest.mark.parametrize(
    ("trades_of_slice", "effect", "power"), [(33, 1.0, 0.8), (100, 0.5, 0.8), (200, 0.4, 0.8)]
)
def test_a_planted_effect_is_found(trades_of_slice: int, effect: float, power: float) -> None:
    """P5: an effect of so many standard deviations in a third of the trades becomes an override of its slice."""
    runs = 20
    found = 0
    for seed in range(runs):
        facts = world(1000 + seed, 3 * trades_of_slice, effect)
        table = judge(mine_lessons(facts, SETTINGS, ASOF), [], SETTINGS, ())
        found += any(
            one.scope_subset == SOLANA and one.action_category == "entry" and one.multiplier > 1
            for one in table
        )
    assert found / runs >= power


def test_a_finer_slice_of_an_effect_is_no_finding_of_its_own() -> None:
    """B28: where the chain decides, the chain with a curator is not sure, though its edge is as large."""
    lessons = mine_lessons(world(5, 600, effect=1.5), SETTINGS, ASOF)
    assert q_of(lessons, SOLANA) <= 0.01
    finer = [one for one in lessons if one.scope_subset.keys() > SOLANA.keys() and one.pattern_key == ENTRY]
    finer = [one for one in finer if one.scope_subset["chain"] == "solana"]
    assert len(finer) > 3
    assert all(float(str(one.stats["edge_raw"])) > 0.5 for one in finer)
    assert all(float(str(one.stats["q_value"])) > SETTINGS.q_max for one in finer)


def test_a_longer_name_for_the_same_trades_is_as_sure() -> None:
    """L9: a dimension that all trades share neither adds nor takes evidence."""
    facts = [*trades(40, 1.5, SCOPE), *trades(40, -0.5, {**SCOPE, "chain": "base"}, 100)]
    lessons = mine_lessons(facts, SETTINGS, ASOF)
    assert q_of(lessons, SOLANA) == q_of(lessons, {**SOLANA, "market_family": "meme"}) == 1 / 101
    assert q_of(lessons, {}) == q_of(lessons, {"market_family": "meme"}) == 1.0


def test_a_group_that_returns_more_is_sure_but_its_scopes_are_not() -> None:
    """B28: a difference between groups is the group's, and not that of each value that occurs in it."""
    better = [
        msgspec.structs.replace(
            fact,
            pattern_key="pm.uptrend.S3.dx",
            action_category="add",
            rr=fact.rr + 1.0,
            trade=f"b{fact.trade}",
        )
        for fact in world(2, 200)
        if fact.action_category == "entry"
    ]
    lessons = mine_lessons([*world(3, 200), *better], SETTINGS, ASOF)
    assert q_of(lessons, {}, "pm.uptrend.S3.dx") <= 0.01
    inner = [one for one in lessons if one.pattern_key == "pm.uptrend.S3.dx" and one.scope_subset]
    assert inner
    assert all(float(str(one.stats["q_value"])) > SETTINGS.q_max for one in inner)


def test_one_trade_with_many_actions_is_no_evidence() -> None:
    """B27: 60 adds of one lucky trade don't make its curator sure."""
    adds = [
        TradeFact("lucky", str(number), ENTRY, "entry", {"curator": "ann"}, 9.0, 1.0, number)
        for number in range(60)
    ]
    plain = [
        TradeFact(
            f"t{number}", "0", ENTRY, "entry", {"curator": ("ann", "bob")[number % 2]}, 0.0, 1.0, number
        )
        for number in range(80)
    ]
    lessons = mine_lessons([*adds, *plain], SETTINGS, ASOF)
    (ann,) = (one for one in lessons if one.scope_subset == {"curator": "ann"})
    assert ann.n == 41
    assert q_of(lessons, {"curator": "ann"}) > SETTINGS.q_max


def test_without_permutations_nothing_is_sure() -> None:
    """P5: no test, no override."""
    facts = [*trades(40, 1.5, SCOPE), *trades(40, -0.5, {**SCOPE, "chain": "base"}, 100)]
    none = LearningSettings(permutations=0)
    lessons = mine_lessons(facts, none, ASOF)
    assert {one.stats["q_value"] for one in lessons} == {1.0}
    assert judge(lessons, [], none, ()) == []


def test_the_seed_decides_the_shuffles() -> None:
    """A job gives the same lessons again, and another seed other p-values."""
    facts = world(9, 150, effect=0.5)
    first, again = (mine_lessons(facts, SETTINGS, ASOF) for _ in range(2))
    assert first == again
    other = mine_lessons(facts, SETTINGS.model_copy(update={"seed": 5}), ASOF)
    assert [one.stats["edge_raw"] for one in other] == [one.stats["edge_raw"] for one in first]
    assert [one.stats["p_value"] for one in other] != [one.stats["p_value"] for one in first]


def test_a_shuffle_keeps_each_groups_results() -> None:
    """Within a group results are dealt out anew, none is lost, and groups of the same trades are shuffled alike."""
    trade = np.array([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 1, 3], np.int64)
    results = np.array([0.5, 1.5, 2.5, 3.5, 4.5])
    columns, totals = np.zeros((12, 4)), np.zeros((3, 2))
    seeds = np.array([[1, 2], [77, 99]], np.int64)
    shuffle(trade, np.arange(12), np.array([0, 5, 10, 12]), results, seeds, columns, totals)
    for number in range(2):
        assert sorted(columns[:5, number]) == sorted(columns[5:10, number]) == sorted(results)
        assert np.array_equal(columns[:5, number], columns[5:10, number])
        assert sorted(columns[10:, number]) == [1.5, 3.5]
    assert np.array_equal(columns[:, 2:], columns[:, :2] ** 2)
    assert np.allclose(totals[:2], results.sum())


def test_shuffles_are_uniform() -> None:
    """Each of the 24 orders of four trades comes about equally often."""
    counts: dict[tuple[float, ...], int] = {}
    rounds = 2400
    seeds = np.column_stack([np.arange(1, rounds + 1) * 7919, np.arange(1, rounds + 1) * 104_729])
    columns, totals = np.zeros((4, 2 * rounds)), np.zeros((1, rounds))
    shuffle(np.arange(4), np.arange(4), np.array([0, 4]), np.arange(4.0), seeds, columns, totals)
    for number in range(rounds):
        order = tuple(columns[:, number].tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 24
    # Chi squared with 23 degrees of freedom is over 49.7 once in 1,000.
    assert sum((count - 100) ** 2 / 100 for count in counts.values()) < 49.7


def test_the_best_statistic_of_a_shuffle_counts_against_all_that_are_better() -> None:
    """Step-down maxT: a slice is held against the best of those that are no better than it."""
    observed = np.array([3.0, -1.0, 2.0])
    order = np.array([1, 2, 0], np.int64)
    alone, among = np.zeros(3, np.int64), np.zeros(3, np.int64)
    count_extremes(observed, order, np.array([[0.5], [2.5], [-1.0]]), alone, among)
    assert alone.tolist() == [0, 1, 0]
    assert among.tolist() == [0, 1, 1]
