"""What a run on the wall clock hands to the run that follows it: cash, positions, open orders, latches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event, SessionEnded
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.desks.uptrend.events import PositionsAllocated
from tradeworthy.execution.accounting import CashMoved, EquityMarked, Opened, SetsMerged, Settled
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.order_state import ENDS
from tradeworthy.execution.orders import FillObserved, OrderObserved, PlaceOrder
from tradeworthy.journal.digest import Digest
from tradeworthy.journal.reader import read, read_header
from tradeworthy.journal.recorder import JournalRecorder
from tradeworthy.journal.segments import Header, write_whole
from tradeworthy.learning.events import Override, OverrideRolledBack, OverridesChanged
from tradeworthy.market.instruments import (
    Instrument,
    InstrumentChanged,
    InstrumentDelisted,
    InstrumentListed,
)
from tradeworthy.market.listing import Listing
from tradeworthy.market.predictions import MarketClosed, MarketDisputed, MarketOpened, MarketResolved
from tradeworthy.risk.operators import HaltChanged
from tradeworthy.runtime.assembly import CONFIGURED
from tradeworthy.runtime.event_union import codec

SEALED = "sealed"
"""The file that says which run a sealed one was followed by."""

BOOKED = (
    InstrumentListed,
    InstrumentChanged,
    InstrumentDelisted,
    CashMoved,
    Opened,
    FillObserved,
    Settled,
    SetsMerged,
)
"""The events that move the books: with these alone the ledger comes out as it was."""


class _NoOutbox:
    def dispatch(self, commands: Sequence[Packet]) -> None:
        """Nothing leaves."""


@dataclass
class Learned:
    """What a desk that learns knew at the end: the rows of its tokens by (desk, instrument), as they were decided.

    `overrides` is the whole table (None: nothing was ever learned), `held_off` are the ids that a person took back.
    """

    rows: dict[tuple[str, str], PositionsAllocated] = field(default_factory=dict)
    overrides: tuple[Override, ...] | None = None
    held_off: dict[str, None] = field(default_factory=dict)

    def note(self, event: Event) -> None:
        """Take in one event of the record."""
        match event:
            case PositionsAllocated():
                self.rows[event.desk, event.instrument] = event
            case OverridesChanged():
                self.overrides = event.overrides
            case OverrideRolledBack(undo=True):
                self.held_off.pop(event.override, None)
            case OverrideRolledBack():
                self.held_off[event.override] = None
            case _:
                pass


@dataclass(frozen=True)
class Handover:
    """How the run of `header` stood at the end of its record: `begun` says that it was told all it must know first.

    `markets` are those in which something is held, each with what was said of it, MarketOpened first.
    """

    header: Header
    opened: Opened
    instruments: dict[str, Instrument]
    begun: bool
    finished: bool
    markets: tuple[tuple[Event, ...], ...] = ()
    learned: Learned = field(default_factory=Learned)

    def tokens(self) -> list[Instrument]:
        """The tokens of the markets in which something is held: no configuration lists them."""
        named = [token for facts in self.markets for token in _tokens_of(facts)]
        return [self.instruments[token] for token in named if token in self.instruments]

    def market_facts(self) -> list[Event]:
        """What the heir must be told of those markets, before any feed speaks of them."""
        listed: list[Event] = [InstrumentListed(token) for token in self.tokens()]
        return [*listed, *(fact for facts in self.markets for fact in facts)]


def handover_of(folder: Path) -> Handover:
    """What the run in `folder` hands over, from its records alone: no desk's code is run for it.

    Damage if they are broken before their end.
    """
    header = read_header(folder)
    listing = Listing()
    ledger = Ledger(listing)
    books = Sequencer([listing, ledger], codec(), JournalRecorder(Digest(b"")), _NoOutbox(), seed=0)
    orders: dict[str, None] = {}
    latches: dict[str, None] = {}
    lives: dict[str, list[Event]] = {}
    begun = finished = False
    learned = Learned()
    peak = told = 0
    for record in read(folder):
        if record.kind == Kind.MARK:
            continue
        packet = codec().decode(record.body)[1]
        if isinstance(packet.event, BOOKED):
            books.admit("sealed", packet.seq, packet.ts, packet.event)
        begun = begun or isinstance(packet.event, CashMoved | Opened)
        finished = finished or isinstance(packet.event, SessionEnded)
        told += packet.agent == CONFIGURED
        peak = _peak(packet.event, peak)
        learned.note(packet.event)
        _note(packet.event, orders, latches)
        _note_market(packet.event, lives)
    opened = Opened(header.run, ledger.state.cash, ledger.records(), tuple(orders), tuple(latches), peak)
    held = {listing.state.instruments[one.instrument].market for one in opened.positions}
    markets = tuple(tuple(facts) for market, facts in lives.items() if market in held)
    begun = begun and told >= header.session.get("told", 0)
    return Handover(header, opened, dict(listing.state.instruments), begun, finished, markets, learned)


def check_heir(
    handover: Handover, instruments: Sequence[Instrument], desks: Sequence[str], currency: str
) -> None:
    """UsageError unless a run with these can go on with what is handed over.

    Cash counts units of the currency and positions count lots: read with another currency or lot they would be
    other money. A position without its desk would never be closed.
    """
    run = handover.opened.parent
    was = handover.header.configuration["account"]["currency"]
    if was != currency:
        raise UsageError(
            f"the account of run {run} is in {was} and the configuration says {currency};"
            f" put it back, or begin an empty run with --fresh"
        )
    listed = {one.id: one for one in instruments}
    for held in handover.opened.positions:
        what = f"run {run} holds {held.lots} lots of {held.instrument} for desk {held.desk}"
        now, then = listed.get(held.instrument), handover.instruments.get(held.instrument)
        if held.desk not in desks or now is None:
            missing = f"desk {held.desk}" if held.desk not in desks else f"instrument {held.instrument}"
            raise UsageError(
                f"{what}, and the configuration has no {missing} any more; put it back and close the position"
                " first, or begin an empty run with --fresh"
            )
        if then and (now.lot, now.quote) != (then.lot, then.quote):
            raise UsageError(
                f"{what}, of {then.lot} {then.quote} each, and the configuration says {now.lot} {now.quote};"
                " put that back and close the position first, or begin an empty run with --fresh"
            )


def seal(folder: Path, heir: str) -> None:
    """The run in `folder` is over for good: `heir` took its place."""
    write_whole(folder / SEALED, heir.encode())


def is_sealed(folder: Path) -> bool:
    """Whether another run took the place of the one in `folder`."""
    return (folder / SEALED).exists()


def _peak(event: Event, peak: int) -> int:
    """The highest equity after `event`, that its drawdown is counted from (0: never marked yet)."""
    match event:
        case EquityMarked():
            return event.peak
        case Opened():
            return event.peak
        case CashMoved():
            return peak + event.amount if peak else 0
        case _:
            return peak


def _note_market(event: Event, lives: dict[str, list[Event]]) -> None:
    """Keep what is said of a market until it has its outcome."""
    match event:
        case MarketOpened():
            lives.setdefault(event.market.id, [event])[0] = event
        case MarketClosed() | MarketDisputed() if event.market in lives:
            lives[event.market].append(event)
        case MarketResolved():
            lives.pop(event.market, None)
        case _:
            pass


def _tokens_of(facts: Sequence[Event]) -> tuple[str, ...]:
    opened = facts[0]
    return (opened.market.yes, opened.market.no) if isinstance(opened, MarketOpened) else ()


def _note(event: Event, orders: dict[str, None], latches: dict[str, None]) -> None:
    match event:
        case PlaceOrder():
            orders[event.order] = None
        case OrderObserved() if event.status in ENDS:
            orders.pop(event.order, None)
        case HaltChanged(halted=True):
            latches[f"{event.desk}/{event.rule}"] = None
        case HaltChanged():
            latches.pop(f"{event.desk}/{event.rule}", None)
        case _:
            pass
