"""Whether the markets of an event make a set that pays out for sure: the gate before M3 and M4.

An event that lists thresholds ("CPI above 3.0 %", "above 3.1 %") has several right answers or none, and its prices
add up to anything: bought as a set of alternatives it looks like a gain of hundreds of per cent and is a loss.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.events import Method
from tradeworthy.desks.arbitrage.partitions import LegBook, Walked
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.market.predictions import Market, Relation

FRESH, MISSING, STALE = "", "missing", "stale"
"""How the book of a leg is."""

_EXCLUSIVE = (Relation.EXCLUSIVE, Relation.COMPLETE)

_MORE = re.compile(
    r"\b(?:above|over|exceeds?|at least|(?:more|greater|higher) than|or (?:more|above|higher))\b|[≥>+]"
)
_LESS = re.compile(
    r"\b(?:below|under|at most|(?:less|fewer|lower) than|or (?:less|below|lower|fewer))\b|[≤<]"
)
_BY = re.compile(r"\b(?:by|before)\b")
_FIGURE = re.compile(r"[\d.,]+")


def candidates(method: Method, markets: Sequence[Market], books: Sequence[str]) -> list[Market]:
    """The markets of an event that may be legs: for M3 all of them, for M4 those with a name and a fresh book."""
    if method is Method.BUY_ALL_YES:
        return list(markets)
    return [
        market
        for market, book in zip(markets, books, strict=True)
        if book == FRESH and not market.placeholder
    ]


def refusal(
    method: Method,
    markets: Sequence[Market],
    books: Sequence[str],
    *,
    resolved: int = 0,
    resolved_yes: bool = False,
) -> SkipReason | None:
    """Why the unresolved `markets` of one event can't be bought as M3 or M4; None if they can.

    `books` says of each FRESH, MISSING or STALE. `resolved` counts the event's markets that ended, `resolved_yes` is
    whether one of them was YES. M4 needs that at most one outcome comes true, M3 also that one of the legs must.
    """
    fault = _relation_fault(markets)
    if fault is None and resolved_yes:
        fault = SkipReason.RESOLVED_YES
    if fault is None and method is Method.BUY_ALL_YES:
        fault = _incomplete(markets, resolved)
        if fault is None and MISSING in books:
            fault = SkipReason.LEG_BOOK_MISSING
        if fault is None and STALE in books:
            fault = SkipReason.LEG_BOOK_STALE
    if fault is None and len(candidates(method, markets, books)) < 2:
        fault = SkipReason.TOO_FEW_LEGS
    return fault


def thin(
    walked: Walked, legs: Sequence[LegBook], settings: ArbitrageSettings, *, gross_max: float = 0.0
) -> SkipReason | None:
    """Why a walked set is not worth trading, or too good to be true; None if it is fine.

    `gross_max` bounds what one set earns before fees at the best prices (0: no bound): above, a leg is missing or a
    price is wrong. Then the venue's least size, 1 of currency a leg, the least profit, and profit / cost.
    """
    by_instrument = {leg.instrument: leg.scale for leg in legs}
    if gross_max and walked.gross_best > gross_max:
        return SkipReason.PHANTOM_GROSS
    for leg in walked.legs:
        scale = by_instrument[leg.instrument]
        if leg.lots < scale.instrument.lots_min:
            return SkipReason.BELOW_MIN_SIZE
        notional = leg.vwap * float(scale.instrument.lot) * leg.lots * CASH_UNIT
        if round(notional) < max(scale.notional_min, CASH_UNIT):
            return SkipReason.BELOW_MIN_NOTIONAL
    if walked.profit < settings.min_profit * CASH_UNIT:
        return SkipReason.BELOW_MIN_PROFIT
    if walked.return_on_cost < settings.min_edge:
        return SkipReason.BELOW_MIN_EDGE
    return None


def _relation_fault(markets: Sequence[Market]) -> SkipReason | None:
    """NOT_EXCLUSIVE unless at most one of the markets can be YES, by a person's word or the venue's flag.

    Titles that all ask for more (or for less, or by when) of the same thing speak against any flag.
    """
    for market in markets:
        known = market.relation in _EXCLUSIVE
        if not known and not (market.relation is Relation.UNKNOWN and market.neg_risk):
            return SkipReason.NOT_EXCLUSIVE
    return SkipReason.NOT_EXCLUSIVE if is_threshold_family([market.title for market in markets]) else None


def _incomplete(markets: Sequence[Market], resolved: int) -> SkipReason | None:
    if any(market.neg_risk_augmented for market in markets):
        return SkipReason.AUGMENTED
    if any(market.placeholder for market in markets):
        return SkipReason.PLACEHOLDER
    if any(market.relation is Relation.EXCLUSIVE for market in markets):
        return SkipReason.NOT_EXHAUSTIVE
    if not markets or len(markets) + resolved != markets[0].event_size:
        return SkipReason.INCOMPLETE_EVENT
    return None


def is_threshold_family(titles: Sequence[str]) -> bool:
    """Whether all titles ask for more, all for less, or all by when, and differ in nothing but figures or dates."""
    if len(titles) < 2:
        return False
    texts = [title.lower() for title in titles]
    if all(_BY.search(text) for text in texts) and len({_BY.split(text)[0]: None for text in texts}) == 1:
        return True
    same = all(_FIGURE.sub("", text) == _FIGURE.sub("", texts[0]) for text in texts[1:])
    one_way = all(_MORE.search(text) for text in texts) or all(_LESS.search(text) for text in texts)
    return same and one_way and "between" not in texts[0]
