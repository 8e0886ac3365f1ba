"""Writes journals as a session does: turns of an input and its decisions, with real events, through the real writer."""

from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg.sql import SQL, Identifier

from tradeworthy.core.candidates import Candidate, Decision, Outcome, Verdict
from tradeworthy.core.events import CountersClosed, Event, Quarantined, TimeAdvanced
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.execution.accounting import (
    CashMoved,
    EquityMarked,
    PositionChanged,
    SetsMerged,
    Settled,
    TradeClosed,
    TradeReversed,
)
from tradeworthy.execution.intents import Intent, Leg, TimeInForce, TradeCandidate
from tradeworthy.execution.orders import (
    CancelOrder,
    FillObserved,
    FillStatus,
    OrderObserved,
    OrderStatus,
    PlaceOrder,
)
from tradeworthy.journal.reader import verify
from tradeworthy.journal.segments import Header
from tradeworthy.journal.writer import JournalWriter
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.instruments import Instrument, InstrumentListed, Side
from tradeworthy.risk.operators import HaltChanged, HealthObserved, Operator, Order
from tradeworthy.runtime.event_union import codec
from tradeworthy.store.projection import Projection
from tradeworthy.store.schema import metadata

CODEC = codec()

MINUTE = 60_000_000_000
DAY = 86_400_000_000_000
BEGIN = 1_700_000_000_000_000_000 // DAY * DAY
"""Midnight UTC of the first day that stories tell of."""

BTC = Instrument(
    "BTCUSDT", "paper", "USDT", Decimal("0.1"), Decimal("0.001"), Decimal("0.0005"), Decimal("0.0002")
)
CASH = 100_000_000


class Story:
    """A run in `folder`. `turn` writes one turn; the longer methods write what a desk's trade is made of."""

    def __init__(
        self, folder: Path, *, parent: str = "", bars: bool = False, begin: int = BEGIN, kind: str = ""
    ) -> None:
        self.folder, self.run, self.home = folder, folder.name, folder.parent.parent
        self.seq, self.ts, self.bars_closed = 0, begin, 0
        self.packets: list[tuple[Kind, Packet]] = []
        self.header = Header(
            run=self.run,
            configuration={
                "name": "breakout",
                "account": {"currency": "USDT"},
                "desks": [{"name": kind or "breakout", "kind": kind}],
                "store": {"bars": bars},
            },
            decision_hash="abc",
            seed=7,
            parent=parent,
        )
        self.writer = JournalWriter(verify(folder), self.header)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.close()

    def packet(self, kind: Kind, event: Event, *, trace: int = 0, cause: int = 0, agent: str = "") -> Packet:
        """Number a packet of the present time, and keep it."""
        self.seq += 1
        made = Packet(self.seq, trace or self.seq, cause, self.ts, agent, event)
        self.packets.append((kind, made))
        return made

    def turn(self, event: Event, *decisions: Event, agent: str = "breakout") -> int:
        """Write an input and the decisions that it causes, each by the one before; the input's seq."""
        first = self.packet(Kind.INPUT, event, agent="feed")
        made = []
        filled = 0
        for decision in decisions:
            # The ledger answers what moves money; the others answer the packet before them.
            cause = (
                filled if isinstance(decision, PositionChanged | TradeClosed | TradeReversed) else self.seq
            )
            made.append(self.packet(Kind.DECISION, decision, trace=first.seq, cause=cause, agent=agent))
            filled = self.seq if isinstance(decision, FillObserved | Settled | SetsMerged) else filled
        self.writer.append(CODEC.encode(Kind.INPUT, first))
        self.writer.end_turn(*(CODEC.encode(Kind.DECISION, packet) for packet in made), urgent=False)
        return first.seq

    def durable(self) -> None:
        """Wait until all is on disk."""
        self.writer.wait_durable()

    def bar(self, price: float = 100.0) -> BarClosed:
        """The next minute's bar; time moves on."""
        self.ts += MINUTE
        return BarClosed("BTCUSDT", "1m", self.ts - MINUTE, price, price, price, price, 1.0)

    def open_account(self) -> None:
        """List the instrument and pay cash in."""
        self.turn(InstrumentListed(BTC))
        self.turn(CashMoved(10_000 * CASH, "deposit"))

    def quiet(self, bars: int) -> None:
        """Bars at which nothing is decided."""
        for _ in range(bars):
            self.turn(self.bar())

    def order(self, side: Side, lots: int, ticks: int, kind: str, *, approved: bool = True) -> int:
        """A candidate, its approval and its order in one turn; the candidate's seq. Refused unless `approved`."""
        intent = Intent((Leg("BTCUSDT", side, lots, ticks),), edge=3 * CASH, reason=kind)
        bar, candidate = self.bar(ticks / 10), self.seq + 2
        opened = TradeCandidate(kind, "BTCUSDT", {"high": ticks / 10, "bars": 20}, intent=intent)
        if not approved:
            refusal = Decision(
                "risk-guardian",
                candidate,
                "breakout",
                False,
                "position_limit",
                {"share": 0.4},
                {"share": 0.2},
            )
            verdict = Verdict(
                candidate, "breakout", Outcome.REJECTED, "position_limit", limits={"share": 0.2}
            )
            self.turn(bar, opened, refusal, verdict)
            return candidate
        approval = Decision("risk-guardian", candidate, "breakout", True, "", {"share": 0.1}, {"share": 0.2})
        place = PlaceOrder(
            f"{candidate}.0", candidate, "breakout", "BTCUSDT", "BTCUSDT", side, lots, ticks, TimeInForce.FAK, 0,
            False, kind,
        )  # fmt: skip
        self.turn(bar, opened, approval, place)
        return candidate

    def fill(
        self, candidate: int, side: Side, lots: int, ticks: int, number: int = 1, **changes: Any
    ) -> FillObserved:
        """A fill of a candidate's only order, confirmed at once."""
        order = f"{candidate}.0"
        fee = -(-ticks * lots * 10_000 // 2000)
        made = FillObserved(
            "paper", f"{order}/{number}", order, "breakout", "BTCUSDT", "BTCUSDT", side, ticks, lots, fee, False,
            self.ts, FillStatus.CONFIRMED,
        )  # fmt: skip
        return (
            made
            if not changes
            else FillObserved(**{name: getattr(made, name) for name in made.__struct_fields__} | changes)
        )

    def enter(self, lots: int = 10, ticks: int = 1000) -> int:
        """Buy, filled whole; the candidate's seq. The position stays open."""
        candidate = self.order(Side.BUY, lots, ticks, "breakout")
        fill = self.fill(candidate, Side.BUY, lots, ticks)
        cost = ticks * lots * 10_000
        done = OrderObserved(fill.order, OrderStatus.FILLED, self.ts)
        held = PositionChanged("breakout", "BTCUSDT", "BTCUSDT", lots, cost, 0, fill.fee, self.ts)
        verdict = Verdict(candidate, "breakout", Outcome.FILLED, "filled", 1.0)
        self.turn(self.bar(), fill, held, done, verdict, agent="paper-executor")
        return candidate

    def leave(self, entry: int, lots: int = 10, ticks: int = 1000, exit_ticks: int = 1010) -> int:
        """Sell what `enter` bought; the candidate's seq."""
        candidate = self.order(Side.SELL, lots, exit_ticks, "exit")
        fill = self.fill(candidate, Side.SELL, lots, exit_ticks)
        bought, sold = ticks * lots * 10_000, exit_ticks * lots * 10_000
        fees = fill.fee + -(-bought // 2000)
        flat = PositionChanged("breakout", "BTCUSDT", "BTCUSDT", 0, 0, sold - bought, fees, self.ts)
        closed = TradeClosed(
            "breakout", "BTCUSDT", "BTCUSDT", Side.BUY, lots, bought, sold, fees, sold - bought - fees,
            self.ts - MINUTE, self.ts, "hold", candidate, entry,
        )  # fmt: skip
        equity = 10_000 * CASH + sold - bought - fees
        marked = EquityMarked(self.ts, equity, 0, equity, sold - bought, fees, 10_000 * CASH, 0)
        done = OrderObserved(fill.order, OrderStatus.FILLED, self.ts)
        verdict = Verdict(candidate, "breakout", Outcome.FILLED, "filled", 1.0)
        self.turn(self.bar(), fill, flat, closed, marked, done, verdict, agent="paper-executor")
        return candidate

    def refuse(self, reason: str) -> int:
        """A candidate that ends REJECTED for `reason`, without an intent; its seq."""
        candidate = self.seq + 2
        opened = Candidate("signal", "BTCUSDT", {"high": 1.5})
        verdict = Verdict(candidate, "breakout", Outcome.REJECTED, reason)
        self.turn(self.bar(), opened, verdict)
        return candidate

    def order_refused(self) -> int:
        """A candidate that risk refuses; its seq."""
        return self.order(Side.BUY, 500, 1000, "breakout", approved=False)

    def order_cancelled(self) -> int:
        """A candidate whose order is cancelled unfilled, and one that its desk skipped; the first's seq."""
        candidate = self.order(Side.BUY, 10, 900, "breakout")
        order = f"{candidate}.0"
        cancelled = OrderObserved(order, OrderStatus.CANCELLED, self.ts, "expired")
        verdict = Verdict(candidate, "breakout", Outcome.EXPIRED, "expired")
        self.turn(self.bar(), CancelOrder(order, "expired"), cancelled, verdict)
        skipped = Candidate("signal", "BTCUSDT", {"spread": float("nan")}, skip="too_wide")
        self.turn(self.bar(), skipped, Verdict(self.seq + 2, "breakout", Outcome.SKIPPED, "too_wide"))
        return candidate

    def operations(self) -> None:
        """A halt and its release, a crash of a desk, health, and an hour's counters."""
        self.turn(
            Operator(Order.HALT, "ann", "looks odd"), HaltChanged("", True, "operator", "ann", "looks odd")
        )
        self.quiet(3)
        self.turn(Operator(Order.RESUME, "ann", "fine"), HaltChanged("", False, "operator", "ann", "fine"))
        self.turn(self.bar(), HaltChanged("breakout", True, "drawdown", "risk-guardian", "20 % lost"))
        self.turn(self.bar(), Quarantined(self.seq, "breakout", "ZeroDivisionError: division by zero"))
        self.turn(self.bar(), Quarantined(self.seq, "breakout", "ZeroDivisionError: division by zero"))
        self.turn(HealthObserved("feed", ok=False, figure=2.5, word="stale"))
        self.turn(HealthObserved("feed", ok=True, figure=0.1, word="fresh"))
        hour = self.ts // (60 * MINUTE) * 60 * MINUTE
        self.turn(
            TimeAdvanced(),
            CountersClosed("breakout", hour - 60 * MINUTE, hour, {"no_breakout": 57, "held": 3}),
        )

    def resume(self) -> None:
        """Go on as another process would: in a new segment."""
        self.writer.close()
        self.writer = JournalWriter(verify(self.folder), self.header)

    def round_trips(self, count: int, quiet: int = 3) -> None:
        """Trades that win and lose in turns, with quiet bars between them."""
        for number in range(count):
            entry = self.enter()
            self.quiet(quiet)
            self.leave(entry, exit_ticks=1010 if number % 3 else 995)


def project(story: Story, url: str) -> None:
    """Bring the tables up with the story, as a process of its own would."""
    story.durable()
    one = Projection(story.folder, story.header, CODEC)
    one.attach(url)
    one.advance(None, final=True)
    one.detach()


def rows_of(url: str) -> dict[str, list[Any]]:
    """Every row of every table in order: what must be equal however it came there."""
    rows = SQL("SELECT to_jsonb(t) - 'registered_at' FROM {} t ORDER BY t::text")
    with psycopg.connect(url) as connection:
        return {
            name: connection.execute(rows.format(Identifier(name))).fetchall()
            for name in sorted(metadata.tables)
        }
