"""Which codes a run has reached: read from its packets, and from what its parts remember after each input."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.flows.reached.demanded import code_of, guard
from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Candidate, Decision, Outcome, Verdict
from tradeworthy.core.events import CountersClosed, Event
from tradeworthy.core.packets import Kind as RecordKind
from tradeworthy.core.packets import Packet
from tradeworthy.desks.arbitrage.events import (
    AllocationsChanged,
    GapClosed,
    Kind,
    OpportunityDetected,
)
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.divergence.agent import Divergence
from tradeworthy.desks.divergence.codes import Action, Code
from tradeworthy.desks.divergence.events import BarJudged
from tradeworthy.execution.accounting import ResolutionOverdue, TradeClosed
from tradeworthy.execution.intents import Intent, IntentProposed, Policy, TimeInForce, TradeCandidate
from tradeworthy.execution.leg_policies import Stage as WorkStage
from tradeworthy.execution.orders import (
    CancelWorking,
    FillObserved,
    OrderObserved,
    OrderStatus,
    PlaceOrder,
)
from tradeworthy.execution.reasons import Reason
from tradeworthy.market.bars import FeedGap
from tradeworthy.market.freshness import BookFault
from tradeworthy.market.matching import Shape
from tradeworthy.market.predictions import MarketOpened, Relation
from tradeworthy.risk.guards import RULES
from tradeworthy.risk.operators import HaltChanged, HaltRule, Order
from tradeworthy.risk.stance import ForewarnerReported, PostureChanged
from tradeworthy.runtime.assembly import Core

ENDS = (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED)
FIGURES = {rule.figure: rule.code for rule in RULES}
CODES = {code.word: code for code in Code}

ENDED: dict[Policy, tuple[Reason, ...]] = {
    Policy.ALL_OR_NONE: (Reason.GROUP_INCOMPLETE,),
    Policy.COMPLETE: (Reason.FILLED,),
    Policy.UNWIND: (Reason.UNWOUND,),
    Policy.HOLD: (Reason.PARTLY_FILLED,),
}
"""The verdict that only this policy gives where a leg falls short; of COMPLETE, once it has asked again."""


class Witness(Agent):
    """First in line: sees an order and a candidate in mid-turn, before the parts that handle them go on."""

    def __init__(self, happened: dict[str, None]) -> None:
        super().__init__("witness", State())
        self.core: Core | None = None
        self._happened = happened

    @on(Decision)
    def see_waiting(self, event: Decision, _: Context) -> None:
        """An intent that waits for this decision: its orders are new."""
        assert self.core
        if event.candidate in self.core.orders.state.waiting:
            self._happened[code_of(OrderStatus.NEW)] = None

    @on(PlaceOrder)
    def see_sent(self, event: PlaceOrder, _: Context) -> None:
        """The order's record, before the venue has heard of it."""
        assert self.core
        record = self.core.orders.order(event.order)
        assert record
        work = self.core.orders.state.works[event.candidate]
        for member in (record.status, record.purpose, work.stage):
            self._happened[code_of(member)] = None


class Reading:
    """Takes records in their order; `happened` has each code that they reached."""

    def __init__(self) -> None:
        self.happened: dict[str, None] = {}
        self._intents: dict[int, Intent] = {}
        self._completed: dict[int, None] = {}
        self._lives: dict[str, TimeInForce] = {}
        self._relations: dict[str, Relation] = {}
        self._readers: dict[type[Event], Callable[[Any, Packet], Iterator[str]]] = {
            Verdict: self._verdict,
            Decision: self._decision,
            CountersClosed: self._counters,
            OrderObserved: self._observed,
            FillObserved: self._fill,
            PlaceOrder: self._placed,
            HaltChanged: self._halt,
            CancelWorking: self._cancel,
            TradeClosed: self._trade,
            PostureChanged: self._posture,
            ForewarnerReported: self._forewarning,
            GapClosed: self._gap,
            AllocationsChanged: self._allocation,
            BarJudged: self._judged,
            ResolutionOverdue: self._overdue,
            TradeCandidate: self._candidate,
            OpportunityDetected: self._candidate,
            IntentProposed: self._proposed,
        }

    def take(self, kind: int, packet: Packet) -> None:
        """One record; what an input says itself is no code that was given, but for its event."""
        self.note(code_of(RecordKind(kind)), f"event.{type(packet.event).__name__}")
        if isinstance(packet.event, FeedGap):
            self.note(f"gap.{packet.event.reason}")
        if isinstance(packet.event, MarketOpened):
            self._relations[packet.event.market.id] = packet.event.market.relation
        reader = self._readers.get(type(packet.event))
        if reader and kind != RecordKind.INPUT:
            self.note(*reader(packet.event, packet))

    def note(self, *codes: str) -> None:
        """These were reached."""
        self.happened |= dict.fromkeys(codes)

    # Candidates

    def _candidate(self, event: Candidate, packet: Packet) -> Iterator[str]:
        if isinstance(event, TradeCandidate):
            self._intents[packet.seq] = event.intent
        if event.kind in list(Kind):
            yield code_of(Kind(event.kind))
        if isinstance(event, OpportunityDetected):
            yield code_of(event.method)
            yield from (code_of(self._relations[one]) for one in event.markets)

    def _proposed(self, event: IntentProposed, _: Packet) -> Iterator[str]:
        self._intents[event.candidate] = event.intent
        yield from ()

    def _decision(self, event: Decision, _: Packet) -> Iterator[str]:
        if event.approved:
            yield f"decision.{event.reason or 'all_rules_passed'}"
        else:
            yield "decision.refused"
        fault = str(event.figures.get("book_fault") or "").rpartition(": ")[2]
        if fault:
            yield code_of(BookFault(fault))
        word = str(event.figures.get("untradable") or "").rpartition(": ")[2]
        if word:
            yield f"untradable.{word}"

    def _verdict(self, event: Verdict, _: Packet) -> Iterator[str]:
        yield code_of(event.outcome)
        if event.outcome is Outcome.SKIPPED:
            yield from _members(event.reason, SkipReason)
            return
        figure = next(iter(event.limits), "")
        if figure:
            assert FIGURES[figure] == event.reason
            yield guard(event.reason, figure)
            return
        yield from _members(event.reason, Reason)
        intent = self._intents[event.candidate]
        again = intent.policy is not Policy.COMPLETE or event.candidate in self._completed
        if len(intent.legs) > 1 and again and event.reason in ENDED[intent.policy]:
            yield code_of(intent.policy)

    def _counters(self, event: CountersClosed, _: Packet) -> Iterator[str]:
        for word in event.counts:
            yield f"turn.{word}"
            yield from _members(word, SkipReason)

    # Orders

    def _placed(self, event: PlaceOrder, _: Packet) -> Iterator[str]:
        self._lives[event.order] = event.time_in_force
        if re.fullmatch(r"\d+\.\d+c", event.order):
            self._completed[event.candidate] = None
            yield code_of(WorkStage.COMPLETING)
        yield code_of(event.side)

    def _observed(self, event: OrderObserved, _: Packet) -> Iterator[str]:
        yield code_of(event.status)
        yield from _members(event.reason, Reason)
        if event.reason in list(HaltRule):
            yield f"halt.cancels.{event.reason}"
        if event.status in ENDS and event.order in self._lives:
            yield code_of(self._lives[event.order])

    def _fill(self, event: FillObserved, _: Packet) -> Iterator[str]:
        yield code_of(event.status)

    def _cancel(self, event: CancelWorking, _: Packet) -> Iterator[str]:
        yield from _members(event.reason, Reason)

    # The rest

    def _halt(self, event: HaltChanged, _: Packet) -> Iterator[str]:
        rule = HaltRule(event.rule)
        yield code_of(rule)
        yield f"halt.{'set' if event.halted else 'released'}.{rule}"
        if not event.halted:
            yield code_of(Order.RESUME)
        elif rule in (HaltRule.OPERATOR, HaltRule.FLATTEN):
            yield code_of(Order.HALT if rule is HaltRule.OPERATOR else Order.FLATTEN)

    def _trade(self, event: TradeClosed, _: Packet) -> Iterator[str]:
        yield f"trade.{event.reason}"

    def _posture(self, event: PostureChanged, _: Packet) -> Iterator[str]:
        yield code_of(event.posture)

    def _forewarning(self, event: ForewarnerReported, _: Packet) -> Iterator[str]:
        yield code_of(event.status)

    def _gap(self, event: GapClosed, _: Packet) -> Iterator[str]:
        yield f"gap_closed.{event.reason}"
        yield from _members(event.reason, SkipReason)

    def _allocation(self, event: AllocationsChanged, _: Packet) -> Iterator[str]:
        yield f"allocation.{event.reason}"

    def _judged(self, event: BarJudged, _: Packet) -> Iterator[str]:
        action, _colon, word = event.action.partition(":")
        made = Action[action] if action in Action.__members__ else Action.NONE
        yield code_of(made)
        word = Code.ENTRY.word if made is Action.ENTER else word or event.action
        if word in CODES:
            yield code_of(CODES[word])

    def _overdue(self, event: ResolutionOverdue, _: Packet) -> Iterator[str]:
        yield f"overdue.{'held' if event.held else 'free'}"


def look(core: Core, markets: dict[str, None]) -> Iterator[str]:
    """What the parts remember now; `markets` are those that were ever opened."""
    for work in core.orders.state.works.values():
        yield from (code_of(record.status) for record in work.orders.values())
    for market in markets:
        yield code_of(core.markets.status(market))
        if core.markets.market(market):
            match = core.markets.match(market)
            yield code_of(match.shape)
            if match.shape is Shape.NONE:
                yield f"unmatched.{match.reason}"
    for agent in core.sequencer.agents.values():
        if isinstance(agent, Divergence):
            _features, memory = agent.answered
            yield code_of(Code(int(memory.blocked)))
    for memory in (core.ledger.state.fills.recent, core.ledger.state.fills.older):
        yield from (code_of(known.status) for known in memory.values())


def _members(word: str, kind: type[Reason | SkipReason]) -> Iterator[str]:
    if word in list(kind):
        yield code_of(kind(word))
