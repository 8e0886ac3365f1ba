"""Fees by a curve: the venue's table, rounding, and bounds."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.core.errors import UsageError
from tradeworthy.market.instruments import INT64_MAX, FeeCurve, Instrument
from tradeworthy.market.money import Scale, cash_of

TOKEN = Instrument(
    "polymarket:0xaa:YES",
    "polymarket",
    "USD",
    Decimal("0.01"),
    Decimal("0.01"),
    Decimal(0),
    Decimal(0),
    fee_curve=FeeCurve(Decimal("0.07")),
    market="polymarket:0xaa",
    outcome="YES",
    token="111",
)


def token(rate: str = "0.07", exponent: int = 1, tick: str = "0.01", **changes: object) -> Scale:
    """The scale of a token with that curve."""
    figures = {"tick": Decimal(tick), "price_max": Decimal(0), "lots_max": 0} | changes
    return Scale(msgspec.structs.replace(TOKEN, fee_curve=FeeCurve(Decimal(rate), exponent), **figures))


@pytest.mark.parametrize(
    ("rate", "fee"),
    [("0.07", "1.75"), ("0.05", "1.25"), ("0.04", "1.00"), ("0", "0")],
    ids=["crypto", "sports", "politics", "geopolitics"],
)
def test_a_hundred_shares_at_one_half_cost_what_the_venue_lists(rate: str, fee: str) -> None:
    """The venue's table by category; makers pay nothing."""
    assert token(rate).fee(50, 10_000, maker=False) == cash_of(fee)
    assert token(rate).fee(50, 10_000, maker=True) == 0


def test_a_fee_is_rounded_up_to_a_hundred_thousandth() -> None:
    """11.74 shares at .85 cost .1047795, so .10478; the smallest fill costs .00001."""
    assert token().fee(85, 1174, maker=False) == cash_of("0.10478")
    assert token().fee(1, 1, maker=False) == cash_of("0.00001")


@given(
    st.sampled_from(["0.1", "0.01", "0.005", "0.0025", "0.001"]),
    st.integers(0, 9999).map(lambda rate: Decimal(rate).scaleb(-4)),
    st.integers(0, 3),
    st.integers(0, 10**7),
    st.data(),
)
def test_a_fee_is_the_curve_exactly_and_less_than_a_step_above(
    tick: str, rate: Decimal, exponent: int, lots: int, data: st.DataObject
) -> None:
    """Shares x rate x (p x (1 - p)) ** exponent in fractions, and no dearer than `fee_max` of any higher price."""
    scale = token(str(rate), exponent, tick)
    ticks = data.draw(st.integers(1, scale.ticks_max))
    price = Fraction(tick) * ticks
    exact = Fraction(lots, 100) * Fraction(rate) * (price * (1 - price)) ** exponent
    fee = Fraction(scale.fee(ticks, lots, maker=False), 10**8)
    assert 0 <= fee - exact < Fraction(1, 10**5)
    assert (fee * 10**5).denominator == 1
    dearest = scale.fee_max(ticks, lots)
    assert dearest == max(scale.fee(at, lots, maker=False) for at in range(1, ticks + 1))


@given(cash=st.integers(-100, 10**11), ticks=st.integers(1, 99), maker=st.booleans())
def test_cash_buys_the_most_lots_that_it_pays_for(cash: int, ticks: int, *, maker: bool) -> None:
    """With the curve's fee on top: one lot more would not fit."""
    scale = token()
    lots = scale.lots_for(cash, ticks, maker=maker)

    def paid(lots: int) -> int:
        return scale.cost(ticks, lots) + scale.fee(ticks, lots, maker=maker)

    assert lots == 0 or paid(lots) <= cash
    assert paid(lots + 1) > cash


def test_a_token_is_priced_up_to_a_tick_below_one_and_fits_into_int64() -> None:
    """The bounds left open hold the largest order with its fee, and what it pays out."""
    scale = token()
    assert (scale.ticks_max, scale.price_of(scale.ticks_max)) == (99, Decimal("0.99"))
    assert scale.cost(99, scale.lots_max) + scale.fee_max(99, scale.lots_max) <= INT64_MAX
    assert scale.lots_max * 10**6 <= INT64_MAX
    with pytest.raises(UsageError, match="with fee is"):
        token(lots_max=3 * scale.lots_max)


@pytest.mark.parametrize(
    ("rate", "exponent"), [("-0.01", 1), ("1", 1), ("NaN", 1), ("0.07", -1), ("0.07", 9)]
)
def test_a_curve_that_makes_no_sense_is_refused(rate: str, exponent: int) -> None:
    """By the instrument's name, with what it may be."""
    with pytest.raises(UsageError, match=r"0xaa:YES' can't be listed: its fee curve is .*: give a rate"):
        token(rate, exponent)
