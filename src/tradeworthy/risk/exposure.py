"""Reservations, and the worst that they and the positions can come to."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.market.instruments import INT64_MAX
from tradeworthy.market.marks import Marks


class Hold(msgspec.Struct):
    """`lots` of one leg that may still fill; `sign` is +1 for a buy, `each` a lot's cash units at worst."""

    position: str
    instrument: str
    sign: int
    lots: int
    each: int


class Reservation(msgspec.Struct):
    """What an approved candidate may still do. `key` tells repeats; `fees` are cash units."""

    desk: str
    key: str
    fees: int
    holds: list[Hold]

    def convert(self, fill: FillObserved) -> None:
        """Turn lots that filled into the position that they now are, or back if the fill failed."""
        lots = -fill.lots if fill.status is FillStatus.FAILED else fill.lots
        key, sign = fill.position or fill.instrument, fill.side.sign
        for hold in self.holds:
            if hold.position == key and hold.sign == sign:
                taken = min(lots, hold.lots)
                hold.lots -= taken
                lots -= taken
                if lots <= 0:
                    break


class Exposure(msgspec.Struct, frozen=True, gc=False):
    """Cash units: the equity at the marks, sums of exposure, and the cash that is left if all fills.

    `position` is the exposure to that instrument, among those asked for, which has most of it; `desk` is that
    of the desk that asks.
    """

    equity: int
    position: int
    desk: int
    portfolio: int
    cash: int


class _Pending(msgspec.Struct, gc=False):
    """Cash units reserved to buy and to sell under one of the ledger's keys."""

    desk: str
    instrument: str
    buys: int = 0
    sells: int = 0


def exposure_of(
    ledger: Ledger,
    marks: Marks,
    reservations: Iterable[Reservation],
    asked: Reservation,
    instruments: Iterable[str],
) -> Exposure:
    """The exposure with `asked` on top of what is held and reserved.

    A position counts at the higher of cost and mark. Reservations that go its way add to it; those against it
    count alone, since they must close it first, so that a desk may turn around in one bar. Buys and sells
    that are both open are never assumed to help each other.
    """
    pending: dict[str, _Pending] = {}
    fees = 0
    for reservation in (*reservations, asked):
        fees += reservation.fees
        for hold in reservation.holds:
            key = f"{reservation.desk}/{hold.position}"
            at = pending.get(key)
            if at is None:
                at = pending[key] = _Pending(reservation.desk, hold.instrument)
            if hold.sign > 0:
                at.buys += hold.lots * hold.each
            else:
                at.sells += hold.lots * hold.each
    books = ledger.state
    equity, reserved = books.cash, fees
    portfolio = desk = 0
    by_instrument: dict[str, int] = {}
    for key, held in books.positions.items():
        value = ledger.value(held, marks)
        equity += value
        cost, worth = abs(held.cost), abs(value)
        most, least = (cost, worth) if cost > worth else (worth, cost)
        if held.lots < 0:
            reserved += most - cost
        at = pending.pop(key, None) if pending else None
        if at is not None:
            along, against = (at.buys, at.sells) if held.lots > 0 else (at.sells, at.buys)
            reserved += along + max(0, against - least)
            most = max(most + along, against)
        portfolio += most
        if held.desk == asked.desk:
            desk += most
        by_instrument[held.instrument] = by_instrument.get(held.instrument, 0) + most
    for at in pending.values():
        most = max(at.buys, at.sells)
        reserved += at.buys + at.sells
        portfolio += most
        if at.desk == asked.desk:
            desk += most
        by_instrument[at.instrument] = by_instrument.get(at.instrument, 0) + most
    position = max((by_instrument.get(instrument, 0) for instrument in instruments), default=0)
    # Sums that no record can hold stand at int64's end: over any limit, and nobody's crash.
    return Exposure(
        equity,
        min(position, INT64_MAX),
        min(desk, INT64_MAX),
        min(portfolio, INT64_MAX),
        max(ledger.free_cash(reserved), -INT64_MAX),
    )
