"""Lessons: the spec's edge to the digit, decay, shrinkage, and what must not change them."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.learning.closed_trades import ASOF, ENTRY, HOUR, SCOPE, TRIM, trades, world
from tradeworthy.learning.events import Lesson, Scope, TradeFact
from tradeworthy.learning.lessons import edge_of, mine_lessons, winsorised
from tradeworthy.learning.settings import LearningSettings

SETTINGS = LearningSettings()
DEEP = LearningSettings(depth_max=None)
SHALLOW = LearningSettings(n_min=12, depth_max=2, permutations=20)
BASE = {**SCOPE, "chain": "base"}


def mined(facts: list[TradeFact], limits: LearningSettings = SETTINGS) -> list[Lesson]:
    """The lessons of these facts."""
    return mine_lessons(facts, limits, ASOF)


def lesson(lessons: list[Lesson], scope: Scope, category: str = "entry") -> Lesson:
    """The one lesson of a category and a scope subset."""
    (found,) = (one for one in lessons if (one.action_category, one.scope_subset) == (category, scope))
    return found


def stat(one: Lesson, name: str) -> float:
    """A figure of a lesson."""
    value = one.stats[name]
    assert isinstance(value, int | float)
    return float(value)


def test_the_edge_has_the_specs_value() -> None:
    """L8: 40 trades of rr 1.5 on a baseline of 1.0."""
    edge = edge_of(40, 1.5, 0.0, 1.0)
    assert edge.support == pytest.approx(0.550671, abs=1e-6)
    assert edge.magnitude == pytest.approx(0.817574, abs=1e-6)
    assert edge.support + edge.magnitude + edge.time + edge.stability == pytest.approx(3.368246, abs=1e-6)
    assert edge.edge == pytest.approx(1.684123, abs=1e-6)
    assert edge.support * edge.reliability == pytest.approx(0.550671, abs=1e-6)


def test_variance_lowers_the_edge() -> None:
    """L8: rr alternating 1 and 2; the reliability has no 0.25 / n, as the vector shows."""
    edge = edge_of(40, 1.5, float(np.var([1.0, 2.0] * 20, ddof=1)), 1.0)
    assert edge.reliability == pytest.approx(0.795918, abs=1e-6)
    assert edge.edge == pytest.approx(1.259208, abs=1e-6)


def test_a_loss_has_a_negative_edge() -> None:
    """L8: 33 trades of rr 0 on a baseline of 0.5."""
    assert edge_of(33, 0.0, 0.0, 0.5).edge == pytest.approx(-1.491574, abs=1e-6)


def test_mined_lessons_carry_the_same_edge() -> None:
    """L8: the walk's sums give the formula's figures; N counts trades, and the slices wanted are there."""
    facts = [*trades(40, [1.0, 2.0] * 20, SCOPE), *trades(40, 0.5, BASE, 100)]
    found = lesson(mined(facts), {"chain": "solana"})
    assert found.n == 40
    assert stat(found, "baseline_rr") == pytest.approx(1.0)
    assert stat(found, "variance") == pytest.approx(0.256410, abs=1e-6)
    assert stat(found, "edge_raw") == pytest.approx(1.259208, abs=1e-6)
    assert found.stats["decay_state"] == "stable"
    assert lesson(mined(facts), {"chain": "solana", "market_family": "meme"}, "trim").n == 40


def test_dimensions_of_one_value_make_two_to_their_number_of_lessons() -> None:
    """L8: 6 dimensions, entry and trim: 64 lessons each; nothing from 32 trades."""
    assert len(mined(trades(40, 1.5, SCOPE), DEEP)) == 128
    assert len(mined(trades(33, 1.5, SCOPE), DEEP)) == 128
    assert mined(trades(32, 1.5, SCOPE)) == []
    assert mined([]) == []


def test_equal_results_have_no_edge() -> None:
    """L8: the baseline is the mean of all, so 33 trades of the golden packet's rr teach nothing."""
    for one in mined(trades(33, -0.083333, SCOPE)):
        assert abs(stat(one, "edge_raw")) < 1e-12
        assert stat(one, "q_value") == 1.0


def test_stats_are_native_values_that_json_takes() -> None:
    """Numbers of numpy don't reach a table."""
    lessons = mined(world(1, 120), SHALLOW)
    assert lessons
    assert msgspec.json.decode(msgspec.json.encode(lessons), type=list[Lesson]) == lessons
    kinds = {type(value) for one in lessons for value in one.stats.values()}
    assert kinds <= {int, float, str}


def test_decay_leaves_the_edge_alone() -> None:
    """B29: decay acts on confidence; the edge of results that fade is that of the same results in another order."""
    fading = [2.0 - 0.04 * number for number in range(40)]
    random.Random(1).shuffle(mixed := list(fading))
    others = trades(40, 0.5, BASE, 100)
    one = lesson(mined([*trades(40, fading, SCOPE), *others]), {"chain": "solana"})
    other = lesson(mined([*trades(40, mixed, SCOPE), *others]), {"chain": "solana"})
    assert one.stats["decay_state"] == "decaying"
    assert other.stats["decay_state"] == "stable"
    assert stat(one, "decay_multiplier") < 1.0
    assert stat(one, "edge_raw") == pytest.approx(stat(other, "edge_raw"))


def test_an_outlier_counts_less_in_the_shrunk_edge() -> None:
    """B30: one result of 10 makes an edge as mined, and hardly one when tails are clipped."""
    plain = [0.1, -0.1] * 100
    facts = [*trades(50, [*plain[:49], 10.0], SCOPE), *trades(150, plain[:150], BASE, 100)]
    found = lesson(mined(facts), {"chain": "solana"})
    assert stat(found, "edge_raw") > 0.1
    assert abs(stat(found, "edge_shrunk")) < 0.02
    assert stat(found, "q_value") > 0.5


def test_a_slice_is_drawn_to_its_parents() -> None:
    """B28: with few trades a slice says little beyond its parent, with shrink_n 0 it speaks for itself."""
    facts = [*trades(40, 1.5, SCOPE), *trades(40, -0.5, BASE, 100)]
    free = lesson(mined(facts, LearningSettings(shrink_n=0)), {"chain": "solana"})
    drawn = lesson(mined(facts), {"chain": "solana"})
    assert stat(free, "edge_shrunk") == pytest.approx(stat(free, "edge_raw"))
    assert 0 < stat(drawn, "edge_shrunk") < stat(free, "edge_shrunk")
    # 40 of 90 parts of 1.5, and 50 of the group's 0.5.
    assert stat(drawn, "edge_shrunk") == pytest.approx(edge_of(40, 0.5 + 40 / 90, 0.0, 0.5).edge)
    same = lesson(mined(facts), {"chain": "solana", "timeframe": "1h"})
    assert stat(same, "edge_shrunk") == pytest.approx(stat(drawn, "edge_shrunk"))


def test_winsorised_results_are_clipped_at_both_ends() -> None:
    """B30: what lies beyond the quantiles is moved to them."""
    results = np.arange(101.0)
    assert winsorised(results, 0.02).min() == 2.0
    assert winsorised(results, 0.02).max() == 98.0
    assert np.array_equal(winsorised(results, 0.0), results)


def test_only_the_newest_facts_up_to_the_time_are_mined() -> None:
    """B26: the newest events_max count, and none from after the time that the job was asked for."""
    old, new = trades(60, 1.0, SCOPE), trades(60, 2.0, SCOPE, 200)
    latest = mined([*new, *old], LearningSettings(events_max=120))
    assert lesson(latest, {}).stats["avg_rr"] == 2.0
    before = mine_lessons([*new, *old], SETTINGS, 199 * HOUR)
    assert lesson(before, {}).stats["avg_rr"] == 1.0


def test_the_order_of_facts_does_not_matter() -> None:
    """L8: lessons are the same to the last bit, whatever the order of rows and of dimensions in a scope."""
    facts = world(11, 200)
    expected = mined(facts, SHALLOW)
    draw = random.Random(4)
    turned = [
        msgspec.structs.replace(fact, scope=dict(draw.sample(sorted(fact.scope.items()), len(fact.scope))))
        for fact in facts
    ]
    draw.shuffle(turned)
    assert mined(turned, SHALLOW) == expected


def test_names_of_dimensions_do_not_matter() -> None:
    """L8: dimensions that swap their names give the same lessons under the other names."""
    names = {"chain": "timeframe", "timeframe": "chain", "curator": "E_mode", "E_mode": "curator"}

    def renamed(scope: Scope) -> Scope:
        return {names[name]: value for name, value in scope.items()}

    facts = world(12, 200)
    swapped = [msgspec.structs.replace(fact, scope=renamed(fact.scope)) for fact in facts]
    expected = {
        (one.pattern_key, json.dumps(one.scope_subset, sort_keys=True)): (one.n, one.stats)
        for one in mined(facts, SHALLOW)
    }
    found = {
        (one.pattern_key, json.dumps(renamed(one.scope_subset), sort_keys=True)): (one.n, one.stats)
        for one in mined(swapped, SHALLOW)
    }
    assert found == expected


@settings(max_examples=25)
@given(st.integers(0, 1000))
def test_repeating_every_action_changes_nothing(seed: int) -> None:
    """B27: n counts trades, so that the same actions twice give the same lessons but for the count of actions."""
    facts = world(seed, 60)
    again = [msgspec.structs.replace(fact, action=f"{fact.action}x") for fact in facts]

    def without_actions(lessons: list[Lesson]) -> list[Lesson]:
        return [
            msgspec.structs.replace(
                one, stats={name: value for name, value in one.stats.items() if name != "n_actions"}
            )
            for one in lessons
        ]

    assert without_actions(mined([*facts, *again], SHALLOW)) == without_actions(mined(facts, SHALLOW))


@settings(max_examples=25)
@given(st.integers(0, 1000))
def test_a_finer_slice_has_no_more_trades(seed: int) -> None:
    """L8: child n <= parent n, in each group."""
    lessons = mined(world(seed, 80), SHALLOW)
    trades_of = {(one.pattern_key, tuple(sorted(one.scope_subset.items()))): one.n for one in lessons}
    for (pattern, scope), n in trades_of.items():
        for left_out in scope:
            assert n <= trades_of[pattern, tuple(item for item in scope if item != left_out)]


def test_kernels_run_the_same_without_the_compiler() -> None:
    """A recorded job gives the same lessons, to the last bit, on a machine where nothing is compiled."""
    code = (
        "import msgspec, sys\n"
        "from tests.learning.closed_trades import ASOF, world\n"
        "from tradeworthy.learning.lessons import mine_lessons\n"
        "from tradeworthy.learning.settings import LearningSettings\n"
        "found = mine_lessons(world(2, 60), LearningSettings(n_min=12, depth_max=2, permutations=16), ASOF)\n"
        "sys.stdout.write(msgspec.json.encode(found).decode())\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    compiled = mined(world(2, 60), LearningSettings(n_min=12, depth_max=2, permutations=16))
    assert compiled
    assert msgspec.json.decode(done.stdout, type=list[Lesson]) == compiled


def test_lessons_are_named_by_their_group() -> None:
    """Lessons come by pattern, category, number of dimensions and scope."""
    lessons = mined(trades(40, 1.0, {"chain": "solana"}))
    assert [(one.pattern_key, one.action_category, one.scope_subset) for one in lessons] == [
        (ENTRY, "entry", {}),
        (ENTRY, "entry", {"chain": "solana"}),
        (TRIM, "trim", {}),
        (TRIM, "trim", {"chain": "solana"}),
    ]
    assert {one.lesson_type for one in lessons} == {"pm_strength"}
