"""The last price of each instrument: what positions are worth now."""

from __future__ import annotations

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed, PriceObserved
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import InstrumentChanged, InstrumentDelisted
from tradeworthy.market.listing import Listing


class MarksState(State):
    """The last bar, price and book of each instrument; the newest by the venue's time is the mark."""

    bars: dict[str, BarClosed] = {}
    prices: dict[str, PriceObserved] = {}
    books: dict[str, BookChanged] = {}


class Marks(Agent):
    """The part named `marks`. It keeps events whole, so a bar costs one dictionary store."""

    state: MarksState

    def __init__(self, listing: Listing) -> None:
        super().__init__("marks", MarksState())
        self._listing = listing

    @on(BarClosed)
    def take_bar(self, event: BarClosed, _: Context) -> None:
        """Remember the bar."""
        self.state.bars[event.instrument] = event

    @on(PriceObserved)
    def take_price(self, event: PriceObserved, _: Context) -> None:
        """Remember the price, of a more special event no more than that: a snapshot knows this class alone."""
        if type(event) is not PriceObserved:
            event = PriceObserved(event.instrument, event.price, event.ts_event, event.quantity)
        self.state.prices[event.instrument] = event

    @on(BookChanged)
    def take_book(self, event: BookChanged, _: Context) -> None:
        """Remember the book, unless it is empty: an empty book says nothing about worth.

        Nor is one remembered of an instrument that is not listed (any more): nobody would ever forget it.
        """
        if (event.bids or event.asks) and event.instrument in self._listing.state.instruments:
            self.state.books[event.instrument] = event

    @on(InstrumentChanged)
    def void(self, event: InstrumentChanged, context: Context) -> None:
        """Count the best prices of a book in the new ticks: it can't be traded, but worth does not change with a tick.

        What does not fit is rounded apart, a bid down and an ask up.
        """
        new, listing = event.instrument, self._listing
        book = self.state.books.get(new.id)
        if book is None or not listing.is_reticked(new.id, context.seq):
            return
        above, below = (listing.state.ticks_before[new.id] / new.tick).as_integer_ratio()
        highest = listing.scale(new.id).ticks_max
        bids = [Level(one.ticks * above // below, one.lots) for one in book.bids[:1]]
        asks = [Level(-(-one.ticks * above // below), one.lots) for one in book.asks[:1]]
        self.state.books[new.id] = msgspec.structs.replace(
            book,
            bids=tuple(one for one in bids if one.ticks),
            asks=tuple(one for one in asks if one.ticks <= highest),
        )

    @on(InstrumentDelisted)
    def forget(self, event: InstrumentDelisted, _: Context) -> None:
        """Drop all that was remembered of it."""
        for kept in (self.state.bars, self.state.prices, self.state.books):
            kept.pop(event.instrument, None)

    def ts(self, instrument: str) -> int:
        """When the mark was made, by the venue's clock (a bar's close), UTC ns; 0 without a mark."""
        price_ts, _price = self._last_price(instrument)
        book = self.state.books.get(instrument)
        return max(price_ts, book.ts_event if book else 0)

    def price(self, instrument: str, lots: int = 0) -> float | None:
        """The mark in quote currency, or None: the bid for long `lots`, the ask for short, the middle for 0.

        If that side is empty, or a bar or price is newer than the book, it is the last price.
        """
        price_ts, price = self._last_price(instrument)
        book = self.state.books.get(instrument)
        if book is None or book.ts_event < price_ts:
            return price
        bids, asks = (book.asks if lots < 0 else book.bids), (book.bids if lots > 0 else book.asks)
        if not (bids and asks):
            return price
        return self._listing.scale(instrument).price_float(bids[0].ticks + asks[0].ticks) / 2.0

    def value(self, instrument: str, lots: int) -> int | None:
        """Cash units that signed `lots` are worth at the mark, rounded against us; None without a mark.

        A prediction market's token that nobody bids for is worth nothing, and one that nobody offers costs 1 a share.
        """
        listed = self._listing.state.instruments.get(instrument)
        book = self.state.books.get(instrument)
        if listed is not None and listed.market and book is not None:
            scale = self._listing.scale(instrument)
            levels = book.bids if lots > 0 else book.asks
            if not levels:
                return min(0, lots) * scale.lot_value
            return scale.cost(min(levels[0].ticks, scale.ticks_max), lots)
        price = self.price(instrument, lots)
        return None if price is None else self._listing.scale(instrument).value_at(price, lots)

    def _last_price(self, instrument: str) -> tuple[int, float | None]:
        bar = self.state.bars.get(instrument)
        observed = self.state.prices.get(instrument)
        bar_ts = bar.ts_event + TIMEFRAMES_NS[bar.timeframe] if bar else 0
        if observed is not None and (bar is None or observed.ts_event >= bar_ts):
            return observed.ts_event, observed.price
        return bar_ts, bar.close if bar else None
