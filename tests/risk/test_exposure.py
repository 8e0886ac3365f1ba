"""Whatever desks ask for: what is held and what may still fill stay within the limits."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.risk.rig import Rig, all_of
from tradeworthy.core.candidates import Decision
from tradeworthy.core.events import Event
from tradeworthy.execution.intents import Intent, Leg, Policy, TimeInForce, TradeCandidate
from tradeworthy.execution.orders import FillObserved, OrderObserved, OrderStatus, PlaceOrder
from tradeworthy.market.instruments import Side
from tradeworthy.market.money import cash_of
from tradeworthy.risk.settings import DeskRisk, RiskSettings

LIMITS = RiskSettings(
    position_max=Decimal("0.3"),
    portfolio_max=Decimal("0.6"),
    cash_reserve=Decimal("0.2"),
    market_order_margin=Decimal(0),
    orders_per_minute_max=1000,
    daily_loss_max=Decimal(1),
    drawdown_max=Decimal(1),
)
DESKS = {"alpha": DeskRisk(share=Decimal("0.4")), "beta": DeskRisk(share=Decimal("0.5"))}
EQUITY = cash_of(10_000)
LOT_AT_100 = cash_of("0.1")
FINAL = (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED)

NAMES = ("AAA", "BBB", "CCC")

instruments = st.sampled_from(NAMES)
desks = st.sampled_from(sorted(DESKS))
legs = st.builds(
    lambda name, side, lots, offset, how: Leg(
        name, side, lots, None if offset is None else 10_000 + side.sign * offset, time_in_force=how
    ),
    instruments,
    st.sampled_from(Side),
    st.integers(1, 200).map(lambda hundreds: hundreds * 100),
    st.sampled_from([None, 0, -10]),
    st.sampled_from(TimeInForce),
)
intents = st.builds(
    Intent,
    st.lists(legs, min_size=1, max_size=3).map(tuple),
    st.sampled_from([Policy.ALL_OR_NONE, Policy.UNWIND, Policy.HOLD]),
    reduce_only=st.sampled_from([False, False, False, True]),
)


class Books:
    """A second opinion from the orders and fills alone: signed lots held, and lots that may still fill."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], int] = {}
        self.open: dict[str, tuple[PlaceOrder, int]] = {}

    def take(self, events: list[Event]) -> None:
        """Follow what happened."""
        for event in events:
            if isinstance(event, PlaceOrder) and not event.reduce_only:
                self.open[event.order] = event, event.lots
            elif isinstance(event, FillObserved):
                key = event.desk, event.instrument
                self.held[key] = self.held.get(key, 0) + event.side.sign * event.lots
                if event.order in self.open:
                    place, left = self.open[event.order]
                    self.open[event.order] = place, left - event.lots
            elif isinstance(event, OrderObserved) and event.status in FINAL:
                self.open.pop(event.order, None)

    def worst(self) -> dict[tuple[str, str], int]:
        """The largest number of lots that each desk can come to hold, either way, of each instrument."""
        buys: dict[tuple[str, str], int] = {}
        sells: dict[tuple[str, str], int] = {}
        for place, left in self.open.values():
            side = buys if place.side is Side.BUY else sells
            key = place.desk, place.instrument
            side[key] = side.get(key, 0) + left
        return {
            key: max(
                abs(self.held.get(key, 0)),
                self.held.get(key, 0) + buys.get(key, 0),
                sells.get(key, 0) - self.held.get(key, 0),
            )
            for key in sorted({*self.held, *buys, *sells})
        }


class ConstantPrices(RuleBasedStateMachine):
    """Two desks ask for anything while nothing moves and nothing costs: the limits hold at every moment."""

    @initialize()
    def begin(self) -> None:
        """An account of 10,000, no fees, all prices at 100."""
        self.rig = Rig(LIMITS, DESKS, fee="0")
        self.books = Books()
        self.asked = 0

    @rule(desk=desks, intent=intents)
    def ask(self, desk: str, intent: Intent) -> None:
        """A desk opens a candidate."""
        self.asked += 1
        candidate = TradeCandidate(f"signal {self.asked}", intent.legs[0].instrument, {}, intent=intent)
        self.books.take(self.rig.ask(desk, candidate))

    @rule()
    def minute(self) -> None:
        """A minute passes; what can fill does."""
        self.books.take(self.rig.minute(dict.fromkeys(NAMES, 100.0)))

    @rule()
    def halt_and_resume(self) -> None:
        """Working entries are taken back."""
        self.books.take(self.rig.halt())
        self.books.take(self.rig.resume())

    @rule(desk=desks)
    def flatten_and_resume(self, desk: str) -> None:
        """A desk is told to close all, and then that it may go on."""
        self.books.take(self.rig.flatten(desk=desk))
        self.books.take(self.rig.resume(desk=desk))

    @invariant()
    def limits_hold(self) -> None:
        """Positions plus what may still fill are within each limit, by a count that risk has no part in."""
        if not hasattr(self, "rig"):
            return
        by_desk = dict.fromkeys(DESKS, 0)
        by_instrument = dict.fromkeys(NAMES, 0)
        for (desk, name), lots in self.books.worst().items():
            by_desk[desk] += lots * LOT_AT_100
            by_instrument[name] += lots * LOT_AT_100
        assert max(by_instrument.values()) <= EQUITY * 3 // 10
        assert sum(by_instrument.values()) <= EQUITY * 6 // 10
        assert by_desk["alpha"] <= EQUITY * 4 // 10
        assert by_desk["beta"] <= EQUITY * 5 // 10
        assert self.rig.ledger.free_cash() >= EQUITY * 2 // 10
        assert set(self.rig.guardian.state.reservations) <= set(self.rig.sequencer.candidates.open)


ConstantPrices.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestConstantPrices = ConstantPrices.TestCase


moves = st.one_of(
    st.tuples(st.just("ask"), desks, intents),
    st.tuples(st.just("minute"), st.just(""), st.tuples(*[st.floats(60.0, 140.0)] * len(NAMES))),
)


@settings(max_examples=60)
@given(st.lists(moves, max_size=25))
def test_no_approval_goes_over_a_limit_while_prices_move(
    steps: list[tuple[str, str, Intent | tuple[float, ...]]],
) -> None:
    """At each approved entry every recorded figure is on the right side of its limit, and money is conserved."""
    rig = Rig(LIMITS, DESKS)
    for count, (_, name, what) in enumerate(steps):
        if isinstance(what, Intent):
            candidate = TradeCandidate(f"signal {count}", what.legs[0].instrument, {}, intent=what)
            events = rig.ask(name, candidate)
        else:
            events = rig.minute(dict(zip(NAMES, what, strict=True)))
        for decision in all_of(events, Decision):
            if decision.approved and decision.reason != "reduce_only":
                for figure in ("position", "desk_share", "portfolio"):
                    value, limit = decision.figures[figure], decision.limits[figure]
                    assert isinstance(value, int)
                    assert isinstance(limit, int)
                    assert 0 <= value <= limit
        rig.ledger.assert_sums()
        assert set(rig.guardian.state.reservations) <= set(rig.sequencer.candidates.open)
