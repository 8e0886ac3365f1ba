"""Integer money: what fits, what is refused, and that all rounding is against us."""

import math
from decimal import Decimal, getcontext, localcontext
from fractions import Fraction

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tradeworthy.core.errors import UsageError
from tradeworthy.market.arithmetic import STEP_NOISE
from tradeworthy.market.instruments import CASH_UNIT, INT64_MAX, Instrument, Side
from tradeworthy.market.money import Scale, cash_of, cash_text, decimal_of

CENT = Instrument(
    "CENT", "venue", "USD", Decimal("0.01"), Decimal("0.001"), Decimal("0.0005"), Decimal("-0.0001")
)

steps = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places), st.integers(1, 99), st.integers(1, 4)
)
rates = st.integers(-9_999_999, 9_999_999).map(lambda rate: Decimal(rate).scaleb(-7))


@st.composite
def scales(draw: st.DrawFn) -> Scale:
    """Any instrument that names tick, lot and fees alone: all of them can be listed."""
    return Scale(Instrument("X", "venue", "USD", draw(steps), draw(steps), draw(rates), draw(rates)))


# What fits


@given(scales(), rates)
def test_bounds_left_open_hold_the_largest_order_with_any_fee(scale: Scale, fee: Decimal) -> None:
    """The largest order fits with its fee, also after the venue changed it; three times as many lots do not."""
    dearer = Scale(msgspec.structs.replace(scale.instrument, taker_fee=fee))
    largest = scale.cost(scale.ticks_max, scale.lots_max)
    assert largest + dearer.fee(scale.ticks_max, scale.lots_max, maker=False) <= INT64_MAX
    assert 2 * largest + 2 * scale.cost(scale.ticks_max, 1) > INT64_MAX
    with pytest.raises(UsageError, match=r"int64 holds 92233720368.54775807"):
        Scale(msgspec.structs.replace(scale.instrument, lots_max=3 * scale.lots_max + 3))


def test_the_listing_boundary_is_exact_without_fees() -> None:
    """One unit of cash to spare is listed, and one lot more is refused with what to lower it to."""
    free = Instrument(
        "X",
        "venue",
        "USD",
        Decimal(1),
        Decimal("1e-8"),
        Decimal(0),
        Decimal(0),
        lots_max=INT64_MAX,
        price_max=Decimal(1),
    )
    assert Scale(free).cost(1, INT64_MAX) == INT64_MAX
    for fee in ("taker_fee", "maker_fee"):
        with pytest.raises(UsageError, match="with fee is"):
            Scale(msgspec.structs.replace(free, **{fee: Decimal("1e-9")}))
    double = msgspec.structs.replace(free, price_max=Decimal(2))
    with pytest.raises(
        UsageError, match=f"instrument 'X' can't be listed: .*lower lots_max to {INT64_MAX // 4} or less"
    ):
        Scale(double)
    assert Scale(msgspec.structs.replace(double, lots_max=INT64_MAX // 2)).lots_max == INT64_MAX // 2


def test_a_tick_on_a_lot_is_a_whole_cash_unit() -> None:
    """1e-8 is the finest; half of it is refused."""
    finest = Instrument("X", "venue", "USD", Decimal("1e-4"), Decimal("1e-4"), Decimal(0), Decimal(0))
    assert Scale(finest).tick_value == 1
    with pytest.raises(UsageError, match=r"finer than cash's 1e-8: list it with a larger tick or lot"):
        Scale(msgspec.structs.replace(finest, tick=Decimal("0.5e-4")))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"tick": Decimal(0)}, "tick is 0: it must be above 0"),
        ({"lot": Decimal(-1)}, "lot is -1"),
        ({"tick": Decimal("NaN")}, "tick is NaN"),
        ({"price_max": Decimal("Infinity")}, "price_max is Infinity"),
        ({"price_max": Decimal("0.001")}, "is 0 ticks, not 1 to"),
        ({"price_max": Decimal("1e12")}, "ticks, not 1 to"),
        ({"taker_fee": Decimal(5)}, "taker_fee is 5: write a fraction of the notional, like 0.0005"),
        ({"maker_fee": Decimal("NaN")}, "maker_fee is NaN"),
        ({"notional_min": Decimal(-1)}, "notional_min is -1"),
        ({"lots_min": 0}, "lots_min 0 and"),
        ({"lots_min": 5, "lots_max": 4}, "not 1 <= min <= max"),
    ],
)
def test_a_figure_that_makes_no_sense_is_refused_by_name(change: dict[str, object], fault: str) -> None:
    """The error names the instrument, the figure and its value."""
    with pytest.raises(UsageError) as refused:
        Scale(msgspec.structs.replace(CENT, **change))
    assert str(refused.value).startswith("instrument 'CENT' can't be listed: ")
    if "lots_min" not in change:
        bounds = {"lots_max": 0, "price_max": Decimal(0)}
        with pytest.raises(UsageError, match="instrument 'CENT' can't be listed: "):
            Scale(msgspec.structs.replace(CENT, **(bounds | change)))
    assert fault in str(refused.value)


def test_an_instrument_survives_its_binary_form_with_its_bounds() -> None:
    """The bounds that were left open are figures from then on."""
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(CENT), type=Instrument)
    assert again == CENT
    assert (again.price_max, again.lots_max) == (Decimal("1000000.00"), CENT.lots_max)


# Rounding


@given(scale=scales(), ticks=st.integers(1, 10**6), lots=st.integers(0, 10**6), maker=st.booleans())
def test_fees_are_rounded_against_us_by_less_than_a_unit(
    scale: Scale, ticks: int, lots: int, *, maker: bool
) -> None:
    """We never pay less than the rate says, and a rebate is never more."""
    rate = Fraction(scale.instrument.maker_fee if maker else scale.instrument.taker_fee)
    assert 0 <= scale.fee(ticks, lots, maker=maker) - scale.cost(ticks, lots) * rate < 1


@given(scales(), st.floats(1e-9, 1e7), st.sampled_from(Side))
def test_prices_are_rounded_against_us_by_less_than_a_tick(scale: Scale, price: float, side: Side) -> None:
    """A buy never gets a price below the asked one, a sell never one above, noise apart."""
    tick = Fraction(scale.instrument.tick)
    assume(price / float(tick) <= scale.ticks_max)
    ticks = scale.ticks_of(price, side)
    against_us = (ticks - Fraction(price) / tick) * side.sign
    noise = Fraction(STEP_NOISE) + Fraction(price) / tick / 2**50
    assert -noise <= against_us < 1


@given(scales(), st.data())
def test_a_price_on_its_tick_stays_there_on_either_side(scale: Scale, data: st.DataObject) -> None:
    """To float64 and back is the same tick, also after a noisy sum or product (0.1 * 3)."""
    ticks = data.draw(st.integers(1, scale.ticks_max))
    price = scale.price_float(ticks)
    assert scale.price_of(ticks) == scale.instrument.tick * ticks
    for noisy in (
        price,
        math.nextafter(price, 0),
        math.nextafter(price, math.inf),
        float(scale.instrument.tick) * ticks,
    ):
        assert scale.ticks_of(noisy, Side.BUY) == scale.ticks_of(noisy, Side.SELL) == ticks
        assert scale.ticks_nearest(noisy) == ticks


def test_tenths_that_float64_can_not_hold_stay_on_their_ticks() -> None:
    """0.1 * 3 is 0.30000000000000004, which is three ticks, not four."""
    tenth = Scale(msgspec.structs.replace(CENT, tick=Decimal("0.1")))
    assert tenth.ticks_of(0.1 * 3, Side.BUY) == 3
    assert tenth.ticks_of(0.7 + 0.1 + 0.1, Side.SELL) == 9
    assert tenth.ticks_of(sum([0.1] * 1000), Side.BUY) == tenth.ticks_of(sum([0.1] * 1000), Side.SELL) == 1000
    assert (tenth.ticks_of(0.301, Side.BUY), tenth.ticks_of(0.399, Side.SELL)) == (4, 3)
    assert tenth.ticks_of(0.05, Side.SELL) == 0


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf, 0.0, -1.0, 1_000_001.0])
def test_a_price_that_is_none_is_refused(price: float) -> None:
    """NaN, infinity, zero, less, and more than price_max never become ticks."""
    with pytest.raises(UsageError, match=r"price .* of CENT is not above 0 and up to 1000000"):
        Scale(CENT).ticks_of(price, Side.BUY)
    with pytest.raises(UsageError, match=r"price .* of CENT is not above 0 and up to 1000000"):
        Scale(CENT).ticks_nearest(price)


@given(scales(), st.floats(0, 1e6))
def test_quantities_are_rounded_down_by_less_than_a_lot(scale: Scale, quantity: float) -> None:
    """Never more than was asked for, noise apart."""
    lot = Fraction(scale.instrument.lot)
    assume(quantity / float(lot) < scale.lots_max)
    exact = Fraction(quantity) / lot
    lots = scale.lots_of(quantity)
    assert -1 < lots - exact <= Fraction(STEP_NOISE) + exact / 2**50
    assert scale.lots_of(float(scale.quantity_of(lots))) == lots


@pytest.mark.parametrize("quantity", [math.nan, math.inf, -0.001, 1e18])
def test_a_quantity_that_is_none_is_refused(quantity: float) -> None:
    """NaN, infinity, less than nothing and more than lots_max never become lots."""
    with pytest.raises(UsageError, match=r"quantity .* of CENT is not 0 to"):
        Scale(CENT).lots_of(quantity)


@given(scale=scales(), cash=st.integers(-100, 10**13), ticks=st.integers(1, 10**6), maker=st.booleans())
def test_cash_buys_the_most_lots_that_it_pays_for(
    scale: Scale, cash: int, ticks: int, *, maker: bool
) -> None:
    """Cost and fee of those lots fit into the cash; one lot more would not."""
    lots = scale.lots_for(cash, ticks, maker=maker)

    def paid(lots: int) -> int:
        cost = scale.cost(ticks, lots)
        return cost + max(0, scale.fee(ticks, lots, maker=maker))

    assert lots == 0 or paid(lots) <= cash
    assert lots == scale.lots_max or paid(lots + 1) > cash


@given(scales(), st.floats(0.001, 1e4), st.integers(-(10**6), 10**6))
def test_worth_is_rounded_against_us(scale: Scale, price: float, lots: int) -> None:
    """A long is never worth more than its lots at the price, a short never costs less to close."""
    assume(price / float(scale.instrument.tick) <= scale.ticks_max)
    exact = Fraction(price) * Fraction(scale.instrument.lot) * lots * CASH_UNIT
    assert scale.value_at(price, lots) <= exact + abs(exact) / 2**50 + abs(
        lots
    ) * scale.tick_value * Fraction(STEP_NOISE)


def test_the_smallest_order_is_rounded_up() -> None:
    """A minimum finer than cash is still reached."""
    assert (
        Scale(msgspec.structs.replace(CENT, notional_min=Decimal("5.000000001"))).notional_min == 500_000_001
    )


# Text


@given(st.integers(-INT64_MAX, INT64_MAX))
def test_cash_goes_to_text_and_back_exactly(cash: int) -> None:
    """To the last unit, whatever the caller's decimal context."""
    with localcontext() as context:
        context.prec = 3
        assert cash_of(cash_text(cash)) == cash_of(decimal_of(cash)) == cash
    assert getcontext().prec > 3


@pytest.mark.parametrize(
    ("cash", "text"),
    [
        (0, "0.00"),
        (1, "0.00000001"),
        (-1_250_000_000, "-12.50"),
        (100_000_000, "1.00"),
        (-123_456_789, "-1.23456789"),
    ],
)
def test_cash_is_shown_with_two_places_or_as_many_as_it_takes(cash: int, text: str) -> None:
    """No digit is lost and no zero is shown beyond the cents."""
    assert cash_text(cash) == text


@pytest.mark.parametrize("amount", ["ten", "0.000000001", "NaN", "Infinity"])
def test_an_amount_that_is_none_is_refused(amount: str) -> None:
    """Words, NaN, infinities and what is finer than 1e-8 are no cash."""
    with pytest.raises(UsageError, match=r"is no amount in steps of 1e-8: write it like 10000\.50"):
        cash_of(amount)


def test_an_amount_beyond_int64_is_refused() -> None:
    """The limit is said."""
    assert cash_of("92233720368.54775807") == INT64_MAX
    with pytest.raises(UsageError, match=r"at most 92233720368.54775807"):
        cash_of("92233720368.54775808")
