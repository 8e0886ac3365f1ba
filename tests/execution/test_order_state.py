"""The order state machine."""

from itertools import product

import pytest

from tests.execution.trading import BUY, FAK
from tradeworthy.core.errors import Bug
from tradeworthy.execution.order_state import ALLOWED, ENDS, OrderRecord, Purpose, observe, take_fill
from tradeworthy.execution.orders import FillObserved, FillStatus, OrderObserved, OrderStatus, PlaceOrder

S = OrderStatus


def record(status: OrderStatus = S.SENT) -> OrderRecord:
    """An order for 10 lots at 100."""
    order = PlaceOrder("7.0", 7, "desk", "A", "A", BUY, 10, 100, FAK, 0, False, "signal")
    return OrderRecord(order, 0, Purpose.LEG, 100, status)


def news(status: OrderStatus, reason: str = "") -> OrderObserved:
    """What a venue says."""
    return OrderObserved("7.0", status, 0, reason)


def fill(number: int, lots: int, status: FillStatus = FillStatus.MATCHED, ticks: int = 100) -> FillObserved:
    """Part of the order, with a fee of 1."""
    return FillObserved("v", f"f{number}", "7.0", "desk", "A", "A", BUY, ticks, lots, 1, False, 0, status)


@pytest.mark.parametrize(("old", "new"), list(product(OrderStatus, OrderStatus)))
def test_each_status_moves_only_as_the_table_allows(old: OrderStatus, new: OrderStatus) -> None:
    """What the table does not allow is old news and changes nothing, or a contradiction and a Bug."""
    one = record(old)
    if new in ALLOWED[old]:
        assert observe(one, news(new, "why"))
        assert (one.status, one.reason) == (new, "why")
        return
    try:
        assert not observe(one, news(new))
    except Bug:
        assert new is not old
    assert one.status is old


def test_nothing_follows_an_end_and_two_different_ends_contradict() -> None:
    """The message names the order and both ends."""
    assert ENDS == (S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED)
    with pytest.raises(Bug, match=r"order 7\.0 is FILLED and was reported CANCELLED \(late\): reconcile"):
        observe(record(S.FILLED), news(S.CANCELLED, "late"))
    assert not observe(record(S.FILLED), news(S.ACCEPTED))
    assert not observe(record(S.CANCELLED), news(S.UNKNOWN))


def test_an_order_without_an_answer_is_held_until_one_comes() -> None:
    """UNKNOWN is no end, and any answer but silence resolves it."""
    one = record()
    observe(one, news(S.UNKNOWN))
    assert not one.ended
    take_fill(one, fill(1, 4), 400)
    assert one.status is S.UNKNOWN
    assert observe(one, news(S.ACCEPTED))


def test_fills_make_an_order_partial_and_the_venue_makes_it_filled() -> None:
    """Even the last fill: only the venue knows that nothing more comes."""
    one = record()
    assert take_fill(one, fill(1, 4, FillStatus.CONFIRMED), 400)
    assert take_fill(one, fill(2, 6, FillStatus.CONFIRMED), 600)
    assert (one.status, one.filled, one.cash, one.fees) == (S.PARTIAL, 10, -1002, 2)
    observe(one, news(S.FILLED))
    assert one.settled


def test_an_order_is_not_settled_before_its_fills_are() -> None:
    """FILLED before the fills arrived, and a match that may still fail, both keep it open."""
    one = record()
    observe(one, news(S.FILLED))
    assert one.ended
    assert not one.settled
    take_fill(one, fill(1, 10), 1000)
    assert not one.settled
    assert take_fill(one, fill(1, 10, FillStatus.CONFIRMED), 1000)
    assert one.settled


def test_a_repeated_fill_counts_once() -> None:
    """Whatever its status: matched twice, confirmed twice, failed twice, matched after all."""
    one = record()
    take_fill(one, fill(1, 4), 400)
    assert not take_fill(one, fill(1, 4), 400)
    take_fill(one, fill(1, 4, FillStatus.FAILED), 400)
    for status in FillStatus:
        assert not take_fill(one, fill(1, 4, status), 400)
    assert not take_fill(one, fill(2, 4, FillStatus.FAILED), 400)
    assert (one.filled, one.failed, one.unconfirmed, one.cash, one.fees) == (0, 4, 0, 0, 0)


def test_a_reversal_takes_back_exactly_what_the_fill_did() -> None:
    """An order without any fill left is ACCEPTED again; one that was FILLED has ended short."""
    one = record()
    take_fill(one, fill(1, 4), 400)
    take_fill(one, fill(1, 4, FillStatus.FAILED), 400)
    assert (one.status, one.filled, one.cash) == (S.ACCEPTED, 0, 0)
    take_fill(one, fill(2, 10, ticks=103), 1030)
    assert one.past_limit == 30
    observe(one, news(S.FILLED))
    take_fill(one, fill(2, 10, FillStatus.FAILED, ticks=103), 1030)
    assert (one.status, one.reason, one.past_limit) == (S.CANCELLED, "fill_failed", 0)
    assert one.settled


def test_more_filled_than_asked_is_a_bug() -> None:
    """Nothing may go on as if that were right."""
    one = record()
    take_fill(one, fill(1, 8), 800)
    with pytest.raises(Bug, match=r"order 7\.0 asked for 10 lots and 11 were filled \(fill f2\)"):
        take_fill(one, fill(2, 3), 300)


def test_a_late_fill_of_a_cancelled_order_still_counts() -> None:
    """The status stays, the lots are real."""
    one = record()
    observe(one, news(S.CANCELLED))
    take_fill(one, fill(1, 3, FillStatus.CONFIRMED), 300)
    assert (one.status, one.filled) == (S.CANCELLED, 3)
