"""What an oracle's prices say of a market's outcome: how likely YES was at a moment, and who clearly won at the end."""

from __future__ import annotations

from tradeworthy.market import digital
from tradeworthy.market.markets import Markets
from tradeworthy.market.matching import Match, Shape
from tradeworthy.market.oracles import SECOND_NS, Oracles
from tradeworthy.market.predictions import Market

STRIKE_NS = 2 * SECOND_NS
"""A price this long after a window's start still tells its strike."""

CLEAR_S = 15
"""For so long before its end a winner must have been certain, to be clear to makers that are seconds behind, too."""

HEARD_S = 5
"""Within so many seconds of those the first price must have come."""

CERTAIN = 0.98
"""Probability above which a winner is certain at that moment."""

_TERMINAL = (Shape.ABOVE, Shape.BELOW, Shape.WINDOW)


class Chances:
    """Reads markets and oracles; speaks only of markets on where one price ends."""

    def __init__(self, markets: Markets, oracles: Oracles) -> None:
        self._markets, self._oracles = markets, oracles

    def now(self, market: Market, ts: int) -> float | None:
        """How likely YES is at `ts` by the last price; None without a price, a strike or an end."""
        match = self._markets.match(market.id)
        price = self._oracles.price(match.underlying)
        strike = self._strike(market, match)
        if price is None or strike is None:
            return None
        return self._chance(market, match, strike, price, ts)

    def winner(self, market: Market) -> bool | None:
        """Whether YES (True) or NO has clearly won, at the market's end or soon after; None if neither has.

        Clearly: each price of the last CLEAR_S seconds (the first of each second) made it more than CERTAIN for the
        time that was left then, and the first of them came within HEARD_S.
        """
        match = self._markets.match(market.id)
        strike = self._strike(market, match)
        if strike is None:
            return None
        begin = market.end_ts - CLEAR_S * SECOND_NS
        said: bool | None = None
        for second in range(CLEAR_S):
            ts = begin + second * SECOND_NS
            price = self._oracles.price_at_start(match.underlying, ts, SECOND_NS - 1)
            if price is None:
                if said is None and second >= HEARD_S:
                    return None
                continue
            chance = self._chance(market, match, strike, price, ts)
            yes = chance > CERTAIN
            if (not yes and chance >= 1.0 - CERTAIN) or said not in (None, yes):
                return None
            said = yes
        return said

    def _strike(self, market: Market, match: Match) -> float | None:
        """The strike by title or venue; of a window else the first price at its start."""
        if match.shape not in _TERMINAL or not market.end_ts:
            return None
        if match.strike is not None or match.shape is not Shape.WINDOW:
            return match.strike
        return self._oracles.price_at_start(match.underlying, market.end_ts - match.window_ns, STRIKE_NS)

    def _chance(self, market: Market, match: Match, strike: float, price: float, ts: int) -> float:
        tau_years = (market.end_ts - ts) / digital.YEAR_NS
        above = digital.above(price, strike, self._oracles.volatility(match.underlying), tau_years)
        return 1.0 - above if match.shape is Shape.BELOW else above
