"""The witness: an observer in a session's core that keeps what its divergence desks did, as values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tradeworthy.core.agents import Context, on
from tradeworthy.core.candidates import Outcome, Verdict
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.desks.divergence.agent import Divergence
from tradeworthy.desks.divergence.results import BarLog, Trade
from tradeworthy.execution.accounting import TradeClosed
from tradeworthy.execution.fingerprint import Economic
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.orders import FillObserved, OrderObserved, PlaceOrder
from tradeworthy.execution.reasons import Reason
from tradeworthy.proving.parity.outcomes import DeskOutcome, look_at
from tradeworthy.reporting.desk_records import DeskRecords


class Witness(DeskRecords):
    """The part named `witness`. It sees each packet before the other parts do, and answers none.

    After the rows that open at a time in `whole` the desks' records are kept as bytes, else as digests. Orders, fills
    and closes are kept as the fingerprint chains them; the rest as `DeskRecords` reads it.
    """

    def __init__(
        self, desks: Sequence[str], terms: Mapping[str, Any], whole: Collection[int] = (), *, posts: bool
    ) -> None:
        super().__init__("witness", terms, posts=posts)
        self.desks = {name: DeskOutcome() for name in desks}
        self.rows: list[Economic] = []
        self.missed: Counter[str] = Counter()
        self.refused: Counter[tuple[str, str]] = Counter()
        self._whole = whole
        self._sequencer: Sequencer | None = None

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

    def keep_bar(self, desk: str, bar: BarLog) -> None:
        """Keep a line of the bar log, and look at the desk's records."""
        outcome = self.desks[desk]
        outcome.bars.append(bar)
        outcome.looks[bar.ts] = look_at(self._desk(desk).answered, whole=bar.ts in self._whole)

    def keep_trade(self, desk: str, trade: Trade) -> None:
        """Keep a round trip."""
        self.desks[desk].trades.append(trade)

    def take_verdict(self, event: Verdict, context: Context) -> None:
        """Count what risk refused: a guard that bound."""
        super().take_verdict(event, context)
        if event.outcome is Outcome.REJECTED:
            self.refused[event.desk, event.reason] += 1

    def take_order(self, event: PlaceOrder, context: Context) -> None:
        """Keep an order, at session time."""
        super().take_order(event, context)
        who = (event.desk, event.instrument, event.side)
        self.rows.append(("order", *who, event.limit_ticks, event.lots, 0, event.reason, context.now))

    @on(OrderObserved)
    def take_answer(self, event: OrderObserved, _: Context) -> None:
        """Count an order that was to post only and was not filled."""
        order = self._orders.get(event.order)
        if order is not None and event.reason == Reason.MAKER_MISSED:
            self.missed[order.desk] += 1

    def take_fill(self, event: FillObserved, context: Context) -> None:
        """Keep a fill."""
        super().take_fill(event, context)
        who = (event.desk, event.instrument, event.side)
        self.rows.append(("fill", *who, event.ticks, event.lots, event.fee, event.reason, event.ts_event))

    def take_close(self, event: TradeClosed, context: Context) -> None:
        """Keep a close."""
        super().take_close(event, context)
        who = (event.desk, event.instrument, event.side)
        self.rows.append(("close", *who, event.pnl, event.lots, event.fees, event.reason, event.closed_ts))
