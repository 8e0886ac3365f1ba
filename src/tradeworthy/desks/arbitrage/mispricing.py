"""Mispricing (M1 to M5): sets of tokens that pay out more for sure than they cost together."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tradeworthy.desks.arbitrage import completeness, partitions
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.events import Kind, Method
from tradeworthy.desks.arbitrage.findings import Found, Look
from tradeworthy.desks.arbitrage.partitions import LegBook, Walked
from tradeworthy.desks.arbitrage.quotes import ROUNDING, Quotes
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.arbitrage.views import MarketView, Token
from tradeworthy.execution.desk import DeskParts
from tradeworthy.market.instruments import CASH_UNIT, Side
from tradeworthy.market.predictions import Relation

SIGNAL_EDGE = 0.20
"""A mispricing of this much per 1 of payout is a signal of 1 (five times the edge, as ever)."""

_EVENT_WIDE = (Method.BUY_ALL_YES, Method.BUY_ALL_NO)

_OF_BOOKS = (SkipReason.LEG_BOOK_MISSING, SkipReason.LEG_BOOK_STALE, SkipReason.TOO_FEW_LEGS)
"""What the books refuse, and may allow a moment later."""


def is_grouped(view: MarketView) -> bool:
    """Whether anything is known of how the outcomes of the market's event exclude each other."""
    market = view.market
    return bool(market.event) and (market.neg_risk or market.relation is not Relation.UNKNOWN)


class Mispricing:
    """Looks at sets of one market (M1, M2), of an event's markets (M3, M4), or of two markets of a ladder (M5)."""

    def __init__(self, settings: ArbitrageSettings, parts: DeskParts, quotes: Quotes) -> None:
        self._settings, self._markets, self._quotes = settings, parts.markets, quotes
        self._marginal, self._min_edge = settings.min_marginal_edge, settings.min_edge
        self._fixed_cost = round(settings.fixed_cost * CASH_UNIT)

    def is_cheap(self, surer: MarketView, rarer: MarketView) -> bool:
        """Whether YES of the one and NO of the other cost less than 1 by enough to look at."""
        return self._quotes.take(surer.yes) + self._quotes.take(rarer.no) <= 1.0 - self._marginal

    def look(
        self, method: Method, views: Sequence[MarketView], now: int, refused: str = ""
    ) -> Look | SkipReason:
        """Whether a set shows an edge at the best levels; of M5 the surer market comes first.

        Sums come first, so that a set without an edge costs no more than reading its prices; nor does one that is
        known to be `refused` by what its event is.
        """
        edge = self._first_edge(method, views)
        if edge < self._marginal:
            return SkipReason.NO_EDGE
        if edge == math.inf:
            return SkipReason.LEG_BOOK_MISSING
        pairs = _pairs(method, views)
        if method is Method.BUY_ALL_NO:
            edge = self._best_no(pairs)
        if edge < max(self._marginal, self._min_edge * self._paid(method, pairs)):
            return SkipReason.NO_EDGE
        if refused:
            return Look(edge, refused=refused)
        if method in _EVENT_WIDE:
            return self._judge_event(method, pairs, edge, now)
        fault = self._fault(method, pairs, now)
        if fault:
            return fault
        return SkipReason.NOT_CREDIBLE if edge > self._settings.max_credible_edge else Look(edge)

    def find(self, method: Method, views: Sequence[MarketView], now: int, refused: str) -> Found | SkipReason:
        """The opportunity after a `look` that saw its edge, or why it is not worth telling of.

        What was `refused` is found as it looks, with no payout promised.
        """
        chosen = self._chosen(method, views, now, every=bool(refused))
        side = Side.SELL if method is Method.SPLIT_AND_SELL else Side.BUY
        legs = [self._quotes.leg(view, token, side) for view, token in chosen]
        walked = self._walk(method, legs)
        if walked is None:
            return SkipReason.NO_EDGE
        if not refused:
            gross_max = self._settings.max_gross_multi if method in _EVENT_WIDE else 0.0
            fault = completeness.thin(walked, legs, self._settings, gross_max=gross_max)
            if fault is SkipReason.PHANTOM_GROSS:
                refused = fault
            elif fault:
                return fault
        return Found(
            kind=Kind.MISPRICING,
            method=method,
            markets=tuple(dict.fromkeys(leg.market for leg in walked.legs)),
            legs=walked.legs,
            gross_edge=max(0.0, walked.gross_edge),
            net_edge=max(0.0, walked.net_edge),
            signal=min(1.0, max(0.0, walked.net_edge / SIGNAL_EDGE)),
            capacity_lots=walked.lots,
            profit=walked.profit,
            book_ts=min(self._quotes.arrived_ts(leg.instrument) for leg in walked.legs),
            figures={
                "edge_best": walked.marginal_best,
                "gross_best": walked.gross_best,
                "marginal": walked.marginal,
                "return_on_cost": walked.return_on_cost,
                "cost": walked.cost,
                "fees": walked.fees,
            },
            payout_floor=0 if refused else walked.payout_floor,
            refused=refused,
        )

    def _first_edge(self, method: Method, views: Sequence[MarketView]) -> float:
        """What the first share of a set earns after fees."""
        take, give = self._quotes.take, self._quotes.give
        match method:
            case Method.BUY_BOTH:
                return 1.0 - take(views[0].yes) - take(views[0].no)
            case Method.SPLIT_AND_SELL:
                return give(views[0].yes) + give(views[0].no) - 1.0
            case Method.LADDER:
                return 1.0 - take(views[0].yes) - take(views[1].no)
            case Method.BUY_ALL_YES:
                return self._all_yes(views)
            case _:
                return self._all_no(views)

    def _all_yes(self, views: Sequence[MarketView]) -> float:
        """What is left of 1 after YES of all outcomes; infinite if it seems enough only because one has no ask."""
        edge, missing = 1.0, False
        for view in views:
            cost = self._quotes.take(view.yes)
            if cost == math.inf:
                missing = True
                continue
            edge -= cost
            if edge < self._marginal:
                return edge
        return math.inf if missing else edge

    def _all_no(self, views: Sequence[MarketView]) -> float:
        """What NO of all outcomes that are cheap enough earns at the worst: one of them loses its 1."""
        gains = [1.0 - self._quotes.take(view.no) for view in views]
        return sum(gain for gain in gains if gain > 0.0) - 1.0

    def _best_no(self, pairs: Sequence[tuple[MarketView, Token]]) -> float:
        """What NO of those outcomes earns that lift the gain above `min_edge` of the cost; 0 if none together do.

        Outcomes that earn next to nothing would hide what the others earn.
        """
        edge = above = -1.0
        for _, token in pairs:
            gain = 1.0 - self._quotes.take(token)
            lift = gain - self._min_edge * self._quotes.ask(token) if gain > 0.0 else 0.0
            if lift > 0.0:
                edge += gain
                above += lift
        return edge if above >= -ROUNDING else 0.0

    def _paid(self, method: Method, pairs: Sequence[tuple[MarketView, Token]]) -> float:
        """What the set costs before fees; a set that is split costs 1, and M4 has been judged by its cost already."""
        if method is Method.BUY_ALL_NO:
            return 0.0
        if method is Method.SPLIT_AND_SELL:
            return 1.0
        return sum(self._quotes.ask(token) for _, token in pairs)

    def _fault(
        self, method: Method, pairs: Sequence[tuple[MarketView, Token]], now: int
    ) -> SkipReason | None:
        """Why one of the legs can't be believed or traded."""
        one_market = method in (Method.BUY_BOTH, Method.SPLIT_AND_SELL)
        for view, token in pairs:
            fault = self._quotes.market_fault(view, now) or self._quotes.book_fault(token, now)
            if fault:
                return fault
            if self._quotes.skewed(view, together=one_market):
                return SkipReason.SKEW
        return None

    def _judge_event(
        self, method: Method, pairs: Sequence[tuple[MarketView, Token]], edge: float, now: int
    ) -> Look | SkipReason:
        """An edge that refuses itself by what the event is stands as refused; by its books it is none."""
        market = pairs[0][0].market
        refused = completeness.refusal(
            method,
            [view.market for view, _ in pairs],
            [self._freshness(view, token, now) for view, token in pairs],
            resolved=self._markets.resolved(market.event),
            resolved_yes=self._markets.resolved_yes(market.event),
        )
        return refused if refused in _OF_BOOKS else Look(edge, refused=refused or "")

    def _freshness(self, view: MarketView, token: Token, now: int) -> str:
        fault = self._quotes.market_fault(view, now) or self._quotes.book_fault(token, now)
        if fault is SkipReason.NO_BOOK:
            return completeness.MISSING
        unfit = fault or self._quotes.skewed(view, together=False)
        return completeness.STALE if unfit else completeness.FRESH

    def _chosen(
        self, method: Method, views: Sequence[MarketView], now: int, *, every: bool
    ) -> list[tuple[MarketView, Token]]:
        """The legs: of M4 those that may be one, unless `every` one is asked for."""
        pairs = _pairs(method, views)
        if method is not Method.BUY_ALL_NO or every:
            return pairs
        return [
            (view, token)
            for view, token in pairs
            if not view.market.placeholder and self._freshness(view, token, now) == completeness.FRESH
        ]

    def _walk(self, method: Method, legs: Sequence[LegBook]) -> Walked | None:
        cost = self._fixed_cost
        match method:
            case Method.BUY_BOTH:
                return partitions.buy_both(legs[0], legs[1], self._marginal, fixed_cost=cost)
            case Method.SPLIT_AND_SELL:
                return partitions.split_and_sell(legs[0], legs[1], self._marginal, fixed_cost=cost)
            case Method.LADDER:
                return partitions.ladder(legs[0], legs[1], self._marginal, fixed_cost=cost)
            case Method.BUY_ALL_YES:
                return partitions.buy_all_yes(legs, self._marginal, fixed_cost=cost)
            case _:
                return partitions.buy_all_no(legs, self._marginal, fixed_cost=cost)


def _pairs(method: Method, views: Sequence[MarketView]) -> list[tuple[MarketView, Token]]:
    """The tokens of a set, each with its market."""
    match method:
        case Method.BUY_ALL_YES:
            return [(view, view.yes) for view in views]
        case Method.BUY_ALL_NO:
            return [(view, view.no) for view in views]
        case Method.LADDER:
            return [(views[0], views[0].yes), (views[1], views[1].no)]
        case _:
            return [(views[0], views[0].yes), (views[0], views[0].no)]
