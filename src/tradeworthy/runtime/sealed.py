"""What a sealed run hands to the run that follows it: cash, positions, open orders, latches, from its records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tradeworthy.core.events import Event
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.execution.accounting import CashMoved, Opened, Settled
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.order_state import ENDS
from tradeworthy.execution.orders import FillObserved, OrderObserved, PlaceOrder
from tradeworthy.journal.digest import Digest
from tradeworthy.journal.reader import read
from tradeworthy.journal.recorder import JournalRecorder
from tradeworthy.market.instruments import InstrumentChanged, InstrumentListed
from tradeworthy.market.listing import Listing
from tradeworthy.risk.operators import HaltChanged
from tradeworthy.runtime.event_union import codec

BOOKED = (InstrumentListed, InstrumentChanged, CashMoved, Opened, FillObserved, Settled)
"""The events that move the books: with these alone the ledger comes out as it was."""


class _NoOutbox:
    def dispatch(self, commands: Sequence[Packet]) -> None:
        """Nothing leaves."""


def opened_from(folder: Path) -> Opened:
    """The Opened that follows the run in `folder`; no desk's code is run for it.

    UsageError if that run ended with orders whose fate is unknown.
    """
    listing = Listing()
    ledger = Ledger(listing)
    books = Sequencer([listing, ledger], codec(), JournalRecorder(Digest(b"")), _NoOutbox(), seed=0)
    orders: dict[str, None] = {}
    latches: dict[str, None] = {}
    for record in read(folder):
        if record.kind == Kind.MARK:
            continue
        packet = codec().decode(record.body)[1]
        if isinstance(packet.event, BOOKED):
            books.admit("sealed", packet.seq, packet.ts, packet.event)
        _note(packet.event, orders, latches)
    return Opened(folder.name, ledger.state.cash, ledger.records(), tuple(orders), tuple(latches))


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
