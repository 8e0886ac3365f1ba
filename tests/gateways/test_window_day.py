"""A recorded day of windows: real prices, markets and outcomes, with books of makers around them."""

import math
from itertools import pairwise
from pathlib import Path

import pytest

from tests.gateways.market_records import (
    DAY_S,
    SECOND,
    Price,
    check_order,
    events,
    feed_of,
    gamma,
    steady,
    write_day,
)
from tests.gateways.recordings import rows_of
from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.feeds.maker_books import volatilities
from tradeworthy.gateways.feeds.window_record import read_arrivals
from tradeworthy.market.bars import FeedGap, PriceObserved
from tradeworthy.market.books import BookChanged, check_book
from tradeworthy.market.digital import YEAR_NS, above
from tradeworthy.market.instruments import CASH_UNIT, InstrumentListed
from tradeworthy.market.money import Scale
from tradeworthy.market.predictions import MarketClosed, MarketOpened, MarketResolved, MarketsFetched

DAY = DAY_S * SECOND
LATE = 1_300_000_000
REAL = "polymarket_btc5m_markets_chainlink"


def two_windows(folder: Path, **second: object) -> Path:
    """Two windows, the first up and the second down."""
    markets = [gamma(0, up=True), gamma(300, up=False, **second)]  # type: ignore[arg-type]
    return write_day(folder, steady(601), markets)


def test_a_market_lives_in_the_venues_order(tmp_path: Path) -> None:
    """Listed, opened, its strike once known, closed, resolved with the outcome on record."""
    rows = check_order(feed_of(two_windows(tmp_path)))
    opened = events(rows, MarketOpened)
    assert [(ts - DAY, event.market.strike) for ts, event in opened] == [
        (LATE, None),
        (LATE, None),
        (LATE, 60_000.0),
        (300 * SECOND + LATE, 60_000.0),
    ]
    assert [ts - DAY for ts, _ in events(rows, MarketClosed)] == [300 * SECOND, 600 * SECOND]
    resolved = events(rows, MarketResolved)
    assert [(ts - DAY, event.payout) for ts, event in resolved] == [
        (318 * SECOND, CASH_UNIT),
        (618 * SECOND, 0),
    ]
    assert events(rows, MarketsFetched)[0][1].count == 2


def test_the_tokens_trade_by_the_venues_terms(tmp_path: Path) -> None:
    """Tick, smallest order and fee curve are the market's own."""
    folder = two_windows(tmp_path, orderPriceMinTickSize=0.001, orderMinSize=15)
    listed = [event.instrument for _, event in events(check_order(feed_of(folder)), InstrumentListed)]
    assert [one.outcome for one in listed] == ["YES", "NO"] * 2
    assert listed[0].id == f"polymarket:0x{DAY_S:064x}:YES"
    assert [one.lots_min for one in listed] == [500, 500, 1500, 1500]
    assert Scale(listed[0]).fee(50, 10_000, maker=False) == round(1.75 * CASH_UNIT)
    assert listed[2].tick != listed[0].tick
    assert listed[3].token == f"{DAY_S + 300}2"


def test_a_price_is_told_when_it_arrived(tmp_path: Path) -> None:
    """Age counts from arrival; an older price that comes later is passed on as it came."""
    prices = [*steady(299), Price(299, 60_001.0, late_ms=3_000), Price(300, 60_002.0, late_ms=1_000)]
    rows = check_order(feed_of(write_day(tmp_path, prices, [gamma(0)])))
    heard = events(rows, PriceObserved)
    assert heard[0][0] == DAY + LATE
    assert heard[0][1].ts_event == DAY
    assert [event.ts_event - DAY for _, event in heard[-2:]] == [300 * SECOND, 299 * SECOND]


def test_a_silence_of_more_than_two_seconds_is_a_gap(tmp_path: Path) -> None:
    """It is told with the price that ends it, and the books stand still meanwhile."""
    prices = [price for price in steady(300) if not 100 < price.second < 140]
    rows = check_order(
        feed_of(
            write_day(tmp_path, prices, [gamma(0)]),
        )
    )
    ((ts, gap),) = events(rows, FeedGap)
    assert (gap.instrument, gap.from_ts - DAY, gap.to_ts - DAY) == ("BTC", 100 * SECOND, 140 * SECOND)
    assert ts - DAY == 140 * SECOND + LATE
    stamps = [stamp for stamp, _ in events(rows, BookChanged)]
    assert max(later - earlier for earlier, later in pairwise(stamps)) == 40 * SECOND


def test_without_lag_the_makers_know_what_the_desk_knows(tmp_path: Path) -> None:
    """The fair price by the last price that arrived always lies within the spread of the book."""
    folder = two_windows(tmp_path)
    arrivals, _ = read_arrivals(folder)
    known = dict(
        zip(
            arrivals.ts.tolist(),
            zip(arrivals.price.tolist(), volatilities(arrivals).tolist(), strict=True),
            strict=True,
        )
    )
    seen = 0
    for ts, book in events(rows_of(feed_of(folder, lag_ms=0)), BookChanged):
        if book.instrument.endswith("YES") and f"{DAY_S:064x}" in book.instrument and ts - DAY < 300 * SECOND:
            price, volatility = known[ts]
            fair = above(price, 60_000.0, volatility, (DAY + 300 * SECOND - ts) / YEAR_NS)
            assert (book.bids[0].ticks if book.bids else 0) / 100 <= fair
            assert fair <= (book.asks[0].ticks if book.asks else 100) / 100
            seen += 1
    assert seen > 250


def test_books_are_valid_mirrored_and_late_by_the_lag(tmp_path: Path) -> None:
    """NO mirrors YES level by level, and nothing is quoted on a price before its lag is over."""
    rows = check_order(feed_of(two_windows(tmp_path), lag_ms=4000))
    books = events(rows, BookChanged)
    for (_, yes), (_, no) in zip(books[::2], books[1::2], strict=True):
        check_book(yes)
        check_book(no)
        assert [(100 - level.ticks, level.lots) for level in yes.asks] == [(b.ticks, b.lots) for b in no.bids]
        assert [(100 - level.ticks, level.lots) for level in yes.bids] == [(b.ticks, b.lots) for b in no.asks]
    first = next(ts for ts, book in books[2:] if f"{DAY_S:064x}" in book.instrument)
    assert 2 * SECOND <= first - DAY - LATE <= 6 * SECOND


def test_an_outcome_is_inferred_strictly(tmp_path: Path) -> None:
    """Closed, two outcomes, prices of exactly 1 and 0; else it stays open for ever."""
    markets = [
        gamma(0, up=None),
        gamma(300, closed=False),
        gamma(600, outcomePrices='["0.999", "0.001"]'),
        gamma(900, outcomes='["A", "B", "C"]'),
        gamma(1200),
    ]
    rows = check_order(feed_of(write_day(tmp_path, steady(1501), markets)))
    assert [event.market for _, event in events(rows, MarketResolved)] == [
        f"polymarket:0x{DAY_S + 1200:064x}"
    ]
    assert len(events(rows, MarketClosed)) == len(markets)


def test_a_strike_that_is_missing_is_the_first_price_or_unknown(tmp_path: Path) -> None:
    """Within two seconds of the start; else nobody knows it, and no maker quotes."""
    prices = [price for price in steady(900) if not 598 < price.second < 640]
    markets = [gamma(300, strike=None), gamma(600, strike=None)]
    rows = check_order(feed_of(write_day(tmp_path, prices, markets)))
    told = [event.market.strike for _, event in events(rows, MarketOpened) if event.market.strike]
    assert told == [prices[300].value]
    late = [book for _, book in events(rows, BookChanged) if f"{DAY_S + 600:064x}" in book.instrument]
    assert len(late) == 2


def test_a_window_without_a_price_is_left_out_and_counted(tmp_path: Path) -> None:
    """A market whose window lies outside of the record can't be traded."""
    folder = write_day(tmp_path, steady(300), [gamma(-300), gamma(0), gamma(3000)])
    feed = feed_of(folder)
    assert feed.report().instruments["markets"].bad == {"no_price": 2}
    assert len(events(check_order(feed), MarketClosed)) == 1


def test_a_repeated_market_and_a_price_that_is_none_are_dropped(tmp_path: Path) -> None:
    """Markets are known by their slug; 0.0 and NaN are counted."""
    prices = [*steady(300), Price(300, 0.0), Price(301, math.nan)]
    feed = feed_of(write_day(tmp_path, prices, [gamma(0), gamma(0, up=False)]))
    assert feed.report().instruments["BTC"].bad == {"bad_price": 2}
    assert [event.payout for _, event in events(check_order(feed), MarketResolved)] == [CASH_UNIT]


def test_a_line_that_is_no_market_is_named(tmp_path: Path) -> None:
    """What can't be read ends in one line."""
    folder = write_day(tmp_path, steady(300), [{"slug": "x"}])
    with pytest.raises(UsageError, match="has a line that is no market"):
        feed_of(folder)


def test_a_part_of_the_day_opens_what_is_open_by_then(tmp_path: Path) -> None:
    """--from in the middle of a window lists it at once, and does not tell what is over."""
    whole = feed_of(two_windows(tmp_path))
    rows = check_order(feed_of(tmp_path, from_ts=DAY + 400 * SECOND, to_ts=DAY + 610 * SECOND))
    assert rows[0][1] == DAY + 400 * SECOND
    markets = {event.market.id for _, event in events(rows, MarketOpened)}
    assert markets == {f"polymarket:0x{DAY_S + 300:064x}"}
    inside = [
        repr(row[1:]) for row in rows_of(whole) if isinstance(row[2], BookChanged) and row[1] >= rows[0][1]
    ]
    assert [repr(row[1:]) for row in rows if isinstance(row[2], BookChanged)] == inside


def test_the_real_day_has_its_known_faults(recorded_data: Path) -> None:
    """288 windows with prices, all resolved; 134 gaps; every book valid (A3)."""
    feed = feed_of(recorded_data / REAL)
    rows = check_order(feed)
    assert feed.identity()["books"] == "simulated"
    assert len(events(rows, MarketResolved)) == 288
    assert len(events(rows, PriceObserved)) == 84_558
    assert len(events(rows, FeedGap)) == feed.report().instruments["BTC"].missing == 134
    assert feed.report().instruments["BTC"].bad == {}
    for _, book in events(rows, BookChanged):
        check_book(book)
    for _, opened in events(rows, MarketOpened):
        assert opened.market.books == "simulated"
    half = len(rows) // 2
    assert repr(rows_of(feed, half)[:50]) == repr(rows[half + 1 : half + 51])


def test_the_recorded_strike_and_the_price_at_the_start_agree(recorded_data: Path) -> None:
    """The venue's strikes and outcomes are those of the settlement prices: 286 of 286."""
    rows = rows_of(feed_of(recorded_data / REAL))
    by_second = {event.ts_event: event.price for _, event in events(rows, PriceObserved)}
    lives = {event.market.id: event.market for _, event in events(rows, MarketOpened)}
    told = right = 0
    for _, resolved in events(rows, MarketResolved):
        market = lives[resolved.market]
        begin, end = by_second.get(market.start_ts), by_second.get(market.end_ts)
        if begin is not None and end is not None:
            told += 1
            right += (end >= begin) == (resolved.payout > 0)
            assert market.strike == pytest.approx(begin, rel=1e-12)
    assert told == right
    assert told > 270
