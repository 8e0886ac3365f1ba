"""The product's own core under a recorder that keeps what happens, and a venue's and a person's words to feed it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tests.flows.reached.demanded import code_of
from tests.flows.reached.reading import Reading, Witness, look
from tradeworthy.core.agents import Agent
from tradeworthy.core.candidates import Verdict
from tradeworthy.core.events import Event, SessionEnded
from tradeworthy.core.packets import Packet
from tradeworthy.execution.fills import Seen, key_of
from tradeworthy.execution.intents import Intent, Leg, TimeInForce
from tradeworthy.execution.orders import FillObserved, FillStatus, PlaceOrder
from tradeworthy.market.bars import FeedGap, PriceObserved
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import FeeCurve, Instrument, InstrumentListed, Side
from tradeworthy.market.predictions import Market, MarketOpened
from tradeworthy.risk.operators import HealthObserved, Operator, Order
from tradeworthy.runtime.assembly import assemble, first_inputs
from tradeworthy.runtime.configuration import from_values
from tradeworthy.runtime.event_union import codec

MS = 1_000_000
SECOND = 1_000 * MS
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_704_067_200 * SECOND
"""2024-01-01 00:00 UTC: a midnight."""

ASKER = Path(__file__).parents[1] / "desks" / "asker.py"
DESK = "asker"
ABOVE = "Will the price of Bitcoin be above $97,000 on December 1?"
RAIN = "Will it rain on December 1?"

Scenario = Callable[[Path], dict[str, None]]
Values = dict[str, Any]


class Tape:
    """A recorder that reads what it is given and keeps the packets, and an outbox that sends nothing."""

    def __init__(self, reading: Reading) -> None:
        self.packets: list[Packet] = []
        self._reading = reading

    def input(self, body: bytes) -> None:
        """An input was admitted."""
        self._reading.take(*codec().decode(body))

    def packet(self, body: bytes, *, decision: bool) -> None:
        """A packet was made."""
        kind, packet = codec().decode(body)
        self.packets.append(packet)
        self._reading.take(kind, packet)

    def end_turn(self, *, urgent: bool) -> None:
        """Nothing is buffered."""

    def dispatch(self, commands: Sequence[Packet]) -> None:
        """Paper's orders stay inside."""


class Stage:
    """A session at START, told its first inputs; `new` leaves these out. `happened` has the codes reached so far."""

    def __init__(self, values: Values, *, observers: Sequence[Agent] = (), new: bool = True) -> None:
        configuration = from_values(values, "the scenario")
        self.reading = Reading()
        self.tape = Tape(self.reading)
        witness = Witness(self.reading.happened)
        self.core = assemble(configuration, self.tape, self.tape, seed=7, observers=[witness, *observers])
        witness.core = self.core
        self.now, self._position = START, 0
        self._markets: dict[str, None] = {}
        self.put(*(first_inputs(configuration) if new else ()))

    @property
    def happened(self) -> dict[str, None]:
        """The codes that were reached."""
        return self.reading.happened

    def put(self, *events: Event) -> None:
        """Admit events at the present time."""
        for event in events:
            if isinstance(event, MarketOpened):
                self._markets[event.market.id] = None
            before = self._seen(event)
            self._position += 1
            self.core.sequencer.admit("test", self._position, self.now, event)
            if isinstance(event, FillObserved):
                self.reading.note(code_of(self._said(event, before)))
            self._look()

    def wait(self, ns: int) -> None:
        """Let time pass; timers fire."""
        self.now += ns
        self.core.sequencer.advance(self.now)
        self._look()

    def finish(self) -> dict[str, None]:
        """End the session; all codes that were reached."""
        self.put(SessionEnded())
        return self.happened

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of a type that were made so far."""
        return [packet.event for packet in self.tape.packets if isinstance(packet.event, kind)]

    def _look(self) -> None:
        self.reading.note(*look(self.core, self._markets))

    def _seen(self, event: Event) -> FillStatus | None:
        if not isinstance(event, FillObserved):
            return None
        known = self.core.ledger.state.fills.recent.get(key_of(event))
        return known.status if known else None

    def _said(self, fill: FillObserved, before: FillStatus | None) -> Seen:
        """What the ledger took the report for."""
        after = self._seen(fill)
        if before is after:
            return Seen.REPEATED
        if before is None:
            return Seen.NEW
        return Seen.CONFIRMED if after is FillStatus.CONFIRMED else Seen.REVERSED

    # What a venue says

    def price(self, price: float, symbol: str = "BTC") -> None:
        """A price of an oracle or an instrument."""
        self.put(PriceObserved(symbol, price, self.now))

    def open(self, *markets: Market, **listed: Any) -> None:
        """List the tokens of each market and open it."""
        for one in markets:
            self.put(*(InstrumentListed(token) for token in tokens(one, **listed)), MarketOpened(one))

    def book(self, name: str, bids: dict[int, int], asks: dict[int, int], *, crossed: bool = False) -> None:
        """A whole book of lots by ticks."""
        down, up = sorted(bids, reverse=True), sorted(asks)
        levels = [tuple(Level(at, side[at]) for at in order) for order, side in ((down, bids), (up, asks))]
        self.put(BookChanged(name, self.now, levels[0], levels[1], crossed))

    def quote(self, one: Market, bid: int, ask: int, lots: int = 40_000) -> None:
        """Both books of a market, mirrored, of one level a side."""
        crossed = bid >= ask
        self.book(one.yes, {bid: lots}, {ask: lots}, crossed=crossed)
        self.book(one.no, {100 - ask: lots}, {100 - bid: lots}, crossed=crossed)

    def lose(self, name: str) -> None:
        """The feed loses a book."""
        self.put(FeedGap("venue", name, self.now, self.now, "reconnect"))

    def report(self, order: PlaceOrder, lots: int, ticks: int, status: FillStatus) -> None:
        """A venue that matches first and confirms later reports a fill of `order`."""
        who = (order.order, order.desk, order.position, order.instrument, order.side)
        self.put(
            FillObserved(
                "outside", f"{order.order}-1", *who, ticks, lots, 0, False, self.now, status, order.reason
            )
        )

    # What a desk or a person says

    def ask(self, *legs: Leg, **intent: Any) -> None:
        """The desk `asker` asks for these legs."""
        self.say(msgspec.json.encode(Intent(legs, **intent)).decode())

    def say(self, word: str) -> None:
        """The desk `asker` hears a word: a reason to skip, or none."""
        self.put(HealthObserved(DESK, ok=True, word=word))

    def orders(self) -> list[PlaceOrder]:
        """The orders sent so far."""
        return self.of(PlaceOrder)

    def verdict(self) -> Verdict:
        """The last verdict."""
        last: Verdict = self.of(Verdict)[-1]
        return last

    def operator(self, command: Order, desk: str = "", *, latch: bool = False) -> None:
        """Anna asks for something."""
        self.put(Operator(command, "anna", "test", desk, latch=latch))


def asking(*, on_fault: str = "keep", share: str = "1", cash: str = "1000000", **sections: Any) -> Values:
    """A configuration with the desk `asker`, instruments AAA and BBB, and limits that bind nothing.

    A section's own values go on top.
    """
    terms = {"tick": "0.01", "lot": "1", "taker_fee": "0.001", "lots_max": 1_000_000, "price_max": "1000"}
    risk = {"position_max": "1", "portfolio_max": "1", "daily_loss_max": "1", "drawdown_max": "1"}
    desk = {"name": DESK, "file": str(ASKER), "timeframe": "1m", "instruments": ["AAA", "BBB"]}
    return {
        "name": "reached",
        "account": {"cash": cash},
        "venue": {"matcher": "book"} | sections.pop("venue", {}),
        "instruments": [{"id": name} | terms for name in ("AAA", "BBB")],
        "desks": [desk | {"share": share, "on_fault": on_fault}],
        "risk": risk | {"stale_after_s": 1e6} | sections.pop("risk", {}),
        **sections,
    }


def market(name: str = "m", title: str = ABOVE, **facts: Any) -> Market:
    """A market on the venue `polymarket` that ends 15 minutes after START, unless `facts` say otherwise."""
    full = f"polymarket:{name}"
    known: dict[str, Any] = {"end_ts": START + 15 * MINUTE} | facts
    return Market(full, "polymarket", name, title, f"{full}:YES", f"{full}:NO", **known)


def tokens(one: Market, rate: str = "0.07", lots_min: int = 500) -> list[Instrument]:
    """Both tokens of a market: ticks of 0.01, lots of 0.01 share, at least 5 shares."""
    free, cent = Decimal(0), Decimal("0.01")
    return [
        Instrument(
            *(name, one.venue, "USDT", cent, cent, free, free),
            lots_min=lots_min,
            price_max=Decimal(1),
            fee_curve=FeeCurve(Decimal(rate)),
            market=one.id,
            outcome=outcome,
        )
        for name, outcome in ((one.yes, "YES"), (one.no, "NO"))
    ]


def buy(name: str, lots: int, limit: int | None = None, how: TimeInForce = TimeInForce.FAK) -> Leg:
    """A leg to buy."""
    return Leg(name, Side.BUY, lots, limit, time_in_force=how)


def sell(name: str, lots: int, limit: int | None = None, how: TimeInForce = TimeInForce.FAK) -> Leg:
    """A leg to sell."""
    return Leg(name, Side.SELL, lots, limit, time_in_force=how)


def together(*stages: Stage) -> dict[str, None]:
    """All that happened on several stages, each brought to its end."""
    happened: dict[str, None] = {}
    for stage in stages:
        happened |= stage.finish()
    return happened
