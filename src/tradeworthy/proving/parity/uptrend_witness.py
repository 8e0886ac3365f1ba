"""The witness of an uptrend session: an observer in its core that keeps what the desk did, as values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Candidate, Outcome, Verdict
from tradeworthy.core.events import Event
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    EngineJudged,
    EpisodeEnded,
    PositionBooked,
    PositionClosed,
    PositionsAllocated,
    PositionStatusChanged,
    SignalDecided,
    WindowClosed,
    WindowResolved,
)
from tradeworthy.desks.uptrend.names import part_name
from tradeworthy.desks.uptrend.uptrend_engine import UptrendEngine
from tradeworthy.execution.accounting import TradeClosed
from tradeworthy.execution.fingerprint import Economic
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.orders import FillObserved, PlaceOrder
from tradeworthy.learning.events import OverridesChanged
from tradeworthy.proving.parity.differences import Values, fields_of
from tradeworthy.proving.parity.uptrend_outcomes import Notes


class UptrendWitness(Agent):
    """The part named `witness`. It sees each packet before the other parts do, and answers none.

    Orders, fills and closes are kept as the fingerprint chains them, and each round trip of the ledger in `trips`.
    """

    def __init__(self, whole: Collection[int] = ()) -> None:
        super().__init__("witness", State())
        self.notes = Notes(whole)
        self.rows: list[Economic] = []
        self.trips: list[Values] = []
        self.refused: Counter[str] = Counter()
        self._sequencer: Sequencer | None = None

    def context(self, sequencer: Sequencer) -> Context:
        """Any agent's context; the session's core is kept to read its ledger."""
        self._sequencer = sequencer
        return super().context(sequencer)

    def cash(self) -> int:
        """The account's cash and positions at cost, in cash units."""
        assert self._sequencer is not None
        ledger = self._sequencer.agents["ledger"]
        assert isinstance(ledger, Ledger)
        return ledger.equity_at_cost()

    @on(
        SignalDecided,
        PositionsAllocated,
        PositionStatusChanged,
        Candidate,
        ActionTaken,
        PositionBooked,
        PositionClosed,
        WindowClosed,
        WindowResolved,
        EpisodeEnded,
    )
    def keep(self, event: Event, context: Context) -> None:
        """Keep what the desk said."""
        self.notes.take(event, context.now)

    @on(EngineJudged)
    def keep_payload(self, event: EngineJudged, context: Context) -> None:
        """Keep what the engine said, and the levels that it rests on."""
        self.notes.take(event, context.now)
        assert self._sequencer is not None
        engine = self._sequencer.agents[part_name(event.desk, "uptrend-engine")]
        assert isinstance(engine, UptrendEngine)
        self.notes.take_levels(event.position, engine.geometry(event.position), context.now)

    @on(OverridesChanged)
    def keep_overrides(self, event: OverridesChanged, context: Context) -> None:
        """Keep a table that learning made; one that the run began with is no result."""
        if event.by != "configuration":
            self.notes.take(event, context.now)

    @on(Verdict)
    def take_verdict(self, event: Verdict, _: Context) -> None:
        """Count what risk refused: a guard that bound."""
        if event.outcome is Outcome.REJECTED:
            self.refused[event.reason] += 1

    @on(PlaceOrder)
    def take_order(self, event: PlaceOrder, context: Context) -> None:
        """Keep an order, at session time."""
        who = (event.desk, event.instrument, event.side)
        self.rows.append(("order", *who, event.limit_ticks, event.lots, 0, event.reason, context.now))

    @on(FillObserved)
    def take_fill(self, event: FillObserved, _: Context) -> None:
        """Keep a fill."""
        who = (event.desk, event.instrument, event.side)
        self.rows.append(("fill", *who, event.ticks, event.lots, event.fee, event.reason, event.ts_event))

    @on(TradeClosed)
    def take_close(self, event: TradeClosed, _: Context) -> None:
        """Keep a round trip."""
        who = (event.desk, event.instrument, event.side)
        self.rows.append(("close", *who, event.pnl, event.lots, event.fees, event.reason, event.closed_ts))
        self.trips.append(fields_of(event))
