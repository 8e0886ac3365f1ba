"""An account beside what could have been held instead: the figures, and what they do not say."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.core.errors import UsageError
from tradeworthy.reporting.benchmarks import (
    MOMENTS_MAX,
    Comparison,
    as_of,
    caveats,
    compare,
    held,
    last_of_each,
    scaled,
    whole_days,
)
from tradeworthy.reporting.curves import DAY_S
from tradeworthy.reporting.drawing import Point

BEGIN = 1_704_067_200.0  # 2024-01-01
VALUES = st.floats(0.01, 1e6, allow_nan=False)
STEPS = st.floats(60.0, 2 * DAY_S)


@st.composite
def curves(draw: st.DrawFn) -> list[Point]:
    """A curve of some points, from about the same time on."""
    count = draw(st.integers(2, 30))
    at, points = BEGIN + draw(st.floats(0.0, 3600.0)), []
    for _ in range(count):
        points.append((at, draw(VALUES)))
        at += draw(STEPS)
    return points


def daily(*values: float) -> list[Point]:
    """A value at each midnight."""
    return [(BEGIN + day * DAY_S, value) for day, value in enumerate(values)]


def caveats_of(found: Comparison, **told: object) -> str:
    """What is said of a comparison, in one text."""
    asked = {"exposure": 0.4, "made_up": False, "is_own": False, **told}
    return " ".join(caveats(found, **asked))  # type: ignore[arg-type]


@given(curves())
def test_beside_itself_an_account_differs_by_nothing(curve: list[Point]) -> None:
    """Return, drawdown and volatility are the same, and the difference has no error."""
    found = compare("itself", curve, curve)
    assert found.own == found.other
    assert found.difference == 0.0
    assert found.error in {None, 0.0}


@given(curves(), curves(), st.floats(0.01, 100.0))
def test_what_a_side_is_counted_in_does_not_matter(
    one: list[Point], other: list[Point], times: float
) -> None:
    """An index of 100 and one of 10,000 that move alike are one."""
    if max(one[0][0], other[0][0]) >= min(one[-1][0], other[-1][0]):
        return
    plain, more = compare("b", one, other), compare("b", one, [(at, value * times) for at, value in other])
    assert more.other.total_return == pytest.approx(plain.other.total_return, rel=1e-9, abs=1e-9)
    assert more.other.max_drawdown == pytest.approx(plain.other.max_drawdown, rel=1e-9, abs=1e-9)
    assert more.difference == pytest.approx(plain.difference, rel=1e-9, abs=1e-9)


@given(curves(), curves())
def test_figures_are_possible_and_both_sides_change_places(one: list[Point], other: list[Point]) -> None:
    """A drawdown is from 0 to 1, no return is under -1, and who is beside whom only turns the sign."""
    if max(one[0][0], other[0][0]) >= min(one[-1][0], other[-1][0]):
        return
    found, turned = compare("b", one, other), compare("a", other, one)
    for side in (found.own, found.other):
        assert 0.0 <= side.max_drawdown <= 1.0
        assert side.total_return > -1.0
        assert side.volatility is None or side.volatility >= 0.0
    assert (found.own, found.other) == (turned.other, turned.own)
    assert found.difference == pytest.approx(-turned.difference)
    assert [at for at, _ in found.own_curve] == [at for at, _ in found.other_curve]


def test_the_figures_of_a_pair_by_hand() -> None:
    """Total return, the deepest fall, the root of 365 times the daily deviation, and the error of the difference."""
    found = compare("index", daily(100, 110, 99, 108.9), daily(50, 50, 50, 55))
    assert (found.own.total_return, found.other.total_return) == pytest.approx((0.089, 0.1))
    assert found.own.max_drawdown == pytest.approx(0.1)
    assert found.other.max_drawdown == 0.0
    mean = (0.1 - 0.1 + 0.1) / 3
    deviation = math.sqrt(((0.1 - mean) ** 2 * 2 + (-0.1 - mean) ** 2) / 2)
    assert found.own.volatility == pytest.approx(deviation * math.sqrt(365))
    assert found.difference == pytest.approx(-0.011)
    gaps = (0.1, -0.1, 0.0)
    assert found.error == pytest.approx(math.sqrt(sum(gap**2 for gap in gaps) / 2) * math.sqrt(3))
    assert found.days == 3


def test_only_the_time_that_both_share_counts() -> None:
    """What the index did before the run began is none of its business."""
    index = daily(1, 2, 4, 4.4, 4.4, 100)
    found = compare("index", daily(0, 0, 10, 12, 12, 0)[2:5], index)
    assert (found.first, found.last) == (BEGIN + 2 * DAY_S, BEGIN + 4 * DAY_S)
    assert found.other.total_return == pytest.approx(0.1)


def test_series_that_share_no_time_are_refused() -> None:
    """A11: in one line, with both times."""
    with pytest.raises(UsageError, match=r"index has values from 2024-01-01 .* they don't overlap"):
        compare("index", [*daily(1, 2, 3)[2:], (BEGIN + 9 * DAY_S, 3)], daily(1, 2))
    with pytest.raises(UsageError, match="no equity curve yet"):
        compare("index", daily(1), daily(1, 2))


@given(curves(), st.integers(2, 40))
def test_a_thinned_series_keeps_its_ends(curve: list[Point], most: int) -> None:
    """And the last of each stretch, in order."""
    kept = last_of_each(curve, most)
    assert len(kept) <= max(most, 2)
    assert kept == sorted(kept)
    assert (kept[0], kept[-1]) == (curve[0], curve[-1])
    assert set(kept) <= set(curve)


def test_a_long_series_is_looked_at_so_often_and_no_more() -> None:
    """A year of minutes takes no longer than it must."""
    minutes = [(BEGIN + at * 60.0, 100.0 + at % 7) for at in range(20_000)]
    assert len(compare("index", minutes, minutes).own_curve) <= MOMENTS_MAX


def test_a_value_stands_until_the_next() -> None:
    """Also before the first, which is as far back as anybody knows."""
    points = [(10.0, 1.0), (20.0, 2.0)]
    assert as_of(points, [5.0, 10.0, 19.0, 20.0, 99.0]) == [
        *((5.0, 1.0), (10.0, 1.0), (19.0, 1.0), (20.0, 2.0), (99.0, 2.0))
    ]
    assert scaled([(0.0, 4.0), (1.0, 6.0)]) == [(0.0, 1.0), (1.0, 1.5)]
    assert whole_days(BEGIN + 1, BEGIN + 2.5 * DAY_S) == [BEGIN + DAY_S, BEGIN + 2 * DAY_S]


def test_equal_money_in_each_instrument_is_held() -> None:
    """The mean of what each came to; one that could not be bought at the begin is left out."""
    found = held(
        {"UP": daily(1, 2, 3), "DOWN": daily(10, 10, 5), "LATE": daily(0, 7, 700)[1:], "ONCE": daily(3)}
    )
    assert found is not None
    assert (found.names, found.left_out) == (("DOWN", "UP"), ("LATE", "ONCE"))
    assert [value for _, value in found.curve] == pytest.approx([1.0, 1.5, 1.75])
    assert held({}) is None
    assert held({"ONCE": daily(3)}) is None


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), curves(), min_size=1, max_size=4))
def test_what_is_held_lies_between_its_best_and_its_worst(prices: dict[str, list[Point]]) -> None:
    """At each moment, and it begins at 1."""
    found = held(prices)
    assert found is not None
    assert found.curve[0][1] == pytest.approx(1.0)
    begin = found.curve[0][0]
    for at, value in found.curve:
        each = [as_of(prices[name], [at])[0][1] / as_of(prices[name], [begin])[0][1] for name in found.names]
        assert min(each) * (1 - 1e-9) <= value <= max(each) * (1 + 1e-9)


def test_a_difference_that_may_be_luck_is_called_so() -> None:
    """Two standard errors are the least, and few days are told."""
    lucky = compare("index", daily(100, 110, 99, 108.9), daily(50, 50, 50, 55))
    assert "it may as well be luck" in caveats_of(lucky)
    steady = compare("index", daily(*(1.01**day for day in range(20))), daily(*[1.0] * 20))
    assert "luck" not in caveats_of(steady)
    assert "19 days show one kind of market" in caveats_of(steady)
    short = compare("index", daily(1, 2), daily(1, 1))
    assert "1 whole day is too few" in caveats_of(short)


def test_a_comparison_says_what_it_rests_on() -> None:
    """Exposure, costs, made-up markets, what was left out."""
    found = compare("index", daily(1, 2, 3, 4), daily(1, 1, 1, 1))
    assert "the run 40% on the average" in caveats_of(found)
    assert "pays no fee" in caveats_of(found, exposure=None)
    assert "on the average" not in caveats_of(found, exposure=None)
    assert "beside a real series its return means nothing" in caveats_of(found, made_up=True)
    assert "a made-up figure, too" in caveats_of(found, made_up=True, is_own=True)
    assert "Left out, for want of a price at the begin: LATE." in caveats_of(found, left_out=["LATE"])
