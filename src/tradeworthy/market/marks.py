"""The last price of each instrument: what positions are worth now."""

from __future__ import annotations

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed, PriceObserved
from tradeworthy.market.books import BookChanged
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
        """Remember the price."""
        self.state.prices[event.instrument] = event

    @on(BookChanged)
    def take_book(self, event: BookChanged, _: Context) -> None:
        """Remember the book, unless it is empty: an empty book says nothing about worth."""
        if event.bids or event.asks:
            self.state.books[event.instrument] = event

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
        """Cash units that signed `lots` are worth at the mark, rounded against us; None without a mark."""
        price = self.price(instrument, lots)
        return None if price is None else self._listing.scale(instrument).value_at(price, lots)

    def _last_price(self, instrument: str) -> tuple[int, float | None]:
        bar = self.state.bars.get(instrument)
        observed = self.state.prices.get(instrument)
        bar_ts = bar.ts_event + TIMEFRAMES_NS[bar.timeframe] if bar else 0
        if observed is not None and (bar is None or observed.ts_event >= bar_ts):
            return observed.ts_event, observed.price
        return bar_ts, bar.close if bar else None
