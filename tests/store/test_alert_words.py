"""Figures in words that fit a telephone."""

import pytest

from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.store.alert_words import (
    SECOND,
    duration,
    money,
    percent,
    plain,
    signed,
    times,
    token_name,
    trader,
)


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
        (60, "1 min"),
        (7_200, "2 h"),
        (86_460, "1 d"),
        (3_599, "59 min 59 s"),
        (3_780, "1 h 3 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_length_of_time_has_two_units(seconds: int, text: str) -> None:
    """As long as it says something."""
    assert duration(seconds * SECOND) == text
    assert [times(1), times(3)] == ["Once", "3 times"]


def test_codes_are_spoken_and_words_are_left_alone() -> None:
    """What a person or a system wrote may hold a name with an underscore."""
    assert plain("take_profit") == "take profit"
    assert plain("no such file a_b.json") == "no such file a_b.json"


def test_a_token_goes_by_its_market_where_that_is_known() -> None:
    """By its id else, as does what is no token."""
    titles = {"polymarket:0xa": "Is it so?"}
    assert token_name("polymarket:0xa:NO", titles) == "NO of Is it so?"
    assert token_name("polymarket:0xb:NO", titles) == "polymarket:0xb:NO"
    assert token_name("BTCUSDT", titles) == "BTCUSDT"


def test_who_trades_is_a_strategy_or_a_desk() -> None:
    """A timeframe has its desk before it."""
    assert trader("arbitrage", "oracle-sniper@polymarket:0xa:NO") == "oracle-sniper"
    assert trader("uptrend", "1m@PEPX") == "uptrend 1m"
    assert trader("breakout", "BTCUSDT") == "breakout"
