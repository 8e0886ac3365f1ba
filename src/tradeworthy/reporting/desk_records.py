"""What a session's divergence desks do, read from its packets as the values that the batch engine answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Candidate, Verdict
from tradeworthy.desks.divergence.events import BarJudged
from tradeworthy.desks.divergence.results import BarLog, Trade
from tradeworthy.desks.divergence.trading import average_price
from tradeworthy.execution.accounting import TradeClosed
from tradeworthy.execution.orders import FillObserved, PlaceOrder
from tradeworthy.execution.steps import BRANCHES, MAKER, TAKER, TAKER_AFTER_MISS
from tradeworthy.market.instruments import Side


@dataclass
class _Entry:
    """How a trade that is open began."""

    bar: int
    ts: int
    leverage: float
    branch: str


class DeskRecords(Agent):
    """An observer: it sees each packet before the other parts do and answers none. Subclasses keep bars and trades.

    Trades are made of orders, fills and closes alone, priced by `terms` (TERMS by instrument); `posts` says whether the
    venue posts an order that states a chance of being filled. `now` is the session time of the last bar, UTC ns.
    """

    def __init__(self, name: str, terms: Mapping[str, Any], *, posts: bool) -> None:
        super().__init__(name, State())
        self._posts = posts
        self._terms = terms
        self.now = 0
        self._bar: dict[str, int] = {}
        self._orders: dict[str, PlaceOrder] = {}
        self._leverage: dict[int, float] = {}
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._exits: dict[tuple[str, str], str] = {}

    def keep_bar(self, desk: str, bar: BarLog) -> None:
        """Take a line of the desk's bar log."""

    def keep_trade(self, desk: str, trade: Trade) -> None:
        """Take a trade of the desk's that closed; its bar was kept before."""

    @on(BarJudged)
    def take_bar(self, event: BarJudged, context: Context) -> None:
        """Keep a line of the bar log."""
        self.now = context.now
        self._bar[event.desk] = event.bar_idx
        self.keep_bar(
            event.desk,
            BarLog(
                event.bar_idx,
                event.ts_event,
                event.vel_div,
                event.vol_regime_ok,
                event.position_open,
                event.regime_size_mult,
                event.boost,
                event.beta,
                event.posture,
                event.action,
            ),
        )

    @on(Candidate)
    def take_candidate(self, event: Candidate, context: Context) -> None:
        """Note the leverage that an entry was sized by."""
        leverage = event.figures.get("leverage")
        if isinstance(leverage, float) and not event.skip:
            self._leverage[context.seq] = leverage

    @on(PlaceOrder)
    def take_order(self, event: PlaceOrder, _: Context) -> None:
        """Note an order until its candidate has its verdict."""
        self._orders[event.order] = event

    @on(FillObserved)
    def take_fill(self, event: FillObserved, context: Context) -> None:
        """Note how a trade began, and how it was left."""
        order, key = self._orders.get(event.order), (event.desk, event.position)
        if order is None or event.desk not in self._bar:
            return
        posted = self._posts and order.maker_chance > 0.0
        branch = BRANCHES[MAKER if event.maker else TAKER_AFTER_MISS if posted else TAKER]
        if order.reduce_only:
            self._exits[key] = branch
            return
        leverage = self._leverage.get(order.candidate, 0.0)
        self._entries.setdefault(key, _Entry(self._bar[event.desk], context.now, leverage, branch))

    @on(Verdict)
    def take_verdict(self, event: Verdict, _: Context) -> None:
        """Forget what a candidate that is over needed."""
        self._leverage.pop(event.candidate, None)
        for order in [one.order for one in self._orders.values() if one.candidate == event.candidate]:
            del self._orders[order]

    @on(TradeClosed)
    def take_close(self, event: TradeClosed, _: Context) -> None:
        """Keep a round trip that began in this run."""
        entry = self._entries.pop((event.desk, event.position), None)
        if entry is None:
            return
        terms = self._terms[event.instrument]
        self.keep_trade(
            event.desk,
            Trade(
                event.instrument,
                1 if event.side is Side.BUY else -1,
                entry.bar,
                self._bar[event.desk],
                average_price(terms, event.entry_notional, event.lots),
                average_price(terms, event.exit_notional, event.lots),
                event.pnl / event.entry_notional,
                event.pnl,
                entry.leverage,
                event.reason,
                entry.ts,
                event.closed_ts,
                event.lots,
                event.fees,
                entry.branch,
                self._exits.pop((event.desk, event.position), ""),
            ),
        )
