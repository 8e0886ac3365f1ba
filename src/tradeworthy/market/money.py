"""An instrument's integer money: the one place where cost, fee and rounding are computed.

A price is a count of ticks, a quantity a count of lots, cash a count of 1e-8 of the quote currency. What does
not fit a step is rounded against us: we buy dearer, sell cheaper, pay more in fees and hold less.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction

import msgspec

from tradeworthy.core.errors import UsageError
from tradeworthy.market.arithmetic import (
    price_at,
    share_up,
    ticks_against,
    ticks_near,
    whole_lots,
)
from tradeworthy.market.fees import CurveFees
from tradeworthy.market.instruments import CASH_UNIT, INT64_MAX, Instrument, Side

TICKS_MAX = 1 << 40
"""Beyond this many ticks a float64 price no longer tells one tick from the next."""

_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])


def cash_of(amount: Decimal | str | int) -> int:
    """Cash units of `amount` in whole currency; UsageError if it is no number or finer than 1e-8."""
    try:
        units = _EXACT.multiply(Decimal(amount), Decimal(CASH_UNIT))
        cash = int(units.to_integral_exact(context=_EXACT))
    except (ArithmeticError, ValueError) as error:
        raise UsageError(f"cash {amount!r} is no amount in steps of 1e-8: write it like 10000.50") from error
    if abs(cash) > INT64_MAX:
        limit = decimal_of(INT64_MAX)
        raise UsageError(f"cash {amount} is more than int64 holds in steps of 1e-8: at most {limit}")
    return cash


def decimal_of(cash: int) -> Decimal:
    """`cash` units as whole currency with eight places, exactly."""
    return _EXACT.scaleb(Decimal(cash), -8)


def cash_text(cash: int) -> str:
    """`cash` units as people read them, with two places or as many as it takes: `-12.50`, `0.00000001`."""
    whole, part = divmod(abs(cash), CASH_UNIT)
    places = f"{part:08d}".rstrip("0").ljust(2, "0")
    return f"{'-' if cash < 0 else ''}{whole}.{places}"


def lots_fitting(instrument: Instrument) -> int:
    """The largest `lots_max` that `instrument` can be listed with at its `price_max`."""
    return msgspec.structs.replace(instrument, lots_max=0).lots_max


class Scale:
    """The integer arithmetic of one instrument; UsageError if its figures can't be held exactly in int64.

    `tick_value` is cash units of one tick on one lot, `lot_value` those of one lot at a price of 1, which is
    `ticks_of_one` (0 if no whole number is); `ticks_max` and `lots_max` are the largest price and quantity,
    `notional_min` is the smallest order in cash units.
    """

    __slots__ = (
        "_curve",
        "_fee_max",
        "_fees",
        "_lot",
        "_tick",
        "instrument",
        "lot_value",
        "lots_max",
        "notional_min",
        "tick_value",
        "ticks_max",
        "ticks_of_one",
    )

    def __init__(self, instrument: Instrument) -> None:
        _check_figures(instrument)
        self.instrument = instrument
        tick, lot = Fraction(instrument.tick), Fraction(instrument.lot)
        tick_value = tick * lot * CASH_UNIT
        if tick_value.denominator != 1:
            raise _refusal(
                instrument,
                f"one tick on one lot is {instrument.tick} x {instrument.lot}, finer than cash's 1e-8",
                "list it with a larger tick or lot",
            )
        self.tick_value = int(tick_value)
        self.lot_value = int(lot * CASH_UNIT)
        self.ticks_max = int(Fraction(instrument.price_max) / tick)
        self.ticks_of_one = tick.denominator if tick.numerator == 1 else 0
        self.lots_max = instrument.lots_max
        self.notional_min = int(
            (instrument.notional_min * CASH_UNIT).to_integral_value(rounding=ROUND_CEILING, context=_EXACT)
        )
        self._tick = tick.as_integer_ratio()
        self._lot = lot.as_integer_ratio()
        self._fees = instrument.taker_fee.as_integer_ratio(), instrument.maker_fee.as_integer_ratio()
        self._fee_max = max(Decimal(0), instrument.taker_fee, instrument.maker_fee).as_integer_ratio()
        self._curve = CurveFees(instrument) if instrument.fee_curve else None
        self._check_bounds()

    def _check_bounds(self) -> None:
        instrument = self.instrument
        if not 1 <= self.ticks_max <= TICKS_MAX:
            raise _refusal(
                instrument,
                f"price_max {instrument.price_max} is {self.ticks_max} ticks, not 1 to {TICKS_MAX}",
                "change price_max or the tick",
            )
        largest = self.cost(self.ticks_max, self.lots_max)
        with_fee = largest + self.fee_max(self.ticks_max, self.lots_max)
        if with_fee > INT64_MAX:
            raise _refusal(
                instrument,
                f"price_max {instrument.price_max} x lots_max {self.lots_max} x lot {instrument.lot} with fee"
                f" is {decimal_of(with_fee)} {instrument.quote}; int64 holds {decimal_of(INT64_MAX)}",
                f"lower lots_max to {lots_fitting(instrument)} or less, or price_max",
            )

    def cost(self, ticks: int, lots: int) -> int:
        """Cash units of `lots` at `ticks`, exactly; signed as `lots` is."""
        return ticks * lots * self.tick_value

    def fee(self, ticks: int, lots: int, *, maker: bool) -> int:
        """Cash units of the fee on a fill of unsigned `lots` at `ticks`, rounded up; a rebate (below 0) gets smaller.

        By a fee curve it is shares x rate x (p x (1 - p)) ** exponent, rounded up to 1e-5, and 0 for a maker.
        """
        if self._curve is None:
            above, below = self._fees[maker]
            return share_up(ticks * lots * self.tick_value, above, below)
        return 0 if maker else self._curve.fee(ticks, lots)

    def fee_max(self, ticks: int, lots: int) -> int:
        """The highest fee, taker's or maker's, on `lots` at any price up to `ticks`, in cash units; never below 0."""
        if self._curve is not None:
            return self._curve.fee_max(ticks, lots)
        above, below = self._fee_max
        return share_up(ticks * lots * self.tick_value, above, below)

    def ticks_of(self, price: float, side: Side) -> int:
        """The ticks at which `side` trades a float `price`: up for a buy, down for a sell (0 under one tick).

        Within STEP_NOISE it stays on its tick. UsageError if it is no positive number or beyond `price_max`.
        """
        above, below = self._tick_within(price)
        return ticks_against(price, above, below, 1 if side is Side.BUY else -1)

    def ticks_nearest(self, price: float) -> int:
        """The tick nearest to a float `price` that a venue gave on its own ticks; errors as `ticks_of`."""
        above, below = self._tick_within(price)
        return ticks_near(price, above, below)

    def _tick_within(self, price: float) -> tuple[int, int]:
        above, below = self._tick
        if not 0.0 < price * below / above <= self.ticks_max + 0.5:
            raise UsageError(
                f"price {price!r} of {self.instrument.id} is not above 0 and up to"
                f" {self.instrument.price_max}: correct it, or list the instrument with a larger price_max"
            )
        return self._tick

    def price_of(self, ticks: int) -> Decimal:
        """The exact price at `ticks`, in the quote currency."""
        return _EXACT.multiply(self.instrument.tick, Decimal(ticks))

    def price_float(self, ticks: int) -> float:
        """The float64 nearest to the price at `ticks`."""
        above, below = self._tick
        return price_at(ticks, above, below)

    def lots_of(self, quantity: float) -> int:
        """Whole lots in a float `quantity` of base units, rounded down; 0 says that it is too little.

        Within STEP_NOISE it stays on its lot. UsageError if it is no number, below 0 or above `lots_max`.
        """
        above, below = self._lot
        if not 0.0 <= quantity * below / above < self.lots_max + 1.0:
            raise UsageError(
                f"quantity {quantity!r} of {self.instrument.id} is not 0 to"
                f" {self.quantity_of(self.lots_max)}: lower it, or list the instrument with a larger lots_max"
            )
        return whole_lots(quantity, above, below)

    def lots_for(self, cash: int, ticks: int, *, maker: bool = False) -> int:
        """The most lots that `cash` units pay for at `ticks` in one fill, fee included, to `lots_max`; 0 if none."""
        each = ticks * self.tick_value
        if self._curve is not None and not maker:
            return min(self._curve.lots_for(cash, ticks, each), self.lots_max)
        above, below = self._fees[maker] if self._curve is None else (0, 1)
        lots = cash * below // (each * (below + max(0, above)))
        return max(0, min(lots, self.lots_max))

    def quantity_of(self, lots: int) -> Decimal:
        """The exact quantity of `lots`, in base units."""
        return _EXACT.multiply(self.instrument.lot, Decimal(lots))

    def value_at(self, price: float, lots: int) -> int:
        """Cash units of signed `lots` at a float `price`, rounded against us; errors as `ticks_of`."""
        return self.cost(self.ticks_of(price, Side.SELL if lots > 0 else Side.BUY), lots)


def _check_figures(instrument: Instrument) -> None:
    """UsageError unless each figure alone makes sense."""
    for name in ("tick", "lot", "price_max"):
        value: Decimal = getattr(instrument, name)
        if not (value.is_finite() and value > 0):
            raise _refusal(instrument, f"{name} is {value}", "it must be above 0")
    for name in ("taker_fee", "maker_fee"):
        fee: Decimal = getattr(instrument, name)
        if not (fee.is_finite() and -1 < fee < 1):
            raise _refusal(instrument, f"{name} is {fee}", "write a fraction of the notional, like 0.0005")
    if not (instrument.notional_min.is_finite() and instrument.notional_min >= 0):
        raise _refusal(instrument, f"notional_min is {instrument.notional_min}", "it must be 0 or more")
    if not 1 <= instrument.lots_min <= instrument.lots_max:
        raise _refusal(
            instrument,
            f"lots_min {instrument.lots_min} and lots_max {instrument.lots_max} are not 1 <= min <= max",
            "change them, or lower price_max",
        )


def _refusal(instrument: Instrument, fault: str, remedy: str) -> UsageError:
    return UsageError(f"instrument {instrument.id!r} can't be listed: {fault}: {remedy}")
