"""The desk's parts from signal to rows under a real sequencer, with every packet kept."""

from typing import Any, TypeVar

import msgspec

from tests.execution.trading import Tape
from tradeworthy.core.agents import Agent
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.desks.uptrend.decision_maker import DecisionMaker
from tradeworthy.desks.uptrend.events import PositionStatusChanged, SocialSignal
from tradeworthy.desks.uptrend.history import BarHistory
from tradeworthy.desks.uptrend.ingest import SocialIngest
from tradeworthy.desks.uptrend.names import Row, Status
from tradeworthy.desks.uptrend.trader import RowState, Trader
from tradeworthy.market.backfill import BackfillAnswered
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.runtime.event_union import codec

START = 500_000 * TIMEFRAMES_NS["1h"]
DESK = "uptrend"
CAPITAL = 10_000 * CASH_UNIT
TOKENS: tuple[dict[str, Any], ...] = (
    {"instrument": "BONK", "ticker": "BONK", "contract": "Dez1", "pool": "p1", "market_cap": 1e6},
    {"instrument": "WIF", "ticker": "WIF", "contract": "Ek2", "market_cap": 4e7},
    {"instrument": "PEPE", "ticker": "PEPE", "chain": "ethereum", "contract": "0xAb"},
    {"instrument": "SOL", "ticker": "SOL", "major": True},
)
CURATORS: tuple[dict[str, Any], ...] = ({"id": "ann", "weight": 0.8}, {"id": "bob", "weight": 0.3})

Kind = TypeVar("Kind", bound=Event)


def settings_of(**sections: Any) -> UptrendSettings:
    """Three tokens and a major, a curator who is heard and one who is not; twenty bars are enough."""
    market = {"bars_threshold": 20, "backfill_bars": 30}
    values = {"tokens": TOKENS, "curators": CURATORS, "market": market}
    return UptrendSettings.model_validate(values | sections)


def signal(number: int | str = 1, **changes: Any) -> SocialSignal:
    """Ann speaks of BONK."""
    said: dict[str, Any] = {"signal": f"s{number}", "curator": "ann", "ticker": "$BONK", "ts_event": START}
    return SocialSignal(**(said | changes))


class Signalling:
    """A session at START whose desk holds `lots` under a row's key and has `capital` cash units."""

    def __init__(self, **sections: Any) -> None:
        self.settings = settings_of(**sections)
        self.capital = CAPITAL
        self.lots: dict[str, int] = {}
        history = BarHistory(DESK, self.settings)
        self.ingest = SocialIngest(DESK, self.settings)
        self.trader = Trader(DESK, self.settings, history)
        self.trader.holding_lots = lambda key: self.lots.get(key, 0)
        self.maker = DecisionMaker(DESK, self.settings, self.ingest, self.trader, lambda: self.capital)
        self.tape = Tape(codec())
        self.agents: list[Agent] = [history, self.ingest, self.maker, self.trader]
        self.sequencer = Sequencer(self.agents, codec(), self.tape, self.tape, seed=1)
        self._position = 0

    def put(self, event: Event, ts: int = 0) -> list[Event]:
        """Admit `event` at `ts` (0: now); what was made of it, and by timers before it."""
        before = len(self.tape.packets)
        self._position += 1
        assert self.sequencer.admit("test", self._position, ts or max(self.sequencer.now, START), event)
        return [packet.event for packet in self.tape.packets[before:]]

    def restart(self) -> None:
        """Write and read every state, as a snapshot does."""
        for agent in self.agents:
            written = msgspec.msgpack.encode(agent.state)
            agent.state = msgspec.msgpack.decode(written, type=type(agent.state))

    def bars(
        self, count: int, timeframe: str = "1h", instrument: str = "BONK", after: int = 0
    ) -> list[Event]:
        """`count` bars, each at its close; the first opens `after` bars past START."""
        step = TIMEFRAMES_NS[timeframe]
        opens = [START + (after + place) * step for place in range(count)]
        return [
            made
            for ts in opens
            for made in self.put(BarClosed(instrument, timeframe, ts, 1.0, 1.0, 1.0, 1.0, 5.0), ts + step)
        ]

    def activate(self, key: str, trade: str = "t1") -> None:
        """The position manager opens a trade."""
        self.put(PositionStatusChanged(DESK, key, Status.WATCHLIST, Status.ACTIVE, "first_buy", trade=trade))

    def row(self, key: str) -> RowState:
        """A row that must be there."""
        found = self.trader.row(key)
        assert found is not None
        return found

    def packets(self, kind: type[Kind]) -> list[Packet]:
        """All packets of that kind so far."""
        return [packet for packet in self.tape.packets if isinstance(packet.event, kind)]

    def events(self, kind: type[Kind]) -> list[Kind]:
        """All events of that kind so far."""
        return [packet.event for packet in self.packets(kind) if isinstance(packet.event, kind)]


def answer(key: str, row: Row, bars: int, *, before: int = START, error: str = "") -> BackfillAnswered:
    """The newest `bars` that were closed at `before`."""
    step = TIMEFRAMES_NS[row.timeframe]
    ts = tuple(before - (bars - place) * step for place in range(bars))
    ones = (1.0,) * bars
    return BackfillAnswered(key, row.instrument, row.timeframe, ts, ones, ones, ones, ones, ones, error=error)
