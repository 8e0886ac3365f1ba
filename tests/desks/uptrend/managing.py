"""A whole core around the position manager, whose engine is the test: it admits bars and payloads by hand."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar

from tests.execution.trading import Tape
from tradeworthy.core.agents import Agent
from tradeworthy.core.candidates import Candidate, Decision, Verdict
from tradeworthy.core.events import Event
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.desks.uptrend.config import TokenSettings, UptrendSettings
from tradeworthy.desks.uptrend.events import (
    Allocated,
    EngineJudged,
    PositionsAllocated,
    PositionStatusChanged,
    SignalDecided,
)
from tradeworthy.desks.uptrend.history import BarHistory
from tradeworthy.desks.uptrend.names import TIMEFRAMES, Row, Stage, Status
from tradeworthy.desks.uptrend.payloads import Emas, Payload
from tradeworthy.desks.uptrend.position_manager import PositionManager
from tradeworthy.desks.uptrend.regime import Regime
from tradeworthy.desks.uptrend.thresholds import Thresholds
from tradeworthy.desks.uptrend.trader import Trader
from tradeworthy.execution.accounting import CashMoved, Opened
from tradeworthy.execution.desk import DeskParts
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.order_desk import OrderDesk
from tradeworthy.execution.paper_executor import paper_executor
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.learning.events import Override
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed
from tradeworthy.market.freshness import Freshness, FreshnessSettings
from tradeworthy.market.instruments import Instrument, InstrumentListed
from tradeworthy.market.listing import Listing
from tradeworthy.market.markets import Markets
from tradeworthy.market.marks import Marks
from tradeworthy.market.money import cash_of
from tradeworthy.market.oracles import Oracles, OracleSettings
from tradeworthy.risk.flattener import Flattener
from tradeworthy.risk.guardian import Guardian
from tradeworthy.risk.settings import DeskRisk, OnFault, RiskSettings
from tradeworthy.runtime.event_union import codec

HOUR = TIMEFRAMES_NS["1h"]
START = 400_000 * HOUR
BONK = "BONK"
KEY = Row(BONK, "1h").key
SPLITS = {"1m": "50", "15m": "125", "1h": "700", "4h": "125"}
PERCENTS = {"1m": 0.5, "15m": 1.25, "1h": 7.0, "4h": 1.25}
CONTEXT = {"curator": "ann", "chain": "solana", "mcap_bucket": "micro"}
FLAT = Emas(*[1.0] * 6)

Kind = TypeVar("Kind", bound=Event)


def token(name: str, **changes: Any) -> Instrument:
    """A token in ticks of 0.0001 and lots of 0.01, without fees unless a test says otherwise."""
    figures: dict[str, Any] = {
        "tick": Decimal("0.0001"),
        "lot": Decimal("0.01"),
        "taker_fee": Decimal(0),
        "maker_fee": Decimal(0),
        "price_max": Decimal(1000),
    }
    return Instrument(name, "paper", "USD", **(figures | changes))


def settings_of(**manager: Any) -> UptrendSettings:
    """Levers fixed at 0.5, no backfill, two tokens."""
    return UptrendSettings.model_validate(
        {
            "tokens": [
                TokenSettings(instrument=BONK, ticker="BONK"),
                TokenSettings(instrument="WIF", ticker="WIF"),
            ],
            "market": {"backfill": False},
            "manager": {"levers": "fixed"} | manager,
        }
    )


class Managing:
    """An account of 10,000 with the rows of BONK on the watchlist; bars are hours unless a test says otherwise."""

    def __init__(
        self,
        *,
        desk: str = "uptrend",
        fees: str = "0",
        fills: str = "taker_close",
        risk: RiskSettings | None = None,
        listed: Sequence[Instrument] | None = None,
        allocated: bool = True,
        opened: Opened | None = None,
        **manager: Any,
    ) -> None:
        self.desk, self.settings = desk, settings_of(**manager)
        self.listing = Listing()
        self.marks, self.ledger = Marks(self.listing), Ledger(self.listing)
        self.orders = OrderDesk(self.listing)
        venue = PaperVenueSettings(fills=fills)
        markets, oracles = Markets(), Oracles(OracleSettings())
        freshness = Freshness(markets, oracles, FreshnessSettings())
        self.guardian = Guardian(
            risk or RiskSettings(stale_after_s=7200, position_max=Decimal(1), portfolio_max=Decimal(1)),
            {desk: DeskRisk()},
            ledger=self.ledger,
            listing=self.listing,
            marks=self.marks,
            markets=markets,
            oracles=oracles,
            freshness=freshness,
        )
        parts = DeskParts(
            *(self.listing, self.marks, markets, oracles, freshness, self.ledger, self.orders),
            *(lambda _: self.ledger.equity_at_cost(), lambda _: 1_000_000, lambda _: "APEX", venue),
        )
        self.overrides: tuple[Override, ...] = ()
        history = BarHistory(desk, self.settings)
        self.trader = Trader(desk, self.settings, history)
        self.thresholds = Thresholds(desk, self.settings)
        self.regime = Regime(desk, self.settings, history)
        self.manager = PositionManager(
            *(desk, self.settings, parts, self.trader, self.thresholds, self.regime),
            *(lambda: self.overrides, LearningSettings()),
        )
        self.trader.holding_lots = self.manager.lots
        agents: list[Agent] = [self.listing, self.marks, self.ledger, self.orders]
        agents += [paper_executor(venue, self.listing, self.ledger), self.guardian]
        agents += [history, self.trader, self.thresholds, self.regime, self.manager]
        agents.append(
            Flattener(desk, OnFault.KEEP, ledger=self.ledger, orders=self.orders, listing=self.listing)
        )
        self.tape = Tape(codec())
        self.sequencer = Sequencer(agents, codec(), self.tape, self.tape, seed=7)
        self.sequencer.now, self._position = START, 0
        self.put(opened or CashMoved(cash_of("10000"), "deposit"))
        for one in listed or [token(name, taker_fee=Decimal(fees)) for name in (BONK, "WIF")]:
            self.put(InstrumentListed(one))
        self.state, self.price = Stage.S0, 1.0
        if allocated:
            self.allocate()

    @property
    def now(self) -> int:
        """Session time."""
        return self.sequencer.now

    def put(self, event: Event, ts: int = 0) -> list[Event]:
        """Admit `event` at `ts` (0: now); all that was made of it."""
        before = len(self.tape.packets)
        self._position += 1
        assert self.sequencer.admit("test", self._position, ts or self.now, event)
        return [packet.event for packet in self.tape.packets[before:]]

    def allocate(self, name: str = BONK, status: Status = Status.WATCHLIST, caps: float = 1.0) -> list[Event]:
        """The four rows of `name`, with `caps` times the golden packet's caps."""
        self.put(SignalDecided(self.desk, 1, name, True, (), "approved"))
        rows = tuple(
            Allocated(
                Row(name, timeframe).key,
                timeframe,
                PERCENTS[timeframe] / 10,
                PERCENTS[timeframe] * caps,
                round(cash_of(SPLITS[timeframe]) * caps),
                status,
                400,
                333,
            )
            for timeframe in TIMEFRAMES
        )
        return self.put(PositionsAllocated(self.desk, name, "solana", "c0", name, rows, CONTEXT, ("ann",)))

    def bar(
        self,
        close: float = 0.0,
        *,
        low: float = 0.0,
        high: float = 0.0,
        volume: float = 1e6,
        name: str = BONK,
        timeframe: str = "1h",
    ) -> list[Event]:
        """The bar that begins now, at its close."""
        price = self.price = close or self.price
        opened = self.now // TIMEFRAMES_NS[timeframe] * TIMEFRAMES_NS[timeframe]
        bar = BarClosed(name, timeframe, opened, price, high or price, low or price, price, volume)
        return self.put(bar, opened + TIMEFRAMES_NS[timeframe])

    def judge(self, state: Stage, *, name: str = BONK, timeframe: str = "1h", **fields: Any) -> list[Event]:
        """The engine says `state` of the bar that closed last, with the flags in `fields`; all that was made of it."""
        before, self.state = self.state, state
        values: dict[str, Any] = {"prev_state": before, "price": self.price, "emas": FLAT, "atr": 0.01}
        values |= {"bar_ts": self.now - TIMEFRAMES_NS[timeframe]} | fields
        row = Row(name, timeframe)
        status = Status.WATCHLIST
        judged = EngineJudged(self.desk, row.key, name, timeframe, status, Payload(state=state, **values))
        return self.put(judged)

    def step(self, state: Stage, close: float = 0.0, *, low: float = 0.0, **fields: Any) -> list[Event]:
        """A bar and what the engine says of it; what was made of the latter."""
        self.bar(close, low=low)
        return self.judge(state, **fields)

    def enter(self, close: float = 1.0) -> list[Event]:
        """S0, then the S1 buy of 30 % of the cap."""
        self.step(Stage.S0, close)
        return self.step(Stage.S1, close, buy_signal=True)

    def status(self, key: str = KEY) -> Status:
        """The row's status as the trader has it."""
        row = self.trader.row(key)
        assert row is not None
        return row.status

    def lots(self, key: str = KEY) -> int:
        """What the ledger holds under the row's key."""
        return self.ledger.position(self.desk, key).lots

    def reasons(self) -> list[str]:
        """Why candidates of the desk were skipped or refused so far."""
        verdicts = (packet.event for packet in self.tape.packets if isinstance(packet.event, Verdict))
        return [one.reason for one in verdicts if one.outcome != "FILLED"]


def only(events: Sequence[Event], kind: type[Kind]) -> Kind:
    """The one event of `kind` among `events`."""
    (one,) = all_of(events, kind)
    return one


def all_of(events: Sequence[Event], kind: type[Kind]) -> list[Kind]:
    """The events of `kind`."""
    return [one for one in events if isinstance(one, kind)]


def candidates(events: Sequence[Event]) -> list[Candidate]:
    """The candidates among `events`."""
    return all_of(events, Candidate)


def decisions(events: Sequence[Event]) -> list[Decision]:
    """Risk's decisions among `events`."""
    return all_of(events, Decision)


def statuses(events: Sequence[Event]) -> list[tuple[str, str]]:
    """(before, status) of the changes among `events`."""
    return [(str(one.before), str(one.status)) for one in all_of(events, PositionStatusChanged)]
