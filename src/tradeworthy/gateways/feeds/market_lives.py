"""From a recorded market to its events: both tokens listed, opened, closed, resolved."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import msgspec

from tradeworthy.gateways.feeds.timeline import FIRST, SECOND, Single
from tradeworthy.market.instruments import CASH_UNIT, FeeCurve, Instrument, InstrumentListed
from tradeworthy.market.predictions import (
    NO,
    YES,
    Market,
    MarketClosed,
    MarketOpened,
    MarketResolved,
    MarketsFetched,
)

LOT = Decimal("0.01")
NOTIONAL_MIN = Decimal(1)
"""What an order that trades at once must come to, by the venue's rule."""


class Terms(NamedTuple):
    """How a market's tokens trade: currency, tick, smallest order in shares, and the fee curve."""

    quote: str
    tick: Decimal
    size_min: Decimal
    fee: FeeCurve


class Life(NamedTuple):
    """A market and when what happened to it, in session time (UTC ns; 0: never).

    `strike` became known at `strike_ts`. `payout` of a YES share in cash units, told at `resolved_ts` by `source`.
    """

    market: Market
    terms: Terms
    tokens: tuple[str, str]
    opened_ts: int
    closed_ts: int = 0
    strike_ts: int = 0
    strike: float | None = None
    resolved_ts: int = 0
    payout: int = 0
    source: str = ""

    @property
    def over_ts(self) -> int:
        """When nothing more happens to it; 0: that is not on record."""
        return max(self.closed_ts, self.resolved_ts)


def market_id(venue: str, external_id: str) -> str:
    """The id of a market."""
    return f"{venue}:{external_id}"


def token_ids(market: str) -> tuple[str, str]:
    """The instrument ids of a market's two tokens."""
    return f"{market}:{YES}", f"{market}:{NO}"


def listings(life: Life) -> tuple[Instrument, Instrument]:
    """Both tokens as instruments: they cost up to 1, and trade by the hundredth of a share."""
    market, terms = life.market, life.terms
    yes, no = (
        Instrument(
            id=token,
            venue=market.venue,
            quote=terms.quote,
            tick=terms.tick,
            lot=LOT,
            taker_fee=Decimal(0),
            maker_fee=Decimal(0),
            notional_min=NOTIONAL_MIN,
            lots_min=lots_of(terms.size_min),
            price_max=Decimal(1),
            fee_curve=terms.fee,
            market=market.id,
            outcome=outcome,
            token=named,
        )
        for token, outcome, named in zip((market.yes, market.no), (YES, NO), life.tokens, strict=True)
    )
    return yes, no


def life_events(life: Life, from_ts: int) -> Iterator[Single]:
    """The market's events from `from_ts` on; what is open by then is listed and opened at that time."""
    if life.over_ts and life.over_ts < from_ts:
        return
    market, opened = life.market, max(life.opened_ts, from_ts)
    for token in listings(life):
        yield Single(opened, FIRST, InstrumentListed(token))
    yield Single(opened, FIRST, MarketOpened(market))
    if life.strike_ts:
        # Known only once the window has begun: at the opening it would be a look ahead.
        known = msgspec.structs.replace(market, strike=life.strike)
        yield Single(max(life.strike_ts, opened), SECOND, MarketOpened(known))
    if life.closed_ts:
        yield Single(max(life.closed_ts, opened), FIRST, MarketClosed(market.id, life.closed_ts, "ended"))
    if life.resolved_ts:
        resolved = MarketResolved(market.id, life.resolved_ts, life.payout, life.source)
        yield Single(max(life.resolved_ts, opened), SECOND, resolved)


def fetches(lives: list[Life], venue: str, stamps: list[int]) -> Iterator[Single]:
    """A MarketsFetched at each of `stamps`, with the markets that were open then."""
    for ts in stamps:
        count = sum(1 for life in lives if life.opened_ts <= ts and (not life.over_ts or ts < life.over_ts))
        yield Single(ts, SECOND, MarketsFetched(venue, count, ts))


def payout_of(*, yes: bool) -> int:
    """What a YES share pays, in cash units."""
    return CASH_UNIT if yes else 0


def lots_of(shares: Decimal) -> int:
    """Whole lots in `shares`."""
    return int(shares / LOT)
