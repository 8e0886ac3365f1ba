"""Reservations, and the worst that they and the positions can come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.market.instruments import INT64_MAX
from tradeworthy.market.marks import Marks
from tradeworthy.risk.facts import MarketParts

VENUE, MARKET, EVENT, UNDERLYING = "venue", "market", "event", "underlying"


class Hold(msgspec.Struct):
    """`lots` of one leg, of `asked`, that may still fill.

    `sign` is +1 for a buy, `each` a lot's cash units at worst.
    """

    position: str
    instrument: str
    sign: int
    lots: int
    each: int
    asked: int = 0


class Reservation(msgspec.Struct):
    """What an approved candidate may still do. `key` tells repeats; `fees` are cash units.

    `promised`: the legs together pay out what they cost, so that what fills in whole sets carries no direction.
    `locked`: nor does the candidate itself, since it holds on to nothing but whole sets.
    """

    desk: str
    key: str
    fees: int
    holds: list[Hold]
    locked: bool = False
    promised: bool = False

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

    def whole_sets(self) -> dict[str, int]:
        """By position, the lots filled in as many whole sets of the legs as the leg that filled least allows."""
        least = min(self.holds, key=lambda hold: (hold.asked - hold.lots) / hold.asked)
        filled, of = least.asked - least.lots, least.asked
        lots: dict[str, int] = {}
        for hold in self.holds:
            lots[hold.position] = lots.get(hold.position, 0) + hold.asked * filled // of
        return lots


class Exposure(msgspec.Struct, frozen=True, gc=False):
    """Cash units: the equity at the marks, sums of exposure, and the cash that is left if all fills.

    `desk` is that of the desk that asks. By instrument, `directional` leaves out locked arbitrage, `all` does not.
    """

    equity: int
    desk: int
    portfolio: int
    cash: int
    directional: dict[str, int]
    all: dict[str, int]


class _Pending(msgspec.Struct, gc=False):
    """Cash units reserved to buy and to sell under one of the ledger's keys, and how much of each is locked."""

    desk: str
    instrument: str
    buys: int = 0
    sells: int = 0
    locked_buys: int = 0
    locked_sells: int = 0


def exposure_of(
    ledger: Ledger,
    marks: Marks,
    reservations: Iterable[Reservation],
    asked: Reservation,
    locked: Mapping[str, int],
) -> Exposure:
    """The exposure with `asked` on top of what is held and reserved.

    A position counts at the higher of cost and mark, and a token sold short at no less than it may lose. Reservations
    that go its way add to it; those against it count alone, since they must close it first, so that a desk may turn
    around in one bar. Buys and sells that are both open are never assumed to help each other. `locked` lots of a
    position carry no direction.
    """
    pending, fees = _pending(reservations, asked)
    books = ledger.state
    equity, reserved = books.cash, fees
    portfolio = desk = 0
    whole: dict[str, int] = {}
    offset: dict[str, int] = {}
    for key, held in books.positions.items():
        value = ledger.value(held, marks)
        equity += value
        cost, worth = abs(held.cost), abs(value)
        most, least = (cost, worth) if cost > worth else (worth, cost)
        if held.lots < 0:
            bound = ledger.set_aside(held)
            reserved += max(0, most + cost - bound)
            most = max(most, bound - cost)
        free = most if not locked else _unlocked(most, held.lots, locked.get(key, 0))
        at = pending.pop(key, None) if pending else None
        if at is not None:
            long = held.lots > 0
            along, against = (at.buys, at.sells) if long else (at.sells, at.buys)
            reserved += along + max(0, against - least)
            most = max(most + along, against)
            if long:
                along, against = along - at.locked_buys, against - at.locked_sells
            else:
                along, against = along - at.locked_sells, against - at.locked_buys
            free = max(free + along, against)
        portfolio += most
        if held.desk == asked.desk:
            desk += most
        whole[held.instrument] = whole.get(held.instrument, 0) + most
        if free != most:
            offset[held.instrument] = offset.get(held.instrument, 0) + most - free
    for at in pending.values():
        most = max(at.buys, at.sells)
        reserved += at.buys + at.sells
        portfolio += most
        if at.desk == asked.desk:
            desk += most
        whole[at.instrument] = whole.get(at.instrument, 0) + most
        free = max(at.buys - at.locked_buys, at.sells - at.locked_sells)
        if free != most:
            offset[at.instrument] = offset.get(at.instrument, 0) + most - free
    directional = whole
    if offset:
        directional = {name: most - offset.get(name, 0) for name, most in whole.items()}
    # Sums that no record can hold stand at int64's end: over any limit, and nobody's crash.
    return Exposure(
        equity,
        min(desk, INT64_MAX),
        min(portfolio, INT64_MAX),
        max(ledger.free_cash(reserved), -INT64_MAX),
        directional,
        whole,
    )


def _pending(reservations: Iterable[Reservation], asked: Reservation) -> tuple[dict[str, _Pending], int]:
    """What is reserved under each of the ledger's keys, and all fees."""
    pending: dict[str, _Pending] = {}
    fees = 0
    for reservation in (*reservations, asked):
        fees += reservation.fees
        for hold in reservation.holds:
            key = f"{reservation.desk}/{hold.position}"
            at = pending.get(key)
            if at is None:
                at = pending[key] = _Pending(reservation.desk, hold.instrument)
            worst = hold.lots * hold.each
            if hold.sign > 0:
                at.buys += worst
                at.locked_buys += worst if reservation.locked else 0
            else:
                at.sells += worst
                at.locked_sells += worst if reservation.locked else 0
    return pending, fees


def _unlocked(exposure: int, lots: int, locked: int) -> int:
    """The part of a position's exposure that carries a direction, rounded up."""
    free = max(0, abs(lots) - locked)
    return -(-exposure * free // abs(lots))


class Grouped(NamedTuple):
    """The most exposure of any instrument (or prediction market), event, underlying and venue asked for, cash units.

    None where nothing asked for has such a thing, or no limit is put on it.
    """

    position: int
    event: int | None
    underlying: int | None
    venue: int | None


def grouped(exposure: Exposure, instruments: Sequence[str], parts: MarketParts, *, by_venue: bool) -> Grouped:
    """`exposure` by what belongs together, of what `instruments` belong to; `by_venue` even without a market."""
    tokens = parts.markets.state.tokens
    bare = 0
    plain = not by_venue
    for name in instruments:
        if name in tokens:
            plain = False
        else:
            bare = max(bare, exposure.directional.get(name, 0))
    if plain:
        return Grouped(min(bare, INT64_MAX), None, None, None)
    sums: dict[tuple[str, str], int] = {}
    for name, amount in exposure.all.items():
        for group in _groups(name, parts):
            part = amount if group[0] == VENUE else exposure.directional[name]
            sums[group] = sums.get(group, 0) + part
    most: dict[str, int] = {}
    for name in instruments:
        for group in _groups(name, parts):
            most[group[0]] = max(most.get(group[0], 0), sums.get(group, 0))
    capped = {kind: min(amount, INT64_MAX) for kind, amount in most.items()}
    position = min(max(bare, most.get(MARKET, 0)), INT64_MAX)
    return Grouped(position, capped.get(EVENT), capped.get(UNDERLYING), capped.get(VENUE))


def _groups(instrument: str, parts: MarketParts) -> list[tuple[str, str]]:
    """All that `instrument` belongs to, as (kind, id)."""
    market = parts.markets.of(instrument)
    if market is None:
        listed = parts.listing.state.instruments.get(instrument)
        return [(VENUE, listed.venue)] if listed else []
    named = ((EVENT, market.event), (UNDERLYING, parts.markets.underlying(instrument)))
    return [(VENUE, market.venue), (MARKET, market.id), *(group for group in named if group[1])]
