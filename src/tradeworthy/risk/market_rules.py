"""The rules on what is known of markets and books. A request without such facts is not asked."""

from __future__ import annotations

from tradeworthy.risk.facts import MarketFacts
from tradeworthy.risk.rules import MS, Check
from tradeworthy.risk.settings import PPM, Limits

PASSED: Check = (True, None, None)
"""What a rule says that has nothing to go by."""


def stale_book(facts: MarketFacts, edge: int, limits: Limits) -> Check:
    """No prediction market's book came too long ago; the figure is the oldest's age since its arrival."""
    age, limit = facts.book_age_ns, limits.book_age_ns_max
    if age is None:
        return True, None, limit // MS
    return age <= limit, -(-age // MS), limit // MS


def book_fault(facts: MarketFacts, edge: int, limits: Limits) -> Check:
    """Each prediction market's book is there and can be believed; the figure names the first that can't, and why."""
    return not facts.book_fault, facts.book_fault, ""


def stale_oracle(facts: MarketFacts, edge: int, limits: Limits) -> Check:
    """What rests on an oracle has a price of it that is young enough (None: it has none)."""
    age, limit = facts.oracle_age_ns, limits.oracle_age_ns_max
    if not facts.oracle_asked or limit is None:
        return PASSED if age is None else (True, -(-age // MS), None)
    if age is None:
        return False, None, limit // MS
    return age <= limit, -(-age // MS), limit // MS


def one_sided(facts: MarketFacts, edge: int, limits: Limits) -> Check:
    """Each book has bids and asks; the figure names the first that has not."""
    return limits.spread_bps_max is None or not facts.one_sided, facts.one_sided, ""


def spread(facts: MarketFacts, edge: int, limits: Limits) -> Check:
    """No spread is too wide.

    A share pays 1, so that 15 cents are 1,500 bps of its payout: one limit, not two. Taken of the price, 1,500 bps
    would refuse every token below seven cents at a spread of one tick. What pays no 1 is judged by its middle.
    """
    wide, limit = facts.spread_bps, limits.spread_bps_max
    return wide is None or limit is None or wide <= limit, wide, limit


def market_not_tradable(facts: MarketFacts, edge: int, limits: Limits) -> Check:
    """Each market is open and takes orders; the figure names the first that does not, and why."""
    return not facts.untradable, facts.untradable, ""


def time_left(facts: MarketFacts, edge: int, limits: Limits) -> Check:
    """No market is too close to its end."""
    left, limit = facts.time_left_ns, limits.time_left_ns_min
    if left is None:
        return True, None, limit // MS
    return left >= limit, left // MS, limit // MS


def depth(facts: MarketFacts, edge: int, limits: Limits) -> Check:
    """The present books have all the lots."""
    asked = limits.slippage_bps_max is not None or limits.slippage_edge_ppm is not None
    return not asked or not facts.lots_short, facts.lots_short, 0 if asked else None


def slippage(facts: MarketFacts, edge: int, limits: Limits) -> Check:
    """All legs together would cost little more than at their limits, against the profit that is expected."""
    cost, ppm = facts.slippage, limits.slippage_edge_ppm
    if cost is None or ppm is None:
        return True, cost, None
    limit = max(0, edge) * ppm // PPM
    return cost <= limit, cost, limit


def slippage_bps(facts: MarketFacts, edge: int, limits: Limits) -> Check:
    """No leg would cost much more than at its limit."""
    cost, limit = facts.slippage_bps, limits.slippage_bps_max
    return cost is None or limit is None or cost <= limit, cost, limit
