"""The ledger: what fills, settlements and cash do to the books."""

from decimal import Decimal

import msgspec
import pytest

from tests.market.session import Session, reborn
from tradeworthy.core.errors import AllHalted, Bug, UsageError
from tradeworthy.core.events import Event
from tradeworthy.execution.accounting import (
    CashMoved,
    Opened,
    PositionChanged,
    PositionRecord,
    Settled,
    TradeClosed,
    TradeReversed,
)
from tradeworthy.execution.fills import KEPT_NS, FillMemory
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import INT64_MAX, Instrument, InstrumentListed, Side
from tradeworthy.market.listing import Listing
from tradeworthy.market.marks import Marks

BTC = Instrument(
    "BTC", "venue", "USDT", Decimal("0.1"), Decimal("0.001"), Decimal("0.0005"), Decimal("0.0002")
)
TICK_VALUE = 10_000
MINUTE = 60_000_000_000
START = 1_000 * MINUTE


class Books:
    """A ledger in a session with BTC listed and 10,000 USDT of cash."""

    def __init__(self) -> None:
        self.listing = Listing()
        self.marks = Marks(self.listing)
        self.ledger = Ledger(self.listing)
        self.session = Session(self.listing, self.marks, self.ledger)
        self.session.admit(InstrumentListed(BTC), START)

    def fund(self, amount: int = 10_000 * 10**8) -> None:
        """Put cash in."""
        self.session.admit(CashMoved(amount, "deposit"))

    def fill(
        self,
        number: int,
        side: Side,
        lots: int,
        ticks: int,
        fee: int = 0,
        status: FillStatus = FillStatus.CONFIRMED,
        *,
        ts: int = START,
        candidate: int = 3,
    ) -> list[Event]:
        """Report fill `number`; what came of it."""
        order = f"{candidate}.0"
        event = FillObserved(
            "paper",
            f"{number}",
            order,
            "desk",
            "main",
            "BTC",
            side,
            ticks,
            lots,
            fee,
            False,
            ts,
            status,
            "why",
        )
        return self.session.admit(event)


@pytest.fixture
def books() -> Books:
    """Funded books."""
    books = Books()
    books.fund()
    return books


def test_a_round_trip_ends_in_one_closed_trade_net_of_fees(books: Books) -> None:
    """Each change is told, then the trade, and the cash has moved by its pnl."""
    assert books.fill(1, Side.BUY, 2, 100, fee=7) == [
        PositionChanged("desk", "main", "BTC", 2, 2_000_000, 0, 7, START)
    ]
    changed, closed = books.fill(2, Side.SELL, 2, 110, fee=8, ts=START + 5, candidate=9)
    assert changed == PositionChanged("desk", "main", "BTC", 0, 0, 200_000, 15, START + 5)
    assert closed == TradeClosed(
        "desk", "main", "BTC", Side.BUY, 2, 2_000_000, 2_200_000, 15, 199_985, START, START + 5, "why", 9, 3
    )
    assert books.ledger.state.cash == 10_000 * 10**8 + 199_985
    assert books.ledger.positions() == []


def test_a_flip_closes_one_trade_and_opens_another(books: Books) -> None:
    """A fill through zero shares its fee between both, passing through a flat position."""
    books.fill(1, Side.BUY, 2, 100)
    through, closed, opened = books.fill(2, Side.SELL, 5, 110, fee=11, candidate=8)
    assert through == PositionChanged("desk", "main", "BTC", 0, 0, 200_000, 4, START)
    assert isinstance(closed, TradeClosed)
    assert (closed.pnl, closed.fees) == (199_996, 4)
    assert opened == PositionChanged("desk", "main", "BTC", -3, -3_300_000, 0, 7, START)
    assert books.ledger.position("desk", "main").entry_candidate == 8


def test_partial_closes_give_up_the_average_cost_to_the_last_unit(books: Books) -> None:
    """Cost is given up rounded up, so no profit is early, and the last lot takes what is left."""
    books.fill(1, Side.BUY, 1, 100)
    books.fill(2, Side.BUY, 2, 101, ts=START + 1)
    cost = books.ledger.position("desk", "main").cost
    first = books.fill(3, Side.SELL, 1, 101)[0]
    assert isinstance(first, PositionChanged)
    assert first.realised == 101 * TICK_VALUE - -(-cost // 3)
    *_, closed = books.fill(4, Side.SELL, 2, 101)
    assert isinstance(closed, TradeClosed)
    assert closed.pnl == TICK_VALUE
    assert (closed.lots, closed.opened_ts) == (3, START)


def test_a_repeated_fill_is_booked_once(books: Books) -> None:
    """A venue may report a fill again, and confirm it: the books move once."""
    assert len(books.fill(1, Side.BUY, 2, 100, status=FillStatus.MATCHED)) == 1
    for status in (FillStatus.MATCHED, FillStatus.CONFIRMED, FillStatus.CONFIRMED, FillStatus.MATCHED):
        assert books.fill(1, Side.BUY, 2, 100, status=status) == []
    assert books.ledger.position("desk", "main").lots == 2
    assert books.ledger.state.pending == {}


def test_a_fill_reported_with_other_figures_is_a_bug(books: Books) -> None:
    """The same id with another quantity can't be right twice."""
    books.fill(1, Side.BUY, 2, 100)
    with pytest.raises(Bug, match="fill paper/1 is reported again with other figures"):
        books.fill(1, Side.BUY, 3, 100)


@pytest.mark.parametrize(
    ("first", "then"), [(FillStatus.CONFIRMED, FillStatus.FAILED), (FillStatus.FAILED, FillStatus.CONFIRMED)]
)
def test_a_final_fill_can_not_change(books: Books, first: FillStatus, then: FillStatus) -> None:
    """Confirmed and failed are both final."""
    books.fill(1, Side.BUY, 2, 100, status=first)
    with pytest.raises(Bug, match=f"paper/1 is {first} and can't become {then}"):
        books.fill(1, Side.BUY, 2, 100, status=then)


def test_a_failure_of_an_unknown_fill_books_nothing_even_if_its_match_comes_after(books: Books) -> None:
    """Reports may come out of order: a fill that failed never was."""
    assert books.fill(1, Side.BUY, 2, 100, status=FillStatus.FAILED) == []
    assert books.fill(1, Side.BUY, 2, 100, status=FillStatus.MATCHED) == []
    assert books.ledger.positions() == []


def test_a_failed_fill_leaves_the_books_as_if_it_never_was(books: Books) -> None:
    """The average cost of later fills is as if the failed one had not been there, and its fee is back."""
    other = Books()
    other.fund()
    books.fill(1, Side.BUY, 3, 100, fee=5, status=FillStatus.MATCHED)
    for one in (books, other):
        one.fill(2, Side.BUY, 4, 90, fee=6)
        one.fill(3, Side.SELL, 2, 95, fee=7)
    books.fill(1, Side.BUY, 3, 100, fee=5, status=FillStatus.FAILED)
    for state in (books.ledger.state, other.ledger.state):
        state.fills, state.booked = FillMemory(), 0
    assert books.ledger.state == other.ledger.state


def test_a_failed_exit_takes_back_the_trade_that_it_closed(books: Books) -> None:
    """Who counted the trade's pnl is told to take it back, and the position is there again."""
    books.fill(1, Side.BUY, 2, 100)
    books.fill(2, Side.SELL, 2, 110, fee=3, status=FillStatus.MATCHED)
    reversed_, changed = books.fill(2, Side.SELL, 2, 110, fee=3, status=FillStatus.FAILED)
    assert isinstance(reversed_, TradeReversed)
    assert (reversed_.pnl, reversed_.candidate) == (199_997, 3)
    assert changed == PositionChanged("desk", "main", "BTC", 2, 2_000_000, 0, 0, START)


def test_a_failed_entry_makes_the_exit_an_entry(books: Books) -> None:
    """Without its entry the closing sale is a short; the earlier round trip is void."""
    books.fill(1, Side.BUY, 2, 100, status=FillStatus.MATCHED)
    books.fill(2, Side.SELL, 2, 110)
    void, changed = books.fill(1, Side.BUY, 2, 100, status=FillStatus.FAILED)
    assert isinstance(void, TradeReversed)
    assert changed == PositionChanged("desk", "main", "BTC", -2, -2_200_000, 0, 0, START)
    assert books.ledger.state.pending == {}


def test_a_settlement_pays_each_lot_held_and_a_later_failure_is_settled_too(books: Books) -> None:
    """A failed exit after the settlement leaves the position settled at the payout."""
    books.fill(1, Side.BUY, 2, 50)
    books.fill(2, Side.SELL, 2, 60, status=FillStatus.MATCHED)
    assert books.session.admit(Settled("BTC", 1_000_000, START + 9)) == []
    void, closed, changed = books.fill(2, Side.SELL, 2, 60, status=FillStatus.FAILED)
    assert isinstance(void, TradeReversed)
    assert isinstance(closed, TradeClosed)
    assert (closed.pnl, closed.reason, closed.candidate) == (1_000_000, "settled", 0)
    assert isinstance(changed, PositionChanged)
    assert (changed.lots, changed.instrument) == (0, "BTC")


def test_a_settlement_at_nothing_loses_the_cost_and_a_short_keeps_its_proceeds(books: Books) -> None:
    """Payout 0 is a price like any other; negative lots pay."""
    books.fill(1, Side.SELL, 2, 50)
    *_, closed = books.session.admit(Settled("BTC", 0, START))
    assert isinstance(closed, TradeClosed)
    assert (closed.side, closed.pnl) == (Side.SELL, 1_000_000)
    with pytest.raises(Bug, match="a payout is 0 or more"):
        books.session.admit(Settled("BTC", -1, START))


def test_shorts_are_fully_collateralised(books: Books) -> None:
    """Free cash leaves out a short's proceeds and as much again; a long costs what it cost."""
    books.fill(1, Side.SELL, 2, 100)
    assert books.ledger.free_cash() == 10_000 * 10**8 - 2_000_000
    assert books.ledger.free_cash(reserved=5) == 10_000 * 10**8 - 2_000_005
    assert books.ledger.equity_at_cost() == 10_000 * 10**8


def test_equity_marks_longs_at_the_bid_and_shorts_at_the_ask(books: Books) -> None:
    """Without a mark a position counts at cost; with one, at what closing would bring."""
    books.fill(1, Side.BUY, 2, 100)
    assert books.ledger.equity(books.marks) == 10_000 * 10**8
    books.session.admit(BarClosed("BTC", "1m", START, 10.0, 10.2, 9.9, 10.16, 1.0))
    assert books.ledger.equity(books.marks) == 10_000 * 10**8 + 2 * TICK_VALUE
    books.session.admit(BookChanged("BTC", START + MINUTE, (Level(98, 1),), (Level(103, 1),)))
    assert books.ledger.equity(books.marks) == 10_000 * 10**8 - 4 * TICK_VALUE
    books.fill(2, Side.SELL, 4, 100)
    assert books.ledger.equity(books.marks) == 10_000 * 10**8 - 6 * TICK_VALUE


def test_opened_takes_over_what_the_parent_handed_on(books: Books) -> None:
    """A new run goes on from the records of the old one, its capital being what they cost."""
    books.fill(1, Side.SELL, 2, 100, fee=5)
    heir = Books()
    records = books.ledger.records()
    assert records == (PositionRecord("desk", "main", "BTC", -2, -2_000_000, START),)
    made = heir.session.admit(Opened("old-1", books.ledger.state.cash, records))
    assert made == [PositionChanged("desk", "main", "BTC", -2, -2_000_000, 0, 0, START)]
    assert heir.ledger.equity_at_cost() == books.ledger.equity_at_cost() == 10_000 * 10**8 - 5
    assert heir.ledger.state.deposits == 10_000 * 10**8 - 5


def test_opened_must_come_first_and_make_sense(books: Books) -> None:
    """Books that hold something are not opened over, and a long has no negative cost."""
    with pytest.raises(Bug, match="it must be a run's first input"):
        books.session.admit(Opened("old-1", 5, ()))
    with pytest.raises(Bug, match="hands over 2 lots at cost -1"):
        Books().session.admit(Opened("old-1", 5, (PositionRecord("desk", "main", "BTC", 2, -1, START),)))


def test_one_position_holds_one_instrument(books: Books) -> None:
    """A key that holds BTC takes no ETH."""
    eth = msgspec.structs.replace(BTC, id="ETH")
    books.session.admit(InstrumentListed(eth))
    books.fill(1, Side.BUY, 2, 100)
    event = FillObserved("paper", "2", "3.0", "desk", "main", "ETH", Side.BUY, 1, 1, 0, False, START)
    with pytest.raises(Bug, match="desk/main holds 2 lots of BTC, not of ETH"):
        books.session.admit(event)


def test_a_fill_of_an_unlisted_instrument_is_refused_by_name(books: Books) -> None:
    """The error names what is listed and the next step."""
    event = FillObserved("paper", "2", "3.0", "desk", "main", "DOGE", Side.BUY, 1, 1, 0, False, START)
    with pytest.raises(UsageError, match=r"'DOGE' is not listed \(1 are: BTC"):
        books.session.admit(event)


@pytest.mark.parametrize(("lots", "ticks"), [(0, 100), (-1, 100), (1, 0)])
def test_a_fill_of_nothing_is_a_bug(books: Books, lots: int, ticks: int) -> None:
    """The sign is the side's, and nothing is free."""
    with pytest.raises(Bug, match="both must be above 0"):
        books.fill(1, Side.BUY, lots, ticks)


def test_books_that_int64_can_not_hold_halt_everything(books: Books) -> None:
    """Sums may pass what one order could: nothing more is decided then."""
    with pytest.raises(AllHalted, match=r"the books reach 92233720368.54775808"):
        books.session.admit(CashMoved(INT64_MAX + 1 - books.ledger.state.cash, "deposit"))


def test_fills_are_forgotten_when_no_repeat_is_due_and_open_ones_are_not(books: Books) -> None:
    """Memory is flat in run length; what is not final stays, and what may be booked already is refused."""
    books.fill(0, Side.BUY, 1, 100, status=FillStatus.MATCHED)
    now = START
    for day in range(40):
        now = START + day * KEPT_NS // 2
        books.session.admit(CashMoved(0, "a day"), now)
        books.fill(2 * day + 1, Side.BUY, 1, 100, ts=now)
        books.fill(2 * day + 2, Side.SELL, 1, 100, ts=now)
    memory = books.ledger.state.fills
    assert len(memory.recent) + len(memory.older) < 12
    assert books.fill(80, Side.SELL, 1, 100, ts=now) == []
    with pytest.raises(AllHalted, match=r"fill paper/1 of BTC happened at .* reconcile with the venue"):
        books.fill(1, Side.BUY, 1, 100)
    assert books.fill(0, Side.BUY, 1, 100, status=FillStatus.FAILED)
    assert (books.ledger.positions(), books.ledger.state.pending) == ([], {})


def test_a_snapshot_brings_the_books_back_whole(books: Books) -> None:
    """The state survives its binary form in the middle of an unconfirmed flip."""
    books.fill(1, Side.BUY, 2, 100, status=FillStatus.MATCHED)
    books.fill(2, Side.SELL, 5, 110, fee=11)
    books.ledger.state = reborn(books.ledger.state)
    books.listing.state = reborn(books.listing.state)
    void, changed = books.fill(1, Side.BUY, 2, 100, status=FillStatus.FAILED)
    assert isinstance(void, TradeReversed)
    assert changed == PositionChanged("desk", "main", "BTC", -5, -5_500_000, 0, 11, START)


def test_a_damaged_sum_is_noticed(books: Books) -> None:
    """The invariants are checked, not assumed."""
    books.fill(1, Side.BUY, 2, 100)
    books.ledger.state.collateral += 1
    with pytest.raises(Bug, match="positions sum to"):
        books.ledger.equity(books.marks)
    books.ledger.state.cash += 1
    with pytest.raises(Bug, match="were put in"):
        books.fill(2, Side.BUY, 2, 100)
