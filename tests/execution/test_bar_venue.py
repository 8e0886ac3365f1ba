"""Paper on closed bars, from candidate to verdict."""

import pytest

from tests.execution.trading import (
    BUY,
    FOK,
    GTC,
    MINUTE,
    MS,
    SELL,
    START,
    Trading,
    ends,
    fills,
    instrument,
    leg,
    verdict,
)
from tradeworthy.core.events import Event
from tradeworthy.execution.orders import CancelWorking, FillObserved, OrderObserved
from tradeworthy.market.instruments import Side
from tradeworthy.market.money import Scale

HOUR = 60 * MINUTE


def fees(events: list[Event]) -> list[int]:
    """Fees of the fills."""
    return [one.fee for one in events if isinstance(one, FillObserved)]


def test_a_market_order_fills_at_the_open_that_follows_the_decision() -> None:
    """Decided at a close: the bar that opens then, known when it closes, stamped with its open."""
    trading = Trading()
    trading.bar("A", 1.0)
    decided = trading.now
    assert not fills(trading.ask(leg("A", BUY, 10)))
    made = trading.bar("A", 1.05, 1.2, 0.9, 1.1)
    assert fills(made)[0][1:] == (105, 10, False)
    assert [one.ts_event for one in made if isinstance(one, FillObserved | OrderObserved)] == [decided] * 2
    assert verdict(made) == ("FILLED", "filled", 1.0)
    assert trading.lots("A") == 10


def test_with_latency_the_first_bar_that_opens_late_enough_fills() -> None:
    """One nanosecond of latency misses the open; a minute of it has the next."""
    for latency_ms, bars in ((0, 1), (1, 2), (60_000, 2), (60_001, 3)):
        trading = Trading(latency_ms=latency_ms)
        trading.ask(leg("A", BUY, 1))
        assert [len(fills(trading.bar("A", 1.0))) for _ in range(bars)] == [0] * (bars - 1) + [1]


def test_taker_close_fills_at_once_at_the_last_close() -> None:
    """In the turn of the decision."""
    trading = Trading(fills="taker_close")
    trading.bar("A", 1.0, 1.2, 0.9, 1.1)
    made = trading.ask(leg("A", BUY, 10, 110))
    assert fills(made)[0][1:] == (110, 10, False)
    assert verdict(made) == ("FILLED", "filled", 1.0)


def test_taker_close_with_latency_fills_when_a_timer_says_it_arrived() -> None:
    """At the close that is the last one then."""
    trading = Trading(fills="taker_close", latency_ms=90_000)
    trading.bar("A", 1.0)
    assert not fills(trading.ask(leg("A", BUY, 10)))
    assert not fills(trading.bar("A", 1.1))
    made = trading.bar("A", 1.2)
    assert fills(made)[0][1:] == (110, 10, False)
    assert next(one for one in made if isinstance(one, FillObserved)).ts_event == START + MINUTE + 90_000 * MS


def test_taker_close_without_a_bar_has_no_price() -> None:
    """An order that can't wait ends; one that can, waits."""
    trading = Trading(fills="taker_close")
    assert verdict(trading.ask(leg("A", BUY, 10))) == ("CANCELLED", "no_price", 0.0)
    trading.ask(leg("A", BUY, 10, None, GTC))
    assert fills(trading.bar("A", 1.0, 1.2, 0.9, 1.1))[0][1:] == (110, 10, False)


@pytest.mark.parametrize(
    ("side", "limit", "reason"), [(BUY, 99, "limit_not_reached"), (SELL, 101, "limit_not_reached")]
)
def test_an_order_that_can_not_wait_is_judged_at_the_open_alone(side: Side, limit: int, reason: str) -> None:
    """The bar goes through the limit later: too late for it."""
    trading = Trading()
    trading.ask(leg("A", side, 10, limit))
    made = trading.bar("A", 1.0, 1.5, 0.5, 1.0)
    assert ends(made) == [("CANCELLED", reason)]
    assert verdict(made) == ("CANCELLED", reason, 0.0)


def test_a_waiting_limit_fills_as_maker_only_when_traded_through() -> None:
    """A touch leaves it waiting; a tick more fills it at its limit, for the maker's fee."""
    trading = Trading()
    trading.ask(leg("A", BUY, 10, 90, GTC))
    assert not fills(trading.bar("A", 1.0, 1.0, 0.90, 1.0))
    made = trading.bar("A", 1.0, 1.0, 0.89, 1.0)
    assert fills(made)[0][1:] == (90, 10, True)
    assert fees(made) == [Scale(instrument("A")).fee(90, 10, maker=True)]
    filled = next(one for one in made if isinstance(one, FillObserved))
    assert filled.ts_event == trading.now


def test_a_gap_through_a_waiting_limit_fills_at_the_better_open_as_taker() -> None:
    """For the taker's fee: the dearer of the two."""
    trading = Trading()
    trading.ask(leg("A", SELL, 10, 110, GTC))
    assert not fills(trading.bar("A", 1.0))
    made = trading.bar("A", 1.2, 1.3, 1.2, 1.3)
    assert fills(made)[0][1:] == (120, 10, False)
    assert fees(made) == [Scale(instrument("A")).fee(120, 10, maker=False)]


def test_an_open_at_a_waiting_limit_is_only_a_touch() -> None:
    """It was there before: others may have been ahead of it."""
    trading = Trading()
    trading.ask(leg("A", BUY, 10, 90, GTC))
    assert not fills(trading.bar("A", 1.0))
    assert not fills(trading.bar("A", 0.9, 1.0, 0.9, 1.0))


def test_a_bar_without_volume_fills_nothing() -> None:
    """Prices without trades are no prices for us."""
    trading = Trading()
    trading.ask(leg("A", BUY, 10))
    assert verdict(trading.bar("A", 1.0, volume=0.0)) == ("CANCELLED", "no_liquidity", 0.0)


def test_the_participation_cap_fills_in_part_and_time_in_force_says_what_becomes_of_the_rest() -> None:
    """FAK drops it, FOK takes nothing, GTC goes on in the next bar."""
    trading = Trading(participation=0.25)
    trading.ask(leg("A", BUY, 30))
    made = trading.bar("A", 1.0, volume=100.0)
    assert fills(made)[0][2] == 25
    assert verdict(made) == ("FILLED", "partly_filled", 25 / 30)
    trading.ask(leg("A", BUY, 30, None, FOK))
    assert verdict(trading.bar("A", 1.0, volume=100.0)) == ("CANCELLED", "no_liquidity", 0.0)
    trading.ask(leg("A", BUY, 30, None, GTC))
    assert [one[2] for one in fills(trading.bar("A", 1.0, volume=100.0))] == [25]
    made = trading.bar("A", 1.1, volume=100.0)
    assert [one[1:3] for one in fills(made)] == [(110, 5)]
    assert verdict(made) == ("FILLED", "filled", 1.0)


def test_our_orders_share_one_bar_s_volume() -> None:
    """First come, first served; what one took the other has not."""
    trading = Trading(participation=0.5)
    trading.ask(leg("A", BUY, 30))
    trading.ask(leg("A", SELL, 30))
    assert [one[2] for one in fills(trading.bar("A", 1.0, volume=100.0))] == [30, 20]
    closing = Trading(participation=0.5, fills="taker_close")
    closing.bar("A", 1.0, volume=100.0)
    assert [one[2] for _ in range(2) for one in fills(closing.ask(leg("A", BUY, 30)))] == [30, 20]


def test_an_order_trades_in_bars_of_one_timeframe() -> None:
    """The hour that closes with the minute offers no volume twice."""
    trading = Trading()
    trading.ask(leg("A", BUY, 100, 90, GTC))
    for _ in range(60):
        assert not fills(trading.bar("A", 1.0))
    assert not fills(trading.bar("A", 1.0, 1.0, 0.5, 1.0, ts=START, length="1h"))
    assert len(fills(trading.bar("A", 1.0, 1.0, 0.5, 1.0))) == 1


def test_an_intent_that_expires_before_the_next_open_is_known_may_still_fill_at_it() -> None:
    """The open came before the expiry, though its bar is admitted after: what traded before counts."""
    trading = Trading()
    trading.bar("A", 1.0)
    trading.ask(leg("A", BUY, 10), expires_at=trading.now + 5_000 * MS)
    assert verdict(trading.bar("A", 1.0)) == ("FILLED", "filled", 1.0)


def test_an_intent_that_expires_before_it_could_trade_is_expired() -> None:
    """The bar that opens in time comes after the expiry."""
    trading = Trading(latency_ms=10_000)
    trading.bar("A", 1.0)
    trading.ask(leg("A", BUY, 10), expires_at=trading.now + 5_000 * MS)
    assert verdict(trading.bar("A", 1.0)) == ("EXPIRED", "intent_expired", 0.0)


def test_a_waiting_limit_trades_up_to_its_expiry_and_not_beyond() -> None:
    """The bar that closes at the expiry counts whole; of the one that is under way only its open."""
    trading = Trading()
    trading.bar("A", 1.0)
    trading.ask(leg("A", BUY, 10, 90, GTC), expires_at=trading.now + MINUTE)
    assert fills(trading.bar("A", 1.0, 1.0, 0.5, 1.0))[0][1:] == (90, 10, True)
    trading.ask(leg("A", BUY, 10, 90, GTC), expires_at=trading.now + MINUTE + 30_000 * MS)
    assert not fills(trading.bar("A", 1.0))
    made = trading.bar("A", 1.0, 1.0, 0.5, 1.0)
    assert verdict(made) == ("EXPIRED", "intent_expired", 0.0)
    trading.ask(leg("A", BUY, 10, 90, GTC), expires_at=trading.now + MINUTE + 30_000 * MS)
    assert not fills(trading.bar("A", 1.0))
    assert fills(trading.bar("A", 0.8, 1.0, 0.5, 1.0))[0][1:] == (80, 10, False)


def test_an_expired_order_of_a_silent_feed_ends_one_bar_later() -> None:
    """Nobody waits for ever for a bar that does not come."""
    trading = Trading()
    trading.bar("A", 1.0)
    trading.ask(leg("A", BUY, 10), expires_at=trading.now + 5_000 * MS)
    made = trading.advance(trading.now + 2 * MINUTE)
    assert verdict(made) == ("EXPIRED", "intent_expired", 0.0)
    assert not trading.venue.state.orders
    assert not trading.venue.state.working


def test_a_cancel_at_a_close_is_at_once() -> None:
    """Nothing is under way that could still have traded."""
    trading = Trading()
    trading.ask(leg("A", BUY, 10, 90, GTC))
    trading.bar("A", 1.0)
    made = trading.admit(CancelWorking("", "drawdown"))
    assert verdict(made) == ("CANCELLED", "drawdown", 0.0)


def test_a_bar_that_opens_after_the_cancel_fills_nothing() -> None:
    """Even if it is admitted while the cancel still waits for the bar that was under way."""
    trading = Trading()
    trading.bar("A", 1.0, length="1h")
    trading.ask(leg("A", BUY, 10, 90, GTC))
    trading.admit(CancelWorking("", "halted"), trading.now + 5 * MINUTE)
    assert verdict(trading.bar("A", 0.5, ts=trading.now + MINUTE)) == ("CANCELLED", "halted", 0.0)


def test_a_cancel_takes_the_latency() -> None:
    """What trades on the way there, trades."""
    trading = Trading(latency_ms=60_000)
    trading.ask(leg("A", BUY, 10, 90, GTC))
    trading.bar("A", 1.0)
    trading.bar("A", 1.0)
    assert not ends(trading.admit(CancelWorking("", "drawdown")))
    assert fills(trading.bar("A", 1.0, 1.0, 0.5, 1.0))[0][1:] == (90, 10, True)


def test_all_or_none_fills_both_legs_in_bars_of_one_time() -> None:
    """Judged when the last leg's bar is in."""
    trading = Trading()
    made = trading.ask(leg("A", BUY, 10), leg("B", SELL, 10))
    assert not fills(made)
    assert not fills(trading.bar("A", 1.0))
    made = trading.bar("B", 2.0, ts=START)
    assert [one[1:] for one in fills(made)] == [(100, 10, False), (200, 10, False)]
    assert verdict(made) == ("FILLED", "filled", 1.0)
    assert not trading.venue.state.groups


def test_all_or_none_fills_nothing_if_one_leg_falls_short() -> None:
    """The verdict names the leg and its reason."""
    trading = Trading()
    trading.ask(leg("A", BUY, 10), leg("B", BUY, 10, 190))
    trading.bar("A", 1.0)
    made = trading.bar("B", 2.0, ts=START)
    assert not fills(made)
    assert ends(made) == [("CANCELLED", "group_incomplete"), ("CANCELLED", "limit_not_reached")]
    assert verdict(made) == ("CANCELLED", "group_incomplete", 0.0)
    figures = trading.verdicts()[-1].figures
    assert (figures["short_leg"], figures["short_reason"]) == (1, "limit_not_reached")
    assert not trading.venue.state.groups


def test_all_or_none_ends_if_one_leg_has_no_bar_of_that_time() -> None:
    """A missing bar is a market without trades."""
    trading = Trading()
    trading.ask(leg("A", BUY, 10), leg("B", BUY, 10))
    trading.bar("A", 1.0)
    made = trading.bar("A", 1.0)
    assert verdict(made) == ("CANCELLED", "group_incomplete", 0.0)


def test_all_or_none_that_can_wait_waits_for_a_bar_in_which_both_fill() -> None:
    """Not even a missing bar ends it."""
    trading = Trading()
    trading.ask(leg("A", BUY, 10, 90, GTC), leg("B", BUY, 10, 190, GTC))
    for low_a, low_b in ((0.8, 2.0), (1.0, 1.8)):
        opens = trading.now
        assert not fills(trading.bar("A", 1.0, 1.0, low_a, 1.0))
        assert not fills(trading.bar("B", 2.0, 2.0, low_b, 2.0, ts=opens))
    trading.bar("A", 1.0, 1.0, 0.8, 1.0)
    opens = trading.now
    trading.bar("A", 1.0, 1.0, 0.8, 1.0)
    made = trading.bar("B", 2.0, 2.0, 1.8, 2.0, ts=opens)
    assert [one[1:] for one in fills(made)] == [(90, 10, True), (190, 10, True)]


def test_legs_of_one_instrument_share_the_bar_s_volume() -> None:
    """Each alone would fit, together they don't: nothing."""
    trading = Trading(fills="taker_close")
    trading.bar("A", 1.0, volume=15.0)
    made = trading.ask(leg("A", BUY, 10, key="one"), leg("A", BUY, 10, key="two"))
    assert verdict(made) == ("CANCELLED", "group_incomplete", 0.0)
    assert not fills(made)
