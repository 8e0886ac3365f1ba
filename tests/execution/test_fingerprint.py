"""The fingerprint: it follows what was done to the account, in its order, and nothing else."""

from decimal import Decimal

import msgspec
import pytest

from tests.market.session import Session, reborn
from tradeworthy.core.events import Event
from tradeworthy.execution.accounting import CashMoved
from tradeworthy.execution.fingerprint import Fingerprint
from tradeworthy.execution.intents import TimeInForce
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.orders import FillObserved, FillStatus, PlaceOrder
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.instruments import Instrument, InstrumentListed, Side
from tradeworthy.market.listing import Listing

BTC = Instrument(
    "BTC", "venue", "USDT", Decimal("0.1"), Decimal("0.001"), Decimal("0.0005"), Decimal("0.0002")
)
LISTED = InstrumentListed(BTC)
ORDER = PlaceOrder(
    "7.0",
    7,
    "desk",
    "main",
    "BTC",
    Side.BUY,
    2,
    None,
    TimeInForce.FAK,
    0,
    reduce_only=False,
    reason="breakout",
)
BUY = FillObserved(
    "paper",
    "1",
    "7.0",
    "desk",
    "main",
    "BTC",
    Side.BUY,
    100,
    2,
    5,
    False,
    40,
    FillStatus.CONFIRMED,
    "breakout",
)
SELL = msgspec.structs.replace(BUY, fill="2", side=Side.SELL, ticks=110, ts_event=50, reason="exit")
RUN = (LISTED, ORDER, BUY, SELL)


def fingerprint_of(*events: Event, snapshot_after: int = -1) -> str:
    """The fingerprint of a session with those inputs, all at time 60."""
    listing = Listing()
    ledger = Ledger(listing)
    fingerprint = Fingerprint(ledger)
    session = Session(listing, ledger, fingerprint)
    for place, event in enumerate(events):
        session.admit(event, 60)
        if place == snapshot_after:
            for agent in (listing, ledger, fingerprint):
                agent.state = reborn(agent.state)
    return fingerprint.hex()


def test_the_fingerprint_of_a_round_trip_is_known() -> None:
    """Golden: an order, two fills and a close. A change here is a change of what runs are compared by."""
    assert fingerprint_of(*RUN) == "e517fb4cf1f4d5a145537002a66bca1c"
    assert fingerprint_of(LISTED) == "0" * 32


@pytest.mark.parametrize(
    "change",
    [
        {"desk": "other"},
        {"side": Side.SELL},
        {"ticks": 101},
        {"lots": 3},
        {"fee": 6},
        {"reason": "other"},
        {"ts_event": 41},
    ],
)
def test_each_economic_field_of_a_fill_counts(change: dict[str, object]) -> None:
    """Any of them differing is another run."""
    assert fingerprint_of(LISTED, msgspec.structs.replace(BUY, **change)) != fingerprint_of(LISTED, BUY)


def test_the_order_of_events_counts() -> None:
    """A sale before a purchase is not the same as after it."""
    assert fingerprint_of(LISTED, SELL, BUY) != fingerprint_of(LISTED, BUY, SELL)


@pytest.mark.parametrize("change", [{"order": "9.0"}, {"fill": "x"}, {"venue": "sweep"}, {"maker": True}])
def test_names_and_numbers_of_packets_do_not_count(change: dict[str, object]) -> None:
    """A sweep and a session number their orders differently and agree."""
    assert fingerprint_of(LISTED, msgspec.structs.replace(BUY, **change)) == fingerprint_of(LISTED, BUY)


def test_inputs_that_move_nothing_do_not_count() -> None:
    """Bars, cash and repeats of a fill leave it alone."""
    bar = BarClosed("BTC", "1m", 0, 1.0, 1.0, 1.0, 1.0, 1.0)
    assert fingerprint_of(LISTED, CashMoved(5, "deposit"), bar, ORDER, BUY, BUY, bar, SELL, SELL, BUY) == (
        fingerprint_of(*RUN)
    )


def test_a_confirmation_does_not_count_and_a_failure_does() -> None:
    """Only what moves the books is in it."""
    matched = msgspec.structs.replace(BUY, status=FillStatus.MATCHED)
    failed = msgspec.structs.replace(BUY, status=FillStatus.FAILED)
    assert fingerprint_of(LISTED, matched, BUY) == fingerprint_of(LISTED, BUY)
    assert fingerprint_of(LISTED, matched, failed) != fingerprint_of(LISTED, BUY)
    assert fingerprint_of(LISTED, matched, failed) != fingerprint_of(LISTED)


@pytest.mark.parametrize("place", range(len(RUN)))
def test_a_snapshot_at_any_place_changes_nothing(place: int) -> None:
    """The chain goes on from its last link."""
    assert fingerprint_of(*RUN, snapshot_after=place) == fingerprint_of(*RUN)
