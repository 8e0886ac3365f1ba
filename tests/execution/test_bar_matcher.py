"""At which price, and how much, a closed bar fills."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.execution.trading import BUY, MINUTE, SELL, instrument
from tradeworthy.core.errors import UsageError
from tradeworthy.execution.bar_matcher import (
    Touch,
    closed_at,
    lots_on_offer,
    touch_close,
    touch_open,
    touch_range,
)
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.instruments import Side
from tradeworthy.market.money import Scale

SCALE = Scale(instrument("A"))


def bar(opens: float, high: float, low: float, close: float, volume: float = 100.0) -> BarClosed:
    """A minute bar that opens at 0."""
    return BarClosed("A", "1m", 0, opens, high, low, close, volume)


def test_floats_become_ticks_against_the_order() -> None:
    """A price between two ticks is the dearer one for a buy, the cheaper for a sell."""
    between = bar(1.005, 1.005, 1.005, 1.005)
    assert touch_open(BUY, None, between, SCALE, rested=False) == Touch(101, inside=False)
    assert touch_open(SELL, None, between, SCALE, rested=False) == Touch(100, inside=False)
    assert touch_close(BUY, None, between, SCALE) == Touch(101, inside=False)
    assert touch_close(SELL, None, between, SCALE) == Touch(100, inside=False)


def test_a_bar_under_one_tick_offers_nothing() -> None:
    """A sale there would have no price, and a buy would pay a whole tick."""
    assert lots_on_offer(bar(0.01, 0.01, 0.01, 0.01), SCALE, 1.0) > 0
    assert lots_on_offer(bar(0.01, 0.01, 0.0001, 0.01), SCALE, 1.0) == 0


@pytest.mark.parametrize(
    ("side", "limit", "rested", "fills"),
    [
        (BUY, 100, False, True),
        (BUY, 99, False, False),
        (BUY, 100, True, False),
        (BUY, 101, True, True),
        (SELL, 100, False, True),
        (SELL, 101, False, False),
        (SELL, 100, True, False),
        (SELL, 99, True, True),
    ],
)
def test_an_open_fills_what_arrives_and_what_it_gapped_through(
    side: Side, limit: int, *, rested: bool, fills: bool
) -> None:
    """At the open, at the open's price: a limit that rested needs a tick more than one that arrives."""
    touch = touch_open(side, limit, bar(1.0, 1.0, 1.0, 1.0), SCALE, rested=rested)
    assert touch == (Touch(100, inside=False) if fills else None)


@pytest.mark.parametrize(
    ("side", "limit", "fills"),
    [(BUY, 90, False), (BUY, 91, True), (SELL, 110, False), (SELL, 109, True)],
)
def test_a_resting_limit_needs_to_be_traded_through_by_a_tick(side: Side, limit: int, *, fills: bool) -> None:
    """A touch is not enough; the price is the order's own limit."""
    touch = touch_range(side, limit, bar(1.0, 1.10, 0.90, 1.0), SCALE)
    assert touch == (Touch(limit, inside=True) if fills else None)


def test_a_low_between_ticks_counts_as_the_higher_tick() -> None:
    """0.905 is no full tick below 0.91 for a buy."""
    assert touch_range(BUY, 91, bar(1.0, 1.0, 0.905, 1.0), SCALE) is None
    assert touch_range(BUY, 92, bar(1.0, 1.0, 0.905, 1.0), SCALE) == Touch(92, inside=True)


def test_a_market_order_takes_nothing_within_the_bar() -> None:
    """It has the open; the range is for limits."""
    assert touch_range(BUY, None, bar(1.0, 2.0, 0.5, 1.0), SCALE) is None


@pytest.mark.parametrize(
    ("volume", "participation", "lots"),
    [(0.0, 1.0, 0), (100.9, 1.0, 100), (100.0, 0.25, 25), (3.9, 0.25, 0), (1e30, 1.0, 1_000_000)],
)
def test_the_size_on_offer_is_the_share_of_the_volume_rounded_down(
    volume: float, participation: float, lots: int
) -> None:
    """Never more than `lots_max`, and nothing in a bar without volume."""
    assert lots_on_offer(bar(1.0, 1.0, 1.0, 1.0, volume), SCALE, participation) == lots


def test_a_bar_with_an_impossible_price_is_refused() -> None:
    """A price of zero can't be traded at."""
    with pytest.raises(UsageError, match=r"price 0\.0"):
        touch_open(BUY, None, bar(0.0, 1.0, 0.0, 1.0), SCALE, rested=False)


def test_a_bar_closes_one_length_after_its_open() -> None:
    """Of a timeframe that is not known the length is 0."""
    assert closed_at(bar(1.0, 1.0, 1.0, 1.0)) == MINUTE
    assert closed_at(BarClosed("A", "tick", 5, 1.0, 1.0, 1.0, 1.0, 1.0)) == 5


@given(
    prices=st.lists(st.integers(1, 3000), min_size=4, max_size=4),
    side=st.sampled_from(list(Side)),
    limit=st.none() | st.integers(1, 300),
    rested=st.booleans(),
)
def test_no_touch_is_beyond_the_limit_nor_better_than_the_bar(
    prices: list[int], side: Side, limit: int | None, *, rested: bool
) -> None:
    """Whatever the bar: a fill respects the limit, and is never better than the best that was traded."""
    low, opens, close, high = sorted(prices)
    if side is SELL:
        opens, close = close, opens
    one = bar(opens / 1000, high / 1000, low / 1000, close / 1000)
    for touch in (
        touch_open(side, limit, one, SCALE, rested=rested),
        touch_close(side, limit, one, SCALE),
        touch_range(side, limit, one, SCALE),
    ):
        if touch is not None:
            assert limit is None or (limit - touch.ticks) * side.sign >= 0
            best = low if side is BUY else high
            assert (touch.ticks - best / 10) * side.sign >= 0
            assert touch.inside or low / 10 - 1 < touch.ticks < high / 10 + 1
