"""The real market parts, ledger and orders around the scanner, and a venue's words to feed them with."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from tradeworthy.core.agents import Agent
from tradeworthy.core.candidates import Verdict
from tradeworthy.core.counters import Counters
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.desk import make_agents
from tradeworthy.desks.arbitrage.events import GapClosed, OpportunityDetected
from tradeworthy.desks.arbitrage.scanner import Scanner
from tradeworthy.execution.accounting import CashMoved
from tradeworthy.execution.desk import DeskParts
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.order_desk import OrderDesk
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.freshness import Freshness, FreshnessSettings
from tradeworthy.market.instruments import FeeCurve, Instrument, InstrumentListed
from tradeworthy.market.listing import Listing
from tradeworthy.market.markets import Markets
from tradeworthy.market.marks import Marks
from tradeworthy.market.money import cash_of
from tradeworthy.market.oracles import Oracles, OracleSettings
from tradeworthy.market.predictions import Market, MarketOpened
from tradeworthy.runtime.event_union import codec

MS = 1_000_000
SECOND = 1_000 * MS
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
START = 1_704_067_200 * SECOND
"""2024-01-01 00:00 UTC."""

EXACT: dict[str, Any] = {"volatility_error": 0.0, "basis_bps": 0.0}
"""Settings with which a view is one probability."""

ABOVE = "Will the price of Bitcoin be above $97,000 on December 1?"

Kind = TypeVar("Kind", bound=Event)


class Tape:
    """A recorder that keeps what it is given, and an outbox that sends nothing."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.bodies: list[bytes] = []

    def input(self, body: bytes) -> None:
        """Inputs are the test's own."""

    def packet(self, body: bytes, *, decision: bool) -> None:
        """Keep the packet."""
        self.bodies.append(body)
        self.packets.append(codec().decode(body)[1])

    def end_turn(self, *, urgent: bool) -> None:
        """Nothing is buffered."""

    def dispatch(self, commands: Sequence[Packet]) -> None:
        """Nothing leaves."""


def market(name: str = "m", title: str = ABOVE, **facts: Any) -> Market:
    """A market on the venue `polymarket` that ends 15 minutes after START, unless `facts` say otherwise."""
    full = f"polymarket:{name}"
    known: dict[str, Any] = {"end_ts": START + 15 * MINUTE} | facts
    return Market(full, "polymarket", name, title, f"{full}:YES", f"{full}:NO", **known)


def tokens(one: Market, *, rate: str = "0.07", tick: str = "0.01", lots_min: int = 500) -> list[Instrument]:
    """Both tokens of a market: ticks of 0.01, lots of 0.01 share, at least 5 shares."""
    return [
        Instrument(
            name,
            one.venue,
            "USDC",
            Decimal(tick),
            Decimal("0.01"),
            Decimal(0),
            Decimal(0),
            lots_min=lots_min,
            price_max=Decimal(1),
            fee_curve=FeeCurve(Decimal(rate)),
            market=one.id,
            outcome=outcome,
        )
        for name, outcome in ((one.yes, "YES"), (one.no, "NO"))
    ]


def levels(*pairs: tuple[int, int]) -> tuple[Level, ...]:
    """Levels of (ticks, shares)."""
    return tuple(Level(ticks, shares * 100) for ticks, shares in pairs)


class Rig:
    """A desk `arbitrage` with capital 500 at START; `only_scanner` leaves its strategies out."""

    def __init__(self, *, volatility: float = 0.5, only_scanner: bool = True, **settings: Any) -> None:
        self.settings = ArbitrageSettings(**settings)
        self.listing = Listing()
        self.marks, self.markets = Marks(self.listing), Markets()
        self.oracles = Oracles(OracleSettings(volatility_prior=volatility, prior_minutes=1e12))
        self.freshness = Freshness(self.markets, self.oracles, FreshnessSettings())
        self.ledger, self.orders = Ledger(self.listing), OrderDesk(self.listing)
        self.parts = DeskParts(
            *(self.listing, self.marks, self.markets, self.oracles, self.freshness),
            *(self.ledger, self.orders, lambda _: self.ledger.equity_at_cost()),
            *(lambda _: 1_000_000, lambda _: "APEX", PaperVenueSettings(matcher="book")),
        )
        agents = make_agents("arbitrage", self.settings, self.parts)
        self.scanner = next(agent for agent in agents if isinstance(agent, Scanner))
        shared: list[Agent] = [self.listing, self.marks, self.markets, self.oracles, self.freshness]
        shared += [self.ledger, self.orders]
        self.tape = Tape()
        self.sequencer = Sequencer(
            [*shared, *([self.scanner] if only_scanner else agents)], codec(), self.tape, self.tape, seed=7
        )
        self.now, self._position = START, 0
        self.put(CashMoved(cash_of("500"), "initial cash"))

    def put(self, *events: Event) -> None:
        """Admit events at the present time."""
        for event in events:
            self._position += 1
            self.sequencer.admit("test", self._position, self.now, event)

    def wait(self, ns: int) -> None:
        """Let time pass; timers fire."""
        self.now += ns
        self.sequencer.advance(self.now)

    def open(self, *markets: Market, **listed: Any) -> None:
        """List the tokens of each market and open it."""
        for one in markets:
            self.put(*(InstrumentListed(token) for token in tokens(one, **listed)), MarketOpened(one))

    def price(self, price: float, symbol: str = "BTC") -> None:
        """The oracle says a price."""
        self.put(PriceObserved(symbol, price, self.now))

    def book(
        self, token: str, bids: tuple[Level, ...], asks: tuple[Level, ...], *, crossed: bool = False
    ) -> None:
        """A token's whole book."""
        self.put(BookChanged(token, self.now, bids, asks, crossed))

    def quote(self, one: Market, bid: int, ask: int, shares: int = 400) -> None:
        """Both books of a market, mirrored, with `shares` at each best price."""
        crossed = bid >= ask
        self.book(one.yes, levels((bid, shares)), levels((ask, shares)), crossed=crossed)
        self.book(one.no, levels((100 - ask, shares)), levels((100 - bid, shares)), crossed=crossed)

    def of(self, kind: type[Kind]) -> list[Kind]:
        """The events of a type that were made so far."""
        return [packet.event for packet in self.tape.packets if isinstance(packet.event, kind)]

    def opportunities(self) -> list[OpportunityDetected]:
        """What the scanner told of."""
        return self.of(OpportunityDetected)

    def closed(self) -> list[GapClosed]:
        """The gaps that ended."""
        return self.of(GapClosed)

    def verdicts(self) -> list[Verdict]:
        """How candidates ended."""
        return self.of(Verdict)

    def reasons(self) -> dict[str, int]:
        """How often each reason was counted since this was last asked."""
        counters = self.sequencer.agents["counters"]
        assert isinstance(counters, Counters)
        counted = counters.state.counts.pop(self.scanner.desk, {})
        return dict(sorted(counted.items()))

    def reload(self) -> None:
        """Write all states down and read them again, as a restart does."""
        core = self.sequencer.dump()
        for agent in self.sequencer.agents.values():
            written = msgspec.msgpack.encode(agent.state)
            agent.state = msgspec.msgpack.decode(written, type=type(agent.state))
        self.sequencer.load(core)


def lagging(**settings: Any) -> tuple[Rig, Market]:
    """The worked example: BTC at 97,500, strike 97,000, 15 minutes to go when the latency is over, YES at .83/.85."""
    rig = Rig(**(EXACT | settings))
    one = market(end_ts=START + 15 * MINUTE + 250 * MS)
    rig.open(one)
    rig.price(97_500.0)
    rig.quote(one, 83, 85)
    return rig, one


def outcomes(count: int = 3, **facts: Any) -> list[Market]:
    """The markets of one neg-risk event."""
    known: dict[str, Any] = {"event": "race", "event_size": count, "neg_risk": True} | facts
    return [market(f"o{n}", f"Will candidate {n} win the race?", **known) for n in range(count)]
