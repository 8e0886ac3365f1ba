"""From an approved intent to its one verdict: leg policies, expiry, halts, unknown orders, reversals."""

from typing import Any

import pytest

from tests.execution.trading import (
    BUY,
    GTC,
    MINUTE,
    SELL,
    START,
    Ask,
    Trading,
    ends,
    fills,
    leg,
    placed,
    verdict,
)
from tests.market.session import reborn
from tradeworthy.core.candidates import Decision
from tradeworthy.core.errors import Bug
from tradeworthy.core.events import Event, Resumed
from tradeworthy.execution.intents import Intent, Policy
from tradeworthy.execution.orders import (
    CancelOrder,
    CancelWorking,
    FillObserved,
    FillStatus,
    OrderObserved,
    OrderStatus,
    PlaceOrder,
    Reconciled,
)

S = OrderStatus
UNIT = 10**6
"""Cash units of one tick on one lot of the test's instruments."""


def on_books(a: int = 10, b: int = 10, **settings: Any) -> Trading:
    """Books of A and B that show `a` and `b` lots at 100 asked and 98 bid, and as many a tick further."""
    trading = Trading(matcher="book", **settings)
    trading.book("A", {98: a, 97: 50}, {100: a, 101: a})
    trading.book("B", {98: b, 97: 50}, {100: b, 101: b})
    return trading


def answer(trading: Trading, order: PlaceOrder, status: OrderStatus, reason: str = "") -> list[Event]:
    """A live venue says something of an order."""
    return trading.admit(OrderObserved(order.order, status, trading.now, reason))


def report(
    trading: Trading, order: PlaceOrder, lots: int, status: FillStatus = FillStatus.CONFIRMED, number: int = 1
) -> list[Event]:
    """A live venue reports a fill at 100."""
    return trading.admit(
        FillObserved(
            "paper",
            f"{order.order}#{number}",
            order.order,
            order.desk,
            order.position,
            order.instrument,
            order.side,
            100,
            lots,
            UNIT,
            False,
            trading.now,
            status,
            order.reason,
        )
    )


def test_an_intent_waits_for_its_decision_and_is_dropped_on_a_no() -> None:
    """P2: risk's own verdict stands alone; a skipped candidate never waits."""
    trading = Trading()
    trading.approver.yes = False
    assert verdict(trading.ask(leg("A", BUY, 1))) == ("REJECTED", "no", 0.0)
    assert verdict(trading.admit(Ask(Intent((leg("A", BUY, 1),)), skip="quiet"))) == ("SKIPPED", "quiet", 0.0)
    assert not trading.orders.state.waiting
    assert not trading.orders.state.works


def test_only_the_decider_decides() -> None:
    """What others say of a candidate is their opinion; a second yes is a Bug."""
    trading = Trading()
    opinion = Decision("allocator", 99, "desk", True, "ok", {}, {})
    assert trading.admit(opinion) == []
    with pytest.raises(Bug, match="risk-guardian approved candidate 99, which has no intent waiting"):
        trading.admit(Decision("risk-guardian", 99, "desk", True, "ok", {}, {}))


def test_orders_carry_what_the_venue_needs_to_know() -> None:
    """Ids by candidate and leg; a group only if there are several; the position's key defaults to the instrument."""
    trading = Trading(live=True)
    (one,) = placed(trading.ask(leg("A", BUY, 5, 90, GTC), reason="breakout", expires_at=START + MINUTE))
    assert one.order == f"{one.candidate}.0"
    assert (one.position, one.reason, one.expires_at) == ("A", "breakout", START + MINUTE)
    assert (one.group, one.group_size, one.group_policy) == (0, 1, "")
    two = placed(trading.ask(leg("A", BUY, 5, key="arb"), leg("B", SELL, 5)))
    assert [(order.order, order.position) for order in two] == [
        (f"{two[0].candidate}.0", "arb"),
        (f"{two[0].candidate}.1", "B"),
    ]
    assert {(order.group, order.group_size, order.group_policy) for order in two} == {
        (two[0].candidate, 2, "all_or_none")
    }


@pytest.mark.parametrize(
    ("intent", "outcome"),
    [
        (Intent(()), ("REJECTED", "bad_intent", 0.0)),
        (Intent((leg("A", BUY, 0),)), ("REJECTED", "bad_intent", 0.0)),
        (Intent((leg("A", BUY, 1), leg("B", BUY, -1))), ("REJECTED", "bad_intent", 0.0)),
        (Intent((leg("A", BUY, 1),), complete_ticks=-1), ("REJECTED", "bad_intent", 0.0)),
        (Intent((leg("A", BUY, 1),), expires_at=START), ("EXPIRED", "intent_expired", 0.0)),
    ],
)
def test_an_intent_that_can_not_be_sent_ends_at_once(intent: Intent, outcome: tuple[str, str, float]) -> None:
    """P2: with a reason, and no order."""
    made = Trading().admit(Ask(intent))
    assert verdict(made) == outcome
    assert not placed(made)


def test_working_is_true_from_the_order_to_the_verdict() -> None:
    """By desk and instrument; other desks see their own."""
    trading = Trading(live=True)
    (order,) = placed(trading.ask(leg("A", BUY, 5)))
    assert trading.orders.working("desk", "A")
    assert not trading.orders.working("desk", "B")
    assert not trading.orders.working("other", "A")
    answer(trading, order, S.CANCELLED, "gone")
    assert not trading.orders.working("desk", "A")
    assert trading.orders.state.busy == {}


def test_hold_leaves_what_was_filled() -> None:
    """The verdict gives the share over all legs, and names the short one."""
    trading = on_books(10, 2)
    made = trading.ask(leg("A", BUY, 10, 100), leg("B", BUY, 10, 100), policy=Policy.HOLD)
    assert verdict(made) == ("FILLED", "partly_filled", 0.6)
    assert (trading.lots("A"), trading.lots("B")) == (10, 2)
    figures = trading.verdicts()[-1].figures
    assert figures == {
        "lots": 20,
        "filled_lots": 12,
        "fees": _fees(trading),
        "leg_risk_loss": 0,
        "short_leg": 1,
        "short_reason": "limit_not_reached",
    }


def _fees(trading: Trading) -> int:
    return sum(made.event.fee for made in trading.tape.packets if isinstance(made.event, FillObserved))


def test_unwind_sells_what_was_filled_and_says_what_it_cost() -> None:
    """At market, reduce-only; the loss is what the account lost."""
    trading = on_books(10, 2)
    before = trading.ledger.state.cash
    made = trading.ask(leg("A", BUY, 10, 100), leg("B", BUY, 10, 100), policy=Policy.UNWIND)
    assert verdict(made) == ("FILLED", "unwound", 0.6)
    back = [order for order in placed(made) if order.reduce_only]
    assert [(one.side, one.lots, one.limit_ticks, one.reason) for one in back] == [
        (SELL, 10, None, "unwind"),
        (SELL, 2, None, "unwind"),
    ]
    assert (trading.lots("A"), trading.lots("B")) == (0, 0)
    loss = trading.verdicts()[-1].figures["leg_risk_loss"]
    assert loss == before - trading.ledger.state.cash
    assert loss == 12 * 2 * UNIT + _fees(trading)


def test_an_unwinding_goes_on_until_all_is_sold() -> None:
    """Through as many books as it takes, whatever halts in between."""
    trading = on_books(10, 0)
    trading.book("A", {98: 4}, {100: 10})
    made = trading.ask(leg("A", BUY, 10, 100), leg("B", BUY, 10, 100), policy=Policy.UNWIND)
    assert trading.lots("A") == 6
    assert not trading.admit(CancelWorking("", "drawdown"))
    trading.book("A", {90: 4}, {100: 10})
    made = trading.book("A", {80: 4}, {100: 10})
    assert verdict(made) == ("FILLED", "unwound", 0.5)
    assert trading.lots("A") == 0


def test_complete_asks_once_more_for_what_is_missing() -> None:
    """Up to `complete_ticks` past the limit; the loss is what it paid beyond the limit."""
    trading = on_books(10, 6)
    made = trading.ask(
        leg("A", BUY, 10, 100), leg("B", BUY, 10, 100), policy=Policy.COMPLETE, complete_ticks=1
    )
    assert verdict(made) == ("FILLED", "filled", 1.0)
    extra = placed(made)[-1]
    assert (extra.order[-2:], extra.lots, extra.limit_ticks, extra.group) == ("1c", 4, 101, 0)
    assert trading.verdicts()[-1].figures["leg_risk_loss"] == 4 * UNIT
    assert (trading.lots("A"), trading.lots("B")) == (10, 10)


def test_complete_unwinds_when_the_missing_part_stays_missing() -> None:
    """Nothing is held, and the loss is the account's."""
    trading = on_books(10, 2)
    before = trading.ledger.state.cash
    made = trading.ask(
        leg("A", BUY, 10, 100), leg("B", BUY, 10, 100), policy=Policy.COMPLETE, complete_ticks=1
    )
    assert verdict(made) == ("FILLED", "unwound", 0.7)
    assert (trading.lots("A"), trading.lots("B")) == (0, 0)
    assert trading.verdicts()[-1].figures["leg_risk_loss"] == before - trading.ledger.state.cash


def test_complete_of_a_sale_goes_down_and_never_below_one_tick() -> None:
    """The other way round; a leg at market is asked for at market again."""
    trading = Trading(live=True)
    first, second = placed(
        trading.ask(leg("A", SELL, 10, 3), leg("B", SELL, 10), policy=Policy.COMPLETE, complete_ticks=5)
    )
    report(trading, first, 4)
    answer(trading, first, S.CANCELLED)
    report(trading, second, 3)
    again = placed(answer(trading, second, S.CANCELLED))
    assert [(one.lots, one.limit_ticks) for one in again] == [(6, 1), (7, None)]


def test_complete_does_not_open_more_after_a_halt_or_its_expiry() -> None:
    """It unwinds instead: exits are always allowed."""
    for stop in ("halt", "expiry"):
        trading = on_books(10, 2)
        trading.ask(
            leg("A", BUY, 10, 100),
            leg("B", BUY, 10, 100, GTC),
            policy=Policy.COMPLETE,
            complete_ticks=50,
            expires_at=START + MINUTE,
        )
        halted = stop == "halt"
        made = trading.admit(CancelWorking("", "drawdown")) if halted else trading.advance(START + MINUTE)
        assert verdict(made) == ("FILLED", "unwound", 0.6)
        reason = "drawdown" if halted else "intent_expired"
        assert trading.verdicts()[-1].figures["short_reason"] == reason
        assert trading.lots("A") == trading.lots("B") == 0


def test_exits_are_not_unwound() -> None:
    """What was reduced stays reduced, whatever the policy."""
    trading = on_books(10, 2)
    trading.ask(leg("A", BUY, 10), leg("B", BUY, 4))
    made = trading.ask(leg("A", SELL, 10, 98), leg("B", SELL, 10, 98), policy=Policy.UNWIND, reduce_only=True)
    assert verdict(made) == ("FILLED", "partly_filled", 12 / 20)
    assert (trading.lots("A"), trading.lots("B")) == (0, 2)


def test_a_venue_that_can_not_judge_jointly_is_unwound() -> None:
    """ALL_OR_NONE holds on live venues too: afterwards, at a cost."""
    trading = Trading(live=True)
    first, second = placed(trading.ask(leg("A", BUY, 10), leg("B", BUY, 10)))
    report(trading, first, 10)
    answer(trading, first, S.FILLED)
    (back,) = placed(answer(trading, second, S.CANCELLED, "no_liquidity"))
    assert (back.instrument, back.side, back.lots, back.reduce_only) == ("A", SELL, 10, True)
    report(trading, back, 10)
    assert verdict(answer(trading, back, S.FILLED)) == ("FILLED", "unwound", 0.5)


def test_an_unwinding_that_can_not_go_on_says_so() -> None:
    """The position is still there: the verdict's reason is an alarm."""
    trading = Trading(live=True)
    first, second = placed(trading.ask(leg("A", BUY, 10), leg("B", BUY, 10), policy=Policy.UNWIND))
    report(trading, first, 10)
    answer(trading, first, S.FILLED)
    (back,) = placed(answer(trading, second, S.REJECTED, "no_liquidity"))
    assert verdict(answer(trading, back, S.REJECTED, "closed")) == ("FILLED", "unwind_short", 0.5)
    assert trading.lots("A") == 10


def test_an_unwinding_survives_a_restart() -> None:
    """Its order ends as CANCELLED restart like every other, and is placed anew."""
    trading = on_books(10, 0)
    trading.book("A", {98: 4}, {100: 10})
    trading.ask(leg("A", BUY, 10, 100), leg("B", BUY, 10, 100), policy=Policy.UNWIND)
    made = trading.admit(Resumed(MINUTE), trading.now + MINUTE)
    assert ends(made) == [("CANCELLED", "restart")]
    (again,) = placed(made)
    assert (again.order[-2:], again.lots) == ("u2", 6)
    assert verdict(trading.book("A", {90: 40}, {})) == ("FILLED", "unwound", 0.5)


def test_a_leg_that_was_filled_is_unwound_after_a_restart() -> None:
    """An intent that promised all or nothing keeps the promise over a restart, and completes nothing blindly."""
    trading = on_books(10, 2)
    trading.ask(
        leg("A", BUY, 10, 100), leg("B", BUY, 10, 100, GTC), policy=Policy.COMPLETE, complete_ticks=50
    )
    made = trading.admit(Resumed(MINUTE), trading.now + MINUTE)
    assert {order.side for order in placed(made)} == {SELL}
    trading.book("A", {90: 40}, {})
    assert verdict(trading.book("B", {90: 40}, {})) == ("FILLED", "unwound", 0.6)


def test_a_halt_takes_back_entries_and_leaves_exits() -> None:
    """Of one desk or of all."""
    trading = Trading()
    trading.bar("A", 1.0)
    trading.ask(leg("A", BUY, 10))
    trading.bar("A", 1.0)
    trading.ask(leg("A", BUY, 10, 50, GTC))
    trading.admit(Ask(Intent((leg("A", BUY, 10, 50, GTC),)), desk="other"))
    trading.ask(leg("A", SELL, 10, 500, GTC), reduce_only=True)
    assert len(trading.verdicts()) == 1
    assert trading.admit(CancelWorking("nobody", "halted")) == []
    trading.admit(CancelWorking("", "halted"))
    assert [one.reason for one in trading.verdicts()] == ["filled", "halted", "halted"]
    made = trading.bar("A", 9.0)
    assert fills(made)[0][1:] == (900, 10, False)


def test_a_cancel_is_asked_for_once() -> None:
    """A second halt adds nothing to the first, nor does the expiry."""
    trading = Trading(live=True)
    trading.ask(leg("A", BUY, 10), expires_at=START + MINUTE)
    first = trading.admit(CancelWorking("", "halted"))
    assert [type(made) for made in first] == [CancelOrder]
    assert trading.admit(CancelWorking("", "halted")) == []
    assert [type(made).__name__ for made in trading.advance(START + MINUTE)] == []


def test_each_intent_expires_at_its_time() -> None:
    """One timer, set for the first of them; none is left when nothing can expire."""
    trading = Trading(live=True)
    orders = [
        placed(trading.ask(leg("A", BUY, 1), expires_at=START + after * MINUTE))[0] for after in (3, 1, 2)
    ]
    for minute, order in ((1, orders[1]), (2, orders[2]), (3, orders[0])):
        made = trading.advance(START + minute * MINUTE)
        assert made == [CancelOrder(order.order, "intent_expired")]
        assert verdict(answer(trading, order, S.EXPIRED, "intent_expired"))[0] == "EXPIRED"
    assert [timer for timer in trading.sequencer.timers.dump() if timer.agent == "orders"] == []


def test_an_order_without_an_answer_is_unknown_until_it_is_reconciled() -> None:
    """No entry is sent meanwhile; one that never reached the venue failed."""
    trading = Trading(live=True)
    (order,) = placed(trading.ask(leg("A", BUY, 10)))
    trading.admit(Resumed(MINUTE), START + MINUTE)
    record = trading.orders.order(order.order)
    assert record is not None
    assert record.status is S.UNKNOWN
    assert verdict(trading.ask(leg("B", BUY, 1))) == ("CANCELLED", "unreconciled", 0.0)
    assert placed(trading.ask(leg("B", SELL, 1), reduce_only=True))
    assert trading.admit(Reconciled("elsewhere", trading.now)) == []
    made = trading.admit(Reconciled("paper", trading.now))
    assert ends(made) == [("REJECTED", "not_at_venue")]
    assert verdict(made) == ("FAILED", "not_at_venue", 0.0)
    assert placed(trading.ask(leg("B", BUY, 1)))


def test_an_unknown_order_that_the_venue_knows_goes_on() -> None:
    """Its fills and its status are taken as if they had come in time."""
    trading = Trading(live=True)
    (order,) = placed(trading.ask(leg("A", BUY, 10, 100, GTC)))
    answer(trading, order, S.UNKNOWN, "timeout")
    report(trading, order, 4)
    answer(trading, order, S.ACCEPTED)
    assert trading.admit(Reconciled("", trading.now)) == []
    report(trading, order, 6, number=2)
    assert verdict(answer(trading, order, S.FILLED)) == ("FILLED", "filled", 1.0)


def test_an_unknown_order_with_fills_is_cancelled_by_the_reconciliation() -> None:
    """It was there; now it is not."""
    trading = Trading(live=True)
    (order,) = placed(trading.ask(leg("A", BUY, 10, 100, GTC)))
    report(trading, order, 4)
    answer(trading, order, S.UNKNOWN)
    made = trading.admit(Reconciled("", trading.now))
    assert ends(made) == [("CANCELLED", "not_at_venue")]
    assert verdict(made) == ("FILLED", "partly_filled", 0.4)


def test_the_verdict_waits_for_fills_that_may_still_fail() -> None:
    """A failed one is no fill: the share counts what is real."""
    trading = Trading(live=True)
    (order,) = placed(trading.ask(leg("A", BUY, 10)))
    report(trading, order, 6, FillStatus.MATCHED, 1)
    report(trading, order, 4, FillStatus.MATCHED, 2)
    assert not trading.verdicts()
    answer(trading, order, S.FILLED)
    report(trading, order, 6, FillStatus.FAILED, 1)
    assert not trading.verdicts()
    made = report(trading, order, 4, FillStatus.CONFIRMED, 2)
    assert verdict(made) == ("FILLED", "partly_filled", 0.4)
    assert trading.lots("A") == 4


def test_an_order_whose_every_fill_failed_has_failed() -> None:
    """FAILED, and nothing is held."""
    trading = Trading(live=True)
    (order,) = placed(trading.ask(leg("A", BUY, 10)))
    report(trading, order, 10, FillStatus.MATCHED)
    answer(trading, order, S.FILLED)
    assert verdict(report(trading, order, 10, FillStatus.FAILED)) == ("FAILED", "fill_failed", 0.0)
    assert trading.lots("A") == 0


def test_what_is_said_of_orders_that_are_over_is_nobody_s() -> None:
    """Late news, foreign orders: the ledger books fills, this part is done with them."""
    trading = Trading(live=True)
    (order,) = placed(trading.ask(leg("A", BUY, 10)))
    answer(trading, order, S.CANCELLED)
    assert answer(trading, order, S.FILLED) == []
    report(trading, order, 10)
    assert trading.lots("A") == 10
    assert trading.admit(OrderObserved("by-hand", S.FILLED, 0)) == []
    assert trading.orders.order("by-hand") is None


def test_a_snapshot_holds_the_orders_whole() -> None:
    """In the middle of an unwinding."""
    trading = Trading(live=True)
    first, second = placed(
        trading.ask(leg("A", BUY, 10), leg("B", BUY, 10), policy=Policy.UNWIND, expires_at=START + MINUTE)
    )
    report(trading, first, 10)
    answer(trading, first, S.FILLED)
    (back,) = placed(answer(trading, second, S.CANCELLED, "gone"))
    trading.orders.state = reborn(trading.orders.state)
    report(trading, back, 10)
    assert verdict(answer(trading, back, S.FILLED)) == ("FILLED", "unwound", 0.5)
