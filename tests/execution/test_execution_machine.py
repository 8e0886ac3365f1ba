"""Random desks, markets, halts and restarts against the whole of execution: what must hold, holds at every step."""

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from msgspec.structs import replace

from tests.execution.auditor import Auditor
from tests.execution.trading import MINUTE, MS, Ask, Trading, instrument
from tests.market.session import reborn
from tradeworthy.core.events import Resumed
from tradeworthy.execution.accounting import CashMoved, Settled
from tradeworthy.execution.intents import Intent, Leg, Policy, TimeInForce
from tradeworthy.execution.order_state import ENDS
from tradeworthy.execution.orders import (
    CancelWorking,
    FillObserved,
    FillStatus,
    OrderObserved,
    OrderStatus,
    Reconciled,
)
from tradeworthy.market.bars import BarClosed, FeedGap
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import InstrumentChanged, Side

S = OrderStatus
TICKS = st.integers(90, 110)
NAMES = st.sampled_from(["A", "B"])

legs = st.builds(
    Leg,
    NAMES,
    st.sampled_from(list(Side)),
    st.integers(1, 30),
    st.none() | TICKS,
    st.just(""),
    st.sampled_from(list(TimeInForce)),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.booleans(),
)
intents = st.builds(
    Intent,
    st.lists(legs, min_size=1, max_size=3).map(tuple),
    st.sampled_from(list(Policy)),
    st.sampled_from([0, 0, 30_000, 60_000, 90_000]),
    st.sampled_from([False, False, True]),
    st.integers(0, 3),
)
MATCHERS = [("bar", "next_open"), ("bar", "taker_close"), ("bar", "maker_draw"), ("book", "next_open")]
venues = st.fixed_dictionaries(
    {
        "matching": st.sampled_from(MATCHERS),
        "latency_ms": st.sampled_from([0, 0, 250, 70_000]),
        "latency_jitter_ms": st.sampled_from([0, 0, 100]),
        "participation": st.sampled_from([1.0, 0.5]),
        "consumed_memory_ms": st.sampled_from([0, 2000, 120_000]),
    }
)
UPSETS = ["gap", "restart", "settlement", *["nothing"] * 12]
sizes = st.dictionaries(st.integers(0, 12), st.integers(1, 20), max_size=4)


class Markets(RuleBasedStateMachine):
    """What both machines do to a session: desks, halts, cash, settlements, snapshots."""

    audit: Auditor

    @property
    def trading(self) -> Trading:
        """The session."""
        return self.audit.trading

    @rule(intent=intents, desk=st.sampled_from(["desk", "other"]))
    def ask(self, intent: Intent, desk: str) -> None:
        """A desk wants something."""
        if intent.expires_at:
            intent = replace(intent, expires_at=self.trading.now + intent.expires_at * MS)
        self.audit.admit(Ask(intent, desk))

    @rule(desk=st.sampled_from(["", "desk", *["nobody"] * 6]))
    def halt(self, desk: str) -> None:
        """Risk takes working entries back."""
        self.audit.admit(CancelWorking(desk, "halted"))

    @rule(amount=st.integers(-(10**12), 10**12))
    def move_cash(self, amount: int) -> None:
        """Money comes and goes."""
        self.audit.admit(CashMoved(amount, "test"))

    @rule()
    def snapshot(self) -> None:
        """Every part comes back from its bytes."""
        for agent in self.trading.sequencer.agents.values():
            agent.state = reborn(agent.state)

    @rule(seconds=st.sampled_from([1, 20, 61]))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.audit.admit(FeedGap("none", "none", 0, 0, "none"), self.trading.now + seconds * 10**9)


class Paper(Markets):
    """Desks against the paper venue."""

    @initialize(venue=venues)
    def begin(self, venue: dict[str, Any]) -> None:
        """A session with assumptions of its own."""
        matcher, fills = venue["matching"]
        rest = {name: value for name, value in venue.items() if name != "matching"}
        self.audit = Auditor(Trading(matcher=matcher, fills=fills, **rest))

    @precondition(lambda self: self.trading.venue._settings.matcher == "bar")
    @rule(
        wanted=st.lists(intents, max_size=2),
        names=st.sampled_from(["A", "B", "AB", "AB", "AB"]),
        prices=st.tuples(TICKS, TICKS, TICKS, TICKS),
        noise=st.sampled_from([0.0, 0.003]),
        volume=st.sampled_from([0.0, 5.5, 40.0, 1000.0, 1000.0]),
    )
    def bar(
        self, wanted: list[Intent], names: str, prices: tuple[int, ...], noise: float, volume: float
    ) -> None:
        """The desk asks; then one instrument's minute closes, or both do."""
        opens = self.trading.now - self.trading.now % MINUTE
        for intent in wanted:
            self.ask(intent, "desk")
        high, low = max(prices), min(prices)
        first, top, bottom, last = (ticks / 100 + noise for ticks in (prices[0], high, low, prices[1]))
        for one in names:
            bar = BarClosed(one, "1m", opens, first, top, bottom, last, volume)
            self.audit.admit(bar, opens + MINUTE)

    @precondition(lambda self: self.trading.venue._settings.matcher == "book")
    @rule(
        wanted=st.lists(intents, max_size=2),
        names=st.sampled_from(["A", "B", "AB", "AB"]),
        bids=sizes,
        asks=sizes,
        touch=TICKS,
    )
    def book(
        self, wanted: list[Intent], names: str, bids: dict[int, int], asks: dict[int, int], touch: int
    ) -> None:
        """Books change; then the desk asks."""
        for name in names:
            self.audit.admit(
                BookChanged(
                    name,
                    self.trading.now,
                    tuple(Level(touch - 1 - step, bids[step]) for step in sorted(bids)),
                    tuple(Level(touch + step, asks[step]) for step in sorted(asks)),
                )
            )
        for intent in wanted:
            self.ask(intent, "desk")

    @rule(
        name=NAMES,
        what=st.sampled_from(["gap", "restart", "settlement", "tick", *["nothing"] * 12]),
        payout=st.integers(0, 10**8),
    )
    def upset(self, name: str, what: str, payout: int) -> None:
        """A feed has a hole, the process was away, a market pays out, a tick changes, or (mostly) none of these."""
        if what == "gap":
            self.audit.admit(FeedGap("feed", name, 0, 0, "overflow"))
        elif what == "restart":
            self.restart(100)
        elif what == "settlement":
            self.audit.admit(Settled(name, payout, self.trading.now))
        elif what == "tick":
            coarse = self.trading.listing.instrument(name).tick == Decimal("0.01")
            changed = instrument(name, tick=Decimal("0.005" if coarse else "0.01"))
            self.audit.admit(InstrumentChanged(changed))

    def restart(self, gap_s: int) -> None:
        """The process was away: only what unwinds is placed anew."""
        self.trading.admit(Resumed(gap_s * 10**9), self.trading.now + gap_s * 10**9)
        self.audit.audit()
        for resting in self.trading.venue.state.orders.values():
            assert resting.place.reason == "unwind"

    def teardown(self) -> None:
        """P2: after a restart and a market with enough size, no candidate is without its verdict."""
        if not hasattr(self, "audit"):
            return
        self.restart(1)
        for _ in range(4):
            for name in ("A", "B"):
                deep = (Level(100, 10_000),)
                self.audit.admit(BookChanged(name, self.trading.now, deep, deep))
            opens = self.trading.now - self.trading.now % MINUTE + MINUTE
            for name in ("A", "B"):
                self.audit.admit(BarClosed(name, "1m", opens, 1.0, 1.0, 1.0, 1.0, 1e6), opens + MINUTE)
        assert set(self.audit.intents) == set(self.audit.verdicts)
        assert not self.trading.sequencer.candidates.open
        orders, venue = self.trading.orders.state, self.trading.venue.state
        assert [orders.waiting, orders.works, orders.unknown, orders.busy] == [{}] * 4
        assert [venue.orders, venue.working, venue.groups, venue.unbooked] == [{}] * 4


class Live(Markets):
    """Desks against a venue that matches, confirms, fails, forgets and repeats itself."""

    @initialize()
    def begin(self) -> None:
        """The test is the venue."""
        self.audit = Auditor(Trading(live=True, listed=(instrument("A"), instrument("B"))), paper=False)
        self.numbers = 0

    def _open(self, which: int) -> str:
        names = [name for name, one in self.audit.sent.items() if one.status not in ENDS]
        return names[which % len(names)] if names else ""

    def _observe(self, name: str, status: OrderStatus) -> None:
        self.audit.admit(OrderObserved(name, status, self.trading.now, str(status).lower()))

    @precondition(lambda self: self._open(0))
    @rule(
        which=st.integers(0, 9),
        lots=st.integers(1, 30),
        ticks=TICKS,
        status=st.sampled_from([FillStatus.MATCHED, FillStatus.CONFIRMED]),
    )
    def fill(self, which: int, lots: int, ticks: int, status: FillStatus) -> None:
        """The venue fills part of an order, and ends it once it is whole."""
        name = self._open(which)
        sent = self.audit.sent[name]
        order = sent.order
        lots = min(lots, order.lots - sent.lots)
        if order.limit_ticks is not None:
            ticks = order.limit_ticks
        if lots:
            scale = self.trading.listing.scale(order.instrument)
            fee = scale.fee(ticks, lots, maker=False)
            self.numbers += 1
            self._report(
                FillObserved(
                    "paper",
                    f"f{self.numbers}",
                    name,
                    order.desk,
                    order.position,
                    order.instrument,
                    order.side,
                    ticks,
                    lots,
                    fee,
                    False,
                    self.trading.now,
                    status,
                    order.reason,
                )
            )
        if sent.lots == order.lots:
            self._observe(name, S.FILLED)

    def _report(self, fill: FillObserved) -> None:
        self.audit.admit(fill)
        self.trading.admit(fill)
        self.audit.audit()

    @precondition(lambda self: any(one.status is FillStatus.MATCHED for one in self.audit.fills.values()))
    @rule(which=st.integers(0, 9), status=st.sampled_from([FillStatus.FAILED, FillStatus.CONFIRMED]))
    def resolve(self, which: int, status: FillStatus) -> None:
        """What was matched is confirmed, or fails."""
        matched = [one for one in self.audit.fills.values() if one.status is FillStatus.MATCHED]
        fill = matched[which % len(matched)]
        self._report(replace(fill, status=status))

    @precondition(lambda self: self._open(0))
    @rule(which=st.integers(0, 9), status=st.sampled_from([S.ACCEPTED, S.CANCELLED, S.EXPIRED, S.UNKNOWN]))
    def say(self, which: int, status: OrderStatus) -> None:
        """The venue says something of an order."""
        self._observe(self._open(which), status)

    @precondition(lambda self: self.trading.orders.state.unknown)
    @rule()
    def reconcile(self) -> None:
        """All that the venue knows was said."""
        self.audit.admit(Reconciled("", self.trading.now))
        assert not self.trading.orders.state.unknown

    @rule(gap=st.sampled_from([1, 100]))
    def restart(self, gap: int) -> None:
        """The process was away; what had no answer is unknown."""
        self.audit.admit(Resumed(gap * 10**9))

    def teardown(self) -> None:
        """P2: once the venue has said all, no candidate is without its verdict."""
        if not hasattr(self, "audit"):
            return
        for _ in range(200):
            for fill in [one for one in self.audit.fills.values() if one.status is FillStatus.MATCHED]:
                self._report(replace(fill, status=FillStatus.CONFIRMED))
            name = self._open(0)
            if not name:
                break
            self.fill(0, 10**6, 100, FillStatus.CONFIRMED)
        assert set(self.audit.intents) == set(self.audit.verdicts)
        orders = self.trading.orders.state
        assert [orders.waiting, orders.works, orders.unknown, orders.busy] == [{}] * 4


PAPER = settings(max_examples=60, stateful_step_count=30, suppress_health_check=list(HealthCheck))
TestPaper = Paper.TestCase
TestPaper.settings = PAPER
TestLive = Live.TestCase
TestLive.settings = PAPER
