"""Cash and positions as events; the ledger that makes them is in ledger.py."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tradeworthy.core.events import Event
from tradeworthy.market.instruments import Side

PPM = 1_000_000


class CashMoved(Event, frozen=True):
    """Money entered (positive) or left the account: `amount` in cash units."""

    decision: ClassVar[bool] = True

    amount: int
    reason: str


class PositionRecord(msgspec.Struct, frozen=True, gc=False):
    """A position as handed over: signed `lots`, `cost` in cash units (negative for a short)."""

    desk: str
    position: str
    instrument: str
    lots: int
    cost: int
    opened_ts: int


class Opened(Event, frozen=True):
    """A run's first input when it follows a sealed one: what it takes over.

    `peak` is the highest equity that the drawdown counts from, in cash units (0: unknown, it counts from here).
    `capitals` are those of desks that begin with another capital than their share of it, in cash units.
    """

    decision: ClassVar[bool] = True

    parent: str
    cash: int
    positions: tuple[PositionRecord, ...]
    open_orders: tuple[str, ...] = ()
    latches: tuple[str, ...] = ()
    peak: int = 0
    capitals: dict[str, int] = {}


class Settled(Event, frozen=True):
    """The instrument pays out: each lot held is exchanged for `payout` cash units (negative lots pay it)."""

    decision: ClassVar[bool] = True

    instrument: str
    payout: int
    ts_event: int


class SetsMerged(Event, frozen=True):
    """`lots` complete sets of the market's two tokens become money, 1 for each share pair; below 0: money becomes sets.

    Both positions shrink by `lots` (a negative count covers what was sold short in both). Where one of them no longer
    holds as many lots (a fill came first) nothing moves.
    """

    decision: ClassVar[bool] = True

    desk: str
    market: str
    yes_position: str
    no_position: str
    lots: int
    ts_event: int


class ResolutionOverdue(Event, frozen=True):
    """The market ended at `since_ts` (UTC ns) and has no outcome; `held` says whether anybody waits for its payout."""

    decision: ClassVar[bool] = True

    market: str
    since_ts: int
    held: bool


class PositionChanged(Event, frozen=True):
    """A position after a fill or settlement: signed lots, cost in cash units, realised P&L without fees."""

    decision: ClassVar[bool] = True

    desk: str
    position: str
    instrument: str
    lots: int
    cost: int
    realised: int
    fees: int
    ts_event: int


class TradeClosed(Event, frozen=True):
    """A position went back to zero: one round trip. `pnl` is net of `fees`; both in cash units.

    `entry_notional` and `exit_notional` are unsigned cash units; `reason` is the closing intent's.
    """

    decision: ClassVar[bool] = True

    desk: str
    position: str
    instrument: str
    side: Side
    lots: int
    entry_notional: int
    exit_notional: int
    fees: int
    pnl: int
    opened_ts: int
    closed_ts: int
    reason: str
    candidate: int
    entry_candidate: int = 0


class TradeReversed(Event, frozen=True):
    """A TradeClosed is void because a fill that it rests on failed: who counted its `pnl` takes it back."""

    decision: ClassVar[bool] = True

    desk: str
    position: str
    instrument: str
    side: Side
    lots: int
    fees: int
    pnl: int
    closed_ts: int
    candidate: int
    ts_event: int
    reason: str


class EquityMarked(Event, frozen=True):
    """The account at session time: cash, positions at cost and at mark, in cash units."""

    decision: ClassVar[bool] = True

    ts_event: int
    cash: int
    cost: int
    equity: int
    realised: int
    fees: int
    peak: int
    open_positions: int


def capital_moved(event: CashMoved | Opened, desk: str, share_ppm: int) -> int:
    """What money that came, or books that are taken over at cost, add to the capital of a desk, in cash units.

    It is the desk's share of them in millionths, rounded down, unless Opened says what it begins with.
    """
    if isinstance(event, CashMoved):
        return event.amount * share_ppm // PPM
    if desk in event.capitals:
        return event.capitals[desk]
    return (event.cash + sum(held.cost for held in event.positions)) * share_ppm // PPM


def result_of(event: TradeClosed | TradeReversed) -> int:
    """What a trade made, in cash units; of one that is void, what is taken back."""
    return event.pnl if isinstance(event, TradeClosed) else -event.pnl
