"""Fills, failures, merges and outcomes in any order, against what the account is worth under every outcome."""

from dataclasses import dataclass

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from tests.market.session import Session, reborn
from tests.market.tokens import SHARE, market, opening
from tradeworthy.core.events import Event
from tradeworthy.execution.accounting import CashMoved, TradeClosed, TradeReversed
from tradeworthy.execution.intents import position_key
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.execution.settlement import Settlement
from tradeworthy.market.instruments import InstrumentDelisted, Side
from tradeworthy.market.listing import Listing
from tradeworthy.market.markets import Markets
from tradeworthy.market.predictions import Market, MarketDisputed, MarketResolved

DAY = 86_400_000_000_000
OWNERS = [("one", ""), ("one", "sniper"), ("two", "sniper")]
LOT = SHARE // 100
OUTCOMES = (0, LOT // 2, LOT)


@dataclass
class Flow:
    """A fill that holds: lots and cash of one token."""

    token: str
    lots: int
    cash: int


class SettlementMachine(RuleBasedStateMachine):
    """Two markets at a time, of which each is resolved at some time and followed by another."""

    matched = Bundle("matched")

    def __init__(self) -> None:
        super().__init__()
        self.listing, self.markets = Listing(), Markets()
        self.ledger = Ledger(self.listing)
        self.settlement = Settlement(self.ledger, self.markets)
        self.session = Session(self.listing, self.markets, self.ledger, self.settlement)
        self.flows: dict[str, Flow] = {}
        self.unsure: dict[str, FillObserved] = {}
        self.paid: dict[str, int] = {}
        self.events: list[Event] = []
        self.open: list[Market] = []
        self.opened = self.fills = 0
        self.now = DAY

    def admit(self, event: Event) -> None:
        """Admit `event` and keep what came of it."""
        self.events += self.session.advance(self.now)
        self.events += self.session.admit(event, self.now)

    @initialize()
    def begin(self) -> None:
        """Money, and two markets."""
        self.admit(CashMoved(1_000 * SHARE, "deposit"))
        for _ in range(2):
            self._open()

    def _open(self) -> None:
        self.opened += 1
        one = market(str(self.opened), end_ts=self.now + DAY)
        self.open.append(one)
        for event in opening(one):
            self.admit(event)

    @rule(
        target=matched,
        owner=st.sampled_from(OWNERS),
        place=st.integers(0, 1),
        yes=st.booleans(),
        side=st.sampled_from([Side.BUY, Side.BUY, Side.SELL]),
        lots=st.integers(1, 6),
        ticks=st.integers(1, 99),
    )
    def match(
        self, owner: tuple[str, str], place: int, side: Side, lots: int, ticks: int, *, yes: bool
    ) -> FillObserved:
        """A venue matches an order, which may fail later."""
        one = self.open[place]
        token = one.yes if yes else one.no
        desk, strategy = owner
        self.fills += 1
        scale = self.listing.scale(token)
        fee = scale.fee(ticks, lots, maker=False)
        what = (desk, position_key(strategy, token), token, side, ticks, lots, fee)
        fill = FillObserved("v", str(self.fills), "x", *what, maker=False, ts_event=self.now)
        cash = -side.sign * scale.cost(ticks, lots) - fee
        self.flows[fill.fill] = Flow(token, side.sign * lots, cash)
        self.unsure[fill.fill] = fill
        self.admit(fill)
        return fill

    @rule(fill=consumes(matched))
    def confirm(self, fill: FillObserved) -> None:
        """A fill becomes final, and sets may be merged."""
        del self.unsure[fill.fill]
        self.admit(msgspec.structs.replace(fill, status=FillStatus.CONFIRMED))

    @rule(fill=consumes(matched))
    def fail(self, fill: FillObserved) -> None:
        """A fill is void, before or after its market's outcome."""
        del self.flows[fill.fill], self.unsure[fill.fill]
        self.admit(msgspec.structs.replace(fill, status=FillStatus.FAILED))

    @rule(place=st.integers(0, 1), payout=st.sampled_from([0, SHARE // 2, SHARE]))
    def resolve(self, place: int, payout: int) -> None:
        """A market has its outcome; another opens."""
        one = self.open.pop(place)
        self.paid |= {one.yes: payout * LOT // SHARE, one.no: LOT - payout * LOT // SHARE}
        self.admit(MarketDisputed(one.id, self.now))
        self.admit(MarketResolved(one.id, self.now, payout))
        self._open()

    @rule(fill=matched)
    def repeat(self, fill: FillObserved) -> None:
        """A repeated report moves nothing."""
        before = len(self.events)
        self.admit(fill)
        assert not [one for one in self.events[before:] if not isinstance(one, InstrumentDelisted)]

    @rule(minutes=st.integers(1, 3))
    def wait(self, minutes: int) -> None:
        """Minutes pass, and tokens may be delisted."""
        self.now += minutes * 60 * 10**9
        self.events += self.session.advance(self.now)

    @rule()
    def crash(self) -> None:
        """The state goes through its binary form."""
        for agent in (self.listing, self.markets, self.ledger, self.settlement):
            agent.state = reborn(agent.state)

    @invariant()
    def the_account_is_worth_what_its_fills_say_under_every_outcome(self) -> None:
        """Cash, and lots at their payout, are what came of the fills that hold: a merge changes no outcome's worth."""
        for first in OUTCOMES:
            for second in OUTCOMES:
                worth = dict(self.paid)
                for one, payout in zip(self.open, (first, second), strict=False):
                    worth |= {one.yes: payout, one.no: LOT - payout}
                expected = sum(flow.cash + flow.lots * worth[flow.token] for flow in self.flows.values())
                held = sum(one.lots * worth[one.instrument] for one in self.ledger.positions())
                assert self.ledger.state.cash - self.ledger.state.deposits + held == expected

    @invariant()
    def no_complete_set_of_final_fills_is_left(self) -> None:
        """Each is merged within the turn in which its last fill became final."""
        for one in self.open:
            for desk, strategy in OWNERS:
                keys = position_key(strategy, one.yes), position_key(strategy, one.no)
                assert self.ledger.complete_sets(desk, *keys) == 0
        assert self.settlement.state.merging == {}

    @invariant()
    def nothing_of_a_market_with_an_outcome_is_held(self) -> None:
        """Also what was filled late or came back with a failure is paid."""
        for held in self.ledger.positions():
            assert held.instrument not in self.paid

    @invariant()
    def the_books_are_conserved_and_the_trades_told_make_the_realised_profit(self) -> None:
        """To the last unit."""
        self.ledger.assert_sums()
        told = sum(one.pnl for one in self.events if isinstance(one, TradeClosed))
        void = sum(one.pnl for one in self.events if isinstance(one, TradeReversed))
        still = sum(one.realised - one.fees for one in self.ledger.positions())
        state = self.ledger.state
        assert told - void + still == state.realised - state.fees
        assert state.cash + state.cost + state.fees - state.realised == state.deposits

    def teardown(self) -> None:
        """Once all fills are final and all markets over, nothing is remembered but which fills there were."""
        for fill in self.unsure.values():
            self.admit(msgspec.structs.replace(fill, status=FillStatus.CONFIRMED))
        for one in self.open:
            self.admit(MarketResolved(one.id, self.now, SHARE))
        self.wait(minutes=2)
        assert self.settlement.state == type(self.settlement.state)()
        assert self.markets.state == type(self.markets.state)()
        assert self.listing.state == type(self.listing.state)()
        assert (self.ledger.state.positions, self.ledger.state.pending) == ({}, {})


TestSettlementMachine = SettlementMachine.TestCase
TestSettlementMachine.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
