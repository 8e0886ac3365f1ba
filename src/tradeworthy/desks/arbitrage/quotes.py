"""Best prices as the scanner reads them, and the gates that a market and a book must pass to show an edge."""

from __future__ import annotations

import math

from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.gaps import MS_NS
from tradeworthy.desks.arbitrage.partitions import LegBook
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.arbitrage.views import MarketView, Token
from tradeworthy.execution.desk import DeskParts
from tradeworthy.market.freshness import Seen
from tradeworthy.market.instruments import Side
from tradeworthy.market.markets import MarketStatus

SECOND_NS = 1_000_000_000

ROUNDING = 1e-9
"""What a sum of prices may be off by: far below a tick."""

_NOT_OPEN = {
    MarketStatus.CLOSED: SkipReason.CLOSED,
    MarketStatus.DISPUTED: SkipReason.DISPUTED,
    MarketStatus.RESOLVED: SkipReason.RESOLVED,
    MarketStatus.UNKNOWN: SkipReason.UNKNOWN_MARKET,
}


class Quotes:
    """Reads the last books. A lost book (a gap of its feed, another tick size) has no prices."""

    def __init__(self, settings: ArbitrageSettings, parts: DeskParts) -> None:
        self._markets, self._freshness, self._listing = parts.markets, parts.freshness, parts.listing
        self._age_ns = settings.book_max_age_ms * MS_NS
        self._skew_ns = settings.skew_max_ms * MS_NS
        self._spread_max = settings.spread_max
        self._end_ns = round(settings.min_tte_s * SECOND_NS)

    def book(self, token: Token) -> Seen | None:
        """The last book; None without one, or if it was lost since."""
        seen = self._freshness.state.books.get(token.id)
        return seen if seen and seen.arrived_ts else None

    def take(self, token: Token) -> float:
        """What the first share costs a buyer, fee included; infinite without an ask at up to 1."""
        seen = self._freshness.state.books.get(token.id)
        if seen is None or not seen.asks or not seen.arrived_ts:
            return math.inf
        ticks = seen.asks[0].ticks
        return token.prices.takes[ticks] if ticks <= token.prices.ticks_one else math.inf

    def give(self, token: Token) -> float:
        """What a seller has of the first share after fees; -infinite without a bid at up to 1."""
        seen = self._freshness.state.books.get(token.id)
        if seen is None or not seen.bids or not seen.arrived_ts:
            return -math.inf
        ticks = seen.bids[0].ticks
        return token.prices.gives[ticks] if ticks <= token.prices.ticks_one else -math.inf

    def ask(self, token: Token) -> float:
        """The best ask before fees; infinite without one."""
        seen = self.book(token)
        return seen.asks[0].ticks * token.prices.tick if seen and seen.asks else math.inf

    def arrived_ts(self, instrument: str) -> int:
        """When the token's last book arrived, session ns; 0 if there is none."""
        return self._freshness.arrived_ts(instrument)

    def leg(self, view: MarketView, token: Token, side: Side) -> LegBook:
        """The levels that an order of `side` for the token trades against; none where there is no book."""
        seen = self.book(token)
        levels = () if seen is None else seen.asks if side is Side.BUY else seen.bids
        return LegBook(view.id, token.id, token.outcome, side, levels, self._listing.scale(token.id))

    def market_fault(self, view: MarketView, now: int) -> SkipReason | None:
        """Why the market takes no entry now: closed, disputed, resolved, too near its end."""
        market = view.market
        status = self._markets.status(market.id)
        if status is not MarketStatus.OPEN:
            return _NOT_OPEN[status]
        if not (market.accepting_orders and market.order_book):
            return SkipReason.CLOSED
        if market.end_ts and now > market.end_ts - self._end_ns:
            return SkipReason.TOO_NEAR_END
        return None

    def book_fault(self, token: Token, now: int) -> SkipReason | None:
        """Why the token's book shows nothing that can be traded: the first that holds.

        No book, one side empty, a best price below a tick or above 1 less a tick, a wide spread, too old, frozen,
        carried over from the window before, or of a series whose quotes did not settle.
        """
        seen = self.book(token)
        if seen is None:
            return SkipReason.NO_BOOK
        if not (seen.bids and seen.asks):
            return SkipReason.ONE_SIDED
        bid, ask, prices = seen.bids[0].ticks, seen.asks[0].ticks, token.prices
        if min(bid, ask) < 1 or max(bid, ask) >= prices.ticks_one:
            return SkipReason.PRICE_BOUNDS
        if (ask - bid) * prices.tick > self._spread_max + ROUNDING:
            return SkipReason.WIDE_SPREAD
        if now - seen.arrived_ts > self._age_ns:
            return SkipReason.STALE_BOOK
        fault = self._freshness.fault(token.id, now)
        return SkipReason(fault) if fault else None

    def skewed(self, view: MarketView, *, together: bool) -> bool:
        """Whether the two books of a market tell different stories, so that one of them is from another moment.

        The venue mirrors them: a bid for one token is an ask for the other at 1 less the price. They differ if an ask
        and its mirror are more than a tick apart, or with `together` if they did not arrive within `skew_max_ms`.
        """
        yes, no = self.book(view.yes), self.book(view.no)
        if yes is None or no is None:
            return together
        if together and abs(yes.arrived_ts - no.arrived_ts) > self._skew_ns:
            return True
        ticks_one = view.yes.prices.ticks_one
        if view.no.prices.ticks_one != ticks_one:
            return True
        pairs = ((yes.bids, no.asks), (no.bids, yes.asks))
        return any(
            bids and asks and abs(ticks_one - bids[0].ticks - asks[0].ticks) > 1 for bids, asks in pairs
        )
