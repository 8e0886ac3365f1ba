"""Prediction markets around the guardian: real books, oracle, settlement and book venue, and a desk of two parts."""

from typing import Any

from tests.market.tokens import market, opening
from tests.risk.rig import CODEC as BARS
from tests.risk.rig import SECOND, START, Tape
from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Candidate, Decision
from tradeworthy.core.events import Event, SessionEnded, TimeAdvanced
from tradeworthy.core.packets import Codec
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.execution import accounting
from tradeworthy.execution.intents import Intent, IntentProposed, Leg, Policy, TradeCandidate, position_key
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.order_desk import OrderDesk
from tradeworthy.execution.paper_executor import paper_executor
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.execution.settlement import Settlement
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.freshness import Freshness, FreshnessSettings
from tradeworthy.market.instruments import Side
from tradeworthy.market.listing import Listing
from tradeworthy.market.markets import Markets
from tradeworthy.market.marks import Marks
from tradeworthy.market.money import cash_of
from tradeworthy.market.oracles import Oracles, OracleSettings
from tradeworthy.market.predictions import (
    Market,
    MarketClosed,
    MarketDisputed,
    MarketOpened,
    MarketResolved,
)
from tradeworthy.risk.guardian import Guardian
from tradeworthy.risk.operators import HealthObserved
from tradeworthy.risk.settings import DeskRisk, RiskSettings

ARB, SNIPER = "atomic-arb", "oracle-sniper"
DESK = "arbitrage"
CENT = 10**6

PILOT: dict[str, Any] = {
    "position_max": "0.10",
    "event_max": "0.15",
    "underlying_max": "0.20",
    "venue_max": "0.50",
    "portfolio_max": "0.80",
    "daily_loss_max": "0.10",
    "drawdown_max": "0.20",
    "profit_min": "0.05",
    "spread_max": "0.15",
    "slippage_bps_max": 200,
    "slippage_edge_max": "0.5",
    "min_tte_s": 20,
    "requests_per_minute_max": 10,
    "loss_streak_max": 5,
    "loss_streak_pause_s": 1800,
    "mark_every_s": 30,
    "book_max_age_s": 3,
    "oracle_max_age_s": 2,
}
"""The specification's numbers."""


class Opportunity(Candidate, frozen=True):
    """What one part of the desk finds, for another to ask about."""


CODEC = Codec(
    (
        *BARS.events.values(),
        *(MarketOpened, MarketClosed, MarketDisputed, MarketResolved, Opportunity, SessionEnded),
        accounting.ResolutionOverdue,
    )
)


class Finder(Agent):
    """Opens what it was told: an opportunity, or a candidate with its intent."""

    def __init__(self) -> None:
        super().__init__("finder", State(), DESK)
        self.next: Candidate | None = None

    @on(HealthObserved)
    def answer(self, _: HealthObserved, context: Context) -> Candidate | str:
        """The candidate, once."""
        candidate, self.next = self.next, None
        return candidate or "not_asked"


class Asker(Agent):
    """Proposes the intent that it was told for the next opportunity."""

    def __init__(self) -> None:
        super().__init__("asker", State(), DESK)
        self.intent = Intent(())

    @on(Opportunity)
    def propose(self, found: Opportunity, context: Context) -> IntentProposed:
        """The intent."""
        return IntentProposed(context.seq, DESK, found.kind, found.instrument, self.intent)


class MarketTape(Tape):
    """The tape, with this rig's events."""

    def packet(self, body: bytes, *, decision: bool) -> None:
        """Keep the packet."""
        self.packets.append(CODEC.decode(body)[1])


def question(name: str, **changes: Any) -> Market:
    """A market on BTC that ends in a quarter of an hour."""
    return market(name, **({"underlying": "BTC", "end_ts": START + 900 * SECOND} | changes))


class MarketRig:
    """An account of 500 with one desk, and markets `a` and `b` of event E and `c` on ETH, asks at 40 and bids at 39."""

    def __init__(self, cash: str = "500", **risk: Any) -> None:
        settings = RiskSettings.model_validate(PILOT | risk)
        self.listing = Listing()
        self.marks, self.markets, self.oracles = (
            Marks(self.listing),
            Markets(),
            Oracles(OracleSettings()),
        )
        self.freshness = Freshness(self.markets, self.oracles, FreshnessSettings())
        self.ledger, self.orders = Ledger(self.listing), OrderDesk(self.listing)
        venue = paper_executor(PaperVenueSettings(matcher="book"), self.listing, self.ledger)
        self.guardian = Guardian(
            settings,
            {DESK: DeskRisk()},
            ledger=self.ledger,
            listing=self.listing,
            marks=self.marks,
            markets=self.markets,
            oracles=self.oracles,
            freshness=self.freshness,
        )
        self.finder, self.asker, self.tape = Finder(), Asker(), MarketTape()
        parts: list[Agent] = [self.listing, self.marks, self.markets, self.oracles, self.freshness]
        parts += [self.ledger, self.orders, Settlement(self.ledger, self.markets), venue, self.guardian]
        self.sequencer = Sequencer([*parts, self.finder, self.asker], CODEC, self.tape, self.tape, seed=1)
        self._position = 0
        self.sequencer.now = START
        self.admit(accounting.CashMoved(cash_of(cash), "deposit"))
        for name, event, underlying in (("a", "E", "BTC"), ("b", "E", "BTC"), ("c", "F", "ETH")):
            self.open(question(name, event=event, underlying=underlying, title=f"{underlying} {name}"))
        self.refresh()

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
        """Let session time pass; what its timers made."""
        return self.admit(TimeAdvanced(), self.now + round(seconds * SECOND))

    def open(self, of: Market, rate: str = "0") -> None:
        """A market becomes known; its tokens cost no fee unless said so."""
        for event in opening(of, rate=rate):
            self.admit(event)

    def book(
        self, token: str, bid: int = 39, ask: int = 40, lots: int = 100_000, depth: int = 1
    ) -> list[Event]:
        """A whole book of `depth` levels a side, each with `lots`; 0 ticks leaves a side out."""
        bids = tuple(Level(bid - step, lots) for step in range(depth)) if bid else ()
        asks = tuple(Level(ask + step, lots) for step in range(depth)) if ask else ()
        return self.admit(BookChanged(token, self.now, bids, asks))

    def refresh(self) -> None:
        """Books and oracles arrive anew, unchanged."""
        for symbol in ("BTC", "ETH"):
            self.admit(PriceObserved(symbol, 97_500.0, self.now))
        for life in list(self.markets.state.markets.values()):
            for token in (life.market.yes, life.market.no):
                last = self.marks.state.books.get(token)
                if last is None:
                    self.book(token)
                else:
                    self.admit(BookChanged(token, self.now, last.bids, last.asks))

    def ask(self, intent: Intent, kind: str = "oracle_lag") -> list[Event]:
        """The desk finds an opportunity, and its strategy asks for `intent`."""
        self.asker.intent = intent
        instrument = intent.legs[0].instrument if intent.legs else "none"
        self.finder.next = Opportunity(kind, instrument, {})
        return self.admit(HealthObserved("finder", ok=True))

    def ask_at_once(self, intent: Intent, kind: str = "oracle_lag") -> list[Event]:
        """The desk opens a candidate that comes with its intent."""
        self.finder.next = TradeCandidate(kind, intent.legs[0].instrument, {}, intent=intent)
        return self.admit(HealthObserved("finder", ok=True))

    def decide(self, intent: Intent, kind: str = "oracle_lag") -> Decision:
        """The decision on `intent`."""
        (decision,) = [event for event in self.ask(intent, kind) if isinstance(event, Decision)]
        return decision


def token(name: str, outcome: str = "YES") -> str:
    """The id of one of a market's tokens."""
    return f"polymarket:{name}:{outcome}"


def leg(
    name: str,
    shares: float,
    ticks: int | None = 40,
    *,
    outcome: str = "YES",
    side: Side = Side.BUY,
    by: str = SNIPER,
) -> Leg:
    """`shares` of one token up to `ticks`, for strategy `by`."""
    instrument = token(name, outcome)
    return Leg(instrument, side, round(shares * 100), ticks, position_key(by, instrument))


def one(
    name: str = "a", shares: float = 20.0, ticks: int | None = 40, edge: str = "1", **options: Any
) -> Intent:
    """A directional buy, worth 8 at the usual ask."""
    asked = leg(
        name, shares, ticks, **{key: options.pop(key) for key in ("outcome", "side", "by") if key in options}
    )
    strategy = asked.position.partition("@")[0]
    return Intent((asked,), edge=cash_of(edge), strategy=strategy, **options)


def pair(shares: float, *ticks: int, names: str = "ab", floor: int = 1, **options: Any) -> Intent:
    """YES of one market and NO of another, which together pay `floor` a share at the least."""
    first, second = ticks or (40, 40)
    legs = (
        leg(names[0], shares, first, by=ARB),
        leg(names[1], shares, second, outcome="NO", by=ARB),
    )
    given: dict[str, Any] = {"policy": Policy.ALL_OR_NONE, "edge": cash_of(10)} | options
    return Intent(legs, strategy=ARB, payout_floor=round(shares * floor) * cash_of(1), **given)


def legs_of(position: str) -> str:
    """The ledger's key of a position of the desk."""
    return f"{DESK}/{position}"
