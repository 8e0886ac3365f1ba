"""The orders of the averages."""

import msgspec
import pytest
from hypothesis import given

from tests.desks.uptrend.seeing import BEARISH, BULLISH, EQUAL, averages
from tradeworthy.desks.uptrend.bands import orders
from tradeworthy.desks.uptrend.payloads import Emas


def test_the_falling_bands_are_the_bearish_order_with_the_fast_ones_at_the_bottom() -> None:
    """L4: T1 of the vectors."""
    held = orders(BEARISH)
    assert held.bearish
    assert held.fast_at_bottom
    assert held.all_below_333
    assert not held.bullish


def test_the_rising_bands_are_the_bullish_order() -> None:
    """L4: T2 of the vectors."""
    held = orders(BULLISH)
    assert held.bullish
    assert held.fast_above_60
    assert not held.bearish


def test_averages_that_are_equal_are_in_no_order() -> None:
    """L4: T6 of the vectors: a tie makes an order false."""
    assert not any(orders(EQUAL))


@pytest.mark.parametrize("name", ["ema20", "ema30", "ema60", "ema144", "ema250"])
def test_one_tie_with_the_next_average_undoes_an_order(name: str) -> None:
    """L4: the inequalities are strict at each place."""
    after = {"ema20": "ema60", "ema30": "ema60", "ema60": "ema144", "ema144": "ema250", "ema250": "ema333"}
    for emas in (BEARISH, BULLISH):
        tied = msgspec.structs.replace(emas, **{name: getattr(emas, after[name])})
        assert not orders(tied).bearish
        assert not orders(tied).bullish


def test_ema30_counts_in_each_order() -> None:
    """B1: an EMA30 that is missing or out of place makes no order true."""
    assert not orders(msgspec.structs.replace(BULLISH, ema30=5.5)).bullish
    assert not orders(msgspec.structs.replace(BEARISH, ema30=2.5)).bearish
    assert not orders(msgspec.structs.replace(BULLISH, ema30=0.0)).fast_above_60


@given(averages())
def test_the_bearish_order_has_the_fast_bands_at_the_bottom_and_all_below_333(emas: Emas) -> None:
    """L4: the first of the logical vectors."""
    held = orders(emas)
    assert not held.bearish or (held.fast_at_bottom and held.all_below_333)


@given(averages())
def test_the_two_orders_exclude_each_other(emas: Emas) -> None:
    """L4: no bands are bullish and bearish."""
    held = orders(emas)
    assert not (held.bullish and (held.bearish or held.fast_at_bottom or held.all_below_333))


@given(averages())
def test_swapping_ema20_and_ema30_changes_nothing(emas: Emas) -> None:
    """L4: the two fast averages are never compared with each other."""
    assert orders(msgspec.structs.replace(emas, ema20=emas.ema30, ema30=emas.ema20)) == orders(emas)
