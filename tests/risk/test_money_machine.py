"""Any requests, books and outcomes through the whole core: what is approved can always be paid."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.risk.market_rig import ARB, MarketRig, leg, question, token
from tradeworthy.execution.intents import Intent, Leg, Policy
from tradeworthy.execution.orders import CancelOrder, FillObserved, PlaceOrder
from tradeworthy.market.instruments import CASH_UNIT, Side
from tradeworthy.market.predictions import MarketResolved

OPEN: dict[str, Any] = dict.fromkeys(
    (
        *("position_max", "event_max", "underlying_max", "venue_max"),
        *("portfolio_max", "drawdown_max", "daily_loss_max"),
    ),
    "1",
)
NONE: dict[str, Any] = dict.fromkeys(
    (
        *("spread_max", "slippage_bps_max", "slippage_edge_max"),
        *("requests_per_minute_max", "loss_streak_max"),
    )
)

prices = st.integers(1, 99)
sizes = st.sampled_from([5, 20, 200, 900])
sides = st.sampled_from(list(Side))
places = st.integers(0, 2)
outcomes = st.sampled_from(["YES", "NO"])
policies = st.sampled_from(list(Policy))

SINGLE = st.tuples(st.just("single"), places, outcomes, sides, prices, sizes)
SETS = st.tuples(st.just("set"), places, sides, prices, prices, sizes, policies)
PAIRS = st.tuples(st.just("pair"), places, prices, prices, sizes, policies)
BOOKS = st.tuples(
    st.just("book"), places, outcomes, prices, st.integers(1, 5), st.sampled_from([300, 2_000, 90_000])
)
ENDS = st.tuples(st.just("end"), places, st.sampled_from([0, CASH_UNIT // 2, CASH_UNIT]))
STEPS = st.lists(st.one_of(SINGLE, SETS, PAIRS, BOOKS, ENDS), min_size=3, max_size=25)


class Money:
    """An account of 500 that risk lets do all it can pay for."""

    def __init__(self) -> None:
        self.rig = MarketRig(**OPEN, **NONE, profit_min="0", min_tte_s=0, duplicate_after_s=0)
        self.names = ["a", "b", "c"]
        self.opened = 0
        self.seen = 0
        for place in range(3):
            self._replace(place)
        self.rig.refresh()

    def _replace(self, place: int) -> None:
        self.opened += 1
        name = f"m{self.opened}"
        self.names[place] = name
        self.rig.open(question(name, event="G", end_ts=0, title=f"BTC {name}"), rate="0.07")
        self.rig.refresh()

    def leg(self, place: int, outcome: str, side: Side, ticks: int, shares: int) -> Leg:
        """A leg of the arbitrage strategy."""
        return leg(self.names[place], shares, ticks, outcome=outcome, side=side, by=ARB)

    def do(self, step: tuple[object, ...]) -> None:
        """One thing that happens."""
        match step:
            case ("single", int(place), str(outcome), Side() as side, int(ticks), int(shares)):
                self.ask((self.leg(place, outcome, side, ticks, shares),), 0, Policy.HOLD)
            case ("set", int(place), Side() as side, int(yes), int(no), int(shares), Policy() as policy):
                legs = self.leg(place, "YES", side, yes, shares), self.leg(place, "NO", side, no, shares)
                self.ask(legs, side.sign * shares, policy)
            case ("pair", int(place), int(one), int(two), int(shares), Policy() as policy):
                other = (place + 1) % 3
                legs = (
                    self.leg(place, "NO", Side.BUY, one, shares),
                    self.leg(other, "NO", Side.BUY, two, shares),
                )
                self.ask(legs, shares, policy)
            case ("book", int(place), str(outcome), int(bid), int(spread), int(lots)):
                ask = bid + spread if bid + spread <= 99 else 0
                self.rig.book(token(self.names[place], outcome), bid, ask, lots)
            case ("end", int(place), int(payout)):
                name = self.names[place]
                self.rig.admit(MarketResolved(f"polymarket:{name}", self.rig.now, payout))
                self._replace(place)
        self.check()

    def ask(self, legs: tuple[Leg, ...], floor_shares: int, policy: Policy) -> None:
        """A strategy asks, with books that came just now."""
        self.rig.refresh()
        now = self.rig.now
        self.rig.ask(
            Intent(
                legs,
                policy,
                expires_at=now + 2 * 10**9,
                edge=CASH_UNIT,
                strategy=ARB,
                complete_ticks=2 if policy is Policy.COMPLETE else 0,
                dedupe_key=f"key {len(self.rig.tape.packets)}",
                payout_floor=floor_shares * CASH_UNIT,
            )
        )
        self.rig.wait(3)

    def check(self) -> None:
        """Nothing is owed that is not there, and what is over reserves nothing."""
        rig = self.rig
        books = rig.ledger.state
        assert books.cash >= 0
        assert rig.ledger.equity(rig.marks) >= 0
        assert rig.ledger.free_cash() >= 0, "what shorts may have to pay is in the account"
        if not rig.orders.state.works:
            assert rig.guardian.reserved() == 0
        held = {f"{one.desk}/{one.position}": abs(one.lots) for one in rig.ledger.positions()}
        assert all(lots <= held.get(key, 0) for key, lots in rig.guardian.state.locks.lots.items())
        self.check_fills()

    def check_fills(self) -> None:
        """No fill is worse than its order's limit, and each order that filled was approved."""
        packets = self.rig.tape.packets
        orders = {
            event.order: event
            for event in (packet.event for packet in packets)
            if isinstance(event, PlaceOrder)
        }
        for packet in packets[self.seen :]:
            event = packet.event
            if isinstance(event, FillObserved):
                limit = orders[event.order].limit_ticks
                assert limit is None or (event.ticks - limit) * event.side.sign <= 0
                assert 1 <= event.ticks <= 99
            assert not isinstance(event, CancelOrder) or event.order in orders
        self.seen = len(packets)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_the_account_can_always_pay(steps: list[tuple[object, ...]]) -> None:
    """Cash, equity and free cash never fall below zero, whatever outcome, half and half included (A3)."""
    money = Money()
    for step in steps:
        money.do(step)


def test_every_request_of_the_machine_can_be_approved() -> None:
    """The property would say nothing if risk refused all."""
    money = Money()
    for place, outcome in ((0, "YES"), (0, "NO"), (1, "NO"), (2, "NO")):
        money.rig.book(token(money.names[place], outcome), 51, 52, 90_000)
    money.do(("set", 0, Side.SELL, 51, 51, 20, Policy.ALL_OR_NONE))
    money.do(("pair", 1, 52, 52, 20, Policy.HOLD))
    money.do(("single", 0, "YES", Side.SELL, 51, 20))
    fills = [one.event for one in money.rig.tape.packets if isinstance(one.event, FillObserved)]
    assert len(fills) == 5
