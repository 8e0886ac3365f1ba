"""Events of several kinds in one order: a recorded data set of prediction markets as a feed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradeworthy.core.events import Event
from tradeworthy.core.packets import Input
from tradeworthy.gateways.feeds.protocol import FeedReport, Row, inputs_of
from tradeworthy.gateways.feeds.rows import ROWS_A_BATCH, Floats, Integers
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.books import BookChanged, Level

RECORDED = "recorded"
"""The name of these feeds."""

FIRST, PRICE, SECOND, BOOK, LAST = range(5)
"""Which of several events of one time comes first; a Single says FIRST, SECOND or LAST of itself."""


class Single(NamedTuple):
    """One event at session time `ts` (UTC ns), before the prices and books of that time or after them."""

    ts: int
    rank: int
    event: Event


class Prices(NamedTuple):
    """Prices of one symbol as columns, in order of arrival (`ts`, session time); `ts_event` is the source's time."""

    symbol: str
    ts: Integers
    ts_event: Integers
    price: Floats

    @classmethod
    def none(cls) -> Prices:
        """No price at all."""
        nothing = np.zeros(0, np.int64)
        return cls("", nothing, nothing, np.zeros(0))


class Books(NamedTuple):
    """Book changes as columns, in order: `token` is a place in the feed's tokens.

    The sides are arrays of rows x levels, best first: ticks and lots, where 0 lots is no level.
    """

    ts: Integers
    ts_event: Integers
    token: Integers
    bid_ticks: Integers
    bid_lots: Integers
    ask_ticks: Integers
    ask_lots: Integers


class Timeline(NamedTuple):
    """All that a data set holds."""

    singles: Sequence[Single]
    prices: Prices
    books: Books
    tokens: Sequence[str]


class TimelineFeed:
    """A Feed over a Timeline: by session time, then by rank, then in the order given; position is the index in it."""

    instruments: tuple[str, ...] = ()
    timeframe = ""

    def __init__(self, timeline: Timeline, identity: dict[str, object], report: FeedReport) -> None:
        self.name = RECORDED
        self._identity, self._report = identity, report
        self._singles, self._prices, self._books, tokens = timeline
        self._tokens = np.array([*tokens, None], dtype=np.object_)[:-1]
        sources = (
            (np.array([one.ts for one in self._singles], np.int64), [one.rank for one in self._singles]),
            (self._prices.ts, PRICE),
            (self._books.ts, BOOK),
        )
        ts = np.concatenate([stamps for stamps, _ in sources])
        rank = np.concatenate([np.broadcast_to(np.array(r, np.int64), s.shape) for s, r in sources])
        source = np.repeat(np.arange(3), [len(stamps) for stamps, _ in sources])
        index = np.concatenate([np.arange(len(stamps)) for stamps, _ in sources])
        order = np.lexsort((rank, ts))
        self._ts, self._source, self._index = ts[order], source[order], index[order]

    def identity(self) -> dict[str, object]:
        """What makes the content."""
        return self._identity

    def span(self) -> tuple[int, int | None]:
        """Session time of the first and the last event, UTC ns."""
        return int(self._ts[0]), int(self._ts[-1])

    def end(self) -> int | None:
        """The last position."""
        return len(self._ts) - 1

    def report(self) -> FeedReport:
        """Counts of the whole record: it is read when the feed is opened."""
        return self._report

    def inputs(self, after: int = -1) -> Iterator[Input]:
        """The events past `after` one by one."""
        return inputs_of(self.batches(after))

    def batches(self, after: int = -1) -> Iterator[list[Row]]:
        """The events past `after` in lists of about ROWS_A_BATCH."""
        for start in range(after + 1, len(self._ts), ROWS_A_BATCH):
            part = slice(start, min(start + ROWS_A_BATCH, len(self._ts)))
            source, index = self._source[part], self._index[part]
            events = np.empty(len(index), np.object_)
            for number, make in enumerate((self._made_singles, self._made_prices, self._made_books)):
                mine = source == number
                if mine.any():
                    events[mine] = make(index[mine])
            yield list(zip(range(start, part.stop), self._ts[part].tolist(), events.tolist(), strict=True))

    def _made_singles(self, index: Integers) -> NDArray[np.object_]:
        return _objects([self._singles[at].event for at in index.tolist()])

    def _made_prices(self, index: Integers) -> NDArray[np.object_]:
        prices = self._prices
        return _objects(
            map(
                PriceObserved,
                repeat(prices.symbol),
                prices.price[index].tolist(),
                prices.ts_event[index].tolist(),
            )
        )

    def _made_books(self, index: Integers) -> NDArray[np.object_]:
        books = self._books
        return _objects(
            map(
                BookChanged,
                self._tokens[books.token[index]].tolist(),
                books.ts_event[index].tolist(),
                _sides(books.bid_ticks[index], books.bid_lots[index]),
                _sides(books.ask_ticks[index], books.ask_lots[index]),
            )
        )


def _objects(events: object) -> NDArray[np.object_]:
    """Events as a column; numpy must not look into them."""
    made = list(events)  # type: ignore[call-overload]
    column = np.empty(len(made), np.object_)
    column[:] = made
    return column


def _sides(ticks: Integers, lots: Integers) -> Iterator[tuple[Level, ...]]:
    """One side of each book, without the levels that hold nothing."""
    for row_ticks, row_lots in zip(ticks.tolist(), lots.tolist(), strict=True):
        yield tuple(Level(at, size) for at, size in zip(row_ticks, row_lots, strict=True) if size)
