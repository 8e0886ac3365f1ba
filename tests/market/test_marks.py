"""Marks: what a position is worth now, and how old that is."""

from decimal import Decimal

import pytest

from tests.market.session import Session, reborn
from tests.market.tokens import SHARE, opening, token
from tests.market.tokens import market as prediction
from tradeworthy.market.bars import BarClosed, PriceObserved
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import (
    Instrument,
    InstrumentChanged,
    InstrumentDelisted,
    InstrumentListed,
)
from tradeworthy.market.listing import Listing
from tradeworthy.market.marks import Marks
from tradeworthy.market.ticks import PricePoint, TradeTick

BTC = Instrument(
    "BTC", "venue", "USDT", Decimal("0.1"), Decimal("0.001"), Decimal("0.0005"), Decimal("0.0002")
)
TICK_VALUE = 10_000
MINUTE = 60_000_000_000


class Market:
    """Marks in a session with BTC listed."""

    def __init__(self) -> None:
        self.listing = Listing()
        self.marks = Marks(self.listing)
        self.session = Session(self.listing, self.marks)
        self.session.admit(InstrumentListed(BTC), 1)

    def bar(self, close: float, minute: int) -> None:
        """A bar that opened at `minute`."""
        self.session.admit(BarClosed("BTC", "1m", minute * MINUTE, close, close, close, close, 1.0))

    def book(self, bids: list[int], asks: list[int], minute: int) -> None:
        """A book with a lot at each of those ticks."""
        bid_levels, ask_levels = (tuple(Level(ticks, 1) for ticks in side) for side in (bids, asks))
        self.session.admit(BookChanged("BTC", minute * MINUTE, bid_levels, ask_levels))


@pytest.fixture
def market() -> Market:
    """A market without a price yet."""
    return Market()


def test_without_a_price_there_is_no_mark(market: Market) -> None:
    """None is not zero."""
    assert market.marks.price("BTC") is None
    assert market.marks.value("BTC", 5) is None
    assert market.marks.ts("BTC") == 0


def test_a_bar_marks_at_its_close_as_of_its_end(market: Market) -> None:
    """The open time of a bar is not when its close was known; worth is rounded against us on both sides."""
    market.bar(10.07, 5)
    assert market.marks.price("BTC") == 10.07
    assert market.marks.ts("BTC") == 6 * MINUTE
    assert market.marks.value("BTC", 3) == 3 * 100 * TICK_VALUE
    assert market.marks.value("BTC", -3) == -3 * 101 * TICK_VALUE


def test_a_book_marks_longs_at_the_bid_and_shorts_at_the_ask(market: Market) -> None:
    """What closing now would bring; the middle is for showing."""
    market.book([98, 97], [103], 5)
    assert market.marks.value("BTC", 2) == 2 * 98 * TICK_VALUE
    assert market.marks.value("BTC", -2) == -2 * 103 * TICK_VALUE
    assert market.marks.price("BTC") == pytest.approx(10.05)
    assert market.marks.ts("BTC") == 5 * MINUTE


def test_the_newest_by_the_venues_clock_is_the_mark(market: Market) -> None:
    """A book older than the last bar or price no longer counts."""
    market.book([98], [103], 5)
    market.bar(10.5, 5)
    assert market.marks.price("BTC", 1) == 10.5
    market.session.admit(PriceObserved("BTC", 10.6, 7 * MINUTE))
    assert (market.marks.price("BTC", 1), market.marks.ts("BTC")) == (10.6, 7 * MINUTE)
    market.bar(10.7, 7)
    assert market.marks.price("BTC") == 10.7
    market.book([99], [104], 8)
    assert market.marks.price("BTC", 1) == pytest.approx(9.9)


def test_a_missing_side_falls_back_to_the_last_price(market: Market) -> None:
    """A long without bids is marked by the last trade or bar, and an empty book says nothing."""
    market.bar(10.5, 3)
    market.book([], [103], 5)
    assert market.marks.price("BTC", 1) == market.marks.price("BTC") == 10.5
    assert market.marks.price("BTC", -1) == pytest.approx(10.3)
    market.book([], [], 6)
    assert market.marks.price("BTC", -1) == pytest.approx(10.3)


def test_marks_survive_a_snapshot(market: Market) -> None:
    """Bars, prices and books come back as they were."""
    market.bar(10.5, 3)
    market.book([98], [103], 5)
    market.session.admit(PriceObserved("BTC", 10.6, MINUTE))
    before = market.marks.state
    market.marks.state = reborn(before)
    assert market.marks.state == before


def test_a_snapshot_holds_the_prices_of_points_and_trades(market: Market) -> None:
    """A9: whatever more such an event says, a mark is its price."""
    for event in (
        PricePoint("BTC", 101.0, MINUTE, liquidity_usd=5.0),
        TradeTick("BTC", 102.0, 2 * MINUTE, 3.0),
    ):
        market.session.admit(event)
        market.marks.state = reborn(market.marks.state)
        assert market.marks.price("BTC") == event.price


def test_a_token_without_a_bid_is_worth_nothing() -> None:
    """And one that is short costs a whole share if nobody offers it: what is lost is not marked at cost."""
    listing = Listing()
    marks = Marks(listing)
    session = Session(listing, marks)
    one = prediction()
    for event in opening(one):
        session.admit(event)
    assert marks.value(one.yes, 500) is None
    session.admit(BookChanged(one.yes, 1, (), (Level(2, 100),)))
    assert (marks.value(one.yes, 500), marks.value(one.yes, -500)) == (0, -500 * 2 * 10**4)
    session.admit(BookChanged(one.yes, 2, (Level(98, 100),), ()))
    assert (marks.value(one.yes, 500), marks.value(one.yes, -500)) == (500 * 98 * 10**4, -5 * SHARE)
    assert marks.price(one.yes, -1) is None


def test_another_tick_leaves_the_worth_and_only_the_best_prices() -> None:
    """Nobody gains or loses by another tick; a token that is delisted leaves nothing."""
    listing = Listing()
    marks = Marks(listing)
    session = Session(listing, marks)
    one = prediction()
    for event in opening(one):
        session.admit(event)
    session.admit(BookChanged(one.yes, 1, (Level(40, 100),), (Level(42, 100),)))
    session.admit(InstrumentChanged(token(one, "YES", rate="0.05")))
    assert marks.price(one.yes, 1) == 0.40
    session.admit(InstrumentChanged(token(one, "YES", tick="0.001")))
    assert (marks.value(one.yes, 500), marks.value(one.yes, -500)) == (200 * 10**6, -210 * 10**6)
    assert len(marks.state.books[one.yes].bids) == 1
    session.admit(BookChanged(one.yes, 2, (Level(404, 100),), (Level(419, 100),)))
    assert marks.price(one.yes, 1) == 0.404
    session.admit(PriceObserved(one.yes, 0.41, 3))
    session.admit(InstrumentDelisted(one.yes))
    session.admit(BookChanged(one.yes, 4, (Level(404, 100),), (Level(419, 100),)))
    assert marks.state == type(marks.state)()


def test_a_coarser_tick_rounds_the_worth_against_us() -> None:
    """.404 becomes .40 for who sells and .419 .42 for who buys; under a tick there is no bid, above all no ask."""
    one = prediction()
    for bid, ask, worth, owed in ((404, 419, 40, 42), (4, 996, 0, 100)):
        listing = Listing()
        marks = Marks(listing)
        session = Session(listing, marks)
        for event in opening(one, tick="0.001"):
            session.admit(event)
        session.admit(BookChanged(one.yes, 1, (Level(bid, 100),), (Level(ask, 100),)))
        session.admit(InstrumentChanged(token(one, "YES", tick="0.01")))
        assert (marks.value(one.yes, 100), marks.value(one.yes, -100)) == (worth * 10**6, -owed * 10**6)


def test_a_price_beyond_the_payout_marks_no_higher_than_the_highest() -> None:
    """A book of nonsense neither makes anybody rich nor stops the account from being marked."""
    listing = Listing()
    marks = Marks(listing)
    session = Session(listing, marks)
    one = prediction()
    for event in opening(one):
        session.admit(event)
    session.admit(BookChanged(one.yes, 1, (Level(150, 100),), (Level(160, 100),)))
    assert (marks.value(one.yes, 100), marks.value(one.yes, -100)) == (99 * 10**6, -99 * 10**6)
