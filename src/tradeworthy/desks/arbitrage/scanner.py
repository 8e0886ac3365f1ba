"""The part named `opportunity-scanner`: finds gaps, waits for the latency, and tells of those that are still there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradeworthy.core.agents import Agent, Context, on
from tradeworthy.core.events import Event, Resumed, SessionEnded, WokeUp
from tradeworthy.desks.arbitrage import heard, ladders
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.events import SCANNER, Method, OpportunityDetected
from tradeworthy.desks.arbitrage.gaps import MS_NS
from tradeworthy.desks.arbitrage.mispricing import is_grouped
from tradeworthy.desks.arbitrage.oracle_lag import METHODS
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.arbitrage.tracking import Priced, ScannerState, Tracker
from tradeworthy.desks.arbitrage.views import MarketView, Views
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.books import BookChanged
from tradeworthy.market.instruments import InstrumentDelisted
from tradeworthy.market.markets import MarketStatus
from tradeworthy.market.predictions import MarketClosed, MarketDisputed, MarketOpened, MarketResolved

if TYPE_CHECKING:
    from tradeworthy.execution.desk import DeskParts

RANKS: dict[str, int] = {reason: rank for rank, reason in enumerate(SkipReason)}
"""Of several reasons in one turn the one with the highest rank is counted."""

Turn = list[Event | str]


class Scanner(Agent):
    """Looks at what a book or a price touches. A turn that opens no candidate is answered with a SkipReason.

    A book touches its own market (M1 or else M2, which takes the same orders, and O1 to O3), its event (M3, M4) and its
    ladder (M5); a price the markets of its underlying. An edge that stands becomes a gap; what is still there
    `latency_ms` later is told of, again `cooldown_s` later, or sooner if its edge has grown by `improve`. A gap ends
    when its edge does, or a gate shuts.
    """

    state: ScannerState

    def __init__(self, name: str, settings: ArbitrageSettings, parts: DeskParts) -> None:
        super().__init__(SCANNER, ScannerState(), desk=name)
        self._settings, self._parts = settings, parts
        self._views = Views(parts)
        self._tracker = Tracker(settings, parts, self._views)
        self._latency_ns = settings.latency_ms * MS_NS
        self._news = settings.basis_bps * 1e-4

    # A market's life

    @on(MarketOpened)
    def open(self, event: MarketOpened, context: Context) -> Turn:
        """Watch the market; gaps of its event rest on another set of outcomes now, so they are over."""
        view = self._views.of(event.market.id)
        if view is None or self._parts.markets.status(view.id) is MarketStatus.RESOLVED:
            return [SkipReason.UNKNOWN_MARKET]
        group = [view.id, *self._parts.markets.event(view.market.event)]
        self.state.watched.add(view, context.now)
        return self._end(group, SkipReason.REDEFINED, context, SkipReason.NOTED)

    @on(MarketClosed, MarketDisputed)
    def halt(self, event: MarketClosed | MarketDisputed, context: Context) -> Turn:
        """The market's gaps are over."""
        reason = SkipReason.CLOSED if isinstance(event, MarketClosed) else SkipReason.DISPUTED
        return self._end([event.market], reason, context, SkipReason.NOTED)

    @on(MarketResolved)
    def forget(self, event: MarketResolved, context: Context) -> Turn:
        """The market's gaps are over, and it is watched no more."""
        self.state.watched.drop(event.market)
        return self._end([event.market], SkipReason.RESOLVED, context, SkipReason.NOTED)

    @on(InstrumentDelisted)
    def forget_token(self, event: InstrumentDelisted, context: Context) -> Turn:
        """A token that went without a resolution takes its market along."""
        market_id = self.state.watched.tokens.get(event.instrument, "")
        self.state.watched.drop(market_id)
        return self._end([market_id], SkipReason.UNKNOWN_MARKET, context, SkipReason.NOTED)

    @on(Resumed)
    def resume(self, _: Resumed, context: Context) -> Turn:
        """After a time without data nobody knows which gaps still stand."""
        return self._end(list(self.state.gaps.keys), SkipReason.NO_BOOK, context, SkipReason.NOTED)

    @on(SessionEnded)
    def finish(self, _: SessionEnded, context: Context) -> Turn:
        """Nobody will see how long the open gaps live: they are told of as cut off."""
        return self._end(list(self.state.gaps.keys), SkipReason.SESSION_ENDED, context, SkipReason.NOTED)

    # What may show an edge

    @on(BookChanged)
    def hear_book(self, event: BookChanged, context: Context) -> Turn | str:
        """Look at all that the token is part of."""
        state, watched = self.state, self.state.watched
        market_id = watched.tokens.get(event.instrument)
        view = self._views.of(market_id) if market_id else None
        if view is None:
            resolved = self._parts.markets.of(event.instrument)
            return SkipReason.RESOLVED if resolved else SkipReason.UNKNOWN_MARKET
        turn: Turn = []
        proof = state.hearing.hear(heard.MARKET, view.market.venue, context.now)
        if proof:
            turn.append(proof)
        is_yes = event.instrument == view.yes.id
        reasons: list[str] = []
        if view.id in state.gaps.keys:
            reasons = self._tracker.revisit(view.id, state, context.now, turn, oracle_only=False)
        reasons.append(self._seek(Method.BUY_BOTH, view.id, (view,), context))
        if f"{Method.BUY_BOTH}:{view.id}" not in state.gaps.open:
            reasons.append(self._seek(Method.SPLIT_AND_SELL, view.id, (view,), context))
        if view.symbol:
            reasons.append(self._seek(METHODS[view.match.shape], view.id, (view,), context))
        else:
            reasons.append(SkipReason.NOT_MATCHED)
        if is_grouped(view):
            method = Method.BUY_ALL_YES if is_yes else Method.BUY_ALL_NO
            reasons.append(self._seek_in_event(method, view, context))
        if watched.places[view.id].ladder:
            reasons.extend(self._seek_in_ladder(view, context, is_yes=is_yes))
        return _answer(turn, reasons)

    @on(PriceObserved)
    def hear_price(self, event: PriceObserved, context: Context) -> Turn | str:
        """Look at the markets of the underlying, unless the price says nothing new.

        A move within the basis is no news before `latency_ms` have passed: a view is that uncertain anyway.
        """
        now, state, symbol = context.now, self.state, event.instrument
        turn: Turn = []
        proof = state.hearing.hear(heard.PRICE, symbol, now) if symbol in self._settings.symbols else None
        if proof:
            turn.append(proof)
        price = self._parts.oracles.price(symbol)
        markets = state.watched.symbols.get(symbol)
        if price is None or markets is None:
            return _answer(turn, [SkipReason.NO_MARKETS])
        state.watched.meet(symbol, price, now)
        last = state.priced.get(symbol)
        if last and abs(price - last.price) <= self._news * last.price and now < last.ts + self._latency_ns:
            return _answer(turn, [SkipReason.SMALL_MOVE])
        state.priced[symbol] = Priced(price, now)
        reasons: list[str] = []
        for market_id in markets:
            if market_id in state.gaps.keys:
                reasons += self._tracker.revisit(market_id, state, now, turn, oracle_only=True)
            view = self._views.of(market_id)
            if view:
                reasons.append(self._seek(METHODS[view.match.shape], view.id, (view,), context))
        return _answer(turn, reasons)

    @on(WokeUp)
    def wake(self, event: WokeUp, context: Context) -> Turn | str:
        """A gap has lasted for the latency, or it has not."""
        turn: Turn = []
        return _answer(turn, [self._tracker.prove(event.key, self.state, context.now, turn)])

    @on(OpportunityDetected)
    def learn(self, event: OpportunityDetected, context: Context) -> None:
        """Note which candidate was made of a gap."""
        self._tracker.told(event, context.seq, self.state)

    # How

    def _seek(
        self, method: Method, name: str, views: tuple[MarketView, ...] | list[MarketView], context: Context
    ) -> str:
        """Look for a gap, unless it is open: that was revisited already."""
        key = f"{method}:{name}"
        if key in self.state.gaps.open:
            return SkipReason.NO_EDGE
        return self._tracker.seek(key, method, views, self.state, context)

    def _seek_in_event(self, method: Method, view: MarketView, context: Context) -> str:
        event_id = view.market.event
        if f"{method}:{event_id}" in self.state.gaps.open:
            return SkipReason.NO_EDGE
        group = [one for market in self._parts.markets.event(event_id) if (one := self._views.of(market))]
        return self._seek(method, event_id, group, context) if len(group) > 1 else SkipReason.NO_EDGE

    def _seek_in_ladder(self, view: MarketView, context: Context, *, is_yes: bool) -> list[str]:
        """Compare the token with each rung: its YES where the market is the surer one, its NO where it is the rarer."""
        reasons: list[str] = []
        watched = self.state.watched
        for market_id in watched.ladders[watched.places[view.id].ladder]:
            other = self._views.of(market_id) if market_id != view.id else None
            if other is None:
                continue
            surer, rarer = (view, other) if is_yes else (other, view)
            if self._tracker.is_cheap(surer, rarer) and ladders.implies(
                rarer.market, rarer.match, surer.market, surer.match
            ):
                pair = (surer, rarer)
                reasons.append(self._seek(Method.LADDER, f"{surer.id}:{rarer.id}", pair, context))
        return reasons

    def _end(self, markets: list[str], why: SkipReason, context: Context, answer: SkipReason) -> Turn:
        """The gaps of `markets` are over."""
        return [*self._tracker.end_all(markets, why, self.state, context.now), answer]


def _answer(turn: Turn, reasons: list[str]) -> Turn | str:
    """The events of a turn and, of the reasons why no more came of it, the one that says most."""
    reason = max(reasons, key=RANKS.__getitem__, default=SkipReason.NO_EDGE)
    if not turn:
        return reason
    turn.append(reason)
    return turn
