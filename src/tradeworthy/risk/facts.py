"""What risk knows of the prediction markets and order books behind a request's legs."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from tradeworthy.execution.intents import Intent, Leg
from tradeworthy.market.books import BookChanged, walk
from tradeworthy.market.freshness import Freshness
from tradeworthy.market.listing import Listing
from tradeworthy.market.markets import Markets, MarketStatus
from tradeworthy.market.marks import Marks
from tradeworthy.market.oracles import Oracles
from tradeworthy.market.predictions import Market
from tradeworthy.risk.settings import BPS


class MarketParts(NamedTuple):
    """The parts of the core that know prices and markets."""

    listing: Listing
    marks: Marks
    markets: Markets
    oracles: Oracles
    freshness: Freshness


class MarketFacts(msgspec.Struct, gc=False):
    """The worst that holds of any leg at session time `now`; None where nothing is known, "" where all is well.

    Ages in ns: of prediction markets' books since they arrived, and of their underlyings' prices (`oracle_asked`: some
    leg rests on one; a price that never came leaves `oracle_age_ns` None). `spread_bps` is of the payout (of another
    instrument's book: of its middle), `time_left_ns` to the nearest end. `slippage` is the cash units that all lots
    would cost in the present books beyond their legs' limits (a leg at market: beyond its best level), `slippage_bps`
    the worst leg's part of its limit, and `lots_short` how many lots the books don't have.
    """

    now: int
    market: str = ""
    book_age_ns: int | None = None
    book_fault: str = ""
    oracle_asked: bool = False
    oracle_age_ns: int | None = None
    one_sided: str = ""
    spread_bps: int | None = None
    untradable: str = ""
    time_left_ns: int | None = None
    slippage: int | None = None
    slippage_bps: int | None = None
    lots_short: int | None = None


def facts_of(intent: Intent, now: int, parts: MarketParts, *, directional: bool) -> MarketFacts:
    """The facts behind `intent`; what is not `directional` rests on no oracle."""
    facts = MarketFacts(now)
    for leg in intent.legs:
        market = parts.markets.of(leg.instrument)
        book = parts.marks.state.books.get(leg.instrument)
        if market is not None:
            _take_market(facts, leg, market, parts)
            if directional:
                _take_oracle(facts, leg, parts)
        if book is not None and leg.lots > 0 and leg.instrument in parts.listing.state.instruments:
            _take_book(facts, leg, book, market, parts)
    return facts


def _take_market(facts: MarketFacts, leg: Leg, market: Market, parts: MarketParts) -> None:
    facts.market = facts.market or market.id
    fault = parts.freshness.fault(leg.instrument, facts.now)
    if fault and not facts.book_fault:
        facts.book_fault = f"{leg.instrument}: {fault}"
    arrived = parts.freshness.arrived_ts(leg.instrument)
    if arrived:
        facts.book_age_ns = max(facts.book_age_ns or 0, facts.now - arrived)
    status = parts.markets.status(market.id)
    why = "" if status is MarketStatus.OPEN else status.value
    if not market.order_book:
        why = why or "no_order_book"
    if not market.accepting_orders:
        why = why or "not_accepting_orders"
    if why and not facts.untradable:
        facts.untradable = f"{market.id}: {why}"
    if market.end_ts:
        left = market.end_ts - facts.now
        facts.time_left_ns = left if facts.time_left_ns is None else min(left, facts.time_left_ns)


def _take_oracle(facts: MarketFacts, leg: Leg, parts: MarketParts) -> None:
    underlying = parts.markets.underlying(leg.instrument)
    if not underlying:
        return
    arrived = parts.oracles.arrived_ts(underlying)
    age = facts.now - arrived if arrived else None
    if not facts.oracle_asked:
        facts.oracle_asked, facts.oracle_age_ns = True, age
    elif age is None or facts.oracle_age_ns is None:
        facts.oracle_age_ns = None
    else:
        facts.oracle_age_ns = max(age, facts.oracle_age_ns)


def _take_book(
    facts: MarketFacts, leg: Leg, book: BookChanged, market: Market | None, parts: MarketParts
) -> None:
    scale = parts.listing.scale(leg.instrument)
    bid, ask = book.best_bid, book.best_ask
    if bid is None or ask is None:
        facts.one_sided = facts.one_sided or leg.instrument
    else:
        payout_ticks = scale.lot_value // scale.tick_value
        whole = 2 * payout_ticks if market is not None else bid.ticks + ask.ticks
        spread = -(-2 * (ask.ticks - bid.ticks) * BPS // whole)
        facts.spread_bps = spread if facts.spread_bps is None else max(spread, facts.spread_bps)
    levels = book.facing(leg.side)
    taken = walk(leg.side, levels, leg.lots)
    lots = sum(level.lots for level in taken)
    facts.lots_short = (facts.lots_short or 0) + leg.lots - lots
    limit = leg.limit_ticks if leg.limit_ticks is not None else levels[0].ticks if levels else 0
    if not taken or limit < 1:
        return
    beyond = max(0, leg.side.sign * (sum(level.ticks * level.lots for level in taken) - limit * lots))
    facts.slippage = (facts.slippage or 0) + beyond * scale.tick_value
    facts.slippage_bps = max(facts.slippage_bps or 0, -(-beyond * BPS // (limit * lots)))
