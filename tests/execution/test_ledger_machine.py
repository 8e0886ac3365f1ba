"""The ledger against a model that shares nothing with it: exact fractions of all that still holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from tests.market.session import Session, reborn
from tradeworthy.core.events import Event
from tradeworthy.execution.accounting import CashMoved, PositionChanged, Settled, TradeClosed, TradeReversed
from tradeworthy.execution.fills import KEPT_NS
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.instruments import Instrument, InstrumentListed, Side
from tradeworthy.market.listing import Listing
from tradeworthy.market.marks import Marks

UNIT = 10**8
FEES = Decimal("0.0005"), Decimal("-0.0001")
COARSE = Instrument("COARSE", "venue", "USDT", Decimal("0.01"), Decimal("0.1"), *FEES)
FINE = Instrument("FINE", "venue", "USDT", Decimal("0.0001"), Decimal("0.0001"), *FEES)
LISTED = {"COARSE": COARSE, "FINE": FINE}
KEYS = st.sampled_from([("a", "COARSE"), ("a", "COARSE"), ("a", "FINE"), ("b", "COARSE")])
DAY = 86_400_000_000_000


@dataclass(frozen=True)
class Done:
    """One thing that happened: cash, a fill, or a settlement at a payout for each lot."""

    amount: Fraction = Fraction(0)
    desk: str = ""
    instrument: str = ""
    quantity: Fraction = Fraction(0)
    price: Fraction = Fraction(0)
    fee: Fraction = Fraction(0)
    payout: Fraction | None = None
    fill: str = ""


@dataclass
class Held:
    """A position in exact fractions."""

    quantity: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    realised: Fraction = Fraction(0)
    closes: int = 0


class Model:
    """Recomputes everything from what happened."""

    def __init__(self, history: list[Done]) -> None:
        self.cash = self.deposits = self.fees = Fraction(0)
        self.held: dict[tuple[str, str], Held] = {}
        for done in history:
            self.cash += done.amount
            self.deposits += done.amount
            if done.payout is not None:
                for (_, instrument), held in self.held.items():
                    if instrument == done.instrument:
                        self._trade(held, -held.quantity, done.payout)
            elif done.quantity:
                self.cash -= done.fee
                self.fees += done.fee
                self._trade(
                    self.held.setdefault((done.desk, done.instrument), Held()), done.quantity, done.price
                )

    def _trade(self, held: Held, quantity: Fraction, price: Fraction) -> None:
        self.cash -= quantity * price
        if held.quantity * quantity < 0:
            closing = max(-abs(held.quantity), -abs(quantity)) * (1 if held.quantity > 0 else -1)
            released = held.cost * -closing / held.quantity
            held.realised += -closing * price - released
            held.cost -= released
            held.quantity += closing
            quantity -= closing
            held.closes = held.closes + 1 if held.quantity else 0
        held.quantity += quantity
        held.cost += quantity * price


def whole(amount: Fraction) -> int:
    """`amount` of currency in cash units, which it must be a whole number of."""
    units = amount * UNIT
    assert units.denominator == 1
    return int(units)


class LedgerMachine(RuleBasedStateMachine):
    """Fills in any order and repetition, failures, flips, cash, settlements, snapshots and passing days."""

    matched = Bundle("matched")
    final = Bundle("final")

    def __init__(self) -> None:
        super().__init__()
        self.listing = Listing()
        self.marks = Marks(self.listing)
        self.ledger = Ledger(self.listing)
        self.session = Session(self.listing, self.marks, self.ledger)
        self.history: list[Done] = []
        self.events: list[Event] = []
        self.now = DAY
        self.fills = 0
        self.closes: dict[str, float] = {}

    def admit(self, event: Event) -> list[Event]:
        """Admit `event` now and keep what came of it."""
        made = self.session.admit(event, self.now)
        self.events += made
        return made

    @initialize(amount=st.integers(0, 10**6))
    def begin(self, amount: int) -> None:
        """List the instruments and put in the first cash."""
        for instrument in LISTED.values():
            self.admit(InstrumentListed(instrument))
        self.move_cash(amount * UNIT)

    @rule(amount=st.integers(-(10**14), 10**14))
    def move_cash(self, amount: int) -> None:
        """Money enters or leaves."""
        self.admit(CashMoved(amount, "moved"))
        self.history.append(Done(amount=Fraction(amount, UNIT)))

    @rule(
        target=matched,
        key=KEYS,
        side=st.sampled_from(Side),
        lots=st.integers(1, 5),
        ticks=st.integers(1, 50) | st.integers(1, 10**6),
        fee=st.integers(-50, 5_000),
    )
    def match(self, key: tuple[str, str], side: Side, lots: int, ticks: int, fee: int) -> FillObserved:
        """A venue matches an order, maybe through zero."""
        self.fills += 1
        desk, instrument = key
        position = instrument if self.fills % 2 else ""
        number, order = f"{self.fills}", f"{self.fills}.0"
        what = (desk, position, instrument, side, ticks, lots, fee)
        fill = FillObserved("venue", number, order, *what, maker=False, ts_event=self.now)
        self._done(fill)
        self.admit(fill)
        return fill

    @rule(target=matched, key=KEYS, ticks=st.integers(1, 50))
    def match_to_flat(self, key: tuple[str, str], ticks: int) -> object:
        """A venue matches an order that closes what is held."""
        lots = self.ledger.position(*key).lots
        side = Side.SELL if lots > 0 else Side.BUY
        return self.match(key=key, side=side, lots=abs(lots), ticks=ticks, fee=1) if lots else multiple()

    @rule(target=final, fill=consumes(matched))
    def confirm(self, fill: FillObserved) -> Any:
        """A matched fill becomes final, which moves nothing."""
        return self._report(fill, FillStatus.CONFIRMED)

    @rule(target=final, fill=consumes(matched))
    def fail(self, fill: FillObserved) -> FillObserved:
        """A matched fill is void."""
        self.history = [done for done in self.history if done.fill != fill.fill]
        return self._report(fill, FillStatus.FAILED)

    @rule(target=final, fill=consumes(matched))
    def repeat_then_confirm(self, fill: FillObserved) -> Any:
        """A repeat of a match moves nothing."""
        assert self.admit(fill) == []
        return self.confirm(fill)

    @rule(target=final, fill=final)
    def repeat(self, fill: FillObserved) -> object:
        """A repeat of a final report, or a match that comes after it, moves nothing."""
        if self.now - fill.ts_event < KEPT_NS:
            before = len(self.events)
            assert self.admit(fill) == []
            self._report(fill, FillStatus.MATCHED)
            assert self.events[before:] == []
        return multiple()

    @rule(instrument=st.sampled_from(sorted(LISTED)), payout=st.integers(0, 10**9))
    def settle(self, instrument: str, payout: int) -> None:
        """An instrument pays out."""
        lot = Fraction(LISTED[instrument].lot)
        self.admit(Settled(instrument, payout, self.now))
        self.history.append(Done(instrument=instrument, payout=Fraction(payout, UNIT) / lot))

    @rule(target=final, fill=consumes(matched), payout=st.integers(0, 10**6))
    def settle_then_fail(self, fill: FillObserved, payout: int) -> Any:
        """A fill fails after its instrument has paid out."""
        self.settle(instrument=fill.instrument, payout=payout)
        return self.fail(fill=fill)

    @rule(instrument=st.sampled_from(sorted(LISTED)), close=st.floats(0.01, 99.0))
    def price(self, instrument: str, close: float) -> None:
        """A bar closes."""
        self.admit(BarClosed(instrument, "1m", self.now, close, close, close, close, 1.0))
        self.closes[instrument] = close

    @rule(days=st.integers(1, 3))
    def wait(self, days: int) -> None:
        """Days pass, and old fills may be forgotten."""
        self.now += days * DAY

    @rule()
    def crash(self) -> None:
        """The state goes through its binary form."""
        for agent in (self.listing, self.marks, self.ledger):
            agent.state = reborn(agent.state)

    def _report(self, fill: FillObserved, status: FillStatus) -> FillObserved:
        report = msgspec.structs.replace(fill, status=status)
        self.admit(report)
        return report

    def _done(self, fill: FillObserved) -> None:
        instrument = LISTED[fill.instrument]
        self.history.append(
            Done(
                desk=fill.desk,
                instrument=fill.instrument,
                quantity=Fraction(instrument.lot) * fill.lots * fill.side.sign,
                price=Fraction(instrument.tick) * fill.ticks,
                fee=Fraction(fill.fee, UNIT),
                fill=fill.fill,
            )
        )

    def _positions(self, model: Model) -> Iterator[tuple[int, int, Held]]:
        """Lots and cost as the ledger has them, beside what they should be."""
        for (desk, instrument), held in model.held.items():
            position = self.ledger.position(desk, instrument)
            yield position.lots, position.cost, held
            assert position.lots == held.quantity / Fraction(LISTED[instrument].lot)

    @invariant()
    def cash_and_fees_are_conserved_to_the_last_unit(self) -> None:
        """Cash is what was put in, less what was paid, plus what was received."""
        model, state = Model(self.history), self.ledger.state
        assert state.cash == whole(model.cash)
        assert state.fees == whole(model.fees)
        assert state.deposits == whole(model.deposits)
        assert state.cash + state.cost + state.fees - state.realised == state.deposits
        self.ledger.assert_sums()

    @invariant()
    def positions_are_the_sum_of_their_fills_and_cost_is_never_above_the_exact_average(self) -> None:
        """Rounding of partial closes is against us, by less than a unit each, and gone when flat."""
        model = Model(self.history)
        for lots, cost, held in self._positions(model):
            gap = held.cost * UNIT - cost
            assert 0 <= gap <= held.closes
            assert gap == 0 or lots
        open_now = [held for held in model.held.values() if held.quantity]
        assert len(self.ledger.positions()) == len(open_now)
        exact = sum(held.realised for held in model.held.values()) * UNIT
        assert 0 <= exact - self.ledger.state.realised <= sum(held.closes for held in open_now)

    @invariant()
    def trades_told_and_open_positions_make_the_realised_profit(self) -> None:
        """Closed less reversed trades, and what open positions have realised, is all that was realised."""
        told = sum(event.pnl for event in self.events if isinstance(event, TradeClosed))
        void = sum(event.pnl for event in self.events if isinstance(event, TradeReversed))
        still = sum(held.realised - held.fees for held in self.ledger.positions())
        state = self.ledger.state
        assert told - void + still == state.realised - state.fees

    @invariant()
    def the_last_change_told_is_the_position_held(self) -> None:
        """Whoever only hears PositionChanged knows what is held."""
        told: dict[tuple[str, str], PositionChanged] = {}
        for event in self.events:
            if isinstance(event, PositionChanged):
                told[event.desk, event.position] = event
        for (desk, position), event in told.items():
            held = self.ledger.position(desk, position)
            assert (event.lots, event.cost) == (held.lots, held.cost)

    @invariant()
    def equity_is_deposits_and_profit_valued_against_us(self) -> None:
        """Realised, less fees, plus unrealised at the mark (less than a tick on each lot below exact)."""
        model, state = Model(self.history), self.ledger.state
        exact = model.cash
        slack = Fraction(0)
        for (_, instrument), held in model.held.items():
            close = self.closes.get(instrument)
            exact += held.cost if close is None else held.quantity * Fraction(close)
            slack += abs(held.quantity) * Fraction(LISTED[instrument].tick) + Fraction(held.closes, UNIT)
        noise = slack / 10**5
        equity = Fraction(self.ledger.equity(self.marks), UNIT)
        assert exact - slack - noise <= equity <= exact + noise
        assert self.ledger.equity_at_cost() == state.deposits + state.realised - state.fees

    @invariant()
    def only_what_is_not_final_is_kept_for_reversal(self) -> None:
        """Nothing closed and final is remembered but the ids of recent fills."""
        for pending in self.ledger.state.pending.values():
            assert not pending.movements[0].final


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
