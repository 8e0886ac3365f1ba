"""What the desk's strategies have in common: their share of its capital, their requests at work, and how they skip."""

from __future__ import annotations

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Outcome, Verdict
from tradeworthy.core.events import Event, Figure
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.events import AllocationsChanged, OpportunityDetected
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.arbitrage.sizing import Purse
from tradeworthy.execution.desk import DeskParts
from tradeworthy.execution.intents import Intent, IntentProposed, strategy_of

MS_NS = 1_000_000


class Request(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A request without its verdict: its tokens, and the cash units that it may cost."""

    dedupe_key: str
    instruments: tuple[str, ...]
    cost: int


class StrategyState(State):
    """`share` of the desk's capital (below 0: none was told yet), and requests by candidate until their verdicts."""

    share: float = -1.0
    requests: dict[int, Request] = {}


class Strategy(Agent):
    """A part of the desk that turns opportunities of its own into requests; each candidate is asked for once.

    Before the first AllocationsChanged it counts on an equal share, within the allocator's highest.
    """

    state: StrategyState

    def __init__(self, name: str, state: StrategyState, desk: str, settings: ArbitrageSettings) -> None:
        super().__init__(name, state, desk)
        self._settings = settings
        active = settings.oracle_sniper + settings.atomic_arb
        self._equal_share = min(1.0 / max(1, active), settings.allocator.max_share)
        self._ttl_ns = settings.request_ttl_ms * MS_NS

    @on(AllocationsChanged)
    def take_share(self, event: AllocationsChanged, _: Context) -> None:
        """Remember the share of the desk's capital; the turn is counted as the allocator's."""
        if event.desk == self.desk:
            for allocation in event.allocations:
                if allocation.strategy == self.name:
                    self.state.share = allocation.share

    @on(Verdict)
    def end_request(self, verdict: Verdict, _: Context) -> str | None:
        """The request is over, whatever became of it."""
        if verdict.desk == self.desk and self.state.requests.pop(verdict.candidate, None) is not None:
            return SkipReason.NOTED
        return None

    def purse(self, parts: DeskParts, instrument: str = "") -> Purse:
        """What may be spent now: the share of capital, less what is held at cost and what requests may cost."""
        share = self.state.share if self.state.share >= 0.0 else self._equal_share
        capital = round(share * parts.capital(self.desk))
        spent = sum(request.cost for request in self.state.requests.values())
        held = 0
        for position in parts.ledger.positions(self.desk):
            if strategy_of(position.position) == self.name:
                spent += abs(position.cost)
                held += abs(position.cost) if position.instrument == instrument else 0
        return Purse(capital, max(0, capital - spent), held)

    def busy(self, opportunity: OpportunityDetected, parts: DeskParts) -> SkipReason | None:
        """Why the opportunity can't be asked for now: it was, or one of its tokens has an order at work."""
        tokens = [leg.instrument for leg in opportunity.legs]
        for request in self.state.requests.values():
            if request.dedupe_key and request.dedupe_key == opportunity.dedupe_key:
                return SkipReason.DUPLICATE_REQUEST
            if any(token in request.instruments for token in tokens):
                return SkipReason.ALREADY_WORKING
        if any(parts.orders.working(self.desk, token) for token in tokens):
            return SkipReason.ALREADY_WORKING
        return None

    def propose(
        self, opportunity: OpportunityDetected, intent: Intent, cost: int, context: Context
    ) -> list[Event | str]:
        """Ask for `intent`, which may cost `cost` cash units."""
        tokens = tuple(leg.instrument for leg in intent.legs)
        self.state.requests[context.seq] = Request(intent.dedupe_key, tokens, cost)
        return [
            IntentProposed(context.seq, self.desk, opportunity.kind, opportunity.instrument, intent),
        ]

    def let_go(self, reason: SkipReason, figures: dict[str, Figure], context: Context) -> list[Event | str]:
        """The candidate ends here."""
        return [Verdict(context.seq, self.desk, Outcome.SKIPPED, reason, figures=figures)]

    def expires_at(self, opportunity: OpportunityDetected, now: int) -> int:
        """When a request made now is void: after the time to live, or with the opportunity if that is sooner."""
        ends = now + self._ttl_ns
        return min(ends, opportunity.expires_at) if opportunity.expires_at > now else ends
