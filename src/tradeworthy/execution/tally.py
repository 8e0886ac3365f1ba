"""What happened so far, in counts: candidates, verdicts by reason, orders, fills, closed trades."""

from __future__ import annotations

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Candidate, Verdict
from tradeworthy.execution.accounting import TradeClosed
from tradeworthy.execution.orders import FillObserved, PlaceOrder


class TallyState(State):
    """Counts since the run began; `verdicts` by outcome, then reason; `pnl` of closed trades in cash units."""

    candidates: int = 0
    orders: int = 0
    fills: int = 0
    closed: int = 0
    won: int = 0
    pnl: int = 0
    verdicts: dict[str, dict[str, int]] = {}


class Tally(Agent):
    """The part named `tally`: nothing is decided by it; screens and closing lines read it."""

    state: TallyState

    def __init__(self) -> None:
        super().__init__("tally", TallyState())

    @on(Candidate)
    def count_candidate(self, _: Candidate, __: Context) -> None:
        """One candidate more."""
        self.state.candidates += 1

    @on(Verdict)
    def count_verdict(self, event: Verdict, _: Context) -> None:
        """One verdict more, under its outcome and reason."""
        reasons = self.state.verdicts.setdefault(event.outcome.value, {})
        reasons[event.reason] = reasons.get(event.reason, 0) + 1

    @on(PlaceOrder)
    def count_order(self, _: PlaceOrder, __: Context) -> None:
        """One order more."""
        self.state.orders += 1

    @on(FillObserved)
    def count_fill(self, _: FillObserved, __: Context) -> None:
        """One fill more."""
        self.state.fills += 1

    @on(TradeClosed)
    def count_trade(self, event: TradeClosed, _: Context) -> None:
        """One round trip more, with its P&L."""
        self.state.closed += 1
        self.state.won += event.pnl > 0
        self.state.pnl += event.pnl
