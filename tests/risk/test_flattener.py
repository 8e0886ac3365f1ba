"""Flattening: every position closed through reduce-only candidates that risk lets pass."""

import msgspec
import pytest

from tests.risk.rig import Rig, all_of, entry, only
from tradeworthy.core.candidates import Decision, Verdict
from tradeworthy.core.events import CountersClosed, Event
from tradeworthy.execution.accounting import TradeClosed
from tradeworthy.execution.intents import Intent, Leg, TimeInForce, TradeCandidate
from tradeworthy.execution.orders import CancelWorking, OrderObserved, OrderStatus, PlaceOrder
from tradeworthy.market.instruments import Side
from tradeworthy.risk.operators import HaltChanged
from tradeworthy.risk.settings import DeskRisk, OnFault


def rig_with_positions() -> Rig:
    """Alpha long AAA and short BBB, beta long AAA."""
    rig = Rig()
    rig.hold("alpha", "AAA", 1000)
    rig.hold("alpha", "BBB", -2000)
    rig.hold("beta", "AAA", 3000)
    return rig


def exits(events: list[Event]) -> list[tuple[str, Side, int]]:
    """Instrument, side and lots of each flattening candidate."""
    found = []
    for candidate in all_of(events, TradeCandidate):
        assert candidate.kind == "flatten"
        assert candidate.intent.reduce_only
        (leg,) = candidate.intent.legs
        found.append((leg.instrument, leg.side, leg.lots))
    return found


def test_a_flatten_closes_every_position() -> None:
    """One reduce-only candidate each, approved and filled at the next bar; nothing is held afterwards."""
    rig = rig_with_positions()
    events = rig.flatten()
    assert only(events, HaltChanged).rule == "flatten"
    assert only(events, CancelWorking).desk == ""
    assert exits(events) == [("AAA", Side.SELL, 1000), ("BBB", Side.BUY, 2000), ("AAA", Side.SELL, 3000)]
    assert [decision.reason for decision in all_of(events, Decision)] == ["reduce_only"] * 3
    events = rig.bar("AAA", 100.0) + rig.bar("BBB", 100.0)
    assert {closed.reason for closed in all_of(events, TradeClosed)} == {"flatten"}
    assert rig.ledger.positions() == []
    assert rig.sequencer.candidates.open == {}
    assert all_of(rig.wait(7200), TradeCandidate) == []
    assert [flattener.state.lots for flattener in rig.flatteners] == [0, 0]
    assert {timer.agent for timer in rig.sequencer.timers.dump()} == {"risk-guardian"}, "nobody looks again"


def test_a_flatten_of_one_desk_leaves_the_other() -> None:
    """Only that desk is closed and halted."""
    rig = rig_with_positions()
    assert exits(rig.flatten(desk="beta")) == [("AAA", Side.SELL, 3000)]
    rig.bar("AAA", 100.0)
    assert [held.desk for held in rig.ledger.positions()] == ["alpha", "alpha"]
    rig.price("CCC", 100.0)
    assert rig.decide("beta", entry("CCC")).reason == "desk_halt"
    assert rig.decide("alpha", entry("CCC")).approved


def test_a_flatten_without_positions_only_halts() -> None:
    """Nothing is opened where nothing is held."""
    rig = Rig()
    assert exits(rig.flatten()) == []
    assert rig.guardian.halted() == "flatten"


def test_a_repeated_flatten_opens_no_second_exit() -> None:
    """An exit under way is enough."""
    rig = rig_with_positions()
    rig.flatten(desk="beta")
    assert exits(rig.flatten()) == [("AAA", Side.SELL, 1000), ("BBB", Side.BUY, 2000)]


def test_what_fills_after_the_flatten_is_closed_too() -> None:
    """An entry that the cancel did not catch makes a position, which is closed in its turn."""
    rig = Rig()
    leg = Leg("AAA", Side.BUY, 1000)
    rig.ask("alpha", TradeCandidate("signal", "AAA", {}, intent=Intent((leg,))))
    rig.admit(
        HaltChanged("", halted=True, rule="flatten", by="anna", reason="the cancel is still on its way")
    )
    assert exits(rig.bar("AAA", 100.0)) == []
    assert exits(rig.wait(60)) == [("AAA", Side.SELL, 1000)]
    rig.bar("AAA", 100.0)
    assert rig.ledger.positions() == []


def test_an_exit_that_fails_is_tried_again_later() -> None:
    """1, 2, 4 ... s later, for as long as something is open and nobody resumed."""
    rig = Rig()
    rig.hold("alpha", "AAA", 1000)
    rig.flatten()
    for wait_s in (1, 2, 4, 8):
        (work,) = rig.orders.state.works.values()
        (order,) = work.orders
        only(rig.admit(OrderObserved(order, OrderStatus.REJECTED, rig.now, "busy")), Verdict)
        assert exits(rig.wait(wait_s - 0.001)) == []
        assert exits(rig.wait(0.001)) == [("AAA", Side.SELL, 1000)]
    rig.bar("AAA", 100.0)
    assert rig.ledger.positions() == []


def test_a_resume_ends_the_flatten() -> None:
    """Afterwards entries are taken and left alone."""
    rig = rig_with_positions()
    rig.flatten()
    rig.bar("AAA", 100.0)
    rig.bar("BBB", 100.0)
    rig.resume()
    rig.hold("alpha", "AAA", 500)
    assert rig.ledger.position("alpha", "AAA").lots == 500
    assert [flattener.state.rules for flattener in rig.flatteners] == [[], []]


def faulted(on_fault: OnFault) -> tuple[Rig, list[Event]]:
    """Alpha with positions and its fifth fault; beta with one position."""
    rig = Rig(desks={"alpha": DeskRisk(on_fault=on_fault), "beta": DeskRisk(on_fault=on_fault)})
    rig.hold("alpha", "AAA", 1000)
    rig.hold("beta", "AAA", 1000)
    for _ in range(4):
        rig.fault("alpha")
    return rig, rig.fault("alpha")


@pytest.mark.parametrize("on_fault", OnFault)
def test_a_latched_desk_keeps_or_flattens_as_configured(on_fault: OnFault) -> None:
    """on_fault = keep leaves its positions, flatten closes them; the other desk's are its own."""
    rig, events = faulted(on_fault)
    assert exits(events) == ([("AAA", Side.SELL, 1000)] if on_fault is OnFault.FLATTEN else [])
    rig.bar("AAA", 100.0)
    held = [one.desk for one in rig.ledger.positions()]
    assert held == (["beta"] if on_fault is OnFault.FLATTEN else ["alpha", "beta"])


def test_other_halts_close_nothing() -> None:
    """A halt stops entries; positions are kept until somebody says flatten."""
    rig = rig_with_positions()
    assert exits(rig.halt()) == []
    assert exits(rig.fault("")) == []


def test_an_exit_fits_one_order() -> None:
    """A position larger than the largest order is closed in parts."""
    rig = Rig()
    rig.hold("alpha", "AAA", 1000)
    definition = msgspec.structs.replace(rig.listing.instrument("AAA"), lots_max=600)
    rig.listing.state.instruments["AAA"] = definition
    assert exits(rig.flatten()) == [("AAA", Side.SELL, 600)]
    assert exits(rig.bar("AAA", 100.0)) == []
    assert exits(rig.wait(60)) == [("AAA", Side.SELL, 400)]
    rig.bar("AAA", 100.0)
    assert rig.ledger.positions() == []


def test_a_flattener_that_sleeps_adds_nothing_to_the_counts_of_its_desk() -> None:
    """Trades, verdicts and candidates are none of its business: it is asked when a latch changes."""
    rig = rig_with_positions()
    closed = all_of(rig.wait(3600 - 180), CountersClosed)
    assert {reason for one in closed for reason in one.counts} == {"not_asked"}


def test_the_state_survives_a_snapshot() -> None:
    """In mid-flatten: written, read, equal, and no exit doubled."""
    rig = rig_with_positions()
    rig.flatten()
    for flattener in rig.flatteners:
        state = flattener.state
        flattener.state = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=type(state))
        assert flattener.state == state
    assert all_of(rig.bar("AAA", 100.0), PlaceOrder) == []
    rig.bar("BBB", 100.0)
    assert rig.ledger.positions() == []


def test_a_resting_entry_is_taken_back_by_a_flatten() -> None:
    """It can't fill later."""
    rig = Rig()
    leg = Leg("AAA", Side.BUY, 1000, 9_000, time_in_force=TimeInForce.GTC)
    rig.ask("alpha", TradeCandidate("signal", "AAA", {}, intent=Intent((leg,))))
    rig.flatten()
    rig.bar("AAA", 80.0)
    assert rig.ledger.positions() == []
    assert rig.guardian.reserved() == 0
