"""When the sniper sells before the outcome: the market has caught up with the view, or the view has turned."""

from __future__ import annotations

import math

import msgspec

from tradeworthy.core.events import Figure
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.edges import is_unknown, probability
from tradeworthy.desks.arbitrage.gaps import MS_NS
from tradeworthy.desks.arbitrage.partitions import RATE_LOTS
from tradeworthy.desks.arbitrage.quotes import ROUNDING, SECOND_NS, Quotes
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.arbitrage.views import MarketView, Token, Views
from tradeworthy.execution.desk import DeskParts
from tradeworthy.execution.positions import Position
from tradeworthy.market.books import Level, walk
from tradeworthy.market.digital import YEAR_NS
from tradeworthy.market.instruments import CASH_UNIT, Side
from tradeworthy.market.matching import Shape

TAKE_PROFIT, STOP = "take_profit", "stop"
"""The reasons of exits."""

WAIT_NS = 5_000_000_000
"""After an exit was asked for, the next one waits so long: what nobody bought is not offered again at once."""


class Holding(msgspec.Struct):
    """A token that is held. `low` and `high` are the underlying's since then (0.0: not watched, or not seen yet).

    `wait_until` is session time in ns: no exit before.
    """

    symbol: str = ""
    low: float = 0.0
    high: float = 0.0
    wait_until: int = 0

    def watch(self, price: float) -> None:
        """Note a price of the underlying."""
        self.low = min(self.low, price) if self.low else price
        self.high = max(self.high, price)


class Exit(msgspec.Struct, frozen=True, gc=False):
    """Sell all that is held down to `limit_ticks`; `edge` is cash units gained by it against the view."""

    reason: str
    limit_ticks: int
    edge: int
    figures: dict[str, Figure]


class Exits:
    """Judges what is held by the market's price and the oracle's view. It reads, and remembers nothing."""

    def __init__(self, settings: ArbitrageSettings, parts: DeskParts) -> None:
        self._settings, self._parts = settings, parts
        self._views, self._quotes = Views(parts), Quotes(settings, parts)
        self._capture_ns = settings.strike_capture_ms * MS_NS
        self._oracle_age_ns = settings.oracle_max_age_ms * MS_NS
        self._guard_ns = round(settings.expiry_guard_s * SECOND_NS)

    def holding_of(self, instrument: str) -> Holding:
        """What is remembered of a token that is held from now on: touch markets need the underlying's extremes."""
        market = self._parts.markets.of(instrument)
        match = self._parts.markets.match(market.id) if market else None
        touches = match is not None and match.shape in (Shape.TOUCH_UP, Shape.TOUCH_DOWN)
        return Holding(match.underlying if match and touches else "")

    def judge(self, position: Position, holding: Holding, now: int) -> Exit | SkipReason:
        """The exit that is due for `position`, or why there is none; a book that can't be believed gives none."""
        market = self._parts.markets.of(position.instrument)
        view = self._views.of(market.id) if market else None
        if view is None:
            return SkipReason.UNKNOWN_MARKET
        token = view.yes if position.instrument == view.yes.id else view.no
        fault = self._quotes.market_fault(view, now) or self._quotes.book_fault(token, now)
        if fault is not None:
            return fault
        if position.lots < token.instrument.lots_min:
            return SkipReason.BELOW_MIN_SIZE
        fair = self._fair(view, token, holding, now)
        if isinstance(fair, SkipReason):
            return fair
        book = self._quotes.book(token)
        return self._choose(position, token, fair, book.bids) if book else SkipReason.NO_BOOK

    def _fair(self, view: MarketView, token: Token, holding: Holding, now: int) -> float | SkipReason:
        """The modelled probability that the token pays."""
        oracles, match = self._parts.oracles, view.match
        spot = oracles.price(view.symbol) if view.symbol else None
        if spot is None:
            return SkipReason.NO_ORACLE
        if now - oracles.arrived_ts(view.symbol) > self._oracle_age_ns:
            return SkipReason.STALE_ORACLE
        strike = match.strike
        if strike is None and match.shape is Shape.WINDOW:
            strike = oracles.price_at_start(view.symbol, view.start_ts, self._capture_ns)
        if strike is None:
            return SkipReason.STRIKE_UNKNOWN
        left = view.market.end_ts - now
        if _touched(match.shape, holding, strike):
            fair = 1.0
        elif left <= self._guard_ns and is_unknown(match, spot, strike, left, self._settings.expiry_bps):
            return SkipReason.NEAR_STRIKE
        else:
            fair = probability(match, spot, strike, oracles.volatility(view.symbol), left / YEAR_NS)
        return fair if token is view.yes else 1.0 - fair

    def _choose(
        self, position: Position, token: Token, fair: float, bids: tuple[Level, ...]
    ) -> Exit | SkipReason:
        """Sell at `fair` less the fee or better if that is a profit; or, once the view is below the cost, near `fair`.

        The bid is compared, not what is left of it after the fee: nearer than a fee to fair the market has caught up.
        """
        settings, scale = self._settings, self._parts.listing.scale(token.id)
        tick, share = token.prices.tick, float(token.instrument.lot) * CASH_UNIT
        fee = scale.fee(bids[0].ticks, RATE_LOTS, maker=False) / (RATE_LOTS * share)
        paid = (position.cost + position.fees) / (position.lots * share)
        reason, least = TAKE_PROFIT, max(fair - fee, paid + fee)
        if not settings.take_profit or bids[0].ticks * tick < least - ROUNDING:
            reason, least = STOP, fair - max(fee, settings.exit_edge)
            if paid - fair <= settings.exit_edge or bids[0].ticks * tick < least - ROUNDING:
                return SkipReason.HELD
        limit = max(1, math.ceil(least / tick - ROUNDING))
        sold = walk(Side.SELL, bids, position.lots, limit)
        lots = sum(level.lots for level in sold)
        if lots < token.instrument.lots_min:
            return SkipReason.BELOW_MIN_SIZE
        received = sum(
            scale.cost(level.ticks, level.lots) - scale.fee(level.ticks, level.lots, maker=False)
            for level in sold
        )
        figures: dict[str, Figure] = {
            "fair": fair,
            "bid": bids[0].ticks * tick,
            "fee": fee,
            "paid": paid,
            "lots": position.lots,
        }
        return Exit(reason, sold[-1].ticks, received - round(fair * share * lots), figures)


def _touched(shape: Shape, holding: Holding, strike: float) -> bool:
    """Whether the underlying met the strike while the token was held."""
    if shape is Shape.TOUCH_UP:
        return holding.high >= strike
    return shape is Shape.TOUCH_DOWN and 0.0 < holding.low <= strike
