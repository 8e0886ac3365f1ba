"""What paper shares whatever its matcher: refusals, reduce-only, restarts, settlements, snapshots."""

from decimal import Decimal

import pytest

from tests.execution.trading import (
    BUY,
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
from tests.market.session import reborn
from tests.market.tokens import market, opening, token
from tradeworthy.core.events import Resumed, SessionEnded
from tradeworthy.execution.accounting import Settled
from tradeworthy.execution.intents import Leg, Policy
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.instruments import InstrumentChanged, InstrumentDelisted, InstrumentListed
from tradeworthy.market.predictions import MarketClosed, MarketResolved

HOUR = 60 * MINUTE


def test_jitter_is_drawn_and_the_same_each_time() -> None:
    """Up to the setting, by (seed, order): never a generator's state."""
    first, again = (Trading(latency_ms=1000, latency_jitter_ms=5000) for _ in range(2))
    for trading in (first, again):
        trading.ask(leg("A", BUY, 1))
        trading.ask(leg("A", BUY, 1))
    waits = [
        [one.eligible_at - START for one in trading.venue.state.orders.values()] for trading in (first, again)
    ]
    assert waits[0] == waits[1]
    assert waits[0][0] != waits[0][1]
    assert all(1000 * MS <= wait < 6000 * MS for wait in waits[0])


def test_a_latency_with_a_99th_percentile_is_drawn_log_normally() -> None:
    """Half of the orders take longer than the median, one in a hundred longer than the percentile: always the same."""
    first, again = (
        Trading(matcher="book", latency_ms=200, latency_p99_ms=1000).venue._latency for _ in range(2)
    )
    context = Trading().venue.context(Trading().sequencer)
    waits = [first.drawn_ns(context, str(number)) for number in range(4_000)]
    assert waits == [again.drawn_ns(context, str(number)) for number in range(4_000)]
    assert sum(wait > 200 * MS for wait in waits) == pytest.approx(2_000, abs=100)
    assert 20 <= sum(wait > 1000 * MS for wait in waits) <= 60
    assert min(waits) > 0


def test_a_group_has_one_latency() -> None:
    """Its orders are judged at one moment."""
    trading = Trading(matcher="book", latency_ms=200, latency_p99_ms=1000)
    trading.ask(leg("A", BUY, 1), leg("B", BUY, 1))
    trading.ask(leg("A", BUY, 1), leg("B", BUY, 1))
    waits = [one.eligible_at for one in trading.venue.state.orders.values()]
    assert waits[0] == waits[1] != waits[2] == waits[3]


@pytest.mark.parametrize(
    ("figures", "fault"),
    [
        ({"latency_p99_ms": 100}, "latency_p99_ms 100 is no 99th percentile around latency_ms 0"),
        ({"latency_ms": 200, "latency_p99_ms": 100}, "is no 99th percentile around latency_ms 200"),
        ({"latency_ms": 1, "latency_p99_ms": 2, "latency_jitter_ms": 1}, "give one of them"),
    ],
)
def test_a_latency_that_is_no_distribution_is_refused(figures: dict[str, int], fault: str) -> None:
    """The error says what would do."""
    with pytest.raises(ValueError, match=fault):
        PaperVenueSettings(**figures)


def test_a_closed_market_ends_its_orders_and_takes_no_more() -> None:
    """Also those that only reduce: nobody is there to trade with. Its outcome still pays."""
    one = market()
    trading = Trading(matcher="book", listed=())
    for event in [*opening(one), *opening(market("other"))]:
        trading.admit(event)
    trading.ask(leg(one.yes, BUY, 1_000, 40, GTC))
    made = trading.admit(MarketClosed(one.id, trading.now, "ended"))
    assert verdict(made) == ("CANCELLED", "market_closed", 0.0)
    for order in (leg(one.yes, BUY, 1_000, 40), leg(one.no, SELL, 1_000)):
        made = trading.ask(order, reduce_only=order.side is SELL)
        assert verdict(made) == ("REJECTED", "market_closed", 0.0)
    assert verdict(trading.ask(leg("polymarket:other:YES", BUY, 1_000, 40))) == ("CANCELLED", "no_price", 0.0)
    trading.admit(MarketResolved(one.id, trading.now, 0))
    assert verdict(trading.ask(leg(one.yes, BUY, 1_000, 40))) == ("REJECTED", "market_settled", 0.0)


def test_another_tick_ends_the_orders_whose_limit_counts_the_old_one() -> None:
    """With their groups, also on their way; one without a limit stays, and the book is void until the next."""
    one = market()
    trading = Trading(matcher="book", listed=(), latency_ms=100)
    for event in opening(one):
        trading.admit(event)
    trading.book(one.yes, {40: 1_000}, {42: 1_000})
    trading.ask(leg(one.yes, BUY, 500, 41, GTC), leg(one.no, BUY, 500, 41, GTC))
    trading.ask(leg(one.yes, BUY, 500))
    assert not trading.verdicts()
    made = trading.admit(InstrumentChanged(token(one, "YES", rate="0.05")))
    assert made == []
    made = trading.admit(InstrumentChanged(token(one, "YES", tick="0.001")))
    assert verdict(made) == ("CANCELLED", "tick_changed", 0.0)
    assert ends(made) == [("CANCELLED", "tick_changed")] * 2
    made = trading.advance(trading.now + 100 * MS)
    assert verdict(made) == ("CANCELLED", "no_price", 0.0)


def test_an_instrument_that_is_gone_takes_its_orders_along() -> None:
    """Whoever delists it while an order is out loses the order, not the books."""
    one = market()
    trading = Trading(matcher="book", listed=())
    for event in opening(one):
        trading.admit(event)
    trading.ask(leg(one.yes, BUY, 500, 41, GTC))
    made = trading.admit(InstrumentDelisted(one.yes))
    assert ends(made) == [("CANCELLED", "unknown_instrument")]
    trading.book(one.yes, {40: 1_000}, {41: 1_000})
    assert verdict(trading.ask(leg(one.yes, BUY, 500, 41))) == ("REJECTED", "unknown_instrument", 0.0)


def test_reduce_only_trades_at_most_the_position() -> None:
    """Two exits of one position in one turn don't turn it round; the third finds nothing."""
    trading = Trading(fills="taker_close")
    trading.bar("A", 1.0)
    trading.ask(leg("A", BUY, 10))
    made = trading.ask(leg("A", SELL, 7), leg("A", SELL, 7), policy=Policy.HOLD, reduce_only=True)
    assert [one[2] for one in fills(made)] == [7, 3]
    assert ends(made) == [("FILLED", "filled"), ("CANCELLED", "nothing_to_reduce")]
    assert verdict(made) == ("FILLED", "partly_filled", 10 / 14)
    assert trading.lots("A") == 0
    assert verdict(trading.ask(leg("A", SELL, 7), reduce_only=True)) == (
        "CANCELLED",
        "nothing_to_reduce",
        0.0,
    )
    assert trading.venue.state.unbooked == {}


def test_a_reduce_only_buy_closes_a_short() -> None:
    """And never buys more than was sold."""
    trading = Trading(fills="taker_close")
    trading.bar("A", 1.0)
    trading.ask(leg("A", SELL, 10))
    trading.ask(leg("A", BUY, 15), reduce_only=True)
    assert trading.lots("A") == 0


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (leg("X", BUY, 1), "unknown_instrument"),
        (leg("M", BUY, 4), "lots_out_of_range"),
        (leg("M", BUY, 1001), "lots_out_of_range"),
        (leg("M", BUY, 5, 0), "price_out_of_range"),
        (leg("M", BUY, 5, 100_001), "price_out_of_range"),
        (leg("M", BUY, 9, 100), "notional_below_min"),
        (leg("M", BUY, 9), "notional_below_min"),
    ],
)
def test_what_no_venue_would_take_is_rejected(order: Leg, reason: str) -> None:
    """P2: with a reason, and nothing is left behind."""
    trading = Trading()
    small = instrument("M", lots_min=5, lots_max=1000, notional_min=Decimal(10))
    trading.admit(InstrumentListed(small))
    trading.bar("M", 1.0)
    assert verdict(trading.ask(order)) == ("REJECTED", reason, 0.0)
    assert not trading.venue.state.orders
    assert not trading.orders.state.works


def test_what_only_reduces_may_be_small() -> None:
    """Else what is left of a position could never be closed."""
    trading = Trading(fills="taker_close")
    small = instrument("M", lots_min=5, notional_min=Decimal(10))
    trading.admit(InstrumentListed(small))
    trading.bar("M", 2.0)
    trading.ask(leg("M", BUY, 6))
    trading.ask(leg("M", SELL, 5), reduce_only=True)
    assert verdict(trading.ask(leg("M", SELL, 1), reduce_only=True))[0] == "FILLED"


def test_a_group_with_a_rejected_leg_ends_whole() -> None:
    """The others were accepted, and end as group_incomplete."""
    trading = Trading()
    made = trading.ask(leg("A", BUY, 10), leg("X", BUY, 10), leg("B", BUY, 10))
    assert verdict(made) == ("REJECTED", "group_incomplete", 0.0)
    assert not trading.venue.state.orders
    assert not trading.venue.state.groups


def test_a_restart_ends_every_paper_order() -> None:
    """CANCELLED restart, on orders and verdicts; nothing of them is left."""
    trading = Trading()
    trading.ask(leg("A", BUY, 10))
    trading.ask(leg("A", BUY, 10, 50, GTC), expires_at=trading.now + MINUTE)
    trading.ask(leg("A", BUY, 10), leg("B", BUY, 10))
    made = trading.admit(Resumed(HOUR), trading.now + HOUR)
    assert ends(made) == [("CANCELLED", "restart")] * 4
    assert [(one.outcome, one.reason) for one in trading.verdicts()] == [("CANCELLED", "restart")] * 3
    assert not trading.orders.state.works
    assert not trading.venue.state.working
    assert not fills(trading.bar("A", 1.0))


def test_the_sessions_end_ends_every_order_and_takes_no_more() -> None:
    """Each candidate has its verdict when a run is finished, an unwinding one too (P2)."""
    trading = Trading()
    trading.ask(leg("A", BUY, 10))
    trading.ask(leg("A", BUY, 10), leg("B", BUY, 10), policy=Policy.UNWIND)
    made = trading.admit(SessionEnded(), trading.now)
    assert ends(made) == [("CANCELLED", "session_ended")] * 3
    assert [(one.outcome, one.reason) for one in trading.verdicts()] == [("CANCELLED", "session_ended")] * 2
    assert not trading.orders.state.works
    trading.ask(leg("A", BUY, 10))
    assert trading.verdicts()[-1].reason == "session_ended"


def test_a_settled_market_ends_its_orders() -> None:
    """And is forgotten."""
    trading = Trading()
    trading.bar("A", 1.0)
    trading.ask(leg("A", BUY, 10, 50, GTC))
    made = trading.admit(Settled("A", 10**8, trading.now))
    assert verdict(made) == ("CANCELLED", "market_settled", 0.0)
    assert not trading.venue.state.last  # type: ignore[attr-defined]


def test_a_snapshot_holds_the_venue_whole() -> None:
    """A venue brought back from bytes goes on as the one that wrote them."""
    trading = Trading(participation=0.5)
    trading.ask(leg("A", BUY, 30, None, GTC))
    trading.ask(leg("A", BUY, 10, 90, GTC), leg("B", BUY, 10, 190, GTC))
    trading.bar("A", 1.0, volume=40.0)
    for agent in (trading.venue, trading.orders):
        agent.state = reborn(agent.state)
    made = trading.bar("A", 1.0, volume=40.0)
    assert verdict(made) == ("FILLED", "filled", 1.0)
    assert len(trading.venue.state.groups) == 1
