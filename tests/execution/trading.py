"""Orders, ledger and paper venue under a real sequencer, with a desk that asks for what a test tells it to."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.market.session import CODEC as MARKET_CODEC
from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Decision, Outcome, Verdict
from tradeworthy.core.events import Event, WokeUp
from tradeworthy.core.packets import Codec, Packet
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.execution.accounting import CashMoved
from tradeworthy.execution.intents import (
    Intent,
    IntentProposed,
    Leg,
    Policy,
    TimeInForce,
    TradeCandidate,
)
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.order_desk import OrderDesk
from tradeworthy.execution.orders import (
    CancelWorking,
    FillObserved,
    FillStatus,
    OrderObserved,
    OrderStatus,
    PlaceOrder,
    Reconciled,
)
from tradeworthy.execution.paper_executor import paper_executor
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.execution.settlement import Settlement
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import Instrument, InstrumentListed, Side
from tradeworthy.market.listing import Listing
from tradeworthy.market.markets import Markets

MINUTE = TIMEFRAMES_NS["1m"]
MS = 1_000_000
START = 1_000 * MINUTE
BUY, SELL = Side.BUY, Side.SELL
FAK, FOK, GTC = TimeInForce.FAK, TimeInForce.FOK, TimeInForce.GTC


def instrument(name: str, **changes: Any) -> Instrument:
    """One tick is 0.01, one lot 1; taker 10 bps, maker 1 bp."""
    figures: dict[str, Any] = {
        "tick": Decimal("0.01"),
        "lot": Decimal(1),
        "taker_fee": Decimal("0.001"),
        "maker_fee": Decimal("0.0001"),
        "lots_max": 1_000_000,
        "price_max": Decimal(1000),
    }
    return Instrument(name, "paper", "USDT", **(figures | changes))


class Ask(Event, frozen=True):
    """A test wants this intent from the desk."""

    intent: Intent
    desk: str = "desk"
    skip: str = ""


class Asker(Agent):
    """A desk that does what it is told."""

    def __init__(self, name: str = "desk") -> None:
        super().__init__(name, State(), desk=name)

    @on(Ask)
    def ask(self, event: Ask, _: Context) -> TradeCandidate | str:
        """The candidate."""
        if event.desk != self.name:
            return "not_mine"
        name = event.intent.legs[0].instrument if event.intent.legs else ""
        return TradeCandidate("signal", name, {}, event.skip, intent=event.intent)


class Approver(Agent):
    """A risk that says yes to everything, while `yes`."""

    def __init__(self) -> None:
        super().__init__("risk-guardian", State())
        self.yes = True

    @on(TradeCandidate)
    def judge(self, candidate: TradeCandidate, context: Context) -> list[Event]:
        """The decision, and the verdict of a no."""
        if candidate.skip:
            return []
        desk = context.candidate_desk
        return self._decide(context.seq, desk)

    @on(IntentProposed)
    def judge_proposed(self, proposed: IntentProposed, _: Context) -> list[Event]:
        """The same for an intent of another part's candidate."""
        return self._decide(proposed.candidate, proposed.desk)

    def _decide(self, candidate: int, desk: str) -> list[Event]:
        decision = Decision(self.name, candidate, desk, self.yes, "ok" if self.yes else "no", {}, {})
        if self.yes:
            return [decision]
        return [decision, Verdict(candidate, desk, Outcome.REJECTED, "no")]


class Tape:
    """A recorder that decodes what it is given, and an outbox that sends nothing."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.packets: list[Packet] = []

    def input(self, body: bytes) -> None:
        """Inputs are the test's own."""

    def packet(self, body: bytes, *, decision: bool) -> None:
        """Keep the packet."""
        self.packets.append(self.codec.decode(body)[1])

    def end_turn(self, *, urgent: bool) -> None:
        """Nothing is buffered."""

    def dispatch(self, commands: Sequence[Packet]) -> None:
        """Nothing leaves."""


CODEC = Codec((*MARKET_CODEC.events.values(), CancelWorking, Reconciled, Ask))


class Trading:
    """A session at START that trades A and B; `live` leaves the paper venue out, and the test is the venue."""

    def __init__(
        self,
        *,
        live: bool = False,
        listed: Sequence[Instrument] | None = None,
        cash: int = 10**16,
        extra: Sequence[Agent] = (),
        events: Sequence[type[Event]] = (),
        **settings: Any,
    ) -> None:
        self.listing = Listing()
        self.ledger = Ledger(self.listing)
        self.orders = OrderDesk(self.listing)
        self.approver = Approver()
        self.venue = paper_executor(PaperVenueSettings(**settings), self.listing, self.ledger)
        self.markets = Markets()
        self.settlement = Settlement(self.ledger, self.markets)
        agents: list[Agent] = [self.listing, self.markets, self.ledger, self.orders, self.settlement]
        agents += [] if live else [self.venue]
        agents += [self.approver, Asker(), Asker("other"), *extra]
        codec = Codec((*CODEC.events.values(), *events)) if events else CODEC
        self.tape = Tape(codec)
        self.sequencer = Sequencer(agents, codec, self.tape, self.tape, seed=7)
        self._position = 0
        self.sequencer.now = START
        for one in (instrument("A"), instrument("B")) if listed is None else listed:
            self.admit(InstrumentListed(one))
        if cash:
            self.admit(CashMoved(cash, "deposit"))

    @property
    def now(self) -> int:
        """Session time."""
        return self.sequencer.now

    def admit(self, event: Event, ts: int = 0) -> list[Event]:
        """Admit `event` at `ts` (0: now); what it made, timers included, wake-ups apart."""
        before = len(self.tape.packets)
        self._position += 1
        self.sequencer.admit("test", self._position, ts or self.now, event)
        return self._since(before)

    def advance(self, ts: int) -> list[Event]:
        """Let time reach `ts`; what the timers made."""
        before = len(self.tape.packets)
        self.sequencer.advance(ts)
        return self._since(before)

    def ask(self, *legs: Leg, policy: Policy = Policy.ALL_OR_NONE, **rest: Any) -> list[Event]:
        """Have the desk ask for an intent of `legs`."""
        return self.admit(Ask(Intent(legs, policy, **rest)))

    def bar(
        self, name: str, *prices: float, volume: float = 1000.0, ts: int = -1, length: str = "1m"
    ) -> list[Event]:
        """A bar (open, high, low, close, or one price for all) that opens at `ts` (default: now), at its close."""
        opens = self.now if ts < 0 else ts
        first, high, low, last = prices * 4 if len(prices) == 1 else prices
        bar = BarClosed(name, length, opens, first, high, low, last, volume)
        return self.admit(bar, opens + TIMEFRAMES_NS[length])

    def book(self, name: str, bids: dict[int, int], asks: dict[int, int]) -> list[Event]:
        """A book of lots by ticks, now."""
        return self.admit(
            BookChanged(
                name,
                self.now,
                tuple(Level(ticks, bids[ticks]) for ticks in sorted(bids, reverse=True)),
                tuple(Level(ticks, asks[ticks]) for ticks in sorted(asks)),
            )
        )

    def lots(self, position: str, desk: str = "desk") -> int:
        """Signed lots held."""
        return self.ledger.position(desk, position).lots

    def verdicts(self) -> list[Verdict]:
        """All verdicts so far."""
        return [made.event for made in self.tape.packets if isinstance(made.event, Verdict)]

    def _since(self, before: int) -> list[Event]:
        return [made.event for made in self.tape.packets[before:] if not isinstance(made.event, WokeUp)]


def leg(
    name: str,
    side: Side,
    lots: int,
    limit: int | None = None,
    how: TimeInForce = FAK,
    key: str = "",
    **rest: Any,
) -> Leg:
    """A leg in one line."""
    return Leg(name, side, lots, limit, key, how, **rest)


def fills(events: Sequence[Event]) -> list[tuple[str, int, int, bool]]:
    """(order, ticks, lots, maker) of the fills among `events`."""
    return [(one.order, one.ticks, one.lots, one.maker) for one in events if isinstance(one, FillObserved)]


def ends(events: Sequence[Event]) -> list[tuple[str, str]]:
    """(status, reason) of what was observed of orders, acceptances apart."""
    return [
        (str(one.status), one.reason)
        for one in events
        if isinstance(one, OrderObserved) and one.status != "ACCEPTED"
    ]


def verdict(events: Sequence[Event]) -> tuple[str, str, float]:
    """(outcome, reason, share) of the one verdict among `events`."""
    (one,) = [one for one in events if isinstance(one, Verdict)]
    return str(one.outcome), one.reason, one.share


def placed(events: Sequence[Event]) -> list[PlaceOrder]:
    """The orders sent among `events`."""
    return [one for one in events if isinstance(one, PlaceOrder)]


def answer(trading: Trading, order: PlaceOrder, status: OrderStatus, reason: str = "") -> list[Event]:
    """A live venue says something of an order."""
    return trading.admit(OrderObserved(order.order, status, trading.now, reason))


def report(
    trading: Trading, order: PlaceOrder, lots: int, status: FillStatus = FillStatus.CONFIRMED, number: int = 1
) -> list[Event]:
    """A live venue reports a fill at 100."""
    return trading.admit(
        FillObserved(
            "paper",
            f"{order.order}#{number}",
            order.order,
            order.desk,
            order.position,
            order.instrument,
            order.side,
            100,
            lots,
            10**6,
            False,
            trading.now,
            status,
            order.reason,
        )
    )
