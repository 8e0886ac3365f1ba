"""The real core, ledger, order desk and paper venue around the guardian, and desks that do as they are told."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Decision, Verdict
from tradeworthy.core.events import CountersClosed, Event, Quarantined, Resumed, TimeAdvanced, WokeUp
from tradeworthy.core.packets import Codec, Packet
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.execution import accounting, orders
from tradeworthy.execution.intents import Intent, IntentProposed, Leg, TradeCandidate
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.order_desk import OrderDesk
from tradeworthy.execution.paper_executor import paper_executor
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.bars import BarClosed, FeedGap, PriceObserved
from tradeworthy.market.books import BookChanged
from tradeworthy.market.freshness import Freshness, FreshnessSettings
from tradeworthy.market.instruments import (
    Instrument,
    InstrumentChanged,
    InstrumentDelisted,
    InstrumentListed,
    Side,
)
from tradeworthy.market.listing import Listing
from tradeworthy.market.markets import Markets
from tradeworthy.market.marks import Marks
from tradeworthy.market.money import cash_of
from tradeworthy.market.oracles import Oracles, OracleSettings
from tradeworthy.risk.flattener import Flattener
from tradeworthy.risk.guardian import Guardian
from tradeworthy.risk.operators import DailyReset, HaltChanged, HealthObserved, Operator, Order
from tradeworthy.risk.settings import DeskRisk, RiskSettings

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
NEW_YEAR = 1_704_067_200 * SECOND
"""2024-01-01 00:00 UTC: a midnight."""

START = NEW_YEAR + 12 * 3600 * SECOND

CODEC = Codec(
    (
        *(CountersClosed, Decision, Quarantined, Resumed, TimeAdvanced, TradeCandidate, Verdict, WokeUp),
        *(accounting.CashMoved, accounting.EquityMarked, accounting.Opened, accounting.PositionChanged),
        *(accounting.Settled, accounting.SetsMerged, accounting.TradeClosed, accounting.TradeReversed),
        *(orders.CancelOrder, orders.CancelWorking, orders.FillObserved, orders.OrderObserved),
        *(orders.PlaceOrder, orders.Reconciled),
        *(BarClosed, FeedGap, PriceObserved, BookChanged),
        *(InstrumentListed, InstrumentChanged, InstrumentDelisted, IntentProposed),
        *(DailyReset, HaltChanged, HealthObserved, Operator),
    )
)

Kind = TypeVar("Kind", bound=Event)


class Told(Agent):
    """A desk that answers a HealthObserved of its name with the candidate that it was told."""

    def __init__(self, desk: str) -> None:
        super().__init__(desk, State(), desk)
        self.next: TradeCandidate | None = None

    @on(HealthObserved)
    def answer(self, event: HealthObserved, _: Context) -> TradeCandidate | str:
        """The candidate, once."""
        candidate, self.next = self.next, None
        return candidate if candidate is not None and event.part == self.desk else "not_asked"


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
        """Paper's orders stay inside."""


def instrument(name: str, fee: str = "0.0005") -> Instrument:
    """One that trades in ticks of 0.01 and lots of 0.001."""
    return Instrument(name, "paper", "USD", Decimal("0.01"), Decimal("0.001"), Decimal(fee), Decimal(fee))


class Rig:
    """An account of 10,000 with desks `alpha` and `beta`, three instruments at 100, at noon of a new year."""

    def __init__(
        self,
        settings: RiskSettings | None = None,
        desks: dict[str, DeskRisk] | None = None,
        *,
        cash: str = "10000",
        fee: str = "0.0005",
        fills: str = "next_open",
    ) -> None:
        desks = desks or {"alpha": DeskRisk(), "beta": DeskRisk()}
        self.listing = Listing()
        self.marks = Marks(self.listing)
        self.ledger = Ledger(self.listing)
        self.orders = OrderDesk(self.listing)
        venue = paper_executor(PaperVenueSettings(fills=fills), self.listing, self.ledger)
        self.markets, self.oracles = Markets(), Oracles(OracleSettings())
        self.freshness = Freshness(self.markets, self.oracles, FreshnessSettings())
        self.guardian = Guardian(
            settings or RiskSettings(),
            desks,
            ledger=self.ledger,
            listing=self.listing,
            marks=self.marks,
            markets=self.markets,
            oracles=self.oracles,
            freshness=self.freshness,
        )
        self.flatteners = [
            Flattener(name, desk.on_fault, ledger=self.ledger, orders=self.orders, listing=self.listing)
            for name, desk in desks.items()
        ]
        self.desks = {name: Told(name) for name in desks}
        self.tape = Tape()
        self.sequencer = Sequencer(
            [
                *(self.listing, self.marks, self.ledger, self.orders, venue, self.guardian),
                *self.flatteners,
                *self.desks.values(),
            ],
            CODEC,
            self.tape,
            self.tape,
            seed=1,
        )
        self._position = 0
        self.sequencer.now = START
        for name in ("AAA", "BBB", "CCC"):
            self.admit(InstrumentListed(instrument(name, fee)))
            self.price(name, 100.0)
        self.admit(accounting.CashMoved(cash_of(cash), "deposit"))

    @property
    def now(self) -> int:
        """Session time."""
        return self.sequencer.now

    def admit(self, event: Event, ts: int = 0) -> list[Event]:
        """Admit `event` at `ts` (0: now); all that was made of it."""
        before = len(self.tape.packets)
        self._position += 1
        assert self.sequencer.admit("test", self._position, ts or self.now, event)
        return [packet.event for packet in self.tape.packets[before:]]

    def wait(self, seconds: float) -> list[Event]:
        """Let session time pass, in one step; what its timers made."""
        return self.admit(TimeAdvanced(), self.now + round(seconds * SECOND))

    def price(self, name: str, price: float) -> list[Event]:
        """A new last price, which the bar venue does not fill from."""
        return self.admit(PriceObserved(name, price, self.now))

    def bar(self, name: str, price: float) -> list[Event]:
        """A minute passes, in which `name` trades at `price` alone: orders sent before it fill there."""
        return self.minute({name: price})

    def minute(self, prices: dict[str, float]) -> list[Event]:
        """A minute passes, in which each instrument trades at one price."""
        opened = self.now
        return [
            made
            for name, price in prices.items()
            for made in self.admit(
                BarClosed(name, "1m", opened, price, price, price, price, 1_000_000.0), opened + MINUTE
            )
        ]

    def ask(self, desk: str, candidate: TradeCandidate) -> list[Event]:
        """`desk` opens `candidate` now; all that was made of it."""
        self.desks[desk].next = candidate
        return self.admit(HealthObserved(desk, ok=True))

    def decide(self, desk: str, candidate: TradeCandidate) -> Decision:
        """The decision on `candidate` of `desk`."""
        return only(self.ask(desk, candidate), Decision)

    def halt(self, reason: str = "test", desk: str = "") -> list[Event]:
        """A person halts."""
        return self.admit(Operator(Order.HALT, "anna", reason, desk))

    def resume(self, by: str = "ben", reason: str = "looked at it", desk: str = "") -> list[Event]:
        """A person resumes."""
        return self.admit(Operator(Order.RESUME, by, reason, desk))

    def flatten(self, account: str = "paper", desk: str = "") -> list[Event]:
        """A person flattens."""
        return self.admit(Operator(Order.FLATTEN, "anna", "go home", desk, account))

    def fault(self, desk: str) -> list[Event]:
        """A handler of `desk` raised."""
        return self.admit(Quarantined(1, desk, "ValueError: odd bar"))

    def hold(self, desk: str, name: str, lots: int, price: float = 100.0) -> None:
        """Have `desk` hold signed `lots`, entered through risk and the venue at `price`."""
        events = self.ask(desk, entry(name, lots))
        assert only(events, Decision).approved, only(events, Decision)
        self.bar(name, price)
        assert self.ledger.position(desk, name).lots == lots


def entry(
    name: str = "AAA",
    lots: int = 1000,
    *,
    limit: int | None = None,
    expires_at: int = 0,
    reduce_only: bool = False,
    dedupe_key: str = "",
    kind: str = "signal",
    skip: str = "",
) -> TradeCandidate:
    """A candidate of one leg: `lots` to buy, negative to sell; 1000 of them are worth 100 at a price of 100."""
    side = Side.BUY if lots >= 0 else Side.SELL
    intent = Intent(
        (Leg(name, side, abs(lots), limit),),
        expires_at=expires_at,
        reduce_only=reduce_only,
        dedupe_key=dedupe_key,
    )
    return TradeCandidate(kind, name, {}, skip, intent=intent)


def only(events: Sequence[Event], kind: type[Kind]) -> Kind:
    """The one event of `kind`."""
    (found,) = all_of(events, kind)
    return found


def all_of(events: Sequence[Event], kind: type[Kind]) -> list[Kind]:
    """Each event of `kind`."""
    return [event for event in events if isinstance(event, kind)]
