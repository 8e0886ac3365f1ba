"""The whole desk with a paper venue around it, and somebody who approves whatever it asks for."""

from typing import Any

from tests.desks.arbitrage.scanning import MINUTE, SECOND, START, Rig
from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Decision, Outcome, Verdict
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.desks.arbitrage.atomic_arb import AtomicArb
from tradeworthy.desks.arbitrage.events import (
    SNIPER,
    Allocation,
    AllocationsChanged,
    Kind,
    Method,
    OpportunityDetected,
    OpportunityLeg,
)
from tradeworthy.desks.arbitrage.sniper import Sniper
from tradeworthy.execution.desk import DeskParts
from tradeworthy.execution.intents import IntentProposed, TradeCandidate
from tradeworthy.execution.orders import PlaceOrder
from tradeworthy.execution.paper_executor import paper_executor
from tradeworthy.execution.positions import Position
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.instruments import Side
from tradeworthy.risk.operators import HealthObserved

__all__ = ["MINUTE", "SECOND", "START", "Trading", "opportunity"]


Told = OpportunityDetected | AllocationsChanged | TradeCandidate


class Approver(Agent):
    """In place of risk: approves everything, or with `refuses` nothing."""

    def __init__(self) -> None:
        super().__init__("risk-guardian", State())
        self.refuses = False

    @on(IntentProposed)
    def judge(self, event: IntentProposed, _: Context) -> Decision:
        """The decision on a strategy's intent."""
        return self._decide(event.candidate, event.desk)

    @on(TradeCandidate)
    def judge_exit(self, event: TradeCandidate, context: Context) -> Decision:
        """The decision on an exit."""
        return self._decide(context.seq, context.candidate_desk)

    def _decide(self, candidate: int, desk: str) -> Decision:
        return Decision("risk-guardian", candidate, desk, not self.refuses, "told_so", {}, {})


class Closer(Agent):
    """Ends refused candidates, as the guardian does."""

    def __init__(self) -> None:
        super().__init__("closer", State())

    @on(Decision)
    def end(self, event: Decision, _: Context) -> Verdict | None:
        """A verdict for what was not approved."""
        if event.approved:
            return None
        return Verdict(event.candidate, event.desk, Outcome.REJECTED, event.reason)


class Teller(Agent):
    """Tells the desk's strategies of the opportunities that a test made up."""

    def __init__(self) -> None:
        super().__init__("teller", State(), "arbitrage")
        self.next: list[Told] = []

    @on(HealthObserved)
    def tell(self, _: HealthObserved, __: Context) -> list[Told]:
        """All of them, once."""
        told, self.next = self.next, []
        return told


class Trading(Rig):
    """A desk `arbitrage` with capital 500; `latency_ms` is the venue's. With `scanning` the scanner tells of gaps."""

    def __init__(self, *, latency_ms: int = 250, scanning: bool = False, **settings: Any) -> None:
        super().__init__(**settings)
        parts = DeskParts(
            *(self.listing, self.marks, self.markets, self.oracles, self.freshness),
            *(self.ledger, self.orders, lambda _: self.ledger.equity_at_cost()),
            *(lambda _: 1_000_000, lambda _: "APEX", PaperVenueSettings(matcher="book")),
        )
        venue = PaperVenueSettings(matcher="book", latency_ms=latency_ms)
        self.approver, self.teller = Approver(), Teller()
        self.sniper = Sniper("arbitrage", self.settings, parts)
        self.atomic = AtomicArb("arbitrage", self.settings, parts)
        agents: list[Agent] = [self.listing, self.marks, self.markets, self.oracles, self.freshness]
        agents += [self.ledger, self.orders, paper_executor(venue, self.listing, self.ledger)]
        agents += [self.approver, Closer(), *([self.scanner] if scanning else []), self.teller]
        agents += [self.sniper, self.atomic]
        self.sequencer = Sequencer(agents, self.sequencer_codec(), self.tape, self.tape, seed=7)
        self.wait(0)

    @staticmethod
    def sequencer_codec() -> Any:
        """The product's own codec."""
        from tradeworthy.runtime.event_union import codec

        return codec()

    def tell(self, *told: Told) -> None:
        """The strategies hear of it."""
        self.teller.next += told
        self.put(HealthObserved("test", ok=True))

    def share(self, strategy: str, share: float) -> None:
        """The allocator speaks."""
        allocation = Allocation(strategy, share, 1.0, 0, 0, 0, 0)
        self.tell(AllocationsChanged("arbitrage", (allocation,), 0, "start"))

    def proposed(self) -> list[IntentProposed]:
        """What the strategies asked for."""
        return self.of(IntentProposed)

    def orders_sent(self) -> list[PlaceOrder]:
        """What reached the venue."""
        return self.of(PlaceOrder)

    def position(self, strategy: str, token: str) -> Position:
        """What a strategy holds."""
        return self.ledger.position("arbitrage", f"{strategy}@{token}")


def opportunity(
    *legs: tuple[str, Side, int, int],
    strategy: str = SNIPER,
    method: Method = Method.TERMINAL,
    **fields: Any,
) -> OpportunityDetected:
    """An opportunity of legs (token, side, lots, limit in ticks), at their limits and a fee rate of 0.07."""
    made = []
    for token, side, lots, ticks in legs:
        price = ticks / 100
        fee = round(0.07 * price * (1 - price) * lots * 1_000_000)
        market, _, outcome = token.rpartition(":")
        made.append(OpportunityLeg(market, token, outcome, side, lots, ticks, price, fee))
    kind = Kind.ORACLE_LAG if strategy == SNIPER else Kind.MISPRICING
    known: dict[str, Any] = {
        "gross_edge": 0.12,
        "net_edge": 0.11,
        "signal": 1.0,
        "capacity_lots": made[0].lots,
        "dedupe_key": "gap-1",
        **fields,
    }
    return OpportunityDetected(
        kind,
        made[0].instrument,
        {},
        strategy=strategy,
        method=method,
        markets=tuple(leg.market for leg in made),
        legs=tuple(made),
        **known,
    )
