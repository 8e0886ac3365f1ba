"""The ledger: the one owner of cash and positions."""

from __future__ import annotations

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import AllHalted, Bug
from tradeworthy.core.events import Event
from tradeworthy.execution.accounting import (
    CashMoved,
    Opened,
    PositionRecord,
    SetsMerged,
    Settled,
    TradeClosed,
    TradeReversed,
)
from tradeworthy.execution.fills import FillMemory, Seen, key_of
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.execution.positions import Booked, Movement, Position, book, changed, shares_of_merge
from tradeworthy.market.instruments import INT64_MAX, InstrumentDelisted, InstrumentListed
from tradeworthy.market.listing import Listing
from tradeworthy.market.marks import Marks
from tradeworthy.market.money import decimal_of

FLATS_KEPT = 4096
"""Flat positions that are kept to be handed out again; beyond that all are made anew."""


class Pending(msgspec.Struct):
    """Movements since the first fill that is not final, on top of the position `base`."""

    base: Position
    movements: list[Movement]

    def instruments(self) -> list[str]:
        """What the position holds, or may hold again if a fill fails."""
        return [self.base.instrument, *(movement.instrument for movement in self.movements)]


class LedgerState(State):
    """Cash units throughout. `deposits` is what was put in; `cost` and `collateral` sum the positions' costs.

    `positions` and `pending` are keyed `desk/position`; `booked` is the seq of the last fill that moved them.
    """

    cash: int = 0
    deposits: int = 0
    cost: int = 0
    collateral: int = 0
    realised: int = 0
    fees: int = 0
    booked: int = 0
    positions: dict[str, Position] = {}
    pending: dict[str, Pending] = {}
    fills: FillMemory = msgspec.field(default_factory=FillMemory)


class Ledger(Agent):
    """The part named `ledger`. Others read it; nobody else writes cash or positions."""

    state: LedgerState

    def __init__(self, listing: Listing) -> None:
        super().__init__("ledger", LedgerState())
        self.listing = listing
        self._flats: dict[tuple[str, str], Position] = {}

    # What others read

    def position(self, desk: str, position: str) -> Position:
        """What `desk` holds under that key; a flat Position if nothing."""
        held = self.state.positions.get(f"{desk}/{position}") if self.state.positions else None
        return held or self._flat(desk, position)

    def _flat(self, desk: str, position: str) -> Position:
        flat = self._flats.get((desk, position))
        if flat is None:
            if len(self._flats) >= FLATS_KEPT:
                self._flats.clear()
            flat = self._flats[desk, position] = Position(desk, position)
        return flat

    def positions(self, desk: str = "") -> list[Position]:
        """The open positions of `desk` ("": of all), the oldest first."""
        return [held for held in self.state.positions.values() if not desk or held.desk == desk]

    def value(self, position: Position, marks: Marks) -> int:
        """Cash units of `position` at `marks`, below 0 for a short; its cost where there is no mark."""
        value = marks.value(position.instrument, position.lots)
        return position.cost if value is None else value

    def equity(self, marks: Marks) -> int:
        """Cash plus all positions at `marks`, in cash units."""
        self.assert_sums()
        return self.state.cash + sum(self.value(held, marks) for held in self.state.positions.values())

    def equity_at_cost(self) -> int:
        """Cash plus all positions at cost, in cash units."""
        return self.state.cash + self.state.cost

    def free_cash(self, reserved: int = 0) -> int:
        """Cash units open to new entries: what shorts set aside is not."""
        state = self.state
        if state.cost == state.collateral:
            return state.cash - reserved
        aside = sum(self.set_aside(held) for held in state.positions.values() if held.lots < 0)
        return state.cash - aside - reserved

    def set_aside(self, short: Position) -> int:
        """Cash units bound by a short: its proceeds and as much again.

        For a prediction market's token 1 a share, however little it was sold for: so much it may have to pay.
        """
        instrument = self.listing.state.instruments.get(short.instrument)
        if instrument is None or not instrument.market:
            return -2 * short.cost
        return -short.lots * self.listing.scale(short.instrument).lot_value

    def complete_sets(self, desk: str, yes: str, no: str) -> int:
        """Lots that positions `yes` and `no` hold both (below 0: are both short of), if all their fills are final."""
        one, other = self.position(desk, yes), self.position(desk, no)
        if one.lots * other.lots <= 0 or any(f"{desk}/{key}" in self.state.pending for key in (yes, no)):
            return 0
        return min(one.lots, other.lots) if one.lots > 0 else max(one.lots, other.lots)

    def holds(self, instrument: str) -> bool:
        """Whether any desk holds `instrument`, or may hold it again if a fill fails."""
        state = self.state
        return any(one.instrument == instrument for one in state.positions.values()) or any(
            instrument in one.instruments() for one in state.pending.values()
        )

    def records(self) -> tuple[PositionRecord, ...]:
        """The open positions as the next run's Opened takes them over."""
        return tuple(
            PositionRecord(held.desk, held.position, held.instrument, held.lots, held.cost, held.opened_ts)
            for held in self.state.positions.values()
        )

    def booked_at(self, seq: int) -> bool:
        """Whether the fill in packet `seq` moved the books (a repeat or a confirmation does not)."""
        return self.state.booked == seq

    # What moves the books

    @on(CashMoved)
    def move_cash(self, event: CashMoved, _: Context) -> None:
        """Book money that entered or left."""
        self.state.cash += event.amount
        self.state.deposits += event.amount
        self._assert_conserved()

    @on(Opened)
    def open(self, event: Opened, _: Context) -> list[Event]:
        """Take over cash and positions; Bug unless the books are empty.

        A position is told of as soon as its instrument is listed: Opened is a run's first input, before that.
        """
        state = self.state
        if state.deposits or state.positions or state.cash:
            raise Bug(
                f"Opened by {event.parent} into books that hold {decimal_of(state.cash)}"
                f" and {len(state.positions)} positions: it must be a run's first input"
            )
        state.cash = state.deposits = event.cash
        for record in event.positions:
            if record.lots == 0 or record.lots * record.cost < 0:
                raise Bug(f"Opened by {event.parent} hands over {record.lots} lots at cost {record.cost}")
            held = Position(
                record.desk,
                record.position,
                record.instrument,
                record.lots,
                record.cost,
                record.opened_ts,
                lots_entered=abs(record.lots),
                entry_notional=abs(record.cost),
            )
            state.deposits += record.cost
            self._add(f"{held.desk}/{held.position}", Booked(held))
        self._assert_conserved()
        listed = self.listing.state.instruments
        return [
            changed(held, held.opened_ts) for held in state.positions.values() if held.instrument in listed
        ]

    @on(InstrumentListed)
    def tell_of(self, event: InstrumentListed, _: Context) -> list[Event]:
        """What was taken over in an instrument that is known only now."""
        held = [one for one in self.state.positions.values() if one.instrument == event.instrument.id]
        return [changed(one, one.opened_ts) for one in held]

    @on(FillObserved)
    def fill(self, event: FillObserved, context: Context) -> list[Event] | None:
        """Book a fill once, make it final, or take it back; Bug if the venue contradicts itself."""
        seen = self.state.fills.see(event, context.now)
        if seen is Seen.REPEATED:
            return None
        position = event.position or event.instrument
        if seen is Seen.CONFIRMED:
            self._confirm(f"{event.desk}/{position}", key_of(event))
            return None
        self.state.booked = context.seq
        if seen is Seen.REVERSED:
            return self._reverse(f"{event.desk}/{position}", event)
        return self._book(event.desk, position, self._movement(event))

    @on(Settled)
    def settle(self, event: Settled, _: Context) -> list[Event]:
        """Exchange every position in the instrument for its payout."""
        if event.payout < 0:
            raise Bug(f"{event.instrument} settles at {event.payout} cash units a lot: a payout is 0 or more")
        movement = Movement(event.instrument, 0, 0, 0, event.ts_event, "settled", payout=event.payout)
        held = [one for one in self.state.positions.values() if one.instrument == event.instrument]
        held += [
            one.base
            for key, one in self.state.pending.items()
            if key not in self.state.positions and event.instrument in one.instruments()
        ]
        return [made for one in held for made in self._book(one.desk, one.position, movement)]

    @on(SetsMerged)
    def merge(self, event: SetsMerged, _: Context) -> list[Event] | None:
        """Exchange complete sets for 1 a share pair, its profit split by cost; nothing if they are no longer there.

        Cash moves by exactly the sets' worth, out of it for sets that were sold short.
        """
        sets = self.complete_sets(event.desk, event.yes_position, event.no_position)
        if not event.lots or event.lots * sets <= 0 or abs(event.lots) > abs(sets):
            return None
        yes = self.position(event.desk, event.yes_position)
        no = self.position(event.desk, event.no_position)
        lots = abs(event.lots)
        worth = lots * self.listing.scale(yes.instrument).lot_value
        made: list[Event] = []
        for held, share in zip((yes, no), shares_of_merge(yes, no, lots, worth), strict=True):
            movement = Movement(held.instrument, -event.lots, share, 0, event.ts_event, "merged")
            made += self._book(event.desk, held.position, movement)
        return made

    @on(InstrumentDelisted)
    def check_delisted(self, event: InstrumentDelisted, _: Context) -> None:
        """Bug if somebody holds what is gone for good: it must be settled first."""
        if self.holds(event.instrument):
            raise Bug(f"{event.instrument} is delisted and held: settle it first")

    # How

    def _movement(self, fill: FillObserved) -> Movement:
        if fill.lots < 1 or fill.ticks < 1:
            raise Bug(
                f"fill {key_of(fill)} is for {fill.lots} lots at {fill.ticks} ticks: both must be above 0"
            )
        return Movement(
            fill.instrument,
            fill.side.sign * fill.lots,
            self.listing.scale(fill.instrument).cost(fill.ticks, fill.lots),
            fill.fee,
            fill.ts_event,
            fill.reason,
            candidate_of(fill.order),
            key_of(fill),
            fill.status is FillStatus.CONFIRMED,
        )

    def _book(self, desk: str, position: str, movement: Movement) -> list[Event]:
        held = self.position(desk, position)
        booked = book(held, (movement,))
        key = f"{desk}/{position}"
        pending = self.state.pending.get(key)
        if pending is not None:
            pending.movements.append(movement)
        elif not movement.final:
            self.state.pending[key] = Pending(held, [movement])
        self._add(key, booked)
        return [*booked.events]

    def _confirm(self, key: str, fill: str) -> None:
        """Make `fill` final, and what is final before the next open one part of the base."""
        pending = self.state.pending[key]
        movements = [
            msgspec.structs.replace(one, final=True) if one.fill == fill else one for one in pending.movements
        ]
        firm = next((place for place, one in enumerate(movements) if not one.final), len(movements))
        pending.base = book(pending.base, movements[:firm]).position
        pending.movements = movements[firm:]
        if not pending.movements:
            del self.state.pending[key]

    def _reverse(self, key: str, event: FillObserved) -> list[Event]:
        """Book what would have been without the fill, and tell of trades that never were or now are."""
        pending = self.state.pending[key]
        before = book(pending.base, pending.movements)
        pending.movements = [one for one in pending.movements if one.fill != key_of(event)]
        after = book(pending.base, pending.movements)
        self._add(key, after, instead_of=before)
        self._confirm(key, "")
        void, valid = _differing(_trades(before), _trades(after))
        reason = event.reason or "fill failed"
        now = (
            after.position
            if after.position.lots
            else msgspec.structs.replace(after.position, instrument=event.instrument)
        )
        return [
            *(_reversal(trade, event.ts_event, reason) for trade in void),
            *valid,
            changed(now, event.ts_event),
        ]

    def _add(self, key: str, booked: Booked, instead_of: Booked | None = None) -> None:
        """Move the sums by what was booked, less what it replaces, and hold the position after it."""
        state = self.state
        held = state.positions.pop(key, None) if not booked.position.lots else state.positions.get(key)
        state.cash += booked.cash - (instead_of.cash if instead_of else 0)
        state.realised += booked.realised - (instead_of.realised if instead_of else 0)
        state.fees += booked.fees - (instead_of.fees if instead_of else 0)
        state.cost += booked.position.cost - (held.cost if held else 0)
        state.collateral += abs(booked.position.cost) - (abs(held.cost) if held else 0)
        if booked.position.lots:
            state.positions[key] = booked.position
        self._assert_conserved()

    def _assert_conserved(self) -> None:
        """Bug unless cash + cost + fees - realised is what was put in; AllHalted where int64 ends."""
        state = self.state
        put_in = state.cash + state.cost + state.fees - state.realised
        if put_in != state.deposits:
            raise Bug(
                f"cash + cost + fees - realised is {put_in} cash units and {state.deposits} were put in"
            )
        largest = max(
            abs(state.cash), state.collateral, abs(state.realised), abs(state.fees), abs(state.deposits)
        )
        if largest > INT64_MAX:
            raise AllHalted(
                f"the books reach {decimal_of(largest)} and int64 holds {decimal_of(INT64_MAX)}:"
                " lower the capital or the position limits and start a new run"
            )

    def assert_sums(self) -> None:
        """Bug unless the kept sums are the positions' own, and none is flat or of the wrong sign."""
        state, held = self.state, self.state.positions.values()
        sums = sum(one.cost for one in held), sum(abs(one.cost) for one in held)
        if sums != (state.cost, state.collateral) or any(
            one.lots * one.cost < 0 or not one.lots for one in held
        ):
            raise Bug(
                f"positions sum to {sums} cash units and the ledger keeps {(state.cost, state.collateral)}"
            )


def candidate_of(order: str) -> int:
    """The candidate that `order` (`<candidate>.<leg>`) came from; 0 for an order that is not ours."""
    number = order.partition(".")[0]
    return int(number) if number.isdecimal() else 0


def _trades(booked: Booked) -> list[TradeClosed]:
    return [event for event in booked.events if isinstance(event, TradeClosed)]


def _differing(old: list[TradeClosed], new: list[TradeClosed]) -> tuple[list[TradeClosed], list[TradeClosed]]:
    """What is left of both after their common beginning."""
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    return old[same:], new[same:]


def _reversal(trade: TradeClosed, ts: int, reason: str) -> TradeReversed:
    return TradeReversed(
        trade.desk,
        trade.position,
        trade.instrument,
        trade.side,
        trade.lots,
        trade.fees,
        trade.pnl,
        trade.closed_ts,
        trade.candidate,
        ts,
        reason,
    )
