"""What the scanner needs of a market at every look: its tokens, their prices with fees, and what moves it."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from tradeworthy.execution.desk import DeskParts
from tradeworthy.market.instruments import FeeCurve, Instrument
from tradeworthy.market.matching import Match, Shape
from tradeworthy.market.predictions import NO, YES, Market

FEE_TABLES_MAX = 64
"""Different fee schedules and ticks that are kept at hand."""

TIDY_MIN = 256
"""Fewer views than this are kept without a look at whether their markets are still known."""


class Prices:
    """By ticks, 0 to `ticks_one` (a price of 1): what a taker pays for a share, and has of one he sells, after fees."""

    __slots__ = ("gives", "takes", "tick", "ticks_one")

    def __init__(self, tick: Decimal, rate: Decimal, curve: FeeCurve | None) -> None:
        self.tick = float(tick)
        self.ticks_one = int(1 / tick)
        prices = [float(tick * ticks) for ticks in range(self.ticks_one + 1)]
        if curve:
            fees = [float(curve.rate) * (price * (1.0 - price)) ** curve.exponent for price in prices]
        else:
            fees = [float(rate) * price for price in prices]
        self.takes = [price + fee for price, fee in zip(prices, fees, strict=True)]
        self.gives = [price - fee for price, fee in zip(prices, fees, strict=True)]


@lru_cache(maxsize=FEE_TABLES_MAX)
def prices_of(tick: Decimal, rate: Decimal, curve: FeeCurve | None) -> Prices:
    """The table of one tick and fee schedule."""
    return Prices(tick, rate, curve)


class Token:
    """One outcome of a market, as it is listed."""

    __slots__ = ("id", "instrument", "outcome", "prices")

    def __init__(self, instrument: Instrument, outcome: str) -> None:
        self.id, self.instrument, self.outcome = instrument.id, instrument, outcome
        self.prices = prices_of(instrument.tick, instrument.taker_fee, instrument.fee_curve)


class MarketView:
    """A market with its tokens and its match.

    `symbol` is the oracle's, "" if the title is not understood. `start_ts` is from when on prices count, UTC ns: a
    window's start goes by its end and length, since venues name the day they opened it; a touch's by its title, too.
    """

    __slots__ = ("id", "market", "match", "no", "start_ts", "symbol", "yes")

    def __init__(self, market: Market, match: Match, yes: Instrument, no: Instrument) -> None:
        self.id, self.market, self.match = market.id, market, match
        self.yes, self.no = Token(yes, YES), Token(no, NO)
        self.symbol = "" if match.shape is Shape.NONE else match.underlying
        in_window = market.end_ts and match.window_ns
        self.start_ts = market.end_ts - match.window_ns if in_window else max(market.start_ts, match.from_ts)


class Views:
    """The views of known markets, made once for each definition of a market and its tokens."""

    def __init__(self, parts: DeskParts) -> None:
        self._markets, self._listing = parts.markets, parts.listing
        self._made: dict[str, MarketView] = {}
        self._tidy_at = TIDY_MIN

    def of(self, market_id: str) -> MarketView | None:
        """The view of a market; None if it is not known or one of its tokens is not listed."""
        market = self._markets.market(market_id)
        if market is None:
            self._made.pop(market_id, None)
            return None
        listed = self._listing.state.instruments
        yes, no = listed.get(market.yes), listed.get(market.no)
        view = self._made.get(market_id)
        if view and view.market is market and view.yes.instrument is yes and view.no.instrument is no:
            return view
        if yes is None or no is None:
            return None
        if len(self._made) > self._tidy_at:
            self._tidy()
        view = self._made[market_id] = MarketView(market, self._markets.match(market_id), yes, no)
        return view

    def _tidy(self) -> None:
        """Drop the views of markets that are gone, when there are twice as many as the last time."""
        self._made = {
            market_id: view for market_id, view in self._made.items() if self._markets.market(market_id)
        }
        self._tidy_at = max(TIDY_MIN, 2 * len(self._made))
