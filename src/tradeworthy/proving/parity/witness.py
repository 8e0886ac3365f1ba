"""The witness: an observer in a session's core that keeps what its divergence desks did, as values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Candidate, Outcome, Verdict
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.desks.divergence.agent import Divergence
from tradeworthy.desks.divergence.events import BarJudged
from tradeworthy.desks.divergence.results import BarLog, Trade
from tradeworthy.desks.divergence.trading import average_price
from tradeworthy.execution.accounting import TradeClosed
from tradeworthy.execution.fingerprint import Economic
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.orders import FillObserved, OrderObserved, PlaceOrder
from tradeworthy.execution.reasons import Reason
from tradeworthy.execution.steps import BRANCHES, MAKER, TAKER, TAKER_AFTER_MISS
from tradeworthy.market.instruments import Side
from tradeworthy.proving.parity.outcomes import DeskOutcome, look_at


class Entry(msgspec.Struct):
    """How a trade that is open began."""

    bar: int
    ts: int
    leverage: float
    branch: str


class Witness(Agent):
    """The part named `witness`. It sees each packet before the other parts do, and answers none.

    After the rows that open at a time in `whole` the desks' records are kept as bytes, else as digests. Trades are
    made of fills and closes alone, priced by TERMS of the instruments; orders, fills and closes are kept as the
    fingerprint chains them.
    """

    def __init__(self, desks: Sequence[str], terms: Mapping[str, Any], whole: Collection[int] = ()) -> None:
        super().__init__("witness", State())
        self.desks = {name: DeskOutcome() for name in desks}
        self.rows: list[Economic] = []
        self.missed: Counter[str] = Counter()
        self.refused: Counter[tuple[str, str]] = Counter()
        self._terms = terms
        self._whole = whole
        self._sequencer: Sequencer | None = None
        self._entries: dict[tuple[str, str], Entry] = {}
        self._exits: dict[tuple[str, str], str] = {}
        self._orders: dict[str, PlaceOrder] = {}
        self._leverage: dict[int, float] = {}

    def context(self, sequencer: Sequencer) -> Context:
        """Any agent's context; the session's core is kept to look at its desks."""
        self._sequencer = sequencer
        return super().context(sequencer)

    def close(self) -> None:
        """The session ended: take the desks' capital."""
        for name, outcome in self.desks.items():
            outcome.capital = self._desk(name).state.capital

    def cash(self) -> int:
        """The account's cash and positions at cost, in cash units."""
        assert self._sequencer is not None
        ledger = self._sequencer.agents["ledger"]
        assert isinstance(ledger, Ledger)
        return ledger.equity_at_cost()

    def _desk(self, name: str) -> Divergence:
        assert self._sequencer is not None
        desk = self._sequencer.agents[name]
        assert isinstance(desk, Divergence)
        return desk

    @on(BarJudged)
    def take_bar(self, event: BarJudged, _: Context) -> None:
        """Keep a line of the bar log, and look at the desk's records."""
        outcome = self.desks[event.desk]
        outcome.bars.append(
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
            )
        )
        look = look_at(self._desk(event.desk).answered, whole=event.ts_event in self._whole)
        outcome.looks[event.ts_event] = look

    @on(Candidate)
    def take_candidate(self, event: Candidate, context: Context) -> None:
        """Note the leverage that an entry was sized by."""
        leverage = event.figures.get("leverage")
        if isinstance(leverage, float) and not event.skip:
            self._leverage[context.seq] = leverage

    @on(Verdict)
    def take_verdict(self, event: Verdict, _: Context) -> None:
        """Count what risk refused: a guard that bound."""
        if event.outcome is Outcome.REJECTED:
            self.refused[event.desk, event.reason] += 1
        if event.outcome is not Outcome.FILLED:
            self._leverage.pop(event.candidate, None)

    @on(PlaceOrder)
    def take_order(self, event: PlaceOrder, context: Context) -> None:
        """Keep an order, at session time."""
        self._orders[event.order] = event
        who = (event.desk, event.instrument, event.side)
        self.rows.append(("order", *who, event.limit_ticks, event.lots, 0, event.reason, context.now))

    @on(OrderObserved)
    def take_answer(self, event: OrderObserved, _: Context) -> None:
        """Count an order that was to post only and was not filled."""
        order = self._orders.get(event.order)
        if order is not None and event.reason == Reason.MAKER_MISSED:
            self.missed[order.desk] += 1

    @on(FillObserved)
    def take_fill(self, event: FillObserved, context: Context) -> None:
        """Keep a fill, and how the trade that it is of began."""
        who = (event.desk, event.instrument, event.side)
        self.rows.append(("fill", *who, event.ticks, event.lots, event.fee, event.reason, event.ts_event))
        order, key = self._orders[event.order], (event.desk, event.position)
        branch = BRANCHES[MAKER if event.maker else TAKER_AFTER_MISS if order.maker_chance > 0.0 else TAKER]
        if order.reduce_only:
            self._exits[key] = branch
            return
        bar = self.desks[event.desk].bars[-1].bar_idx
        leverage = self._leverage.get(order.candidate, 0.0)
        self._entries.setdefault(key, Entry(bar, context.now, leverage, branch))

    @on(TradeClosed)
    def take_close(self, event: TradeClosed, context: Context) -> None:
        """Keep a round trip."""
        who = (event.desk, event.instrument, event.side)
        self.rows.append(("close", *who, event.pnl, event.lots, event.fees, event.reason, event.closed_ts))
        outcome, key = self.desks[event.desk], (event.desk, event.position)
        entry, terms = self._entries.pop(key), self._terms[event.instrument]
        outcome.trades.append(
            Trade(
                event.instrument,
                1 if event.side is Side.BUY else -1,
                entry.bar,
                outcome.bars[-1].bar_idx,
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
                self._exits.pop(key),
            )
        )
