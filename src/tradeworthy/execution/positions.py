"""Average cost in integers: what a movement (a fill or a settlement) makes of a position."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tradeworthy.core.errors import Bug
from tradeworthy.execution.accounting import PositionChanged, TradeClosed
from tradeworthy.market.arithmetic import share_down, share_up
from tradeworthy.market.instruments import Side


class Position(msgspec.Struct, frozen=True, gc=False):
    """What a desk holds under one key: signed `lots` at `cost` cash units (below 0 for a short).

    `realised` (fees apart), `fees`, `lots_entered` and the unsigned notionals are of this round trip alone.
    """

    desk: str
    position: str
    instrument: str = ""
    lots: int = 0
    cost: int = 0
    opened_ts: int = 0
    realised: int = 0
    fees: int = 0
    lots_entered: int = 0
    entry_notional: int = 0
    exit_notional: int = 0
    entry_candidate: int = 0


class Movement(msgspec.Struct, frozen=True, gc=False):
    """A fill of signed `lots` for an unsigned `notional`, or (`payout` is set) a settlement of all lots held.

    `fill` is the ledger's key of the fill. One that is not `final` may still be reversed.
    """

    instrument: str
    lots: int
    notional: int
    fee: int
    ts: int
    reason: str
    candidate: int = 0
    fill: str = ""
    final: bool = True
    payout: int | None = None


class Booked(msgspec.Struct, gc=False):
    """What movements did: the position after them, the sums that they moved, and their events in order."""

    position: Position
    cash: int = 0
    realised: int = 0
    fees: int = 0
    events: list[PositionChanged | TradeClosed] = []


def book(position: Position, movements: Iterable[Movement]) -> Booked:
    """Apply `movements` in order. A movement through zero closes the trade and opens another.

    Conserved to the last unit: the change of cash + cost + fees - realised is zero.
    """
    booked = Booked(position)
    for movement in movements:
        held = booked.position
        if held.lots and held.instrument != movement.instrument:
            if movement.payout is not None:
                continue
            raise Bug(
                f"position {held.desk}/{held.position} holds {held.lots} lots of {held.instrument}, not of"
                f" {movement.instrument}: give each instrument its own position"
            )
        _move(booked, movement)
    return booked


def _move(booked: Booked, movement: Movement) -> None:
    held, lots, notional = booked.position, movement.lots, movement.notional
    if movement.payout is not None:
        lots, notional = -held.lots, movement.payout * abs(held.lots)
    closing = min(abs(held.lots), abs(lots)) if held.lots * lots < 0 else 0
    opening = abs(lots) - closing
    exit_notional, exit_fee = notional, movement.fee
    if opening:
        exit_notional = share_down(notional, closing, abs(lots))
        exit_fee = share_down(movement.fee, closing, abs(lots))
    if closing:
        _close(booked, movement, closing, exit_notional, exit_fee)
    if opening:
        _open(booked, movement, opening, notional - exit_notional, movement.fee - exit_fee)
    if booked.position.lots != held.lots + lots:
        raise Bug(f"{held.lots} lots and {lots} more made {booked.position.lots} of {movement.instrument}")


def _close(booked: Booked, movement: Movement, lots: int, notional: int, fee: int) -> None:
    """Take `lots` out at average cost; the cost given up is rounded up, so profit is never booked early."""
    held = booked.position
    sign = 1 if held.lots > 0 else -1
    released = share_up(held.cost, lots, abs(held.lots))
    realised = sign * notional - released
    booked.cash += sign * notional - fee
    booked.realised += realised
    booked.fees += fee
    after = msgspec.structs.replace(
        held,
        lots=held.lots - sign * lots,
        cost=held.cost - released,
        realised=held.realised + realised,
        fees=held.fees + fee,
        exit_notional=held.exit_notional + notional,
    )
    _note(booked, after, movement.ts)
    if not after.lots:
        booked.events.append(_closed(after, movement, Side.BUY if sign > 0 else Side.SELL))
        booked.position = Position(held.desk, held.position)


def _open(booked: Booked, movement: Movement, lots: int, notional: int, fee: int) -> None:
    """Add `lots` at what they cost."""
    held = booked.position
    sign = 1 if movement.lots > 0 else -1
    booked.cash -= sign * notional + fee
    booked.fees += fee
    after = msgspec.structs.replace(
        held,
        instrument=movement.instrument,
        lots=held.lots + sign * lots,
        cost=held.cost + sign * notional,
        opened_ts=held.opened_ts if held.lots else movement.ts,
        fees=held.fees + fee,
        lots_entered=held.lots_entered + lots,
        entry_notional=held.entry_notional + notional,
        entry_candidate=held.entry_candidate if held.lots else movement.candidate,
    )
    _note(booked, after, movement.ts)


def _note(booked: Booked, after: Position, ts: int) -> None:
    booked.position = after
    booked.events.append(changed(after, ts))


def shares_of_merge(yes: Position, no: Position, lots: int, worth: int) -> tuple[int, int]:
    """What each leg gets of the `worth` of `lots` complete sets (both unsigned): in proportion to its cost."""
    yes_cost, no_cost = (share_down(abs(one.cost), lots, abs(one.lots)) for one in (yes, no))
    total = yes_cost + no_cost
    yes_share = share_down(worth, yes_cost, total) if total else worth // 2
    return yes_share, worth - yes_share


def changed(position: Position, ts: int) -> PositionChanged:
    """The event that tells of `position` at venue time `ts`."""
    return PositionChanged(
        position.desk,
        position.position,
        position.instrument,
        position.lots,
        position.cost,
        position.realised,
        position.fees,
        ts,
    )


def _closed(position: Position, movement: Movement, side: Side) -> TradeClosed:
    return TradeClosed(
        position.desk,
        position.position,
        position.instrument,
        side,
        position.lots_entered,
        position.entry_notional,
        position.exit_notional,
        position.fees,
        position.realised - position.fees,
        position.opened_ts,
        movement.ts,
        movement.reason,
        movement.candidate,
        position.entry_candidate,
    )
