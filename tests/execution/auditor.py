"""Follows a session's packets with plain sums of its own, and asserts what must hold of every one."""

import math
from dataclasses import dataclass, field
from fractions import Fraction

from tests.execution.trading import MS, Trading
from tradeworthy.core.candidates import Verdict
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.execution.accounting import CashMoved, Settled
from tradeworthy.execution.intents import Intent, Policy, TradeCandidate
from tradeworthy.execution.order_state import ALLOWED, ENDS
from tradeworthy.execution.orders import FillObserved, FillStatus, OrderObserved, OrderStatus, PlaceOrder
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.books import BookChanged
from tradeworthy.market.instruments import InstrumentChanged, Side


@dataclass
class Sent:
    """An order as the auditor saw it: lots and cash of its fills, failed ones taken back."""

    order: PlaceOrder
    ts: int
    status: OrderStatus = OrderStatus.SENT
    lots: int = 0
    cash: int = 0


@dataclass
class Auditor:
    """Sums by candidate, order, position and cash, from packets alone."""

    trading: Trading
    paper: bool = True
    seen: int = 0
    cash: int = 0
    intents: dict[int, Intent] = field(default_factory=dict)
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    sent: dict[str, Sent] = field(default_factory=dict)
    fills: dict[str, FillObserved] = field(default_factory=dict)
    held: dict[tuple[str, str], int] = field(default_factory=dict)
    bars: dict[str, BarClosed] = field(default_factory=dict)
    books: dict[str, BookChanged] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    taken: dict[str, list[tuple[int, Side, int, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cash = self.trading.ledger.state.cash
        self.seen = len(self.trading.tape.packets)

    def admit(self, event: Event, ts: int = 0) -> None:
        """Admit `event`, once what was due before it is audited, and audit what it caused."""
        ts = ts or self.trading.now
        self.advance(ts)
        if isinstance(event, BarClosed):
            self.bars[event.instrument] = event
            self.used[event.instrument] = 0
        elif isinstance(event, BookChanged):
            self.books[event.instrument] = event
        elif isinstance(event, FillObserved):
            self._fill(event)
        elif isinstance(event, OrderObserved):
            self._observe(event)
        elif isinstance(event, CashMoved):
            self.cash += event.amount
        elif isinstance(event, InstrumentChanged):
            self.taken.pop(event.instrument.id, None)
            self.books.pop(event.instrument.id, None)
        elif isinstance(event, Settled):
            self.taken.pop(event.instrument, None)
            for key, lots in self.held.items():
                if key[1] == event.instrument:
                    self.cash += lots * event.payout
                    self.held[key] = 0
        self.trading.admit(event, ts)
        self.audit()

    def advance(self, ts: int) -> None:
        """Let time reach `ts`."""
        self.trading.advance(ts)
        self.audit()

    def audit(self) -> None:
        """Take the packets since the last call, and compare the sums."""
        packets = self.trading.tape.packets
        for packet in packets[self.seen :]:
            self._take(packet)
        self.seen = len(packets)
        state = self.trading.ledger.state
        assert state.cash == self.cash
        assert {key: lots for key, lots in self.held.items() if lots} == {
            (one.desk, one.position): one.lots for one in state.positions.values()
        }
        for candidate in self.trading.orders.state.works:
            assert candidate not in self.verdicts
        for name in self.trading.venue.state.orders:
            assert self.sent[name].status not in ENDS

    def _take(self, packet: Packet) -> None:
        event = packet.event
        if isinstance(event, TradeCandidate):
            self.intents[packet.seq] = event.intent
        elif isinstance(event, PlaceOrder):
            assert event.order not in self.sent
            self.sent[event.order] = Sent(event, packet.ts)
        elif isinstance(event, FillObserved):
            self._fill(event)
        elif isinstance(event, OrderObserved):
            self._observe(event)
        elif isinstance(event, Verdict):
            assert event.candidate not in self.verdicts
            self.verdicts[event.candidate] = event
            self._judge(event)

    def _observe(self, news: OrderObserved) -> None:
        """The status path is one that the table allows (a live venue may repeat itself)."""
        sent = self.sent[news.order]
        if self.paper:
            assert news.status in ALLOWED[sent.status]
            assert news.reason or news.status is OrderStatus.ACCEPTED
            if news.status is OrderStatus.FILLED:
                assert sent.lots == sent.order.lots
        if sent.status not in ENDS:
            sent.status = news.status

    def _fill(self, fill: FillObserved) -> None:
        """Lots, cash and position move once for each fill; a reversal takes exactly that back."""
        sent = self.sent[fill.order]
        order = sent.order
        scale = self.trading.listing.scale(fill.instrument)
        notional = scale.cost(fill.ticks, fill.lots)
        assert fill.fee == scale.fee(fill.ticks, fill.lots, maker=fill.maker)
        assert (fill.side, fill.instrument, fill.position) == (order.side, order.instrument, order.position)
        known = self.fills.get(fill.fill)
        self.fills[fill.fill] = fill
        if (known is None) == (fill.status is FillStatus.FAILED) or (
            known is not None and known.status is not FillStatus.MATCHED
        ):
            return
        sign = -1 if fill.status is FillStatus.FAILED else 1
        if known is not None and sign > 0:
            return
        before = self.held.get((fill.desk, fill.position), 0)
        after = before + sign * fill.side.sign * fill.lots
        self.held[fill.desk, fill.position] = after
        cash = -sign * (fill.side.sign * notional + fill.fee)
        self.cash += cash
        sent.cash += cash
        sent.lots += sign * fill.lots
        assert 0 <= sent.lots <= order.lots
        assert order.limit_ticks is None or (order.limit_ticks - fill.ticks) * order.side.sign >= 0
        if self.paper:
            assert sent.status in (OrderStatus.ACCEPTED, OrderStatus.PARTIAL)
            sent.status = OrderStatus.PARTIAL
            if order.reduce_only:
                assert abs(after) < abs(before)
                assert before * after >= 0
            self._size(fill, sent)

    def _size(self, fill: FillObserved, sent: Sent) -> None:
        """No more than the market offered, and not before the order could be there."""
        settings = self.trading.venue._settings
        assert fill.ts_event >= sent.ts + settings.latency_ms * MS
        if settings.matcher == "bar":
            bar = self.bars[fill.instrument]
            self.used[fill.instrument] += fill.lots
            assert self.used[fill.instrument] <= math.floor(
                Fraction(bar.volume) * Fraction(settings.participation)
            )
            return
        book = self.books[fill.instrument]
        levels = book.asks if fill.side is Side.BUY else book.bids
        now = fill.ts_event
        if fill.maker:
            beyond = sum(one.lots for one in levels if (fill.ticks - one.ticks) * fill.side.sign > 0)
            assert fill.lots <= beyond
            return
        taken = self.taken.setdefault(fill.instrument, [])
        taken.append((now, fill.side, fill.ticks, fill.lots))
        since = now - max(1, settings.consumed_memory_ms * MS)
        total = sum(
            lots
            for ts, side, ticks, lots in taken
            if ts > since and (side, ticks) == (fill.side, fill.ticks) and settings.consumed_memory_ms
        )
        assert total <= sum(one.lots for one in levels if one.ticks == fill.ticks)

    def _judge(self, verdict: Verdict) -> None:
        """The verdict says what its orders did, and the policy was kept."""
        intent = self.intents[verdict.candidate]
        mine = [one for one in self.sent.values() if one.order.candidate == verdict.candidate]
        if not mine:
            assert verdict.share == 0.0
            return
        unwinding = [one for one in mine if one.order.reason == "unwind"]
        filled = sum(one.lots for one in mine if one not in unwinding)
        asked = sum(leg.lots for leg in intent.legs)
        assert verdict.share == filled / asked
        assert (verdict.outcome == "FILLED") == (filled > 0)
        assert verdict.reason
        whole = filled == asked
        left: dict[str, int] = {}
        for one in mine:
            key = one.order.position
            left[key] = left.get(key, 0) + one.order.side.sign * one.lots
        if intent.policy is not Policy.HOLD and len(intent.legs) > 1 and not intent.reduce_only:
            assert whole or not any(left.values()) or verdict.reason == "unwind_short"
            if intent.policy is Policy.ALL_OR_NONE and self.paper:
                assert whole or not filled
        if verdict.reason == "unwound":
            assert verdict.figures["leg_risk_loss"] == -sum(one.cash for one in mine)
        if verdict.reason == "filled":
            assert whole
