"""What a run on the wall clock hands to the run that follows it: cash, positions, open orders, latches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event, SessionEnded
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.execution.accounting import CashMoved, Opened, Settled
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.order_state import ENDS
from tradeworthy.execution.orders import FillObserved, OrderObserved, PlaceOrder
from tradeworthy.journal.digest import Digest
from tradeworthy.journal.reader import read, read_header
from tradeworthy.journal.recorder import JournalRecorder
from tradeworthy.journal.segments import Header, write_whole
from tradeworthy.market.instruments import Instrument, InstrumentChanged, InstrumentListed
from tradeworthy.market.listing import Listing
from tradeworthy.risk.operators import HaltChanged
from tradeworthy.runtime.event_union import codec

SEALED = "sealed"
"""The file that says which run a sealed one was followed by."""

BOOKED = (InstrumentListed, InstrumentChanged, CashMoved, Opened, FillObserved, Settled)
"""The events that move the books: with these alone the ledger comes out as it was."""


class _NoOutbox:
    def dispatch(self, commands: Sequence[Packet]) -> None:
        """Nothing leaves."""


@dataclass(frozen=True)
class Handover:
    """How the run of `header` stood at the end of its record: `begun` says that it has books at all."""

    header: Header
    opened: Opened
    instruments: dict[str, Instrument]
    begun: bool
    finished: bool


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
    begun = finished = False
    for record in read(folder):
        if record.kind == Kind.MARK:
            continue
        packet = codec().decode(record.body)[1]
        if isinstance(packet.event, BOOKED):
            books.admit("sealed", packet.seq, packet.ts, packet.event)
        begun = begun or isinstance(packet.event, CashMoved | Opened)
        finished = finished or isinstance(packet.event, SessionEnded)
        _note(packet.event, orders, latches)
    opened = Opened(header.run, ledger.state.cash, ledger.records(), tuple(orders), tuple(latches))
    return Handover(header, opened, dict(listing.state.instruments), begun, finished)


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
