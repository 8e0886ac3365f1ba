"""Instruments and their integer money: price ticks, quantity lots, cash in 1e-8 of the account's currency."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar

import msgspec

from tradeworthy.core.events import Event

CASH_UNIT = 100_000_000
"""Cash units in one unit of currency."""

INT64_MAX = (1 << 63) - 1

TICKS_MAX_DEFAULT = 100_000_000
"""Where `price_max` stands if none is given: a tick of 0.01 reaches 1,000,000."""


class Side(StrEnum):
    """Which way an order goes."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class FeeCurve(msgspec.Struct, frozen=True, gc=False):
    """A taker's fee that depends on the price p, for what pays out 1: a share costs rate * (p * (1 - p)) ** exponent.

    The fee of a fill is rounded up to 1e-5 of the currency. Makers pay nothing. Source: the venue's fee schedule.
    """

    rate: Decimal
    exponent: int = 1


class Instrument(msgspec.Struct, frozen=True, gc=False):
    """What can be traded, in exact decimals as text: `tick` and `lot` are the steps of price and quantity.

    Fees are fractions of the notional (0.0005 = 5 bps); below zero is a rebate; a `fee_curve` stands in place of both.
    `price_max` and `lots_max` bound what int64 must hold: 0 stands for 10^8 ticks (a prediction market's token: for
    a tick below 1), and for as many lots as int64 then holds with the highest of fees. `money.Scale` checks the
    whole. A prediction market's token names its `market`, its `outcome` (YES or NO) and the venue's `token` id.
    """

    id: str
    venue: str
    quote: str
    tick: Decimal
    lot: Decimal
    taker_fee: Decimal
    maker_fee: Decimal
    notional_min: Decimal = Decimal(0)
    lots_min: int = 1
    lots_max: int = 0
    price_max: Decimal = Decimal(0)
    fee_curve: FeeCurve | None = None
    market: str = ""
    outcome: str = ""
    token: str = ""

    def __post_init__(self) -> None:
        """Put the bounds that were left open in figures."""
        if not self.price_max:
            highest = 1 - self.tick if self.market else self.tick * TICKS_MAX_DEFAULT
            msgspec.structs.force_setattr(self, "price_max", highest)
        bounds = (self.price_max, self.lot)
        if not self.lots_max and all(bound.is_finite() and bound > 0 for bound in bounds):
            lot_with_fee_max = 2 * Fraction(self.price_max) * Fraction(self.lot) * CASH_UNIT
            msgspec.structs.force_setattr(self, "lots_max", INT64_MAX // lot_with_fee_max)


def with_tick(instrument: Instrument, tick: Decimal) -> Instrument:
    """`instrument` with another tick; a prediction market's token then reaches up to one such tick below 1."""
    highest = 1 - tick if instrument.market else instrument.price_max
    return msgspec.structs.replace(instrument, tick=tick, price_max=highest)


class InstrumentListed(Event, frozen=True):
    """The instrument is known from now on."""

    decision: ClassVar[bool] = True

    instrument: Instrument


class InstrumentChanged(Event, frozen=True):
    """Tick, lot, fees or minimum changed: the whole new definition."""

    decision: ClassVar[bool] = True

    instrument: Instrument


class InstrumentDelisted(Event, frozen=True):
    """The instrument is gone for good, paid out and held by nobody: what is remembered of it may be dropped."""

    decision: ClassVar[bool] = True

    instrument: str
