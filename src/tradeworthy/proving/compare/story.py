"""What a session decided, as compare needs it: its trades, its verdicts, and its counters by the hour."""

from __future__ import annotations

from typing import NamedTuple

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Candidate, Verdict
from tradeworthy.core.events import CountersClosed, Event
from tradeworthy.execution.accounting import TradeClosed, TradeReversed

HEARD = (TradeClosed, TradeReversed, Candidate, Verdict, CountersClosed)
"""The events that a story is made of; all of them are in a run's journal."""


class Judged(NamedTuple):
    """How a candidate that was opened at session time `ts` (UTC ns) ended."""

    ts: int
    desk: str
    instrument: str
    kind: str
    outcome: str
    reason: str


class Opening(NamedTuple):
    """When a candidate was opened (session time, UTC ns), for what."""

    ts: int
    instrument: str
    kind: str


class Story:
    """Round trips, verdicts and counters in the order in which they happened."""

    def __init__(self) -> None:
        self.trades: list[TradeClosed] = []
        self.verdicts: list[Judged] = []
        self.counters: list[CountersClosed] = []
        self._openings: dict[int, Opening] = {}

    def take(self, seq: int, ts: int, event: Event) -> None:
        """Note packet `seq` of session time `ts`; events that are not HEARD are passed over."""
        match event:
            case Candidate():
                self._openings[seq] = Opening(ts, event.instrument, event.kind)
            case Verdict():
                opening = self._openings.get(event.candidate, Opening(ts, "", ""))
                how = (event.outcome.value, event.reason)
                self.verdicts.append(Judged(opening.ts, event.desk, opening.instrument, opening.kind, *how))
            case TradeClosed():
                self.trades.append(event)
            case TradeReversed():
                self._take_back(event)
            case CountersClosed():
                self.counters.append(event)
            case _:
                pass

    def entry_of(self, trade: TradeClosed) -> Opening:
        """The candidate that the trade began with; if another run opened it, its first fill's time and no kind."""
        known = self._openings.get(trade.entry_candidate)
        return known or Opening(trade.opened_ts, trade.instrument, "")

    def _take_back(self, event: TradeReversed) -> None:
        who = (event.desk, event.position, event.closed_ts, event.candidate)
        for place in range(len(self.trades) - 1, -1, -1):
            one = self.trades[place]
            if (one.desk, one.position, one.closed_ts, one.candidate) == who:
                del self.trades[place]
                return


class Listener(Agent):
    """The part named `compare`: an observer that writes down the story, and answers nothing."""

    def __init__(self, story: Story) -> None:
        super().__init__("compare", State())
        self._story = story

    @on(*HEARD)
    def hear(self, event: Event, context: Context) -> None:
        """Write it down."""
        self._story.take(context.seq, context.now, event)
