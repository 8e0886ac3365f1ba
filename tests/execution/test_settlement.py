"""Complete sets become money, outcomes pay, and what is over is forgotten."""

from typing import Any

import pytest

from tests.execution.trading import BUY, FAK, FOK, SELL, START, Ask, Trading, leg, placed, verdict
from tests.market.tokens import SHARE, market, opening
from tradeworthy.core.errors import Bug, UsageError
from tradeworthy.core.events import Event
from tradeworthy.execution.accounting import (
    Opened,
    PositionRecord,
    ResolutionOverdue,
    SetsMerged,
    Settled,
    TradeClosed,
    TradeReversed,
)
from tradeworthy.execution.book_venue import BookVenueState
from tradeworthy.execution.intents import Intent, Leg, Policy, position_key
from tradeworthy.execution.orders import FillObserved, FillStatus, OrderObserved, OrderStatus, PlaceOrder
from tradeworthy.market.instruments import InstrumentDelisted, Side
from tradeworthy.market.predictions import (
    Market,
    MarketClosed,
    MarketDisputed,
    MarketOpened,
    MarketResolved,
)

M = market()
YES, NO = M.yes, M.no
MINUTE = 60 * 10**9
CASH = 500 * SHARE


def on_tokens(*markets: Market, live: bool = False, **settings: Any) -> Trading:
    """A session that knows `markets` (default: M), free of fees."""
    trading = Trading(live=live, listed=(), matcher="book", **settings)
    for one in markets or (M,):
        for event in opening(one, rate="0"):
            trading.admit(event)
    return trading


def kinds(events: list[Event], *wanted: type[Event]) -> list[Event]:
    """Those of `events` that are of the `wanted` kinds."""
    return [event for event in events if isinstance(event, wanted)]


def fill(
    trading: Trading,
    token: str,
    side: Side,
    lots: int,
    ticks: int,
    status: FillStatus = FillStatus.CONFIRMED,
    *,
    name: str = "",
    strategy: str = "",
    desk: str = "desk",
) -> list[Event]:
    """The venue reports a fill of an order that nobody here sent, fee 0."""
    number = name or f"f{len(trading.tape.packets)}"
    position = position_key(strategy, token)
    return trading.admit(
        FillObserved(
            "polymarket", number, "x", desk, position, token, side, ticks, lots, 0, False, trading.now, status
        )
    )


# Complete sets


def test_a_complete_set_is_merged_at_once_and_its_profit_is_split_by_cost() -> None:
    """100 shares at .46 and .50: cash rises by exactly 100, and 4 is earned."""
    trading = on_tokens()
    before = trading.ledger.state.cash
    assert not kinds(fill(trading, YES, BUY, 10_000, 46), SetsMerged)
    made = fill(trading, NO, BUY, 10_000, 50)
    assert kinds(made, SetsMerged) == [SetsMerged("desk", M.id, YES, NO, 10_000, START)]
    yes, no = (one for one in made if isinstance(one, TradeClosed))
    assert (yes.reason, no.reason) == ("merged", "merged")
    assert yes.pnl + no.pnl == 4 * SHARE
    assert yes.exit_notional + no.exit_notional == 100 * SHARE
    assert yes.exit_notional == 100 * SHARE * 46 // 96
    assert trading.ledger.state.cash - before == 4 * SHARE
    assert (trading.lots(YES), trading.lots(NO)) == (0, 0)


def test_only_what_is_there_of_both_is_merged() -> None:
    """The rest of the larger leg stays at its average cost."""
    trading = on_tokens()
    fill(trading, YES, BUY, 10_000, 46)
    made = fill(trading, NO, BUY, 4_000, 50)
    assert [one.lots for one in made if isinstance(one, SetsMerged)] == [4_000]
    held = trading.ledger.position("desk", YES)
    assert (held.lots, held.cost) == (6_000, 6_000 * 46 * 10**4)
    assert trading.lots(NO) == 0


def test_sets_are_made_within_one_desk_and_one_strategy() -> None:
    """What another holds is not ours to merge; nor is what a desk keeps under a key of its own."""
    trading = on_tokens()
    fill(trading, YES, BUY, 1_000, 46, strategy="sniper")
    fill(trading, NO, BUY, 1_000, 50, strategy="atomic")
    fill(trading, NO, BUY, 1_000, 50)
    assert not kinds(fill(trading, NO, BUY, 1_000, 50, strategy="sniper", desk="other"), SetsMerged)
    made = fill(trading, NO, BUY, 1_000, 50, strategy="sniper")
    assert [(one.desk, one.yes_position) for one in made if isinstance(one, SetsMerged)] == [
        ("desk", f"sniper@{YES}")
    ]
    assert len(trading.ledger.positions()) == 3


def test_a_split_covers_what_is_short_in_both_at_one_a_share() -> None:
    """M2: 10 shares sold at .55 and .50 that nobody held earn .50; no money stays bound."""
    trading = on_tokens()
    before = trading.ledger.free_cash()
    fill(trading, YES, SELL, 1_000, 55)
    assert trading.ledger.free_cash() == before + 55 * 10**7 - 10 * SHARE
    made = fill(trading, NO, SELL, 1_000, 50)
    assert [one.lots for one in made if isinstance(one, SetsMerged)] == [-1_000]
    assert sum(one.pnl for one in made if isinstance(one, TradeClosed)) == 50 * 10**6
    assert trading.ledger.free_cash() == before + 50 * 10**6
    assert trading.ledger.positions() == []


def test_split_and_sell_works_from_intent_to_money() -> None:
    """M2 whole: an all-or-none intent sells both tokens into their bids, and the ledger ends flat with the profit."""
    trading = on_tokens(latency_ms=250)
    trading.book(YES, {55: 1_000}, {57: 1_000})
    trading.book(NO, {50: 800, 49: 200}, {52: 1_000})
    before = trading.ledger.state.cash
    trading.ask(leg(YES, SELL, 1_000, 55, FOK), leg(NO, SELL, 1_000, 49, FOK))
    made = trading.advance(trading.now + 10**9)
    assert verdict(made) == ("FILLED", "filled", 1.0)
    assert [one.lots for one in made if isinstance(one, SetsMerged)] == [-1_000]
    assert trading.ledger.state.cash - before == (550 + 400 + 98 - 1_000) * 10**6
    assert trading.ledger.positions() == []


def test_a_short_token_binds_one_a_share() -> None:
    """Sold at .10 it may still have to pay 1, and sold at .90 no more than 1."""
    bound = 100
    for ticks in (10, 50, 90):
        trading = on_tokens()
        before = trading.ledger.free_cash()
        fill(trading, YES, SELL, 10_000, ticks)
        assert trading.ledger.state.cash - trading.ledger.free_cash() == bound * SHARE
        assert trading.ledger.free_cash() == before + (ticks - bound) * SHARE


def test_nothing_is_merged_while_a_fill_of_it_may_still_fail() -> None:
    """It is, once the fill is confirmed; if the fill fails, what is held is as before it."""
    trading = on_tokens()
    fill(trading, YES, BUY, 1_000, 46)
    assert not kinds(fill(trading, NO, BUY, 1_000, 50, FillStatus.MATCHED, name="a"), SetsMerged)
    fill(trading, NO, BUY, 1_000, 50, FillStatus.FAILED, name="a")
    assert (trading.lots(YES), trading.lots(NO)) == (1_000, 0)
    fill(trading, NO, BUY, 1_000, 50, FillStatus.MATCHED, name="b")
    made = fill(trading, NO, BUY, 1_000, 50, FillStatus.CONFIRMED, name="b")
    assert [one.lots for one in made if isinstance(one, SetsMerged)] == [1_000]
    assert trading.ledger.positions() == []


def test_sets_that_are_no_longer_there_are_not_merged() -> None:
    """A fill that comes before the merge is booked: nothing moves, and what is left is asked for anew."""
    trading = on_tokens()
    fill(trading, YES, BUY, 1_000, 46)
    fill(trading, NO, BUY, 600, 50)
    cash = trading.ledger.state.cash
    assert trading.lots(YES) == 400
    for lots in (0, 500, -400):
        assert not kinds(trading.admit(SetsMerged("desk", M.id, YES, NO, lots, START)), TradeClosed)
    assert trading.ledger.state.cash == cash


def test_an_intent_of_several_legs_is_left_its_legs_until_its_verdict() -> None:
    """What it may have to take back is not merged away under it."""
    trading = on_tokens(live=True)
    made = trading.ask(leg(YES, BUY, 1_000, 46), leg(NO, BUY, 1_000, 50), policy=Policy.UNWIND)
    orders = placed(made)
    for order, lots in zip(orders, (1_000, 600), strict=True):
        made = _filled(trading, order, lots)
        made += trading.admit(OrderObserved(order.order, OrderStatus.ACCEPTED, trading.now))
        assert not kinds(made, SetsMerged)
    assert not kinds(_over(trading, orders[0], OrderStatus.FILLED), SetsMerged)
    (back,) = placed(_over(trading, orders[1], OrderStatus.CANCELLED))
    assert (back.instrument, back.side, back.lots) == (YES, SELL, 400)
    _filled(trading, back, 400)
    made = _over(trading, back, OrderStatus.FILLED)
    assert verdict(made) == ("FILLED", "unwound", 0.8)
    assert [one.lots for one in made if isinstance(one, SetsMerged)] == [600]
    assert trading.ledger.positions() == []


def _filled(trading: Trading, order: PlaceOrder, lots: int) -> list[Event]:
    what = (order.desk, order.position, order.instrument, order.side, order.limit_ticks or 45, lots)
    return trading.admit(
        FillObserved(
            "polymarket",
            f"{order.order}/1",
            order.order,
            *what,
            fee=0,
            maker=False,
            ts_event=trading.now,
            status=FillStatus.CONFIRMED,
            reason=order.reason,
        )
    )


def _over(trading: Trading, order: PlaceOrder, status: OrderStatus) -> list[Event]:
    reason = "filled" if status is OrderStatus.FILLED else "no_liquidity"
    return trading.admit(OrderObserved(order.order, status, trading.now, reason))


def test_what_was_taken_over_is_merged_when_its_market_is_known() -> None:
    """Positions of the run before come before their instruments and markets."""
    trading = Trading(listed=(), cash=0)
    records = [PositionRecord("desk", token, token, 1_000, 480 * 10**6, START) for token in (YES, NO)]
    trading.admit(Opened("parent", CASH, tuple(records)))
    made = [one for event in opening(M) for one in trading.admit(event)]
    assert [one.lots for one in made if isinstance(one, SetsMerged)] == [1_000]
    assert trading.ledger.state.cash == CASH + 10 * SHARE


# Outcomes


@pytest.mark.parametrize(("payout", "pnl"), [(SHARE, 1_761), (SHARE // 2, -4_109), (0, -9_979)])
def test_an_outcome_pays_what_its_token_is_worth(payout: int, pnl: int) -> None:
    """11.74 YES shares at .85 that win, get half, and lose: pnl is what is paid less cost (in tenths of a cent)."""
    trading = on_tokens()
    fill(trading, YES, BUY, 1_174, 85)
    made = trading.admit(MarketResolved(M.id, trading.now, payout))
    (closed,) = (one for one in made if isinstance(one, TradeClosed))
    assert (closed.pnl, closed.reason) == (pnl * 10**5, "settled")
    assert [one.payout for one in made if isinstance(one, Settled)] == [
        payout // 100,
        (SHARE - payout) // 100,
    ]


def test_the_worked_example_ends_with_its_profit() -> None:
    """11.74 shares at .85 with the venue's fee, resolved YES: 1.65622 is earned."""
    trading = Trading(listed=(), matcher="book", latency_ms=250)
    for event in opening(M, rate="0.07"):
        trading.admit(event)
    trading.book(YES, {83: 40_000}, {85: 40_000})
    trading.ask(leg(YES, BUY, 1_174, 85))
    assert verdict(trading.advance(trading.now + 10**9)) == ("FILLED", "filled", 1.0)
    made = trading.admit(MarketResolved(M.id, trading.now, SHARE))
    (closed,) = (one for one in made if isinstance(one, TradeClosed))
    assert (closed.entry_notional, closed.fees, closed.pnl) == (997_900_000, 10_478_000, 165_622_000)


def test_no_pays_the_rest_of_one() -> None:
    """A NO share of a market that was NO."""
    trading = on_tokens()
    fill(trading, NO, BUY, 1_000, 40)
    made = trading.admit(MarketResolved(M.id, trading.now, 0))
    assert [one.pnl for one in made if isinstance(one, TradeClosed)] == [6 * SHARE]


def test_a_disputed_market_leaves_positions_open_until_its_outcome() -> None:
    """Only MarketResolved pays."""
    trading = on_tokens()
    fill(trading, YES, BUY, 1_000, 40)
    assert trading.admit(MarketDisputed(M.id, trading.now, "challenged")) == []
    assert trading.lots(YES) == 1_000
    trading.admit(MarketResolved(M.id, trading.now, SHARE))
    assert trading.lots(YES) == 0


def test_only_the_first_outcome_pays_and_it_must_be_one() -> None:
    """A later word changes nothing; of an unknown market nothing is known; more than 1 is refused."""
    trading = on_tokens()
    trading.admit(MarketResolved(M.id, trading.now, SHARE))
    assert trading.admit(MarketResolved(M.id, trading.now, 0)) == []
    assert trading.admit(MarketResolved("polymarket:x", trading.now, 0)) == []
    with pytest.raises(UsageError, match="pays 100000001 cash units a YES share"):
        trading.admit(MarketResolved(M.id, trading.now, SHARE + 1))


def test_what_is_filled_after_the_outcome_is_paid_as_well() -> None:
    """And a fill that fails after it takes its payout back."""
    trading = on_tokens()
    trading.admit(MarketResolved(M.id, trading.now, SHARE))
    before = trading.ledger.state.cash
    made = fill(trading, YES, BUY, 1_000, 40, FillStatus.MATCHED, name="late")
    assert [one.pnl for one in made if isinstance(one, TradeClosed)] == [6 * SHARE]
    made = fill(trading, YES, BUY, 1_000, 40, FillStatus.FAILED, name="late")
    assert [one.pnl for one in made if isinstance(one, TradeReversed)] == [6 * SHARE]
    assert trading.ledger.state.cash == before


# The end


def test_tokens_are_delisted_a_minute_after_the_outcome() -> None:
    """Then nothing is remembered of them anywhere."""
    trading = on_tokens()
    fill(trading, YES, BUY, 1_000, 40)
    trading.admit(MarketResolved(M.id, trading.now, SHARE))
    made = trading.advance(trading.now + MINUTE)
    assert kinds(made, InstrumentDelisted) == [InstrumentDelisted(YES), InstrumentDelisted(NO)]
    assert trading.markets.state == type(trading.markets.state)()
    assert trading.settlement.state == type(trading.settlement.state)()
    assert trading.listing.state.instruments == {}
    assert trading.venue.state.shut == {}


def test_tokens_stay_while_a_fill_may_fail_or_an_order_is_out() -> None:
    """A minute later they are looked at again."""
    trading = on_tokens(live=True)
    (order,) = placed(trading.ask(leg(NO, BUY, 1_000, 40)))
    fill(trading, YES, BUY, 1_000, 40, FillStatus.MATCHED, name="a")
    trading.admit(MarketResolved(M.id, trading.now, SHARE))
    assert not kinds(trading.advance(trading.now + MINUTE), InstrumentDelisted)
    fill(trading, YES, BUY, 1_000, 40, FillStatus.CONFIRMED, name="a")
    assert not kinds(trading.advance(trading.now + MINUTE), InstrumentDelisted)
    _over(trading, order, OrderStatus.CANCELLED)
    assert len(kinds(trading.advance(trading.now + MINUTE), InstrumentDelisted)) == 2


def test_a_token_that_is_held_can_not_be_delisted() -> None:
    """Whoever says so is wrong."""
    trading = on_tokens()
    fill(trading, YES, BUY, 1_000, 40)
    with pytest.raises(Bug, match="YES is delisted and held: settle it first"):
        trading.admit(InstrumentDelisted(YES))


def test_an_outcome_is_overdue_half_an_hour_after_the_end() -> None:
    """Once; again every ten minutes while somebody waits for the payout, and no more once there is an outcome."""
    ended = market(end_ts=START + MINUTE)
    trading = on_tokens(ended)
    assert kinds(trading.advance(START + 31 * MINUTE - 1), ResolutionOverdue) == []
    made = trading.advance(START + 31 * MINUTE)
    assert made == [ResolutionOverdue(ended.id, ended.end_ts, held=False)]
    assert trading.advance(START + 60 * MINUTE) == []
    fill(trading, YES, BUY, 1_000, 40)
    made = trading.advance(START + 82 * MINUTE)
    assert made == [ResolutionOverdue(ended.id, ended.end_ts, held=True)] * 3
    trading.admit(MarketResolved(ended.id, trading.now, 0))
    assert kinds(trading.advance(START + 200 * MINUTE), ResolutionOverdue) == []


def test_a_market_without_a_known_end_ends_when_it_closes() -> None:
    """Its outcome is overdue from then on."""
    trading = on_tokens()
    trading.admit(MarketClosed(M.id, START + 5))
    trading.admit(MarketClosed("polymarket:x", START + 5))
    assert trading.advance(START + 30 * MINUTE) == [ResolutionOverdue(M.id, START, held=False)]


def test_a_closed_market_that_nobody_holds_is_forgotten_a_day_after_its_end() -> None:
    """One that still trades, or that somebody holds, is not."""
    ended = [market(name, end_ts=START + MINUTE) for name in "abc"]
    trading = on_tokens(*ended)
    for one in ended[1:]:
        trading.admit(MarketClosed(one.id, trading.now))
    fill(trading, ended[2].yes, BUY, 1_000, 40)
    made = trading.advance(START + 25 * 60 * MINUTE)
    assert kinds(made, InstrumentDelisted) == [
        InstrumentDelisted(ended[1].yes),
        InstrumentDelisted(ended[1].no),
    ]
    assert trading.markets.market(ended[1].id) is None
    assert trading.markets.market(ended[0].id) == ended[0]
    made = trading.admit(MarketOpened(ended[1]))
    assert made == [ResolutionOverdue(ended[1].id, ended[1].end_ts, held=False)]


def test_nothing_grows_when_markets_come_and_go_by_the_thousand() -> None:
    """A10: windows bought, merged or settled, and gone: what is remembered is what is open."""
    trading = on_tokens(consumed_memory_ms=1_000)
    for number in range(300):
        one = market(f"w{number}", end_ts=trading.now + 5 * MINUTE)
        for event in opening(one):
            trading.admit(event)
        trading.book(one.yes, {54: 5_000}, {55: 5_000})
        trading.book(one.no, {44: 5_000}, {45: 5_000})
        key = position_key("sniper", one.yes)
        trading.admit(Ask(Intent((Leg(one.yes, BUY, 1_000, 55, key, FAK),), strategy="sniper")))
        if number % 2:
            trading.ask(leg(one.yes, BUY, 1_000, 55), leg(one.no, BUY, 1_000, 45))
        trading.admit(MarketClosed(one.id, trading.now))
        trading.admit(MarketResolved(one.id, trading.now, SHARE * (number % 3) // 2), trading.now + MINUTE)
        trading.advance(trading.now + 2 * MINUTE)
        trading.tape.packets.clear()
    state = trading.venue.state
    assert isinstance(state, BookVenueState)
    assert len(trading.listing.state.instruments) == 2
    assert len(trading.markets.state.markets) == len(trading.settlement.state.works) + 1 == 1
    assert [state.shut, state.books, state.orders, state.working, state.groups, state.unbooked] == [{}] * 6
    assert len(state.taken) <= 4
    assert trading.ledger.positions() == []
    orders = trading.orders.state
    assert [orders.waiting, orders.works, orders.unknown, orders.busy] == [{}] * 4
