"""Suspect quotes of windows: passed through as they were written, prices of 0.0 left out, nothing ever resolved."""

from pathlib import Path

from tests.gateways.market_records import (
    DAY_S,
    SECOND,
    Best,
    check_order,
    events,
    feed_of,
    write_windows,
)
from tradeworthy.market.bars import FeedGap, PriceObserved
from tradeworthy.market.books import BookChanged, Level, check_book
from tradeworthy.market.predictions import MarketClosed, MarketOpened, MarketResolved

DAY = DAY_S * SECOND
REAL = "polymarket_btc5m_bbo"
EVEN = ((0.50, 0.51), (0.49, 0.50))


def test_frozen_quotes_pass_through(tmp_path: Path) -> None:
    """Every row is a book, however often it says the same: the desks must see that it is frozen."""
    rows = [Best(number * 100, 0, *EVEN) for number in range(50)]
    found = check_order(feed_of(write_windows(tmp_path, rows)))
    books = [book for _, book in events(found, BookChanged)]
    assert len(books) == 100
    assert {(book.instrument[-3:], book.bids, book.asks) for book in books} == {
        ("YES", (Level(50, 10_000),), (Level(51, 10_000),)),
        (":NO", (Level(49, 10_000),), (Level(50, 10_000),)),
    }


def test_quotes_carried_over_pass_through_within_their_series(tmp_path: Path) -> None:
    """The next window begins with the last one's quotes; both are of one series, so that it can be seen."""
    rows = [Best(299_900, 0, (0.64, 0.66), (0.34, 0.36)), Best(300_000, 300, (0.64, 0.66), (0.34, 0.36))]
    found = check_order(feed_of(write_windows(tmp_path, rows)))
    books = [book for _, book in events(found, BookChanged)]
    assert books[0].bids == books[2].bids
    opened = [event.market for _, event in events(found, MarketOpened)]
    assert [market.series for market in opened] == ["btc-updown-5m"] * 2
    assert [market.start_ts - DAY for market in opened] == [0, 300 * SECOND]


def test_nothing_is_ever_resolved(tmp_path: Path) -> None:
    """Windows end, and that is all that is on record of them."""
    found = check_order(feed_of(write_windows(tmp_path, [Best(0, 0, *EVEN)])))
    assert [(ts - DAY) // SECOND for ts, _ in events(found, MarketClosed)] == [300]
    assert not events(found, MarketResolved)


def test_a_price_of_zero_is_missing_and_counted(tmp_path: Path) -> None:
    """0.0 is told to nobody; a price is told when it changes, for nobody knows when it was heard again."""
    values = [0.0, 60_000.0, 60_000.0, 0.0, 60_000.0, 60_001.0]
    rows = [Best(number * 100, 0, *EVEN, settlement=value) for number, value in enumerate(values)]
    feed = feed_of(write_windows(tmp_path, rows))
    heard = events(check_order(feed), PriceObserved)
    assert [((ts - DAY) // 1_000_000, event.price) for ts, event in heard] == [
        (100, 60_000.0),
        (500, 60_001.0),
    ]
    assert feed.report().instruments["BTC"].bad == {"no_price": 4}


def test_the_other_recorded_price_can_be_heard(tmp_path: Path) -> None:
    """Which of the two is the oracle is a setting, and makes another feed."""
    folder = write_windows(tmp_path, [Best(0, 0, *EVEN)])
    feed = feed_of(folder, oracle="binance")
    assert [event.price for _, event in events(check_order(feed), PriceObserved)] == [60_010.0]
    assert feed.identity() != feed_of(folder).identity()


def test_a_float_stands_on_its_tick_and_nonsense_is_no_book(tmp_path: Path) -> None:
    """0.339999 is 34 ticks; a quote between ticks or crossed is a gap of that token alone."""
    rows = [
        Best(0, 0, (0.64, 0.66), (0.339999, 0.36)),
        Best(100, 0, (0.645, 0.66), (0.34, 0.36)),
        Best(200, 0, (0.64, 0.66), (0.37, 0.36)),
    ]
    feed = feed_of(write_windows(tmp_path, rows))
    found = check_order(feed)
    assert events(found, BookChanged)[1][1].bids == (Level(34, 10_000),)
    gaps = [(gap.instrument[-3:], gap.reason) for _, gap in events(found, FeedGap)]
    assert gaps == [("YES", "bad_book:off_tick"), (":NO", "bad_book:crossed")]
    assert feed.report().instruments["quotes"].bad == {"crossed": 1, "off_tick": 1}


def test_the_real_record_has_its_known_faults(recorded_data: Path) -> None:
    """38,102 books of 8 windows, 340 rows without a price, no outcome; every book valid."""
    feed = feed_of(recorded_data / REAL)
    found = check_order(feed)
    books = events(found, BookChanged)
    assert len(books) == 38_102
    for _, book in books:
        check_book(book)
    assert len(events(found, MarketClosed)) == 8
    assert not events(found, MarketResolved)
    assert feed.report().instruments["BTC"].bad == {"no_price": 340}
    assert all(event.price > 1000.0 for _, event in events(found, PriceObserved))
