"""Scores of realised results, and shares within limits that add up."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.desks.arbitrage.config import AllocatorSettings
from tradeworthy.desks.arbitrage.scoring import pour, score, share_max, shares, t_statistic, wilson_lower

SETTINGS = AllocatorSettings()
CASH = 100_000_000
NOISE = 1e-9

scores_of = st.lists(st.floats(0, 4.3).map(lambda one: 0.0 if one < 1e-3 else one), min_size=1, max_size=12)


def legacy_shares(pnls: list[float], win_rates: list[float]) -> list[float]:
    """The older formula: clamp, then renormalise; what it breaks is shown once, here."""
    scores = [
        max(0.1, max(0.0, pnl / 100 + 1) + 0.5 * rate) for pnl, rate in zip(pnls, win_rates, strict=True)
    ]
    clamped = [min(0.50, max(0.05, one / sum(scores))) for one in scores]
    return [one / sum(clamped) for one in clamped]


def test_the_older_formula_breaks_its_own_cap() -> None:
    """Scores 1.8 and 0.9: clamped to .5 and .333, renormalised to .6 and .4, over the cap of .5."""
    assert legacy_shares([50, -30], [0.6, 0.4]) == pytest.approx([0.6, 0.4])


def test_the_same_scores_keep_within_the_cap_here() -> None:
    """Scores 1.8 and 0.9 among two: two thirds and one third, under the cap of .8; a rebalance moves 10 points."""
    assert shares([1.8, 0.9], SETTINGS) == pytest.approx([2 / 3, 1 / 3])
    assert shares([1.8, 0.9], SETTINGS, [0.5, 0.5]) == pytest.approx([0.6, 0.4])
    assert shares([1.8, 0.9], SETTINGS, [0.6, 0.4]) == pytest.approx([2 / 3, 1 / 3])


@pytest.mark.parametrize(("strategies", "most"), [(1, 0.5), (2, 0.8), (3, 1.6 / 3), (4, 0.5), (10, 0.5)])
def test_the_cap_grows_where_few_share(strategies: int, most: float) -> None:
    """max(.50, 1.6 / n) from two on; a lone strategy keeps to .50, and the rest is cash."""
    assert share_max(strategies, SETTINGS) == pytest.approx(most)


def test_a_lone_strategy_leaves_the_rest_as_cash() -> None:
    """min(max_share, 1), whatever its score; none at all is no error."""
    assert shares([4.0], SETTINGS) == [0.5]
    assert shares([0.0], SETTINGS) == [0.5]
    assert shares([2.0], AllocatorSettings(max_share=1.0)) == [1.0]
    assert shares([], SETTINGS) == []


def test_infeasible_caps_leave_cash() -> None:
    """Two parts of at most .3 each make .6; lows of more than 1 together are lowered to equal parts."""
    assert pour([1.0, 5.0], [0.0, 0.0], [0.3, 0.3]) == [0.3, 0.3]
    assert shares([1.0] * 30, SETTINGS) == pytest.approx([1 / 30] * 30)


@given(scores=scores_of)
def test_shares_keep_order_caps_and_sum(scores: list[float]) -> None:
    """All of 1 is shared wherever that is feasible, within the limits, more to the higher score."""
    found = shares(scores, SETTINGS)
    high = share_max(len(scores), SETTINGS)
    low = min(SETTINGS.min_share, 1 / len(scores))
    assert all(low - NOISE <= one <= high + NOISE for one in found)
    assert sum(found) == pytest.approx(min(1.0, len(scores) * high))
    for mine, my_score in zip(found, scores, strict=True):
        for other, other_score in zip(found, scores, strict=True):
            assert my_score < other_score or mine >= other - NOISE


@given(
    parts=st.lists(
        st.tuples(st.floats(0.01, 5), st.floats(0, 0.3), st.floats(0, 0.7)), min_size=1, max_size=8
    )
)
def test_pouring_is_what_a_search_for_the_level_finds(parts: list[tuple[float, float, float]]) -> None:
    """Each part is clamp(level * weight): the level by bisection is the independent computation."""
    weights, lows, widths = (list(column) for column in zip(*parts, strict=True))
    highs = [low + width for low, width in zip(lows, widths, strict=True)]

    def at(level: float) -> list[float]:
        rows = zip(weights, lows, highs, strict=True)
        return [min(high, max(low, level * weight)) for weight, low, high in rows]

    below, above = 0.0, 1e6
    for _ in range(200):
        middle = (below + above) / 2
        below, above = (middle, above) if sum(at(middle)) < 1 else (below, middle)
    assert pour(weights, lows, highs) == pytest.approx(at(above), abs=1e-7)


@given(scores=scores_of, earlier=st.lists(scores_of, max_size=5))
def test_a_rebalance_moves_no_share_by_more_than_a_step(
    scores: list[float], earlier: list[list[float]]
) -> None:
    """At most 10 points at a time, the sum as it was, and a goal that stays is reached."""
    before = shares([1.0] * len(scores), SETTINGS)
    for wanted in [*(one for one in earlier if len(one) == len(scores)), *[scores] * 12]:
        after = shares(wanted, SETTINGS, before)
        assert all(
            abs(new - old) <= SETTINGS.step_max + NOISE for new, old in zip(after, before, strict=True)
        )
        assert sum(after) == pytest.approx(sum(before))
        before = after
    assert before == pytest.approx(shares(scores, SETTINGS), abs=1e-6)


@given(results=st.lists(st.integers(-(10**12), 10**12), max_size=60))
def test_a_score_is_bounded_and_the_order_of_results_does_not_matter(results: list[int]) -> None:
    """0 to 1 + 3 + .25; the exact sums make it the same to the last bit in any order."""
    assert 0.0 <= score(results) <= 1 + 3 + 0.25
    assert score(results) == score(results[::-1])


@given(results=st.lists(st.integers(-(10**10), 10**10), min_size=5, max_size=40))
def test_t_is_the_textbook_s(results: list[int]) -> None:
    """Mean over standard error, clipped at 3; equal results have no spread and the sign of their mean."""
    deviation = statistics.stdev(results)
    if deviation:
        wanted = statistics.fmean(results) / deviation * math.sqrt(len(results))
        assert t_statistic(results) == pytest.approx(max(-3.0, min(3.0, wanted)), abs=1e-9)
    else:
        assert t_statistic(results) == pytest.approx(3.0 * ((results[0] > 0) - (results[0] < 0)))


def test_four_results_say_nothing_of_a_mean() -> None:
    """Under five, t is 0, and only the win rate counts."""
    assert t_statistic([CASH] * 4) == 0.0
    assert score([CASH] * 4) == pytest.approx(1 + 0.25 * wilson_lower(4, 4))
    assert score([CASH] * 5) == pytest.approx(1 + 3 * 5 / 25 + 0.25 * wilson_lower(5, 5))
    assert score([-CASH] * 400) == 0.0
    assert score([]) == 1.0


@pytest.mark.parametrize(
    ("wins", "trials", "lower"), [(0, 0, 0.0), (0, 10, 0.0), (6, 10, 0.312674), (10, 10, 0.722467)]
)
def test_wilson_s_lower_bound(wins: int, trials: int, lower: float) -> None:
    """Figures of the textbook's 95 % interval."""
    assert wilson_lower(wins, trials) == pytest.approx(lower, abs=1e-6)
