"""A real sequencer around a few agents, whose recorder keeps every packet for a test to look at."""

from collections.abc import Sequence
from typing import Any

import msgspec

from tradeworthy.core.agents import Agent
from tradeworthy.core.candidates import Decision, Verdict
from tradeworthy.core.events import (
    CountersClosed,
    Event,
    Quarantined,
    Resumed,
    SessionEnded,
    TimeAdvanced,
    WokeUp,
)
from tradeworthy.core.packets import Codec, Packet
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.execution import accounting
from tradeworthy.execution.intents import IntentProposed, TradeCandidate
from tradeworthy.execution.orders import CancelOrder, FillObserved, OrderObserved, PlaceOrder
from tradeworthy.market.backfill import BackfillAnswered
from tradeworthy.market.bars import BarClosed, FeedGap, PriceObserved
from tradeworthy.market.books import BookChanged
from tradeworthy.market.instruments import InstrumentChanged, InstrumentDelisted, InstrumentListed
from tradeworthy.market.panels import PanelClosed
from tradeworthy.market.predictions import (
    MarketClosed,
    MarketDisputed,
    MarketOpened,
    MarketResolved,
    MarketsFetched,
)
from tradeworthy.market.ticks import BarBuilt, BarRefused, PriceLate, PricePoint, TradeTick

CODEC = Codec(
    (
        CountersClosed,
        Decision,
        FeedGap,
        Quarantined,
        Resumed,
        SessionEnded,
        TimeAdvanced,
        TradeCandidate,
        Verdict,
        WokeUp,
        accounting.CashMoved,
        accounting.EquityMarked,
        accounting.Opened,
        accounting.PositionChanged,
        accounting.ResolutionOverdue,
        accounting.SetsMerged,
        accounting.Settled,
        accounting.TradeClosed,
        accounting.TradeReversed,
        CancelOrder,
        FillObserved,
        OrderObserved,
        PlaceOrder,
        BarClosed,
        PriceObserved,
        BookChanged,
        InstrumentChanged,
        InstrumentDelisted,
        InstrumentListed,
        IntentProposed,
        MarketClosed,
        MarketDisputed,
        MarketOpened,
        MarketResolved,
        MarketsFetched,
        PanelClosed,
        BackfillAnswered,
        BarBuilt,
        BarRefused,
        PriceLate,
        PricePoint,
        TradeTick,
    )
)


class Tape:
    """A recorder that decodes what it is given, and an outbox that sends nothing."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []

    def input(self, body: bytes) -> None:
        """Inputs are the test's own."""

    def packet(self, body: bytes, *, decision: bool) -> None:
        """Keep the packet."""
        self.packets.append(CODEC.decode(body)[1])

    def end_turn(self, *, urgent: bool) -> None:
        """Nothing is buffered."""

    def dispatch(self, commands: Sequence[Packet]) -> None:
        """Nothing leaves."""


class Session:
    """Feeds events to agents one at a time and hands back what each brought about."""

    def __init__(self, *agents: Agent) -> None:
        self.tape = Tape()
        self.sequencer = Sequencer(agents, CODEC, self.tape, self.tape, seed=7)
        self._position = 0

    def admit(self, event: Event, ts: int = 0) -> list[Event]:
        """Admit `event` at `ts` (0: now); all events made since the last call, wake-ups apart."""
        before = len(self.tape.packets)
        self._position += 1
        self.sequencer.admit("test", self._position, ts or self.sequencer.now, event)
        return [made.event for made in self.tape.packets[before:] if not isinstance(made.event, WokeUp)]

    def advance(self, ts: int) -> list[Event]:
        """Let time reach `ts`; what the timers brought about."""
        before = len(self.tape.packets)
        self.sequencer.advance(ts)
        return [made.event for made in self.tape.packets[before:] if not isinstance(made.event, WokeUp)]


def reborn(state: Any) -> Any:
    """An agent's `state` as a snapshot brings it back."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=type(state))
