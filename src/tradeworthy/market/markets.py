"""The prediction markets that are known: what each asks, how far its life is, and which belong together."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import UsageError
from tradeworthy.market.instruments import InstrumentDelisted
from tradeworthy.market.matching import Match, match
from tradeworthy.market.predictions import (
    Market,
    MarketClosed,
    MarketDisputed,
    MarketOpened,
    MarketResolved,
)


class MarketStatus(StrEnum):
    """How far a market's life is; UNKNOWN was never opened, or is forgotten."""

    OPEN = "open"
    CLOSED = "closed"
    DISPUTED = "disputed"
    RESOLVED = "resolved"
    UNKNOWN = "unknown"


_LIFE = (MarketStatus.OPEN, MarketStatus.CLOSED, MarketStatus.DISPUTED, MarketStatus.RESOLVED)


class MarketLife(msgspec.Struct):
    """A market's definition and status; `delisted` are those of its tokens that are gone for good."""

    market: Market
    status: MarketStatus = MarketStatus.OPEN
    payout: int = 0
    delisted: list[str] = []


class EventLife(msgspec.Struct):
    """The markets of one event: ids of the unresolved, how many are known, and how many were resolved.

    `yes` counts those that paid anything on YES.
    """

    unresolved: list[str] = []
    known: int = 0
    resolved: int = 0
    yes: int = 0


class MarketsState(State):
    """Markets by id, their ids by token, and events by id. A market goes when both its tokens were delisted."""

    markets: dict[str, MarketLife] = {}
    tokens: dict[str, str] = {}
    events: dict[str, EventLife] = {}


class Markets(Agent):
    """The part named `markets`: others read it. An id or a token that it does not know answers as nothing."""

    state: MarketsState

    def __init__(self) -> None:
        super().__init__("markets", MarketsState())
        self._matches: dict[str, tuple[Market, Match]] = {}

    # What others read

    def market(self, market_id: str) -> Market | None:
        """The present definition, or None."""
        life = self.state.markets.get(market_id)
        return life.market if life else None

    def of(self, instrument: str) -> Market | None:
        """The market of a token, or None."""
        return self.market(self.state.tokens.get(instrument, ""))

    def twin(self, instrument: str) -> str:
        """The other token of the same market; "" if there is none."""
        market = self.of(instrument)
        if market is None:
            return ""
        return market.no if instrument == market.yes else market.yes

    def status(self, market_id: str) -> MarketStatus:
        """How far its life is."""
        life = self.state.markets.get(market_id)
        return life.status if life else MarketStatus.UNKNOWN

    def payout(self, market_id: str) -> int | None:
        """Cash units that a YES share paid; None until it is resolved."""
        life = self.state.markets.get(market_id)
        return life.payout if life and life.status is MarketStatus.RESOLVED else None

    def event(self, event_id: str) -> tuple[str, ...]:
        """Ids of the event's known markets that are not resolved, in order of opening."""
        life = self.state.events.get(event_id)
        return tuple(life.unresolved) if life else ()

    def resolved(self, event_id: str) -> int:
        """How many of the event's markets were resolved while another of them was known."""
        life = self.state.events.get(event_id)
        return life.resolved if life else 0

    def resolved_yes(self, event_id: str) -> bool:
        """Whether some market of the event was resolved with anything paid on YES.

        Remembered until no market of the event is known any more.
        """
        life = self.state.events.get(event_id)
        return life is not None and life.yes > 0

    def match(self, market_id: str) -> Match:
        """What the title says of oracle, shape and strike; UsageError for a market that is not known."""
        market = self.market(market_id)
        if market is None:
            raise UsageError(f"market {market_id!r} is not known: it must be opened before it is matched")
        cached = self._matches.get(market_id)
        if cached is None or cached[0] is not market:
            cached = self._matches[market_id] = (market, match(market))
        return cached[1]

    def underlying(self, instrument: str) -> str:
        """The oracle's symbol that the token's market depends on; "" if none."""
        market = self.of(instrument)
        return self.match(market.id).underlying if market else ""

    # What moves a market's life

    @on(MarketOpened)
    def open(self, event: MarketOpened, _: Context) -> None:
        """Know the market from now on, or take its new definition; UsageError if its tokens changed."""
        state, new = self.state, event.market
        life = state.markets.get(new.id)
        if life is not None:
            old = life.market
            if (old.yes, old.no, old.event) != (new.yes, new.no, new.event):
                raise UsageError(
                    f"market {new.id!r} has tokens {old.yes!r} and {old.no!r} in event {old.event!r}, and can't"
                    f" change to {new.yes!r} and {new.no!r} in {new.event!r}: open it under another id"
                )
            life.market = new
            return
        for token in (new.yes, new.no):
            if state.tokens.setdefault(token, new.id) != new.id:
                raise UsageError(f"token {token!r} of market {new.id!r} is one of {state.tokens[token]!r}")
        state.markets[new.id] = MarketLife(new)
        if new.event:
            group = state.events.setdefault(new.event, EventLife())
            group.known += 1
            group.unresolved.append(new.id)

    @on(MarketClosed)
    def close(self, event: MarketClosed, _: Context) -> None:
        """No more orders."""
        self._reach(event.market, MarketStatus.CLOSED)

    @on(MarketDisputed)
    def dispute(self, event: MarketDisputed, _: Context) -> None:
        """The outcome is contested."""
        self._reach(event.market, MarketStatus.DISPUTED)

    @on(MarketResolved)
    def resolve(self, event: MarketResolved, _: Context) -> None:
        """The outcome is known; a second one changes nothing."""
        if not self._reach(event.market, MarketStatus.RESOLVED):
            return
        life = self.state.markets[event.market]
        life.payout = event.payout
        group = self.state.events.get(life.market.event)
        if group is not None:
            group.unresolved.remove(event.market)
            group.resolved += 1
            group.yes += event.payout > 0

    @on(InstrumentDelisted)
    def forget(self, event: InstrumentDelisted, _: Context) -> None:
        """Drop the market once both its tokens are gone."""
        state = self.state
        life = state.markets.get(state.tokens.get(event.instrument, ""))
        if life is None or event.instrument in life.delisted:
            return
        life.delisted.append(event.instrument)
        market = life.market
        if len(life.delisted) < len((market.yes, market.no)):
            return
        for known in (state.markets, self._matches):
            known.pop(market.id, None)
        for token in (market.yes, market.no):
            del state.tokens[token]
        group = state.events.get(market.event)
        if group is not None:
            group.known -= 1
            if market.id in group.unresolved:
                group.unresolved.remove(market.id)
            if not group.known:
                del state.events[market.event]

    def _reach(self, market_id: str, status: MarketStatus) -> bool:
        """Whether a known market went on to `status`: a life never goes back."""
        life = self.state.markets.get(market_id)
        if life is None or _LIFE.index(status) <= _LIFE.index(life.status):
            return False
        life.status = status
        return True
