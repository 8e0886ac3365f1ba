"""Figures in words that fit a telephone."""

import pytest

from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.store.alert_words import SECOND, duration, money, percent, signed, times


@pytest.mark.parametrize(
    ("cash", "text"),
    [
        (0, "0.00"),
        (CASH_UNIT, "1.00"),
        (-5_482_902_396, "-54.83"),
        (100_500_000, "1.01"),
        (-100_500_000, "-1.01"),
        (32_182_000, "0.32"),
        (999_999, "0.00999999"),
        (-1, "-0.00000001"),
    ],
)
def test_money_is_rounded_unless_it_is_small(cash: int, text: str) -> None:
    """To the hundredth, halves away from zero; less than that is said exactly."""
    assert money(cash) == text


def test_results_have_their_sign() -> None:
    """Nothing is a plus, and a part of nothing is no figure."""
    assert [signed(cash) for cash in (0, 2 * CASH_UNIT, -2 * CASH_UNIT)] == ["+0.00", "+2.00", "-2.00"]
    assert [percent(1, 200), percent(-1, 200), percent(1, 0)] == ["+0.50%", "-0.50%", "-"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (59, "59 s"),
        (60, "1 min 0 s"),
        (3_599, "59 min 59 s"),
        (3_780, "1 h 3 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_length_of_time_has_two_units(seconds: int, text: str) -> None:
    """As long as it says something."""
    assert duration(seconds * SECOND) == text
    assert [times(1), times(3)] == ["once", "3 times"]
