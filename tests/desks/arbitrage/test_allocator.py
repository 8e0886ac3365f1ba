"""The capital allocator in a real sequencer: when it allocates, on what, and what it remembers."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from tradeworthy.core.events import CountersClosed, Event, SessionEnded, TimeAdvanced
from tradeworthy.core.packets import Packet
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.desks.arbitrage import allocator as module
from tradeworthy.desks.arbitrage.allocator import Allocator, AllocatorState
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.events import AllocationsChanged
from tradeworthy.execution.accounting import CashMoved, Opened, TradeClosed, TradeReversed
from tradeworthy.execution.intents import position_key
from tradeworthy.market.instruments import Side
from tradeworthy.runtime.event_union import codec

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
NOON = 1_704_067_200 * SECOND + DAY // 2
CASH = 100_000_000
SNIPER, ATOMIC = "oracle-sniper", "atomic-arb"


class Tape:
    """A recorder that decodes what it is given, and an outbox that sends nothing."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []

    def input(self, body: bytes) -> None:
        """Inputs are the test's own."""

    def packet(self, body: bytes, *, decision: bool) -> None:
        """Keep the packet."""
        self.packets.append(codec().decode(body)[1])

    def end_turn(self, *, urgent: bool) -> None:
        """Nothing is buffered."""

    def dispatch(self, commands: Sequence[Packet]) -> None:
        """Nothing leaves."""


class Desk:
    """The allocator of desk `arbitrage`, whose capital is 500."""

    def __init__(self, **settings: Any) -> None:
        self.tape, self.count, self.now = Tape(), 0, NOON
        parts = cast("Any", SimpleNamespace(capital=lambda desk: 500 * CASH if desk == "arbitrage" else 0))
        self.allocator = Allocator("arbitrage", ArbitrageSettings(**settings), parts)
        self.sequencer = Sequencer([self.allocator], codec(), self.tape, self.tape, seed=1)

    @property
    def state(self) -> AllocatorState:
        """What it remembers."""
        return self.allocator.state

    def admit(self, event: Event, after_s: float = 1) -> list[AllocationsChanged]:
        """Admit `event` some seconds on; the allocations that it brought about."""
        before = len(self.tape.packets)
        self.now += round(after_s * SECOND)
        self.count += 1
        self.sequencer.admit("test", self.count, self.now, event)
        made = [packet.event for packet in self.tape.packets[before:]]
        return [event for event in made if isinstance(event, AllocationsChanged)]

    def start(self) -> list[AllocationsChanged]:
        """The run's first cash."""
        return self.admit(CashMoved(500 * CASH, "initial cash"))

    def close(
        self, strategy: str, pnl: int, opportunity: int = 0, desk: str = "arbitrage", after_s: float = 1
    ) -> list[AllocationsChanged]:
        """A trade of `strategy` closes."""
        key = position_key(strategy, "polymarket:0xa:YES")
        ts = self.now + SECOND
        event = TradeClosed(
            desk, key, "polymarket:0xa:YES", Side.BUY, 100, CASH, CASH + pnl, 0, pnl, ts - 5, ts, "settled", 0,
            opportunity or 1_000 + self.count,
        )  # fmt: skip
        return self.admit(event, after_s)


def test_it_allocates_evenly_at_the_first_cash() -> None:
    """Published on start; with one strategy, half of the capital, the rest stays cash."""
    both = Desk(atomic_arb=True).start()
    assert [(one.strategy, one.share) for one in both[0].allocations] == [(SNIPER, 0.5), (ATOMIC, 0.5)]
    assert (both[0].reason, both[0].capital, both[0].desk) == ("start", 500 * CASH, "arbitrage")
    alone = Desk()
    assert [(one.strategy, one.share) for one in alone.start()[0].allocations] == [(SNIPER, 0.5)]
    assert alone.admit(CashMoved(CASH, "deposit")) == []


def test_a_run_that_takes_over_begins_with_opened() -> None:
    """Opened is its first input, in place of cash."""
    found = Desk().admit(Opened("pilot-1", 500 * CASH, ()))
    assert [one.reason for one in found] == ["start"]


def test_every_tenth_closed_trade_reallocates() -> None:
    """Nine are only noted; the tenth moves capital to the winner, 10 points at the most."""
    desk = Desk(atomic_arb=True)
    desk.start()
    for number in range(9):
        assert desk.close(SNIPER if number % 2 else ATOMIC, CASH if number % 2 else -CASH) == []
    found = desk.close(SNIPER, 2 * CASH)
    assert [one.reason for one in found] == ["trades"]
    sniper, atomic = found[0].allocations
    assert (sniper.trades, sniper.wins, sniper.losses, sniper.pnl) == (5, 5, 0, 6 * CASH)
    assert (atomic.trades, atomic.wins, atomic.losses, atomic.pnl) == (5, 0, 5, -5 * CASH)
    assert sniper.score > 1 > atomic.score
    assert (sniper.share, atomic.share) == pytest.approx((0.6, 0.4))
    assert desk.state.fresh == 0


def test_midnight_reallocates() -> None:
    """At 00:00 UTC of session time, each day, with or without results."""
    desk = Desk()
    desk.start()
    found = desk.admit(TimeAdvanced(), 2 * 86_400)
    assert [one.reason for one in found] == ["midnight", "midnight"]
    made = [packet for packet in desk.tape.packets if isinstance(packet.event, AllocationsChanged)]
    assert [packet.ts % DAY for packet in made[1:]] == [0, 0]


def test_the_legs_of_one_opportunity_are_one_result() -> None:
    """A set's legs lose but for one: together it won once."""
    desk = Desk(atomic_arb=True)
    desk.start()
    for pnl in (-30, -20, -40, 95):
        desk.close(ATOMIC, pnl * CASH // 100, opportunity=77)
    found = [desk.close(SNIPER, CASH) for _ in range(6)][-1]
    atomic = found[0].allocations[1]
    assert (atomic.trades, atomic.wins, atomic.losses, atomic.pnl) == (1, 1, 0, 5 * CASH // 100)


def test_results_leave_the_window_after_seven_days() -> None:
    """What is older than the window counts for nothing and is forgotten."""
    desk = Desk()
    desk.start()
    desk.close(SNIPER, CASH)
    sixth = desk.admit(TimeAdvanced(), 6 * 86_400)[-1]
    assert sixth.allocations[0].trades == 1
    eighth = desk.admit(TimeAdvanced(), 2 * 86_400)[-1]
    assert eighth.allocations[0].trades == 0
    assert desk.state.results == {}


def test_a_reversed_trade_counts_no_more() -> None:
    """The venue took a fill back: its result and its place in the count go."""
    desk = Desk()
    desk.start()
    desk.close(SNIPER, CASH)
    desk.close(SNIPER, 3 * CASH)
    closed = desk.state.results[SNIPER][0].closed_ts
    key = position_key(SNIPER, "polymarket:0xa:YES")
    void = TradeReversed(
        "arbitrage", key, "polymarket:0xa:YES", Side.BUY, 100, 0, CASH, closed, 5, closed, "failed"
    )
    desk.admit(void)
    assert [one.pnl for one in desk.state.results[SNIPER]] == [3 * CASH]
    assert desk.state.fresh == 1
    desk.admit(void)
    assert len(desk.state.results[SNIPER]) == 1


def test_others_results_are_not_its_own() -> None:
    """Other desks, and strategies that are switched off, move nothing."""
    desk = Desk()
    desk.start()
    desk.close(SNIPER, CASH, desk="breakout")
    desk.close(ATOMIC, CASH)
    desk.close("", CASH)
    assert desk.state.results == {}


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many trades close within the window, a set number of them is kept."""
    monkeypatch.setattr(module, "RESULTS_MAX", 50)
    desk = Desk()
    desk.start()
    for number in range(300):
        desk.close(SNIPER, number)
    assert len(desk.state.results[SNIPER]) == 50
    assert desk.state.results[SNIPER][-1].pnl == 299


def test_a_snapshot_holds_all_of_it() -> None:
    """Written and read, the state goes on the same way (A9)."""
    one, other = Desk(atomic_arb=True), Desk(atomic_arb=True)
    for desk in (one, other):
        desk.start()
        for pnl in (5, -3, 8, 2, -1, 4, 4):
            desk.close(SNIPER, pnl * CASH)
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(one.state), type=AllocatorState)
    one.allocator.state = state
    results = [[desk.close(ATOMIC, CASH) for _ in range(3)][-1] for desk in (one, other)]
    assert results[0] == results[1] != []


def test_its_turns_have_a_reason() -> None:
    """A turn without a candidate says what the desk did instead (P2)."""
    desk = Desk()
    desk.start()
    desk.close(SNIPER, CASH)
    desk.admit(SessionEnded())
    counted = [packet.event for packet in desk.tape.packets if isinstance(packet.event, CountersClosed)]
    assert [one.counts for one in counted] == [{"capital_shared": 1, "result_noted": 1}]
