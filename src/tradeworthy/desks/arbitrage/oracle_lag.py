"""Oracle lag (O1 to O3): a token that is cheaper than what the oracle's price says it is worth."""

from __future__ import annotations

import math

from tradeworthy.desks.arbitrage import edges
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.events import Kind, Method
from tradeworthy.desks.arbitrage.findings import Found, Look
from tradeworthy.desks.arbitrage.gaps import MS_NS
from tradeworthy.desks.arbitrage.quotes import SECOND_NS, Quotes
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.arbitrage.views import MarketView
from tradeworthy.desks.arbitrage.watching import Watched
from tradeworthy.execution.desk import DeskParts
from tradeworthy.market import digital
from tradeworthy.market.instruments import Side
from tradeworthy.market.matching import TOUCHES, Shape

METHODS = {
    Shape.ABOVE: Method.TERMINAL,
    Shape.BELOW: Method.TERMINAL,
    Shape.RANGE: Method.TERMINAL,
    Shape.TOUCH_UP: Method.TOUCH,
    Shape.TOUCH_DOWN: Method.TOUCH,
    Shape.WINDOW: Method.WINDOW,
}
"""The method that judges a shape."""

_SPANS = (Shape.WINDOW, *TOUCHES)
"""Shapes that ask what happens from a start on: before it there is no view."""

_IMPOSSIBLE = float("-inf")


class OracleLag:
    """Looks at one market against the last believed price of its underlying."""

    def __init__(self, settings: ArbitrageSettings, parts: DeskParts, quotes: Quotes) -> None:
        self._settings, self._oracles, self._quotes = settings, parts.oracles, quotes
        self._min_edge = settings.min_edge
        self._age_ns = settings.oracle_max_age_ms * MS_NS
        self._capture_ns = settings.strike_capture_ms * MS_NS
        self._guard_ns = round(settings.expiry_guard_s * SECOND_NS)

    def look(self, view: MarketView, now: int, watched: Watched) -> Look | SkipReason:
        """The token that is cheaper than the least that it is worth, by its best level; or why there is none.

        What needs no book is asked first; a market without any edge costs one probability.
        """
        fault = self._fault(view, now)
        if fault:
            return fault
        price = self._oracles.price(view.symbol)
        strike = self._strike(view)
        if price is None or strike is None:
            return SkipReason.NO_ORACLE if price is None else SkipReason.STRIKE_UNKNOWN
        yes, no = self._quotes.take(view.yes), self._quotes.take(view.no)
        met = view.id in watched.touched
        fair = 1.0 if met else self._fair(view, price, strike, now)
        best = max(fair - yes, 1.0 - fair - no)
        if best < self._min_edge:
            return SkipReason.NO_EDGE if best > _IMPOSSIBLE else self._missing(view)
        fault = None if met else self._no_view(view, price, strike, now, watched)
        if fault:
            return fault
        opinion = self._opinion(view, price, strike, now, met=met)
        edge_yes, edge_no = opinion.low - yes, 1.0 - opinion.high - no
        token, edge = (view.yes, edge_yes) if edge_yes >= edge_no else (view.no, edge_no)
        if edge < self._min_edge:
            return SkipReason.NO_EDGE
        fault = self._quotes.book_fault(token, now)
        if fault:
            return fault
        if self._quotes.skewed(view, together=False):
            return SkipReason.SKEW
        return SkipReason.NOT_CREDIBLE if edge > self._settings.max_credible_edge else Look(edge, token.id)

    def find(self, view: MarketView, now: int, watched: Watched, instrument: str) -> Found | SkipReason:
        """The opportunity in token `instrument`, after a `look` that saw its edge."""
        price, strike = self._oracles.price(view.symbol), self._strike(view)
        if price is None or strike is None:
            return SkipReason.NO_EDGE
        opinion = self._opinion(view, price, strike, now, met=view.id in watched.touched)
        is_yes = instrument == view.yes.id
        token = view.yes if is_yes else view.no
        leg = self._quotes.leg(view, token, Side.BUY)
        offer = edges.oracle_edge(leg if is_yes else None, None if is_yes else leg, opinion, self._min_edge)
        book = self._quotes.book(token)
        if offer is None or book is None:
            return SkipReason.NO_EDGE
        walked, settings = offer.walked, self._settings
        oracle_ts = self._oracles.arrived_ts(view.symbol)
        spread = (book.asks[0].ticks - book.bids[0].ticks) * token.prices.tick
        fresh = min(
            edges.freshness(now - book.arrived_ts, settings.book_max_age_ms * MS_NS),
            edges.freshness(now - oracle_ts, self._age_ns),
        )
        quality = edges.spread_quality(spread, settings.spread_max)
        return Found(
            kind=Kind.ORACLE_LAG,
            method=METHODS[view.match.shape],
            markets=(view.id,),
            legs=walked.legs,
            gross_edge=walked.gross_edge,
            net_edge=walked.net_edge,
            signal=edges.signal_strength(offer.edge, settings.sniper_min_edge, fresh, quality),
            capacity_lots=walked.lots,
            profit=walked.profit,
            book_ts=book.arrived_ts,
            figures={
                "fair": opinion.fair,
                "fair_low": opinion.low,
                "fair_high": opinion.high,
                "edge_best": offer.edge,
                "strike": strike,
                "volatility": self._oracles.volatility(view.symbol),
                "seconds_left": (view.market.end_ts - now) / SECOND_NS,
                "spread": spread,
            },
            fair=offer.fair_low,
            oracle=view.symbol,
            oracle_value=price,
            oracle_ts=oracle_ts,
        )

    def _fault(self, view: MarketView, now: int) -> SkipReason | None:
        if not view.symbol:
            return SkipReason.NOT_MATCHED
        fault = self._quotes.market_fault(view, now)
        if fault:
            return fault
        if not view.market.end_ts:
            return SkipReason.END_UNKNOWN
        if now < view.start_ts and view.match.shape in _SPANS:
            return SkipReason.NOT_STARTED
        arrived_ts = self._oracles.arrived_ts(view.symbol)
        return SkipReason.STALE_ORACLE if arrived_ts and now - arrived_ts > self._age_ns else None

    def _missing(self, view: MarketView) -> SkipReason:
        """Why neither token can be bought."""
        books = self._quotes.book(view.yes) or self._quotes.book(view.no)
        return SkipReason.ONE_SIDED if books else SkipReason.NO_BOOK

    def _strike(self, view: MarketView) -> float | None:
        """The strike by title or venue; of a window else the first price at its start, None if that was missed."""
        if view.match.strike is not None or view.match.shape is not Shape.WINDOW:
            return view.match.strike
        return self._oracles.price_at_start(view.symbol, view.start_ts, self._capture_ns)

    def _fair(self, view: MarketView, price: float, strike: float, now: int) -> float:
        tau_years = (view.market.end_ts - now) / digital.YEAR_NS
        return edges.probability(view.match, price, strike, self._oracles.volatility(view.symbol), tau_years)

    def _no_view(
        self, view: MarketView, price: float, strike: float, now: int, watched: Watched
    ) -> SkipReason | None:
        """Why no probability is believed: a touch that may count or not, or a price that a push would turn."""
        if watched.is_unclear(view, price):
            return SkipReason.TOUCH_UNCLEAR
        tau_ns = view.market.end_ts - now
        near = tau_ns <= self._guard_ns and edges.is_unknown(
            view.match, price, strike, tau_ns, self._settings.expiry_bps
        )
        return SkipReason.NEAR_STRIKE if near else None

    def _volatility_error(self, symbol: str) -> float:
        """Two independent errors: what volatility does from now on, and how little of it was seen."""
        return math.hypot(self._settings.volatility_error, self._oracles.volatility_doubt(symbol))

    def _opinion(self, view: MarketView, price: float, strike: float, now: int, *, met: bool) -> edges.View:
        if met:
            return edges.CERTAIN
        return edges.view(
            view.match,
            price,
            strike,
            self._oracles.volatility(view.symbol),
            view.market.end_ts - now,
            volatility_error=self._volatility_error(view.symbol),
            basis_bps=self._settings.basis_bps,
        )
