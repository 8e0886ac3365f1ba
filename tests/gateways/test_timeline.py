"""The order of a recorded data set's events, and entering it anywhere."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.gateways.market_records import check_order
from tests.gateways.recordings import rows_of
from tradeworthy.gateways.feeds.protocol import FeedReport
from tradeworthy.gateways.feeds.rows import ROWS_A_BATCH
from tradeworthy.gateways.feeds.timeline import (
    FIRST,
    LAST,
    SECOND,
    Books,
    Prices,
    Single,
    Timeline,
    TimelineFeed,
)
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.predictions import MarketsFetched

stamps = st.lists(st.integers(0, 12), max_size=12).map(sorted)


def column(values: list[int]) -> np.ndarray:
    """A column of integers."""
    return np.array(values, np.int64)


def books_at(ts: list[int]) -> Books:
    """Books of two levels whose second is empty; the bid's ticks number them."""
    rows = len(ts)
    ticks = np.stack([np.arange(1, rows + 1), np.zeros(rows, np.int64)], axis=1).reshape(rows, 2)
    lots = np.tile(column([5, 0]), (rows, 1))
    return Books(column(ts), column(ts), column([0] * rows), ticks, lots, ticks + 50, lots)


def feed_of(singles: list[Single], prices: list[int], books: list[int]) -> TimelineFeed:
    """A feed of one token."""
    observed = Prices("BTC", column(prices), column(prices), np.arange(1.0, len(prices) + 1))
    timeline = Timeline(singles, observed, books_at(books), ["a:YES"])
    return TimelineFeed(timeline, {"feed": "recorded"}, FeedReport("recorded", {}))


@given(
    singles=st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from([FIRST, SECOND, LAST])), min_size=1, max_size=9
    ),
    prices=stamps,
    books=stamps,
    after=st.integers(-1, 40),
)
def test_events_stand_by_time_and_rank_wherever_the_feed_is_entered(
    singles: list[tuple[int, int]], prices: list[int], books: list[int], after: int
) -> None:
    """Position is the place in one order of all kinds; a resumed run meets the same rows."""
    made = [Single(ts, rank, MarketsFetched("v", number, ts)) for number, (ts, rank) in enumerate(singles)]
    feed = feed_of(made, prices, books)
    rows = check_order(feed)
    ranks = {PriceObserved: 1, BookChanged: 3}
    keys = [
        (ts, singles[event.count][1] if isinstance(event, MarketsFetched) else ranks[type(event)])
        for _, ts, event in rows
    ]
    assert keys == sorted(keys)
    assert [event.price for _, _, event in rows if isinstance(event, PriceObserved)] == [
        float(number) for number in range(1, len(prices) + 1)
    ]
    assert repr(rows_of(feed, after)) == repr(rows[after + 1 :])
    assert [one.position for one in feed.inputs(after)] == [row[0] for row in rows[after + 1 :]]


def test_a_level_without_lots_is_none() -> None:
    """Books of differing depth share their columns."""
    feed = feed_of([], [], [3])
    assert rows_of(feed) == [(0, 3, BookChanged("a:YES", 3, (Level(1, 5),), (Level(51, 5),)))]


def test_rows_come_in_batches_without_a_seam() -> None:
    """A long feed is not one list."""
    feed = feed_of([], list(range(2 * ROWS_A_BATCH + 1)), [])
    assert [len(batch) for batch in feed.batches()] == [ROWS_A_BATCH, ROWS_A_BATCH, 1]
    check_order(feed)
