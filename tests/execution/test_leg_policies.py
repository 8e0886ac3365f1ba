"""What an intent of several legs becomes when one falls short."""

from typing import Any

from tests.execution.trading import (
    BUY,
    GTC,
    MINUTE,
    SELL,
    START,
    Trading,
    answer,
    ends,
    leg,
    placed,
    report,
    verdict,
)
from tests.market.tokens import market, opening
from tradeworthy.core.events import Resumed
from tradeworthy.execution.intents import Policy
from tradeworthy.execution.orders import (
    CancelWorking,
    FillObserved,
    OrderStatus,
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
    made = trading.ask(
        leg("A", BUY, 10, 100), leg("B", BUY, 10, 100), policy=Policy.UNWIND, expires_at=START + MINUTE
    )
    assert verdict(made) == ("FILLED", "unwound", 0.6)
    back = [order for order in placed(made) if order.reduce_only]
    assert [(one.side, one.lots, one.limit_ticks, one.expires_at, one.reason) for one in back] == [
        (SELL, 10, None, 0, "unwind"),
        (SELL, 2, None, 0, "unwind"),
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


def test_legs_that_cancel_out_need_no_unwinding() -> None:
    """Ten bought and four of ten sold under one key leave six: they are sold, and nothing is short."""
    trading = Trading(matcher="book")
    trading.book("A", {98: 4}, {100: 10})
    before = trading.ledger.state.cash
    made = trading.ask(leg("A", BUY, 10, 100), leg("A", SELL, 10, 98), policy=Policy.UNWIND)
    (back,) = [order for order in placed(made) if order.reduce_only]
    assert (back.side, back.lots) == (SELL, 6)
    made = trading.book("A", {97: 50}, {100: 10})
    assert verdict(made) == ("FILLED", "unwound", 0.7)
    assert trading.lots("A") == 0
    assert trading.verdicts()[-1].figures["leg_risk_loss"] == before - trading.ledger.state.cash


def on_tokens(yes: int, no: int) -> tuple[Trading, str, str]:
    """A market that offers so many lots of YES at .46 and of NO at .50, with bids of .44 and .48."""
    one = market()
    trading = Trading(matcher="book", listed=())
    for event in opening(one):
        trading.admit(event)
    trading.book(one.yes, {44: 5_000}, {46: yes})
    trading.book(one.no, {48: 5_000}, {50: no})
    return trading, one.yes, one.no


def test_complete_sets_need_no_unwinding() -> None:
    """They are worth 1 a share: only what is beyond them is sold at the bid."""
    trading, yes, no = on_tokens(1_000, 600)
    before = trading.ledger.state.cash
    made = trading.ask(leg(yes, BUY, 1_000, 46), leg(no, BUY, 1_000, 50), policy=Policy.UNWIND)
    (back,) = [order for order in placed(made) if order.reduce_only]
    assert (back.instrument, back.lots) == (yes, 400)
    assert verdict(made) == ("FILLED", "unwound", 0.8)
    assert trading.ledger.positions() == []
    assert trading.verdicts()[-1].figures["leg_risk_loss"] == before - trading.ledger.state.cash


def test_as_much_of_both_tokens_is_a_smaller_set() -> None:
    """Nothing is taken back, and it is merged: a part of what was asked for, without a loss."""
    trading, yes, no = on_tokens(600, 600)
    made = trading.ask(leg(yes, BUY, 1_000, 46), leg(no, BUY, 1_000, 50), policy=Policy.UNWIND)
    assert not [order for order in placed(made) if order.reduce_only]
    assert verdict(made) == ("FILLED", "partly_filled", 0.6)
    assert trading.verdicts()[-1].figures["leg_risk_loss"] == 0
    assert trading.ledger.positions() == []


def test_tokens_under_keys_that_are_never_merged_are_unwound_whole() -> None:
    """Sets are made within one strategy."""
    trading, yes, no = on_tokens(1_000, 600)
    made = trading.ask(
        leg(yes, BUY, 1_000, 46, key="mine"), leg(no, BUY, 1_000, 50, key="yours"), policy=Policy.UNWIND
    )
    assert [order.lots for order in placed(made) if order.reduce_only] == [1_000, 600]
    assert trading.ledger.positions() == []
